"""The report of a case, and the folder that it is written to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from mulegraph.files import output_folder, write_output
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.schema.language import spoken
from mulegraph.views.case_folder import INDEX, check_index, folder_page, page_links, report_name
from mulegraph.views.case_report import case_document
from mulegraph.views.document import Document
from mulegraph.views.pictures import case_picture


def case_report(space: MaskedWorkspace, case: str, *, links: Mapping[str, str] | None = None) -> Document:
    """The report of a case in the language that is spoken, to be written as a page or as PDF.

    `links` are pages that the former leads to. Raises UsageError for an unknown case.
    """
    content = space.case_file(case, language=spoken())
    return case_document(content, space.case(case).network(), revealed=space.reveal is not None, links=links)


def write_case_report(space: MaskedWorkspace, case: str, folder: Path, *, coming: Collection[str] = ()) -> list[Path]:
    """Write `CASE-…-report.html` and `.pdf`; `coming` are files that will be there when all is written.

    Raises UsageError for an unknown case or folder.
    """
    name = report_name(case)
    found = case_report(space, case, links=page_links(folder, case, f"{name}.html", coming))
    return [write_output(folder / f"{name}.html", found.page), write_output(folder / f"{name}.pdf", found.pdf)]


def write_case_folder(space: MaskedWorkspace, case: str, folder: Path) -> list[Path]:
    """Write a case's report, its page, and an index of all that is in the folder; the report stands first.

    Raises UsageError for an unknown case or folder, and where an index.html of somebody else is there.
    """
    space.case(case)  # an unknown one leaves no folder behind
    output_folder(folder)
    check_index(folder)
    coming = {f"{case}.html", INDEX}
    reports = write_case_report(space, case, folder, coming=coming)
    links = page_links(folder, case, f"{case}.html", coming)
    drawn = write_output(folder / f"{case}.html", case_picture(space, case).page(links))
    return [*reports, drawn, write_output(folder / INDEX, folder_page(folder))]
