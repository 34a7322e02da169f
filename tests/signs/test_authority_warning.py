"""A5: holders on an authority's warning list."""

from __future__ import annotations

from mulegraph.signs.base import all_signs
from tests.drawing import accounts_of, transfers_of
from tests.signs.inputs import EXPIRED, findings_of, listing

PAY = "a b 10 9:00\nc b 10 9:00"


def test_every_account_of_a_listed_holder_is_found(ledger_of):
    """The warning is of the holder, and he has two accounts."""
    accounts = accounts_of(transfers_of(PAY), c={"holder_id": "h_a"})
    found = findings_of(
        "A5", ledger_of(PAY, accounts=accounts, listings=[listing("h_a", "authority_warning", kind="holder")])
    )
    assert {each["subject_id"] for each in found} == {"a", "c"}
    assert all("the holder is on an authority's warning list" in each["reason"] for each in found)


def test_an_account_can_be_listed_itself(ledger_of):
    """Some authorities list account numbers."""
    (found,) = findings_of("A5", ledger_of(PAY, listings=[listing("a", "authority_warning")]))
    assert "the account is on an authority's warning list" in found["reason"]


def test_expired_and_doubtful_entries_do_not_count(ledger_of):
    """A holder who was cleared, and one of whom little is known."""
    rows = [
        listing("h_a", "authority_warning", kind="holder", **EXPIRED),
        listing("h_b", "authority_warning", kind="holder", confidence="0.1"),
    ]
    assert findings_of("A5", ledger_of(PAY, listings=rows)) == []


def test_without_lists_it_is_not_testable(ledger_of):
    """It says which table it needs."""
    assert all_signs()["A5"].missing(ledger_of(PAY)) == ["listings"]
