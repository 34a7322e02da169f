"""Tracing: the fast pass against the plain one, nothing lost to the last minor unit, and cases from the books."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.flow.tracing import CONSERVING, FIFO, HAIRCUT, LIBR, METHODS, POISON, _share, backwards, paying, trace
from mulegraph.flow.transfers import Transfers
from tests.flow.tracing_reference import trace_plainly
from tests.thorough import examples

PENCE = 240
"""A pound of 20 shillings of 12 pence."""


def transfers_of(rows: list[tuple[int, int, int]], accounts: int) -> Transfers:
    source, target, amount = (np.array(column) for column in zip(*rows, strict=True))
    at = np.arange(len(rows), dtype=np.int64)
    return Transfers(
        np.arange(len(rows)), source.astype(np.int32), target.astype(np.int32), amount.astype(np.int64), at, accounts, 1
    )


def traced(rows, chosen, *, accounts=None, seen=None, since=None):
    """A trace and its parts by account, as {account: (came, went, left)} of four."""
    accounts = accounts or max(max(row[:2]) for row in rows) + 1
    seen = np.ones(accounts, bool) if seen is None else np.array(seen)
    found = trace(transfers_of(rows, accounts), np.array(chosen), seen, since=since)
    of = zip(found.account.tolist(), found.came.tolist(), found.went.tolist(), found.left.tolist(), strict=True)
    return found, {account: parts for account, *parts in of}


amounts = st.integers(1, 12)
ends = st.integers(-1, 5)
ledgers = st.lists(st.tuples(ends, ends, amounts).filter(lambda row: max(row[:2]) >= 0), min_size=1, max_size=40)


@examples(600)
@given(rows=ledgers, data=st.data())
def test_the_pass_gives_what_plain_coins_give(rows, data):
    """Every account, method and frontier transfer, over thousands of small ledgers with cash and unseen accounts."""
    chosen = data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=1, max_size=4))
    seen = data.draw(st.lists(st.booleans(), min_size=6, max_size=6))
    chosen = {each for each in chosen if rows[each][0] != rows[each][1]} or {0}
    since = data.draw(st.integers(0, min(chosen)))
    came, went, left, frontier, total = trace_plainly(rows, chosen, seen, since)

    found, accounts = traced(rows, sorted(chosen), accounts=6, seen=seen, since=since)

    for place, method in enumerate(METHODS):
        for account in range(6):
            parts = accounts.get(account, [[0] * 4] * 3)
            expected = [each.get((account, method), 0) for each in (came, went, left)]
            assert [each[place] for each in parts] == expected, (account, method)
        assert found.traced[place] == total[method]
    ended = dict(zip(found.step[found.ends].tolist(), found.carried[found.ends].tolist(), strict=True))
    assert ended == {now: [parts[method] for method in METHODS] for now, parts in frontier.items()}


@examples(300)
@given(
    rows=st.lists(
        st.tuples(ends, ends, st.integers(1, 10**15 - 1)).filter(lambda row: max(row[:2]) >= 0), min_size=1, max_size=60
    ),
    data=st.data(),
)
def test_nothing_is_lost_to_the_last_minor_unit(rows, data):
    """Traced in = traced out + remaining, in every account and method; in all, what was traced is there or left."""
    chosen = data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=1, max_size=5))
    seen = data.draw(st.lists(st.booleans(), min_size=6, max_size=6))

    found, _ = traced(rows, sorted(chosen), accounts=6, seen=seen)

    assert (found.came == found.went + found.left).all()
    assert (found.left >= 0).all()
    for method in map(METHODS.index, CONSERVING):
        assert found.traced[method] == found.left[:, method].sum() + found.carried[found.ends, method].sum()
        assert (found.carried[:, method] <= found.carried[:, POISON]).all()
        assert (found.left[:, method] <= found.left[:, POISON]).all()
    chosen_sum = sum(rows[each][2] for each in chosen if rows[each][0] != rows[each][1])
    assert (found.traced <= chosen_sum).all()


@given(pool=st.integers(1, 2**62 - 1), data=st.data())
@examples(500)
def test_shares_are_exact_however_large(pool, data):
    """The product of two amounts may need 124 bits; the share is right to the unit."""
    held = data.draw(st.integers(0, pool))
    paid = data.draw(st.integers(0, max(pool - 1, 0)))

    share = _share(np.int64(held), np.int64(paid), np.int64(pool))

    assert share == floor(Fraction(held * paid, pool) + Fraction(1, 2))
    assert 0 <= share <= min(held, paid) and held - share <= pool - paid


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
    _, accounts = traced(rows, [1], since=0)
    assert accounts[2][2][FIFO] == 100
    assert accounts[2][2][HAIRCUT] == 50


def test_re_hallett():
    """Re Hallett's Estate (1880) 13 Ch D 696: who mixes trust money with his own is taken to spend his own first."""
    own, trust = 500 * PENCE, 2_145 * PENCE
    _, accounts = traced([(1, 2, own), (0, 2, trust), (2, 3, own)], [1], since=0)
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
    _, second = traced(rows, [1], since=0)
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


def test_own_money_is_what_was_seen_since_a_chosen_time():
    """From the first chosen payment on, unless an earlier time is given: what came before then is not known."""
    rows = [(1, 2, 100), (0, 2, 100), (2, 3, 100)]
    assert traced(rows, [1])[1][2][2][FIFO] == 0
    assert traced(rows, [1], since=0)[1][2][2][FIFO] == 100


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
    """What a payment was made of: the receipt before it, its own sources, and cash paid in at the far end."""
    rows = [(-1, 0, 100), (0, 1, 100), (3, 1, 40), (1, 2, 120)]
    found = trace(backwards(transfers_of(rows, 4)), np.array([0]), np.ones(4, bool))
    sources = dict(zip((3 - found.step[found.ends]).tolist(), found.carried[found.ends, FIFO].tolist(), strict=True))
    assert sources == {0: 80}
    left = dict(zip(found.account.tolist(), found.left[:, FIFO].tolist(), strict=True))
    assert left == {1: 0, 0: 0, 3: 40}
    assert found.traced[FIFO] == 120


def test_generations_are_hops_from_the_victim():
    """The shortest way that traced money took to an account, which may come later than a longer one."""
    rows = [(0, 1, 10), (1, 2, 4), (2, 3, 4), (1, 3, 3), (3, 4, 7)]
    found, _ = traced(rows, [0])
    assert dict(zip(found.account.tolist(), found.generation.tolist(), strict=True)) == {1: 1, 2: 2, 3: 2, 4: 3}
    assert found.hop.tolist() == [1, 2, 3, 2, 3]


def test_who_pays_is_seen():
    """A transfer to oneself is no payment."""
    assert paying(transfers_of([(0, 1, 1), (2, 2, 1), (-1, 3, 1)], 4)).tolist() == [True, False, False, False]


@pytest.mark.parametrize("chosen", [[], [0]])
def test_nothing_to_trace_is_nothing(chosen):
    """No payment, or one to oneself."""
    found, accounts = traced([(0, 0, 5), (0, 1, 5)], chosen)
    assert accounts == {} and found.traced.tolist() == [0] * 4 and len(found.step) == 0
