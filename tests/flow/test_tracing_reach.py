"""A trace through the part of a ledger that it can touch is the trace through all of it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.flow.balances import find_pools
from mulegraph.flow.dated_payments import begin_of_day
from mulegraph.flow.tracing import NOBODY, Returns, Terms, bounds, bounds_in, trace, trace_all
from mulegraph.flow.tracing_reach import Part, part_of, reach_of
from tests.flow.test_tracing import balances_of, limits_of, returns_of, transfers_of
from tests.thorough import examples

ACCOUNTS = 12


def whole(moved, chosen, seen, terms, day) -> Part:
    """All of a ledger as a part of it; payments before the first day carried nothing."""
    begin = begin_of_day(int(chosen[0]), day)
    given, original = (each[terms.returns.given >= begin] for each in (terms.returns.given, terms.returns.original))
    terms = replace(terms, returns=Returns(given, np.where(original < begin, NOBODY, original)))
    back = reach_of(moved, chosen, seen, terms, day).given
    return Part(
        transfers=moved,
        chosen=chosen,
        seen=seen,
        terms=terms,
        day=day,
        carries_back=back.carries,
        position=np.arange(len(moved)),
        account=np.arange(moved.accounts),
        balance=np.arange(len(terms.pools.later.position)),
    )


def some_question(random):
    """A ledger of few payments an account, of which a trace reaches a part, and all that a trace may be told."""
    total = int(random.integers(4, 40))
    ends = random.integers(-1, ACCOUNTS, (total, 2))
    ends[(ends < 0).all(axis=1), 1] = 0
    rows = [(int(source), int(target), int(random.integers(1, 12))) for source, target in ends]
    arrived = {place: int(random.integers(1, 12)) for place in range(total) if random.random() < 0.2}
    moved = transfers_of(rows, ACCOUNTS, arrived if random.random() < 0.5 else None)
    chosen = np.unique(random.integers(0, total, random.integers(1, 4)))
    first = int(chosen[0])
    returns = {}
    for now in range(total):
        back = [each for each in range(now) if rows[each][:2] == rows[now][1::-1] and rows[now][0] != rows[now][1]]
        if back and random.random() < 0.7:
            returns[now] = int(random.choice(back))
    balances = sorted(
        (int(random.integers(first + 1, total + 1)), int(account), int(random.integers(-9, 30)))
        for account in random.integers(0, ACCOUNTS, random.integers(0, 4))
    )
    stop = set(random.integers(0, total, 3).tolist()) if random.random() < 0.5 else set()
    last, least = int(random.choice([total // 2, 10**9])), int(random.choice([0, 0, 3]))
    terms = Terms(
        find_pools(moved, first, balances=balances_of(balances)),
        returns_of(returns),
        limits_of(rows, stop, last, least),
    )
    return moved, chosen, random.random(ACCOUNTS) < 0.8, terms


@examples(150)
@given(seed=st.integers(0, 2**62))
def test_a_trace_reads_only_what_it_can_touch_and_finds_the_same(seed):
    """Accounts, sums, steps, kinds and bounds, on ledgers with cash, unseen accounts, balances, returns and days."""
    random = np.random.default_rng(seed)
    smaller = 0
    for _ in range(20):
        moved, chosen, seen, terms = some_question(random)
        day = np.sort(random.integers(-1, 6, len(moved))) if random.random() < 0.5 else np.zeros(0, np.int64)

        found = trace(moved, chosen, seen, terms)

        expected = trace_all(moved, chosen, seen, terms)
        for each in fields(found):
            assert np.array_equal(getattr(found, each.name), getattr(expected, each.name)), each.name
        unsure = random.random(ACCOUNTS) < 0.3
        between = bounds(moved, chosen, seen, found, terms, day=day, unsure=unsure)
        of_all = bounds_in(whole(moved, chosen, seen, terms, day), expected, unsure)
        part = part_of(moved, chosen, seen, terms, day)
        assert np.array_equal(between.lowest[part.account], of_all.lowest[part.account])
        assert np.array_equal(between.highest, of_all.highest)
        smaller += len(part.position) < len(moved) - chosen[0]
    assert smaller > 0
