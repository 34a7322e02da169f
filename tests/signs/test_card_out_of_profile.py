"""C2: a card that spends what it never did."""

from __future__ import annotations

from mulegraph.signs.base import all_signs
from tests.signs.inputs import card, findings_of

PAY = "a b 10 9:00"
USUAL = [card("a", day, "12:00", amount) for day, amount in enumerate(["20", "25", "18", "22", "30", "20"])]


def test_thirty_times_the_usual_day(ledger_of):
    """Six days of about 20, then 650."""
    (found,) = findings_of("C2", ledger_of(PAY, card_events=[*USUAL, card("a", 8, "12:00", "650")]))
    assert "31 times its usual day" in found["reason"]
    assert found["victim"]


def test_four_times_is_innocent_and_nine_just_below(ledger_of):
    """A new coat; and what the threshold would let pass."""
    ledger = ledger_of(PAY, card_events=[*USUAL, card("a", 8, "12:00", "190")])
    assert findings_of("C2", ledger) == []
    assert len(findings_of("C2", ledger, max_times=4.0)) == 1


def test_a_card_without_a_history_says_nothing(ledger_of):
    """Four days are too few to know it by."""
    assert findings_of("C2", ledger_of(PAY, card_events=[*USUAL[:4], card("a", 8, "12:00", "650")])) == []


def test_without_cards_it_is_not_testable(ledger_of):
    """It says which table it needs."""
    assert all_signs()["C2"].missing(ledger_of(PAY)) == ["card_events"]
