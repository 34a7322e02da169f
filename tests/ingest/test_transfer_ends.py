"""Ends of transfers that no account file lists."""

from __future__ import annotations

import pytest

from mulegraph.errors import DataError
from mulegraph.ingest.rejects import Limit

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


def test_a_first_load_of_ibans_alone_needs_no_file_of_accounts(bank: Bank):
    """Accounts are made of both ends; a file that lists them later says what they are. Other ends are refused."""
    near, far = iban("NL", "TSTB", 33), iban("DE", "37040044", 34)
    listed = bank.folder / "accounts.csv"
    listed.unlink()
    bank.transfers(f"a,{near},{far},1.10,EUR,2026-03-02T00:30:00Z,other,")
    bank.load()
    made = {row["account_id"]: row["bank"] for row in bank.ledger.arrow("accounts").to_pylist()}
    assert made == {near: "NLTSTB", far: "DE37040044"}
    assert bank.ids() == ["a"]

    bank.write("accounts.csv", f"account_id,bank,kind,currency\n{near},own,personal,EUR\n")
    bank.load()
    kinds = {row["account_id"]: (row["bank"], row["kind"]) for row in bank.ledger.arrow("accounts").to_pylist()}
    assert kinds == {near: ("own", "personal"), far: ("DE37040044", "unknown")}


def test_a_first_load_without_accounts_whose_ends_are_no_ibans_says_what_to_give(bank: Bank):
    """Nothing says which bank keeps such a number."""
    (bank.folder / "accounts.csv").unlink()
    bank.transfers("a,ann,bob,1.10,EUR,2026-03-02T00:30:00Z,other,")
    with pytest.raises(DataError, match=r"accounts\.csv.* is missing.*only IBANs"):
        bank.load(limit=Limit())
