"""MT940, MT942 and MT103."""

from __future__ import annotations

import pytest

from mulegraph.errors import DataError

from .conftest import Read
from .writers import iban

ANN, CEM = iban("NL", "TSTA", 11), iban("NL", "TSTB", 33)


def statement(*lines: str, account: str = ANN) -> str:
    head = [":20:S1", f":25:{account}", ":28C:1/2", ":60F:C260202EUR1000,00"]
    return "\n".join([*head, *lines, ":62F:C260203EUR1000,00", "-", ""])


@pytest.mark.parametrize(
    ("mark", "way", "status"),
    [("C", "in", "booked"), ("D", "out", "booked"), ("RC", "out", "reversed"), ("RD", "in", "reversed")],
)
def test_a_reversed_mark_takes_money_the_other_way(read: Read, mark: str, way: str, status: str):
    """RC takes a credit back, RD a debit."""
    (booking,), _ = read(statement(f":61:2602030203{mark}5,00NTRFNONREF//B1", ":86:x"), "MT940/942")

    assert (booking.direction, booking.status, booking.amount) == (way, status, "5")


@pytest.mark.parametrize(
    "details",
    [
        f"166?00TEXT?20EREF+E1?21SVWZ+rent?30TSTBNL2A?31{CEM}?32Cem",
        f"/TRTP/SCT/IBAN/{CEM}/BIC/TSTBNL2A/NAME/Cem/EREF/E1/REMI/rent",
        f"/EREF/E1//CNTP/{CEM}/TSTBNL2A/Cem///REMI/USTD//rent/",
    ],
    ids=["numbered", "codes", "counterparty code"],
)
def test_the_other_party_is_found_in_every_form_of_the_details(read: Read, details: str):
    """Also where a line break falls into the middle of a word."""
    broken = f"{details[:65]}\n{details[65:]}"

    (booking,), _ = read(statement(":61:2602030203D5,00NTRFNONREF//B1", f":86:{broken}"), "MT940/942")

    assert (booking.counterparty_id, booking.counterparty_name, booking.end_to_end_id) == (CEM, "Cem", "E1")


def test_a_line_of_the_turn_of_the_year_has_its_own_year(read: Read):
    """Value date in December, entry date in January: booked in the next year."""
    (booking,), _ = read(statement(":61:2512310102D5,00NTRFNONREF//B1", ":86:x"), "MT940/942")

    assert (booking.value_date, booking.booked_at) == ("2025-12-31", "2026-01-02")


def test_an_interim_report_has_no_balances_and_its_expected_lines_are_pending(read: Read):
    """MT942: ED is announced, not booked."""
    lines = [
        ":20:S1",
        f":25:{ANN}EUR",
        ":28C:1",
        ":34F:EUR0,",
        ":13D:2602031200+0100",
        ":61:2602030203C5,00NTRFNONREF//B1",
        ":86:x",
        ":61:2602030203ED7,NTRFNONREF//B2",
        ":86:x",
        ":90D:1EUR7,",
        ":90C:1EUR5,",
        "-",
        "",
    ]

    (booked, expected), notes = read("\n".join(lines), "MT940/942")

    assert (booked.account_id, booked.status, expected.status, notes.balances) == (ANN, "booked", "pending", [])


def test_a_field_that_cannot_be_read_is_told_with_its_message(read: Read):
    """Never the lines around it alone."""
    with pytest.raises(DataError, match=r"file\.dat:1: "):
        read(statement(":61:what is this", ":86:x"), "MT940/942")


def test_a_file_with_blocks_and_several_messages_is_read(read: Read):
    """Braces of the FIN envelope, and the next message after `-}`."""
    one = statement(":61:2602030203D5,00NTRFNONREF//B1", ":86:x").removesuffix("-\n")
    text = "".join(f"{{1:F01TSTANL2AAXXX0000000000}}{{2:I940TSTBNL2AXXXXN}}{{4:\n{one}-}}\n" for _ in range(2))

    bookings, notes = read(text, "MT940/942")

    assert len(bookings) == 2
    assert len(notes.balances) == 4


def test_mt103_is_a_payment_of_the_payer(read: Read):
    """Settled and instructed amount, both banks, and the UETR of block 3."""
    uetr = "00000000-0000-4000-8000-000000000001"
    text = (
        f"{{1:F01TSTANL2AAXXX0000000000}}{{2:I103TSTBNL2AXXXXN}}{{3:{{121:{uetr}}}}}{{4:\n:20:REF1\n:23B:CRED\n"
        f":32A:260203EUR995,\n:33B:EUR1000,\n:50K:/{ANN}\nANN\n:59:/{CEM}\nCEM\n:70:rent\n:71A:SHA\n-}}\n"
    )

    (booking,), _ = read(text, "MT103")

    assert (booking.account_id, booking.counterparty_id, booking.amount, booking.original_amount) == (
        ANN,
        CEM,
        "995",
        "1000",
    )
    assert (booking.uetr, booking.bank, booking.counterparty_bank) == (uetr, "TSTANL2A", "TSTBNL2A")
