"""Requests by message, end to end on a ledger of clear sums: asked, answered, accounted, left out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pyiso20022.camt.camt_110_001_01 import camt_110_001_01 as camt110
from xsdata.formats.dataclass.parsers import XmlParser

from mulegraph.casework.case_file import case_file
from mulegraph.casework.request_states import request_rows
from mulegraph.casework.requests import askable_banks
from mulegraph.errors import DataError, UsageError
from mulegraph.settings import FILE
from mulegraph.views.case_summary import next_step
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.views.request import write_request
from mulegraph.workspace.workspace import Workspace
from tests.casework.test_messages import debit, response
from tests.casework.test_recall_messages import RETURN
from tests.command import answered
from tests.drawing import accounts_of, draw, transfers_of

HOPS = """
    other  big    90000 8:00
    victim m1     48500 9:00
    m1     m2     30000 10:00
    m1     big     8500 10:30
    big    mixed  20000 10:45
    m1     m2     10000 12:00
"""
BANKS = {"m2": {"bank": "SUED"}, "big": {"bank": "WEST"}, "other": {"bank": "WEST"}, "mixed": {"bank": "EAST"}}
SETTINGS = '[requests]\nsender = "NORD"\ncountry = "DE"\nrecall_in_part = true\n'


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> NotebookWorkspace:
    """48,500 reported; victim and m1 are at one bank, so a part is recalled; mixed got mostly others' money."""
    folder = tmp_path_factory.mktemp("messages")
    report = {
        "report_id": "R1",
        "transfer_id": "t002",
        "victim_account": "victim",
        "reported_at": "2026-01-05T14:00:00Z",
    }
    draw(folder, HOPS, accounts=accounts_of(transfers_of(HOPS), **BANKS), reports=[report])
    (folder / "workspace" / FILE).write_text(SETTINGS, encoding="utf-8")
    made = NotebookWorkspace(folder / "workspace", reveal="tests of messages")
    made.scan()
    return made


@pytest.fixture(scope="module")
def case(space) -> str:
    return str(space.open_case(report="R1").about)


def test_a_recall_in_part_is_asked_answered_and_accounted_by_message(space, case, tmp_path):
    """Draft, sent, pending, agreed to, refused: a line an answer, each message once, and money by pacs.004 only."""
    (request,) = space.requests(case, "SUED", kinds=["part"])
    paths = write_request(space, request, tmp_path)
    messages = [path.read_text(encoding="utf-8") for path in paths if path.suffix == ".xml"]
    documents = [XmlParser().from_string(each, camt110.Document).invstgtn_req for each in messages]
    debits = [each.invstgtn_data[0].addtl_req_data.reqd_dbt_authstn.amt_to_dbt.value for each in documents]
    assert debits == [30_000, 10_000] and sum(debits) == request.asked <= request.stolen == 48_500
    first, second = (each.invstgtn_req.msg_id for each in documents)
    space.request_sent(request.number)

    def row():
        return next(each for each in space.request_list(case=case) if each.number == request.number)

    def reply(text: str, message: str) -> None:
        (tmp_path / "reply").write_text(text.replace("ANS-1", message), encoding="utf-8")
        space.reply(case, tmp_path / "reply")

    assert (row().state, row().open_lines) == ("sent", 2)
    reply(response(first, "PDNG"), "A1")
    assert (row().state, row().open_lines) == ("sent", 2)
    for text, named in (
        (response(first, "PDNG").replace("ANS-1", "A1"), "read before"),
        (response(first, "CLSD", debit(True, "30000.01")), "agrees to debit"),
        (response(first, "CLSD", debit(True, "5")).replace('"EUR"', '"USD"'), "agrees to debit 5 USD"),
    ):
        with pytest.raises(DataError, match=named):
            reply(text, "A2")
    with pytest.raises(UsageError, match="REQ-0000000000-1"):
        reply(response("REQ-0000000000-1", "PDNG"), "A3")

    reply(response(first, "CLSD", debit(True, "29000.00")), "A4")
    assert (row().open_lines, row().returned) == (1, 0)
    returned = RETURN.replace(">T1<", f">{request.payments[0].transfer}<")
    reply(returned.replace("870.10", "29000.00"), "A5")
    reply(response(second, "CLSD"), "A6")
    assert (row().state, row().returned) == ("sent", 29_000)
    reply(response(second, "RJCT"), "A7")
    assert (row().state, row().returned) == ("answered", 29_000)
    plain = request_rows(Workspace(space.folder).journal.entries())[0]
    assert plain.is_refused(request.payments[1].transfer) and not plain.is_refused(request.payments[0].transfer)
    assert plain.state(date(2100, 1, 1)) == "answered"


def test_a_hold_goes_out_as_plain_text_from_the_command_line(space, case, tmp_path):
    """One MT 199 a payment beside the letter; an account whose number FIN cannot carry leaves nothing behind."""
    command = ["request", case, "--to", "SUED", "--kind", "hold", "--message", "mt", "--reveal", "why"]
    told = answered(*command, "-o", str(tmp_path / "out"), "-w", str(space.folder))
    names = [path.name for path in (tmp_path / "out").iterdir()]
    assert sorted(name.rpartition(".")[2] for name in names) == ["html", "pdf", "txt", "txt"] and names[0] in told
    texts = [path.read_text(encoding="ascii") for path in (tmp_path / "out").glob("*.txt")]
    assert all(text.startswith("{4:") and ":79:" in text and "m2" in text for text in texts)


def test_no_next_step_names_a_request_that_finds_nothing_to_ask(space, case):
    """Whom the next step names can be asked; a bank that only mixed payments reached cannot, and is not named."""
    plain = Workspace(space.folder)
    content = case_file(plain, case)
    assert {each["bank"] for each in content.trace.banks if each["maximum"] > 0} >= {"SUED", "WEST", "EAST"}
    # SUED was asked to hold above, and is not asked again.
    assert askable_banks(plain, case) == content.askable == ["WEST"]
    assert all(space.requests(case, each) for each in content.askable)
    with pytest.raises(UsageError, match="nothing to ask"):
        space.requests(case, "EAST")
    content.requests.clear()
    assert f"request {case} --to WEST" in next_step(content)
    content.askable.clear()
    assert "--to" not in next_step(content) and "no request can ask for it" in next_step(content)


def test_the_clock_says_whom_it_leaves_out(space, case):
    """An account of mostly others' money is not held, and the clock says so; it has no clock of its own."""
    rows = space.hold_clock(case)
    assert rows[0].left_out == 0 and rows[-1].left_out == 1
    told = " ".join(answered("case", "clock", case, "-w", str(space.folder)).split())
    assert "Left out: 1 account that only payments of mostly others' money reached" in told
    with pytest.raises(UsageError, match="only payments of mostly others"):
        space.hold_clock(case, account="mixed")
    assert max(row.kept_most for row in rows) <= Decimal(48_500)
