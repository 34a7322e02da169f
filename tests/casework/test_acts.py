"""Cases as people work on them, end to end: state, what changed between nights, holds, requests, replies, lists."""

from __future__ import annotations

import csv
import json
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from mulegraph.casework.case_money import case_trace, moves_of
from mulegraph.casework.hold_replay import bounds, kept, replayed
from mulegraph.casework.list_files import list_key, token_of
from mulegraph.casework.requests import case_plans
from mulegraph.errors import DataError, UsageError
from mulegraph.ingest.load import load
from mulegraph.journal.journal import Journal
from mulegraph.views.case_summary import hold_sentence
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.views.request import write_request
from mulegraph.workspace.workspace import Workspace
from tests.casework.test_recall_messages import RETURN
from tests.conftest import SAMPLE

KEY = b"a key of two banks"


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> NotebookWorkspace:
    """The sample, scanned, with a journal of its own."""
    folder = tmp_path_factory.mktemp("casework") / "workspace"
    load(SAMPLE, folder)
    made = NotebookWorkspace(folder, reveal="tests of casework")
    made.scan()
    return made


@pytest.fixture(scope="module")
def case(space) -> str:
    return str(space.cases()["case"][0])


def test_ids_stay_over_nights_and_nothing_changed(space, case):
    """Scanning the same ledger again gives the same cases; the last two runs do not differ."""
    before = space.cases()["case"].tolist()
    space.scan()
    assert space.cases()["case"].tolist() == before
    assert {row["change"] for row in space.difference()} == {"same"}
    with pytest.raises(UsageError, match="20200101"):
        space.difference("20200101", "20200102")


def test_state_shows_in_listings_and_in_the_graph(space, case):
    """Assigned, noted, snoozed, closed: the listing and the graph's Case and Finding nodes say so."""
    space.assign(case, "ann")
    space.note(case, "the victim's bank called")
    space.snooze(case, (datetime.now(UTC).date() + timedelta(days=9)).isoformat(), "waiting")
    row = space.cases().set_index("case").loc[case]
    assert (row["status"], row["assignee"]) == ("snoozed", "ann")
    space.close(case, "confirmed", "mules admitted it")

    member = space.case(case).accounts["account_id"][0]
    found = space.query("findings_of_account", {"account": member})
    assert found.rows
    graph = graph_states(space)
    assert graph[case] == ("closed", "ann", "confirmed")
    assert {row["sign"] for row in space.alarms()} >= {"N1"}
    assert space.alarms()[0]["confirmed"] > 0
    with pytest.raises(UsageError, match="closed"):
        space.snooze(case, "2100-01-01", "again")
    space.reopen(case, "one more victim")
    assert space.state(case).status == "open"


def graph_states(space):
    from mulegraph.graph.embedded import EmbeddedGraph

    with EmbeddedGraph(space.folder / "graph.lbug") as graph:
        text = "MATCH (c:`Case`) RETURN c.case_id AS id, c.status AS status, c.assignee AS who, c.disposition AS d"
        rows = graph.query(text, {}, row_cap=1000, timeout_seconds=30).rows
    return {row["id"]: (row["status"], row["who"], row["d"]) for row in rows}


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (lambda space, case: space.note("CASE-00000000", "x"), "CASE-00000000"),
        (lambda space, case: space.note(case, " "), "empty"),
        (lambda space, case: space.close(case, "guilty", "x"), "guilty"),
        (lambda space, case: space.requests(case, "NOWHERE", country="DE", sender="NORD"), "NOWHERE"),
        (lambda space, case: space.requests(case, "SUED", country="DE"), "sender"),
        (lambda space, case: space.requests(case, "SUED", country="DE", sender="Nordbank AG"), "not a bank of ours"),
        (lambda space, case: space.requests(case, "SUED", country="DE", sender="SUED"), "sender itself"),
        (lambda space, case: space.request_sent("REQ-0"), "REQ-0"),
        (lambda space, case: space.facts_for_and_against(case, "NORD502588115"), "not in"),
    ],
)
def test_bad_use_writes_nothing(space, case, act, named):
    """An error names what was wrong, and the journal is as it was."""
    before = space.verify_journal().entries
    with pytest.raises(UsageError, match=named):
        act(space, case)
    assert space.verify_journal().entries == before


def test_holds_and_facts_are_of_the_case(space, case):
    """Few accounts, what each keeps and whom it hits, and in words how sure it is; facts speak for and against."""
    plan = space.hold_plan(case, share=0.9)
    rows = plan.holds
    assert 0 < len(rows) <= 10
    assert all(0 <= each.minimum <= each.maximum for each in rows)
    assert plan.kept_least <= plan.kept_most <= plan.stolen
    lasts = [bool(each.last) for each in rows]
    assert lasts == sorted(lasts)
    assert "90%" in hold_sentence(plan) and f"{plan.kept_least / plan.stolen:.0%}" in hold_sentence(plan)
    sheet = space.facts_for_and_against(case, rows[0].account)
    assert {row.speaks for row in sheet} <= {"for", "against"} and sheet
    assert NotebookWorkspace(space.folder).holds(case, share=0.9)[0].account != rows[0].account


def test_what_a_hold_keeps_is_what_a_replay_keeps(space, case):
    """At any moment: what is there under every rule stays, and no more comes than was on its way."""
    plain = Workspace(space.folder)
    found = case_trace(plain, case)
    start = pd.Timestamp(min(each.at for each in moves_of(plain, found) if each.chosen))
    for hours in (1, 24):
        at = start + pd.Timedelta(hours=hours)
        chosen = case_trace(plain, case, until=at).chosen
        for row in space.holds(case, share=1.0, at=at)[:4]:
            low, high = bounds(kept(replayed(plain, chosen, [row.account], at), [row.account]))
            assert row.minimum <= low <= high <= row.maximum + row.on_its_way


def test_the_clock_never_runs_backwards(space, case):
    """Whoever holds later keeps no more; before the first payment there is nothing to hold."""
    rows = space.hold_clock(case)
    shares = [row.kept_most for row in rows if row.accounts == rows[0].accounts]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= row.kept_least <= row.kept_most for row in rows)
    with pytest.raises(UsageError, match="no money had been taken yet"):
        space.holds(case, share=0.9, at="2020-01-01")
    with pytest.raises(UsageError, match="got none"):
        space.hold_clock(case, account="NORD502588115")


@pytest.fixture(scope="module")
def asked(space) -> tuple[str, str, str]:
    """A case with a reported payment to recall, the bank that recalls it, and the bank that is asked."""
    plain = Workspace(space.folder)
    for case in plain.cases()["case"]:
        try:
            claims = case_plans(plain, case)[0].plan.claims
        except UsageError:
            continue
        if claims:
            return case, claims[0].move.payer_bank, claims[0].move.payee_bank
    raise AssertionError("no case of the sample has a payment to recall")


def test_a_request_is_made_sent_and_answered_once(space, asked, tmp_path):
    """A masked draft without a reason; with one also the recall. It is sent once, and each answer counts once."""
    case, sender, bank = asked
    how = {"country": "DE", "sender": sender}
    masked = NotebookWorkspace(space.folder).requests(case, bank, **how)
    assert all(each.draft and all("~" in line.payee for line in each.payments) for each in masked)
    paths = [path for each in masked for path in write_request(space, each, tmp_path)]
    assert {path.suffix for path in paths} == {".html", ".pdf"}
    with pytest.raises(UsageError, match="masked"):
        space.request_sent(masked[0].number)

    request = space.requests(case, bank, **how)[0]
    twin = space.requests(case, bank, **how)[0]
    assert request.kind == "recall" and request.number != twin.number
    assert 0 < request.asked <= request.stolen
    assert {each.payer_bank for each in request.payments} == {sender}
    paths = write_request(space, request, tmp_path)
    assert [path.suffix for path in paths] == [".html", ".pdf", ".xml"]
    page = paths[0].read_text(encoding="utf-8")
    holders = Workspace(space.folder).ledger.arrow("holders")["name"].to_pylist()
    assert not any(name in page for name in holders)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UsageError, match="asked back already"):
        write_request(space, twin, tmp_path)
    assert sorted(tmp_path.iterdir()) == before
    with pytest.raises(UsageError, match=r"nothing to ask|asked for already"):
        space.requests(case, bank, kinds=["recall"], **how)

    def row():
        return next(each for each in space.request_list(case=case) if each.number == request.number)

    assert row().state == "draft"
    space.request_sent(request.number)
    assert row().state == "sent" and row().asked == request.asked
    with pytest.raises(UsageError, match="sent already"):
        space.request_sent(request.number)
    with pytest.raises(UsageError, match="open request"):
        space.close(case, "confirmed", "done")

    first = request.payments[0]
    part = first.asked / 2

    def reply(message: str, amount, currency: str = "EUR") -> None:
        text = RETURN.replace("T1", first.transfer).replace("870.10", f"{amount:f}").replace('"EUR"', f'"{currency}"')
        (tmp_path / "reply.xml").write_text(text.replace("RTN-1", message), encoding="utf-8")
        space.reply(case, tmp_path / "reply.xml")

    reply("M1", part)
    for message, amount, currency, named in (
        ("M1", part, "EUR", "read before"),
        ("M2", first.asked, "EUR", "were asked for"),
        ("M3", part, "USD", "USD"),
        ("M4", 0, "EUR", "returns 0"),
    ):
        entries = space.verify_journal().entries
        with pytest.raises(DataError, match=named):
            reply(message, amount, currency)
        assert space.verify_journal().entries == entries
    assert row().returned == part
    victim = next(each for each in space.returned_money(case) if each.victim == first.payer)
    assert (victim.returned, victim.currency) == (part, "EUR")

    (tmp_path / "reply.xml").write_text(RETURN, encoding="utf-8")
    with pytest.raises(UsageError, match="T1"):
        space.reply(case, tmp_path / "reply.xml")
    other = next(each for each in space.cases()["case"] if each != case)
    with pytest.raises(UsageError, match="no request"):
        space.reply(other, tmp_path / "reply.xml")


def test_an_answer_by_telephone_is_kept_and_counts_no_money(space, asked):
    """What the desk says is promised; no more than was asked; a request that never went out has no answer."""
    case, *_ = asked
    row = next(each for each in space.request_list(case=case) if not each.masked)
    with pytest.raises(UsageError, match="were asked for"):
        space.answer_request(row.number, "returned", who="fraud desk", amount=row.asked + 1)
    with pytest.raises(UsageError, match="nonsense"):
        space.answer_request(row.number, "nonsense", who="fraud desk")
    space.answer_request(row.number, "refused", who="fraud desk", text="the account is empty")
    space.answer_request(row.number, "returned", who="fraud desk", amount=Decimal(1), transfer=row.transfers[0])
    after = next(each for each in space.request_list(case=case) if each.number == row.number)
    assert (after.returned, after.promised, after.state) == (row.returned, Decimal(1), "answered")
    masked = next(each for each in space.request_list(case=case) if each.masked)
    with pytest.raises(UsageError, match="never went out"):
        space.answer_request(masked.number, "refused", who="fraud desk")


def test_a_pseudonymous_list_matches_with_the_key_and_not_without(space, tmp_path):
    """Another bank with the same key finds its own accounts in it; with another key, nobody."""
    text = NotebookWorkspace(space.folder).export_list(which="suspicion", kind="account", key=KEY, as_json=True)
    entries = json.loads(text)
    accounts = Workspace(space.folder).ledger.account_ids.to_pylist()
    assert entries and not any(account in text for account in accounts)
    listed = {
        row["subject_id"]
        for row in space.list_entries(every=False)
        if (row["list"], row["subject_kind"]) == ("suspicion", "account")
    }
    assert {each["token"] for each in entries} == {token_of(KEY, "account", each) for each in listed}

    path = tmp_path / "list.json"
    path.write_text(text.replace("police report", "bank SUED"), encoding="utf-8")
    other = fresh(tmp_path / "other")
    with pytest.raises(UsageError, match="tokens"):
        other.import_list(path, None)
    assert other.import_list(path, b"another key of theirs").unmatched == len(entries)
    taken = other.import_list(path, KEY)
    assert (taken.taken, taken.unmatched) == (len(entries), 0)
    assert sum(row["source"] == "bank SUED" for row in other.list_entries(every=True)) == len(entries)


def suspected(folder: Path) -> list[str]:
    return Workspace(folder).ledger.listed("account", on="suspicion").subject_id.to_pandas().tolist()


def fresh(folder: Path) -> NotebookWorkspace:
    load(SAMPLE, folder)
    return NotebookWorkspace(folder, reveal="tests of lists")


def test_expired_conflicting_and_removed_entries(tmp_path):
    """Expired ones do not come in, known ones stay as they were with a note of the conflict, removed ones are gone."""
    space = fresh(tmp_path / "ws")
    account, other = Workspace(space.folder).ledger.account_ids.to_pylist()[:2]
    entry = {
        "subject_kind": "account",
        "subject_id": account,
        "list": "suspicion",
        "source": "x",
        "listed_at": "2026-01-01",
        "expires_at": "",
        "confidence": "0.5",
        "reason": "seen twice",
    }
    rows = [entry, {**entry, "subject_id": other, "expires_at": "2026-02-01"}]
    path = tmp_path / "list.csv"

    def write(changed: dict[str, str]) -> None:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows({**row, **changed} for row in rows)

    write({})
    assert vars(space.import_list(path, None)) == {
        "read": 2,
        "taken": 1,
        "known": 0,
        "expired": 1,
        "unmatched": 0,
        "conflicts": 0,
        "rejected": 0,
    }
    assert space.import_list(path, None).known == 1
    write({"confidence": "0.9"})
    assert space.import_list(path, None).conflicts == 1
    conflict = next(entry for entry in Journal(space.folder).entries() if entry.what == "list conflict")
    assert conflict.facts["said"]["confidence"] == "0.9"
    listed = Workspace(space.folder).ledger.listed("account", on="suspicion").subject_id.to_pandas().tolist()
    assert account in listed and other not in listed

    assert space.remove_entry("account", account, "suspicion", None, "an error") == 1
    assert (
        account not in Workspace(space.folder).ledger.listed("account", on="suspicion").subject_id.to_pandas().tolist()
    )
    with pytest.raises(UsageError, match="not on list"):
        space.remove_entry("account", account, "suspicion", None, "an error")
    load(SAMPLE, space.folder)
    assert (
        account not in Workspace(space.folder).ledger.listed("account", on="suspicion").subject_id.to_pandas().tolist()
    )
    write({})
    assert space.import_list(path, None).taken == 1
    assert [entry.what for entry in Journal(space.folder).entries() if entry.what.startswith("list entry")]


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("l.json", "{", "cannot be read"),
        ("l.json", "{}", "not a list"),
        ("l.csv", "a,b\n1,2\n", "entry 1"),
        ("l.json", '[{"subject_kind": "account"}]', "entry 1"),
    ],
)
def test_a_file_that_is_no_list_is_named(space, tmp_path, name, text, named):
    """With the entry that lacks something."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=named):
        space.import_list(tmp_path / name, None)


def test_ids_are_not_given_away_without_a_reason(space):
    """Pseudonymous, or revealed with a reason in the journal; and a key that is long enough, never an argument."""
    with pytest.raises(UsageError, match="names accounts"):
        NotebookWorkspace(space.folder).export_list(which=None, kind=None, key=None, as_json=False)
    assert "account," in space.export_list(which=None, kind=None, key=None, as_json=False)


def test_the_key_comes_from_a_file_or_the_environment(tmp_path, monkeypatch):
    """And is refused when it is short."""
    monkeypatch.delenv("MULEGRAPH_LIST_KEY", raising=False)
    with pytest.raises(UsageError, match="missing"):
        list_key(None)
    monkeypatch.setitem(os.environ, "MULEGRAPH_LIST_KEY", "short")
    with pytest.raises(UsageError, match="shorter"):
        list_key(None)
    (tmp_path / "key").write_text("a key that is long enough\n", encoding="utf-8")
    assert list_key(tmp_path / "key") == b"a key that is long enough"
