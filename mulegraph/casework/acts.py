"""What investigators do with cases: each act is an entry of the journal, and the case's state is their replay."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pyarrow.compute as pc

from mulegraph.casework.request_states import request_rows, waiting
from mulegraph.errors import UsageError
from mulegraph.journal.case_states import states
from mulegraph.journal.journal import Entry
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
    snooze_end,
)
from mulegraph.schema.acts import CASE_STATE, ENTRY, JOURNAL
from mulegraph.schema.disclosure import Each
from mulegraph.schema.results import ALARMS
from mulegraph.workspace.questions import AccountId, Word, question
from mulegraph.workspace.workspace import Workspace


@question(CASE_STATE)
def state_of(space: Workspace, case: Word) -> CaseState:
    """The state of one case."""
    return states(space.folder).get(case, CaseState())


@question(ENTRY)
def note(space: Workspace, case: Word, text: Word) -> Entry:
    """Write a note to a case."""
    if not text.strip():
        raise UsageError("the note is empty", hint="Give a text: mulegraph case note CASE TEXT")
    return _act(space, case, NOTED, text=text)


@question(ENTRY)
def assign(space: Workspace, case: Word, who: Word) -> Entry:
    """Give a case to somebody."""
    return _act(space, case, ASSIGNED, to=who)


@question(ENTRY)
def close(space: Workspace, case: Word, disposition: Word, reason: Word, *, with_open_requests: bool = False) -> Entry:
    """Close a case as confirmed, innocent or unclear; its findings are counted so in the false-alarm ledger.

    Raises UsageError where requests of it wait for an answer, unless it is to be closed `with_open_requests`.
    """
    if disposition not in DISPOSITIONS:
        expected = ", ".join(DISPOSITIONS)
        raise UsageError("--as is '{disposition}'", hint=f"Expected one of {expected}.", disposition=disposition)
    if state_of(space, case).status == CLOSED:
        raise UsageError("{case} is already closed", hint="Open it first: mulegraph case reopen", case=case)
    open_requests = waiting(request_rows(space.journal.entries()), case)
    if open_requests and not with_open_requests:
        raise UsageError(
            "{case} has {count} open request(s): {numbers}",
            hint="Answer or withdraw them, or close it --with-open-requests.",
            case=case,
            count=len(open_requests),
            numbers=", ".join(each.number for each in open_requests),
        )
    return _act(space, case, CLOSED_BY, disposition=disposition, reason=reason, findings=_findings(space, case))


@question(ENTRY)
def reopen(space: Workspace, case: Word, reason: Word) -> Entry:
    """Open a closed or snoozed case again; its findings are undecided again."""
    return _act(space, case, REOPENED, reason=reason, findings=_findings(space, case))


@question(ENTRY)
def snooze(space: Workspace, case: Word, until: Word, reason: Word) -> Entry:
    """Put a case aside until a day; then it is open again by itself."""
    if state_of(space, case).status == CLOSED:
        raise UsageError("{case} is closed", hint="Open it first: mulegraph case reopen", case=case)
    return _act(space, case, SNOOZED_BY, until=snooze_end(until), reason=reason, findings=_findings(space, case))


@question(Each(ALARMS))
def alarms(space: Workspace) -> list[dict[str, Any]]:
    """The false-alarm ledger: how the findings of each sign ended."""
    return alarm_ledger(space.journal.entries())


@question(Each(JOURNAL))
def journal_entries(
    space: Workspace, *, about: AccountId | None = None, top: int | None = None
) -> list[dict[str, Any]]:
    """What people did here, the latest first; `about` a case, or an account."""
    entries = [entry for entry in space.journal.entries() if about in (None, entry.about)]
    return [vars(entry) for entry in reversed(entries)][:top]


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
