"""All that is known of a run, gathered for its report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from mulegraph.cases.identity import members_of
from mulegraph.casework.acts import alarms
from mulegraph.ingest.rejects import kept_rejects
from mulegraph.schema import results
from mulegraph.schema.disclosure import NUMBER, OURS, Each, declared, record_of
from mulegraph.workspace.questions import question
from mulegraph.workspace.run import SET_ASIDE, Run, Runs
from mulegraph.workspace.run_difference import changes
from mulegraph.workspace.workspace import Workspace

CHAINS_SHOWN = 25
Rows = list[dict[str, Any]]


@declared
@dataclass(frozen=True)
class RunFile:
    """A run with all that a report of it tells; `trend` has every run, `place` is this one's in it."""

    run: Annotated[str, results.RUN]
    zone: Annotated[str, OURS]
    manifest: Annotated[dict[str, Any], OURS]
    signs: Annotated[dict[str, dict[str, str]], OURS]
    latest: bool
    before: Annotated[str | None, results.RUN]
    changes: Annotated[Rows, Each(results.CHANGES)]
    cases: Annotated[Rows, Each(results.CASES)]
    chains: Annotated[Rows, Each(results.CHAINS)]
    chain_scores: Annotated[list[tuple[float, float]], Each(Each(NUMBER))]
    account_scores: list[float]
    alarms: Annotated[Rows, Each(results.ALARMS)]
    rejects: Annotated[Any, OURS]
    trend: Annotated[Rows, OURS]
    place: int


@question(record_of(RunFile))
def run_file(space: Workspace) -> RunFile:
    """Everything that the report of the run that is asked tells."""
    run, runs = space.run, Runs(space.folder).all()
    place = next(number for number, each in enumerate(runs) if each.name == run.name)
    before = runs[place - 1] if place else None
    chains = run.table("chains")
    return RunFile(
        run=run.name,
        zone=space.settings.views.zone,
        manifest={name: value for name, value in run.manifest.items() if name != "thresholds"},
        signs=run.signs,
        latest=place == len(runs) - 1,
        before=before.name if before else None,
        changes=changes(members_of(before.table("cases")), members_of(run.table("cases"))) if before else [],
        cases=space.cases().drop(columns=["chains"]).to_dict("records"),
        chains=space.chains(top=CHAINS_SHOWN).to_dict("records"),
        chain_scores=sorted(
            zip(chains["surprise"].to_pylist(), chains["expected_false_share"].to_pylist(), strict=True)
        ),
        account_scores=run.table("scores")["score"].to_pylist(),
        alarms=alarms(space),
        rejects=kept_rejects(space.folder / "rejects", datetime.fromisoformat(run.manifest["started_at"])),
        trend=[_totals(each) for each in runs],
        place=place,
    )


def _with_explained(manifest: dict[str, Any]) -> dict[str, int]:
    """Findings by sign, with those that are set aside."""
    aside = manifest.get(SET_ASIDE, {})
    return {code: count + sum(aside.get(code, {}).values()) for code, count in manifest["findings"].items()}


def _totals(run: Run) -> dict[str, Any]:
    """What is compared between runs."""
    manifest = run.manifest
    return {
        "run": run.name,
        "cases": manifest["cases"],
        "rejects": manifest["rejects"],
        "seconds": manifest.get("elapsed", sum(manifest["seconds"].values())),
        # With those that are set aside, which earlier versions counted among them.
        "findings": _with_explained(manifest),
        "transfers": manifest["ledger"]["rows"].get("transfers", 0),
    }
