"""Account numbers that were used again: a payment belongs to the holder of its time."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from mulegraph.casework.message_text import without_blanks
from mulegraph.ingest.forget import forget
from mulegraph.ingest.remarks import About
from mulegraph.schema.findings import ALERTS
from mulegraph.workspace.alerting import as_named_now

from .conftest import Bank
from .readers.writers import camt053, camt_document
from .test_bookings import ANN, CEM, pay

HEAD = "account_id,bank,holder_id,kind,opened_on,closed_on,currency"
FORMER, PRESENT = "R,OWN,H1,personal,2010-01-01,2019-06-30,EUR", "R,OWN,H7,personal,2024-02-01,,EUR"
OTHER = "B,OWN,H2,personal,,,EUR"
OLD, NEW = "t1,R,B,5,EUR,2018-02-03T09:00:00Z,batch,", "t2,B,R,6,EUR,2026-02-03T09:00:00Z,instant,"
LIFE = "R@until-2024-02-01"


def load(bank: Bank, *rows: str, **options: object):
    bank.write("accounts.csv", "\n".join([HEAD, *rows]))
    return bank.load(**options)


def ends(bank: Bank) -> dict[str, tuple[str, str]]:
    rows = bank.ledger.arrow("transfers").to_pylist()
    return {row["transfer_id"]: (row["source"], row["target"]) for row in rows}


def holders(bank: Bank) -> dict[str, str]:
    return {row["account_id"]: row["holder_id"] for row in bank.ledger.arrow("accounts").to_pylist()}


RIGHT = {"t1": (LIFE, "B"), "t2": ("B", "R")}


def test_a_payment_belongs_to_the_holder_of_its_time(bank: Bank):
    """In one load: the former account is an account of its own, and no joint one."""
    bank.transfers(OLD, NEW)

    load(bank, FORMER, PRESENT, OTHER)

    assert ends(bank) == RIGHT
    assert holders(bank) == {"B": "H2", "R": "H7", LIFE: "H1"}
    beside = {row["account_id"]: row["holder_id"] for row in bank.ledger.accounts_side_by_side()}
    assert beside == {LIFE: "H1", "R": "H7"}


def test_a_number_used_again_after_its_payments_were_loaded_takes_none_of_them(bank: Bank):
    """The night's dump has only who holds it now; the same export again adds nothing, and forgetting undoes it."""
    bank.transfers(OLD, NEW)
    load(bank, "R,OWN,H1,personal,2010-01-01,,EUR", OTHER, as_of=dt.datetime(2019, 1, 1))
    before = bank.ledger.hash

    report = load(bank, PRESENT, OTHER, as_of=dt.datetime(2026, 1, 1))

    assert ends(bank) == RIGHT
    assert [remark.rows for remark in report.remarks if "used again" in remark.text] == [1]
    bank.transfers(OLD, NEW, "t3,R,B,1,EUR,2018-02-03T10:00:00Z,batch,", name="transfers-2.csv")
    again = bank.load()
    assert (again.tables["transfers"].taken, again.tables["transfers"].already_there, again.rejects) == (1, 2, {})
    assert ends(bank)["t3"] == (LIFE, "B")
    forget(bank.workspace, again.load)
    forget(bank.workspace, report.load)
    assert ends(bank) == {"t1": ("R", "B"), "t2": ("B", "R")}
    assert bank.ledger.hash == before


def test_every_table_that_names_the_number_is_of_the_account_of_its_time(bank: Bank):
    """Device use, reports, and lists of accounts."""
    bank.transfers(OLD, NEW)
    bank.write("device_use.csv", "account_id,device_id,at,action,outcome\nR,D,2018-01-01T00:00:00Z,login,ok\n")
    listed = "account,R,suspicion,us,{}T00:00:00Z,1"
    head = "subject_kind,subject_id,list,source,listed_at,confidence\n"
    bank.write("listings.csv", head + listed.format("2018-01-01") + "\n")

    load(bank, FORMER, PRESENT, OTHER)

    assert bank.values("account_id", "device_use") == [LIFE]
    assert bank.values("subject_id", "listings") == [LIFE]


def test_statements_of_before_and_after_a_number_was_used_again_are_known_when_they_come_again(bank: Bank):
    """Bookings are compared by number, whoever held it."""
    bank.write("a.xml", camt_document([camt053(ANN, [pay(ANN, CEM, 700)])]))
    row = f"{ANN},OWN,H{{}},personal,{{}},{{}},EUR"
    load(bank, row.format(1, "2010-01-01", ""), OTHER)

    load(bank, row.format(1, "2010-01-01", "2026-03-01"), row.format(7, "2026-04-01", ""), OTHER)

    life = f"{ANN}@until-2026-04-01"
    ((source, target),) = ends(bank).values()
    assert (source, target) == (life, CEM)
    assert set(bank.values("account_id", "statement_lines")) == {life}
    assert set(bank.values("account_id", "balances")) == {life}
    bank.write("again.xml", camt_document([camt053(ANN, [pay(ANN, CEM, 700)])]).replace("<Document", "\n<Document"))
    again = bank.load()
    assert (again.bookings.repeated, again.bookings.transfers) == (1, 0)


ONE_LIFE = {
    "the same holder": [FORMER.replace("H1", "H7"), PRESENT],
    "joint holders": [PRESENT, PRESENT.replace("H7", "H8")],
    "periods that overlap": [FORMER.replace("2019-06-30", ""), PRESENT],
}


@pytest.mark.parametrize("rows", ONE_LIFE.values(), ids=ONE_LIFE)
def test_an_account_of_one_life_stays_one(bank: Bank, rows: list[str]):
    """Who opens again, or holds it together, holds one account."""
    bank.transfers(OLD, NEW)

    load(bank, *rows, OTHER)

    assert ends(bank) == {"t1": ("R", "B"), "t2": ("B", "R")}


def test_payments_between_two_holders_are_counted(bank: Bank):
    """They are nobody's."""
    bank.transfers("t1,R,B,5,EUR,2021-02-03T09:00:00Z,batch,", NEW)

    report = load(bank, FORMER, PRESENT, OTHER)

    assert ends(bank)["t1"] == (LIFE, "B")
    assert [r.rows for r in report.remarks if r.about is About.VERSIONS and r.table == "transfers"] == [1]


def test_of_three_holders_in_turn_each_has_his_own_payments_and_alerts(bank: Bank):
    """An alert of the middle one stays his, whoever has the number now; the first and the last inherit none."""
    middle, life = "R,OWN,H5,personal,2020-02-01,2022-06-30,EUR", "R@until-2020-02-01"
    bank.transfers(OLD, "t3,B,R,7,EUR,2021-02-03T09:00:00Z,batch,", NEW)
    load(bank, FORMER, middle, PRESENT, OTHER)
    assert ends(bank) == {"t1": (life, "B"), "t3": ("B", LIFE), "t2": ("B", "R")}
    assert holders(bank) == {"B": "H2", "R": "H7", LIFE: "H5", life: "H1"}

    night = {"share": [0.2], "score": [0.99], "night": [1]}
    for until, of in (("2018-03-01", life), ("2021-03-01", LIFE), ("2026-03-01", "R")):
        known = ALERTS.table({"account": ["R"], "until": [dt.datetime.fromisoformat(until)], **night})
        assert as_named_now(bank.ledger, known)["account"].to_pylist() == [of]


def test_messages_name_the_number_that_the_bank_knows(tmp_path: Path):
    """A former account's id is the ledger's own."""
    assert without_blanks(f"{ANN}@until-2026-04-01") == ANN
