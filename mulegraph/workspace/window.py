"""The days that a night reports. A run holds everything that was found; what ended before them is told as history.

So nothing depends on the days but what listings and the report show: scores, alerts, holds, what cases are called, and
the bytes of a run's tables are those of a scan without them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import UsageError
from mulegraph.journal.case_states import states
from mulegraph.journal.state import CLOSED
from mulegraph.ledger.ledger import Ledger
from mulegraph.workspace.run import FORMAT, Run

OLDER = "older"
"""The part of a run that names what is left out: findings and cases, by id."""
SAME_FINDING = ("finding", "first_at", "last_at", "amount")
SAME_CASE = ("case", "accounts", "findings", "seeds")


@dataclass(frozen=True)
class Window:
    """The first day that is reported, and when it begins (UTC)."""

    since: date
    at: datetime

    @classmethod
    def of(cls, ledger: Ledger, since: date | None, days: int) -> Window | None:
        """From a day on, or the last so many days of the ledger; None: all of it.

        Raises UsageError for a day on which the ledger has nothing: that night would find nothing, and seem quiet.
        """
        zone = ZoneInfo(ledger.zone)
        last = ledger.until.replace(tzinfo=UTC).astimezone(zone).date()
        if since is None:
            if not days:
                return None
            since = last - timedelta(days=days - 1)
        if since > last:
            raise UsageError(
                "--since {since} is after the ledger's last transfer, which is of {last}",
                hint="Load the files of that day, or give an earlier one.",
                since=since.isoformat(),
                last=last.isoformat(),
            )
        # A date without a time is kept as that day's midnight in UTC, and a bank may have a clock of its own: of all
        # these the day begins where it begins first.
        zones = {zone, ZoneInfo("UTC"), *map(ZoneInfo, ledger.snapshot.zones.values())}
        return cls(since, min(_begins(since, each) for each in zones))


def _begins(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Tonight:
    """What a scan found, whom it alerts, the payments that victims reported, and the run before, if it can be read.

    `told` are cases that the run before told, also where it cannot be read otherwise.
    """

    findings: pa.Table
    cases: pa.Table
    alerted: frozenset[str]
    reported: frozenset[str]
    told: frozenset[str]
    before: Run | None

    @classmethod
    def of(cls, ledger: Ledger, parts: dict[str, pa.Table], night: int, runs: list[Run]) -> Tonight:
        """From the parts of a run that is not written yet, and the runs before it."""
        alerts = parts["alerts"]
        alerted = alerts.filter(pc.equal(alerts["night"], night))["account"].to_pylist()
        reported = ledger.arrow("reports", ["transfer_id"])["transfer_id"].to_pylist()
        before = runs[-1] if runs and runs[-1].format == FORMAT else None
        # Ids are the same in every format: what an earlier version told stays told.
        told = set(runs[-1].table("cases")["case"].to_pylist()) - runs[-1].older if runs else set()
        known = frozenset(reported)
        return cls(parts["findings"], parts["cases"], frozenset(alerted), known, frozenset(told), before)


def older(window: Window, tonight: Tonight, workspace: Path) -> pa.Table:
    """Ids of what is left out: cases and findings that ended before the window, and that nothing else brings up.

    A case stays until it is closed where a run before told it, where somebody worked on it or a victim reported one of
    its payments. It also stays where it names an account that is alerted tonight, and where it is not as the run before
    had it: rows that came late, of older days, are news. So does a finding that the run before had not, or not so, and
    every finding of a case that stays.
    """
    cases = _older_cases(window, tonight, workspace)
    kept = {each for row in _rows(tonight.cases, ("case", "findings")) if row[0] not in cases for each in row[1]}
    known = set(_rows(tonight.before.table("findings"), SAME_FINDING)) if tonight.before else None
    findings = []
    for row in _rows(tonight.findings, SAME_FINDING):
        if row[2] is not None and row[2] < window.at and row[0] not in kept and (known is None or row in known):
            findings.append(row[0])
    return pa.table({"id": pa.array(sorted([*cases, *findings]), pa.string())})


def _older_cases(window: Window, tonight: Tonight, workspace: Path) -> set[str]:
    known = states(workspace)
    closed = {case for case, state in known.items() if state.status == CLOSED}
    same = None
    if tonight.before:
        same = {str(row) for row in _rows(tonight.before.table("cases"), SAME_CASE)}
    left = set()
    for row, last in zip(_rows(tonight.cases, SAME_CASE), tonight.cases["last_at"].to_pylist(), strict=True):
        case, accounts, _, seeds = row
        waits = case not in closed and (case in tonight.told or case in known or tonight.reported & set(seeds or ()))
        news = tonight.alerted & set(accounts) or (same is not None and str(row) not in same)
        if last is not None and last < window.at and not waits and not news:
            left.add(case)
    return left


def _rows(table: pa.Table, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in columns), strict=True))


def told_of(window: Window, tonight: Tonight, left: pa.Table) -> dict[str, Any]:
    """For the manifest: the day, what is reported, and how much is left out."""
    gone = set(left["id"].to_pylist())
    findings = zip(tonight.findings["finding"].to_pylist(), tonight.findings["sign"].to_pylist(), strict=True)
    by_sign = Counter(sign for finding, sign in findings if finding not in gone)
    cases = sum(case not in gone for case in tonight.cases["case"].to_pylist())
    return {
        "since": window.since.isoformat(),
        "findings": dict(sorted(by_sign.items())),
        "cases": cases,
        "older_findings": len(tonight.findings) - by_sign.total(),
        "older_cases": len(tonight.cases) - cases,
    }
