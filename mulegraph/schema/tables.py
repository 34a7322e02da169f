"""The one schema: tables, columns, types, choices and references of the ledger.

Reading, checking, `docs/tables.md`, the simulator's files and the graph's tables are all derived from
`TABLES`; nothing else in mulegraph spells out a column list.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import pyarrow as pa
from iso4217 import Currency

from mulegraph.schema.choices import LISTS, SUBJECT_KINDS

AMOUNT_PLACES = 3
"""Decimal places that the ledger keeps; enough for every currency in circulation (KWD, BHD: 3)."""

AMOUNT_MINOR_LIMIT = 10**15
"""Amounts stay below this many minor units, so that percentages of them fit in 64 bits."""

TEXT_LIMIT = 256
LONG_TEXT_LIMIT = 4000


class Kind(StrEnum):
    """What a column holds; decides how it is parsed, checked and stored."""

    TEXT = "text"
    CHOICE = "choice"
    TIME = "time"
    DATE = "date"
    AMOUNT = "amount"
    FRACTION = "fraction"
    CURRENCY = "currency"
    ZONE = "zone"


ARROW_TYPE: dict[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.CHOICE: pa.string(),
    Kind.TIME: pa.timestamp("us"),
    Kind.DATE: pa.date32(),
    Kind.AMOUNT: pa.decimal128(18, AMOUNT_PLACES),
    Kind.FRACTION: pa.float64(),
    Kind.CURRENCY: pa.string(),
    Kind.ZONE: pa.string(),
}

EXPECTED: dict[Kind, str] = {
    Kind.TEXT: "text in UTF-8",
    Kind.CHOICE: "one of a fixed list",
    Kind.TIME: "a time such as 2026-03-01T09:30:00Z, or a date",
    Kind.DATE: "a date such as 2026-03-01",
    Kind.AMOUNT: "a decimal number above zero",
    Kind.FRACTION: "a number from 0 to 1",
    Kind.CURRENCY: "an ISO 4217 code",
    Kind.ZONE: "a time zone such as Asia/Ho_Chi_Minh",
}


class Mask(StrEnum):
    """What a column says of a person, and so how it is shown to who has not given a reason to see it.

    `HIDDEN` is not shown at all; everything else is shown as a token that is the same wherever the value stands.
    """

    ACCOUNT = "account"
    HOLDER = "holder"
    DEVICE = "device"
    CARD = "card"
    MERCHANT = "merchant"
    NAME = "name"
    NATIONAL_ID = "national id"
    ADDRESS = "address"
    HIDDEN = "hidden"


@dataclass(frozen=True)
class Column:
    """One column: `required` ones may not be empty; `references` names the table its values must be in.

    `masked` says how its values are shown; None: as they are. `filled` columns are worked out by a load where the
    file does not have them.
    """

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    references: str = ""
    limit: int = TEXT_LIMIT
    may_be_zero: bool = False
    signed: bool = False
    masked: Mask | None = None
    filled: bool = False
    doc: str = ""


@dataclass(frozen=True)
class Table:
    """One ledger table; `key` identifies a row, `required` ones must be in a first load."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    required: bool = False
    doc: str = ""

    @property
    def column_names(self) -> list[str]:
        """The columns' names in their order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def arrow_schema(self) -> pa.Schema:
        """The columns as they are stored."""
        return pa.schema([(column.name, ARROW_TYPE[column.kind]) for column in self.columns])


ACCOUNT_KINDS = ("personal", "business", "merchant", "savings", "internal", "unknown")
PRECISIONS = ("second", "minute", "hour", "day")
"""How exactly a time is known. A day says nothing of the order inside it."""

OWN = ("yes", "no")
DIRECTIONS = ("in", "out")
BALANCE_KINDS = ("booked", "available")
DEVICE_KINDS = ("mobile", "computer")
DEVICE_ACTIONS = ("login", "transfer", "limit_raised", "biometrics_enrolled", "phone_changed")
DEVICE_OUTCOMES = ("ok", "wrong_pin", "wrong_otp")
CHANNELS = (
    "instant",
    "batch",
    "atm",
    "branch",
    "card",
    "online",
    "mobile",
    "wire",
    "direct_debit",
    "standing_order",
    "cheque",
    "cash",
    "internal",
    "other",
)
CARD_KINDS = ("purchase", "withdrawal")
CARD_OUTCOMES = ("approved", "wrong_pin", "wrong_otp", "declined")

_ACCOUNTS = Table(
    "accounts",
    ("account_id",),
    (
        Column("account_id", required=True, masked=Mask.ACCOUNT, doc="account number as the bank wrote it"),
        Column("bank", required=True, doc="the bank that keeps it, own or other"),
        Column("holder_id", masked=Mask.HOLDER, doc="who holds it"),
        Column("kind", Kind.CHOICE, required=True, choices=ACCOUNT_KINDS),
        Column("opened_on", Kind.DATE),
        Column("closed_on", Kind.DATE),
        Column(
            "currency", Kind.CURRENCY, required=True, doc="of its transfers; an account of several has a row for each"
        ),
        Column("settles_on", masked=Mask.ACCOUNT, doc="the account behind a virtual number: money goes there"),
        Column("zone", Kind.ZONE, doc="where its days and nights are; empty: the bank's, or the ledger's"),
        Column("own", Kind.CHOICE, choices=OWN, doc="whether the ledger holds all its payments; see docs/tracing.md"),
    ),
    required=True,
    doc="Every account that a transfer names, also those at other banks.",
)
_HOLDERS = Table(
    "holders",
    ("holder_id",),
    (
        Column("holder_id", required=True, masked=Mask.HOLDER),
        Column("name", required=True, masked=Mask.NAME),
        Column("date_of_birth", Kind.DATE, masked=Mask.HIDDEN),
        Column("national_id", masked=Mask.NATIONAL_ID),
        Column("address", masked=Mask.ADDRESS),
        Column("occupation"),
        Column("monthly_income", Kind.AMOUNT, may_be_zero=True, doc="in the currency of the holder's accounts"),
        Column("phone_changed_on", Kind.DATE),
    ),
    doc="People and firms that hold accounts.",
)
_POPULATION_REGISTER = Table(
    "population_register",
    ("national_id",),
    (
        Column("national_id", required=True, masked=Mask.NATIONAL_ID),
        Column("name", required=True, masked=Mask.NAME),
        Column("date_of_birth", Kind.DATE, required=True, masked=Mask.HIDDEN),
        Column("address", required=True, masked=Mask.ADDRESS),
    ),
    doc="What the state knows of people; holders are compared with it.",
)
_DEVICES = Table(
    "devices",
    ("device_id",),
    (
        Column("device_id", required=True, masked=Mask.DEVICE, doc="MAC address or any stable id"),
        Column("kind", Kind.CHOICE, required=True, choices=DEVICE_KINDS),
        Column("first_seen", Kind.TIME),
    ),
    doc="Phones and computers that accounts are used from.",
)
_DEVICE_USE = Table(
    "device_use",
    ("account_id", "device_id", "at", "action"),
    (
        Column("account_id", required=True, references="accounts", masked=Mask.ACCOUNT),
        Column("device_id", required=True, masked=Mask.DEVICE),
        Column("at", Kind.TIME, required=True),
        Column("action", Kind.CHOICE, required=True, choices=DEVICE_ACTIONS),
        Column("place"),
        Column("outcome", Kind.CHOICE, required=True, choices=DEVICE_OUTCOMES),
    ),
    doc="What was done to an account from a device.",
)
_TRANSFERS = Table(
    "transfers",
    ("transfer_id",),
    (
        Column("transfer_id", required=True),
        Column("source", references="accounts", masked=Mask.ACCOUNT, doc="empty: cash paid in"),
        Column("target", references="accounts", masked=Mask.ACCOUNT, doc="empty: cash taken out"),
        Column("amount", Kind.AMOUNT, required=True),
        Column("currency", Kind.CURRENCY, required=True),
        Column("at", Kind.TIME, required=True, doc="UTC; naive input needs a stated zone"),
        Column("channel", Kind.CHOICE, required=True, choices=CHANNELS),
        Column("device_id", masked=Mask.DEVICE),
        Column("place"),
        Column("reference", limit=LONG_TEXT_LIMIT, masked=Mask.HIDDEN, doc="the payment's free text"),
        Column("precision", Kind.CHOICE, choices=PRECISIONS, filled=True, doc="of `at`; empty: as it is written there"),
        Column("original_amount", Kind.AMOUNT, doc="what arrived or was ordered, where that is another sum"),
        Column("original_currency", Kind.CURRENCY, doc="of original_amount"),
        Column("end_to_end_id", doc="given by the payer, the same at both banks"),
        Column("uetr", doc="unique end-to-end transaction reference (UUID v4)"),
        Column("returns", doc="transfer_id of the payment that this one gives back"),
    ),
    required=True,
    doc="Money from one account to another, paid in or taken out.",
)
_BALANCES = Table(
    "balances",
    ("account_id", "at", "kind", "source"),
    (
        Column("account_id", required=True, references="accounts", masked=Mask.ACCOUNT),
        Column("at", Kind.TIME, required=True, doc="the balance is what all bookings until then leave"),
        Column("balance", Kind.AMOUNT, required=True, may_be_zero=True, signed=True),
        Column("currency", Kind.CURRENCY, required=True),
        Column("kind", Kind.CHOICE, required=True, choices=BALANCE_KINDS),
        Column("source", required=True, doc="statement and page, or the transfer that it stood beside"),
    ),
    doc="What accounts held at certain times, as their banks' statements say.",
)
_STATEMENT_LINES = Table(
    "statement_lines",
    ("account_id", "booking_id"),
    (
        Column("account_id", required=True, references="accounts", masked=Mask.ACCOUNT),
        Column("booking_id", required=True, doc="the bank's, or made of what the line says"),
        Column("transfer_id", required=True, doc="what the line was read as; both banks' lines have the same"),
        Column("direction", Kind.CHOICE, required=True, choices=DIRECTIONS),
        Column("statement", doc="statement and page"),
        Column("bank_reference", doc="the bank's own, by which a batch and its payments are known as the same money"),
        Column("booked_on", Kind.DATE, doc="the line's own day, amount and currency; the transfer's are of one side"),
        Column("amount", Kind.AMOUNT),
        Column("currency", Kind.CURRENCY),
    ),
    doc="Lines of the banks' statements, and the transfers that they tell of.",
)
_CARD_EVENTS = Table(
    "card_events",
    ("event_id",),
    (
        Column("event_id", required=True),
        Column("card_id", required=True, masked=Mask.CARD),
        Column("account_id", required=True, references="accounts", masked=Mask.ACCOUNT),
        Column("merchant_id", masked=Mask.MERCHANT),
        Column("kind", Kind.CHOICE, required=True, choices=CARD_KINDS),
        Column("amount", Kind.AMOUNT, required=True),
        Column("at", Kind.TIME, required=True),
        Column("place"),
        Column("outcome", Kind.CHOICE, required=True, choices=CARD_OUTCOMES),
    ),
    doc="Card purchases and withdrawals, also failed ones.",
)
_MERCHANTS = Table(
    "merchants",
    ("merchant_id",),
    (
        Column("merchant_id", required=True, masked=Mask.MERCHANT),
        Column("name", masked=Mask.NAME),
        Column("category"),
        Column("place"),
    ),
    doc="Shops that cards are used at.",
)
_LISTINGS = Table(
    "listings",
    ("subject_kind", "subject_id", "list", "source"),
    (
        Column("subject_kind", Kind.CHOICE, required=True, choices=SUBJECT_KINDS),
        Column("subject_id", required=True, doc="masked as what subject_kind says it is"),
        Column("list", Kind.CHOICE, required=True, choices=LISTS),
        Column("source", required=True, doc="who put it there"),
        Column("listed_at", Kind.TIME, required=True),
        Column("expires_at", Kind.TIME),
        Column("confidence", Kind.FRACTION, required=True),
        Column("reason", limit=LONG_TEXT_LIMIT, masked=Mask.HIDDEN),
    ),
    doc="Accounts, holders, devices and merchants on somebody's list.",
)
_REPORTS = Table(
    "reports",
    ("report_id",),
    (
        Column("report_id", required=True),
        Column("transfer_id", required=True),
        Column("victim_account", required=True, references="accounts", masked=Mask.ACCOUNT),
        Column("reported_at", Kind.TIME, required=True),
        Column("story", limit=LONG_TEXT_LIMIT, masked=Mask.HIDDEN),
    ),
    doc="Victims' reports: this payment was fraud.",
)

CASH_IN, CASH_OUT = "CASH-IN", "CASH-OUT"
"""Account names that stand for cash; two, so that no path runs through cash."""

_IN_ORDER = (
    _ACCOUNTS,
    _HOLDERS,
    _POPULATION_REGISTER,
    _DEVICES,
    _DEVICE_USE,
    _TRANSFERS,
    _STATEMENT_LINES,
    _BALANCES,
    _CARD_EVENTS,
    _MERCHANTS,
    _LISTINGS,
    _REPORTS,
)
TABLES: dict[str, Table] = {table.name: table for table in _IN_ORDER}
"""In loading order: a table comes after those it references."""


@cache
def minor_exponents() -> dict[str, int]:
    """Decimal places of every ISO 4217 currency that the ledger can hold, by code."""
    made = {}
    for currency in Currency:
        if currency.exponent is not None and currency.exponent <= AMOUNT_PLACES:
            made[currency.code] = currency.exponent
    return made


def expectation(column: Column) -> str:
    """What a value of this column should look like, for error messages and the docs."""
    if column.kind is Kind.CHOICE:
        return "one of " + ", ".join(column.choices)
    if column.signed or column.may_be_zero:
        return f"a decimal number{'' if column.signed else ', zero or more'}"
    return EXPECTED[column.kind]


def document() -> str:
    """The tables as Markdown: `docs/tables.md` is this text, and a test compares the two."""
    lines = [
        "# Ledger tables",
        "",
        "Written by `python -m mulegraph.schema.tables` from `mulegraph/schema/tables.py`.",
        "",
    ]
    for table in TABLES.values():
        need = "required" if table.required else "optional"
        lines += [f"## {table.name}", "", f"{table.doc} ({need}; key: {', '.join(table.key)})", ""]
        lines += ["| column | may be empty | holds | masked as | note |", "|---|---|---|---|---|"]
        for column in table.columns:
            note = column.doc
            if column.references:
                note = f"{note + '; ' if note else ''}must be in {column.references}"
            empty = "no" if column.required else "yes"
            lines.append(f"| {column.name} | {empty} | {expectation(column)} | {column.masked or ''} | {note} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(document())
