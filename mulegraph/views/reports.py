"""The report of a case or of a run, told apart by their names."""

from __future__ import annotations

from pathlib import Path

from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.views.case_report_content import write_case_folder
from mulegraph.views.pictures import spoken_by
from mulegraph.views.run_report_content import CASES_SHOWN, write_run_report


def write_report(
    space: MaskedWorkspace,
    folder: Path,
    subject: str | None = None,
    *,
    case_reports: int = 0,
    pictures: int = CASES_SHOWN,
    language: str | None = None,
) -> list[Path]:
    """Write the report of a case, of a run by its name, or of the latest run; returns the files, the report first.

    `case_reports` are how many of a run's cases get their own, `pictures` how many are drawn. `language` is by the
    settings where none is given. UsageError for what is unknown or not writable.
    """
    with spoken_by(space, language):
        return _written(space, folder, subject, case_reports, pictures)


def _written(space: MaskedWorkspace, folder: Path, subject: str | None, case_reports: int, pictures: int) -> list[Path]:
    """In the language that is spoken."""
    if subject is not None and subject.startswith("CASE-"):
        return write_case_folder(space, subject, folder)
    return write_run_report(space.at(subject), folder, case_reports=case_reports, pictures=pictures)
