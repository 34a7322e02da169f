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
    made = {}
    for case, accounts in zip(cases["case"].to_pylist(), cases["accounts"].to_pylist(), strict=True):
        made[case] = frozenset(accounts)
    return made


def match_previous(
    cases: pa.Table, earlier: Iterable[pa.Table], opened: Members | None = None, gone: frozenset[str] = frozenset()
) -> pa.Table:
    """The same cases under the ids that they had in earlier runs, the latest first; new ones keep their own.

    A case is its seeds: the payments that it began with. It is the earlier case, or the one that somebody `opened`
    (payments by case), with which it shares most of them; of several the others are new. What is around the seeds may
    grow and shrink. Where either has no seeds, such as a case of shared devices, half of the smaller one's accounts
    must be the same. Ids in `gone` are never given again: these cases became part of others.
    """
    seeds: dict[str, frozenset[str]] = dict(opened or {})
    before: dict[str, frozenset[str]] = {}
    for table in earlier:
        for case, accounts in members_of(table).items():
            if case not in gone:
                before.setdefault(case, accounts)
        for case, payments in seeds_of(table).items():
            if case not in gone:
                seeds.setdefault(case, payments)
    now, now_seeds = members_of(cases), seeds_of(cases)
    called = frozenset(opened or {})
    given: dict[str, str] = {}
    by_seed = [(old not in called, -shared, old, new) for old, new, shared in _sharing(seeds, now_seeds)]
    loose = []
    for old, new, shared in overlapping_cases(before, now):
        if not (seeds.get(old) and now_seeds[new]):
            loose.append((old not in called, -shared, old, new))
    for _, _, old, new in [*sorted(by_seed), *sorted(loose)]:
        if new not in given and old not in given.values():
            given[new] = old
    taken = set(before) | called | gone
    names = []
    for case in cases["case"].to_pylist():
        name = given.get(case) or next(each for each in _names(case) if each not in taken)
        taken.add(name)
        names.append(name)
    return cases.set_column(cases.schema.get_field_index("case"), "case", pa.array(names, pa.string()))


def seeds_of(cases: pa.Table) -> dict[str, frozenset[str]]:
    """Seeds by case of a run; none for those of an earlier version."""
    if "seeds" not in cases.column_names:
        return {}
    pairs = zip(cases["case"].to_pylist(), cases["seeds"].to_pylist(), strict=True)
    return {case: frozenset(seeds or ()) for case, seeds in pairs}


def closest_of(cases: pa.Table, begins: Members) -> dict[str, str]:
    """By case of a run the one that begins with most of the same payments, the first by name where two have as many."""
    found: dict[str, tuple[int, str]] = {}
    for old, new, shared in _sharing(begins, seeds_of(cases)):
        found[new] = min(found.get(new, (0, "")), (-shared, old))
    return {case: found[case][1] for case in cases["case"].to_pylist() if case in found}


def _sharing(before: Members, now: Members) -> list[tuple[str, str, int]]:
    """Pairs (earlier case, later case, members that they share) of those that share any."""
    homes: dict[str, list[str]] = defaultdict(list)
    for case, members in before.items():
        for member in members:
            homes[member].append(case)
    shared: dict[tuple[str, str], int] = defaultdict(int)
    for case, members in now.items():
        for member in members:
            for home in homes.get(member, ()):
                shared[home, case] += 1
    return [(old, new, number) for (old, new), number in shared.items()]


def overlapping_cases(before: Members, now: Members) -> list[tuple[str, str, int]]:
    """Pairs (earlier case, later case, accounts that they share) of those that share half of the smaller one."""
    made = []
    for old, new, number in _sharing(before, now):
        if 2 * number >= min(len(before[old]), len(now[new])):
            made.append((old, new, number))
    return made


def _names(case: str) -> Iterable[str]:
    """The case's own name, then others made of it: an older case may carry it already."""
    yield case
    for number in count(1):
        yield "CASE-" + hashlib.blake2b(f"{case} {number}".encode(), digest_size=4).hexdigest()
