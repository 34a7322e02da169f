"""Evidence of findings as arrays: what the fast kernels count is what one counts by hand."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mulegraph.cases.evidence import MANY_PAYERS, distinct_pairs, read_evidence
from mulegraph.cases.innocent.recurring_path import MAX_MEETINGS, MIN_APART, most_alike
from mulegraph.cases.shares import MAX_WITHIN, find_shares
from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.read_transfers import read_transfers
from mulegraph.flow.transfers import DAY, Transfers
from mulegraph.schema.findings import FINDINGS
from tests.drawing import accounts_of
from tests.drawing import transfers_of as drawn

ACCOUNTS, DAYS = 5, 40
moves = st.lists(
    st.tuples(
        st.integers(-1, ACCOUNTS - 1),
        st.integers(-1, ACCOUNTS - 1),
        st.integers(95, 106),
        st.integers(0, DAYS * 4),
    ).filter(lambda each: each[0] >= 0 or each[1] >= 0),
    min_size=1,
    max_size=40,
)


def transfers_of(rows: list[tuple[int, int, int, int]]) -> Transfers:
    """Transfers in order of time; times are quarters of a day."""
    ordered = sorted(rows, key=lambda each: each[3])
    source, target, amount, quarter = (np.array(each) for each in zip(*ordered, strict=True))
    at = quarter * (DAY // 4)
    row = np.arange(len(ordered), dtype=np.int32)
    return Transfers(row, source.astype(np.int32), target.astype(np.int32), amount, at, ACCOUNTS, DAY // 4)


@given(rows=st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 3)), max_size=30))
@settings(deadline=None)
def test_distinct_pairs_are_those_of_a_set(rows):
    """Each once, in the order in which they first stand."""
    rows = sorted(rows, key=lambda each: each[0])
    group, value = (np.array([row[place] for row in rows], np.int64) for place in (0, 1))

    found = distinct_pairs(group, value, 4)

    assert list(zip(*(each.tolist() for each in found), strict=True)) == list(dict.fromkeys(rows))


@settings(deadline=None)
@given(rows=moves, seed=st.integers(0, 99))
def test_what_recurs_is_counted_as_by_hand(rows, seed):
    """For each finding, the most of its transfers that recur by one number of days, a day more or less."""
    moved = transfers_of(rows)
    random = np.random.default_rng(seed)
    of = np.sort(random.integers(0, 3, 12))
    position = np.concatenate(
        [random.choice(len(moved), min((of == each).sum(), len(moved)), replace=False) for each in range(3)]
    )
    of = np.concatenate([np.full(min((of == each).sum(), len(moved)), each) for each in range(3)])

    best = most_alike(moved, moved, of, position, 3)

    pairs = list(zip(moved.source.tolist(), moved.target.tolist(), strict=True))
    for finding in range(3):
        met: dict[int, set[int]] = defaultdict(set)
        for each in position[of == finding].tolist():
            same = [other for other in range(len(moved)) if pairs[other] == pairs[each]]
            for other in same if len(same) <= MAX_MEETINGS else []:
                apart = int(moved.at[other] - moved.at[each])
                if abs(apart) >= MIN_APART:
                    days = round(apart / DAY)
                    for day in (days - 1, days, days + 1):
                        met[day].add(each)
        assert best[finding] == max(map(len, met.values()), default=0)


@settings(deadline=None)
@given(rows=moves, subject=st.integers(0, ACCOUNTS - 1), firms=st.lists(st.booleans(), min_size=5, max_size=5))
def test_equal_shares_that_go_on_to_firms_are_found_as_by_hand(rows, subject, firms):
    """Largest over smallest of what came in; every large payment until three days after the last goes to a firm."""
    moved = transfers_of(rows)
    sides = TransfersByAccount(moved)
    received = np.flatnonzero((moved.target == subject) & (moved.source != subject))
    found = find_shares(
        sides, np.zeros(len(received), np.int64), received, np.array([subject]), np.array([True]), np.array(firms)
    )
    if not len(received):
        assert not found.equal[0] and not found.paid_on[0] and found.spread[0] == np.inf
        return
    amounts, times = moved.amount[received], moved.at[received]
    assert found.spread[0] == amounts.max() / amounts.min()
    paid = [
        each
        for each in range(len(moved))
        if moved.source[each] == subject != moved.target[each]
        and times.min() <= moved.at[each] <= times.max() + MAX_WITHIN
    ]
    large = [each for each in paid if 2 * moved.amount[each] >= max(moved.amount[each] for each in paid)]
    expected = bool(large) and all(moved.target[each] >= 0 and firms[moved.target[each]] for each in large)
    assert bool(found.paid_on[0]) == (expected and bool(found.equal[0]))


def test_a_personal_account_is_no_shop_however_many_pay_it(ledger_of):
    """A till is one whoever pays it, a firm from fifty payers up, a person never: launderers are paid, too."""
    pay = "".join(
        f"c{n} {name} 10 {1 + n % 20}+{8 + n % 12}:00\n" for n in range(MANY_PAYERS) for name in ("me", "firm")
    )
    pay += "c1 till 10 3+9:00\nc1 small 10 3+10:00\n"
    kinds = {"me": "personal", "firm": "business", "till": "merchant", "small": "business"}
    ledger = ledger_of(pay, accounts=accounts_of(drawn(pay), **{name: {"kind": kind} for name, kind in kinds.items()}))

    evidence = read_evidence(FINDINGS.empty(), ledger, TransfersByAccount(read_transfers(ledger)))

    shops = {name for name, is_one in zip(ledger.account_ids.to_pylist(), evidence.paid_by_many, strict=True) if is_one}
    assert shops == {"firm", "till"}
