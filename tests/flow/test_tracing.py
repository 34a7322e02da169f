"""Tracing: the fast pass against the plain one, nothing lost to the last minor unit, and cases from the books."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.flow.balances import NO_BALANCES, KnownBalances, find_pools
from mulegraph.flow.tracing import (
    CONSERVED,
    CONSERVING,
    FIFO,
    HAIRCUT,
    LIBR,
    METHODS,
    POISON,
    Limits,
    Returns,
    Terms,
    backwards,
    trace,
)
from mulegraph.flow.tracing_account import BEYOND, EXCHANGED, LATE, OVERDRAFT, RETURNED, SHOP, SMALL, UNBOOKED
from mulegraph.flow.tracing_queue import share
from mulegraph.flow.transfers import NOT_EXCHANGED, Transfers
from tests.flow.tracing_reference import Plainly
from tests.thorough import examples

PENCE = 240
"""A pound of 20 shillings of 12 pence."""


def transfers_of(rows: list[tuple[int, int, int]], accounts: int, arrived: dict[int, int] | None = None) -> Transfers:
    """Transfers a microsecond apart; `arrived` is what comes of those that are exchanged, by place."""
    source, target, amount = (np.array(column) for column in zip(*rows, strict=True))
    at = np.arange(len(rows), dtype=np.int64)
    ends = source.astype(np.int32), target.astype(np.int32)
    came = None
    if arrived:
        came = np.full(len(rows), NOT_EXCHANGED, np.int64)
        came[list(arrived)] = list(arrived.values())
    return Transfers(np.arange(len(rows)), *ends, amount.astype(np.int64), at, accounts, 1, came)


def balances_of(rows: list[tuple[int, int, int]]) -> KnownBalances:
    """Balances as (position, account, balance), in order."""
    columns = [np.array(column, np.int64) for column in zip(*rows, strict=True)]
    return KnownBalances(*columns, np.arange(len(rows))) if rows else NO_BALANCES


def traced(rows, chosen, *, accounts=None, seen=None, balances=(), returns=None, limits=None, arrived=None):
    """A trace and its parts by account, as {account: (came, went, left)} of four."""
    accounts = accounts or max(max(row[:2]) for row in rows) + 1
    seen = np.ones(accounts, bool) if seen is None else np.array(seen)
    moved = transfers_of(rows, accounts, arrived)
    first = min(chosen) if len(chosen) else len(rows)
    pools = find_pools(moved, first, balances=balances_of(list(balances)))
    found = trace(moved, np.array(chosen), seen, Terms(pools, returns or Returns(), limits or Limits()))
    of = zip(found.account.tolist(), found.came.tolist(), found.went.tolist(), found.left.tolist(), strict=True)
    return found, {account: parts for account, *parts in of}


def least_openings(rows, accounts, balances=(), arrived=()):
    """What each account held at least before the first transfer; exactly where a balance is known, the first one."""
    running, least = [0] * accounts, [0] * accounts
    exact = {}
    events = list(balances)
    for now in range(len(rows) + 1):
        while events and events[0][0] <= now:
            _, account, balance = events.pop(0)
            exact.setdefault(account, balance - running[account])
        if now < len(rows):
            source, target, amount = rows[now]
            if source != target:
                comes = dict(arrived).get(now, amount)
                for account, change in ((source, -amount), (target, comes)):
                    if account >= 0:
                        running[account] += change
                        least[account] = min(least[account], running[account])
    return [exact.get(account, -low) for account, low in enumerate(least)], set(exact)


amounts = st.integers(1, 12)
ends = st.integers(-1, 5)
ledgers = st.lists(st.tuples(ends, ends, amounts).filter(lambda row: max(row[:2]) >= 0), min_size=1, max_size=40)


@st.composite
def questions(draw):
    """A small ledger, some payments of it, and everything that a trace may be told beside them."""
    rows = draw(ledgers)
    places = st.integers(0, len(rows) - 1)
    chosen = draw(st.sets(places, min_size=1, max_size=4))
    chosen = {each for each in chosen if rows[each][0] != rows[each][1]} or {0}
    later = st.integers(min(chosen) + 1, len(rows))
    balances = draw(st.lists(st.tuples(later, st.integers(0, 5), st.integers(-9, 30)), max_size=4))
    returns = {}
    for each in draw(st.lists(places, unique=True, max_size=5)):
        source, target, _ = rows[each]
        back = [place for place in range(each) if rows[place][:2] == (target, source)]
        if back and each not in chosen:
            returns[each] = draw(st.sampled_from(back))
    stop = draw(st.sets(places, max_size=3))
    last = draw(st.integers(0, 2 * len(rows)))
    least = draw(st.sampled_from([0, 0, 2, 4]))
    seen = draw(st.lists(st.booleans(), min_size=6, max_size=6))
    arrived = draw(exchanges(rows)) if draw(st.booleans()) else {}
    return rows, chosen, sorted(balances), returns, stop, last, least, seen, arrived


@st.composite
def exchanges(draw, rows):
    """What comes of payments between the first three accounts and the others, whose currency is another one."""
    between = [place for place, (source, target, _) in enumerate(rows) if min(source, target) >= 0]
    return {place: draw(amounts) for place in between if (rows[place][0] < 3) != (rows[place][1] < 3)}


def limits_of(rows, stop, last, least) -> Limits:
    why = np.zeros(len(rows), np.uint8)
    why[sorted(stop)] = SHOP
    return Limits(why, last, least)


def returns_of(returns: dict[int, int]) -> Returns:
    return Returns(*(np.array(list(each), np.int64) for each in (returns.keys(), returns.values())))


KINDS = {
    BEYOND: "beyond",
    SHOP: "stop",
    SMALL: "small",
    LATE: "late",
    RETURNED: "returned",
    OVERDRAFT: "overdraft",
    UNBOOKED: "unbooked",
}


@examples(600)
@given(question=questions())
def test_the_pass_gives_what_plain_coins_give(question):
    """Every account, method and end, over thousands of small ledgers with cash, unseen accounts, balances, returns."""
    rows, chosen, balances, returns, stop, last, least, seen, arrived = question
    openings, known = least_openings(rows, 6, balances, arrived)
    plain = Plainly(rows, chosen, seen, openings, known, balances, returns, stop, last, least, arrived).run()

    found, accounts = traced(
        rows,
        sorted(chosen),
        accounts=6,
        seen=seen,
        balances=balances,
        returns=returns_of(returns),
        limits=limits_of(rows, stop, last, least),
        arrived=arrived,
    )

    for place, method in enumerate(METHODS):
        for account in range(6):
            parts = accounts.get(account, [[0] * 4] * 3)
            expected = [each.get((account, method), 0) for each in (plain.came, plain.went, plain.left)]
            assert [each[place] for each in parts] == expected, (account, method)
        assert found.traced[place] == plain.traced[method]
    ended = {}
    for step, kind, net in zip(found.step.tolist(), found.kind.tolist(), found.net.tolist(), strict=True):
        if kind in KINDS and any(net[place] for place in CONSERVED):
            ended[step, KINDS[kind]] = net
    assert ended == {
        key: [parts[method] for method in METHODS]
        for key, parts in plain.ended.items()
        if any(parts[method] for method in CONSERVING)
    }


@examples(400)
@given(question=questions(), scale=st.sampled_from([1, 10**12 + 7]))
def test_nothing_is_lost_to_the_last_minor_unit(question, scale):
    """Traced in = traced out + remaining, in every account and method; in all, what was traced is there or ended."""
    rows, chosen, balances, returns, stop, last, least, seen, arrived = question
    rows = [(source, target, amount * scale + amount % 3) for source, target, amount in rows]
    arrived = {place: amount * scale + amount % 2 for place, amount in arrived.items()}
    first_ones = [each for each in chosen if rows[each][0] < 3] or [0]
    chosen = set(first_ones) if arrived else chosen
    balances = [(position, account, balance * scale) for position, account, balance in balances]

    found, _ = traced(
        rows,
        sorted(chosen),
        accounts=6,
        seen=seen,
        balances=balances,
        returns=returns_of(returns),
        limits=limits_of(rows, stop, last, least * scale),
        arrived=arrived,
    )

    assert (found.came == found.went + found.left).all()
    assert (found.left >= 0).all() and (found.net >= 0).all()
    ended = found.ends | found.stops | (found.kind == RETURNED)
    exchanged = found.kind == EXCHANGED
    for method in map(METHODS.index, CONSERVING):
        came, went = (each[exchanged, method].sum() for each in (found.arrived, found.carried))
        there = found.left[:, method].sum() + found.net[ended, method].sum()
        assert found.traced[method] + came == there + went
        assert (found.left[:, method] <= found.left[:, POISON]).all()
    chosen_sum = sum(rows[each][2] for each in chosen if rows[each][0] != rows[each][1])
    assert (found.traced <= chosen_sum).all()


@given(pool=st.integers(1, 2**62 - 1), data=st.data())
@examples(500)
def test_shares_are_exact_however_large(pool, data):
    """The product of two amounts may need 124 bits; the share is right to the unit."""
    held = data.draw(st.integers(0, pool))
    paid = data.draw(st.integers(0, max(pool - 1, 0)))

    part = share(np.int64(held), np.int64(paid), np.int64(pool))

    assert part == floor(Fraction(held * paid, pool) + Fraction(1, 2))
    assert 0 <= part <= min(held, paid) and held - part <= pool - paid


def test_claytons_case():
    """Devaynes v Noble (1816) 1 Mer 529: in a running account, payments out are set against the earliest payments in.

    £100 of the victim's (0), then £100 of the mule's own (1 → 2), then £100 drawn: FIFO says that the victim's money
    went, LIBR that the mule spent its own, pro rata that half of either went.
    """
    found, accounts = traced([(0, 2, 100), (1, 2, 100), (2, 3, 100)], [0])

    came, went, left = accounts[2]
    assert came == [100, 100, 200, 100]
    assert went == [100, 50, 100, 0]
    assert left == [0, 50, 100, 100]
    assert accounts[3][2] == [100, 50, 100, 0]
    assert found.generation.tolist() == [1, 2]


def test_claytons_case_the_other_way_round():
    """Own money that came first goes first: £100 drawn leaves the victim's £100 under FIFO, too."""
    rows = [(1, 2, 100), (0, 2, 100), (2, 3, 100)]
    _, accounts = traced(rows, [1])
    assert accounts[2][2][FIFO] == 100
    assert accounts[2][2][HAIRCUT] == 50


def test_re_hallett():
    """Re Hallett's Estate (1880) 13 Ch D 696: who mixes trust money with his own is taken to spend his own first."""
    own, trust = 500 * PENCE, 2_145 * PENCE
    _, accounts = traced([(1, 2, own), (0, 2, trust), (2, 3, own)], [1])
    assert accounts[2][2][LIBR] == trust
    assert 3 not in accounts or accounts[3][0][LIBR] == 0


def test_roscoe_v_winder():
    """James Roscoe (Bolton) Ltd v Winder [1915] 1 Ch 62: the claim is limited to the lowest balance in between.

    £455 18s 11d of book debts went into Wigham's account, whose balance fell to £25 18s before his own money came
    in again, to £358 5s 5d at his death. The company could follow £25 18s.
    """
    debts = 455 * PENCE + 18 * 12 + 11
    lowest = 25 * PENCE + 18 * 12
    death = 358 * PENCE + 5 * 12 + 5
    _, accounts = traced([(0, 2, debts), (2, 3, debts - lowest), (1, 2, death - lowest)], [0])

    assert accounts[2][2][LIBR] == lowest
    assert accounts[2][1][LIBR] == debts - lowest


def test_barlow_clowes_pro_rata():
    """Barlow Clowes International v Vaughan [1992] 4 All ER 22: where first in, first out would be chance, share.

    Two investors' £10,000 and £20,000 are mixed and £15,000 is lost. Pro rata each loses half of theirs (the rolling
    charge); by Clayton's Case the earlier one loses all and the later one £5,000.
    """
    rows = [(0, 2, 10_000), (1, 2, 20_000), (2, 3, 15_000)]
    _, first = traced(rows, [0])
    _, second = traced(rows, [1])
    assert (first[2][2][HAIRCUT], first[2][2][FIFO]) == (5_000, 0)
    assert (second[2][2][FIFO], second[2][2][LIBR]) == (15_000, 15_000)
    _, both = traced(rows, [0, 1])
    assert both[2][2] == [15_000] * 4


def test_poison_and_haircut_of_moeser():
    """Möser, Böhme & Breuker, Towards risk scoring of Bitcoin transactions (2014): any dirty input poisons all
    outputs; under haircut each output is as dirty as the inputs' mean."""
    rows = [(0, 2, 30), (1, 2, 70), (2, 3, 50), (2, 4, 50)]
    _, accounts = traced(rows, [0])
    assert accounts[3][0] == [30, 15, 50, 0]
    assert accounts[4][0] == [0, 15, 50, 30]


def test_own_money_counts_from_the_ledgers_first_transfer():
    """What came in before the first payment traced is there to be paid first."""
    rows = [(1, 2, 100), (0, 2, 100), (2, 3, 100)]
    assert traced(rows, [1])[1][2][2][FIFO] == 100


def test_an_account_held_what_it_later_paid():
    """100 of the victim's came in and 150 were paid at once: 50 at least were there before, and go first."""
    found, accounts = traced([(0, 2, 100), (2, 3, 120), (2, 4, 30)], [0])
    assert accounts[3][0][FIFO] == 70
    assert accounts[4][0][FIFO] == 30
    assert found.traced[FIFO] == 100


def test_rounding_is_settled_in_the_end():
    """A cent that cannot be shared goes one way or stays, and the last payment takes what is left."""
    found, accounts = traced([(0, 2, 1), (1, 2, 2), (2, 3, 1), (2, 4, 1), (2, 5, 1)], [0])
    assert sum(parts[2][HAIRCUT] for parts in accounts.values()) == 1
    assert found.traced[HAIRCUT] == 1


def test_the_same_money_is_not_traced_twice():
    """A second reported payment that passes the first one's money on adds nothing but what is new in it."""
    found, accounts = traced([(0, 1, 100), (1, 2, 150)], [0, 1])
    assert found.traced.tolist() == [150, 150, 100, 150]
    assert accounts[1][1] == [100, 100, 150, 100]
    assert accounts[2][2] == [150] * 4
    assert found.generation.tolist() == [1, 1]


def test_money_that_leaves_our_sight_is_the_frontier():
    """Cash and accounts whose payments we do not see end the trace; what comes back from there is new money."""
    rows = [(0, 1, 100), (1, 2, 60), (1, -1, 30), (2, 1, 60)]
    found, accounts = traced(rows, [0], seen=[True, True, False])
    assert found.step[found.ends].tolist() == [1, 2]
    assert found.carried[found.ends, FIFO].tolist() == [60, 30]
    assert 2 not in accounts
    assert accounts[1][2] == [10, 10, 70, 10]


def test_backwards_leads_to_the_sources():
    """What a payment was made of: the oldest receipts, as forwards, since what is left at the end came in last."""
    rows = [(-1, 0, 100), (0, 1, 100), (3, 1, 40), (1, 2, 120)]
    found = trace(backwards(transfers_of(rows, 4)), np.array([0]), np.ones(4, bool))
    sources = dict(zip((3 - found.step[found.ends]).tolist(), found.carried[found.ends, FIFO].tolist(), strict=True))
    assert sources == {0: 100}
    left = dict(zip(found.account.tolist(), found.left[:, FIFO].tolist(), strict=True))
    assert left == {1: 0, 0: 0, 3: 20}
    assert found.traced[FIFO] == 120


def test_generations_are_hops_from_the_victim():
    """The shortest way that traced money took to an account, which may come later than a longer one."""
    rows = [(0, 1, 10), (1, 2, 4), (2, 3, 4), (1, 3, 3), (3, 4, 7)]
    found, _ = traced(rows, [0])
    assert dict(zip(found.account.tolist(), found.generation.tolist(), strict=True)) == {1: 1, 2: 2, 3: 2, 4: 3}
    assert found.hop.tolist() == [1, 2, 3, 2, 3]


@pytest.mark.parametrize("chosen", [[], [0]])
def test_nothing_to_trace_is_nothing(chosen):
    """No payment, or one to oneself."""
    found, accounts = traced([(0, 0, 5), (0, 1, 5)], chosen)
    assert accounts == {} and found.traced.tolist() == [0] * 4 and len(found.step) == 0
