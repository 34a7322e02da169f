"""A case's state is the replay of the journal, and so is the false-alarm ledger."""

from __future__ import annotations

from datetime import date

import pytest

from mulegraph.errors import UsageError
from mulegraph.journal.journal import Journal
from mulegraph.journal.state import alarm_ledger, replay, snooze_end


@pytest.fixture
def journal(tmp_path) -> Journal:
    return Journal(tmp_path)


def test_state_is_the_replay_of_what_was_done(journal):
    """Notes add up, the last assignment and the last decision hold."""
    journal.append("assigned", "CASE-1", to="ann")
    journal.append("noted", "CASE-1", text="first")
    journal.append("revealed", reason="x")
    journal.append("closed", "CASE-1", disposition="innocent", reason="payroll", findings={})
    journal.append("noted", "CASE-1", text="second")
    journal.append("assigned", "CASE-1", to="bob")

    state = replay(journal.entries())["CASE-1"]

    assert (state.status, state.disposition, state.assignee) == ("closed", "innocent", "bob")
    assert [each["text"] for each in state.notes] == ["first", "second"]
    journal.append("reopened", "CASE-1", reason="new victim", findings={})
    state = replay(journal.entries())["CASE-1"]
    assert (state.status, state.disposition) == ("open", None)


def test_a_snooze_ends_by_itself(journal):
    """On its day the case is open again."""
    journal.append("snoozed", "CASE-1", until="2026-12-01", reason="wait", findings={})
    assert replay(journal.entries(), today=date(2026, 11, 30))["CASE-1"].status == "snoozed"
    assert replay(journal.entries(), today=date(2026, 12, 1))["CASE-1"].status == "open"


def test_false_alarms_are_counted_by_sign(journal):
    """A finding counts as it was last decided; what was opened again is undecided."""
    found = {"A3": ["A3-1", "A3-2"], "N1": ["N1-1"]}
    journal.append("snoozed", "CASE-1", until="2027-01-01", reason="", findings=found)
    journal.append("closed", "CASE-1", disposition="innocent", reason="", findings=found)
    journal.append("closed", "CASE-2", disposition="confirmed", reason="", findings={"A3": ["A3-3"]})
    rows = {row["sign"]: row for row in alarm_ledger(journal.entries())}
    assert rows["A3"] == {
        "sign": "A3",
        "confirmed": 1,
        "innocent": 2,
        "unclear": 0,
        "snoozed": 2,
        "false_share": pytest.approx(2 / 3),
    }
    journal.append("reopened", "CASE-1", reason="", findings=found)
    rows = {row["sign"]: row for row in alarm_ledger(journal.entries())}
    assert (rows["A3"]["innocent"], rows["N1"]["false_share"]) == (0, None)


@pytest.mark.parametrize("until", ["soon", "2020-01-01", "2026-13-01"])
def test_a_snooze_needs_a_day_to_come(until):
    """Otherwise nothing is written."""
    with pytest.raises(UsageError, match=until):
        snooze_end(until)
