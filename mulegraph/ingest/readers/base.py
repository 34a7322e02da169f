"""What every reader of a bank format yields, and how its rows become the text batches that staging checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import DataError
from mulegraph.ingest.columns import FileColumns, plain_columns
from mulegraph.ingest.ibans import has_check_digits
from mulegraph.ingest.mapping import TableMapping
from mulegraph.schema.bookings import BOOKINGS

BATCH_ROWS = 16_384
HEAD_BYTES = 16_384
"""What a reader sees of a file when it is asked whether the file is its own."""


@dataclass(slots=True)
class Booking:
    """One line of a statement as text, its fields named as the columns of `BOOKINGS`; None: the file does not say.

    Amounts have a point and no grouping; times are ISO 8601, with the offset that the file gives, or a bare date.
    """

    account_id: str | None = None
    booking_id: str | None = None
    bank: str | None = None
    direction: str | None = None
    amount: str | None = None
    currency: str | None = None
    original_amount: str | None = None
    original_currency: str | None = None
    fee: str | None = None
    counterparty_id: str | None = None
    counterparty_name: str | None = None
    counterparty_bank: str | None = None
    end_to_end_id: str | None = None
    uetr: str | None = None
    bank_reference: str | None = None
    transaction_id: str | None = None
    mandate_id: str | None = None
    booked_at: str | None = None
    precision: str | None = None
    value_date: str | None = None
    status: str | None = None
    returns: str | None = None
    kind: str | None = None
    balance_after: str | None = None
    statement: str | None = None
    remittance: str | None = None
    line: int = 0


NOTIFICATION = "notification "
"""How the name of a statement begins that only repeats what another books (camt.054)."""


@dataclass(frozen=True)
class Balance:
    """A balance that a statement tells: `role` is opening or closing of this page, or other (available, forward)."""

    account_id: str
    currency: str
    statement: str
    day: str
    amount: Decimal
    role: str
    kind: str = "booked"


@dataclass(frozen=True)
class Verdict:
    """A status report's word on a payment sent before: `rejected`, or what the code says."""

    end_to_end_id: str | None
    uetr: str | None
    status: str
    transaction: str | None = None
    """The transaction id of the payment; without any reference the verdict is on the whole message."""
    message: str | None = None


@dataclass(frozen=True)
class Returned:
    """A payment return that names the payment only by its references, not by the accounts."""

    end_to_end_id: str | None
    uetr: str | None
    amount: Decimal
    currency: str
    at: str
    reference: str
    own_id: str
    """The return's own (RtrId, else its message's): a payment may come back in parts of one size."""


@dataclass
class Notes:
    """What a file says beside its bookings."""

    balances: list[Balance] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    returned: list[Returned] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """Told to the user: what was read differently from how it stands there."""
    pages: Counter[tuple[str, str]] = field(default_factory=Counter)

    def page_name(self, account: str, name: str) -> str:
        """A name for a statement's page that no other page of the file has: some banks number all of them 1."""
        self.pages[account, name] += 1
        number = self.pages[account, name]
        return name if number == 1 else f"{name} ({number})"


class Reader(Protocol):
    """A module of this folder: what it reads, whether a file is one of those, and its bookings in file order."""

    FORMAT: str
    """As it is named in messages."""
    WHOLE_PAYMENTS: bool
    """Whether a row is a payment between two banks, not a line on one account's statement."""

    def matches(self, head: bytes, name: str) -> bool:
        """Whether the file with this beginning and this name is of the format."""

    def read(self, path: Path, notes: Notes, advance: Callable[[int], None]) -> Iterable[Booking | pa.RecordBatch]:
        """The bookings, one by one or many as columns (`SCHEMA`); `advance` is told the bytes read so far.

        Raises DataError for what cannot be read.
        """


@dataclass
class StatementFile:
    """A bank's file on its way through staging; has what `SourceFile` has for a table in CSV."""

    path: Path
    reader: Reader
    notes: Notes = field(default_factory=Notes)
    table = BOOKINGS
    mapping = TableMapping()
    misshapen: list[Any] = field(default_factory=list)
    ignored_columns: tuple[str, ...] = ()
    expected_columns: int = 0
    failure: DataError | None = None

    def columns(self) -> FileColumns:
        """Its columns are those of bookings."""
        return plain_columns(BOOKINGS)

    def schema(self) -> pa.Schema:
        """What `batches` yields: line, the column that cannot be read (always null), every column as text."""
        return SCHEMA

    def batches(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        """The bookings as text batches, in file order. Raises DataError where the file breaks off or its format."""
        try:
            yield from self._with_money(_batches(self.reader.read(self.path, self.notes, advance)))
        except DataError as error:
            self.failure = error
            raise
        except (UnicodeDecodeError, OSError, ValueError, ArithmeticError, LookupError) as error:
            self.failure = DataError(
                f"{self.path.name}: cannot be read as {self.reader.FORMAT}: {str(error).splitlines()[0][:200]}",
                hint="Ask the bank for the file again, or leave it out; nothing of it was loaded.",
            )
            raise self.failure from error

    def _with_money(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Lines that move nothing (information, a fee of 0.00) are counted and left out."""
        without = 0
        for batch in batches:
            nothing = pc.fill_null(pc.equal(batch.column("amount"), "0"), False)
            zeros = pc.sum(nothing).as_py() or 0
            without += zeros
            rest = batch.filter(pc.invert(nothing)) if zeros else batch
            if rest.num_rows:
                yield rest
        if without:
            self.notes.remarks.append(f"{self.path.name}: {without:,} lines of 0.00 are left out")


BOOKING_FIELDS = tuple(BOOKINGS.column_names)
SCHEMA = pa.schema(
    [("line", pa.int64()), ("unreadable", pa.string()), *((name, pa.string()) for name in BOOKING_FIELDS)]
)
"""What a reader's batches hold: line, the column that cannot be read (always null), every column as text."""

_COLUMNS = attrgetter(*BOOKING_FIELDS)


def _batches(read: Iterable[Booking | pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Bookings gathered to batches, between those that are batches already."""
    rows: list[Booking] = []
    for each in read:
        is_row = isinstance(each, Booking)
        if is_row:
            rows.append(each)
        if rows and (not is_row or len(rows) == BATCH_ROWS):
            yield _batch(rows)
            rows = []
        if not is_row:
            yield each
    if rows:
        yield _batch(rows)


def _batch(rows: list[Booking]) -> pa.RecordBatch:
    return batch_of_columns(list(zip(*map(_COLUMNS, rows), strict=True)), [row.line for row in rows])


def batch_of_columns(columns: Sequence[Sequence[str | None]], lines: list[int]) -> pa.RecordBatch:
    """A batch of the texts of each column, in the order of `BOOKING_FIELDS`; an empty text is none."""
    arrays = [_texts(values) for values in columns]
    return pa.record_batch([pa.array(lines, pa.int64()), pa.nulls(len(lines), pa.string()), *arrays], schema=SCHEMA)


def _texts(values: Sequence[str | None]) -> pa.Array:
    """A column of texts; an empty one is none."""
    return pa.array([value or None for value in values] if "" in values else values, pa.string())


def plain_amount(text: str, where: str, mark: str = ".") -> Decimal:
    """An amount whose decimal mark the format fixes. Raises DataError for what is none."""
    try:
        amount = Decimal(text.strip().replace(mark, ".") if mark != "." else text.strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise DataError(
            f"{where}: '{text.strip()[:40]}' is not an amount", hint="Ask the bank for the file again, or leave it out."
        )
    return amount


def written(amount: Decimal) -> str:
    """An amount without the zeros at its end: the format fixes the decimal mark, so they say nothing."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def account_number(text: str | None) -> str | None:
    """An account number as all formats of a bank are to write it: an IBAN loses its blanks and is in capitals."""
    if text is None or (text.isalnum() and text.isupper()):
        return text
    compact = "".join(text.split()).upper()
    return compact if has_check_digits(compact) else text.strip() or None
