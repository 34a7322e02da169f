"""What people decided about cases: the replay of the journal, and the false-alarm ledger that it makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from mulegraph.errors import UsageError
from mulegraph.journal.journal import Entry

OPEN = "open"
SNOOZED = "snoozed"
CLOSED = "closed"
CONFIRMED, INNOCENT, UNCLEAR = DISPOSITIONS = ("confirmed", "innocent", "unclear")
NOTED = "noted"
ASSIGNED = "assigned"
CLOSED_BY = "closed"
REOPENED = "reopened"
SNOOZED_BY = "snoozed"
OPENED = "opened"
WOKEN = "woken"
DISPOSED = "disposed"
HELD, LIFTED = "held", "lifted"
ADDED = "added"
REMOVED = "removed"
MERGED = "merged"
SPLIT = "split"
REQUESTED = "requested"
SENT = "sent"
WITHDRAWN = "withdrawn"
REPLIED = "replied"


@dataclass
class CaseState:
    """A case as its investigators left it; `notes`, `requests` and `replies` stand oldest first.

    `opened_with` are payments that somebody opened it with; `woken` says what came to it after it was closed or
    snoozed; `disposed` are accounts decided one by one; `known_findings` are those that it had then, and `watched` its
    payments, and the accounts on which their money was then.
    `added` and `removed` are accounts that somebody put in or took out, `left_out` payments that became another case.
    """

    status: str = OPEN
    assignee: str | None = None
    disposition: str | None = None
    snoozed_until: str | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    replies: list[dict[str, Any]] = field(default_factory=list)
    opened_with: list[str] = field(default_factory=list)
    woken: list[dict[str, Any]] = field(default_factory=list)
    disposed: dict[str, str] = field(default_factory=dict)
    known_findings: list[str] | None = None
    watched: dict[str, Any] | None = None
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    merged_into: str | None = None


def replay(entries: Iterable[Entry], *, today: date | None = None) -> dict[str, CaseState]:
    """State by case from the journal's entries, in order; a snooze that has run out leaves a case open."""
    states: dict[str, CaseState] = defaultdict(CaseState)
    for entry in entries:
        if entry.about.startswith("CASE-"):
            _apply(states[entry.about], entry)
    now = (today or datetime.now(UTC).date()).isoformat()
    for state in states.values():
        if state.status == SNOOZED and (state.snoozed_until or "") <= now:
            state.status, state.snoozed_until = OPEN, None
    return dict(states)


def _apply(state: CaseState, entry: Entry) -> None:
    facts = entry.facts
    if entry.what in (CLOSED_BY, SNOOZED_BY):
        state.known_findings = sorted(each for found in facts["findings"].values() for each in found)
        state.watched = facts.get("watched")
    told = {"at": entry.at, "who": entry.who, **{name: value for name, value in facts.items() if name != "command"}}
    if entry.what == NOTED:
        state.notes.append(told)
    elif entry.what == ASSIGNED:
        state.assignee = facts["to"]
    elif entry.what == CLOSED_BY:
        state.status = CLOSED
        state.disposition = facts["disposition"]
        state.snoozed_until = None
    elif entry.what == REOPENED:
        state.status = OPEN
        state.merged_into = None
        state.disposition = None
        state.snoozed_until = None
    elif entry.what == SNOOZED_BY:
        state.status, state.snoozed_until = SNOOZED, facts["until"]
    elif entry.what == OPENED:
        state.status = OPEN
        state.disposition = None
        state.snoozed_until = None
        state.merged_into = None
        state.opened_with += [each for each in facts["payments"] if each not in state.opened_with]
    elif entry.what in (ADDED, REMOVED):
        _reshaped(state, entry.what, facts)
    elif entry.what == SPLIT:
        state.left_out += [each for each in facts["payments"] if each not in state.left_out]
        state.opened_with = [each for each in state.opened_with if each not in state.left_out]
    elif entry.what == MERGED:
        state.status = CLOSED
        state.disposition = None
        state.merged_into = facts["into"]
    elif entry.what == WOKEN:
        state.status = OPEN
        state.disposition = None
        state.snoozed_until = None
        state.woken.append(told)
    elif entry.what == DISPOSED:
        state.disposed[facts["account"]] = facts["disposition"]
    elif entry.what == REQUESTED:
        state.requests.append(told)
    elif entry.what == REPLIED:
        state.replies.append(told)


def _reshaped(state: CaseState, what: str, facts: dict[str, Any]) -> None:
    """Accounts and payments that come into a case, or accounts that leave it; the last word counts."""
    joins, leaves = (state.added, state.removed) if what == ADDED else (state.removed, state.added)
    for account in facts["accounts"]:
        if account in leaves:
            leaves.remove(account)
        if account not in joins:
            joins.append(account)
    for payment in facts.get("payments", ()):
        if payment in state.left_out:
            state.left_out.remove(payment)
        if payment not in state.opened_with:
            state.opened_with.append(payment)


def alarm_ledger(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """By sign, how its findings ended: confirmed, innocent, unclear, and how often one was snoozed.

    A finding counts as it was last decided, also where its case was decided twice.
    """
    decided: dict[tuple[str, str], str] = {}
    snoozed: dict[str, int] = defaultdict(int)
    for entry in entries:
        for sign, findings in entry.facts.get("findings", {}).items() if entry.what in _DECIDING else ():
            if entry.what == SNOOZED_BY:
                snoozed[sign] += len(findings)
            for finding in findings if entry.what != SNOOZED_BY else ():
                decided[sign, finding] = entry.facts.get("disposition", "")
    signs = sorted({sign for sign, _ in decided} | set(snoozed))
    rows = []
    for sign in signs:
        ends = [end for (of, _), end in decided.items() if of == sign]
        counts = {each: ends.count(each) for each in DISPOSITIONS}
        known = counts[CONFIRMED] + counts[INNOCENT]
        false = counts[INNOCENT] / known if known else None
        rows.append({"sign": sign, **counts, "snoozed": snoozed[sign], "false_share": false})
    return rows


_DECIDING = (CLOSED_BY, SNOOZED_BY, REOPENED)


def snooze_end(until: str) -> str:
    """A day in the future as ISO text. Raises UsageError for anything else."""
    try:
        day = date.fromisoformat(until)
    except ValueError:
        raise UsageError("--until is '{until}'", hint="Expected a day such as 2026-12-31.", until=until) from None
    if day <= datetime.now(UTC).date():
        raise UsageError("--until is {until}, which is not in the future", hint="Give a later day.", until=until)
    return day.isoformat()
