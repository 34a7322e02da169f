"""Bursts, meetings and cycles held to slow, plain searches over small random ledgers."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mulegraph.flow import cycles as cycles_module
from mulegraph.flow import shared_counterparties as meetings_module
from mulegraph.flow.bursts import FAN_IN, FAN_OUT, find_bursts, poisson_nats
from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.cycles import find_cycles
from mulegraph.flow.order_in_day import in_order
from mulegraph.flow.shared_counterparties import scatter_gather, shared_receivers
from mulegraph.flow.transfers import HOUR, Transfers
from tests.thorough import examples

ACCOUNTS = 7
quick = examples(300)


@st.composite
def ledgers(draw: st.DrawFn) -> Transfers:
    """Up to thirty transfers between seven accounts and cash, in the order in which money can have moved."""
    row = st.tuples(
        st.integers(-1, ACCOUNTS - 1), st.integers(-1, ACCOUNTS - 1), st.integers(60, 100), st.integers(0, 40)
    )
    rows = sorted(draw(st.lists(row, min_size=1, max_size=30)), key=lambda each: each[3])
    source, target, amount, hour = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    at = hour * HOUR + 1
    return in_order(source.astype(np.int32), target.astype(np.int32), amount, at, accounts=ACCOUNTS)


@quick
@given(ledger=ledgers(), hours=st.integers(1, 30))
def test_fans_have_the_most_distinct_counterparties_of_any_window(ledger, hours):
    """Every window that begins at one of the account's own transfers is looked at, one after the other."""
    window = hours * HOUR
    for bursts, mine, other in zip(
        find_bursts(TransfersByAccount(ledger), [window])[:2],
        (ledger.target, ledger.source),
        (ledger.source, ledger.target),
        strict=True,
    ):
        expected = {}
        for account in range(ACCOUNTS):
            rows = [n for n in range(len(ledger)) if mine[n] == account != other[n]]
            best = max(
                (
                    len({other[m] for m in rows if 0 <= ledger.at[m] - ledger.at[n] < window and other[m] >= 0})
                    for n in rows
                ),
                default=0,
            )
            if best >= 3:
                expected[account] = best
        assert dict(zip(bursts.account.tolist(), bursts.counterparties.tolist(), strict=True)) == expected
        for first, last in zip(bursts.first, bursts.last, strict=True):
            assert 0 <= ledger.at[last] - ledger.at[first] < window


@quick
@given(ledger=ledgers(), hours=st.integers(1, 30))
def test_scatter_gather_counts_every_middleman(ledger, hours):
    """All pairs of transfers through a third account are tried."""
    window, through = hours * HOUR, defaultdict(list)
    for one, two in itertools.permutations(range(len(ledger)), 2):
        payer, middle, payee = ledger.source[one], ledger.target[one], ledger.target[two]
        fits = ledger.source[two] == middle and one < two and 0 <= ledger.at[two] - ledger.at[one] <= window
        passed = 0.8 * ledger.amount[one] <= ledger.amount[two] <= ledger.amount[one]
        if fits and passed and min(payer, middle, payee) >= 0 and len({payer, middle, payee}) == 3:
            through[payer, payee].append((one, two, middle))
    _held(scatter_gather(TransfersByAccount(ledger), [window]), through, ledger, window)


@quick
@given(ledger=ledgers(), hours=st.integers(1, 30))
def test_shared_receivers_counts_every_common_payee(ledger, hours):
    """All pairs of receipts of one account are tried."""
    window, shared = hours * HOUR, defaultdict(list)
    for one, two in itertools.combinations(range(len(ledger)), 2):
        payers = {ledger.source[one], ledger.source[two]}
        middle = ledger.target[one]
        apart = len(payers) == 2 and min(payers) >= 0 and middle not in payers
        if ledger.target[two] == middle >= 0 and apart and ledger.at[two] - ledger.at[one] < window:
            shared[min(payers), max(payers)].append((one, two, middle))
    _held(shared_receivers(TransfersByAccount(ledger), [window]), shared, ledger, window)


@examples(50)
@given(seed=st.integers(0, 10_000), hours=st.integers(5, 40))
def test_who_meets_at_a_busy_account_is_not_counted(seed, hours):
    """From a receipt that more than so many follow within the window, no meeting is counted; from later ones, some."""
    random, size = np.random.default_rng(seed), 160
    source, target = random.integers(0, 4, size), random.integers(4, 8, size)
    at = np.sort(random.integers(0, 60, size)) * HOUR + 1
    ledger = in_order(source.astype(np.int32), target.astype(np.int32), np.full(size, 100), at, accounts=8)
    window, shared = hours * HOUR, defaultdict(list)
    for one, two in itertools.combinations(range(size), 2):
        receipts = np.flatnonzero(ledger.target == ledger.target[one])
        soon = (receipts >= one) & (ledger.at[receipts] - ledger.at[one] < window)
        payers = {int(ledger.source[one]), int(ledger.source[two])}
        if two in receipts[soon] and soon.sum() <= meetings_module.MAX_AT_ONCE and len(payers) == 2:
            shared[min(payers), max(payers)].append((one, two, ledger.target[one]))
    _held(shared_receivers(TransfersByAccount(ledger), [window]), shared, ledger, window)


@settings(max_examples=50, deadline=None)
@given(ledger=ledgers(), hours=st.integers(1, 30), find=st.sampled_from([scatter_gather, shared_receivers]))
def test_accounts_that_share_a_slot_are_told_apart(ledger, hours, find):
    """Numbered so far apart that all fall into one slot, accounts are in the same pairs."""
    apart = meetings_module.SLOTS
    source, target = (np.where(end >= 0, end * apart, end).astype(np.int32) for end in (ledger.source, ledger.target))
    spread = replace(ledger, source=source, target=target, accounts=ACCOUNTS * apart)
    near, far = (find(TransfersByAccount(each), [hours * HOUR]) for each in (ledger, spread))
    assert (far.one.tolist(), far.other.tolist()) == ((near.one * apart).tolist(), (near.other * apart).tolist())
    assert (far.count.tolist(), far.transfer.tolist()) == (near.count.tolist(), near.transfer.tolist())


def _held(found, expected, ledger, window):
    """Each pair that is found meets as often as the plain search says within some window, and none is missed."""
    counts = {}
    for pair, met in expected.items():
        best = max(
            len(
                {
                    m
                    for f, s, m in met
                    if 0 <= ledger.at[f] - ledger.at[b] < window and ledger.at[s] - ledger.at[b] <= window
                }
            )
            for b, _, _ in met
        )
        if best >= meetings_module.MIN_MIDDLEMEN:
            counts[pair] = best
    pairs = zip(found.one.tolist(), found.other.tolist(), strict=True)
    assert {pair: counts.get(pair) for pair in pairs} == dict(
        zip(zip(found.one.tolist(), found.other.tolist(), strict=True), found.count.tolist(), strict=True)
    )


@examples(200)
@given(ledger=ledgers(), hours=st.integers(1, 40))
def test_a_cycle_is_found_where_networkx_finds_one(ledger, hours):
    """NetworkX lists all simple cycles of transfers that may follow each other; ours finds one for each start."""
    window, graph = hours * HOUR, nx.DiGraph()
    for one, two in itertools.permutations(range(len(ledger)), 2):
        follows = (
            one < two and ledger.target[one] == ledger.source[two] >= 0 and ledger.source[two] != ledger.target[two]
        )
        if follows and 0.7 * ledger.amount[one] <= ledger.amount[two] <= ledger.amount[one]:
            graph.add_edge(one, two)
    starts = set()
    for first in graph:
        home = ledger.source[first]
        if home < 0 or home == ledger.target[first]:
            continue
        for last in graph:
            if ledger.target[last] != home or ledger.at[last] - ledger.at[first] > window:
                continue
            for path in nx.all_simple_paths(graph, first, last, cutoff=11) if first != last else []:
                payers = [ledger.source[each] for each in path]
                if len(path) >= 3 and len(set(payers)) == len(path):
                    starts.add(first)
    assert {first for first, *_ in _all_cycles(ledger, window)} == starts


def _all_cycles(ledger, window):
    """The whole search, before cycles that share transfers are left out."""
    sides = TransfersByAccount(ledger)
    search = cycles_module.Search(
        cycles_module.steps_of(sides),
        sides.payments.start,
        sides.next_receipt,
        sides.receipts,
        np.ones(ACCOUNTS),
        np.ones(ACCOUNTS),
        window=window,
        tick=ledger.tick,
        share_percent=70,
        either=False,
    )
    entry, begins, _ = cycles_module._search(search)
    flat = sides.payments.position[entry]
    return [flat[low:high].tolist() for low, high in itertools.pairwise(begins.tolist())]


def test_a_cycle_may_lose_much_on_its_way_and_no_more():
    """Each step passes on 70 % at the least: the last of five may be a quarter of the first, and not a fifth."""
    for last, found in ((26, 1), (24, 0)):
        rows = [(0, 1, 100, 0), (1, 2, 72, 1), (2, 3, 51, 2), (3, 4, 36, 3), (4, 0, last, 4), (3, 0, 99, 6)]
        source, target, amount, hour = (np.array(column) for column in zip(*rows, strict=True))
        ends = source.astype(np.int32), target.astype(np.int32)
        ledger = in_order(*ends, amount, hour * HOUR + 1, accounts=ACCOUNTS)
        assert len(_all_cycles(ledger, 20 * HOUR)) == found


def test_cycles_share_no_transfer():
    """Two that meet in a transfer: the more surprising one stays."""
    rows = [(0, 1, 100, 0), (1, 2, 95, 1), (2, 0, 92, 2), (2, 3, 91, 3), (3, 0, 90, 4)]
    source, target, amount, hour = (np.array(column) for column in zip(*rows, strict=True))
    ledger = in_order(source.astype(np.int32), target.astype(np.int32), amount, hour * HOUR + 1, accounts=ACCOUNTS)
    found = find_cycles(TransfersByAccount(ledger), 10 * HOUR)
    used = found.transfer.tolist()
    assert len(used) == len(set(used))


@given(count=st.integers(1, 400), mean=st.floats(1e-9, 300))
def test_nats_are_those_of_scipy_where_scipy_can_tell(count, mean):
    """Down to where its tail becomes nought; beyond, they go on rising."""
    exact = stats.poisson.sf(count - 1, max(mean, 1e-12))
    nats = float(poisson_nats(np.array([count]), np.array([mean]))[0])
    if exact > 1e-240:
        assert nats == pytest.approx(-np.log(exact), rel=1e-6, abs=1e-9)
    more = float(poisson_nats(np.array([count + 1]), np.array([mean]))[0])
    assert more >= nats - 1e-9


def test_the_names_of_the_fans():
    """The order in which they come is part of what callers know."""
    ledger = in_order(
        np.array([0], np.int32), np.array([1], np.int32), np.array([5]), np.array([HOUR + 1]), accounts=ACCOUNTS
    )
    assert [each.pattern for each in find_bursts(TransfersByAccount(ledger), [HOUR])][:2] == [FAN_IN, FAN_OUT]
