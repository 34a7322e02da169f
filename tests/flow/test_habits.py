"""What accounts do by day, how they wake, and what they pass on, held to plain definitions on small random ledgers."""

from __future__ import annotations

import math
from collections import defaultdict
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.habits import (
    MAD_TO_SIGMA,
    MIN_DAYS_BEFORE,
    MIN_SPREAD,
    Moved,
    WakingBounds,
    habits,
    rounded,
    wakings,
)
from mulegraph.flow.matching import Links
from mulegraph.flow.order_in_day import in_order
from mulegraph.flow.passing_on import find_passed_on
from mulegraph.flow.transfers import DAY, HOUR, Transfers
from tests.thorough import examples

ACCOUNTS = 4
UNIT = 10
"""Thousandths of a euro in a cent."""
quick = examples(300)


@st.composite
def ledgers(draw: st.DrawFn) -> Transfers:
    """Up to fifty transfers between four accounts and cash in some sixty days."""
    row = st.tuples(
        st.integers(-1, ACCOUNTS - 1), st.integers(-1, ACCOUNTS - 1), st.integers(1, 9_999), st.integers(0, 1_500)
    )
    rows = sorted(draw(st.lists(row, min_size=1, max_size=50)), key=lambda each: each[3])
    source, target, amount, hour = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return in_order(source.astype(np.int32), target.astype(np.int32), amount, hour * HOUR + 1, accounts=ACCOUNTS)


def moved_of(ledger: Transfers, arranged: np.ndarray) -> Moved:
    sides = TransfersByAccount(ledger)
    return Moved(sides.payments, sides.receipts, np.array([UNIT]), arranged, np.zeros(len(ledger), bool))


def ends_of(ledger: Transfers, account: int) -> list[tuple[int, bool, int]]:
    """Position, whether it is a receipt, and the other end, of an account's transfers."""
    found = []
    for place, (source, target) in enumerate(zip(ledger.source.tolist(), ledger.target.tolist(), strict=True)):
        if account in (source, target) and source != target:
            found.append((place, target == account, source if target == account else target))
    return found


@quick
@given(ledger=ledgers(), data=st.data(), max_partners=st.integers(0, 3))
def test_habits_are_those_of_the_days_one_by_one(ledger, data, max_partners):
    """Best month, largest day against those before it, counterparties in a day, and payments by night."""
    arranged = np.array(data.draw(st.lists(st.booleans(), min_size=len(ledger), max_size=len(ledger))))
    chosen = np.arange(ACCOUNTS) != 3
    since = int(ledger.at[0])
    found = habits(moved_of(ledger, arranged), chosen, since=since, max_partners=max_partners)
    for account in range(ACCOUNTS):
        ends = ends_of(ledger, account) if chosen[account] else []
        assert found.is_active[account] == bool(ends)
        if not ends:
            continue
        days, months = defaultdict(list), defaultdict(int)
        for place, is_receipt, other in ends:
            day = int(ledger.at[place]) // DAY
            days[day].append((place, other))
            if is_receipt and not arranged[place]:
                months[(day - since // DAY) // 30] += int(ledger.amount[place])
        assert found.best_month[account] == pytest.approx(max(months.values(), default=0) / 100)
        logs = [math.log(sum(int(ledger.amount[p]) for p, _ in days[day]) / 100 + 1) for day in sorted(days)]
        assert found.history_mads[account] == pytest.approx(deviations(logs), nan_ok=True)
        busy = [{o for _, o in each if o >= 0} for each in days.values() if len(each) > max_partners]
        assert found.partners[account] == (max((len(each) for each in busy), default=0) or -1)
        paid = [int(ledger.at[place]) // HOUR % 24 for place, is_receipt, _ in ends if not is_receipt]
        assert (found.payments[account], found.night_payments[account]) == (len(paid), sum(h < 5 for h in paid))


def deviations(logs: list[float]) -> float:
    """How far the last of the largest days is above the median of the days before it."""
    top = max(place for place, each in enumerate(logs) if each == max(logs))
    before = logs[:top]
    if len(before) < MIN_DAYS_BEFORE:
        return math.nan
    spread = median(abs(each - median(before)) for each in before)
    return (logs[top] - median(before)) / max(MAD_TO_SIGMA * spread, MIN_SPREAD)


@quick
@given(ledger=ledgers(), sleep=st.integers(1, 20), within=st.integers(1, 400))
def test_an_account_wakes_where_it_had_done_nothing_for_so_long(ledger, sleep, within):
    """Each transfer after so long a sleep is tried; the fullest waking stays, the first of equal ones."""
    bounds = WakingBounds(sleep * DAY, within * HOUR, 2, 1, 50.0, 110.0)
    found = wakings(moved_of(ledger, np.zeros(len(ledger), bool)), np.zeros(ACCOUNTS, np.int64), bounds)
    expected = {}
    for account in range(ACCOUNTS):
        ends, before = ends_of(ledger, account), 0
        for place, _, _ in ends:
            woke = int(ledger.at[place])
            slept, before = woke - before, woke
            inside = [each for each in ends if woke <= ledger.at[each[0]] <= woke + bounds.within]
            into = [each for each in inside if each[1]]
            money = [UNIT * sum(int(ledger.amount[p]) for p, is_in, _ in inside if is_in == side) for side in (1, 0)]
            senders = {other for *_, other in into if other >= 0}
            if slept < bounds.min_sleep or len(inside) < 2 or not senders or 0 in money:
                continue
            passed = math.floor(100 * money[1] / money[0] + 0.5)
            if 50 <= passed <= 110 and len(inside) > expected.get(account, (0, 0, 0))[2]:
                expected[account] = (slept, woke, len(inside), len(senders), *money)
    columns = found.slept, found.woke, found.transfers, found.senders, found.received, found.paid
    rows = zip(*(column.tolist() for column in columns), strict=True)
    assert dict(zip(found.account.tolist(), rows, strict=True)) == expected


@quick
@given(ledger=ledgers(), data=st.data(), within=st.integers(1, 200), min_senders=st.integers(1, 3))
def test_money_of_most_senders_at_once_is_found(ledger, data, within, min_senders):
    """Any links: each window that begins with a receipt is tried, and the first of the fullest stays."""
    pairs = [
        (one, two)
        for one in range(len(ledger))
        for two in range(one + 1, len(ledger))
        if ledger.target[one] == ledger.source[two] >= 0 and ledger.source[one] != ledger.target[one]
    ]
    chosen = sorted(data.draw(st.sets(st.sampled_from(pairs), max_size=20)), key=lambda p: p[::-1]) if pairs else []
    receipt, payment = (np.array([pair[end] for pair in chosen], np.int32) for end in (0, 1))
    amount = np.arange(1, len(chosen) + 1)
    links = Links(receipt, payment, amount)
    every, windows = np.ones(ACCOUNTS, bool), {"within": within * HOUR, "min_senders": min_senders}
    found = find_passed_on(ledger, links, every, ledger.came, **windows)
    expected = {}
    for account in range(ACCOUNTS):
        mine = sorted((one, two, n + 1) for n, (one, two) in enumerate(chosen) if ledger.source[two] == account)
        windows = [
            [other for other in mine[n:] if ledger.at[other[0]] <= ledger.at[each[0]] + within * HOUR]
            for n, each in enumerate(mine)
        ]
        senders = [len({int(ledger.source[one]) for one, *_ in window}) for window in windows]
        if senders and max(senders) >= min_senders:
            best = windows[senders.index(max(senders))]
            expected[account] = (max(senders), *described(ledger, best))
    got = {}
    for n, account in enumerate(found.account.tolist()):
        columns = found.senders, found.receipts, found.payments, found.amount, found.received, found.dwell
        position = found.position[found.start[n] : found.start[n + 1]].tolist()
        got[account] = (*(int(column[n]) for column in columns), int(found.dwell_90[n]), position)
    assert got == expected


def described(ledger: Transfers, window: list[tuple[int, int, int]]) -> tuple:
    """Receipts, payments, money passed on and received, dwell times, and positions."""
    receipts, payments = {one for one, *_ in window}, {two for _, two, _ in window}
    received = sum(int(ledger.amount[one]) for one in receipts)
    by_dwell = sorted((int(ledger.at[two] - ledger.at[one]), one, two, money) for one, two, money in window)
    total = sum(money for *_, money in window)
    dwells = []
    for share in (0.5, 0.9):
        gone = 0
        for dwell, *_, money in by_dwell:
            gone += money
            if gone >= share * total:
                dwells.append(dwell)
                break
    return len(receipts), len(payments), total, received, *dwells, sorted(receipts | payments)


def test_halves_are_rounded_away_from_nought():
    """As SQL rounds, on every engine."""
    assert rounded(np.array([0.25, 0.35, -0.25, 2.5]), 1).tolist() == [0.3, 0.4, -0.3, 2.5]
    assert rounded(np.array([0.5, 1.5, 2.5]), 0).tolist() == [1, 2, 3]
