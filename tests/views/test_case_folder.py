"""A case's folder: an index of what is in it, and pages that lead to each other with no network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mulegraph.errors import UsageError
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.views.reports import write_report

ADDRESS = re.compile(r'<a href="([^"#][^"]*)"')
CHART = re.compile(r'"links": (\{[^}]*\})')


@pytest.fixture(scope="module")
def space(few_cases) -> NotebookWorkspace:
    return NotebookWorkspace(few_cases)


def leads_to(page: Path) -> set[str]:
    """All addresses that a page's links and scripts know."""
    text = page.read_text(encoding="utf-8")
    return {*ADDRESS.findall(text), *re.findall(r': "([^"]*)"', "".join(CHART.findall(text)))}


def test_page_report_and_index_lead_to_each_other_and_to_nothing_that_is_not_there(space, tmp_path):
    """Of a case's folder and of a run's, from every page, also once the first has become a part of the second."""
    case = str(space.cases()["case"][0])
    files = write_report(space, tmp_path, case)
    assert [path.name for path in files] == [f"{case}-report.html", f"{case}-report.pdf", f"{case}.html", "index.html"]
    assert leads_to(tmp_path / f"{case}.html") == {"index.html", f"{case}-report.html"}
    assert leads_to(tmp_path / f"{case}-report.html") == {"index.html", f"{case}.html"}
    assert leads_to(tmp_path / "index.html") == {f"{case}.html", f"{case}-report.html", f"{case}-report.pdf"}

    write_report(space, tmp_path, case_reports=1, pictures=2)
    assert "report.html" in leads_to(tmp_path / f"{case}.html")
    for page in tmp_path.glob("*.html"):
        for address in leads_to(page):
            assert (tmp_path / address).is_file(), (page.name, address)


def test_an_index_of_somebody_else_is_not_written_over(space, tmp_path):
    """It is said before anything is written."""
    (tmp_path / "index.html").write_text("<title>mine</title>", encoding="utf-8")
    with pytest.raises(UsageError, match="has not written"):
        write_report(space, tmp_path, str(space.cases()["case"][0]))
    assert [each.name for each in tmp_path.iterdir()] == ["index.html"]
