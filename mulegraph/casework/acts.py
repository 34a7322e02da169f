"""What investigators do with cases: each act is an entry of the journal, and the case's state is their replay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pyarrow.compute as pc

from mulegraph.cases.identity import seeds_of
from mulegraph.casework.case_money import case_trace, rightly_reported
from mulegraph.casework.one_currency import check_currency
from mulegraph.casework.request_states import request_rows, waiting
from mulegraph.errors import UsageError
from mulegraph.journal.case_states import Watch, states
from mulegraph.journal.journal import Entry
from mulegraph.journal.proposals import propose
from mulegraph.journal.state import (
    ASSIGNED,
    CLOSED,
    CLOSED_BY,
    DISPOSED,
    DISPOSITIONS,
    INNOCENT,
    NOTED,
    OPENED,
    REOPENED,
    SNOOZED_BY,
    CaseState,
    alarm_ledger,
    snooze_end,
)
from mulegraph.schema.acts import CASE_STATE, ENTRY, JOURNAL
from mulegraph.schema.choices import ACCOUNT_DISPOSITIONS
from mulegraph.schema.disclosure import Each
from mulegraph.schema.results import ALARMS
from mulegraph.workspace.listing import stamp
from mulegraph.workspace.listings import all_cases
from mulegraph.workspace.opened import case_id
from mulegraph.workspace.questions import AccountId, Moment, Word, question
from mulegraph.workspace.trace_payments import PaymentsOf, payments_to_trace
from mulegraph.workspace.watched_money import MoneyWatch
from mulegraph.workspace.workspace import Workspace


@question(CASE_STATE)
def state_of(space: Workspace, case: Word) -> CaseState:
    """The state of one case."""
    return states(space.folder).get(case, CaseState())


@question(ENTRY)
def open_case(
    space: Workspace,
    payments: Sequence[Word] = (),
    *,
    report: Word | None = None,
    account: AccountId | None = None,
    since: Moment = None,
) -> Entry:
    """Open a case on what somebody told: a report, payments, or all that an account paid since a moment.

    Where a case has one of these payments among its own, they join it, and it is open again if it was not. Raises
    UsageError for payments that the ledger does not hold, or of several currencies, alone or with those of the case.
    """
    if account is not None:
        space.check_account(account)
    reports = [report] if report is not None else []
    mine = PaymentsOf(account, stamp(since)) if account is not None else None
    chosen = payments_to_trace(space.ledger, payments, reports=reports, of=mine)
    if report is not None and not rightly_reported(space, chosen):
        raise UsageError(
            "report '{report}' is of somebody who did not make its payment: whoever paid was not asked",
            hint="Correct the report, or open the case on the payment itself: --payment {payment}",
            report=report,
            payment=chosen[0],
        )
    space.trace(chosen)  # raises for what cannot be traced, before anything is written
    homes = seeds_of(all_cases(space))
    shared = {case: len(seeds & set(chosen)) for case, seeds in homes.items() if seeds & set(chosen)}
    case = min(shared, key=lambda each: (-shared[each], each)) if shared else case_id(chosen)
    if shared:
        check_currency(space, case, chosen)
    return space.journal.append(OPENED, case, payments=chosen, report=report, account=account)


@question(ENTRY)
def dispose(space: Workspace, case: Word, account: AccountId, disposition: Word, reason: Word) -> Entry:
    """Decide on one account of a case: guilty, innocent or victim. Raises UsageError for one that is not in it."""
    if disposition not in ACCOUNT_DISPOSITIONS:
        expected = ", ".join(ACCOUNT_DISPOSITIONS)
        raise UsageError("--as is '{disposition}'", hint=f"Expected one of {expected}.", disposition=disposition)
    found = space.case(case)
    if account not in found.row["accounts"] and account not in case_trace(space, case).reached:
        raise UsageError(
            "account '{account}' is not in {case}", hint="See: mulegraph case show {case}", account=account, case=case
        )
    return space.journal.append(DISPOSED, case, account=account, disposition=disposition, reason=reason)


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

    Raises UsageError where requests of it wait for an answer, unless it is to be closed `with_open_requests`. Where
    closing needs two people, it is proposed, and the case stays open.
    """
    if disposition not in DISPOSITIONS:
        expected = ", ".join(DISPOSITIONS)
        raise UsageError("--as is '{disposition}'", hint=f"Expected one of {expected}.", disposition=disposition)
    check_close(space, case, with_open_requests=with_open_requests)
    if "close" in space.settings.casework.two_people:
        _check_known(space, case)
        facts = {"disposition": disposition, "reason": reason, "with_open_requests": with_open_requests}
        return propose(space.journal, case, "close", **facts)
    return write_close(space, case, disposition, reason)


def check_close(space: Workspace, case: str, *, with_open_requests: bool) -> None:
    """Raise UsageError for a case that is closed, or whose requests wait for an answer, unless that is wanted."""
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


def write_close(space: Workspace, case: str, disposition: str, reason: str, proposed_by: str = "") -> Entry:
    """Put on record that a case is closed."""
    facts = {"disposition": disposition, "reason": reason, "findings": _findings(space, case)}
    # An innocent holder may pay what he likes: it is no news.
    watched = {} if disposition == INNOCENT else _watched(space, case)
    return _act(space, case, CLOSED_BY, **facts, **watched, proposed_by=proposed_by)


@question(ENTRY)
def reopen(space: Workspace, case: Word, reason: Word) -> Entry:
    """Open a closed or snoozed case again; its findings are undecided again."""
    return _act(space, case, REOPENED, reason=reason, findings=_findings(space, case))


@question(ENTRY)
def snooze(space: Workspace, case: Word, until: Word, reason: Word) -> Entry:
    """Put a case aside until a day; then it is open again by itself."""
    if state_of(space, case).status == CLOSED:
        raise UsageError("{case} is closed", hint="Open it first: mulegraph case reopen", case=case)
    facts = {"until": snooze_end(until), "reason": reason, "findings": _findings(space, case)}
    return _act(space, case, SNOOZED_BY, **facts, **_watched(space, case))


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
    _check_known(space, case)
    return space.journal.append(what, case, **facts)


def _check_known(space: Workspace, case: str) -> None:
    known = space.run.table("cases")["case"]
    if case not in known.to_pylist() and case not in states(space.folder):
        space.case(case)  # raises, with the closest names


def _watched(space: Workspace, case: str) -> dict[str, Watch]:
    """The accounts on which a case's money may still be: when it leaves one, a scan opens the case again."""
    _check_known(space, case)
    try:
        chosen = case_trace(space, case).chosen
    except UsageError:  # many cases have no payment to trace: these wake by what signs find
        return {}
    state = state_of(space, case)
    let_go = [*state.removed, *(name for name, how in state.disposed.items() if how in (INNOCENT, "victim"))]
    found = MoneyWatch(lambda: space.traceable, space.settings.trace).begin(chosen, but=let_go)
    return {} if found is None else {"watched": found}


def _findings(space: Workspace, case: str) -> dict[str, list[str]]:
    """Ids of a case's findings by sign; none for a case that has gone quiet."""
    cases, found = all_cases(space), defaultdict(list)
    rows = cases.filter(pc.equal(cases["case"], case))
    for finding in (each for members in rows["findings"].to_pylist() for each in members):
        found[finding.partition("-")[0]].append(finding)
    return dict(found)
