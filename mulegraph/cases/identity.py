"""Which of tonight's cases is which of the nights before: the same case keeps its id."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import count

import pyarrow as pa

Members = Mapping[str, frozenset[str]]
"""Accounts by case id."""


def members_of(cases: pa.Table) -> dict[str, frozenset[str]]:
    """Accounts by case of a run."""
    return {
        case: frozenset(accounts)
        for case, accounts in zip(cases["case"].to_pylist(), cases["accounts"].to_pylist(), strict=True)
    }


def match_previous(cases: pa.Table, earlier: Iterable[pa.Table]) -> pa.Table:
    """The same cases under the ids that they had in earlier runs, the latest first; new ones keep their own.

    A case is an earlier one when they share at least half of the smaller one's accounts; where several do, the
    pair that shares most is that case, and the others are new.
    """
    before: dict[str, frozenset[str]] = {}
    for table in earlier:
        for case, accounts in members_of(table).items():
            before.setdefault(case, accounts)
    now = members_of(cases)
    given: dict[str, str] = {}
    for _, old, new in sorted((-shared, old, new) for old, new, shared in overlapping_cases(before, now)):
        if new not in given and old not in given.values():
            given[new] = old
    taken = set(before)
    names = []
    for case in cases["case"].to_pylist():
        name = given.get(case) or next(each for each in _names(case) if each not in taken)
        taken.add(name)
        names.append(name)
    return cases.set_column(cases.schema.get_field_index("case"), "case", pa.array(names, pa.string()))


def overlapping_cases(before: Members, now: Members) -> list[tuple[str, str, int]]:
    """Pairs (earlier case, later case, accounts that they share) of those that share half of the smaller one."""
    homes: dict[str, list[str]] = defaultdict(list)
    for case, accounts in before.items():
        for account in accounts:
            homes[account].append(case)
    shared: dict[tuple[str, str], int] = defaultdict(int)
    for case, accounts in now.items():
        for account in accounts:
            for home in homes.get(account, ()):
                shared[home, case] += 1
    return [
        (old, new, number)
        for (old, new), number in shared.items()
        if 2 * number >= min(len(before[old]), len(now[new]))
    ]


def _names(case: str) -> Iterable[str]:
    """The case's own name, then others made of it: an older case may carry it already."""
    yield case
    for number in count(1):
        yield "CASE-" + hashlib.blake2b(f"{case} {number}".encode(), digest_size=4).hexdigest()
