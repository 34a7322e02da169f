"""C3: wrong PINs, and then the right one."""

from __future__ import annotations

import pytest

from mulegraph.signs.base import all_signs
from tests.signs.inputs import card, findings_of

PAY = "a b 10 9:00"


def tries(*minutes: int, wrong: str = "wrong_pin") -> list[dict[str, str]]:
    """Failed tries at these minutes past ten."""
    return [card("a", 1, f"10:{minute:02d}", outcome=wrong) for minute in minutes]


@pytest.mark.parametrize("wrong", ["wrong_pin", "wrong_otp"])
def test_three_wrong_and_then_it_works(ledger_of, wrong):
    """Within half an hour."""
    (found,) = findings_of("C3", ledger_of(PAY, card_events=[*tries(0, 2, 4, wrong=wrong), card("a", 1, "10:06")]))
    assert found["reason"] == "3 wrong PINs or codes within 30 minutes, then it worked"
    assert found["phase"] == "take_control"


def test_two_are_just_below_and_innocent(ledger_of):
    """As anybody errs; the threshold can be changed."""
    ledger = ledger_of(PAY, card_events=[*tries(0, 2), card("a", 1, "10:06")])
    assert findings_of("C3", ledger) == []
    assert len(findings_of("C3", ledger, min_wrong_codes=2)) == 1


def test_spread_over_hours_they_do_not_count(ledger_of):
    """Three tries of which the first is forgotten by the time of success."""
    assert findings_of("C3", ledger_of(PAY, card_events=[*tries(0, 20, 40), card("a", 1, "10:45")])) == []


def test_five_that_never_work_say_so(ledger_of):
    """Somebody guesses in vain."""
    (found,) = findings_of("C3", ledger_of(PAY, card_events=tries(0, 1, 2, 3, 4)))
    assert "and it never worked" in found["reason"]


def test_without_cards_it_is_not_testable(ledger_of):
    """It says which table it needs."""
    assert all_signs()["C3"].missing(ledger_of(PAY)) == ["card_events"]
