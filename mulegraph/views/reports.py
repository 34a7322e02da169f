"""The report of a case or of a run, told apart by their names."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from mulegraph.errors import UsageError
from mulegraph.signs.wording import LANGUAGES
from mulegraph.views.case_report_content import write_case_report
from mulegraph.views.run_report_content import write_run_report
from mulegraph.workspace.listing import near
from mulegraph.workspace.run import Run, Runs
from mulegraph.workspace.workspace import Workspace


def write_report(
    space: Workspace, folder: Path, subject: str | None = None, *, case_reports: int = 0, language: str = LANGUAGES[0]
) -> list[Path]:
    """Write the report of a case, of a run by its name, or of the latest run; returns the files, the report first.

    `case_reports` are how many of a run's cases get their own. UsageError for what is unknown or not writable.
    """
    if subject is not None and subject.startswith("CASE-"):
        return write_case_report(space, subject, folder, language=language)
    run = space.run if subject is None else _run(space, subject)
    return write_run_report(space, run, folder, case_reports=case_reports, language=language)


def _run(space: Workspace, name: str) -> Run:
    """A run by its name. Raises UsageError with the closest names of runs and cases."""
    runs = Runs(space.folder)
    names = [run.name for run in runs.all()]
    if name not in names:
        known = pa.chunked_array([pa.array(names, pa.string()), space.run.table("cases")["case"].combine_chunks()])
        raise UsageError(f"'{name}' is no case and no run", hint=near(name, known, "mulegraph case list"))
    return runs.named(name)
