"""HTML for a notebook's cell: nothing hostile gets out of it, and a page in its frame works in a real browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from selenium.webdriver.common.by import By

from mulegraph.views.display import card, framed, still, table
from mulegraph.views.notebook import NotebookWorkspace
from tests.drawing import draw
from tests.views.browser import opened

EVIL = "</td></iframe><script>document.title='owned'</script><img/src=x/onerror=document.title='owned'>'\"&"


class Tags(HTMLParser):
    """Names of tags and of attributes that a piece of HTML opens."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def tags_of(text: str) -> Tags:
    found = Tags()
    found.feed(text)
    return found


def test_what_is_named_like_markup_is_shown_as_text():
    """Hostile names end no cell, no attribute and no frame."""
    text = card(EVIL, {EVIL: EVIL}, table([{"a": EVIL}], {"a": EVIL}, EVIL), still("<svg/>", EVIL))
    assert tags_of(text).tags <= {"div", "p", "b", "span", "table", "thead", "tbody", "tr", "th", "td", "img"}
    assert tags_of(text).attributes <= {"style", "src", "alt"}

    frame = tags_of(framed(f"<p>{EVIL}</p>", EVIL))
    assert frame.tags == {"iframe", "p"}
    assert frame.attributes <= {"srcdoc", "title", "sandbox", "style"}


def test_a_long_table_says_what_it_leaves_out():
    """A cell is no place for a thousand rows, and no place for silence about them."""
    text = str(table([{"n": number} for number in range(1_030)], {"n": "n"}))
    assert text.count("<tr>") == 26
    assert "and 1,005 more" in text


@pytest.mark.parametrize("what", ["case", "chain", "account", "trace"])
def test_a_view_works_inside_a_notebooks_frame(browser, workspace, tmp_path, what):
    """The page in the frame draws under its own policy, asks nobody, and cannot reach the page around it."""
    case = workspace.case(workspace.cases()["case"][0])
    collector = case.accounts.query("role == 'collector'")["account_id"].iloc[0]
    subjects = {
        "case": case,
        "chain": workspace.chains()["chain"][0],
        "account": collector,
        "trace": workspace.trace(account=collector),
    }
    path = tmp_path / "cell.html"
    view = workspace.view(subjects[what])
    path.write_text(f"<!doctype html><meta charset=utf-8><title>notebook</title>{view._repr_html_()}", encoding="utf-8")

    opened(browser, path)
    frame = browser.find_element(By.TAG_NAME, "iframe")
    browser.switch_to.frame(frame)

    assert browser.execute_script("return document.documentElement.dataset.ready") == "yes"
    assert browser.find_elements(By.TAG_NAME, "canvas")
    outside = "try { parent.document.title = 'owned'; return 'reached'; } catch (error) { return error.name; }"
    assert browser.execute_script(outside) == "SecurityError"
    browser.switch_to.default_content()
    assert browser.title == "notebook"
    asked = re.findall(r'"url":"([a-z]+:)', " ".join(each["message"] for each in browser.get_log("performance")))
    assert set(asked) <= {"file:", "data:", "about:"}


def test_a_hostile_account_is_text_in_card_and_frame(browser, tmp_path):
    """With everything revealed an account's number is still only a number."""
    draw(tmp_path, f"{EVIL} b 900 9:00\nb {EVIL} 850 9:10")
    space = NotebookWorkspace(tmp_path / "workspace", reveal="test")
    space.scan()
    path = tmp_path / "cell.html"
    cells = space.account(EVIL)._repr_html_() + space.view(EVIL)._repr_html_()
    path.write_text(f"<!doctype html><meta charset=utf-8><title>notebook</title>{cells}", encoding="utf-8")

    opened(browser, path)

    assert browser.title == "notebook"
    assert EVIL in browser.find_element(By.TAG_NAME, "body").text
    browser.switch_to.frame(browser.find_element(By.TAG_NAME, "iframe"))
    assert browser.execute_script("return document.documentElement.dataset.ready") == "yes"
    assert "owned" not in browser.execute_script("return document.title").replace(EVIL, "")
