"""A7: one device used for more than one account, counted by distinct holders."""

from __future__ import annotations

from mulegraph.settings import DeviceSettings, Settings
from tests.drawing import accounts_of, transfers_of
from tests.signs.inputs import findings_of, use

PAY = "a b 10 9:00\nc d 10 9:00"


def homes(**addresses: str) -> list[dict[str, str]]:
    return [{"holder_id": f"h_{name}", "name": name, "address": address} for name, address in addresses.items()]


def test_two_holders_on_one_device_are_a_finding(ledger_of):
    """Both accounts are named."""
    (found,) = findings_of("A7", ledger_of(PAY, device_use=[use("a", "phone"), use("b", "phone", 7), use("c", "own")]))

    assert found["subject_id"] == "phone"
    assert found["accounts"] == ["a", "b"]
    assert "2 holders" in found["reason"]
    assert (found["first_at"].day, found["last_at"].day) == (5, 7)


def test_one_holder_with_two_accounts_is_none(ledger_of):
    """A person may use his phone for all his accounts."""
    accounts = accounts_of(transfers_of(PAY), a={"holder_id": "h"}, b={"holder_id": "h"})
    assert findings_of("A7", ledger_of(PAY, accounts=accounts, device_use=[use("a", "phone"), use("b", "phone")])) == []


def test_a_household_is_noted_and_scores_low(ledger_of):
    """Holders at one address share computers; it is said, and counts for little."""
    shared = [use("a", "pc"), use("b", "pc"), use("c", "phone"), use("d", "phone")]
    strangers, family = findings_of(
        "A7", ledger_of(PAY, device_use=shared, holders=homes(a="Weg 1", b="Weg 1", c="Weg 2", d="Weg 3"))
    )

    assert "one household" in family["reason"] and "household" not in strangers["reason"]
    assert family["score"] < 0.3 < strangers["score"]


def test_a_terminal_in_a_branch_is_set_aside(ledger_of):
    """A device of more holders than the limit is a hub, and no finding."""
    ledger = ledger_of(PAY, device_use=[use(name, "terminal") for name in "abcd"])

    assert findings_of("A7", ledger, Settings(devices=DeviceSettings(hub_holders=3))) == []
    assert len(findings_of("A7", ledger)) == 1
