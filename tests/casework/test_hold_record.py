"""Holds on record, facts that stand beside them, and acts that need two people."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from mulegraph.errors import UsageError
from mulegraph.journal.journal import START, Journal
from mulegraph.journal.proposals import REVEAL_HOURS, propose
from mulegraph.settings import FILE
from mulegraph.views.notebook import NotebookWorkspace
from tests import command
from tests.drawing import accounts_of, draw, transfers_of

HOPS = """
    victim m1     48500 9:00
    m1     m2     30000 10:00
    m1     cash   18000 11:00
    m2     far    20000 12:00
    m2     m3      5000 12:30
    boss   m2       100 13:00
    m1     victim    10 13:00
"""
"""The ledger ends with money given back."""
BEFORE = "".join(f"    boss   m3         {day}  7:{day}\n" for day in range(10, 22))
"""An account in ordinary use, to which the money came once and stayed."""
BANKS = {"m1": {"bank": "SUED"}, "m2": {"bank": "SUED"}, "m3": {"bank": "SUED"}, "far": {"bank": "FAR"}}
SETTINGS = '[cases]\nmin_score = 1.0\n[banks]\nown = ["NORD", "SUED"]\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("held")
    lines = BEFORE + HOPS
    banks = {**BANKS, "m2": {"bank": "SUED", "holder_id": "h2"}, "m3": {"bank": "SUED", "holder_id": "h2"}}
    used = {"at": "2026-01-05T08:00:00Z", "action": "login", "outcome": "ok"}
    pairs = [("m2", "phone"), ("m3", "phone"), ("boss", "phone"), ("m1", "pc")]
    devices = [{"account_id": name, "device_id": device, **used} for name, device in pairs]
    draw(made, lines, accounts=accounts_of(transfers_of(lines), **banks), device_use=devices)
    (made / "workspace" / FILE).write_text(SETTINGS, encoding="utf-8")
    NotebookWorkspace(made / "workspace").scan()
    return made / "workspace"


@pytest.fixture
def opened(folder, monkeypatch):
    """Opens the workspace as somebody, with these acts of two people; its journal begins anew."""
    for file in folder.glob("journal.*"):
        file.unlink()

    def as_who(who, *acts, reveal="tests of holds"):
        monkeypatch.setattr(os, "getuid", lambda: who)
        names = ", ".join(f'"{each}"' for each in acts)
        (folder / FILE).write_text(f"{SETTINGS}[casework]\ntwo_people = [{names}]\n", encoding="utf-8")
        return NotebookWorkspace(folder, reveal=reveal)

    return as_who


def case_of(space):
    return space.open_case([PAYMENT]).about


def words(text):
    """The random letters of a token may hold a short name."""
    return re.findall(r"\w+", text)


PAYMENT = "t013"
ANN, BEN = 70_001, 70_002
"""Users that no machine has a name for."""


def test_a_hold_is_on_record_until_it_is_lifted(opened):
    """Who, which account, until when, who lifted it, to whom the money went; held again only then."""
    space = opened(ANN)
    case = case_of(space)
    space.hold_account(case, "m2", until="2999-12-31", reason="the victim called")
    (row,) = space.held_list()
    assert (row.case, row.account, row.state, row.who) == (case, "m2", "held", f"uid {ANN}")
    assert row.until.isoformat() == "2999-12-31"
    with pytest.raises(UsageError, match="held already"):
        space.hold_account(case, "m2", reason="twice")
    space.lift_hold(case, "m2", "court order", released_to="the victim")
    (row,) = space.held_list(case=case)
    assert (row.state, row.lifted_by, row.released_to) == ("lifted", f"uid {ANN}", "the victim")
    with pytest.raises(UsageError, match="not held"):
        space.lift_hold(case, "m2", "again")


@pytest.mark.parametrize(
    ("account", "until", "says"),
    [
        ("far", None, "not ours"),
        ("boss", None, "is not in"),
        ("m2", "2020-01-01", "past"),
        ("m2", "soon", "--until is 'soon'"),
    ],
)
def test_only_accounts_of_our_own_that_the_money_reached_are_held(opened, account, until, says):
    """At another bank a request asks for it."""
    space = opened(ANN)
    case = case_of(space)
    with pytest.raises(UsageError, match=says):
        space.hold_account(case, account, until=until, reason="asked")
    assert space.held_list() == []


def test_a_hold_whose_sheet_speaks_for_its_holder_asks_for_a_reason(opened):
    """The facts stand beside each proposed hold; where more speak against knowing, why it is held is on record."""
    space = opened(ANN)
    case = case_of(space)
    plan = {each.account: each for each in space.hold_plan(case).holds}
    for account, hold in plan.items():
        sheet = space.facts_for_and_against(case, account)
        assert hold.speaks_for == [each.fact for each in sheet if each.speaks == "for"]
        assert hold.speaks_against == [each.fact for each in sheet if each.speaks == "against"]
    assert any("to victims" in each for each in plan["m1"].speaks_against)
    earlier = {each.account: each for each in space.hold_plan(case, at="2026-01-05T13:00").holds}
    assert not any("to victims" in each for each in earlier["m1"].speaks_against)
    weak = "m3"
    assert len(plan[weak].speaks_against) > len(plan[weak].speaks_for)
    with pytest.raises(UsageError, match="speak against"):
        space.hold_account(case, weak)
    space.hold_account(case, weak, reason="the money is there now")
    assert [each.account for each in space.held_list()] == [weak]


def test_a_payment_that_carries_next_to_nothing_of_the_money_is_its_holder_s_own(tmp_path):
    """The mule had 900.00 of his own, so little of his rent may be the victim's: a hold stops an innocent payment."""
    draw(tmp_path, "firm mule 900 8:00\n victim mule 1000 9:00\n mule house 950 10:00\n mule m2 900 11:00")
    (tmp_path / "workspace" / FILE).write_text("[cases]\nmin_score = 1.0\n", encoding="utf-8")
    space = NotebookWorkspace(tmp_path / "workspace", reveal="tests of holds")
    space.scan()
    held = {each.account: each for each in space.hold_plan(space.open_case(["t002"]).about).holds}
    assert (held["mule"].innocent_payments, held["mule"].innocent_amount) == (1, Decimal("950.00"))


def test_an_account_that_mixed_money_reached_is_held_for_an_amount(opened):
    """Without a reason nobody is held in whole for others' money; the amount is on record, and may be there."""
    space = opened(ANN, "hold")
    case = case_of(space)
    plan = {each.account: each for each in space.hold_plan(case).holds}
    assert plan["m2"].way == "account"
    for amount, says in (
        ("0.00", "--amount is 0.00"),
        ("1.001", "--amount is 1.001"),
        ("5000.01", "5000.00 EUR may be"),
    ):
        with pytest.raises(UsageError, match=says):
            space.hold_account(case, "m2", amount=Decimal(amount))
    asked = space.hold_account(case, "m2", amount=Decimal("120.50"))
    opened(BEN, "hold").confirm(asked.number)
    (row,) = space.held_list()
    assert (row.account, row.amount) == ("m2", Decimal("120.50"))


def test_of_two_people_the_second_one_does_it(opened):
    """Proposed by one, a hold and a closed case wait for another to confirm; nobody confirms his own, or twice."""
    space = opened(ANN, "hold", "close")
    case = case_of(space)
    asked = space.hold_account(case, "m2", reason="the victim called")
    assert asked.what == "proposed" and space.held_list() == []
    with pytest.raises(UsageError, match="by you"):
        space.confirm(asked.number)
    second = opened(BEN, "hold", "close")
    assert second.confirm(asked.number).what == "held"
    (row,) = second.held_list()
    assert (row.who, row.proposed_by) == (f"uid {BEN}", f"uid {ANN}")
    with pytest.raises(UsageError, match="confirmed already"):
        second.confirm(asked.number)
    with pytest.raises(UsageError, match="no proposal"):
        second.confirm(1)

    wanted = second.close(case, "confirmed", "done")
    assert second.state(case).status == "open"
    opened(ANN, "hold", "close").confirm(wanted.number)
    assert second.state(case).status == "closed"
    assert second.verify_journal().wrong == []


def test_who_confirms_reads_first_what_and_why(opened, folder):
    """Nothing is confirmed without --yes; accounts are shown as tokens, the reason as it was written."""
    asked = opened(ANN, "hold")
    number = asked.hold_account(case_of(asked), "m2", reason="the victim called").number
    opened(BEN, "hold")

    shown = command.run("journal", "confirm", number, "--workspace", folder)

    assert shown.code == 2 and "nothing is confirmed yet" in shown.err and asked.held_list() == []
    for part in ("hold", f"uid {ANN}", "the victim called"):
        assert part in shown.out
    assert "m2" not in words(shown.out)
    command.answered("journal", "confirm", number, "--yes", "--workspace", folder)
    assert [each.account for each in asked.held_list()] == ["m2"]


def test_what_no_longer_fits_is_not_confirmed(opened, folder):
    """A hold whose last day is past, and a case to which a request was made since: nothing is written."""
    space = opened(ANN, "hold", "close")
    case, journal = case_of(space), Journal(folder)
    late = propose(journal, case, "hold", account="m2", until="2020-01-01", reason="the victim called")
    wanted, meant = (space.close(case, "confirmed", "done", with_open_requests=each) for each in (False, True))
    journal.append("requested", case, number="R1", bank="FAR", draft=False, reply_by="2999-01-01", transfers=[])
    before = len(list(journal.entries()))

    second = opened(BEN, "hold", "close", reveal=None)
    for entry, says in ((late, "which is past"), (wanted, "1 open request")):
        with pytest.raises(UsageError, match=says):
            second.confirm(entry.number)

    assert len(list(journal.entries())) == before
    assert second.confirm(meant.number).what == "closed"


def test_nothing_is_revealed_or_done_until_a_second_person_confirms_the_reason(opened):
    """The reason is proposed once; confirmed by another it holds for who proposed it, and for this reason alone."""
    case = case_of(opened(ANN))
    space = opened(ANN, "reveal", reveal="call back")
    for _ in range(2):
        with pytest.raises(UsageError, match="second person"):
            space.note(case, "seen")
    proposals = [each for each in opened(ANN).journal_entries() if each["what"] == "proposed"]
    assert [each["facts"]["act"] for each in proposals] == ["reveal"]
    assert not any(each["what"] == "noted" for each in opened(ANN).journal_entries())

    opened(BEN, "reveal", reveal=None).confirm(proposals[0]["number"])

    assert "victim" in set(opened(ANN, "reveal", reveal="call back").transfers([PAYMENT])["source"])
    for who, reason in ((ANN, "another reason"), (BEN, "call back")):
        with pytest.raises(UsageError, match="second person"):
            opened(who, "reveal", reveal=reason).transfers([PAYMENT])


def test_the_leave_to_reveal_ends_also_for_what_still_runs(opened, folder):
    """Neither values nor the words of an engine are shown before it is confirmed, or when its hours are over."""
    opened(ANN).scan()
    asked = propose(Journal(folder), "", "reveal", reason="call back")
    space = opened(ANN, "reveal", reveal="call back")
    assert not space.is_revealed
    opened(BEN, "reveal", reveal=None).confirm(asked.number)
    space = opened(ANN, "reveal", reveal="call back")
    assert "victim" in set(space.transfers([PAYMENT])["source"]) and space.is_revealed

    space._door._leave_ends -= timedelta(hours=REVEAL_HOURS)
    _as_if_confirmed_yesterday(folder)

    assert not space.is_revealed
    with pytest.raises(UsageError, match="second person"):
        space.transfers([PAYMENT])


def _as_if_confirmed_yesterday(folder):
    """Writes the journal anew with every entry's time a day earlier."""
    entries = list(Journal(folder).entries())
    before, lines = START, []
    for each in entries:
        at = (datetime.fromisoformat(each.at) - timedelta(hours=REVEAL_HOURS)).isoformat()
        made = replace(each, at=at, before=before)
        made = replace(made, hash=made.digest)
        before = made.hash
        lines.append(made.line)
    Journal(folder).path.write_bytes(b"".join(lines))
    Journal(folder)._write_head(made)


def test_a_person_is_all_accounts_devices_and_cases(opened):
    """Money by case and account, devices with others on them, and what a hold on the person would hit."""
    space = opened(ANN)
    case = case_of(space)

    page = space.holder("h2")

    assert [(each.account, each.ours, each.cases) for each in page.accounts] == [
        ("m2", True, [case]),
        ("m3", True, [case]),
    ]
    assert {each.account: (each.minimum, each.maximum) for each in page.money} == {
        "m2": (5_000, 5_000),
        "m3": (5_000, 5_000),
    }
    assert [(each.device, each.accounts, each.others) for each in page.devices] == [("phone", 2, 1)]
    assert (page.hit_payments, page.hit_people, page.says) == (0, 0, "a hold reaches all accounts")
    with pytest.raises(UsageError, match="not in the ledger"):
        space.holder("nobody")
    masked = opened(ANN, reveal=None)
    assert "m2" not in words(repr(masked.holder(masked.account(masked.known_account("m2")).holder_id)))
