"""The report of a case, and the files that it is written to."""

from __future__ import annotations

from pathlib import Path

from mulegraph.files import write_output
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.schema.choices import LANGUAGES
from mulegraph.views.case_report import case_document
from mulegraph.views.document import Document
from mulegraph.views.drawing import drawing


def case_report(space: MaskedWorkspace, case: str, *, language: str = LANGUAGES[0]) -> Document:
    """The report of a case, to be written as a page or as PDF. Raises UsageError for an unknown case or language."""
    content = space.case_file(case, language=language)
    return case_document(content, drawing(space.case(case).network()), revealed=space.reveal is not None)


def write_case_report(space: MaskedWorkspace, case: str, folder: Path, *, language: str = LANGUAGES[0]) -> list[Path]:
    """Write `CASE-….report.html` and `.pdf`; returns both. Raises UsageError for an unknown case or folder."""
    found = case_report(space, case, language=language)
    name = report_name(case)
    return [write_output(folder / f"{name}.html", found.page), write_output(folder / f"{name}.pdf", found.pdf)]


def report_name(case: str) -> str:
    """The name of a case's report, beside the picture, which is called as the case is."""
    return f"{case}-report"
