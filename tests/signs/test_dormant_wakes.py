"""N6: an account that slept wakes."""

from __future__ import annotations

from tests.drawing import accounts_of, transfers_of
from tests.signs.inputs import background, findings_of, weighed

WAKES = """
    x sleeper 500 15+9:00
    y sleeper 700 15+11:00
    sleeper cash 480 15+12:00 atm
    sleeper z 690 16+9:00
"""


def test_paid_by_two_and_passed_on_within_a_day(ledger_of):
    """Nothing for fifteen days, then 1,200 in and nearly all of it out."""
    (found,) = findings_of("N6", ledger_of(background() + WAKES))
    assert found["subject_id"] == "sleeper"
    assert (
        "slept for 15 days, then 4 transfers within 72 hours: 1,200.00 EUR in, 98% of it out again" in found["reason"]
    )


def test_one_payer_is_innocent(ledger_of):
    """A bonus that pays a bill."""
    assert findings_of("N6", ledger_of(background() + WAKES.replace("y sleeper", "x sleeper"))) == []


def test_three_transfers_are_just_below(ledger_of):
    """The threshold can be changed."""
    ledger = ledger_of(background() + WAKES.replace("sleeper z 690 16+9:00", "").replace("480", "1100"))
    assert findings_of("N6", ledger) == []
    assert len(findings_of("N6", ledger, min_transfers=3)) == 1


def test_an_account_opened_yesterday_did_not_sleep(ledger_of):
    """It is new, which is another matter."""
    drawing = background() + WAKES
    rows = accounts_of(transfers_of(drawing), sleeper={"opened_on": "2026-01-19"})
    assert findings_of("N6", ledger_of(drawing, accounts=rows)) == []


def test_a_club_that_meets_once_is_lowered(ledger_of):
    """Equal shares, paid on to a firm: the treasurer's test explains it."""
    club = "\n" + "".join(f"m{n} club 20 15+1{n}:00\n" for n in range(5)) + "club hall 100 16+9:00\n"
    rows = accounts_of(transfers_of(background() + club), hall={"kind": "business"})
    (found,) = weighed("N6", ledger_of(background() + club, accounts=rows))
    assert "treasurer" in found["passed"] and found["score"] < 0.3
