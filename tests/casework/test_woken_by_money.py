"""A case that was put aside is open again when its money moves on, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from mulegraph.flow.read_transfers import read_transfers
from mulegraph.ingest.load import load
from mulegraph.journal.state import CaseState
from mulegraph.ledger.ledger import Ledger
from mulegraph.settings import FILE, BankSettings, TraceSettings
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.workspace.own_banks import OwnBanks
from mulegraph.workspace.scan import scan
from mulegraph.workspace.trace_payments import Source
from mulegraph.workspace.trace_terms import order_of
from mulegraph.workspace.watched_money import MoneyWatch
from tests.drawing import accounts_of, draw, transfers_of, write_csv

# Of 900 stolen, 300 stay on m1 and 600 go to m2, beside 400 of its own.
BEFORE = """
    victim m1  900 9:00
    m1     m2  600 10:00
    other  m2  400 10:30
    friend n1  100 11:00
"""


def watch_of(ledger: Ledger) -> MoneyWatch:
    banks = OwnBanks.of(ledger, BankSettings())
    return MoneyWatch(lambda: Source(ledger, *order_of(ledger, read_transfers(ledger)), banks), TraceSettings())


def night(folder: Path, more: str, **tables: list[dict[str, str]]) -> Ledger:
    """The ledger after more files; rows that it has are known."""
    transfers = transfers_of(BEFORE + more)
    (folder / "night").mkdir()
    for name, rows in {"accounts": accounts_of(transfers), "transfers": transfers, **tables}.items():
        write_csv(folder / "night" / f"{name}.csv", rows)
    load(folder / "night", folder / "workspace")
    return Ledger(folder / "workspace" / "ledger")


@pytest.mark.parametrize(
    ("more", "amount", "payments"),
    [
        ("    m2 m3 500 12:00\n", "500.00", ["t005"]),
        ("    m2 m3 500 12:00\n    m1 cash 50 13:00 cash\n", "550.00", ["t005", "t006"]),
        # A file that came late: it was paid before what was the ledger's last transfer.
        ("    m2 m3 500 10:45\n", "500.00", ["t005"]),
        # 300 go from m1 to m2, and then all of it: no more than was stolen moved on.
        ("    m1 m2 300 12:00\n    m2 m3 1300 13:00\n", "900.00", ["t005", "t006"]),
        ("    third m2 70 12:00\n", None, []),
        ("    other m4 50 12:00\n", None, []),
        ("    m1 m1 5 12:00\n", None, []),
    ],
)
def test_what_moved_on_is_what_the_watched_accounts_paid_of_the_money_since(tmp_path, more, amount, payments):
    """Not what comes to them, what others pay, or what an account pays itself; first in, first out, at most."""
    watch = watch_of(draw(tmp_path, BEFORE)).begin(["t001"])
    assert (watch["accounts"], watch["transfers"]) == (["m1", "m2"], ["t002"])
    found = watch_of(night(tmp_path, more)).left(watch, CaseState())
    assert (found.amounts.get("EUR"), found.payments) == (amount, payments)


def test_a_balance_that_shows_it_gone_wakes_too(tmp_path):
    """No payment says so, and nothing else happened: of 300 on m1 its balance finds 40."""
    watch = watch_of(draw(tmp_path, BEFORE)).begin(["t001"])
    row = {"account_id": "m1", "at": "2026-01-05T12:00:00Z", "balance": "40", "currency": "EUR"}
    row |= {"kind": "booked", "source": "bank"}
    found = watch_of(night(tmp_path, "", balances=[row])).left(watch, CaseState())
    assert (found.amounts, found.payments) == ({"EUR": "260.00"}, [])


def test_what_somebody_put_into_the_case_is_watched_and_whom_he_let_go_is_not(tmp_path):
    """100 that was added left n1; m2, who was decided to be innocent, may pay what he likes."""
    watch = watch_of(draw(tmp_path, BEFORE)).begin(["t001"])
    ledger = night(tmp_path, "    m2 m3 500 12:00\n    n1 n2 90 12:00\n")
    added = watch_of(ledger).left(watch, CaseState(opened_with=["t004"], disposed={"m2": "innocent"}))
    assert "t006" in added.payments and "t005" not in added.payments


def test_a_snoozed_case_wakes_and_an_innocent_holder_may_pay_what_he_likes(tmp_path: Path):
    """The night on which the money of both cases left: the one that waits is open, what left is in its journal."""
    draw(tmp_path, BEFORE)
    folder = tmp_path / "workspace"
    (folder / FILE).write_text("[cases]\nmin_score = 1.0\n", encoding="utf-8")
    scan(folder, graph=False)
    space = NotebookWorkspace(folder, reveal="tests of waking")
    waits, innocent = (str(space.open_case([payment]).about) for payment in ("t001", "t004"))
    space.snooze(waits, "2999-01-01", "waits for the bank")
    space.close(innocent, "innocent", "a loan")
    night(tmp_path, "    m2 m3 500 12:00\n    n1 n2 90 12:00\n")
    scan(folder, graph=False)
    again = NotebookWorkspace(folder, reveal="tests of waking")
    assert [again.state(case).status for case in (waits, innocent)] == ["open", "closed"]
    (woken,) = again.state(waits).woken
    assert (woken["left"], woken["payments"]) == ({"EUR": "500.00"}, ["t005"])
