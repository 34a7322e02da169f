"""N4: accounts of several holders, joined by devices."""

from __future__ import annotations

from tests.signs.inputs import findings_of, use

PAY = "a b 10 9:00\nc d 10 9:00"
CHAINED = [use("a", "one"), use("b", "one"), use("b", "two"), use("c", "two")]


def test_devices_join_what_no_single_one_does(ledger_of):
    """a and c never met on a device; b joins them."""
    (found,) = findings_of("N4", ledger_of(PAY, device_use=CHAINED))

    assert found["accounts"] == ["a", "b", "c"]
    assert "3 accounts of 3 holders" in found["reason"]
    assert "2 devices" in found["reason"]


def test_two_holders_are_too_few(ledger_of):
    """The cluster of a couple is none; the threshold can be changed."""
    ledger = ledger_of(PAY, device_use=CHAINED[:2])

    assert findings_of("N4", ledger) == []
    assert len(findings_of("N4", ledger, min_holders=2, min_addresses=2)) == 1


def test_a_family_at_one_address_is_none(ledger_of):
    """Three holders who live together are a household."""
    holders = [{"holder_id": f"h_{name}", "name": name, "address": "Weg 1"} for name in "abc"]
    assert findings_of("N4", ledger_of(PAY, device_use=CHAINED, holders=holders)) == []
