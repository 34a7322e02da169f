"""pacs.008, pacs.004 and pacs.002."""

from __future__ import annotations

from pathlib import Path

import pytest

from mulegraph.ingest.load import load
from mulegraph.ledger.ledger import Ledger

from .conftest import Read
from .writers import iban

ANN, CEM = iban("NL", "TSTA", 11), iban("NL", "TSTB", 33)
UETR = "00000000-0000-4000-8000-000000000001"
FORMAT = "pacs.008/004/002"


def message(name: str, body: str) -> str:
    head = "<GrpHdr><MsgId>M</MsgId><CreDtTm>2026-02-03T09:00:00Z</CreDtTm></GrpHdr>"
    return f'<?xml version="1.0"?><Document xmlns="urn:x"><{name}>{head}{body}</{name}></Document>'


def payment(reference: str, amount: str = "40.00", uetr: str = "") -> str:
    return (
        f"<CdtTrfTxInf><PmtId><EndToEndId>{reference}</EndToEndId>{f'<UETR>{uetr}</UETR>' if uetr else ''}</PmtId>"
        f'<IntrBkSttlmAmt Ccy="EUR">{amount}</IntrBkSttlmAmt><IntrBkSttlmDt>2026-02-03</IntrBkSttlmDt>'
        f"<DbtrAcct><Id><IBAN>{ANN}</IBAN></Id></DbtrAcct><CdtrAcct><Id><IBAN>{CEM}</IBAN></Id></CdtrAcct></CdtTrfTxInf>"
    )


def moved(folder: Path) -> list[tuple]:
    rows = Ledger(folder / "ws" / "ledger").arrow("transfers").to_pylist()
    return sorted((row["source"], row["target"], str(row["amount"]), row["returns"]) for row in rows)


def test_a_payment_has_its_day_where_no_time_of_acceptance_is_told(read: Read):
    """The day of settlement, and its precision says so."""
    (booking,), _ = read(message("FIToFICstmrCdtTrf", payment("E1", uetr=UETR)), FORMAT)

    assert (booking.booked_at, booking.precision, booking.uetr) == ("2026-02-03", "day", UETR)


def test_a_payment_that_a_status_report_rejects_is_left_out(tmp_path: Path):
    """It moved no money; the other payment of the file did."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.xml").write_text(message("FIToFICstmrCdtTrf", payment("E1") + payment("E2", "50.00")))
    status = "<TxInfAndSts><OrgnlEndToEndId>E1</OrgnlEndToEndId><TxSts>RJCT</TxSts></TxInfAndSts>"
    (folder / "b.xml").write_text(message("FIToFIPmtStsRpt", status))

    report = load(folder, tmp_path / "ws")

    assert moved(tmp_path) == [(ANN, CEM, "50.000", None)]
    assert report.bookings.rejected_payments == 1


GROUP = "<OrgnlGrpInfAndSts><OrgnlMsgId>{}</OrgnlMsgId>{}</OrgnlGrpInfAndSts>"
BY_ID = "<TxInfAndSts><OrgnlTxId>T-1</OrgnlTxId><TxSts>RJCT</TxSts></TxInfAndSts>"


@pytest.mark.parametrize(
    ("report", "left"),
    [
        (GROUP.format("M", "<GrpSts>PART</GrpSts>") + BY_ID, ["50.000"]),
        (GROUP.format("OTHER", "<GrpSts>PART</GrpSts>") + BY_ID, ["40.000", "50.000"]),
        (GROUP.format("OTHER", "<GrpSts>RJCT</GrpSts>"), ["40.000", "50.000"]),
        (GROUP.format("M", "<GrpSts>RJCT</GrpSts>"), []),
    ],
    ids=["one by its id", "an id of another message", "another message", "the whole message"],
)
def test_a_status_report_may_name_a_payment_by_its_id_or_reject_all(tmp_path: Path, report: str, left: list[str]):
    """A transaction id is known in its own message only."""
    folder = tmp_path / "in"
    folder.mkdir()
    first = payment("E1").replace("</PmtId>", "<TxId>T-1</TxId></PmtId>")
    second = payment("E2", "50.00").replace("</PmtId>", "<TxId>T-2</TxId></PmtId>")
    (folder / "a.xml").write_text(message("FIToFICstmrCdtTrf", first + second))
    (folder / "b.xml").write_text(message("FIToFIPmtStsRpt", report))

    assert load(folder, tmp_path / "ws").bookings.rejected_payments == 2 - len(left)
    assert not left or [row[2] for row in moved(tmp_path)] == left


def test_a_return_without_accounts_finds_the_payment_by_its_uetr(tmp_path: Path):
    """The money goes back between the payment's own ends, and names it; also when it comes with a later load."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.xml").write_text(message("FIToFICstmrCdtTrf", payment("E1", uetr=UETR)))
    load(folder, tmp_path / "ws")
    back = (
        f"<TxInf><RtrId>R</RtrId><OrgnlEndToEndId>E1</OrgnlEndToEndId><OrgnlUETR>{UETR}</OrgnlUETR>"
        '<RtrdIntrBkSttlmAmt Ccy="EUR">35.00</RtrdIntrBkSttlmAmt><IntrBkSttlmDt>2026-02-05</IntrBkSttlmDt></TxInf>'
    )
    (folder / "b.xml").write_text(message("PmtRtr", back))

    load(folder, tmp_path / "ws")

    assert moved(tmp_path) == [(ANN, CEM, "40.000", None), (CEM, ANN, "35.000", UETR)]


def test_a_return_of_what_nobody_knows_is_told(tmp_path: Path):
    """It cannot be booked to anybody, and is not dropped in silence."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.xml").write_text(message("FIToFICstmrCdtTrf", payment("E1")))
    back = '<TxInf><OrgnlEndToEndId>X</OrgnlEndToEndId><RtrdIntrBkSttlmAmt Ccy="EUR">5</RtrdIntrBkSttlmAmt></TxInf>'
    (folder / "b.xml").write_text(message("PmtRtr", back))

    assert load(folder, tmp_path / "ws").bookings.returns_of_unknown == 1


def test_a_message_and_the_statements_tell_of_one_payment(tmp_path: Path):
    """pacs.008 beside the camt.053 of both ends is one transfer, at the most exact time."""
    from datetime import UTC, datetime

    from .writers import Payment, camt053, camt_document

    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.xml").write_text(message("FIToFICstmrCdtTrf", payment("E1")))
    one = [Payment(ANN, CEM, 4000, datetime(2026, 2, 3, 12, tzinfo=UTC), "E1")]
    (folder / "b.xml").write_text(camt_document([camt053(ANN, one), camt053(CEM, one)]))

    report = load(folder, tmp_path / "ws")

    assert moved(tmp_path) == [(ANN, CEM, "40.000", None)]
    assert report.bookings.joined == 2
