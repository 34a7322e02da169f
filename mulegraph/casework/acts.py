"""What investigators do with cases: each act is an entry of the journal, and the case's state is their replay."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.identity import changes, members_of
from mulegraph.errors import UsageError
from mulegraph.journal.journal import Entry, Journal
from mulegraph.journal.state import (
    ASSIGNED,
    CLOSED,
    CLOSED_BY,
    DISPOSITIONS,
    NOTED,
    REOPENED,
    SNOOZED_BY,
    CaseState,
    alarm_ledger,
    replay,
    snooze_end,
)
from mulegraph.workspace.run import Runs

if TYPE_CHECKING:
    from mulegraph.workspace.workspace import Workspace

STATE_FILE = "graph.journal"
"""Beside the graph: the last entry about a case whose effect is in it."""


def states(folder: Path) -> dict[str, CaseState]:
    """State by case; cases that nobody touched are not in it."""
    return replay(Journal(folder).entries())


def state_of(space: Workspace, case: str) -> CaseState:
    """The state of one case."""
    return states(space.folder).get(case, CaseState())


def told(space: Workspace, case: str) -> dict[str, Any]:
    """The state of one case as it may be shown."""
    return space.masked(asdict(state_of(space, case)))


def with_state(cases: pd.DataFrame, found: dict[str, CaseState]) -> pd.DataFrame:
    """The listing with `status`, `assignee`, `disposition` and `snoozed_until` added."""
    of = [found.get(case, CaseState()) for case in cases["case"]]
    columns = ("status", "assignee", "disposition", "snoozed_until")
    return cases.assign(**{name: pd.Series([getattr(state, name) for state in of], dtype=object) for name in columns})


def note(space: Workspace, case: str, text: str) -> Entry:
    """Write a note to a case."""
    if not text.strip():
        raise UsageError("the note is empty", hint="Say something: mulegraph case note CASE TEXT")
    return _act(space, case, NOTED, text=text)


def assign(space: Workspace, case: str, who: str) -> Entry:
    """Give a case to somebody."""
    return _act(space, case, ASSIGNED, to=who)


def close(space: Workspace, case: str, disposition: str, reason: str) -> Entry:
    """Close a case as confirmed, innocent or unclear; its findings are counted so in the false-alarm ledger."""
    if disposition not in DISPOSITIONS:
        raise UsageError(f"--as is '{disposition}'", hint="Expected one of " + ", ".join(DISPOSITIONS) + ".")
    if state_of(space, case).status == CLOSED:
        raise UsageError(f"{case} is closed already", hint="Open it first: mulegraph case reopen")
    return _act(space, case, CLOSED_BY, disposition=disposition, reason=reason, findings=_findings(space, case))


def reopen(space: Workspace, case: str, reason: str) -> Entry:
    """Open a closed or snoozed case again; its findings are undecided again."""
    return _act(space, case, REOPENED, reason=reason, findings=_findings(space, case))


def snooze(space: Workspace, case: str, until: str, reason: str) -> Entry:
    """Put a case aside until a day; then it is open again by itself."""
    if state_of(space, case).status == CLOSED:
        raise UsageError(f"{case} is closed", hint="Open it first: mulegraph case reopen")
    return _act(space, case, SNOOZED_BY, until=snooze_end(until), reason=reason, findings=_findings(space, case))


def alarms(space: Workspace) -> list[dict[str, Any]]:
    """The false-alarm ledger: how the findings of each sign ended."""
    return alarm_ledger(space.journal.entries())


def difference(space: Workspace, before: str | None, now: str | None) -> list[dict[str, Any]]:
    """What became of cases between two runs, by default the last two."""
    runs = Runs(space.folder)
    names = [run.name for run in runs.all()]
    if before is None or now is None:
        if len(names) < 2:
            raise UsageError("there are no two runs to compare yet", hint="Run: mulegraph scan")
        before, now = names[-2], names[-1]
    tables = [runs.named(name).table("cases") for name in (before, now)]
    return space.masked(changes(*map(members_of, tables)))


def marked(folder: Path, findings: pa.Table | None, cases: pa.Table | None) -> tuple[pa.Table | None, pa.Table | None]:
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


def graph_mark(folder: Path) -> str:
    """Number of the last entry about a case, to be kept beside a graph that holds its effect."""
    return str(max((entry.number for entry in Journal(folder).entries() if entry.about.startswith("CASE-")), default=0))


def _act(space: Workspace, case: str, what: str, **facts: Any) -> Entry:
    """An entry about a case that the latest run or the journal knows."""
    known = space.run.table("cases")["case"]
    if case not in known.to_pylist() and case not in states(space.folder):
        space.case(case)  # raises, with the closest names
    return space.journal.append(what, case, **facts)


def _findings(space: Workspace, case: str) -> dict[str, list[str]]:
    """Ids of a case's findings by sign; none for a case that has gone quiet."""
    cases, found = space.run.table("cases"), defaultdict(list)
    rows = cases.filter(pc.equal(cases["case"], case))
    for finding in (each for members in rows["findings"].to_pylist() for each in members):
        found[finding.partition("-")[0]].append(finding)
    return dict(found)
