"""N1: layered chains above the threshold."""

from __future__ import annotations

from tests.signs.scene import background, findings_of

CHAIN = "victim m1 1000 9:00\nm1 m2 950 9:20\nm2 m3 900 9:50\nm3 cash 880 10:10\n"


def test_a_chain_is_one_finding_with_its_story(ledger_of):
    """What went in, what came out, and how sure it is."""
    (found,) = findings_of("N1", ledger_of(CHAIN + background()))

    assert found["subject_kind"] == "chain"
    assert found["evidence"] == ["t001", "t002", "t003", "t004"]
    assert found["accounts"] == ["victim", "m1", "m2", "m3", "CASH-OUT"]
    assert "1,000.00 EUR went in and 880.00 came out 3 accounts and 70 minutes later" in found["reason"]
    assert found["surprise"] > 10


def test_money_that_rests_overnight_is_no_chain(ledger_of):
    """Outside the window nothing is passed on."""
    assert (
        findings_of("N1", ledger_of("victim m1 1000 9:00\nm1 m2 950 1+9:20\nm2 m3 900 2+9:50\n" + background())) == []
    )


def test_two_hops_are_no_chain(ledger_of):
    """Salary in, rent out: a pass-through, and not layering."""
    assert findings_of("N1", ledger_of("firm me 1000 9:00\nme owner 900 9:20\n" + background())) == []
