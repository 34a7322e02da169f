"""A page in a notebook's cell: what is chosen in it is a data frame, and what a notebook asks for is chosen."""

from __future__ import annotations

import base64
import json

import pytest
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

from mulegraph.errors import UsageError
from mulegraph.schema.language import speaking
from mulegraph.views.page import embedded
from mulegraph.views.pictures import drawn
from mulegraph.views.widget import SCRIPT, PageWidget
from tests.views.browser import opened
from tests.views.english import english_left

CELL = """<!doctype html><meta charset="utf-8"><body><script type="application/json" id="given">{given}</script>
<script type="module">
const values = JSON.parse(document.getElementById("given").textContent), heard = {{}};
const model = {{
  get: (name) => values[name], set: (name, value) => {{ values[name] = value; }}, off() {{}},
  on: (event, then) => {{ heard[event] = then; }},
  save_changes: () => {{ document.title = JSON.stringify(values.chosen); }},
}};
window.ask = (name) => {{ values.wanted = name; heard["change:wanted"](); }};
(await import("data:text/javascript;base64,{script}")).default.render({{ model, el: document.body }});
</script>"""
"""A notebook's front end, as far as a widget sees it: a model and a place in a cell."""


@pytest.fixture(scope="module")
def widget(workspace, case) -> PageWidget:
    with speaking("vi"):
        return PageWidget(drawn(workspace, case))


def test_what_is_chosen_in_the_page_is_a_data_frame(widget, browser, tmp_path):
    """A click goes to the kernel and comes back as transfers; the page says all of it in its own language."""
    path = tmp_path / "cell.html"
    given = {name: getattr(widget, name) for name in ("page", "title", "height", "wanted")}
    script = base64.b64encode(SCRIPT.encode()).decode()
    path.write_text(CELL.format(given=embedded(given), script=script), "utf-8")
    opened(browser, path)
    payee = widget.selection["target"].iloc[0]

    _in_frame(browser, "choose({ node: numberOf.get(arguments[0]) })", payee)
    said = WebDriverWait(browser, 20).until(lambda at: at.title.startswith("{") and json.loads(at.title))
    widget.set_state({"chosen": said})

    assert widget.accounts == [payee]
    found = widget.selection
    assert len(found) and ((found["source"] == payee) | (found["target"] == payee)).all()
    payer = found["source"].iloc[0]
    widget.choose(payer)
    browser.execute_script("ask(arguments[0])", widget.wanted)
    WebDriverWait(browser, 20).until(lambda at: json.loads(at.title)["nodes"] == [payer])
    assert english_left(_in_frame(browser, "return document.body.outerHTML")) == []


def _in_frame(browser: webdriver.Chrome, script: str, *given: str) -> str:
    """Run a script of the page in the cell, once it is ready."""
    browser.switch_to.frame(WebDriverWait(browser, 20).until(lambda at: at.find_element("tag name", "iframe")))
    ready = "return document.documentElement.dataset.ready"
    WebDriverWait(browser, 20).until(lambda at: at.execute_script(ready))
    told = browser.execute_script(script, *given)
    browser.switch_to.default_content()
    return told


def test_a_widget_gives_what_its_picture_holds_and_no_more(widget, workspace):
    """What a browser sends picks rows; names that it makes up pick none, and accounts stay tokens."""
    widget.set_state({"chosen": {"nodes": [], "transfers": []}})
    all_ids = set(widget.selection["transfer_id"])
    widget.set_state({"chosen": {"nodes": ["nobody", 5], "transfers": ["none"]}})
    assert widget.accounts == [] and widget.selection.empty
    widget.set_state({"chosen": {"nodes": [], "transfers": sorted(all_ids)[:2]}})
    assert widget.selection["transfer_id"].tolist() == sorted(all_ids)[:2]
    assert widget.selection["source"].dropna().str.contains("~").all()
    with pytest.raises(UsageError, match="not in this picture"):
        widget.choose("nobody")


def test_a_page_leaves_the_graph_as_it_was(workspace, case):
    """Links, a server and a notebook's cell are the page's: no later page or file of the same graph has them."""
    view = drawn(workspace, case)
    before = dict(view.graph.graph)
    PageWidget(view)
    view.page({"run": "run.html"}, {"drawing": "/case/x"})
    assert view.graph.graph == before
    assert "postMessage(told" not in view.page()


def test_a_page_that_stands_in_no_notebook_tells_nobody_what_is_chosen(widget, case_page):
    """Only a widget's page has the script that does."""
    assert "postMessage(told" in widget.page
    assert "postMessage(told" not in case_page
