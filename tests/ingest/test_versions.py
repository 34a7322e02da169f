"""Records that change, stand side by side, and loads that are taken back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from mulegraph.errors import DataError, UsageError
from mulegraph.ingest.forget import forget
from mulegraph.ingest.load import LoadReport
from mulegraph.ingest.remarks import About
from mulegraph.ingest.rules import Rule
from mulegraph.ledger.ledger import Ledger

from .conftest import Bank

HEAD = "account_id,bank,holder_id,kind,opened_on,closed_on,currency"
ROW = "t1,A,B,10.00,EUR,2026-03-01T09:00:00Z,instant,"
MONDAY, TUESDAY = dt.datetime(2026, 2, 2), dt.datetime(2026, 2, 3)


def load_accounts(bank: Bank, *rows: str, at: dt.datetime = MONDAY) -> LoadReport:
    bank.write("accounts.csv", "\n".join([HEAD, *rows]))
    return bank.load(as_of=at)


def accounts(ledger: Ledger, at: dt.datetime | None = None) -> list[tuple[str, str, str]]:
    """(account, holder, closed on) of every row, now or at a time."""
    rows = ledger.arrow("accounts") if at is None else ledger.as_of("accounts", at)
    found = [(row["account_id"], row["holder_id"] or "", str(row["closed_on"] or "")) for row in rows.to_pylist()]
    return sorted(found)


def test_the_night_s_dump_closes_and_opens_records(bank: Bank):
    """The ledger knows the new state, and what it was before; nothing is a reject."""
    bank.transfers(ROW)
    load_accounts(bank, "A,OWN,H1,personal,,,EUR", "B,OWN,H2,personal,,,EUR")

    report = load_accounts(bank, "A,OWN,H1,personal,,2026-02-03,EUR", "B,OWN,H2,personal,,,EUR", at=TUESDAY)

    tally = report.tables["accounts"]
    assert (tally.taken, tally.already_there, tally.rejected) == (1, 1, 0)
    assert [remark.rows for remark in report.remarks if remark.about is About.VERSIONS] == [1]
    assert accounts(bank.ledger) == [("A", "H1", "2026-02-03"), ("B", "H2", "")]
    assert accounts(bank.ledger, MONDAY) == [("A", "H1", ""), ("B", "H2", "")]
    assert accounts(bank.ledger, TUESDAY) == accounts(bank.ledger)


def test_a_customer_with_a_new_phone_is_no_reject(bank: Bank):
    """Holders, devices and merchants change as well."""
    bank.transfers(ROW)
    load_accounts(bank, "A,OWN,H1,personal,,,EUR", "B,OWN,H2,personal,,,EUR")
    for day, changed in ((MONDAY, ""), (TUESDAY, "2026-02-03")):
        bank.write("holders.csv", f"holder_id,name,phone_changed_on\nH1,Ann,{changed}\n")
        report = bank.load(as_of=day)
        assert report.rejects == {}

    assert bank.values("phone_changed_on", "holders") == [dt.date(2026, 2, 3)]
    assert bank.ledger.as_of("holders", MONDAY)["phone_changed_on"].to_pylist() == [None]


SIDE_BY_SIDE = [
    (["J,OWN,H1,personal,,,EUR", "J,OWN,H2,personal,,,EUR"], "J", 2),
    (["J,OWN,H1,personal,,,EUR", "J,OWN,H1,personal,,,USD"], "J", 2),
    (["J,OWN,H1,personal,2010-01-01,2019-06-30,EUR", "J,OWN,H1,personal,2024-02-01,,EUR"], "J", 2),
]


@pytest.mark.parametrize(("rows", "account", "count"), SIDE_BY_SIDE, ids=["holders", "currencies", "periods"])
def test_rows_of_one_account_stand_side_by_side(bank: Bank, rows: list[str], account: str, count: int):
    """Other holders, other currencies, other periods: the ledger joins by one of them and knows all."""
    bank.transfers(f"t1,{account},B,10.00,EUR,2026-03-01T09:00:00Z,instant,")

    report = load_accounts(bank, *rows, "B,OWN,H2,personal,,,EUR")

    assert report.rejects == {}
    assert len(accounts(bank.ledger)) == 2
    assert [row["account_id"] for row in bank.ledger.accounts_side_by_side()] == [account] * count
    again = load_accounts(bank, *reversed(rows), "B,OWN,H2,personal,,,EUR", at=TUESDAY)
    assert (again.tables["accounts"].taken, again.changed) == (0, False)


def test_an_account_takes_payments_in_each_of_its_currencies(bank: Bank):
    """And in no other."""
    bank.transfers(
        "a,B,J,1,EUR,2026-03-01,instant,", "b,U,J,1,USD,2026-03-01,instant,", "c,J,B,1,VND,2026-03-01,instant,"
    )

    report = load_accounts(
        bank, "J,OWN,H1,personal,,,EUR", "J,OWN,H1,personal,,,USD", "B,O,,personal,,,EUR", "U,O,,personal,,,USD"
    )

    assert bank.ids() == ["a", "b"]
    assert [rule for *_, rule in bank.rejects(report)] == [Rule.WRONG_CURRENCY]


def test_two_words_about_one_record_in_one_load_contradict(bank: Bank):
    """Which of them is later nobody said: the first stays."""
    bank.transfers(ROW)

    report = load_accounts(bank, "A,OWN,H1,personal,,,EUR", "A,OWN,H1,business,,,EUR", "B,OWN,H2,personal,,,EUR")

    assert bank.rejects(report, "accounts") == [(3, "account_id", "A", Rule.DUPLICATE)]
    assert bank.values("kind", "accounts")[0] == "personal"


def test_a_payment_to_a_virtual_number_ends_on_the_account_behind_it(bank: Bank):
    """Also over two numbers."""
    bank.write(
        "accounts.csv",
        f"{HEAD},settles_on\nV,O,H,personal,,,EUR,\nW,O,H,personal,,,EUR,X\nX,O,H,personal,,,EUR,M\nM,O,H,personal,,,EUR,\n",
    )
    bank.transfers("a,V,W,1,EUR,2026-03-01,instant,")
    bank.load()

    ledger = bank.ledger
    ids = ledger.account_ids
    assert ids[int(ledger.settling_numbers_of(ids.filter([each.as_py() == "W" for each in ids]))[0])].as_py() == "M"


def files_of(ledger: Ledger) -> dict[str, list[dict[str, object]]]:
    return {name: ledger.arrow(name).to_pylist() for name in ("accounts", "holders", "transfers")}


def test_a_forgotten_load_leaves_the_ledger_as_it_would_be_without_it(bank: Bank, tmp_path: Path):
    """Rows leave, changed records are as before, and the files may be loaded again."""
    bank.transfers(ROW)
    load_accounts(bank, "A,OWN,H1,personal,,,EUR", "B,OWN,H2,personal,,,EUR")
    before = files_of(bank.ledger)
    bank.transfers("t2,A,C,5,EUR,2026-03-01T10:00:00Z,instant,", "t3,A,C,5,EUR,2026-03-05T10:00:00Z,instant,")
    wrong = load_accounts(
        bank, "A,OWN,H9,business,,,EUR", "B,OWN,H2,personal,,,EUR", "C,OWN,H3,personal,,,EUR", at=TUESDAY
    )
    assert bank.ids() == ["t1", "t2", "t3"]

    gone = forget(bank.workspace, wrong.load)

    assert files_of(bank.ledger) == before
    assert gone.rows == {"accounts": 1, "transfers": 2}
    assert wrong.load not in bank.ledger.snapshot.loads
    again = bank.load(as_of=TUESDAY)
    assert again.tables["transfers"].taken == 2


def test_files_that_hold_rows_of_a_forgotten_load_are_named(bank: Bank):
    """What they held was left out as known, and is gone: they are to be loaded again, and can be."""
    bank.transfers(ROW)
    first = load_accounts(bank, "A,OWN,H1,personal,,,EUR", "B,OWN,H2,personal,,,EUR")
    (bank.folder / "transfers.csv").unlink()
    bank.transfers(ROW, ROW.replace("t1", "t2"), name="transfers-2.csv")
    bank.load(as_of=TUESDAY)

    gone = forget(bank.workspace, first.load)

    assert gone.load_again == ("transfers-2.csv",)
    assert bank.ids() == ["t2"]


def test_a_load_that_is_not_there_cannot_be_forgotten(bank: Bank):
    bank.transfers(ROW.replace("A", "ann").replace("B", "bob"))
    report = bank.load()

    with pytest.raises(UsageError, match="load '000009-x' is not in the ledger") as caught:
        forget(bank.workspace, "000009-x")
    assert report.load in caught.value.hint


def test_two_dumps_that_differ_are_refused_and_equal_ones_are_not(bank: Bank):
    """Neither is known to be the later one; a file for each currency is no contradiction."""
    head = "account_id,bank,holder_id,kind,currency\n"
    bank.write("accounts-1.csv", f"{head}A,own,H1,personal,EUR\nB,own,H1,personal,EUR\nB,own,H2,personal,EUR\n")
    bank.write("accounts-2.csv", f"{head}A,own,H1,personal,USD\nB,own,H2,personal,EUR\nB,own,H1,personal,EUR\n")
    bank.transfers("t,A,B,1,EUR,2026-02-03,other,")
    assert bank.load(limit=None).rejects == {}

    bank.write("accounts-3.csv", f"{head}A,own,H9,personal,EUR\n")
    bank.write("accounts-4.csv", f"{head}A,own,H1,business,EUR\n")
    with pytest.raises(DataError, match=r"accounts-3\.csv and accounts-4\.csv say different things of 1 records"):
        bank.load(limit=None)
