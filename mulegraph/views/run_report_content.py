"""All that the report of a run holds, asked in one question, and the files that it is written to."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mulegraph.cases.identity import changes, members_of
from mulegraph.casework.acts import alarms
from mulegraph.files import write_output
from mulegraph.ingest.rejects import kept_rejects
from mulegraph.privacy.door import outward
from mulegraph.signs.wording import LANGUAGES
from mulegraph.views.case_report_content import check_maskable, report_name, write_case_report
from mulegraph.views.network_pages import case_picture
from mulegraph.views.run_report import run_document
from mulegraph.workspace.run import Run, Runs

if TYPE_CHECKING:
    from mulegraph.workspace.workspace import Workspace

CASES_SHOWN, CHAINS_SHOWN = 50, 25
REPORT = "report.html"


class RunReport:
    """The report of one run; `workspace` asks that run, whichever is the latest."""

    def __init__(self, space: Workspace, run: Run) -> None:
        space.masker  # noqa: B018 (a reason to reveal is written down once, and not for the copy again)
        self.workspace, self.run = copy(space), run
        self.workspace.__dict__["run"] = run

    @outward
    def content(self) -> dict[str, Any]:
        """Everything that stands in it. Raises UsageError where a run names accounts that nobody could mask."""
        space, manifest, runs = self.workspace, self.run.manifest, Runs(self.workspace.folder).all()
        place = next(number for number, each in enumerate(runs) if each.name == self.run.name)
        before = runs[place - 1] if place else None
        self._check_known(before)
        cases, chains, scores = space.cases(), self.run.table("chains"), self.run.table("scores")
        started = datetime.fromisoformat(manifest["started_at"])
        return {
            "run": self.run.name,
            "revealed": space.reveal is not None,
            "manifest": {name: value for name, value in manifest.items() if name != "thresholds"},
            "signs": self.run.signs,
            "latest": place == len(runs) - 1,
            "before": before.name if before else None,
            "changes": _changes(before, self.run),
            "cases": cases.drop(columns=["chains"]).to_dict("records"),
            "chains": space.chains(top=CHAINS_SHOWN).to_dict("records"),
            "chain_scores": sorted(
                zip(chains["surprise"].to_pylist(), chains["expected_false_share"].to_pylist(), strict=True)
            ),
            "account_scores": scores["score"].to_pylist(),
            "alarms": alarms(space),
            "rejects": kept_rejects(space.folder / "rejects", started),
            "trend": [_totals(each) for each in runs],
            "place": place,
        }

    def _check_known(self, before: Run | None) -> None:
        for run in [self.run, *([before] if before else [])]:
            for name in ("cases", "chains"):
                check_maskable(self.workspace, f"run '{run.name}'", run.table(name)["accounts"])


def write_run_report(
    space: Workspace, run: Run, folder: Path, *, case_reports: int = 0, language: str = LANGUAGES[0]
) -> list[Path]:
    """Write `report.html`, the pictures of its cases, and the reports of the strongest ones; `report.html` first."""
    found = RunReport(space, run)
    content = found.content()
    cases = [each["case"] for each in content["cases"][:CASES_SHOWN]]
    reports = [
        path
        for case in cases[:case_reports]
        for path in write_case_report(found.workspace, case, folder, language=language)
    ]
    pictures = [write_output(folder / f"{case}.html", case_picture(found.workspace, case)) for case in cases]
    told = {case: name for case in cases if (folder / (name := f"{report_name(case)}.html")).is_file()}
    page = run_document(content, {case: f"{case}.html" for case in cases}, told).page
    return [write_output(folder / REPORT, page), *reports, *pictures]


def _changes(before: Run | None, now: Run) -> list[dict[str, Any]]:
    """What became of each case since the run before; nothing where there was none."""
    return changes(members_of(before.table("cases")), members_of(now.table("cases"))) if before else []


def _totals(run: Run) -> dict[str, Any]:
    """What is compared between runs."""
    manifest = run.manifest
    return {
        "run": run.name,
        "cases": manifest["cases"],
        "rejects": manifest["rejects"],
        "seconds": sum(manifest["seconds"].values()),
        "findings": manifest["findings"],
        "transfers": manifest["ledger"]["rows"].get("transfers", 0),
    }
