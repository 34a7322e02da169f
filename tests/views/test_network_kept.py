"""The network page as it is kept, printed and given on: files, paper, hostile names, accessibility."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.views.hands import FAN, click, graph_of, panel, press_button


@pytest.fixture
def taken(browser: webdriver.Chrome, tmp_path: Path) -> Callable[[str], Path]:
    """Presses a save button and gives the file."""
    folder = tmp_path / "taken"
    folder.mkdir()
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})

    def take(ending: str) -> Path:
        browser.find_element(By.ID, ending).click()
        WebDriverWait(browser, 10).until(lambda _: list(folder.glob(f"*.{ending}")))
        return next(folder.glob(f"*.{ending}"))

    return take


def test_transfers_are_taken_along_as_csv_and_json(page, taken):
    """CSV holds what is shown, JSON everything; a cell that a spreadsheet would run is made harmless."""
    browser = page(graph_of(("=cmd|' /C calc'!A0", 'b "b"', "1000.10"), ("x,y", "z", "0.05")))
    browser.find_element(By.ID, "least").send_keys("1")

    with taken("csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    whole = json.loads(taken("json").read_text(encoding="utf-8"))

    assert [(row["from"], row["to"], row["amount"]) for row in rows] == [("'=cmd|' /C calc'!A0", 'b "b"', "1000.10")]
    assert [(each["from"], each["amount"], each["at"]) for each in whole["transfers"]] == [
        ("=cmd|' /C calc'!A0", "1000.10", "2026-01-12T06:00:00.000Z"), ("x,y", "0.05", "2026-01-12T07:00:00.000Z"),
    ]  # fmt: skip


def test_a_table_is_copied(page):
    """The copy button puts the rows where they can be pasted, with tabs between the cells."""
    browser = page(FAN)
    click(browser, "victim")
    press_button(browser, "copy")
    WebDriverWait(browser, 5).until(lambda _: "copied" in panel(browser))
    find = browser.find_element(By.ID, "find")
    find.send_keys(Keys.CONTROL, "v")
    assert "2026-01-12 06:00:00" in find.get_attribute("value") and "900.00" in find.get_attribute("value")


def test_the_picture_is_taken_along_as_png_and_svg(page, taken):
    """SVG is well-formed XML with every name as text and every arrow; PNG is a large image that is not empty."""
    hostile = "<script>alert(1)</script>"
    browser = page(graph_of((hostile, "b", "10.00"), ("b", "c & d", "9.00")))

    root = ElementTree.fromstring(taken("svg").read_text(encoding="utf-8"))  # noqa: S314 (made here)
    png = taken("png").read_bytes()

    written = [each for each in root.iter("{http://www.w3.org/2000/svg}text") if each.get("fill") != "none"]
    words = {each.text for each in written}
    assert {hostile[:21] + "…", "b", "c & d", "10.00 EUR", "12 Jan 06:00"} <= words
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and len(png) > 5_000
    assert browser.get_log("browser") == []


LONG = "x" * 500
HOSTILE = [
    "<img src=x onerror=\"document.title='owned'\">", "</script><script>document.title='owned'</script>",
    "\u202eabc\u200f", LONG, "a\"b'c&d", "ключ", "a\nb", "{{ 7 * 7 }}", "__proto__",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_only_a_name(page, name):
    """Markup in names of accounts, holders and banks is shown, never run; marks that turn text are made visible."""
    graph = graph_of((name, "b", "10.00"), ("b", "CASH-OUT", "9.00"))
    graph.nodes[name].update(bank=name, holder=name, lists=[name], score=0.5)
    graph.graph["findings"] = [
        {
            "finding": "N1-0", "sign": "N1", "title": name, "score": 0.5, "reason": name, "phase": "take",
            "facts": {name: name}, "thresholds": {name: 1}, "surprise": None,
            "benign": [{"test": name, "result": "passed", "why": name}],
            "subject_kind": "account", "subject_id": name, "accounts": [name], "evidence": ["T0"],
        }
    ]  # fmt: skip
    browser = page(graph, title=name, facts={"who": name}, notes=[name])

    browser.execute_script("goTo(0); document.getElementById('all').open = true")

    assert browser.execute_script("return chart.nodes[0].label") == name
    told = browser.execute_script("return document.querySelector('#panel h2').textContent")
    assert told.replace("\ufffd", "") == "".join(each for each in name if each.isprintable())
    assert "owned" not in browser.title.replace(name, "")
    assert browser.find_elements(By.CSS_SELECTOR, "img:not(#paper)") == []
    assert len(browser.find_elements(By.TAG_NAME, "script")) == 3
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert [each for each in browser.get_log("browser") if each["level"] == "SEVERE"] == []


@pytest.mark.parametrize("width", [1400, 900])
def test_axe_finds_no_serious_fault(page, case_page, width):
    """The page, its panel with a finding, its table and its help pass axe-core's serious and critical rules."""
    browser = page(case_page)
    browser.set_window_size(width, 1200)
    axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    browser.execute_script(axe)
    faults = []
    for step in (
        "choose(null)",
        "goTo(chart.nodes.findIndex(n => n.findings.length)); document.getElementById('all').open = true",
        "choose({arrow: [...view.arrows.keys()][0]})",
        "document.getElementById('help').showModal()",
    ):
        browser.execute_script(step)
        found = browser.execute_async_script("axe.run().then(arguments[0])")
        faults += [
            (step, each["id"], each["nodes"][0]["html"]) for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]  # fmt: skip
    browser.set_window_size(1400, 1000)
    assert faults == []


def test_print_leaves_the_tools_out(page, case_page):
    """On paper stand the whole picture, legend and all transfers; tools and the window's part of the picture do not."""
    browser = page(case_page)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    parts = ("buttons", "time", "picture", "paper", "legend", "rows")
    shown = {each: browser.find_element(By.ID, each).is_displayed() for each in parts}
    rows = len(browser.find_elements(By.CSS_SELECTOR, "#rows tbody tr"))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    paper = ("paper", "legend", "rows")
    assert shown == {each: each in paper for each in parts}
    assert rows == browser.execute_script("return chart.transfers.length")
    WebDriverWait(browser, 5).until(
        lambda _: browser.execute_script("return document.getElementById('paper').naturalWidth > 1000")
    )
