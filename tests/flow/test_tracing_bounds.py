"""What is still there lies between two bounds, whatever the openings and the order inside a day that nobody knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.flow.balances import find_pools
from mulegraph.flow.dated_payments import TIMED, in_day_order, unsure_accounts
from mulegraph.flow.order_in_day import settled
from mulegraph.flow.tracing import CONSERVED, Limits, Terms, bounds, trace
from mulegraph.flow.transfers import DAY, HOUR
from mulegraph.ledger.clock import Clock
from tests.flow.test_tracing import balances_of, least_openings, limits_of, returns_of, transfers_of
from tests.thorough import examples

ACCOUNTS = 6
CLOCK = Clock.of("UTC", datetime(1970, 1, 1), datetime(1970, 2, 1))
NO_DAYS = np.zeros(0, np.int64)


def some_exchanges(random, rows):
    """What comes of payments between the first three accounts and the others, whose currency is another one."""
    between = [place for place, (source, target, _) in enumerate(rows) if min(source, target) >= 0]
    crossing = [place for place in between if (rows[place][0] < 3) != (rows[place][1] < 3)]
    return {place: int(random.integers(1, 12)) for place in crossing}


def some_rows(random, exchanged=False):
    """A small ledger, what comes of exchanged payments, and the accounts' openings: at least what it proves."""
    rows = []
    while not any(source != target for source, target, _ in rows) or len(rows) < random.integers(2, 14):
        source, target = (int(each) for each in random.integers(-1, ACCOUNTS, 2))
        if max(source, target) >= 0:
            rows.append((source, target, int(random.integers(1, 12))))
    arrived = some_exchanges(random, rows) if exchanged else {}
    proved, _ = least_openings(rows, ACCOUNTS, arrived=arrived)
    return rows, arrived, [low + int(random.integers(0, 16)) for low in proved]


def some_returns(random, rows, chosen):
    """Payments that give earlier ones between the same two back."""
    found = {}
    for now, (source, target, _) in enumerate(rows):
        back = [each for each in range(now) if rows[each][:2] == (target, source) and source != target]
        if back and now not in chosen and random.random() < 0.7:
            found[now] = int(random.choice(back))
    return found


def some_accounts(random, share):
    return set(np.flatnonzero(random.random(ACCOUNTS) < share).tolist())


def terms_of(moved, first, openings, known, returns, limits):
    """Terms of a trace to which the openings of these accounts are known."""
    balances = balances_of([(0, account, openings[account]) for account in sorted(known)])
    return Terms(find_pools(moved, first, balances=balances), returns_of(returns), limits)


def bounds_of(moved, chosen, seen, terms):
    found = trace(moved, chosen, seen, terms)
    return bounds(moved, chosen, seen, found, terms, day=NO_DAYS, unsure=np.zeros(ACCOUNTS, bool))


def left_of(moved, chosen, seen, terms):
    """What is there by account and conserving method."""
    found = trace(moved, chosen, seen, terms)
    left = np.zeros((ACCOUNTS, len(CONSERVED)), np.int64)
    left[found.account] = found.left[:, CONSERVED]
    return left


@examples(150)
@given(seed=st.integers(0, 2**62))
def test_the_truth_lies_between_the_bounds_and_a_balance_only_narrows_them(seed):
    """Under FIFO, haircut and LIBR: thousands of small ledgers whose balances are known and then hidden."""
    random = np.random.default_rng(seed)
    for _ in range(20):
        rows, arrived, openings = some_rows(random, random.random() < 0.5)
        moves = [place for place, row in enumerate(rows) if row[0] != row[1]]
        chosen = np.unique(random.choice(moves, random.integers(1, 4)))
        returns, seen = some_returns(random, rows, chosen), random.random(ACCOUNTS) < 0.8
        stop = set(random.integers(0, len(rows), 2).tolist()) if random.random() < 0.3 else set()
        limits = limits_of(rows, stop, 10**9, int(random.choice([0, 0, 2, 4])))
        told = some_accounts(random, 0.4)
        more = told | some_accounts(random, 0.2)
        moved = transfers_of(rows, ACCOUNTS, arrived)

        def terms(known, moved=moved, of=(int(chosen[0]), openings), returns=returns, limits=limits):
            return terms_of(moved, *of, known, returns, limits)

        truth = left_of(moved, chosen, seen, terms(range(ACCOUNTS)))
        wide = bounds_of(moved, chosen, seen, terms(told))
        narrow = bounds_of(moved, chosen, seen, terms(more))

        assert (wide.lowest <= truth.min(axis=1)).all() and (truth.max(axis=1) <= wide.highest).all()
        assert (wide.lowest <= narrow.lowest).all() and (narrow.highest <= wide.highest).all()


@examples(100)
@given(seed=st.integers(0, 2**62))
def test_the_truth_lies_between_the_bounds_whatever_the_order_in_a_day(seed):
    """Payments of which only the day is known may have been made at any time of it."""
    random = np.random.default_rng(seed)
    for _ in range(20):
        rows, arrived, openings = some_rows(random, random.random() < 0.5)
        days = np.sort(random.integers(0, 3, len(rows)))
        dated = random.random(len(rows)) < random.choice([0.2, 0.5, 1.0])
        chosen = int(random.choice([place for place, row in enumerate(rows) if row[0] != row[1]]))
        seen, told = np.ones(ACCOUNTS, bool), some_accounts(random, 0.4)
        # The truth is the order of the rows; the ledger has those of which only the day is known at its midnight.
        at = days * DAY + np.where(dated, 0, (1 + np.arange(len(rows))) * HOUR)
        true = transfers_of(rows, ACCOUNTS, arrived)
        everything = terms_of(true, chosen, openings, range(ACCOUNTS), {}, Limits())
        truth = left_of(true, np.array([chosen]), seen, everything)

        stored = np.argsort(at, kind="stable")
        columns = true.source[stored], true.target[stored], true.amount[stored], at[stored]
        moved = settled(*columns, accounts=ACCOUNTS, tick=1)
        moved = replace(moved, row=stored[moved.row])
        came = None if true.arrived is None else true.arrived[moved.row]
        order = in_day_order(replace(moved, arrived=came), dated, CLOCK)
        place = np.flatnonzero(order.transfers.row == chosen)
        terms = terms_of(order.transfers, int(place[0]), openings, told, {}, Limits())
        found = trace(order.transfers, place, seen, terms)
        reached = np.zeros(ACCOUNTS, bool)
        reached[found.account] = True
        unsure = unsure_accounts(order, int(place[0]), reached)
        between = bounds(order.transfers, place, seen, found, terms, day=order.day, unsure=unsure)

        assert (between.lowest <= truth.min(axis=1)).all() and (truth.max(axis=1) <= between.highest).all()


def test_what_has_a_clock_keeps_its_order_and_dated_payments_come_after_receipts():
    """A payment of 14:00 may have gone on by one of the same date; one of 10:00 may be made of a dated receipt."""
    at = np.array([0, 0, 10 * HOUR, 14 * HOUR])
    source, target = np.array([1, 5, 3, 0], np.int32), np.array([2, 3, 4, 1], np.int32)
    moved = settled(source, target, np.full(4, 7), at, accounts=ACCOUNTS, tick=1)

    order = in_day_order(moved, np.array([True, True, False, False]), CLOCK)

    assert order.transfers.row.tolist() == [1, 2, 3, 0]
    assert order.day.tolist() == [0, 0, 0, 0]
    assert (np.diff(order.transfers.at) >= 0).all()


def test_a_ledger_of_days_only_and_one_of_clocks_keep_their_order():
    """There is nothing to put anywhere."""
    at = np.array([0, DAY, 2 * DAY])
    moved = settled(
        np.arange(3, dtype=np.int32), np.arange(1, 4, dtype=np.int32), np.full(3, 7), at, accounts=4, tick=DAY
    )
    assert in_day_order(moved, np.ones(3, bool), CLOCK).transfers.row.tolist() == [0, 1, 2]
    assert in_day_order(moved, None, CLOCK).transfers is moved
    mixed = in_day_order(moved, np.array([True, False, False]), CLOCK)
    assert mixed.day.tolist() == [0, TIMED, TIMED]
