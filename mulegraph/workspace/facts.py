"""What a run says of itself: settings, counts, hashes and versions; no value of the ledger is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import pyarrow.compute as pc

from mulegraph.errors import UsageError
from mulegraph.schema import results
from mulegraph.schema.disclosure import OURS, declared, record_of
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.listing import near
from mulegraph.workspace.questions import SubjectId, question
from mulegraph.workspace.run import Run, Runs
from mulegraph.workspace.scan import ScanResult


@declared
@dataclass(frozen=True)
class RunFacts:
    """A run: its name, its manifest, the words of its signs, and from how many nats its chains count."""

    name: Annotated[str, results.RUN]
    manifest: Annotated[dict[str, Any], OURS]
    signs: Annotated[dict[str, dict[str, str]], OURS]
    threshold: float

    @classmethod
    def of(cls, run: Run) -> RunFacts:
        """What is told of a run."""
        return cls(run.name, run.manifest, run.signs, run.threshold)


@declared
@dataclass(frozen=True)
class ScanFacts:
    """A scan: the run that was written, findings by sign, and what it cost."""

    run: RunFacts
    findings: Annotated[dict[str, int], OURS]
    set_aside: Annotated[dict[str, dict[str, int]], OURS]
    not_testable: Annotated[dict[str, list[str]], OURS]
    cases: int
    rejects: int
    seconds: Annotated[dict[str, float], OURS]
    elapsed: float
    peak_mb: int
    resumed: Annotated[list[str], OURS]

    @classmethod
    def of(cls, result: ScanResult) -> ScanFacts:
        """What is told of a scan."""
        return cls(
            run=RunFacts.of(result.run),
            findings=result.findings,
            set_aside=result.set_aside,
            not_testable=result.not_testable,
            cases=result.cases,
            rejects=result.rejects,
            seconds=result.seconds,
            elapsed=result.elapsed,
            peak_mb=result.peak_mb,
            resumed=result.resumed,
        )


@declared
@dataclass(frozen=True)
class LedgerFacts:
    """The ledger as it is now: its hash, the time of its last transfer, and the zone that people read times in."""

    hash: Annotated[str, results.DIGEST]
    until: datetime
    zone: Annotated[str, OURS]


@question(record_of(RunFacts))
def run_facts(space: WorkspaceBase) -> RunFacts:
    """The run that is asked: the latest over the ledger, or the one that was chosen."""
    return RunFacts.of(space.run)


@question(record_of(LedgerFacts))
def ledger_facts(space: WorkspaceBase) -> LedgerFacts:
    """The ledger as it is now."""
    return LedgerFacts(space.ledger.hash, space.ledger.until, space.settings.views.zone)


def named_run(space: WorkspaceBase, name: str) -> Run:
    """A run by its name. Raises UsageError with the closest names of runs and cases."""
    runs = Runs(space.folder)
    names = [run.name for run in runs.all()]
    if name not in names:
        known = [*names, *space.run.table("cases")["case"].to_pylist()]
        raise UsageError(
            "'{name}' is neither a case nor a run", hint=near(name, known, "mulegraph case list"), name=name
        )
    return runs.named(name)


@question(OURS)
def kind_of_subject(space: WorkspaceBase, subject: SubjectId) -> str:
    """Whether an id is of a case, a chain, an account, a payment, a report, a device or a holder, tried in this order.

    Raises UsageError where it is of none.
    """
    if subject.startswith(("CASE-", "CH-")):
        return "case" if subject.startswith("CASE-") else "chain"
    if space.holds_account(subject):
        return "account"
    if space.ledger.row_of([subject]):
        return "payment"
    if subject in space.ledger.arrow("reports", ["report_id"]).column(0).to_pylist():
        return "report"
    for kind, table in (("device", "device_use"), ("holder", "accounts")):
        if pc.any(pc.equal(space.ledger.arrow(table, [f"{kind}_id"]).column(0), subject)).as_py():
            return kind
    hint = "See mulegraph case list, chains and account --top 20; what a finding is tells mulegraph explain."
    raise UsageError(
        "'{subject}' is not a case, chain, account, payment, report, device or holder of this ledger",
        hint=hint,
        subject=subject,
    )
