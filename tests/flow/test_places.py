"""Places: an account's transfers are found among all, also in a ledger that has grown, or under other numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.flow import places as places_module
from mulegraph.flow import transfers as transfers_module
from mulegraph.flow.by_account import OfAccounts, TransfersByAccount
from mulegraph.flow.order_in_day import in_order
from mulegraph.flow.passed_on import ranks_of
from mulegraph.flow.places import Places
from mulegraph.flow.transfers import HOUR, Transfers
from tests.thorough import examples

ACCOUNTS = 6
END = st.integers(-1, ACCOUNTS - 1)
ROWS = st.lists(st.tuples(st.integers(0, 9), END, END, st.integers(1, 9)), min_size=1, max_size=40)


def ledger(rows: list[tuple[int, int, int, int]]) -> Transfers:
    at, source, target, amount = (np.array(column, np.int64) for column in zip(*sorted(rows), strict=True))
    ends = source.astype(np.int32), target.astype(np.int32)
    return in_order(*ends, amount, at * HOUR + HOUR // 2, accounts=ACCOUNTS)


def slowly(transfers: Transfers, chosen: np.ndarray) -> list[int]:
    """Every transfer that a chosen account pays or is paid in."""
    numbers = set(np.flatnonzero(chosen).tolist())
    ends = zip(transfers.source.tolist(), transfers.target.tolist(), strict=True)
    return [place for place, both in enumerate(ends) if numbers & set(both)]


@given(rows=ROWS, later=ROWS, names=st.sets(st.integers(0, ACCOUNTS - 1)), few=st.sampled_from((0, 4)))
@examples(200)
def test_places_are_those_that_a_search_through_all_finds(rows, later, names, few):
    """Of a ledger, and of it with other transfers at its end; whether they are looked up or all are gone through."""
    places_module.FEW = few
    try:
        before = ledger(rows)
        chosen = np.isin(np.arange(ACCOUNTS), list(names))
        places = Places.of(before)
        assert places.in_order(before, chosen).tolist() == slowly(before, chosen)
        after = ledger([*rows, *((hour + 10, *rest) for hour, *rest in later)])
        same = len(rows) - 1
        assert places.before(same).in_order(after, chosen).tolist() == slowly(after, chosen)
    finally:
        places_module.FEW = 4


@given(rows=ROWS, names=st.sets(st.integers(0, ACCOUNTS - 1)))
@examples(50)
def test_accounts_with_other_numbers_keep_their_places(rows, names):
    """Each account has the number two higher, and twice as many others stand behind."""
    before, numbers = ledger(rows), np.arange(ACCOUNTS) + 2
    moved = {name: np.append(numbers, -1)[getattr(before, name)].astype(np.int32) for name in ("source", "target")}
    after = replace(before, **moved, accounts=2 * ACCOUNTS + 2)
    chosen = np.isin(np.arange(after.accounts), [2 + each for each in names])
    places = Places.of(before).renumbered(numbers, after.accounts)
    assert places.in_order(after, chosen).tolist() == slowly(after, chosen)


@given(rows=ROWS, names=st.sets(st.integers(0, ACCOUNTS - 1)))
@examples(100)
def test_the_sides_of_some_accounts_are_theirs_in_the_whole(rows, names):
    """Entries of the chosen accounts are those of all accounts' sides; nobody else has any."""
    transfers = ledger(rows)
    chosen = np.isin(np.arange(ACCOUNTS), list(names))
    every = TransfersByAccount(transfers)
    some = OfAccounts(transfers, chosen, Places.of(transfers).in_order(transfers, chosen))
    for name in ("payments", "receipts"):
        mine, whole = getattr(some, name), getattr(every, name)
        for account in range(ACCOUNTS):
            theirs = slice(whole.start[account], whole.start[account + 1]) if chosen[account] else slice(0)
            for column in ("position", "party", "amount", "at"):
                found = getattr(mine, column)[mine.start[account] : mine.start[account + 1]]
                assert found.tolist() == getattr(whole, column)[theirs].tolist()


@given(rows=ROWS, few=st.sampled_from((0, 16)), near=st.sampled_from((1, 1_000)), data=st.data())
@examples(200)
def test_a_row_of_the_ledger_is_found_at_its_position(rows, few, near, data):
    """Where a tick holds many, and where its row is not near, too."""
    transfers = ledger(rows)
    wanted = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=5)), np.int64)
    known = transfers_module.FEW, transfers_module.NEAR
    transfers_module.FEW, transfers_module.NEAR = few, near
    try:
        assert transfers.row[transfers.position_of(wanted)].tolist() == wanted.tolist()
    finally:
        transfers_module.FEW, transfers_module.NEAR = known


@given(rows=ROWS)
@examples(100)
def test_ranks_are_counts(rows):
    """Of each transfer: how many are of less, of at most as much, earlier, and no later."""
    transfers = ledger(rows)
    ranks = ranks_of(TransfersByAccount(transfers))
    ticks = (transfers.at // transfers.tick).tolist()
    for place, (amount, tick) in enumerate(zip(transfers.amount.tolist(), ticks, strict=True)):
        expected = (
            sum(each < amount for each in transfers.amount.tolist()),
            sum(each <= amount for each in transfers.amount.tolist()),
            sum(each < tick for each in ticks),
            sum(each <= tick for each in ticks),
        )
        assert ranks.transfer[place].tolist() == expected
