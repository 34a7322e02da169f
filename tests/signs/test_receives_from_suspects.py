"""A4: more than three receipts from suspicion-listed accounts."""

from __future__ import annotations

from decimal import Decimal

from mulegraph.signs.base import all_signs
from tests.signs.inputs import background, findings_of, listing

FOUR = "bad x 10 9:00\nbad x 20 10:00\nworse x 30 11:00\nbad x 40 12:00\n" + background()


def test_four_receipts_from_suspects_are_a_finding(ledger_of):
    """Four receipts from two suspects; the reason counts both, the evidence is in order of time."""
    (found,) = findings_of("A4", ledger_of(FOUR, listings=[listing("bad"), listing("worse")]))

    assert found["subject_id"] == "x"
    assert found["evidence"] == ["t001", "t002", "t003", "t004"]
    assert found["amount"] == Decimal("100.000")
    assert "4 receipts from 2 accounts" in found["reason"]
    assert found["first_at"].hour == 9 and found["last_at"].hour == 12


def test_three_are_none(ledger_of):
    """More than three, as the handbook says; the threshold can be changed."""
    ledger = ledger_of(FOUR, listings=[listing("bad")])

    assert findings_of("A4", ledger) == []
    assert len(findings_of("A4", ledger, min_receipts=3)) == 1


def test_another_list_is_another_matter(ledger_of):
    """Accounts that are known to be good are no suspects."""
    assert findings_of("A4", ledger_of(FOUR, listings=[listing("bad", on="known_good")])) == []


def test_a_suspect_who_pays_himself_is_no_receipt(ledger_of):
    """Transfers to oneself do not count."""
    own = "\n".join(f"bad bad 10 {hour}:00" for hour in range(9, 15))
    assert findings_of("A4", ledger_of(own, listings=[listing("bad")])) == []


def test_a_shop_that_all_the_world_pays_scores_low(ledger_of):
    """Four receipts of four hundred are what chance would bring, and the score says so."""
    shop = "\n".join(f"c{n} shop 5 {n % 20}+{n % 24}:00" for n in range(400))
    (found, shops) = findings_of(
        "A4",
        ledger_of(
            FOUR + "\n" + shop + "\n" + "\n".join(f"bad shop 5 {n}+3:00" for n in range(4)),
            listings=[listing("bad"), listing("worse")],
        ),
    )

    assert found["subject_id"] == "x"
    assert shops["subject_id"] == "shop"
    assert shops["score"] < 0.2 < found["score"]


def test_without_listings_it_is_not_testable(ledger_of):
    """It says which table it needs."""
    assert all_signs()["A4"].missing(ledger_of(FOUR)) == ["listings"]
