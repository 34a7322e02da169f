"""The report of a case or of a run, told apart by their names."""

from __future__ import annotations

from pathlib import Path

from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.schema.choices import LANGUAGES
from mulegraph.views.case_report_content import write_case_folder
from mulegraph.views.run_report_content import CASES_SHOWN, write_run_report


def write_report(
    space: MaskedWorkspace,
    folder: Path,
    subject: str | None = None,
    *,
    case_reports: int = 0,
    pictures: int = CASES_SHOWN,
    language: str = LANGUAGES[0],
) -> list[Path]:
    """Write the report of a case, of a run by its name, or of the latest run; returns the files, the report first.

    `case_reports` are how many of a run's cases get their own, `pictures` how many are drawn. UsageError for what is
    unknown or not writable.
    """
    if subject is not None and subject.startswith("CASE-"):
        return write_case_folder(space, subject, folder, language=language)
    return write_run_report(space.at(subject), folder, case_reports=case_reports, pictures=pictures, language=language)
