"""C1: impossible travel, and use around the clock."""

from __future__ import annotations

from mulegraph.signs.base import all_signs
from tests.signs.inputs import card, findings_of

PAY = "a b 10 9:00"
LINZ, AACHEN = "Linz 48.31,14.29", "Aachen 50.78,6.08"


def test_two_places_600_km_apart_within_half_an_hour(ledger_of):
    """Nobody travels at 1,200 km/h; the events are named."""
    events = [card("a", 1, "10:00", place=LINZ), card("a", 1, "10:30", place=AACHEN)]
    (found,) = findings_of("C1", ledger_of(PAY, card_events=events))
    assert found["subject_id"] == "a" and found["victim"]
    assert "a-1-10:30" in found["facts"]["events"]


def test_a_flight_is_just_below(ledger_of):
    """The same 650 km in fifty minutes are 780 km/h, as an aeroplane flies."""
    events = [card("a", 1, "10:00", place=LINZ), card("a", 1, "10:49", place=AACHEN)]
    ledger = ledger_of(PAY, card_events=events)
    assert findings_of("C1", ledger) == []
    assert len(findings_of("C1", ledger, max_kmh=700.0)) == 1


def test_places_without_coordinates_need_a_quarter_of_an_hour(ledger_of):
    """A name says that two places differ, and not how far."""
    events = [card("a", 1, "10:00", place="Linz"), card("a", 1, "10:05", place="Ulm")]
    assert len(findings_of("C1", ledger_of(PAY, card_events=events))) == 1


def test_around_the_clock_without_a_rest(ledger_of):
    """Twenty hours, one use every two."""
    events = [card("a", 1, f"{hour}:00", place="Ulm") for hour in range(0, 22, 2)]
    (found,) = findings_of("C1", ledger_of(PAY, card_events=events))
    assert "up to 20 hours without a rest" in found["reason"]


def test_a_long_day_in_town_is_innocent(ledger_of):
    """Twelve uses in eleven hours."""
    events = [card("a", 1, f"{hour}:00", place="Ulm") for hour in range(8, 20)]
    assert findings_of("C1", ledger_of(PAY, card_events=events)) == []


def test_dates_without_hours_are_not_testable(ledger_of):
    """Within a day one can be anywhere."""
    ledger = ledger_of("a b 10 0:00", card_events=[card("a", 1, "0:00", place=LINZ)])
    assert all_signs()["C1"].missing(ledger) == ["hours"]
