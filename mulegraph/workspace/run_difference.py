"""What changed between two runs: cases that are new, have grown, shrunk, merged, split, or gone quiet."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from mulegraph.cases.identity import Members, members_of, overlapping_cases
from mulegraph.errors import UsageError
from mulegraph.schema.disclosure import Each
from mulegraph.schema.results import CHANGES
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.questions import Word, question
from mulegraph.workspace.run import Runs

NEW = "new"
GROWN = "grown"
SHRUNK = "shrunk"
SAME = "same"
MERGED = "merged"
SPLIT = "split"
QUIET = "quiet"


@question(Each(CHANGES))
def difference(space: WorkspaceBase, before: Word | None = None, now: Word | None = None) -> list[dict[str, Any]]:
    """What became of cases between two runs, by default the last two."""
    runs = Runs(space.folder)
    names = [run.name for run in runs.all()]
    if before is None or now is None:
        if len(names) < 2:
            raise UsageError("there are no two runs to compare yet", hint="Run: mulegraph scan")
        before, now = names[-2], names[-1]
    tables = [runs.named(name).table("cases") for name in (before, now)]
    return changes(*map(members_of, tables))


def changes(before: Members, now: Members) -> list[dict[str, object]]:
    """What became of each case: `case, change, accounts, joined, left, others`; quiet ones are of the earlier run.

    `others` are the earlier cases that merged into it, or the later ones that it split into.
    """
    parents, children = defaultdict(set), defaultdict(set)
    for old, new, _ in overlapping_cases(before, now):
        parents[new].add(old)
        children[old].add(new)
    rows = []
    named: set[str] = set()
    for case, accounts in now.items():
        joined, gone = (
            sorted(accounts - before.get(case, frozenset())),
            sorted(before.get(case, frozenset()) - accounts),
        )
        # Cases of one night may share accounts, so only ids that came or went say that one became several.
        absorbed = sorted(old for old in parents[case] if old != case and old not in now)
        offspring = sorted(new for new in children[case] if new != case and new not in before)
        origins = sorted(old for old in parents[case] if old in now)
        if absorbed and case in before:
            change, others = MERGED, absorbed
        elif case in before:
            change, others = (SPLIT, offspring) if offspring else (_size(joined, gone), [])
        else:
            change, others = (SPLIT, origins) if origins else (NEW, [])
        named.update(others)
        rows.append(_row(case, change, accounts, joined, gone, others))
    # A new case may have accounts of a lost one and another beginning: whoever is not named by any is quiet.
    for case, accounts in before.items():
        if case not in now and case not in named:
            rows.append(_row(case, QUIET, accounts, [], [], []))
    return rows


def _size(joined: list[str], gone: list[str]) -> str:
    return GROWN if joined else SHRUNK if gone else SAME


def _row(
    case: str, change: str, accounts: frozenset[str], joined: list[str], gone: list[str], others: list[str]
) -> dict[str, object]:
    return {
        "case": case,
        "change": change,
        "accounts": sorted(accounts),
        "joined": joined,
        "left": gone,
        "others": others,
    }
