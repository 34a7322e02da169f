"""The network page in a real Chromium: what people do with it, by mouse and by keyboard."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from mulegraph.cases.benign import NOT_EXPLAINED
from mulegraph.views.chart import Clock, amounts_in_words, bundles, charted
from mulegraph.views.network import LAYOUTS
from mulegraph.views.pictures import picture, trace_picture
from mulegraph.views.story import money_parts
from tests.views.geometry import against, crossed
from tests.views.hands import (
    FAN,
    at,
    click,
    drawn,
    geometry_of,
    graph_of,
    lost_nodes,
    node,
    panel,
    press,
    press_button,
    random_steps,
    seen,
)


def test_the_slider_hides_what_comes_later(page):
    """At a moment, the picture holds the money that had moved by then, and nobody whom it had not reached."""
    browser = page(FAN)
    assert drawn(browser) == [["T0"], ["T1"], ["T2", "T3"], ["T4"], ["T5"]]
    slider = browser.find_element(By.ID, "until")

    slider.send_keys(Keys.HOME)
    assert (drawn(browser), seen(browser)) == ([["T0"]], ["collector", "victim"])
    assert browser.find_element(By.ID, "moment").text == "until 2026-01-12 06:00:00"
    slider.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)

    assert drawn(browser) == [["T0"], ["T1"], ["T2"]]
    assert "phone" in seen(browser)
    assert browser.find_element(By.ID, "shown").text == "3 transfers of 6 shown"


def test_play_lets_the_money_appear_in_order(page):
    """The play button goes from the first transfer to the last by itself, and stops there."""
    browser = page(FAN)
    button = browser.find_element(By.ID, "play")
    browser.execute_script("window.counts = []; picture.on('afterDrawing', () => counts.push(view.arrows.size))")

    button.click()
    WebDriverWait(browser, 20).until(lambda _: "play" in button.text)

    counts = browser.execute_script("return counts")
    assert counts == sorted(counts) and counts[0] == 1 and counts[-1] == 5


def test_search_finds_and_shows(page, workspace, case, case_page):
    """Typing a part of a token moves the picture to the account, chooses it, and fills the panel."""
    browser = page(case_page)
    account = workspace.case(case).accounts["account_id"][3]

    browser.find_element(By.ID, "find").send_keys(account[:-1])

    assert panel(browser).startswith(account)
    off = browser.execute_script(
        "const [x, y] = placeNow(chosen.node), at = picture.getViewPosition(); return Math.hypot(x - at.x, y - at.y)"
    )
    assert off < 1
    assert browser.find_element(By.ID, "hits").text == "1 of 1"


def test_search_finds_by_holder_and_goes_on(page):
    """A holder's name finds all of his accounts, one after the other."""
    graph = FAN.copy()
    for account in ("mule one", "mule two"):
        graph.nodes[account]["holder"] = "Ana Muster"
    browser = page(graph)
    find = browser.find_element(By.ID, "find")

    find.send_keys("muster")
    first = panel(browser).split("\n")[0]
    find.send_keys(Keys.ENTER)

    assert {first, panel(browser).split("\n")[0]} == {"mule one", "mule two"}
    assert browser.find_element(By.ID, "hits").text == "2 of 2"


def test_a_click_tells_why_an_account_is_flagged(page, workspace):
    """The panel has the account's findings: sign, reason, value beside threshold, benign tests, evidence."""
    tables = ((name, workspace.case(name).findings) for name in workspace.cases()["case"])
    named = ((name, each[(each["sign"] == "N3") & (each["subject_kind"] == "account")]) for name, each in tables)
    case, found = next((name, each) for name, each in named if len(each))
    mine = found.iloc[0]
    browser = page(picture(workspace, case))

    click(browser, mine["subject_id"])

    browser.execute_script("document.querySelectorAll('#panel details').forEach(each => each.open = true)")
    told = panel(browser)
    assert mine["reason"] in told
    assert "within hours" in told.replace("\n", " ") or "hours" in told
    # What cannot explain the sign at all is left out: a public device says nothing of a burst.
    explains = [why for why in mine["benign_why"].values() if why != NOT_EXPLAINED]
    assert explains and all(why in told for why in explains)
    (table,) = [
        each
        for each in browser.find_elements(By.CSS_SELECTOR, "#panel .wide")
        if each.get_attribute("aria-label") == f"evidence {mine['finding']}"
    ]
    rows = [row.find_elements(By.TAG_NAME, "td")[-1].text for row in table.find_elements(By.CSS_SELECTOR, "tbody tr")]
    assert sorted(rows) == sorted(mine["evidence"])


def test_a_choice_dims_all_but_the_neighbours(page):
    """Who deals with the chosen one stays bright."""
    browser = page(FAN)
    click(browser, "mule one")
    lit = browser.execute_script("return [...lit].map(labelOf)")
    assert sorted(lit) == ["cash taken out", "collector", "mule one", "phone"]
    press(browser, Keys.ESCAPE)
    assert browser.execute_script("return lit") is None


def test_parallel_transfers_are_one_arrow_until_opened(page):
    """The arrow says how many it is; a click lists them; they can be drawn one by one, and as one again."""
    browser = page(FAN)
    assert ["T2", "T3"] in drawn(browser)

    both = "[...view.arrows.values()].find(a => a.transfers.length === 2)"
    at(browser, f"onPiece(wayOf({both}).pieces[1], 0.5)").click().perform()
    WebDriverWait(browser, 5).until(lambda _: "→" in panel(browser).split("\n")[0])
    assert "450.00 EUR" in panel(browser) and "T2" in panel(browser) and "T3" in panel(browser)
    press_button(browser, "draw one by one")

    assert ["T2"] in drawn(browser) and ["T3"] in drawn(browser)
    starts = browser.execute_script(
        "return [...view.arrows.values()].filter(a => a.of === 2).map(a => lineOf(a)[0][1])"
    )
    assert len(set(starts)) == 2
    press_button(browser, "draw as one arrow")
    assert ["T2", "T3"] in drawn(browser)


SCATTER = graph_of(
    *[("payer", f"mule {number}", "90.00") for number in range(12)],
    *[(f"mule {number}", "collector", "88.00") for number in range(12)],
)


def test_a_double_click_opens_a_combo_in_its_place(page):
    """Its members stand in its column, each with its own arrows, through nobody; closed it is as before; undo works."""
    browser = page(SCATTER)
    assert seen(browser) == ["12 accounts between, 1,080.00 EUR", "collector", "payer"]
    assert [len(each) for each in drawn(browser)] == [12, 12]

    at(browser, "placeNow('group 0')").double_click().perform()
    WebDriverWait(browser, 5).until(lambda _: "mule 7" in seen(browser))
    assert len(drawn(browser)) == 24
    lines, places = geometry_of(browser)
    assert crossed(lines, places) == [] and against(lines) == []
    press(browser, "e")
    assert len(seen(browser)) == 14
    browser.execute_script("choose({node: 1})")
    press(browser, "e")
    assert len(seen(browser)) == 3

    browser.find_element(By.ID, "undo").click()
    assert "mule 7" in seen(browser)
    browser.find_element(By.ID, "undo").click()
    assert len(seen(browser)) == 3
    assert not browser.find_element(By.ID, "undo").is_enabled()


def test_the_page_draws_what_python_laid_out(page, case_page):
    """In the browser, too, no arrow of a case runs through a foreign node or to the left, whatever is opened."""
    browser = page(case_page)
    for act in ("0", "chart.groups.forEach((group, place) => change('open', (now) => { now.open[place] = true; }))"):
        browser.execute_script(act)
        for name in ("flow", "banks"):
            browser.execute_script(f"change('layout', (now) => {{ now.layout = '{name}'; }})")
            lines, places = geometry_of(browser)
            assert lines and crossed(lines, places) == [] and against(lines) == []


def test_no_node_ever_vanishes(page, case_page):
    """After two hundred zooms, moves, openings and filters every node in sight is drawn, read from the picture."""
    assert lost_nodes(page(case_page), random_steps(5, 200)) == []


def test_amounts_and_kinds_are_filtered_and_undone(page):
    """Small amounts and whole kinds can be left out; undo brings them back."""
    browser = page(FAN)
    browser.find_element(By.ID, "least").send_keys("400")
    assert drawn(browser) == [["T0"], ["T1"], ["T5"]]
    browser.find_element(By.CSS_SELECTOR, "#kinds input[value=cash]").click()
    assert drawn(browser) == [["T0"], ["T1"]]
    assert "cash taken out" not in seen(browser)
    browser.find_element(By.ID, "undo").click()
    browser.find_element(By.ID, "undo").click()
    assert len(drawn(browser)) == 5
    assert browser.find_element(By.CSS_SELECTOR, "#kinds input[value=cash]").is_selected()


def test_what_was_written_with_a_payment_is_filtered_and_found(page):
    """Payments whose reference holds a text, in capitals or not; without references there is no such filter."""
    told = FAN.copy()
    told.edges["collector", "mule one", "T1"]["reference"] = "Invoice 77"
    browser = page(told)
    browser.execute_script("document.getElementById('more').open = true")
    browser.find_element(By.ID, "byreference").send_keys("invoice")
    assert drawn(browser) == [["T1"]]
    browser.find_element(By.ID, "undo").click()
    browser.find_element(By.ID, "find").send_keys("voice 7")
    assert browser.find_element(By.ID, "hits").text == "1 of 1"
    assert not page(FAN).find_element(By.ID, "byreference").is_displayed()


def test_a_node_stays_where_it_is_dragged(page):
    """Until undo."""
    browser = page(FAN)
    place = "const i = chart.nodes.findIndex(n => n.label === 'victim'); return [...placeOf(i), ...placeNow(i)]"
    x, y, *_ = browser.execute_script(place)
    mouse = at(browser, node("victim")).click_and_hold()
    for _ in range(6):
        mouse.move_by_offset(10, 7)
    mouse.release().perform()
    moved = browser.execute_script(place)
    assert moved[0] > x and moved[1] > y and moved[:2] == [round(each) for each in moved[2:]]
    browser.find_element(By.ID, "undo").click()
    assert browser.execute_script(place)[:2] == [x, y]


def test_everything_can_be_done_by_keyboard(page):
    """Next, hide, undo, a transfer earlier, help: no mouse."""
    browser = page(FAN)
    press(browser, "n")
    assert panel(browser).startswith("victim")
    press(browser, "n", "h")
    hidden = len(seen(browser))
    press(browser, "u")
    assert len(seen(browser)) > hidden
    press(browser, "[")
    assert ["T5"] not in drawn(browser)
    press(browser, "?")
    assert browser.find_element(By.ID, "help").is_displayed()
    ActionChains(browser).send_keys(Keys.ESCAPE).perform()
    assert not browser.find_element(By.ID, "help").is_displayed()
    scale = browser.execute_script("return picture.getScale()")
    press(browser, "+")
    assert browser.execute_script("return picture.getScale()") > scale
    press(browser, "/")
    assert browser.switch_to.active_element.get_attribute("id") == "find"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_places_every_node(page, layout, case_page):
    """Each layout shows all nodes, no two at one place, and all inside the window."""
    browser = page(case_page)
    Select(browser.find_element(By.ID, "layout")).select_by_value(layout)
    places = browser.execute_script("return picture.body.nodeIndices.map(placeNow)")
    assert len({tuple(each) for each in places}) == len(places) == len(seen(browser))
    outside = browser.execute_script(
        "const c = picture.canvas.frame.canvas;"
        "return picture.body.nodeIndices.map(placeNow).map(([x, y]) => picture.canvasToDOM({x, y}))"
        ".filter(({x, y}) => x < 5 || y < 5 || x > c.clientWidth - 5 || y > c.clientHeight - 5)"
    )
    assert outside == []
    assert browser.get_log("browser") == []


def test_too_many_nodes_are_folded_and_the_page_says_so(page):
    """They become combos that can be opened, but not beyond what can be drawn."""
    receivers = [("shop", f"customer {number}", "5.00") for number in range(40)]
    chain = [(f"account {number}", f"account {number + 1}", "50.00") for number in range(20)]
    browser = page(graph_of(("account 20", "shop", "90.00"), *receivers, *chain), most=30)

    assert len(seen(browser)) <= 30
    assert "40 payees, 200.00 EUR" in seen(browser)
    (note,) = [each.text for each in browser.find_elements(By.CLASS_NAME, "note")]
    assert note.startswith("40 nodes that are alike, or of less weight, are drawn as 1 combo")
    browser.execute_script("chart.most = 50")
    at(browser, "placeNow('group 0')").double_click().perform()
    WebDriverWait(browser, 5).until(lambda _: "close another one first" in browser.find_element(By.ID, "said").text)
    assert len(seen(browser)) <= 30


def test_the_page_tells_times_as_python_does(page):
    """Local times of the page and of the static drawing agree, across changes to summer time and years."""
    for zone in ("Europe/Amsterdam", "Asia/Ho_Chi_Minh", "America/St_Johns", "UTC"):
        graph = FAN.copy()
        graph.graph["zone"] = zone
        browser = page(graph)
        clock, chance = Clock(ZoneInfo(zone)), random.Random(zone)  # noqa: S311 (no secret)
        times = [datetime(2026, 3, 29) + timedelta(minutes=chance.randrange(-400_000, 400_000)) for _ in range(60)]
        micro = [round((each - datetime(1970, 1, 1)).total_seconds() * 1e6) for each in times]
        assert browser.execute_script("return arguments[0].map(shortTime)", micro) == [
            clock.short(each) for each in times
        ]
        pairs = list(zip(times, times[1:], strict=False))
        told = browser.execute_script("return arguments[0].slice(1).map((b, i) => span(arguments[0][i], b))", micro)
        assert told == [clock.span(*pair) for pair in pairs]


def test_a_ledger_of_days_shows_no_hours(page):
    """Where only days are known, no hour is made up."""
    graph = FAN.copy()
    graph.graph.update(tick_seconds=86_400.0, zone="America/New_York")
    browser = page(graph)
    assert browser.execute_script("return shortTime(chart.transfers[0].at)") == "12 Jan"
    assert browser.find_element(By.ID, "panel").text.count(":") == 0


def test_a_trace_is_drawn_with_its_banks_to_ask(page, workspace, plain):
    """The dispersal tree of a reported payment; banks to ask would be nodes of their own kind."""
    report = plain.ledger.arrow("reports")["transfer_id"][0].as_py()
    browser = page(trace_picture(workspace, workspace.trace([report])).page())
    kinds = set(browser.execute_script("return chart.nodes.map(n => n.kind)"))
    assert "own" in kinds and kinds <= {"own", "other", "cash", "frontier", "holder", "device"}
    assert "fifo" in browser.find_element(By.CSS_SELECTOR, "main").text
    assert browser.get_log("browser") == []


def test_a_page_tells_a_trace_as_python_does(page, workspace, plain):
    """Every arrow's amount is the range of the sums by rule; a line of the story lights its part; the bar is there."""
    report = plain.ledger.arrow("reports")["transfer_id"][6].as_py()
    found = workspace.trace([report])
    chart = charted(workspace.trace_network(found))
    browser = page(trace_picture(workspace, found).page())
    browser.execute_script(
        "change('open', (now) => chart.groups.forEach((group, place) => { now.open[place] = true; }))"
    )

    told = browser.execute_script(
        "return [...view.arrows.values()].map(a => [labelOf(a.source), a.transfers[0].id, money(a.transfers)])"
    )
    expected = [
        [chart.nodes[each.source]["label"], each.transfers[0][0], amounts_in_words(each.sums)]
        for each in bundles(chart)
        if each.source != each.target
    ]
    assert sorted(told) == sorted(expected)
    assert "traced" in panel(browser)
    assert all(part.words in panel(browser) for part in money_parts(found))
    press(browser, "2")
    assert browser.execute_script("return [...shone.transfers].map(t => t.id)") == [report]
    press(browser, Keys.ESCAPE)
    assert browser.execute_script("return shone") is None
