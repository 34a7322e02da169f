"""OFX 1 (SGML, closing tags left out) and OFX 2 (XML), also as QFX. Source: Open Financial Exchange 2.3, chapter 11."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from mulegraph.errors import DataError
from mulegraph.ingest.readers.base import Balance, Booking, Notes, account_number, plain_amount, written
from mulegraph.schema.tables import minor_exponents

FORMAT = "OFX"
WHOLE_PAYMENTS = False

_BLOCK = 1 << 20
_TAG = re.compile(r"<(/?)([A-Za-z0-9.]+)>([^<]*)")
_KINDS = {
    "ATM": "cash",
    "CASH": "cash",
    "CHECK": "cheque",
    "DIRECTDEBIT": "direct_debit",
    "FEE": "fee",
    "INT": "interest",
    "POS": "card",
    "SRVCHG": "fee",
}
_HINT = "Ask the bank for the file again, or leave it out; nothing of it was loaded."
_MONEY_TIME = re.compile(
    r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?(?:\.\d+)?)?\s*(?:\[([+-]?\d{1,2})(?:[.:](\d\d))?(?::\w+)?\])?"
)


@dataclass
class _Statement:
    """The statement being read: whose it is, and which aggregates are open."""

    currency: str = ""
    account: dict[str, str] = field(default_factory=dict)
    is_card: bool = False


def matches(head: bytes, name: str) -> bool:  # noqa: ARG001 (the beginning decides)
    """Whether the header of OFX or its root stands in the beginning."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:2000].upper()
    return start.startswith(b"OFXHEADER") or b"<OFX>" in start or b"<?OFX" in start


def read(path: Path, notes: Notes, advance: Callable[[int], None]) -> Iterator[Booking]:
    """The transactions of every statement, in the order of the file, and the balances into `notes`."""
    statement = _Statement()
    row: dict[str, str] = {}
    within: list[str] = []
    is_complete = False
    for closing, tag, text, line in _tags(path, advance):
        where = f"{path.name}:{line}"
        if closing:
            is_complete |= tag == "OFX"
            if tag in _TRANSACTIONS or (tag in _ENDS and row.get("") in _TRANSACTIONS):
                # Some banks close no transaction: the next one, or the list's end, ends it.
                yield _booking(row, statement, where, line, path)
                row = {}
            elif tag in _BALANCES:
                notes.balances.append(_balance(row, statement, where, tag, path))
                row = {}
            if tag in within:
                del within[within.index(tag) :]
        elif not text:
            if tag in _ROWS and row.get("") in _TRANSACTIONS:
                yield _booking(row, statement, where, line, path)
                del within[within.index(row[""]) :]
                row = {}
            within.append(tag)
            if tag in ("STMTRS", "CCSTMTRS"):
                statement = _Statement(is_card=tag == "CCSTMTRS")
            elif tag in _ROWS:
                row = {"": tag}
        elif within and within[-1] in ("BANKACCTFROM", "CCACCTFROM"):
            statement.account[tag] = text
        elif tag == "CURDEF":
            statement.currency = text
        else:
            row[f"{within[-1]}/{tag}" if within and within[-1] not in _ROWS else tag] = text
    if not is_complete:
        raise DataError(f"{path.name}: breaks off before its end (</OFX>)", hint=_HINT)


_TRANSACTIONS, _BALANCES = ("STMTTRN", "STMTTRNP"), ("LEDGERBAL", "AVAILBAL")
_ROWS = (*_TRANSACTIONS, *_BALANCES)
_ENDS = ("BANKTRANLIST", "BANKTRANLISTP", "STMTRS", "CCSTMTRS")
"""What closes a transaction that is still open."""


def _tags(path: Path, advance: Callable[[int], None]) -> Iterator[tuple[bool, str, str, int]]:
    """Tags with the text behind them: (whether it closes, name, text, line). A leaf needs no closing tag."""
    encoding = _encoding(path)
    rest, line = "", 1
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            text = rest + block.decode(encoding, "replace")
            # A tag or its text may go on in the next block: what follows the last "<" waits for it.
            cut = text.rfind("<")
            rest, text = (text[cut:], text[:cut]) if cut > 0 else (text, "")
            line = yield from _scanned(text, line)
            advance(stream.tell())
    yield from _scanned(rest, line)


def _scanned(text: str, line: int) -> Generator[tuple[bool, str, str, int], None, int]:
    """The tags of a text that begins on `line`; returns the line that it ends on."""
    counted = 0
    for tag in _TAG.finditer(text):
        line += text.count("\n", counted, tag.start())
        counted = tag.start()
        yield bool(tag[1]), tag[2].upper(), html.unescape(tag[3]).strip(), line
    return line + text.count("\n", counted)


def _encoding(path: Path) -> str:
    """The character set that the header names. Header and file rarely lie; where they do, no amount is touched."""
    with path.open("rb") as stream:
        head = stream.read(4096).upper()
    if b"CHARSET:1252" in head and b"ENCODING:UTF" not in head:
        return "cp1252"
    return "utf-8-sig" if head.startswith(b"\xef\xbb\xbf") else "utf-8"


def _booking(row: dict[str, str], statement: _Statement, where: str, line: int, path: Path) -> Booking:
    amount = _amount(row.get("TRNAMT", ""), where)
    at, precision = _time(row.get("DTPOSTED", ""), where)
    kind = _KINDS.get(row.get("TRNTYPE", "").upper(), "card" if statement.is_card else "transfer")
    other = next(
        (row[name] for name in ("BANKACCTTO/ACCTID", "BANKACCTFROM/ACCTID", "CCACCTTO/ACCTID") if name in row), None
    )
    value = row.get("DTAVAIL") or ""
    settled = _settled(amount, row, statement, where)
    booking = Booking(
        account_id=account_number(statement.account.get("ACCTID")),
        bank=statement.account.get("BANKID"),
        direction="out" if amount < 0 else "in",
        amount=written(abs(settled)),
        currency=statement.currency or None,
        counterparty_id=account_number(other),
        counterparty_name=row.get("NAME") or row.get("PAYEE/NAME"),
        counterparty_bank=row.get("BANKACCTTO/BANKID"),
        bank_reference=row.get("FITID"),
        booked_at=at,
        precision=precision,
        value_date=_time(value, where)[0][:10] if value else None,
        status="pending" if row.get("") == "STMTTRNP" else "booked",
        kind=kind,
        statement=path.name,
        remittance=row.get("MEMO"),
        line=line,
    )
    stated = row.get("CURRENCY/CURSYM")
    if stated and stated != statement.currency:
        booking.original_amount, booking.original_currency = written(abs(amount)), stated
    elif "ORIGCURRENCY/CURSYM" in row and row["ORIGCURRENCY/CURSYM"] != statement.currency:
        rate = plain_amount(row.get("ORIGCURRENCY/CURRATE", "1"), where)
        code = row["ORIGCURRENCY/CURSYM"]
        booking.original_currency = code
        booking.original_amount = written(_in(code, abs(amount) / rate) if rate else abs(amount))
    return booking


def _settled(amount: Decimal, row: dict[str, str], statement: _Statement, where: str) -> Decimal:
    """The amount in the account's currency. Under CURRENCY it is in another one, and the rate says how much of the
    account's one unit of it is; under ORIGCURRENCY the bank has converted already (OFX 2.3, 5.2)."""
    if row.get("CURRENCY/CURSYM") in (None, statement.currency):
        return amount
    rate = plain_amount(row.get("CURRENCY/CURRATE", ""), where)
    return _in(statement.currency, amount * rate)


def _in(currency: str, amount: Decimal) -> Decimal:
    """An amount rounded to the places that a currency has."""
    return amount.quantize(Decimal(1).scaleb(-minor_exponents().get(currency, 2)))


def _balance(row: dict[str, str], statement: _Statement, where: str, tag: str, path: Path) -> Balance:
    account = account_number(statement.account.get("ACCTID")) or ""
    day = _time(row.get("DTASOF", ""), where)[0][:10]
    kind = "available" if tag == "AVAILBAL" else "booked"
    amount = _amount(row.get("BALAMT", ""), where)
    return Balance(
        account, statement.currency, path.name, day, amount, "other" if kind == "available" else "closing", kind
    )


def _amount(text: str, where: str) -> Decimal:
    """The format allows a point or a comma before the decimals, and no grouping."""
    if "," in text and "." in text:
        raise DataError(f"{where}: amount '{text[:40]}' has a comma and a point", hint=_HINT)
    return plain_amount(text, where, "," if "," in text else ".")


def _time(text: str, where: str) -> tuple[str, str]:
    """ISO 8601 and its precision. Banks that know only the day write noon or midnight, so those are days."""
    found = _MONEY_TIME.fullmatch(text.strip())
    if found is None:
        raise DataError(f"{where}: time '{text[:40]}' is not YYYYMMDDHHMMSS", hint=_HINT)
    year, month, day, hour, minute, second, offset, part = found.groups()
    date = f"{year}-{month}-{day}"
    if hour is None or (hour in ("12", "00") and minute == "00" and (second or "00") == "00"):
        return date, "day"
    # Without a zone the standard means UTC.
    hours = int(offset or 0)
    return f"{date}T{hour}:{minute}:{second or '00'}{hours:+03d}:{part or '00'}", "second"
