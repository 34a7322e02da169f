"""docs/signs.md is what the modules say, and the journey has all six phases."""

from __future__ import annotations

from pathlib import Path

from mulegraph.cases.journey import JOURNEY, journey
from mulegraph.cases.signs_document import document
from mulegraph.signs.base import Phase, all_signs

PAGE = Path(__file__).parents[2] / "docs" / "signs.md"


def test_the_page_is_what_the_modules_say():
    """Run `python -m mulegraph.cases.signs_document > docs/signs.md` after a change."""
    assert PAGE.read_text(encoding="utf-8") == document()
    for code in all_signs():
        assert f"## {code}\n" in document()


def test_a_journey_has_six_phases_and_says_which_are_blind():
    """What bank data cannot see is not called not found."""
    assert [step.phase for step in JOURNEY] == list(Phase)
    steps = {row["phase"]: row["seen"] for row in journey(["disperse"])}
    assert steps["disperse"] == "found" and steps["reach"] == "blind" and steps["take"] == "not found"
    assert all(step.barriers for step in JOURNEY)
