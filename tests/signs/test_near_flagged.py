"""N5: more listed accounts nearby than chance would put there."""

from __future__ import annotations

from tests.signs.inputs import background, findings_of, listing

LISTED = [listing(f"bad{n}") for n in range(4)]
NEAR = "".join(f"bad{n} x 10 {9 + n}:00\n" for n in range(4))


def test_an_account_among_listed_ones_is_found_with_the_shortest_path(ledger_of):
    """Four listed accounts a transfer away, in a ledger of two hundred others."""
    crowd = "".join(f"p{n} q{n} 5 {n % 20}+{n % 24}:00\n" for n in range(400))
    found = findings_of("N5", ledger_of(NEAR + crowd, listings=LISTED))

    assert "x" in {each["subject_id"] for each in found}
    (x,) = (each for each in found if each["subject_id"] == "x")
    assert x["reason"].startswith("4 accounts on a suspicion list within 2 transfers")
    assert x["evidence"] == ["t001"]
    assert x["accounts"] == ["bad0", "x"]


def test_one_listed_neighbour_is_chance(ledger_of):
    """At least two, and more than the crowd would give."""
    crowd = "".join(f"p{n} q{n} 5 {n % 20}+{n % 24}:00\n" for n in range(50))
    assert findings_of("N5", ledger_of("bad0 x 10 9:00\n" + crowd, listings=LISTED[:1])) == []


def test_a_shop_with_many_customers_is_near_everybody(ledger_of):
    """Four listed among four hundred customers are what chance brings."""
    shop = "".join(f"p{n} shop 5 {n % 20}+{n % 24}:00\n" for n in range(400)) + "".join(
        f"bad{n} shop 5 {n}+3:00\n" for n in range(4)
    )
    found = findings_of("N5", ledger_of(shop, listings=LISTED))
    assert "shop" not in {each["subject_id"] for each in found}


def test_without_anybody_listed_here_nothing_is_found(ledger_of):
    """A list of strangers finds nobody."""
    assert findings_of("N5", ledger_of(background(), listings=[listing("stranger")])) == []
