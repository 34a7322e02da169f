"""A document as page and as PDF: what is in it is text, wherever it comes from."""

from __future__ import annotations

import io
from dataclasses import replace
from importlib.resources import files

import pytest
from pypdf import PdfReader
from selenium.webdriver.common.by import By

from mulegraph.errors import EngineError
from mulegraph.views.case_report_content import case_report
from mulegraph.views.document import (
    Cell,
    Document,
    Finding,
    Notice,
    Picture,
    Section,
    Table,
    Text,
    cells,
    heads,
    set_in_type,
)
from mulegraph.views.plots import label
from mulegraph.views.run_report import run_document
from tests.views.browser import opened
from tests.views.test_plots import all_plots

NO_WIDER = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
NAMES = [
    "</script><img src=x onerror=\"document.title='owned'\">",
    "#panic() *b* $x$ \\ [c] @r <l> // `q`",
    "ключ & Nguyễn Văn",
    "x" * 500,
]


def document_of(name: str) -> Document:
    story = Finding(name, name, "0.5", name, name, [(name, name, name)], name, [(name, name)], [(name, name)], name)
    table = Table(
        heads("account", "amount #", f"{name} *"), [cells(name, 5, Cell(name, share=0.5, tone="good"))], note=name
    )
    plot = Picture(all_plots(name)[0], name, name)
    blocks = [Text(name, name), Notice(name), plot, table, Table(heads("a"), [], empty=name), story]
    return Document(name, {name: name}, [name], [Section("s", name, blocks)])


def requests_of(browser) -> list[str]:
    return [
        each["message"] for each in browser.get_log("performance") if '"Network.requestWillBeSent"' in each["message"]
    ]


def text_of(pdf: bytes) -> str:
    """What a reader of the PDF can select, without the places where a long word may break."""
    read = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return "".join(read.replace("\u200b", "").split())


@pytest.mark.parametrize("name", NAMES, ids=["html", "typst", "letters", "long"])
def test_a_hostile_name_is_only_a_name(browser, tmp_path, name):
    """In every place of a page it is shown and runs nothing; the console is empty, and nothing is asked for."""
    path = tmp_path / "page.html"
    path.write_text(document_of(name).page, encoding="utf-8")

    opened(browser, path)

    assert browser.find_element(By.TAG_NAME, "h1").text == name == browser.title
    assert browser.find_elements(By.CSS_SELECTOR, "img, script") == []
    assert browser.find_element(By.CSS_SELECTOR, "td").text == name
    assert len(browser.find_elements(By.CSS_SELECTOR, "figure svg")) == 1
    assert browser.get_log("browser") == []
    assert len(requests_of(browser)) <= 1
    assert browser.execute_script(NO_WIDER)


@pytest.mark.parametrize("name", NAMES, ids=["html", "typst", "letters", "long"])
def test_a_pdf_takes_it_as_data(name):
    """Nothing is markup to Typst, in any place; the name can be selected as it is, and in the plot as it fits."""
    text = text_of(document_of(name).pdf)
    assert text.count("".join(name.split())) >= 10
    assert "".join(label(name).split()) in text


def test_the_same_document_is_the_same_pdf():
    """No date, no chance."""
    made = document_of("a")
    assert made.pdf == made.pdf and made.page == made.page
    assert replace(made, title="b").pdf != made.pdf
    told = PdfReader(io.BytesIO(made.pdf)).metadata
    assert told.title == "a" and told.creation_date is None and told.modification_date is None


def test_what_typst_cannot_set_is_an_error_with_a_way_out():
    """And no traceback."""
    broken = replace(document_of("a"), sections=[Section("s", "s", [Picture("<svg", "a")])])
    with pytest.raises(EngineError, match="PDF cannot be made"):
        set_in_type("document.typ", document={})
    with pytest.raises(EngineError, match="PDF cannot be made"):
        _ = broken.pdf


def test_reports_open_with_nothing_else(browser, workspace, tmp_path):
    """A case's and a run's page: no console error, no request but for the page, nothing may run, none too wide."""
    case = workspace.cases()["case"][0]
    pages = {
        "case": case_report(workspace, case).page,
        "run": run_document(workspace.run_file(), {}, {}, revealed=False).page,
    }
    for name, text in pages.items():
        path = tmp_path / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        assert "script-src 'none'" in text and "default-src 'none'" in text
        for size in ((1400, 900), (900, 1200)):
            browser.set_window_size(*size)
            opened(browser, path)
            assert browser.get_log("browser") == []
            assert len(requests_of(browser)) <= 1
            assert browser.execute_script(NO_WIDER)
            pictures = browser.find_elements(By.CSS_SELECTOR, "figure [role=img]")
            assert len(pictures) >= 2 and all(each.size["height"] > 80 and each.accessible_name for each in pictures)
        browser.execute_script((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
        found = browser.execute_async_script("axe.run().then(arguments[0])")["violations"]
        faults = [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")]
        assert faults == []
    browser.set_window_size(1400, 1000)
