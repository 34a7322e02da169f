"""Matching in parts, as Spark's workers do it, without Spark: rows of accounts in any groups give the same links."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.errors import EngineError
from mulegraph.flow.matching import Links, match_each
from mulegraph.flow.matching_on_spark import (
    ROWS,
    hubs_of,
    links_of,
    links_of_hubs,
    matched,
    rows_of,
    whole_accounts,
)
from mulegraph.flow.transfers import NOT_EXCHANGED, Transfers
from mulegraph.ledger.spark import with_the_same_code
from tests.flow.test_matching import HOUR, MINUTE, ordered, rows
from tests.thorough import examples


def in_parts(several: list[Transfers], window: int, parts: int, batch: int, hub_rows: int = 100) -> list[Links]:
    """What Spark does: rows of an account go to one part, each part is sorted and cut into batches; hubs stay here."""
    accounts = max(each.accounts for each in several)
    hubs = [hubs_of(each, hub_rows) for each in several]
    whole = pa.concat_tables([ROWS.empty_table(), *rows_of(several, hubs)])
    part = whole["account"].to_numpy() * 7 % parts
    found = [links_of_hubs(several, hubs, window)]
    for number in range(parts):
        mine = whole.filter(pa.array(part == number)).sort_by([("account", "ascending"), ("position", "ascending")])
        batches = iter(mine.to_batches(max_chunksize=batch))
        found += [pa.Table.from_batches([each]) for each in matched(batches, accounts=accounts, window=window)]
    return links_of(found[::-1], len(several))


def same(one: list[Links], other: list[Links]) -> bool:
    columns = ("receipt", "payment", "amount")
    pairs = zip(one, other, strict=True)
    return all((getattr(a, name) == getattr(b, name)).all() and len(a) == len(b) for a, b in pairs for name in columns)


@examples(160)
@given(rows, rows, st.sampled_from([1, 10, 60]), st.integers(1, 4), st.integers(1, 7), st.sampled_from([0, 8, 100]))
def test_links_in_parts_are_those_of_one_pass(drawn, dealt, window_minutes, parts, batch, hub_rows):
    """Link by link, of a ledger and a shuffled one at once, however accounts and batches are cut; hubs, none or all."""
    several = [ordered(*sorted(each, key=lambda row: row[3])) for each in (drawn, dealt)]
    window = window_minutes * MINUTE

    assert same(in_parts(several, window, parts, batch, hub_rows), match_each(several, window))


def test_a_receipt_that_was_exchanged_is_worth_what_came():
    """100 in one currency came as 90 of another: no more than 90 go on."""
    paid = ordered((0, 1, 100, 1), (1, 2, 95, 2))
    exchanged = replace(paid, arrived=np.array([90, NOT_EXCHANGED]))

    (links,) = in_parts([exchanged], HOUR, 2, 3)

    assert links.amount.tolist() == [90]
    assert same([links], match_each([exchanged], HOUR))


@examples(100)
@given(st.lists(st.integers(1, 5), max_size=8), st.integers(1, 4), st.integers(1, 6))
def test_blocks_hold_whole_accounts(sizes, batch, block):
    """No account stands in two blocks, no row is lost, and a block ends as soon as it is full and its account is."""
    keys = np.repeat(np.arange(len(sizes)), sizes)
    table = pa.table({"account": pa.array(keys, pa.int64())})

    blocks = [each["account"].to_pylist() for each in whole_accounts(iter(table.to_batches(batch)), block)]

    assert [key for each in blocks for key in each] == keys.tolist()
    assert len({key for each in blocks for key in set(each)}) == sum(len(set(each)) for each in blocks)
    assert all(len(each) >= block for each in blocks[:-1])
    # By batches: one that is full waits for no more than the end of its last account.
    assert all(len(each) - each.count(each[-1]) < block + batch for each in blocks)


def test_a_worker_with_other_code_does_nothing():
    """Its kernel might give other links, and nobody would see it."""
    with pytest.raises(EngineError, match="another version of mulegraph"):
        list(with_the_same_code(iter([]), work=iter, code="another"))
