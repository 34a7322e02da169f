"""A2: accounts on a for-sale list."""

from __future__ import annotations

from mulegraph.signs.base import all_signs
from tests.signs.inputs import EXPIRED, findings_of, listing

PAY = "a b 10 9:00"


def test_a_listed_account_is_found_with_the_confidence(ledger_of):
    """The list's confidence is the score."""
    (found,) = findings_of("A2", ledger_of(PAY, listings=[listing("a", on="for_sale")]))
    assert (found["subject_id"], found["score"]) == ("a", 0.8)
    assert "80% confidence" in found["reason"]


def test_expired_entries_other_lists_and_strangers_do_not_count(ledger_of):
    """What had ended before the ledger's last transfer, and what is no account of ours."""
    rows = [
        listing("a", on="for_sale", **EXPIRED),
        listing("b", on="suspicion"),
        listing("nobody", on="for_sale"),
    ]
    assert findings_of("A2", ledger_of(PAY, listings=rows)) == []


def test_a_rumour_is_just_below_the_threshold(ledger_of):
    """29 % confidence are too little; the threshold can be changed."""
    ledger = ledger_of(PAY, listings=[listing("a", on="for_sale", confidence="0.29")])
    assert findings_of("A2", ledger) == []
    assert len(findings_of("A2", ledger, min_confidence_percent=20.0)) == 1


def test_without_lists_it_is_not_testable(ledger_of):
    """It says which table it needs."""
    assert all_signs()["A2"].missing(ledger_of(PAY)) == ["listings"]
