"""Forms of banks' messages that are rarer: batches of both ways, mirrored parties, totals, files cut short."""

from __future__ import annotations

import pytest

from mulegraph.errors import DataError
from tests.ingest.conftest import Bank

from .conftest import Read

OWN, CEM, DEE = "NL02ABNA0123456789", "NL83TSTB0000000033", "DE81999000220000000202"
CAMT = {"BkToCstmrStmt": "Stmt", "BkToCstmrDbtCdtNtfctn": "Ntfctn"}


def camt(entries: str, message: str = "BkToCstmrStmt") -> str:
    part = CAMT[message]
    account = f"<Acct><Id><IBAN>{OWN}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    body = f"<{message}><{part}><Id>S1</Id>{account}{entries}</{part}></{message}>"
    return f'<?xml version="1.0"?>\n<Document xmlns="urn:x">{body}</Document>'


def entry(amount: str, way: str, *details: str, day: str = "2026-02-03") -> str:
    parts = f"<NtryDtls>{''.join(details)}</NtryDtls>" if details else ""
    booked = f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>R1</AcctSvcrRef>"
    return f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>{booked}{parts}</Ntry>'


def details(amount: str, role: str, number: str, more: str = "") -> str:
    party = f"<RltdPties><{role}Acct><Id><IBAN>{number}</IBAN></Id></{role}Acct></RltdPties>"
    return f'<TxDtls><Amt Ccy="EUR">{amount}</Amt>{more}{party}</TxDtls>'


CHARGES = (
    '<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">7.00</TtlChrgsAndTaxAmt>'
    '<Rcrd><Amt Ccy="EUR">5.00</Amt><ChrgInclInd>true</ChrgInclInd></Rcrd>'
    '<Rcrd><Amt Ccy="EUR">2.00</Amt><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>'
)
RETURN = "<BkTxCd><Domn><Fmly><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>"
FORMS = {
    "a batch of both ways": (
        entry(
            "100.00",
            "CRDT",
            details("150.00", "Dbtr", CEM, "<CdtDbtInd>CRDT</CdtDbtInd>"),
            details("50.00", "Cdtr", DEE, "<CdtDbtInd>DBIT</CdtDbtInd>"),
        ),
        [("in", "150", CEM), ("out", "50", DEE)],
    ),
    "a return with the parties of what it returns": (
        entry(
            "80.50",
            "DBIT",
            details("80.50", "Cdtr", OWN, RETURN).replace(
                "<RltdPties>", f"<RltdPties><DbtrAcct><Id><IBAN>{CEM}</IBAN></Id></DbtrAcct>"
            ),
        ),
        [("out", "80.5", CEM)],
    ),
    "several charges": (
        entry("107.00", "DBIT", details("107.00", "Cdtr", CEM, CHARGES)),
        [("out", "100", CEM), ("out", "7", None)],
    ),
    "a day with a zone": (
        entry("5.00", "CRDT", details("5.00", "Dbtr", CEM), day="2026-02-03+01:00"),
        [("in", "5", CEM)],
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_camt_entry_is_split_as_its_details_say(read: Read, form: str):
    """Each with its own way, sum and other party."""
    text, expected = FORMS[form]

    bookings, _ = read(camt(text), "camt.052/053/054")

    assert [(each.direction, each.amount, each.counterparty_id) for each in bookings] == expected
    assert {each.booked_at for each in bookings} == {"2026-02-03"}


def test_a_batch_and_its_notification_are_the_same_money(bank: Bank):
    """The statement books the sum, the notification lists what it is made of."""
    bank.write("statement.xml", camt(entry("300.00", "CRDT")))
    parts = (details("100.00", "Dbtr", CEM), details("200.00", "Dbtr", DEE))
    bank.write("notification.xml", camt(entry("300.00", "CRDT", *parts), "BkToCstmrDbtCdtNtfctn"))

    report = bank.load()

    assert sorted(map(str, bank.values("amount"))) == ["100.000", "200.000"]
    assert report.bookings is not None
    assert report.bookings.repeated == 1


def mt942(total: str) -> str:
    lines = (
        ":20:S1",
        f":25:{OWN}EUR",
        ":28C:1",
        ":34F:EUR0,",
        ":61:2602030203C5,00NTRFNONREF//B1",
        ":86:x",
        total,
        "-",
    )
    return "\n".join(lines)


SUMMARY = "<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry>"
TOTALS = {
    "camt": (camt(SUMMARY + entry("5.00", "CRDT")), "camt.052/053/054"),
    "MT942": (mt942(":90C:2EUR7,00"), "MT940/942"),
}


@pytest.mark.parametrize("form", TOTALS)
def test_totals_that_a_message_states_are_compared(read: Read, form: str):
    """Two entries are stated, and one stands there."""
    (booking,), notes = read(*TOTALS[form])

    assert booking.account_id == OWN
    assert [each for each in notes.remarks if "states 2" in each]


def test_a_total_that_fits_is_no_remark(read: Read):
    """Neither is one that is not stated."""
    _, notes = read(mt942(":90C:1EUR5,00"), "MT940/942")

    assert notes.remarks == []


def test_a_statement_without_its_closing_balance_is_cut_off(read: Read):
    """What stood behind may be a line."""
    text = f":20:S1\n:25:{OWN}\n:28C:1\n:60F:C260202EUR1000,00\n:61:2602030203C5,00NTRFNONREF//B1\n:86:x\n"

    with pytest.raises(DataError, match="closing balance"):
        read(text, "MT940/942")


BAI = (
    "01,S,R,260204,0600,1,,,2/\n02,R,121000248,1,260203,,USD,2/\n03,0099,USD,,,,/\n"
    "16,890,,,,,no money/\n16,720,500,Z,B1,,loan/\n16,965,300,Z,B2,,own code/\n49,800,4/\n98,800,1,6/\n99,800,1,8/\n"
)


def test_codes_of_loans_and_of_the_bank_itself_have_a_direction(read: Read):
    """And what is no money (890) is no line."""
    bookings, _ = read(BAI, "BAI2")

    assert [(each.direction, each.amount) for each in bookings] == [("in", "5"), ("out", "3")]


def test_lines_of_nothing_are_counted_and_left_out(bank: Bank):
    """They are no rejects, of which a file may have few."""
    bank.write("s.xml", camt(entry("0.00", "CRDT") + entry("5.00", "CRDT", details("5.00", "Dbtr", CEM))))

    report = bank.load(limit=None)

    assert report.rejects == {}
    assert report.bookings is not None
    assert "1 lines of 0.00 are left out" in "".join(report.bookings.remarks)
