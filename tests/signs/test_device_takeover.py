"""T1: a new device, a raised limit or a new payee, and the money is gone."""

from __future__ import annotations

from mulegraph.signs.base import all_signs
from tests.signs.inputs import findings_of, use

BEFORE = "firm a 3000 0+9:00\na shop 20 1+9:00\na shop 30 2+9:00\na shop 25 3+9:00\n"
KNOWN = [use("a", "own", day) for day in (5, 7, 9)]
TAKEN = [*KNOWN, use("a", "stranger", 14, "10:00")]
RAISED = use("a", "stranger", 14, "10:05", action="limit_raised")
DRAINED = BEFORE + "a thief 2500 9+11:00\n"


def test_a_strangers_device_and_a_new_payee(ledger_of):
    """Nearly all that was there leaves within the hour, to somebody never paid before."""
    (found,) = findings_of("T1", ledger_of(DRAINED, device_use=TAKEN))
    assert found["subject_id"] == "a" and found["victim"]
    assert "a device never seen before, then a new payee, and 2,500.00 EUR left within 12 hours" in found["reason"]
    assert "85% of the least that was there" in found["reason"]
    assert found["accounts"] == ["a", "thief"]


def test_a_raised_limit_makes_it_surer(ledger_of):
    """And new biometrics begin it as a new device does."""
    enrolled = use("a", "own", 14, "10:00", action="biometrics_enrolled")
    (found,) = findings_of("T1", ledger_of(DRAINED, device_use=[*KNOWN, enrolled, {**RAISED, "device_id": "own"}]))
    assert "new biometrics, then a raised limit and a new payee" in found["reason"]
    assert found["score"] == 0.875


def test_a_new_phone_and_the_usual_shop_are_innocent(ledger_of):
    """No new payee, no raised limit."""
    assert findings_of("T1", ledger_of(BEFORE + "a shop 2500 9+11:00\n", device_use=TAKEN)) == []


def test_half_of_what_was_there_is_just_below(ledger_of):
    """1,700 of 2,925 are 58 %; the threshold can be changed."""
    ledger = ledger_of(BEFORE + "a thief 1700 9+11:00\n", device_use=TAKEN)
    assert findings_of("T1", ledger) == []
    assert len(findings_of("T1", ledger, min_drained_percent=50.0)) == 1


def test_a_device_that_is_as_old_as_the_account_is_not_new(ledger_of):
    """First use of everything."""
    assert findings_of("T1", ledger_of(DRAINED, device_use=[use("a", "stranger", 14, "10:00")])) == []


def test_without_devices_it_is_not_testable(ledger_of):
    """It says which table it needs."""
    assert all_signs()["T1"].missing(ledger_of(BEFORE)) == ["device_use"]
