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

from mulegraph.schema.language import speaking
from mulegraph.views.pictures import drawn as view_of
from tests.views.hands import FAN, click, drawn, graph_of, panel, press_button


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
        ("=cmd|' /C calc'!A0", "1000.10", "2026-01-12T06:00:00.000Z"),
        ("x,y", "0.05", "2026-01-12T07:00:00.000Z"),
    ]


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
    "<img src=x onerror=\"document.title='owned'\">",
    "</script><script>document.title='owned'</script>",
    "\u202eabc\u200f",
    LONG,
    "a\"b'c&d",
    "ключ",
    "a\nb",
    "{{ 7 * 7 }}",
    "__proto__",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_only_a_name(page, name):
    """Markup in names of accounts, holders and banks is shown, never run; marks that turn text are made visible."""
    graph = graph_of((name, "b", "10.00"), ("b", "CASH-OUT", "9.00"))
    graph.nodes[name].update(bank=name, holder=name, lists=[name], score=0.5)
    graph.graph["findings"] = [
        {
            "finding": "N1-0",
            "sign": "N1",
            "title": name,
            "score": 0.5,
            "reason": name,
            "phase": "take",
            "facts": {name: name},
            "thresholds": {name: 1},
            "surprise": None,
            "benign": [{"test": name, "result": "passed", "why": name}],
            "subject_kind": "account",
            "subject_id": name,
            "accounts": [name],
            "evidence": ["T0"],
        }
    ]
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
            (step, each["id"], each["nodes"][0]["html"])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
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


def test_work_is_kept_in_a_file_and_opened_again(page):
    """Places, folds, filters, notes, colours and marks come back; undo and redo go through them."""
    browser = page(FAN)
    do = browser.execute_script
    do("change('move', (now) => { now.moved.flow = { 2: [400, 90] }; })")
    do("change('hide', (now) => { now.hidden[1] = true; })")
    do("change('note', (now) => { now.notes['mule two'] = 'knows him'; now.notes.T1 = 'why'; now.marked.T5 = true; })")
    do("change('colour', (now) => { now.colours['mule two'] = 'pink'; }); setSpan(1, 3)")
    kept, before = do("return [asFile(), JSON.stringify(state)]")
    assert kept["moved"] == {"flow": {"mule one": [400, 90]}} and kept["hidden"] == ["collector"]

    for _ in range(5):
        do("undoAll()")
    assert do("return JSON.stringify(state) === JSON.stringify(fresh())")
    for _ in range(5):
        do("redoAll()")
    assert do("return JSON.stringify(state)") == before
    do("reset(); openState(arguments[0])", kept)

    assert do("return asFile()") == kept
    assert "opened with 2 notes" in browser.find_element(By.ID, "said").text


def test_what_a_kept_page_names_and_this_one_has_not_is_said(page):
    """Nothing is dropped in silence, and another subject's page is refused."""
    browser = page(FAN)
    kept = browser.execute_script("return asFile()")
    browser.execute_script("openState(arguments[0])", {**kept, "hidden": ["somebody"], "marked": ["T99"]})
    assert "2 names in it stand not in this picture: somebody, T99" in browser.find_element(By.ID, "said").text
    told = browser.execute_script(
        "try { openState(arguments[0]) } catch (e) { return e.message }", {**kept, "subject": "x"}
    )
    assert told == "this is the state of x, and this page shows test"


def test_work_is_opened_whatever_language_it_was_kept_in(page, workspace, case):
    """A page says what it is of by an id: titles are in its language."""
    account = workspace.case(case).row["accounts"][0]
    with speaking("vi"):
        kept = page(view_of(workspace, account).page()).execute_script("return { ...asFile(), colours: {} }")
    with speaking("nl"):
        made = view_of(workspace, account)
    assert kept["subject"] == f"account {account}" and made.title == f"Rekening {account}"
    browser = page(made.page())
    assert browser.execute_script("return openState(arguments[0])", kept) == 0


def test_two_handles_hold_a_span_of_real_time(page):
    """The bar is in time: bars, dates and handles stand where their time is; what is outside is not drawn."""
    browser = page(FAN)
    browser.find_element(By.ID, "since").send_keys(Keys.ARROW_RIGHT)
    browser.find_element(By.ID, "until").send_keys(Keys.ARROW_LEFT)
    assert drawn(browser) == [["T1"], ["T2", "T3"], ["T4"]]
    assert browser.find_element(By.ID, "moment").text == "2026-01-12 07:00:00 to 2026-01-12 10:00:00"
    assert browser.find_element(By.ID, "spansum").text == "1,240.00 EUR in 4 transfers"
    shares = browser.execute_script(
        "return Object.values(handles).map(h => parseFloat(h.style.left) / bar.clientWidth)"
    )
    assert shares == pytest.approx([1 / 5, 4 / 5], abs=0.01)

    browser.execute_script("zoomToSpan()")
    assert browser.execute_script("return seenTo - seenFrom") == pytest.approx(3 * 3600e6 * 1.08)


def test_filters_keep_who_matches_and_whom_they_deal_with(page):
    """By role, bank, channel and score; the filters that are set are named."""
    graph = FAN.copy()
    graph.nodes["mule one"].update(role="relay", bank="NORD", score=0.9)
    graph.nodes["mule two"].update(bank="SUED", score=0.2)
    graph.nodes["victim"].update(role="victim")
    browser = page(graph)
    do = browser.execute_script
    for by, transfers in (
        ({"role": "relay"}, [["T1"], ["T4"]]),
        ({"bank": "SUED"}, [["T2", "T3"], ["T5"]]),
        ({"score": 0.5}, [["T1"], ["T4"]]),
        ({"channel": "card"}, []),
    ):
        do("change('filter', (now) => { now.by = arguments[0]; })".replace("arguments[0]", json.dumps(by)))
        assert drawn(browser) == transfers
    assert browser.find_element(By.ID, "filtered").text == "filters: channel card"


def test_a_transfer_is_found_by_its_id_and_its_amount(page):
    """The arrow that holds it is chosen and its table shows it."""
    browser = page(FAN)
    for words, ends in (
        ("440.00", "mule two → cash taken out"),
        ("T3", "collector → mule two"),
        ("900", "victim → collector"),
    ):
        box = browser.find_element(By.ID, "find")
        box.clear()
        box.send_keys(words)
        assert panel(browser).startswith(ends)
        assert browser.find_element(By.ID, "hits").text == "1 of 1"
