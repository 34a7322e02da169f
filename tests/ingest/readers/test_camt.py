"""camt.052, 053 and 054 in the forms that banks send them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from mulegraph.errors import DataError
from mulegraph.ingest.readers import Notes, StatementFile, camt, camt_entries
from mulegraph.ingest.readers.base import Balance
from tests.thorough import examples

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
    whole, cut = both_ways(path, monkeypatch)

    assert len(cut.rows) == 80
    assert cut == whole


@dataclass(frozen=True)
class Told:
    """What reading a file gives."""

    rows: list[dict[str, object]]
    balances: list[Balance]
    remarks: list[str]


def both_ways(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Told, Told]:
    """The file read element by element, and cut in parts of a kilobyte."""
    told = []
    for size in (1 << 30, 1000):
        monkeypatch.setattr(camt_entries, "PART_BYTES", size)
        monkeypatch.setattr(camt_entries, "MIN_CUT_BYTES", size)
        source = StatementFile(path, camt)
        rows = [row for batch in source.batches(lambda _: None) for row in batch.to_pylist()]
        told.append(Told(rows, source.notes.balances, source.notes.remarks))
    return told[0], told[1]


PARTS_OF_AN_ENTRY = [
    ["<Sts>BOOK</Sts>", "<Sts><Cd>PDNG</Cd></Sts>", ""],
    ["", "<RvslInd>true</RvslInd>"],
    ["<BookgDt><Dt>2026-02-03+01:00</Dt></BookgDt>", "<BookgDt><DtTm>2026-02-03T10:00:00+01:00</DtTm></BookgDt>", ""],
    ["<ValDt><Dt>2026-02-04</Dt></ValDt>", "<ValDt><DtTm>2026-02-04T00:00:00</DtTm></ValDt>", "<ValDt/>"],
    ["<AcctSvcrRef>R-7</AcctSvcrRef>", "<AcctSvcrRef>NONREF</AcctSvcrRef>", "<AcctSvcrRef> </AcctSvcrRef>"],
    ["<BkTxCd/>", "<BkTxCd><Domn><Fmly><Cd>RCDT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>"],
    ["", '<Chrgs><Rcrd><Amt Ccy="EUR">1.50</Amt><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>'],
]
PARTS_OF_A_TRANSACTION = [
    [
        "<Refs><EndToEndId>E 7</EndToEndId></Refs>",
        "<Refs><EndToEndId>E  7</EndToEndId></Refs>",
        "<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>",
        "<Refs/>",
    ],
    ["", '<AmtDtls><InstdAmt><Amt Ccy="EUR">12.50</Amt></InstdAmt></AmtDtls>'],
    ["", '<AmtDtls><InstdAmt><Amt Ccy="USD">15.00</Amt></InstdAmt></AmtDtls>'],
    [
        f"<RltdPties><Dbtr><Nm>A B</Nm></Dbtr><DbtrAcct><Id><IBAN>{CEM}</IBAN></Id></DbtrAcct></RltdPties>",
        f"<RltdPties><Cdtr><Pty><Nm>C</Nm></Pty></Cdtr><CdtrAcct><Id><IBAN>{ANN}</IBAN></Id></CdtrAcct></RltdPties>",
        "<RltdPties><Cdtr><Nm>A&amp;B</Nm></Cdtr><CdtrAcct><Id><Othr><Id>nl 12</Id></Othr></Id></CdtrAcct></RltdPties>",
    ],
    ["<RltdAgts><DbtrAgt><FinInstnId><BIC>TSTBNL2A</BIC></FinInstnId></DbtrAgt></RltdAgts>", ""],
    [
        "<RmtInf><Ustrd>one</Ustrd></RmtInf>",
        "<RmtInf><Ustrd>one</Ustrd><Ustrd>two</Ustrd></RmtInf>",
        "<RmtInf><Ustrd>gặp nhau</Ustrd></RmtInf>",
        "",
    ],
    ["<RltdDts><AccptncDtTm>2026-02-03T11:12:13+01:00</AccptncDtTm></RltdDts>", ""],
]


@given(random=st.randoms(use_true_random=False))
@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_entries_that_are_written_alike_are_read_as_each_by_itself(
    random: Random, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whatever an entry says or leaves out: patterns and columns give what the walk through the tree gives."""

    def some(parts: list[list[str]]) -> str:
        # The first is what banks mostly write; with many odd parts no entry would be read by a pattern.
        return "".join(each[0] if random.random() < 0.6 else random.choice(each) for each in parts)

    shapes = []
    for _ in range(4):
        own, inner = some(PARTS_OF_AN_ENTRY), some(PARTS_OF_A_TRANSACTION)
        inner = f"<NtryDtls><TxDtls>{inner}</TxDtls></NtryDtls>" if random.random() < 0.9 else ""
        shapes.append(f"{own}{inner}{random.choice(['<AddtlNtryInf>x y</AddtlNtryInf>', ''])}")
    entries = [
        f'{random.choice(["", chr(10)])}<Ntry><Amt Ccy="{random.choice(["EUR", "USD"])}">'
        f"{random.choice(['12.50', '3.00', '0.00', '007.10', '0.05', '1E2', '5'])}</Amt>"
        f"<CdtDbtInd>{random.choice(['CRDT', 'DBIT'])}</CdtDbtInd>{random.choice(shapes)}</Ntry>"
        for _ in range(24)
    ]
    statement = camt053(ANN, []).replace("</Stmt>", "{}</Stmt>")
    path = tmp_path / "file.xml"
    path.write_text(camt_document([statement.format("".join(each)) for each in (entries[:9], entries[9:])]))

    whole, cut = both_ways(path, monkeypatch)

    assert cut.rows == whole.rows
    assert cut == whole


def test_a_comment_that_holds_an_entry_s_end_is_no_place_to_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Such a file is read element by element."""
    payments = [Payment(CEM, ANN, number + 1, NOON) for number in range(40)]
    path = tmp_path / "file.xml"
    path.write_text(camt_document([camt053(ANN, payments)]).replace("<Ntry>", "<!-- </Ntry> --><Ntry>"))
    monkeypatch.setattr(camt_entries, "PART_BYTES", 1000)

    assert len(list(camt.read(path, Notes(), lambda _: None))) == 40


def test_a_file_with_messages_of_two_versions_is_read_whole(tmp_path):
    """Above the size from which files are read in parts: the entries of the second version are not passed over."""
    amount, day = '<Amt Ccy="EUR">12.50</Amt>', "<BookgDt><Dt>2026-02-03</Dt></BookgDt>"
    entry = f"<Ntry>{amount}<CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>{day}</Ntry>\n"
    account = "<Acct><Id><IBAN>NL11TSTA0000000011</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    parts = []
    for version in ("02", "08"):
        space = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
        inside = f"<Stmt><Id>S{version}</Id>{account}{entry * 600}</Stmt>"
        parts.append(f'<Document xmlns="{space}"><BkToCstmrStmt>{inside}</BkToCstmrStmt></Document>')
    path = tmp_path / "two.xml"
    path.write_text(f"<Messages>{''.join(parts)}</Messages>", encoding="utf-8")
    assert path.stat().st_size > camt_entries.MIN_CUT_BYTES
    assert sum(batch.num_rows for batch in StatementFile(path, camt).batches(lambda _: None)) == 1_200
