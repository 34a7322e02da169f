"""C5: card payments at a listed merchant."""

from __future__ import annotations

import pytest

from mulegraph.signs.base import all_signs
from tests.signs.inputs import EXPIRED, card, findings_of, listing

PAY = "a b 10 9:00"
SPENT = [card("a", 1, "10:00", "40", merchant_id="m"), card("b", 1, "10:00", merchant_id="other")]


@pytest.mark.parametrize("on", ["suspicion", "authority_warning"])
def test_who_paid_a_listed_merchant_is_found(ledger_of, on):
    """By either list."""
    (found,) = findings_of("C5", ledger_of(PAY, card_events=SPENT, listings=[listing("m", on, kind="merchant")]))
    assert found["subject_id"] == "a"
    assert "1 card payment, 40.00 EUR in all, at 1 merchant on" in found["reason"]


def test_expired_entries_and_good_merchants_are_innocent(ledger_of):
    """A merchant who was cleared, and one who is known to be good."""
    rows = [listing("m", kind="merchant", **EXPIRED), listing("other", "known_good", kind="merchant")]
    assert findings_of("C5", ledger_of(PAY, card_events=SPENT, listings=rows)) == []


def test_one_payment_is_just_below_where_two_are_asked_for(ledger_of):
    """The threshold can be changed."""
    ledger = ledger_of(PAY, card_events=SPENT, listings=[listing("m", kind="merchant")])
    assert findings_of("C5", ledger, min_payments=2) == []


def test_without_lists_it_is_not_testable(ledger_of):
    """It says which table it needs."""
    assert all_signs()["C5"].missing(ledger_of(PAY, card_events=SPENT)) == ["listings"]
