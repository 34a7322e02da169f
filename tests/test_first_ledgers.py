"""The first ledgers that somebody types in: nothing to find in them, or accounts that are called as signs are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mulegraph.signs.base import all_signs
from mulegraph.views.notebook import NotebookWorkspace
from tests.command import answered
from tests.drawing import draw

CHAIN = """
    {0} {1} 500 9:00
    {1} {2} 490 9:10
    {2} {3} 480 9:20
"""


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of one transfer, scanned."""
    folder = tmp_path_factory.mktemp("nothing")
    draw(folder, "X1 X2 100.00 9:00")
    NotebookWorkspace(folder / "workspace").scan()
    return folder / "workspace"


def test_a_scan_that_finds_nothing_says_so(nothing):
    """Exit code 0, and plain words."""
    told = answered("scan", "--workspace", nothing)

    assert "No finding." in told
    assert "No case in" in told


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["case", "list"], "No case."),
        (["signs"], "No finding."),
        (["alerts"], "No account is alerted."),
        (["chains"], "No chain"),
        (["account"], "No finding names an account."),
        (["devices"], "(none)"),
        (["case", "alarms"], "No case is decided yet."),
        (["journal", "show"], "(none)"),
    ],
)
def test_every_listing_of_nothing_says_so(nothing, command, words):
    """A table in words, JSON as an empty list."""
    assert words in answered(*command, "--workspace", nothing)
    assert json.loads(answered(*command, "--format", "json", "--workspace", nothing)) == []


def test_an_account_without_findings_has_a_page_and_a_picture(nothing, tmp_path):
    """What is known of it is shown, and that nothing is held against it."""
    assert "Signs: none" in answered("account", "X1", "--workspace", nothing)
    answered("view", "X1", "-o", tmp_path / "x1.html", "--workspace", nothing)
    assert (tmp_path / "x1.html").stat().st_size > 1000


def test_a_run_that_found_nothing_has_a_report(nothing, tmp_path):
    """And a second one after it."""
    NotebookWorkspace(nothing).scan()
    answered("report", "-o", tmp_path, "--workspace", nothing)
    assert (tmp_path / "report.html").is_file()
    assert answered("diff", "--workspace", nothing)


def test_accounts_may_be_called_as_signs_and_parts_of_a_score_are(tmp_path):
    """Signs show as signs, accounts as tokens, in every listing."""
    names = ("base", "N1", "account", "A1")
    draw(tmp_path, CHAIN.format(*names))
    here = ["--workspace", tmp_path / "workspace"]

    scanned = json.loads(answered("scan", "--format", "json", *here))
    assert scanned["findings"].keys() | scanned["not_testable"].keys() == all_signs().keys()
    assert "N1" in answered("scan", *here)

    findings = json.loads(answered("signs", "--format", "json", *here))
    assert {each["sign"] for each in findings} <= all_signs().keys()
    assert {each["finding"].partition("-")[0] for each in findings} <= all_signs().keys()
    assert all("~" in name for each in findings for name in (each["subject_id"], *each["accounts"]))

    ranked = json.loads(answered("account", "--format", "json", *here))
    assert all("~" in each["account"] for each in ranked)
    assert {part for each in ranked for part in each["parts"]} <= {*all_signs(), "base", "listed", "other"}

    page = json.loads(answered("account", ranked[0]["account"], "--format", "json", *here))
    assert page["findings"][0]["sign"] in page["thresholds"]
    assert page["not_testable"].keys() <= all_signs().keys()
    assert {sign for each in page["evidence"] for sign in each["signs"]} <= all_signs().keys()
    explained = json.loads(answered("explain", findings[0]["finding"], "--format", "json", *here))
    assert explained["sign"] == findings[0]["sign"]
    answered("report", "-o", tmp_path / "report", *here)
    answered("view", ranked[0]["account"], "-o", tmp_path / "page.html", *here)
    network = NotebookWorkspace(tmp_path / "workspace").account_network(ranked[0]["account"])
    assert not set(names) & set(network)
    assert {each["sign"] for each in network.graph.get("findings", [])} <= all_signs().keys()
