"""The report of a run, and the files that it is written to."""

from __future__ import annotations

from pathlib import Path

from mulegraph.files import output_folder, write_output
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.views.case_folder import RUN_REPORT, page_links, report_name
from mulegraph.views.case_report_content import write_case_report
from mulegraph.views.pictures import case_picture
from mulegraph.views.run_report import run_document

CASES_SHOWN = 50


def write_run_report(
    space: MaskedWorkspace,
    folder: Path,
    *,
    case_reports: int = 0,
    pictures: int = CASES_SHOWN,
) -> list[Path]:
    """Write `report.html` of the run that is asked, its cases' pictures, and the reports of the strongest."""
    content = space.run_file()
    output_folder(folder)  # before the work: fifty pictures take half a minute
    cases = [each["case"] for each in content.cases[:pictures]]
    coming = {RUN_REPORT, *(f"{case}.html" for case in cases)}
    reports = [path for case in cases[:case_reports] for path in write_case_report(space, case, folder, coming=coming)]
    drawn = []
    for case in cases:
        text = case_picture(space, case).page(page_links(folder, case, f"{case}.html", coming))
        drawn.append(write_output(folder / f"{case}.html", text))
    told = {case: name for case in cases if (folder / (name := f"{report_name(case)}.html")).is_file()}
    document = run_document(content, {case: f"{case}.html" for case in cases}, told, revealed=space.reveal is not None)
    return [write_output(folder / RUN_REPORT, document.page), *reports, *drawn]
