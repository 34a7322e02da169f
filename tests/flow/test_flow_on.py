"""A flow that goes on: of a ledger that has grown, it is the flow found anew under the same calibration."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.flow import flow_on as flow_on_module
from mulegraph.flow.chains import find_chains
from mulegraph.flow.flow_on import Calibration, Changes, flow_on, without_chance
from mulegraph.flow.layering import Flow, find_flow
from mulegraph.flow.matching import match, match_on, strong
from mulegraph.flow.order_in_day import in_order
from mulegraph.flow.places import Places
from mulegraph.flow.surprise import link_scores, traffic, traffic_of
from mulegraph.flow.transfers import MICROSECONDS, Transfers
from mulegraph.settings import FlowSettings
from tests.thorough import examples

ACCOUNTS = 7
MINUTE = 60 * MICROSECONDS
SETTINGS = FlowSettings(window_hours=1.0, chance_transfers=1)
END = st.integers(-1, ACCOUNTS - 1)
ROW = st.tuples(st.integers(0, 400), END, END, st.integers(1, 40))
"""Minute, payer, payee and amount."""


def moved(rows: list[tuple[int, int, int, int]]) -> Transfers:
    """The transfers of a ledger, on a clock that shows minutes."""
    ordered = sorted(row for row in rows if row[1] >= 0 or row[2] >= 0)
    at, source, target, amount = (np.array(column, np.int64) for column in zip(*ordered, strict=True))
    # A second past a minute keeps the clock at seconds, so that its step is that of every part of the ledger.
    at = at * MINUTE + MICROSECONDS
    return in_order(source.astype(np.int32), target.astype(np.int32), amount, at, accounts=ACCOUNTS)


def anew(transfers: Transfers, known: Flow, chance: Calibration) -> Flow:
    """Slow and clear: everything from the whole ledger, and what chance makes as it was known."""
    links = match(transfers, known.window)
    firm = strong(transfers, links, known.share_percent)
    accounts = traffic(transfers, known.window)
    # As the formula of each account reads: the windows and the day are those that were known.
    again = traffic_of(np.arange(transfers.accounts), transfers, known.window, known.traffic)
    accounts = replace(accounts, meeting=again.meeting, windows=known.traffic.windows, day=known.traffic.day)
    scores = link_scores(accounts.rate, chance.fit)
    chains = find_chains(transfers, firm, scores)
    whole = {"links": links, "strong": firm, "traffic": accounts, "account_score": scores, "chains": chains}
    return replace(known, transfers=transfers, **whole, false_share=chance.shares(chains.score))


def changes_between(before: Transfers, after: Transfers) -> Changes:
    """The first minute in which they differ, and everybody who moves money from there on, before or after."""
    size = min(len(before), len(after))
    columns = ("source", "target", "amount", "at")
    same = np.all([getattr(before, name)[:size] == getattr(after, name)[:size] for name in columns], axis=0)
    place = size if same.all() else int(np.argmin(same))
    times = [each.at[place] for each in (before, after) if place < len(each)]
    first = int(np.searchsorted(after.at, min(times))) if times else len(after)
    touched = np.zeros(ACCOUNTS, np.bool_)
    for each in (before, after):
        begin = int(np.searchsorted(each.at, min(times))) if times else len(each)
        for ends in (each.source[begin:], each.target[begin:]):
            touched[ends[ends >= 0]] = True
    return Changes(first, touched)


def assert_same(ours: Flow, theirs: Flow) -> None:
    for part in ("links", "strong", "chains", "traffic"):
        mine, other = vars(getattr(ours, part)), vars(getattr(theirs, part))
        for name, values in mine.items():
            assert np.array_equal(values, other[name]), (part, name)
    assert np.array_equal(ours.account_score, theirs.account_score)
    assert np.array_equal(ours.false_share, theirs.false_share)
    assert np.array_equal(ours.networks(0.0), theirs.networks(0.0))


@given(rows=st.lists(ROW, min_size=3, max_size=60), cuts=st.lists(st.integers(1, 60), max_size=3), late=st.booleans())
@examples(300)
def test_batch_after_batch_it_is_the_flow_found_anew(rows, cuts, late):
    """Rows come in any batches, in order of time or not: links, strong links, chains and traffic are all the same."""
    ordered = rows if late else sorted(rows)
    ordered = [(0, 0, 1, 5), *ordered]
    ends = sorted({min(cut + 1, len(ordered)) for cut in cuts} | {len(ordered)})
    known = without_chance(find_flow(moved(ordered[: ends[0]]), SETTINGS))
    chance = Calibration.of(known)
    places = Places.of(known.transfers)

    for end in ends[1:]:
        transfers = moved(ordered[:end])
        expected = anew(transfers, known, chance)
        changes = changes_between(known.transfers, transfers)
        places = places.before(changes.first)
        known = flow_on(known, chance, transfers, changes, places)
        assert_same(known, expected)


def test_a_chain_is_as_sure_as_the_known_one_that_is_no_surer():
    """Between two known scores the weaker one's share counts; below all of them nothing is sure."""
    chance = Calibration(np.array([90, 50]), np.array([0.1, 0.4]), 0.0, 0.1, None)

    assert chance.shares(np.array([99, 90, 60, 50, 10])).tolist() == [0.1, 0.1, 0.4, 0.4, 1.0]


@pytest.mark.parametrize("seed", range(60))
def test_strong_links_go_on_as_if_they_were_found_anew(seed):
    """Few amounts, so that many links are strong, and rows that come late as well as in order."""
    rng = random.Random(seed)  # noqa: S311
    span = rng.choice([60, 400, 1_500])
    rows = []
    for _ in range(rng.choice([20, 60, 150])):
        payer, payee = rng.randrange(-1, ACCOUNTS), rng.randrange(-1, ACCOUNTS)
        if payer != payee:
            rows.append((rng.randrange(span), payer, payee, rng.choice([5, 5, 5, 10, 10, 20, rng.randrange(1, 40)])))
    if rng.random() < 0.5:
        rows.sort()
    rows = [(0, 0, 1, 5), *rows]
    before, after = moved(rows[: rng.randrange(2, len(rows))]), moved(rows)
    known = without_chance(find_flow(before, SETTINGS))
    first = changes_between(before, after).first
    found = flow_on_module._strong_on(known, match_on(after, known.window, known.links, first), after, first)
    expected = strong(after, match(after, known.window), known.share_percent)
    for name in ("receipt", "payment", "amount"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist()
