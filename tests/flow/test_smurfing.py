"""Pairs joined by middlemen: the kernel beside a slow and clear search, and what the two kinds of chance keep."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from mulegraph.flow.acquaintances import Acquainted, Coins, acquainted, toss, tossed_nats
from mulegraph.flow.bursts import DEEPEST_TAIL
from mulegraph.flow.smurfing import MIN_NATS, Edges, find_smurfs, partners_of, rewired

ACCOUNTS = 14
PAIRS = st.sets(st.tuples(st.integers(0, ACCOUNTS - 1), st.integers(0, ACCOUNTS - 1)), max_size=90)


def edges_of_pairs(pairs: set[tuple[int, int]]) -> Edges:
    rows = np.array(sorted((one, other) for one, other in pairs if one != other), np.int32).reshape(-1, 2)
    return Edges(np.ascontiguousarray(rows[:, 0]), np.ascontiguousarray(rows[:, 1]))


def slow(pairs: set[tuple[int, int]], min_middlemen: int, max_partners: int) -> dict[tuple[int, int], set[int]]:
    """The definition: middlemen by pair, before any is left out for its surprise."""
    paid = {(one, other) for one, other in pairs if one != other}
    one_way = {(one, other) for one, other in paid if (other, one) not in paid}
    deal = paid | {(other, one) for one, other in paid}
    many = Counter(one for one, _ in deal)
    found = {}
    for one in range(ACCOUNTS):
        for other in range(ACCOUNTS):
            if one == other or (one, other) in deal:
                continue
            between = {
                each
                for each in range(ACCOUNTS)
                if (one, each) in one_way and (each, other) in one_way and many[each] <= max_partners
            }
            if len(between) < min_middlemen:
                continue
            alone = {each for each in between if not any((each, another) in deal for another in between)}
            if len(alone) >= min_middlemen:
                found[one, other] = alone
    return found


def surprise(pairs: set[tuple[int, int]], one: int, other: int, count: int, max_partners: int) -> float:
    """The count of middlemen against a graph with the same degrees, less the first of them."""
    paid = {(a, b) for a, b in pairs if a != b}
    one_way = {(a, b) for a, b in paid if (b, a) not in paid}
    many = Counter(a for a, _ in paid | {(b, a) for a, b in paid})
    firsts = [each for each in range(ACCOUNTS) if (one, each) in one_way and many[each] <= max_partners]
    reach = sum(payer in firsts for payer, _ in one_way)
    mean = max(reach * sum(payee == other for _, payee in one_way) / len(one_way), 1e-12)
    return float(-poisson.logsf(count - 1, mean) + poisson.logsf(0, mean))


@given(PAIRS, st.integers(2, 4), st.sampled_from((4, 60)))
def test_pairs_are_those_of_the_definition(pairs, min_middlemen, max_partners):
    """Every pair, its middlemen and its surprise; those of little surprise are left out."""
    found = find_smurfs(partners_of(edges_of_pairs(pairs), ACCOUNTS), min_middlemen, max_partners)
    fast = {}
    for place, (one, other) in enumerate(zip(found.one.tolist(), found.other.tolist(), strict=True)):
        fast[one, other] = (set(found.middle[found.start[place] : found.start[place + 1]].tolist()), found.nats[place])
    expected = {}
    for (one, other), middle in slow(pairs, min_middlemen, max_partners).items():
        nats = surprise(pairs, one, other, len(middle), max_partners)
        if nats >= MIN_NATS:
            expected[one, other] = (middle, nats)
    assert {pair: middle for pair, (middle, _) in fast.items()} == {pair: each[0] for pair, each in expected.items()}
    for pair, (_, nats) in fast.items():
        assert np.isclose(nats, expected[pair][1])


@given(PAIRS, st.lists(st.integers(0, 2), min_size=ACCOUNTS, max_size=ACCOUNTS), st.integers(0, 9))
def test_rewired_edges_keep_degrees_and_kinds(pairs, kinds, seed):
    """Each account pays as often, and payees of each kind are paid by payers of each kind as often; but for loops."""
    edges, group = edges_of_pairs(pairs), np.array(kinds)
    made = rewired(edges, group, seed)
    lost = len(edges.payer) - len(made.payer)
    assert (np.bincount(edges.payer, minlength=ACCOUNTS) >= np.bincount(made.payer, minlength=ACCOUNTS)).all()
    before = Counter(zip(group[edges.payer].tolist(), group[edges.payee].tolist(), strict=True))
    after = Counter(zip(group[made.payer].tolist(), group[made.payee].tolist(), strict=True))
    assert sum((before - after).values()) == lost
    assert not after - before


GROUPS = st.lists(st.integers(0, 1), min_size=ACCOUNTS, max_size=ACCOUNTS)


@given(PAIRS, GROUPS, st.integers(2, 3))
def test_acquaintances_in_common_are_those_whom_coins_could_put_between(pairs, kinds, min_middlemen):
    """Coins turn edges inside a kind; who deals with another acquaintance is left out."""
    group = np.array(kinds)
    paid = {(one, other) for one, other in pairs if one != other}
    one_way = {(one, other) for one, other in paid if (other, one) not in paid}
    might = {each for one, other in one_way if group[one] == group[other] for each in ((one, other), (other, one))}
    deal = paid | {(other, one) for one, other in paid}
    expected = {}
    for one in range(ACCOUNTS):
        for other in range(ACCOUNTS):
            if one == other or (one, other) in deal:
                continue
            between = {each for each in range(ACCOUNTS) if (one, each) in might and (each, other) in might}
            alone = [each for each in between if not any((each, another) in deal for another in between)]
            if len(between) >= min_middlemen and len(alone) >= min_middlemen:
                expected[one, other] = len(alone)
    made = acquainted(partners_of(edges_of_pairs(pairs), ACCOUNTS), group, min_middlemen, 60)
    columns = (column.tolist() for column in made)
    assert {(one, other): count for one, other, count in zip(*columns, strict=True)} == expected


@given(st.integers(0, 6), st.integers(0, 4), st.integers(0, 3), st.integers(0, 12))
def test_the_tail_of_coins_is_that_of_their_sums(both, half, fixed, count):
    """Two binomials, added up one by one."""
    sums = [
        binom.pmf(one, both, 0.25) * binom.pmf(other, half, 0.5)
        for one in range(both + 1)
        for other in range(half + 1)
        if one + other + fixed >= count
    ]
    coins = Coins(*(np.array([each]) for each in (both, half, fixed)))
    assert np.isclose(np.exp(-tossed_nats(coins, np.array([count]))[0]), max(sum(sums), DEEPEST_TAIL))


def test_tosses_are_as_rare_as_they_say():
    """Of 200,000 pairs with six acquaintances each, 49 are expected to be joined by all six."""
    size = 200_000
    six, none = np.full(size, 6), np.zeros(size, np.int64)
    nats = toss(Acquainted(none, none, six), 3, 1)
    assert 20 <= (nats > 6 * np.log(4) - 1e-9).sum() <= 90


def test_partners_are_counted_once():
    """Who pays and is paid by the same account deals with one."""
    many = partners_of(edges_of_pairs({(0, 1), (1, 0), (0, 2)}), 3).many
    assert many.tolist() == [2, 1, 1]
