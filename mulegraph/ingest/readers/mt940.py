"""MT940 (customer statement) and MT942 (interim report) of SWIFT, with the details of field 86 as banks structure them.

Fields 60 to 64 and 61 are split by the library mt-940; what a booking means (RC and RD give money back, the sign of a
balance, who the other party is) is decided here. Sources: SWIFT Category 9 User Handbook; DFÜ agreement, annex 3, for
the sub-fields `?20` to `?63`; the `/CODE/` form of Dutch banks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from mt940 import Options
from mt940.models import Transactions
from mt940.tags import Statement

from mulegraph.errors import DataError
from mulegraph.ingest.ibans import has_check_digits
from mulegraph.ingest.readers.base import Balance, Booking, Notes, account_number, written
from mulegraph.ingest.readers.swift import Message, messages
from mulegraph.schema.tables import minor_exponents

FORMAT = "MT940/942"
WHOLE_PAYMENTS = False

_MARKS = {"C": "in", "D": "out", "RC": "out", "RD": "in", "EC": "in", "ED": "out"}
_PLACEHOLDERS = ("NONREF", "NOTPROVIDED", "")
_KINDS = {"CHG": "fee", "COM": "fee", "INT": "interest", "CHK": "cheque", "DDT": "direct_debit", "TRF": "transfer"}
"""Transaction type of field 61, without the letter before it."""
_BUSINESS_CODES = {
    **dict.fromkeys(
        ("004", "005", "104", "105", "106", "107", "110", "111", "171", "174", "192", "193"), "direct_debit"
    ),
    **dict.fromkeys(("082", "083", "183"), "cash"),
    **dict.fromkeys(("805", "814", "808", "809", "810", "811", "818"), "fee"),
    **dict.fromkeys(("001", "002", "070", "101", "102"), "cheque"),
}
"""Business transaction codes (GVC) of German banks that are no transfers."""
_RETURN_CODES = ("108", "109", "159", "184")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_SUBFIELD = re.compile(r"\?(\d\d)")
_KEYWORDS = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC)\+")
_CODES = re.compile(
    r"/(TRTP|IBAN|BIC|NAME|EREF|KREF|MARF|MREF|REMI|ORDP|BENM|CNTP|RTRN|CSID|UDTR|UCRD|ULTD|ULTB|PREF|ISDT|SVCL|PURP|UETR)/"
)
_LABELLED_IBAN = re.compile(r"\bIBAN[: ]+([A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)")


class _Line(Statement):
    """Field 61, also with the marks EC and ED of an interim report: expected, not booked."""

    pattern = Statement.pattern.replace("R?[DC]", "[RE]?[DC]")


@dataclass(frozen=True)
class _Details:
    """What field 86 says."""

    account: str | None = None
    bank: str | None = None
    name: str | None = None
    end_to_end: str | None = None
    mandate: str | None = None
    uetr: str | None = None
    text: str | None = None
    code: str = ""
    is_return: bool = False


def matches(head: bytes, name: str) -> bool:  # noqa: ARG001 (the beginning decides)
    """Whether an account (25) and a line (61) or a balance (60) follow the reference (20)."""
    return bool(re.search(rb"^(?:\xef\xbb\xbf)?(?:\{.*)?:20:", head, re.MULTILINE)) and bool(
        re.search(rb"^:25P?:", head, re.MULTILINE) and re.search(rb"^:(60[FM]|34F|61|90[CD]):", head, re.MULTILINE)
    )


def read(path: Path, notes: Notes, advance: Callable[[int], None]) -> Iterator[Booking]:
    """The bookings of every statement page, and the balances into `notes`."""
    for message in messages(path, advance):
        number = (message.first("25", "25P") or "").split("\n")
        account = _account(number[0])
        if account is None:
            raise DataError(
                f"{path.name}:{message.line}: a message names no account (field 25)", hint="Ask the bank for the file."
            )
        parsed = Transactions({"post_transaction_details": []}, {61: _Line()}, options=Options.all())
        try:
            parsed.parse(message.text)
        except (RuntimeError, ValueError) as error:
            reason = str(error.args[0]).split(" from ")[0][:120] if error.args else "a field"
            raise DataError(
                f"{path.name}:{message.line}: a field cannot be read ({reason})",
                hint="Ask the bank for the file again, or leave it out; nothing of it was loaded.",
            ) from None
        expected = sum(tag == "61" for tag, _ in message.fields)
        if expected != len(parsed.transactions):
            raise DataError(
                f"{path.name}:{message.line}: {len(parsed.transactions)} of {expected} lines (field 61) can be read",
                hint="Ask the bank for the file again, or leave it out; nothing of it was loaded.",
            )
        if message.first("60F", "60M") and not message.first("62F", "62M"):
            raise DataError(
                f"{path.name}:{message.line}: a statement breaks off before its closing balance (field 62)",
                hint="Ask the bank for the file again: lines may be missing.",
            )
        statement = notes.page_name(account, _statement(parsed.data))
        notes.remarks += _differences(message, parsed, f"{path.name}:{message.line}")
        bank = number[1].strip() if len(number) > 1 else None
        notes.balances += _balances(parsed.data, account, statement)
        for transaction in parsed.transactions:
            yield _booking(transaction.data, account, bank, statement, message)


def _account(text: str) -> str | None:
    """The account of field 25: an IBAN, also with its currency behind it, or what the bank writes."""
    compact = re.sub(r"\s", "", text).upper()
    if compact[-3:] in minor_exponents() and _IBAN.fullmatch(compact[:-3]) and not has_check_digits(compact):
        return compact[:-3]
    after_bic = re.fullmatch(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?/(.+)", compact)
    return account_number(after_bic[1] if after_bic else text)


def _statement(data: dict[str, Any]) -> str:
    number = str(data.get("statement_number") or data.get("transaction_reference") or "")
    page = data.get("sequence_number")
    return f"{number.lstrip('0') or number}" + (f" page {str(page).lstrip('0') or page}" if page else "")


def _balances(data: dict[str, Any], account: str, statement: str) -> Iterator[Balance]:
    roles = {
        "final_opening_balance": "opening",
        "intermediate_opening_balance": "opening",
        "opening_balance": "opening",
        "final_closing_balance": "closing",
        "intermediate_closing_balance": "closing",
        "closing_balance": "closing",
        "available_balance": "other",
    }
    for name, role in roles.items():
        if (balance := data.get(name)) is not None:
            kind = "available" if name == "available_balance" else "booked"
            amount = balance.amount
            yield Balance(account, amount.currency, statement, str(balance.date), Decimal(amount.amount), role, kind)


def _differences(message: Message, parsed: Transactions, where: str) -> list[str]:
    """What an interim report (MT942) says of its lines as a whole, where it differs from them."""
    told = []
    for tag, marks, what in (("90D", ("D", "RC"), "debits"), ("90C", ("C", "RD"), "credits")):
        stated = re.match(r"(\d{1,5})([A-Z]{3})([\d,]+)", message.first(tag) or "")
        if stated is None:
            continue
        lines = [each.data for each in parsed.transactions if str(each.data["status"]).upper() in marks]
        total = sum((abs(Decimal(each["amount"].amount)) for each in lines), Decimal())
        if int(stated[1]) != len(lines) or Decimal(stated[3].replace(",", ".").rstrip(".")) != total:
            told.append(
                f"{where}: states {int(stated[1]):,} {what} of {stated[3]} {stated[2]}, and {len(lines):,} of {total:,}"
                " were read; ask the bank whether lines are missing"
            )
    return told


def _booking(data: dict[str, Any], account: str, bank: str | None, statement: str, message: Message) -> Booking:
    mark = str(data["status"]).upper()
    details = _details(str(data.get("transaction_details") or ""), account)
    is_reversal = mark.startswith("R")
    reference = data.get("bank_reference")
    type_of = str(data.get("id") or "")[1:]
    booked = str(data.get("entry_date") or data["date"])
    returns = details.end_to_end or "unknown" if is_reversal or details.is_return else None
    return Booking(
        account_id=account,
        bank=bank,
        direction=_MARKS.get(mark),
        amount=written(abs(Decimal(data["amount"].amount))),
        currency=data["amount"].currency,
        counterparty_id=details.account,
        counterparty_name=details.name,
        counterparty_bank=details.bank,
        end_to_end_id=details.end_to_end,
        uetr=details.uetr,
        bank_reference=None if reference is None or reference.strip() in _PLACEHOLDERS else reference.strip(),
        mandate_id=details.mandate,
        booked_at=booked,
        precision="day",
        value_date=str(data["date"]),
        status="pending" if mark.startswith("E") else "reversed" if is_reversal else "booked",
        returns=returns,
        kind=_BUSINESS_CODES.get(details.code) or _KINDS.get(type_of) or "transfer",
        statement=statement,
        remittance=details.text,
        line=message.line,
    )


def _details(text: str, own: str) -> _Details:
    joined = text.replace("\n", "")
    if re.match(r"\d{3}\?", joined):
        return _numbered(joined, own)
    if _CODES.search(joined):
        return _coded(joined, own)
    labelled = _LABELLED_IBAN.search(text.replace("\n", " "))
    account = account_number(labelled[1]) if labelled else None
    known = account if account and has_check_digits(account) and account != own else None
    return _Details(account=known, text=text.replace("\n", " ").strip() or None)


def _numbered(text: str, own: str) -> _Details:
    """`166?00TEXT?20EREF+…?30BIC?31IBAN?32NAME`."""
    parts: dict[str, str] = {}
    pieces = _SUBFIELD.split(text[3:])[1:]
    for code, value in zip(pieces[::2], pieces[1::2], strict=True):
        parts[code] = parts.get(code, "") + value
    purpose = "".join(parts.get(str(code), "") for code in (*range(20, 30), *range(60, 64)))
    words = _keyed(_KEYWORDS, purpose)
    account = account_number(parts.get("31") or words.get("IBAN"))
    bank = parts.get("30") or words.get("BIC")
    # A national account number means something only beside its bank code.
    if account and bank and bank.isdigit() and not has_check_digits(account):
        account = f"{bank}/{account}"
    return _Details(
        account=None if account == own else account,
        bank=bank,
        name=(parts.get("32", "") + parts.get("33", "")).strip() or None,
        end_to_end=_reference(words.get("EREF")),
        mandate=_reference(words.get("MREF")),
        text=words.get("SVWZ") or (purpose if not words else None) or parts.get("00"),
        code=text[:3],
        is_return=text[:3] in _RETURN_CODES,
    )


def _coded(text: str, own: str) -> _Details:
    """`/EREF/…/IBAN/…/NAME/…/REMI/…`, or `/CNTP/account/BIC/name/town/`."""
    words = _keyed(_CODES, text)
    party = (words.get("CNTP") or "").split("/")
    account = account_number(words.get("IBAN") or party[0] or None)
    return _Details(
        account=None if account == own else account,
        bank=words.get("BIC") or (party[1] if len(party) > 1 else None) or None,
        name=words.get("NAME") or (party[2] if len(party) > 2 else None) or None,
        end_to_end=_reference(words.get("EREF")),
        mandate=_reference(words.get("MARF") or words.get("MREF")),
        uetr=words.get("UETR"),
        text=words.get("REMI"),
        is_return="RTRN" in words,
    )


def _keyed(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    """What stands behind each keyword; of several of the same the first."""
    found: dict[str, str] = {}
    pieces = pattern.split(text)[1:]
    for word, value in zip(pieces[::2], pieces[1::2], strict=True):
        found.setdefault(word, value.strip().strip("/").strip())
    return found


def _reference(text: str | None) -> str | None:
    return None if text is None or text.strip() in _PLACEHOLDERS else text.strip()
