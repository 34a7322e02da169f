"""BAI2."""

from __future__ import annotations

import pytest

from mulegraph.errors import DataError

from .conftest import Read

HEAD = "01,1,2,260203,0600,1,80,1,2/\n02,1,122099999,1,260203,0000,{currency},2/\n"
HEAD += "03,00998,{own},010,{first},,,015,{last},,/\n"


def report(*lines: str, currency: str = "USD", own: str = "", first: int = 1000, last: int = 1000) -> str:
    head = HEAD.format(currency=currency, own=own, first=first, last=last)
    return head + "\n".join([*lines, "49,0,4/", "98,0,1,6/", "99,0,1,8/", ""])


@pytest.mark.parametrize(
    "funds", ["Z", "0", "", "S,1,2,3", "V,260204,1200", "D,2,0,100,1,200"], ids=["Z", "0", "none", "S", "V", "D"]
)
def test_references_and_text_stand_behind_what_a_funds_type_brings(read: Read, funds: str):
    """Of each kind as many fields as it has."""
    (booking,), _ = read(report(f"16,195,150000,{funds},BANKREF,CUSTREF,WIRE, IN/"), "BAI2")

    assert (booking.bank_reference, booking.remittance, booking.amount) == ("BANKREF", "WIRE, IN", "1500")


def test_the_currency_says_where_the_decimals_begin(read: Read):
    """Yen have none: 150000 is 150,000."""
    (booking,), _ = read(report("16,495,150000,Z,A,B,C/", own="JPY"), "BAI2")

    assert (booking.amount, booking.currency, booking.direction) == ("150000", "JPY", "out")


def test_a_transaction_goes_on_in_88_records(read: Read):
    """In the middle of its fields as well as in its text."""
    (booking,), _ = read(report("16,195,150000,S,1,2/", "88,3,BANKREF,CUSTREF,WIRE/", "88,FROM X/"), "BAI2")

    assert (booking.bank_reference, booking.remittance) == ("BANKREF", "WIRE FROM X")


def test_a_file_without_its_trailer_is_refused(read: Read):
    """It breaks off: there may be more."""
    with pytest.raises(DataError, match="breaks off"):
        read(report("16,195,150000,Z,A,B,C/").split("99,")[0], "BAI2")


def test_a_summary_without_transactions_is_no_page_that_lacks_them(read: Read):
    """Its balances are told, and not compared with lines that were never there."""
    _, notes = read(report(first=1000, last=5000), "BAI2")

    assert [each.role for each in notes.balances] == ["other", "other"]
