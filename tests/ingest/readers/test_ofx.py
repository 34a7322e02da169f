"""OFX 1 and 2."""

from __future__ import annotations

import pytest

from mulegraph.errors import DataError

from .conftest import Read

SGML = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
ENCODING:USASCII
CHARSET:1252

<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS></SONRS></SIGNONMSGSRSV1>
<BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD
<BANKACCTFROM><BANKID>122099999<ACCTID>00123<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260201<DTEND>20260228
<STMTTRN><TRNTYPE>XFER<DTPOSTED>20260203103000[-5:EST]<TRNAMT>-1,50<FITID>F1<NAME>Smith &amp; Co
<BANKACCTTO><BANKID>999<ACCTID>00456<ACCTTYPE>SAVINGS</BANKACCTTO><MEMO>rent</STMTTRN>
<STMTTRN><TRNTYPE>ATM<DTPOSTED>20260204120000<TRNAMT>-20.00<FITID>F2</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>78.50<DTASOF>20260228</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""


def test_tags_without_ends_are_read(read: Read):
    """OFX 1 closes aggregates only; a comma may stand before the decimals."""
    (sent, cash), notes = read(SGML, "OFX")

    assert (sent.account_id, sent.direction, sent.amount, sent.counterparty_id) == ("00123", "out", "1.5", "00456")
    assert (sent.booked_at, sent.counterparty_name, sent.kind) == (
        "2026-02-03T10:30:00-05:00",
        "Smith & Co",
        "transfer",
    )
    assert (cash.booked_at, cash.precision, cash.kind) == ("2026-02-04", "day", "cash")
    assert [str(each.amount) for each in notes.balances] == ["78.50"]


def test_version_2_is_xml_with_all_its_ends(read: Read):
    """The same aggregates, each leaf closed."""
    text = (
        '<?xml version="1.0"?><?OFX OFXHEADER="200" VERSION="220"?><OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS>'
        "<CURDEF>EUR</CURDEF><CCACCTFROM><ACCTID>4111</ACCTID></CCACCTFROM><BANKTRANLIST><STMTTRN>"
        "<TRNTYPE>DEBIT</TRNTYPE><DTPOSTED>20260203</DTPOSTED><TRNAMT>-5.00</TRNAMT><FITID>1</FITID></STMTTRN>"
        "</BANKTRANLIST></CCSTMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1></OFX>"
    )

    (booking,), _ = read(text, "OFX")

    assert (booking.account_id, booking.amount, booking.kind, booking.currency) == ("4111", "5", "card", "EUR")


def test_a_file_that_breaks_off_is_refused(read: Read):
    """What is there may be half."""
    with pytest.raises(DataError, match="breaks off"):
        read(SGML[: SGML.index("</BANKTRANLIST>")], "OFX")


def test_transactions_that_nothing_closes_are_read(read: Read):
    """The next one, or the end of the list, ends each; none is lost."""
    rows, notes = read(SGML.replace("</STMTTRN>", ""), "OFX")

    assert [each.amount for each in rows] == ["1.5", "20"]
    assert [str(each.amount) for each in notes.balances] == ["78.50"]


def test_an_amount_in_a_stated_currency_is_converted_and_kept(read: Read):
    """Under CURRENCY the amount is of that currency; the account's own is rounded to its coins."""
    stated = "<TRNAMT>-20.00<CURRENCY><CURRATE>1.234567<CURSYM>EUR</CURRENCY>"
    (_, cash), _ = read(SGML.replace("<TRNAMT>-20.00", stated), "OFX")

    assert (cash.amount, cash.currency) == ("24.69", "USD")
    assert (cash.original_amount, cash.original_currency) == ("20", "EUR")
