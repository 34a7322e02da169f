"""V1: the same victim again, or several victims of one beneficiary."""

from __future__ import annotations

from mulegraph.signs.base import all_signs
from tests.signs.inputs import findings_of, listing

TWO = (
    "v1 thief 800 9:00\nv2 thief 900 1+9:00\n"
    + "v1 shop 20 2+9:00\nv1 shop 25 3+9:00\nv1 shop 22 4+9:00\nv1 shop 30 6+9:00\n"
)


def report(number: int, victim: str) -> dict[str, str]:
    """Transfer t00N was fraud, says its payer."""
    return {
        "report_id": f"r{number}",
        "transfer_id": f"t{number:03d}",
        "victim_account": victim,
        "reported_at": "2026-01-20T09:00:00Z",
    }


def test_two_victims_of_one_beneficiary(ledger_of):
    """The beneficiary is the subject, and no victim."""
    (found,) = findings_of("V1", ledger_of(TWO, reports=[report(1, "v1"), report(2, "v2")]))
    assert (found["subject_id"], found["victim"]) == ("thief", False)
    assert "beneficiary of several victims: 2 reported victims" in found["reason"]
    assert found["evidence"] == ["t001", "t002"]


def test_one_victim_of_two_swindlers(ledger_of):
    """He reported one of them; the other is on a list. They are named, he is the one harmed."""
    ledger = ledger_of(TWO + "v1 other 700 5+9:00\n", reports=[report(1, "v1")], listings=[listing("other")])
    (found,) = findings_of("V1", ledger)
    assert (found["subject_id"], found["victim"]) == ("v1", True)
    assert found["accounts"] == ["other", "thief", "v1"]


def test_a_friend_on_a_list_is_no_second_swindler(ledger_of):
    """Small sums, as to anybody."""
    ledger = ledger_of(TWO + "v1 friend 30 5+9:00\n", reports=[report(1, "v1")], listings=[listing("friend")])
    assert findings_of("V1", ledger) == []


def test_one_report_is_just_below(ledger_of):
    """A shop that was reported by mistake; the threshold can be changed."""
    ledger = ledger_of(TWO, reports=[report(1, "v1")])
    assert findings_of("V1", ledger) == []
    assert len(findings_of("V1", ledger, min_victims=1)) == 1


def test_both_at_once_is_one_fraud(ledger_of):
    """Two swindlers within the hour are the same call."""
    ledger = ledger_of(TWO + "v1 other 700 10:00\n", reports=[report(1, "v1")], listings=[listing("other")])
    assert findings_of("V1", ledger) == []


def test_without_reports_it_is_not_testable(ledger_of):
    """It says which table it needs."""
    assert all_signs()["V1"].missing(ledger_of(TWO)) == ["reports"]
