"""What notebooks show of a case, an account, a trace and a scan, and how a view is kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mulegraph.errors import UsageError
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.views.notebook_cards import View
from tests.drawing import draw
from tests.views.test_display import tags_of


@pytest.fixture(scope="module")
def shown_things(workspace: NotebookWorkspace) -> dict[str, object]:
    case = workspace.case(workspace.cases()["case"][0])
    collector = case.accounts.query("role == 'collector'")["account_id"].iloc[0]
    return {
        "case": case,
        "account": workspace.account(collector),
        "trace": workspace.trace(account=collector),
        "sources": workspace.trace(account=collector, back=True),
    }


@pytest.mark.parametrize("what", ["case", "account", "trace", "sources"])
def test_a_card_runs_nothing_and_fetches_nothing(shown_things, what):
    """No script, no handler, no address: an untrusted notebook shows the same as a trusted one."""
    text = shown_things[what]._repr_html_()

    found = tags_of(text)
    assert found.tags <= {"div", "p", "b", "span", "table", "thead", "tbody", "tr", "th", "td", "img"}
    assert found.attributes <= {"style", "src", "alt"}
    assert re.findall(r"https?://", text) == []
    assert re.findall(r"src='(?!data:image/svg\+xml;base64,)", text) == []


def test_a_case_tells_who_what_and_why(plain, shown_things):
    """Score and its parts, roles with accounts, each sign with its reason; and nobody's number."""
    case = shown_things["case"]

    text = case._repr_html_()

    assert case.id in text
    assert case.findings["reason"].iloc[0].replace("'", "&#39;") in text
    assert {"collector", "Roles", "Signs", "open"} <= set(re.findall(r"\w+", text))
    real = {each for each in plain.ledger.account_ids.to_pylist() if each in text}
    assert real == set()


def test_a_scan_shows_what_it_found_and_what_it_could_not(tmp_path):
    """Counts by sign; a sign that lacks a table says which."""
    draw(tmp_path, "a b 10 9:00\nb c 9 9:10")
    text = NotebookWorkspace(tmp_path / "workspace").scan()._repr_html_()

    assert "not testable" in text
    assert "listings" in text


def test_a_view_is_saved_as_its_page(workspace, tmp_path):
    """The file holds the page itself; where it cannot be written, that is said."""
    view = workspace.view(workspace.cases()["case"][0])

    saved = view.save(tmp_path / "new" / "case.html")

    assert saved.read_text(encoding="utf-8") == view.page
    assert repr(view).startswith("<view of CASE-")
    with pytest.raises(UsageError, match="cannot be written"):
        view.save(tmp_path)
    with pytest.raises(UsageError, match="cannot be written"):
        View("x", "y").save(Path("/proc/none/case.html"))
