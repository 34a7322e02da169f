"""Receipts passed on: held to a plain search over small ledgers, and to noise in which nothing is passed on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.order_in_day import in_order
from mulegraph.flow.passed_on import MAX_DAYS_DEALT, MAX_PIECES, find_passed_on, ranks_of, receipts_of_peers
from mulegraph.flow.transfers import DAY, HOUR, Transfers
from tests.thorough import examples

ACCOUNTS = 5
WINDOW, PERCENT = 30 * HOUR, 70


@st.composite
def ledgers(draw: st.DrawFn) -> Transfers:
    """Up to thirty transfers between five accounts and cash."""
    row = st.tuples(
        st.integers(-1, ACCOUNTS - 1), st.integers(-1, ACCOUNTS - 1), st.integers(40, 100), st.integers(0, 60)
    )
    rows = sorted(draw(st.lists(row, min_size=1, max_size=30)), key=lambda each: each[3])
    source, target, amount, hour = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    at = hour * HOUR + 1
    return in_order(source.astype(np.int32), target.astype(np.int32), amount, at, accounts=ACCOUNTS)


def candidates(ledger: Transfers, account: int) -> list[tuple[float, int, tuple[int, ...]]]:
    """Every receipt with every run of payments that may be what became of it, and their product of time and share."""
    receipts = [n for n in range(len(ledger)) if ledger.target[n] == account != ledger.source[n]]
    payments = [n for n in range(len(ledger)) if ledger.source[n] == account != ledger.target[n]]
    found = []

    def days(rows: list[int], parties: np.ndarray, row: int) -> int:
        if parties[row] < 0:
            return 1
        return len({int(ledger.at[each]) // DAY for each in rows if parties[each] == parties[row]})

    for receipt in receipts:
        came = ledger.amount[receipt]
        for place in range(len(payments)):
            for many in range(1, MAX_PIECES + 1):
                run = payments[place : place + many]
                waits = [int(ledger.at[each] - ledger.at[receipt]) for each in run]
                total = sum(int(ledger.amount[each]) for each in run)
                goes_back = any(ledger.target[each] == ledger.source[receipt] >= 0 for each in run)
                if len(run) < many or min(waits) < 0 or max(waits) > WINDOW or goes_back:
                    continue
                if not came * PERCENT / 100 <= total <= came:
                    continue
                between = sum(total <= each <= came for each in ledger.amount) - 1
                began, ended = (ledger.at[each] // ledger.tick for each in (receipt, run[-1]))
                meanwhile = sum(began <= each // ledger.tick <= ended for each in ledger.at)
                product = meanwhile / len(ledger) * ledger.span * max(between, 1) / len(ledger)
                dealt = days(receipts, ledger.source, receipt)
                dealt *= max(days(payments, ledger.target, each) for each in run)
                if dealt > MAX_DAYS_DEALT:
                    continue
                product *= dealt * sum(came <= each for each in ledger.amount) / len(ledger)
                found.append((product, receipt, tuple(run)))
    return found


def plainly(ledger: Transfers, account: int) -> tuple[float, set[int]]:
    """Surprise and telling receipts of one account, step by step as the module's docstring says."""
    receipts = [n for n in range(len(ledger)) if ledger.target[n] == account != ledger.source[n]]
    payments = [n for n in range(len(ledger)) if ledger.source[n] == account != ledger.target[n]]
    best: dict[int, float] = {}
    used: set[int] = set()
    for product, receipt, run in sorted(candidates(ledger, account), key=lambda each: each[0]):
        if receipt not in best and not used & set(run):
            best[receipt] = product
            used |= set(run)
    rate = len(payments) / ledger.span
    chance = {}
    for receipt, product in best.items():
        x = min(product, WINDOW)
        log = math.log(WINDOW / x)
        chance[receipt] = -math.expm1(-MAX_PIECES * rate * x * (1 + log + log**2 / 2))
    telling = {receipt: value for receipt, value in chance.items() if value <= 0.2}
    # Of what one payer sends, the most telling day; cash is a payer of its own each time.
    payer = {each: int(ledger.source[each]) if ledger.source[each] >= 0 else -1 - each for each in receipts}
    best_day: dict[int, int] = {}
    for _, day, receipt in sorted((telling[each], int(ledger.at[each]) // DAY, each) for each in telling):
        best_day.setdefault(payer[receipt], day)
    ranked = sorted((telling[each], each) for each in telling if int(ledger.at[each]) // DAY == best_day[payer[each]])
    tried = len(set(payer.values())) + len(ranked) - len(best_day)
    surprise = [
        -math.log(max(stats.beta.cdf(value, k, tried - k + 1), 1e-300)) for k, (value, _) in enumerate(ranked, 1)
    ]
    if not surprise:
        return 0.0, set()
    last = surprise.index(max(surprise))
    return max(surprise), {receipt for _, receipt in ranked[: last + 1]}


@examples(300)
@given(ledger=ledgers())
def test_the_kernel_finds_what_a_plain_search_finds(ledger):
    """The same surprise for every account, from as many receipts."""
    sides = TransfersByAccount(ledger)
    found = find_passed_on(sides, sides.receipts, ranks=ranks_of(sides), window=WINDOW, min_share_percent=PERCENT)
    of = dict(zip(found.account.tolist(), range(len(found)), strict=True))
    for account in range(ACCOUNTS):
        surprise, receipts = plainly(ledger, account)
        if account not in of:
            assert not receipts
            continue
        number = of[account]
        assert found.nats[number] == pytest.approx(surprise, abs=1e-6)
        assert found.start[number + 1] - found.start[number] == len(receipts)


def noise(seed: int, accounts: int = 2_000, transfers: int = 40_000) -> Transfers:
    """Everybody pays anybody, at any time, amounts of any size: nothing is passed on."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.integers(0, 90 * 24 * HOUR, transfers))
    amount = np.exp(rng.normal(10, 1.5, transfers)).astype(np.int64)
    source = rng.integers(0, accounts, transfers).astype(np.int32)
    target = rng.integers(0, accounts, transfers).astype(np.int32)
    return in_order(source, target, amount, at, accounts=accounts)


def test_on_noise_so_many_nats_are_as_rare_as_they_say():
    """Of 2,000 accounts about 2,000·e^−s reach s; some more, since k is chosen among several."""
    sides = TransfersByAccount(noise(3))
    found = find_passed_on(sides, sides.receipts, ranks=ranks_of(sides), window=30 * 24 * HOUR, min_share_percent=80)
    for nats in (3, 5, 7):
        assert (found.nats >= nats).sum() <= 4 * 2_000 * math.exp(-nats) + 3


def test_one_receipt_passed_on_to_the_cent_stands_out_of_noise():
    """An odd amount comes in once and goes on three weeks later: the most surprising account of all."""
    quiet = noise(4)
    at = np.append(quiet.at, [40 * 24 * HOUR, 61 * 24 * HOUR])
    order = np.argsort(at, kind="stable")
    ends = [np.append(quiet.source, [7, 2_000]), np.append(quiet.target, [2_000, 9])]
    source, target = (each.astype(np.int32)[order] for each in ends)
    amount = np.append(quiet.amount, [12_345_678, 12_345_678])[order]
    sides = TransfersByAccount(in_order(source, target, amount, at[order], accounts=2_001))
    found = find_passed_on(sides, sides.receipts, ranks=ranks_of(sides), window=60 * 24 * HOUR, min_share_percent=80)
    assert found.account[np.argmax(found.nats)] == 2_000


def test_what_goes_back_is_no_passing_on():
    """A loan that is paid back to the cent the next day."""
    at = np.array([HOUR, 25 * HOUR])
    ends = np.array([0, 1], np.int32), np.array([1, 0], np.int32)
    sides = TransfersByAccount(in_order(*ends, np.array([500, 500]), at, accounts=2))
    assert (
        len(
            find_passed_on(
                sides,
                sides.receipts,
                ranks=ranks_of(sides),
                window=60 * 24 * HOUR,
                min_share_percent=80,
            )
        )
        == 0
    )


def test_peers_lend_their_receipts_and_nobody_keeps_his_own():
    """Each account gets the receipts of another of its group, all of them; none is lost."""
    group = np.arange(50) % 3
    sides = TransfersByAccount(noise(5, accounts=50, transfers=500))
    lent, own = receipts_of_peers(sides, group), sides.receipts
    lent_by = np.empty(len(sides.transfers), np.int64)
    lent_by[own.position] = np.repeat(np.arange(50), np.diff(own.start))
    assert (group[lent_by[lent.position]] == np.repeat(group, np.diff(lent.start))).all()
    assert sorted(lent.position.tolist()) == sorted(own.position.tolist())
    for account in range(50):
        mine = set(own.position[own.start[account] : own.start[account + 1]].tolist())
        assert not mine & set(lent.position[lent.start[account] : lent.start[account + 1]].tolist())


def nats_of(extra: list[tuple[int, int, int, int]]) -> dict[int, float]:
    """Surprise of each account where rows of payer, payee, amount and time are added to noise of 2,000 others."""
    quiet = noise(6)
    source, target, amount, at = (np.array(each) for each in zip(*extra, strict=True))
    times = np.append(quiet.at, at)
    order = np.argsort(times, kind="stable")
    ends = [np.append(quiet.source, source), np.append(quiet.target, target)]
    source, target = (each.astype(np.int32)[order] for each in ends)
    whole = in_order(source, target, np.append(quiet.amount, amount)[order], times[order], accounts=2_100)
    sides = TransfersByAccount(whole)
    found = find_passed_on(sides, sides.receipts, ranks=ranks_of(sides), window=60 * DAY, min_share_percent=80)
    return dict(zip(found.account.tolist(), found.nats.tolist(), strict=True))


def test_a_standing_order_is_one_coincidence_however_often_it_recurs():
    """A wage that comes on the day of the rent meets it every month; who is known for three months says nothing."""
    once = [(1, 2_000, 50_000, 5 * DAY), (2_000, 2, 49_000, 5 * DAY + HOUR)]
    monthly = [(*row[:3], row[3] + month * 28 * DAY) for month in range(3) for row in once]
    assert nats_of(once)[2_000] > nats_of(monthly).get(2_000, 0.0)


def test_an_unusual_payer_says_more_than_one_who_is_always_there():
    """The same meeting, of one who paid once and of one who pays every week."""
    meeting = [(1, 2_000, 50_000, 5 * DAY), (2_000, 2, 49_000, 5 * DAY + HOUR)]
    weekly = [(1, 2_000, 10_000 + week, (8 + 7 * week) * DAY) for week in range(8)]
    others = [(3 + week, 2_000, 10_000 + week, (8 + 7 * week) * DAY) for week in range(8)]
    assert nats_of(meeting + others)[2_000] > nats_of(meeting + others + weekly).get(2_000, 0.0) + 1


def test_a_large_receipt_says_more_than_a_small_one():
    """The same share goes on after the same time; amounts near either are as common (lognormal noise)."""
    small, large = (
        [(1, 2_000, amount, 5 * DAY), (2_000, 2, round(0.95 * amount), 7 * DAY)] for amount in (5_000, 100_000)
    )
    assert nats_of(large)[2_000] > nats_of(small)[2_000] + 0.5


def test_a_batch_of_one_second_is_as_long_as_it_has_transfers():
    """Two of five thousand bookings of one second meet no more tellingly than two within a night of as many."""
    batch = [(100 + n % 900, 1_000 + n % 900, 700 + n, 5 * DAY) for n in range(5_000)]
    meeting = [(1, 2_000, 50_000, 5 * DAY), (2_000, 2, 49_000, 5 * DAY)]
    assert nats_of(meeting + batch)[2_000] < nats_of(meeting)[2_000] - 2
