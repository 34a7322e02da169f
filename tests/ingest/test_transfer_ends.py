"""Ends of transfers that no account file lists."""

from __future__ import annotations

from .conftest import Bank
from .readers.writers import iban


def test_an_iban_that_no_file_lists_becomes_an_account(bank: Bank):
    """Its bank is read from the number, its kind is unknown, and it is told how many there are."""
    far = iban("NL", "TSTB", 33)
    bank.transfers(f"a,ann,{far},1.10,EUR,2026-03-02T00:30:00Z,other,", f"b,{far},ann,1.00,EUR,2026-03-03,other,")

    report = bank.load()

    (row,) = [row for row in bank.ledger.arrow("accounts").to_pylist() if row["account_id"] == far]
    assert (row["bank"], row["kind"], row["currency"]) == ("NLTSTB", "unknown", "EUR")
    assert bank.ids() == ["a", "b"]
    assert any("1 accounts that no file lists" in remark.text for remark in report.remarks)


def test_wrong_check_digits_and_other_unknown_ends_stay_rejects(bank: Bank):
    """A number that nobody has, or that is no IBAN, is a mistake of the file."""
    wrong = "NL00TSTB0000000033"
    bank.transfers(f"a,ann,{wrong},1.10,EUR,2026-03-02,other,", "b,ann,dan,1.00,EUR,2026-03-03,other,")

    report = bank.load()

    assert [(column, value) for _, column, value, _ in bank.rejects(report)] == [("target", wrong), ("target", "dan")]
