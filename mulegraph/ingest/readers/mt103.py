"""MT103 (single customer credit transfer) of SWIFT. Source: SWIFT Category 1 User Handbook."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mulegraph.errors import DataError
from mulegraph.ingest.readers.base import Booking, Notes, account_number, plain_amount, written
from mulegraph.ingest.readers.swift import Message, messages

FORMAT = "MT103"
WHOLE_PAYMENTS = True

_SETTLED = re.compile(r"(\d\d)(\d\d)(\d\d)([A-Z]{3})([\d,]+)")
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")


def matches(head: bytes, name: str) -> bool:  # noqa: ARG001 (the beginning decides)
    """Whether a payment's fields are there: 20, 23B, 32A and the beneficiary (59)."""
    return all(re.search(rb"^:" + tag + rb":", head, re.MULTILINE) for tag in (rb"23B", rb"32A", rb"59[AF]?"))


def read(path: Path, notes: Notes, advance: Callable[[int], None]) -> Iterator[Booking]:  # noqa: ARG001 (no balances)
    """A booking of the payer's account for every payment."""
    for message in messages(path, advance):
        where = f"{path.name}:{message.line}"
        settled = _SETTLED.match(message.first("32A") or "")
        if settled is None:
            raise DataError(f"{where}: field 32A holds no day, currency and amount", hint="Ask the bank for the file.")
        year, month, day, currency, amount = settled.groups()
        payer, payer_name = _party(message, "50")
        payee, payee_name = _party(message, "59")
        uetr = re.search(r"\{121:([0-9a-fA-F-]{36})\}", message.header)
        booking = Booking(
            account_id=account_number(payer),
            bank=_bank(message, "52A") or _sender(message.header),
            direction="out",
            amount=written(plain_amount(amount, where, ",")),
            currency=currency,
            counterparty_id=account_number(payee),
            counterparty_name=payee_name,
            counterparty_bank=_bank(message, "57A") or _receiver(message.header),
            uetr=uetr[1].lower() if uetr else None,
            bank_reference=message.first("20"),
            booked_at=f"20{year}-{month}-{day}",
            precision="day",
            value_date=f"20{year}-{month}-{day}",
            status="booked",
            kind="transfer",
            statement=message.first("20"),
            remittance=" ".join((message.first("70") or "").split()) or payer_name,
            line=message.line,
        )
        instructed = re.match(r"([A-Z]{3})([\d,]+)", message.first("33B") or "")
        if instructed and instructed[0] != f"{currency}{amount}":
            booking.original_currency = instructed[1]
            booking.original_amount = written(plain_amount(instructed[2], where, ","))
        yield booking


def _party(message: Message, field: str) -> tuple[str | None, str | None]:
    """Account and name of field 50 or 59, in any of its options."""
    text = message.first(field, f"{field}A", f"{field}F", f"{field}K") or ""
    first, _, rest = text.partition("\n")
    if not first.startswith("/"):
        return None, first or None
    name = rest.split("\n")[0].removeprefix("1/").strip()
    return first.lstrip("/").strip(), name or None


def _bank(message: Message, field: str) -> str | None:
    found = [line for line in (message.first(field) or "").split("\n") if _BIC.fullmatch(line.strip())]
    return found[0].strip() if found else None


def _sender(header: str) -> str | None:
    """The bank that sends: block 1 of what it sends itself, block 2 of what was received."""
    received = re.search(r"\{2:O103\d{10}([A-Z0-9]{12})", header)
    sent = re.search(r"\{1:F01([A-Z0-9]{12})", header)
    found = received or sent
    return _without_terminal(found[1]) if found else None


def _receiver(header: str) -> str | None:
    sent = re.search(r"\{2:I103([A-Z0-9]{12})", header)
    received = re.search(r"\{1:F01([A-Z0-9]{12})", header) if "{2:O" in header else None
    found = sent or received
    return _without_terminal(found[1]) if found else None


def _without_terminal(address: str) -> str:
    """A logical terminal's address without its terminal letter: the BIC, with the branch where there is one."""
    bic = address[:8] + address[9:]
    return bic[:8] if bic.endswith("XXX") else bic
