"""camt.052, 053 and 054 in the forms that banks send them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mulegraph.errors import DataError
from mulegraph.ingest.readers import Notes, camt, camt_entries

from .conftest import Read
from .writers import Payment, camt053, camt_document, iban

ANN, CEM = iban("NL", "TSTA", 11), iban("NL", "TSTB", 33)
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
FORMAT = "camt.052/053/054"
PLAIN = camt_document([camt053(ANN, [Payment(CEM, ANN, 25_000, NOON, "E1")])])


def entry(body: str, amount: str = "10.00", way: str = "DBIT", currency: str = "EUR") -> str:
    head = f'<Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd><Sts>BOOK</Sts>'
    statement = f"<Stmt><Id>S1</Id><Acct><Id><IBAN>{ANN}</IBAN></Id></Acct><Ntry>{head}{body}</Ntry></Stmt>"
    return camt_document([statement]).replace("001.08", "001.02")


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
        PLAIN.replace("<", "<n:").replace("<n:/", "</n:").replace("<n:?", "<?").replace("xmlns=", "xmlns:n=").encode(),
        PLAIN.replace("?><Document", "?><RequestPayload><AppHdr><BizMsgIdr>1</BizMsgIdr></AppHdr><Document").encode()
        + b"</RequestPayload>",
        PLAIN.replace("?><Document", '?><s:Envelope xmlns:s="urn:s"><s:Body><Document').encode()
        + b"</s:Body></s:Envelope>",
        PLAIN.replace("BkToCstmrStmt", "BkToCstmrAcctRpt").replace("Stmt>", "Rpt>").replace("053.", "052.").encode(),
        PLAIN.replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn").replace("Stmt>", "Ntfctn>").encode(),
    ],
    ids=["plain", "mark of UTF-8", "UTF-16", "prefix", "envelope", "SOAP", "camt.052", "camt.054"],
)
def test_the_same_entry_is_read_in_any_wrapping(read: Read, text: bytes):
    """Prefixes, envelopes, encodings and kinds of statement change nothing."""
    (booking,), _ = read(text, FORMAT)

    assert (booking.account_id, booking.direction, booking.amount, booking.counterparty_id, booking.end_to_end_id) == (
        ANN,
        "in",
        "250",
        CEM,
        "E1",
    )


def test_version_2_says_parties_and_status_in_its_own_way(read: Read):
    """BIC, a name without `Pty`, a status without `Cd`, a day without a clock."""
    body = (
        "<BookgDt><Dt>2026-02-03</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
        f"<RltdPties><Cdtr><Nm>Cem</Nm></Cdtr><CdtrAcct><Id><IBAN>{CEM}</IBAN></Id></CdtrAcct></RltdPties>"
        "<RltdAgts><CdtrAgt><FinInstnId><BIC>TSTBNL2A</BIC></FinInstnId></CdtrAgt></RltdAgts></TxDtls></NtryDtls>"
    )

    (booking,), _ = read(entry(body), FORMAT)

    assert (booking.counterparty_name, booking.counterparty_bank, booking.end_to_end_id) == ("Cem", "TSTBNL2A", None)
    assert (booking.booked_at, booking.precision, booking.status) == ("2026-02-03", "day", "booked")


def test_a_batch_is_as_many_bookings_as_it_holds_transactions(read: Read):
    """Where their amounts add up to the entry; else it is one booking, and nothing is guessed."""
    parts = "".join(
        f'<TxDtls><Amt Ccy="EUR">{amount}</Amt><RltdPties><CdtrAcct><Id><IBAN>{CEM}</IBAN></Id></CdtrAcct></RltdPties>'
        "</TxDtls>"
        for amount in ("4.00", "6.00")
    )
    body = f"<BookgDt><Dt>2026-02-03</Dt></BookgDt><NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>{parts}</NtryDtls>"

    whole, _ = read(entry(body), FORMAT)
    broken, _ = read(entry(body, "11.00"), FORMAT)

    assert [booking.amount for booking in whole] == ["4", "6"]
    assert [(booking.amount, booking.counterparty_id) for booking in broken] == [("11", None)]


def test_charges_that_an_entry_holds_are_a_fee_of_their_own(read: Read):
    """1,005.00 debited with 5.00 charges included is 1,000.00 sent and 5.00 to the bank."""
    body = (
        '<BookgDt><Dt>2026-02-03</Dt></BookgDt><Chrgs><Rcrd><Amt Ccy="EUR">5.00</Amt><ChrgInclInd>true</ChrgInclInd>'
        f"</Rcrd></Chrgs><NtryDtls><TxDtls><RltdPties><CdtrAcct><Id><IBAN>{CEM}</IBAN></Id></CdtrAcct></RltdPties>"
        "</TxDtls></NtryDtls>"
    )

    sent, fee = read(entry(body, "1005.00"), FORMAT)[0]

    assert (sent.amount, sent.kind, sent.counterparty_id) == ("1000", "transfer", CEM)
    assert (fee.amount, fee.kind, fee.counterparty_id) == ("5", "fee", None)


def test_zeros_behind_the_point_of_a_currency_without_coins_say_nothing(read: Read):
    """500000.00 VND is half a million: the format fixes the point."""
    (booking,), _ = read(entry("<BookgDt><Dt>2026-02-03</Dt></BookgDt>", "500000.00", "CRDT", "VND"), FORMAT)

    assert (booking.amount, booking.currency) == ("500000", "VND")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PLAIN[: len(PLAIN) // 2], "not well-formed"),
        ('<!DOCTYPE d [<!ENTITY a "b">]>' + PLAIN.split("?>")[1], "brings a DTD"),
    ],
    ids=["cut off", "entities"],
)
def test_what_is_cut_off_or_hostile_is_refused(read: Read, text: str, said: str):
    """With the file's name, and never half."""
    with pytest.raises(DataError, match=rf"file.dat.*{said}"):
        read(text, FORMAT)


def test_interim_balances_open_and_close_a_page(read: Read):
    """The page's own opening and closing are told, signed."""
    text = PLAIN.replace("<Cd>OPBD</Cd>", "<Cd>ITBD</Cd>").replace("<Cd>CLBD</Cd>", "<Cd>ITBD</Cd>")

    _, notes = read(text, FORMAT)

    assert [(each.role, each.amount) for each in notes.balances] == [
        ("opening", Decimal("1000.00")),
        ("closing", Decimal("1250.00")),
    ]


@pytest.mark.parametrize("form", ["plain", "prefix", "balances behind"])
def test_a_file_that_is_cut_gives_what_reading_it_whole_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
):
    """Entry by entry with their lines, over statements and cuts, whatever the prefix; and the balances."""
    payments = [Payment(CEM, ANN, number + 1, NOON, f"E{number}") for number in range(40)]
    text = camt_document([camt053(ANN, payments), camt053(CEM, payments[:3]), camt053(ANN, payments[3:])])
    text = text.replace("<Ntry>", "\n<Ntry>")
    if form == "prefix":
        text = text.replace("<", "<n:").replace("<n:/", "</n:").replace("<n:?", "<?").replace("xmlns=", "xmlns:n=")
    if form == "balances behind":
        closing = re.compile(r"(<Bal><Tp><CdOrPrtry><Cd>CLBD.*?</Bal>)(.*?)(</Stmt>)", re.DOTALL)
        text = closing.sub(r"\2\1\3", text)
    path = tmp_path / "file.xml"
    path.write_text(text)
    read, notes = {}, {}
    for way, size in (("whole", 1 << 20), ("cut", 1000)):
        monkeypatch.setattr(camt_entries, "PART_BYTES", size)
        notes[way] = Notes()
        read[way] = list(camt.read(path, notes[way], lambda _: None))

    assert len(read["cut"]) == 80
    assert read["cut"] == read["whole"]
    assert notes["cut"].balances == notes["whole"].balances


def test_a_comment_that_holds_an_entry_s_end_is_no_place_to_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Such a file is read element by element."""
    payments = [Payment(CEM, ANN, number + 1, NOON) for number in range(40)]
    path = tmp_path / "file.xml"
    path.write_text(camt_document([camt053(ANN, payments)]).replace("<Ntry>", "<!-- </Ntry> --><Ntry>"))
    monkeypatch.setattr(camt_entries, "PART_BYTES", 1000)

    assert len(list(camt.read(path, Notes(), lambda _: None))) == 40
