"""The report of a case or of a run, told apart by their names."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from mulegraph.errors import BadUse
from mulegraph.signs.words import LANGUAGES
from mulegraph.watch.case_report import write_case_report
from mulegraph.watch.listing import near
from mulegraph.watch.run import Run, Runs
from mulegraph.watch.run_report import write_run_report
from mulegraph.watch.workspace import Workspace


def write_report(
    space: Workspace, folder: Path, subject: str | None = None, *, case_reports: int = 0, language: str = LANGUAGES[0]
) -> list[Path]:
    """Write the report of a case, of a run by its name, or of the latest run; returns the files, the report first.

    `case_reports` are how many of a run's cases get their own. Raises BadUse for what is unknown or cannot be written.
    """
    if subject is not None and subject.startswith("CASE-"):
        return write_case_report(space, subject, folder, language=language)
    run = space.run if subject is None else _run(space, subject)
    return write_run_report(space, run, folder, case_reports=case_reports, language=language)


def _run(space: Workspace, name: str) -> Run:
    """A run by its name. Raises BadUse with the closest names of runs and cases."""
    runs = Runs(space.folder)
    names = [run.name for run in runs.all()]
    if name not in names:
        known = pa.chunked_array([pa.array(names, pa.string()), space.run.table("cases")["case"].combine_chunks()])
        raise BadUse(f"'{name}' is no case and no run", do=near(name, known, "mulegraph case list"))
    return runs.named(name)
