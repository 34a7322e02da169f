"""What people decided about cases, as listings and graphs hold it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from mulegraph.journal.journal import Journal
from mulegraph.journal.state import OPEN, WOKEN, CaseState, replay
from mulegraph.lazy import pandas as pd
from mulegraph.schema.findings import Role

Watch = dict[str, Any]
"""What a case that was put aside waits for: on which `accounts` the money of its `payments` was, and by which payments
it had left them (`transfers`); `rows` counts what the ledger said of these accounts."""


class Left(NamedTuple):
    """Money that left accounts which a case watches, at most, by currency; and by what payments."""

    amounts: dict[str, str]
    payments: list[str]


def states(folder: Path) -> dict[str, CaseState]:
    """State by case; cases that nobody touched are not in it."""
    return replay(Journal(folder).entries())


def opened_with(folder: Path) -> dict[str, list[str]]:
    """Payments by case of cases that somebody opened."""
    return {case: state.opened_with for case, state in states(folder).items() if state.opened_with}


def with_state(cases: pd.DataFrame, found: dict[str, CaseState]) -> pd.DataFrame:
    """The listing with `status`, `assignee`, `disposition` and `snoozed_until` added."""
    of = [found.get(case, CaseState()) for case in cases["case"]]
    columns = ("status", "assignee", "disposition", "snoozed_until")
    return cases.assign(**{name: pd.Series([getattr(state, name) for state in of], dtype=object) for name in columns})


def with_decisions(
    folder: Path, findings: pa.Table | None, cases: pa.Table | None
) -> tuple[pa.Table | None, pa.Table | None]:
    """Findings and cases for the graph, with what people decided."""
    if findings is None or cases is None:
        return findings, cases
    found = states(folder)
    of = [found.get(case, CaseState()) for case in cases["case"].to_pylist()]
    for name in ("status", "assignee", "disposition"):
        cases = cases.append_column(name, pa.array([getattr(state, name) for state in of], pa.string()))
    ends: dict[str, str | None] = {}
    for members, state in zip(cases["findings"].to_pylist(), of, strict=True):
        ends.update(dict.fromkeys(members, state.disposition))
    decided = pa.array([ends.get(each) for each in findings["finding"].to_pylist()], pa.string())
    return findings.append_column("disposition", decided), cases


def last_decision(folder: Path) -> str:
    """Number of the last entry about a case, to be kept beside a graph that holds its effect."""
    return str(max((entry.number for entry in Journal(folder).entries() if entry.about.startswith("CASE-")), default=0))


def reshaped(row: dict[str, Any], state: CaseState) -> dict[str, Any]:
    """The row of a case with what people put into it and took out of it."""
    gone = set(state.removed)
    roles = {name: role for name, role in zip(row["accounts"], row["roles"], strict=True) if name not in gone}
    roles |= {name: str(Role.NAMED) for name in state.added if name not in roles}
    seeds = {*(row["seeds"] or ()), *state.opened_with} - set(state.left_out)
    return {**row, "accounts": sorted(roles), "roles": [roles[name] for name in sorted(roles)], "seeds": sorted(seeds)}


def wake(folder: Path, run: str, cases: pa.Table, moved: Callable[[Watch, CaseState], Left]) -> list[str]:
    """Open closed and snoozed cases to which a run brought findings that they did not have, or whose money moved on.

    `moved` says what left the accounts that a case watches, by what payments. Gives the ids of the cases. What came is
    in the journal, so that a closed case never grows unseen.
    """
    woken = []
    members = dict(zip(cases["case"].to_pylist(), cases["findings"].to_pylist(), strict=True))
    for case, state in sorted(states(folder).items()):
        if state.status == OPEN or state.known_findings is None or state.merged_into:
            continue
        fresh: dict[str, list[str]] = defaultdict(list)
        for each in sorted(set(members.get(case, ())) - set(state.known_findings)):
            fresh[each.partition("-")[0]].append(each)
        left = moved(state.watched, state) if state.watched else Left({}, [])
        if fresh or left.amounts:
            facts: dict[str, Any] = {"left": left.amounts, "payments": left.payments} if left.amounts else {}
            Journal(folder).append(WOKEN, case, run=run, findings=dict(fresh), **facts)
            woken.append(case)
    return woken
