"""BAI2, the cash management balance reporting of US banks. Source: BAI's specification of version 2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from mulegraph.errors import DataError
from mulegraph.ingest.readers.base import Balance, Booking, Notes, account_number, written
from mulegraph.schema.tables import minor_exponents

FORMAT = "BAI2"
WHOLE_PAYMENTS = False

_BALANCES = {"010": ("opening", "booked"), "015": ("closing", "booked"), "045": ("other", "available")}
_KINDS = {
    **dict.fromkeys(("142", "155", "165", "169", "451", "455", "466", "469"), "direct_debit"),
    **dict.fromkeys(("354", "654"), "interest"),
    **dict.fromkeys(("661", "698", "699"), "fee"),
    **dict.fromkeys(("174", "175", "301", "475", "472"), "cheque"),
}
"""Type codes that are no transfer between accounts, as far as the code alone says so."""
_NO_MONEY = "890"
_DIRECTIONS = (
    (100, 400, "in"),
    (400, 700, "out"),
    (720, 760, "in"),
    (760, 800, "out"),
    (920, 960, "in"),
    (960, 1000, "out"),
)
"""Detail codes by range: deposits, loans (720-799) and those that a bank defines itself (920-999)."""

_RETURNS = ("252", "255", "257", "555", "557", "559")
_EXTRA_FIELDS = {"S": 3, "V": 2}
"""Fields that a funds type brings: how much is there on which day, or the value date and its time."""


@dataclass
class _Record:
    """One record with its continuations (88): the fields, and the line that it begins on."""

    fields: list[str]
    line: int


@dataclass
class _Account:
    """The account that transactions are being read of, and what its trailer is to add up to."""

    number: str
    currency: str
    day: str
    bank: str | None
    statement: str
    total: int = 0
    transactions: int = 0
    balances: list[Balance] = field(default_factory=list)


def matches(head: bytes, name: str) -> bool:  # noqa: ARG001 (the beginning decides)
    """Whether the first record is a file header (01) of version 2."""
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0].rstrip(b"\r /")
    fields = first.split(b",")
    return fields[0] == b"01" and len(fields) >= 8 and fields[-1].strip() == b"2"


def read(path: Path, notes: Notes, advance: Callable[[int], None]) -> Iterator[Booking]:
    """The transaction records in the order of the file, and the balances into `notes`."""
    group: list[str] = []
    account: _Account | None = None
    complete = False
    for record in _records(path, advance):
        code, fields = record.fields[0], record.fields
        where = f"{path.name}:{record.line}"
        if code == "02":
            group = fields
        elif code == "03":
            account = _account(fields, group, where, notes)
        elif code == "16":
            if account is None:
                raise DataError(f"{where}: a transaction stands outside an account", hint="Ask the bank for the file.")
            if fields[1] == _NO_MONEY:
                account.transactions += 1
                continue
            yield _booking(fields, account, where, record.line)
        elif code == "49" and account is not None:
            _close(account, fields, where, notes)
            account = None
        elif code == "99":
            complete = True
    if not complete:
        raise DataError(f"{path.name}: breaks off before its trailer (99)", hint="Ask the bank for the file again.")


def _records(path: Path, advance: Callable[[int], None]) -> Iterator[_Record]:
    known: _Record | None = None
    position = 0
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            position += len(raw)
            line = raw.decode("utf-8-sig", "replace").strip("\r\n ")
            if not line:
                continue
            code, _, rest = line.partition(",")
            if code == "88" and known is not None:
                _continue(known, rest)
                continue
            if known is not None:
                yield known
            known = _Record([code, *_split(rest)], number)
            advance(position)
    if known is not None:
        yield known


def _split(text: str) -> list[str]:
    return text.rstrip().removesuffix("/").split(",")


def _continue(record: _Record, rest: str) -> None:
    """Add a continuation: the text of a transaction goes on as text, everything else as more fields."""
    if record.fields[0] == "16" and len(record.fields) > _text_place(record.fields):
        record.fields[-1] = f"{record.fields[-1]} {rest.rstrip().removesuffix('/').strip()}"
        return
    # A record that ends in ",/" ends in an empty field, which the next line does not fill.
    record.fields += _split(rest)


def _text_place(fields: list[str]) -> int:
    """Where the text of a transaction record stands."""
    return _after_funds(fields, 3) + 2


def _after_funds(fields: list[str], place: int) -> int:
    """The place of the field after a funds type at `place` and what it brings."""
    kind = fields[place] if place < len(fields) else ""
    if kind == "D" and place + 1 < len(fields) and fields[place + 1].strip().isdigit():
        return place + 2 + 2 * int(fields[place + 1])
    return place + 1 + _EXTRA_FIELDS.get(kind, 0)


def _money(text: str, currency: str, where: str) -> Decimal:
    """An amount without its decimal point: the currency says how many digits stand behind it."""
    digits = text.strip()
    if not digits.lstrip("+-").isdigit():
        raise DataError(f"{where}: '{digits[:40]}' is not an amount", hint="Ask the bank for the file again.")
    return Decimal(digits).scaleb(-minor_exponents().get(currency, 2))


def _account(fields: list[str], group: list[str], where: str, notes: Notes) -> _Account:
    number = account_number(fields[1] if len(fields) > 1 else None)
    if number is None or len(group) < 5:
        raise DataError(f"{where}: an account without a number or a group", hint="Ask the bank for the file again.")
    currency = (fields[2] if len(fields) > 2 else "") or (group[6] if len(group) > 6 else "")
    if not currency:
        notes.remarks.append(f"{where}: names no currency; USD, as the format says")
    day = group[4]
    if len(day) != 6 or not day.isdigit():
        raise DataError(f"{where}: the group's day '{day[:20]}' is not YYMMDD", hint="Ask the bank for the file again.")
    iso = f"20{day[:2]}-{day[2:4]}-{day[4:]}"
    account = _Account(number, currency or "USD", iso, group[2] or None, f"{iso} {group[2]}".strip())
    place = 3
    while place + 1 < len(fields):
        code, text = fields[place], fields[place + 1]
        if text:
            amount = _money(text, account.currency, where)
            account.total += int(text)
            if code in _BALANCES:
                role, kind = _BALANCES[code]
                account.balances.append(Balance(number, account.currency, account.statement, iso, amount, role, kind))
        place = _after_funds(fields, place + 3)
    return account


def _direction(code: str) -> str | None:
    number = int(code) if code.isdigit() else 0
    return next((way for first, end, way in _DIRECTIONS if first <= number < end), None)


def _booking(fields: list[str], account: _Account, where: str, line: int) -> Booking:
    code = fields[1]
    direction = _direction(code)
    if direction is None:
        raise DataError(f"{where}: type code '{code[:10]}' is neither a credit nor a debit", hint="Ask the bank.")
    amount = _money(fields[2] if len(fields) > 2 else "", account.currency, where)
    account.total += int(fields[2])
    account.transactions += 1
    place = _after_funds(fields, 3)
    bank_reference, customer_reference = [*fields[place : place + 2], "", ""][:2]
    text = ",".join(fields[place + 2 :])
    return Booking(
        account_id=account.number,
        bank=account.bank,
        direction=direction,
        amount=written(amount),
        currency=account.currency,
        bank_reference=bank_reference.strip() or customer_reference.strip() or None,
        booked_at=account.day,
        precision="day",
        status="booked",
        returns=(customer_reference.strip() or "unknown") if code in _RETURNS else None,
        kind=_KINDS.get(code, "transfer"),
        statement=account.statement,
        remittance=text.strip() or None,
        line=line,
    )


def _close(account: _Account, fields: list[str], where: str, notes: Notes) -> None:
    # A summary without transactions is no page that lacks its lines.
    notes.balances += (each if account.transactions else replace(each, role="other") for each in account.balances)
    total = fields[1].strip() if len(fields) > 1 else ""
    if total.lstrip("+-").isdigit() and int(total) != account.total:
        notes.remarks.append(
            f"{where}: the account's control total differs by {abs(int(total) - account.total):,} of the smallest coin;"
            " ask the bank whether records are missing"
        )
