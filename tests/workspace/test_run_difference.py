"""Between two runs: a word for what became of each case."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mulegraph.casework.acts import close, note
from mulegraph.schema.findings import CASES
from mulegraph.workspace.listings import cases
from mulegraph.workspace.run import Run, Runs
from mulegraph.workspace.run_difference import changes
from mulegraph.workspace.workspace import Workspace
from tests.drawing import draw


def test_what_became_of_each_case():
    """New, grown, shrunk, same, merged, split and quiet."""
    before = {"A": "abc", "B": "def", "C": "ghi", "D": "jk", "E": "lm", "F": "nopq", "G": "uv"}
    now = {"A": "abcx", "B": "de", "C": "ghi", "D": "jklm", "F": "no", "H": "pq", "I": "rst"}
    rows = changes(*({case: frozenset(text) for case, text in each.items()} for each in (before, now)))
    assert {row["case"]: (row["change"], row["others"]) for row in rows} == {
        "A": ("grown", []),
        "B": ("shrunk", []),
        "C": ("same", []),
        "D": ("merged", ["E"]),
        "F": ("split", ["H"]),
        "H": ("split", ["F"]),
        "I": ("new", []),
        "G": ("quiet", []),
    }
    same = {case: frozenset(text) for case, text in {"A": "abc", "B": "cd", "C": "abcde"}.items()}
    assert {row["change"] for row in changes(same, same)} == {"same"}
    grown = next(row for row in rows if row["case"] == "A")
    assert (grown["joined"], grown["left"]) == (["x"], [])


def test_no_case_is_lost_between_two_runs():
    """A new case that has accounts of a lost one is not that case: the lost one is quiet."""
    before, now = {"A": frozenset("abc")}, {"B": frozenset("abcde")}
    rows = {row["case"]: row["change"] for row in changes(before, now)}
    assert rows == {"A": "quiet", "B": "new"}


def night(folder: Path, name: str, seeds: dict[str, str]) -> Run:
    """A run with a case for each seed."""
    at, count = datetime(2026, 1, 5, 9), len(seeds)
    same = {"score": 0.5, "made_of": [], "accounts": ["a", "b"], "roles": ["victim", "collector"], "findings": []}
    same |= {"chains": [], "first_at": at, "last_at": at, "amount": Decimal(5), "currency": "EUR", "amounts": []}
    columns = {"case": list(seeds), **{key: [value] * count for key, value in same.items()}}
    table = CASES.table({**columns, "seeds": [[each] for each in seeds.values()]})
    made = Runs(folder).write({"cases": table}, {})
    return Run(made.folder.rename(made.folder.with_name(name)))


@pytest.mark.parametrize(("also", "listed"), [({}, {"R", "W"}), ({"CASE-00000004": "t001"}, {"4", "W"})])
def test_a_quiet_case_stays_on_the_list_until_it_is_closed(tmp_path, also, listed):
    """Where somebody worked on it, or its reported payment is in no case of tonight; others go as they came."""
    report = {"report_id": "R1", "transfer_id": "t001", "victim_account": "a", "reported_at": "2026-01-05T14:00:00Z"}
    draw(tmp_path, "a b 5 9:00\na b 6 9:00\na b 7 9:00\na b 8 9:00", reports=[report])
    folder = tmp_path / "workspace"
    names = {"CASE-00000001": "R", "CASE-00000002": "W", "CASE-00000003": "closed", "CASE-00000004": "4"}
    before = {"CASE-00000001": "t001", "CASE-00000002": "t002", "CASE-00000003": "t003", "CASE-00000005": "t004"}
    first = Workspace(folder, run=night(folder, "20260105T000000Z-000000", before))
    note(first, "CASE-00000002", "called")
    close(first, "CASE-00000003", "innocent", "a loan")
    later = Workspace(folder, run=night(folder, "20260106T000000Z-000000", also))
    assert {names[each] for each in cases(later, quiet=True)["case"]} == listed
    assert set(cases(later)["case"]) == set(also) and set(cases(first, quiet=True)["case"]) == set(before)
