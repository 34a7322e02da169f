"""A case that was put aside is open again when its money moves on, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from mulegraph.flow.read_transfers import read_transfers
from mulegraph.ingest.load import load
from mulegraph.settings import FILE, BankSettings, TraceSettings
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.workspace.own_banks import OwnBanks
from mulegraph.workspace.scan import scan
from mulegraph.workspace.trace_payments import Source
from mulegraph.workspace.trace_terms import order_of
from mulegraph.workspace.watched_money import money_left
from tests.drawing import accounts_of, draw, transfers_of, write_csv

# Of 900 stolen, 300 stay on m1 and 600 go to m2, beside 400 of its own.
BEFORE = """
    victim m1  900 9:00
    m1     m2  600 10:00
    other  m2  400 10:30
    friend n1  100 11:00
"""
WATCH = {"since": "2026-01-05T11:00:00", "payments": ["t001"], "accounts": ["m1", "m2"]}


@pytest.mark.parametrize(
    ("more", "amount", "payments"),
    [
        ("    m2 m3 500 12:00\n", "500.00", ["t005"]),
        ("    m2 m3 500 12:00\n    m1 cash 50 13:00 cash\n", "550.00", ["t005", "t006"]),
        ("    third m2 70 12:00\n", None, []),
        ("    other m4 50 12:00\n", None, []),
        ("    m1 m1 5 12:00\n", None, []),
    ],
)
def test_what_left_is_what_the_watched_accounts_paid_of_the_money_since(tmp_path, more, amount, payments):
    """Not what comes to them, what others pay, or what an account pays itself; first in, first out, at most."""
    ledger = draw(tmp_path, BEFORE + more)
    banks = OwnBanks.of(ledger, BankSettings())
    found = money_left(
        ledger, lambda: Source(ledger, *order_of(ledger, read_transfers(ledger)), banks), TraceSettings(), WATCH
    )
    assert (found.amounts.get("EUR"), found.payments) == (amount, payments)


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
    transfers = transfers_of(BEFORE + "    m2 m3 500 12:00\n    n1 n2 90 12:00\n")
    (tmp_path / "night").mkdir()
    write_csv(tmp_path / "night" / "accounts.csv", accounts_of(transfers))
    write_csv(tmp_path / "night" / "transfers.csv", transfers)
    load(tmp_path / "night", folder)
    scan(folder, graph=False)
    again = NotebookWorkspace(folder, reveal="tests of waking")
    assert [again.state(case).status for case in (waits, innocent)] == ["open", "closed"]
    (woken,) = again.state(waits).woken
    assert (woken["left"], woken["payments"]) == ({"EUR": "500.00"}, ["t005"])
