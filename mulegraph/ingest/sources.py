"""Files of one table as a stream of text batches that know which line each row came from."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

from mulegraph.errors import DataError
from mulegraph.ingest.columns import ID_MASKS, FileColumns, FileFacts, resolve
from mulegraph.ingest.layout import Head, TextFile
from mulegraph.ingest.lines import LineCounter
from mulegraph.ingest.mapping import IdForm, TableMapping
from mulegraph.ingest.readers import tables
from mulegraph.ingest.rejects import VALUE_LIMIT
from mulegraph.ingest.remarks import About, Remark
from mulegraph.ingest.text import as_text, as_written, decoded, unguarded, with_electronic_ibans
from mulegraph.ingest.usual import UsualForm
from mulegraph.schema.tables import Kind, Mask, Table

BYTEWISE = "latin-1"

BLOCK_BYTES = 8 << 20
"""Bytes parsed at a time; also the longest row that can be read."""

BATCH_ROWS = 131_072
SUFFIXES = (".csv", ".csv.gz", ".parquet", *tables.SUFFIXES)

Text = tuple[pa.Array, np.ndarray | None]
"""A column as text, and which of its rows could not be read (None: all could)."""


@dataclass(frozen=True)
class Misshapen:
    """A row that does not have the header's number of columns."""

    line: int
    columns: int
    text: str


class Source(Protocol):
    """A file of one table, whatever it is written in."""

    table: Table
    path: Path
    mapping: TableMapping
    misshapen: list[Misshapen]
    ignored_columns: tuple[str, ...]
    expected_columns: int
    failure: DataError | None

    def columns(self) -> FileColumns:
        """How its columns become the table's."""

    def schema(self) -> pa.Schema:
        """What `batches` yields: line, the raw column that cannot be read (or null), raw columns as text."""

    def batches(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        """The rows in file order; `advance` is told the bytes read so far."""


@dataclass
class SourceFile:
    """A CSV or Parquet file, the table it feeds, and what could not be read as rows."""

    table: Table
    path: Path
    mapping: TableMapping
    ids: Mapping[str, IdForm] = field(default_factory=dict)
    misshapen: list[Misshapen] = field(default_factory=list)
    ignored_columns: tuple[str, ...] = ()
    expected_columns: int = 0
    failure: DataError | None = None
    """Why reading stopped: what DuckDB makes of an error in the middle of a stream says less."""

    marks: Counter[str] = field(default_factory=Counter)
    """How many amounts have Cr behind them, and how many nothing, where the mapping says `direction = "sign"`."""

    read_totals: dict[str, Decimal | int] = field(default_factory=dict)
    """What its rows add up to, once they are read."""

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet and not text."""
        return self.path.name.lower().endswith(".parquet")

    @property
    def is_typed(self) -> bool:
        """Whether the file is a workbook or an Arrow file."""
        return self.path.name.lower().endswith(tables.SUFFIXES)

    @cached_property
    def _typed(self) -> tables.TypedTable:
        return tables.open_table(self.path)

    @cached_property
    def text(self) -> TextFile:
        """The file as text."""
        return TextFile(self.path, self.mapping)

    @cached_property
    def remarks(self) -> list[Remark]:
        """What there is to say of the file before its rows."""
        if self.is_parquet or self.is_typed:
            return []
        if self.text.is_utf8_after_all:
            text = f"is UTF-8, and not {self.mapping.encoding} as the mapping says; it is read as UTF-8"
            return [Remark(About.ENCODING, self.table.name, text, file=self.path.name)]
        if self.mapping.encoding or not self.text.encoding:
            return []
        text = f"is read as {self.text.encoding.upper()}, as its byte order mark says"
        return [Remark(About.ENCODING, self.table.name, text, file=self.path.name)]

    @cached_property
    def _columns(self) -> FileColumns:
        with self._failing():
            if self.is_parquet:
                schema = pq.read_schema(self.path)
                found = resolve(FileFacts(self.path.name, schema.names), self.table, self.mapping, self.ids)
                self._refuse_float_ids(schema, found)
            elif self.is_typed:
                found = resolve(FileFacts(self.path.name, self._typed.names), self.table, self.mapping, self.ids)
            else:
                facts = FileFacts(self.path.name, self.text.head.names, self.text.told())
                found = resolve(facts, self.table, self.mapping, self.ids)
        self.ignored_columns = found.ignored
        return found

    def columns(self) -> FileColumns:
        """How its columns become the table's. DataError where a needed one is missing or stands twice."""
        return self._columns

    def schema(self) -> pa.Schema:
        """What `batches` yields: line, the raw column that cannot be read (or null), raw columns as text.

        Where the file's columns have a usual form (`UsualForm`), also whether the row is written so.
        """
        told = [("usual", pa.bool_())] if self._usual is not None else []
        return pa.schema([*self._raw_schema, *told])

    @cached_property
    def _raw_schema(self) -> pa.Schema:
        texts = [(name, pa.string()) for name in self._columns.used]
        return pa.schema([("line", pa.int64()), ("unreadable", pa.string()), *texts])

    @cached_property
    def _usual(self) -> UsualForm | None:
        return UsualForm.of(self.table, self._columns, self.mapping)

    def batches(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        """Yield the rows in file order; `advance` is told the bytes read so far.

        Raises DataError when the file is not CSV/Parquet, lacks a required column or repeats one.
        """
        with self._failing():
            if self.is_parquet:
                yield from self._parquet(advance)
            elif self.is_typed:
                yield from self._typed_table(advance)
            else:
                yield from self._csv(advance)
            self._check_marks()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except DataError as error:
            self.failure = error
            raise
        except (pa.ArrowException, OSError, KeyError, UnicodeError) as error:
            detail = str(error).splitlines()[0] if str(error) else type(error).__name__
            expected = f"text in {self.text.encoding}" if self.mapping.encoding else "UTF-8 CSV"
            self.failure = DataError(
                f"{self.path.name}: cannot be read: {detail}",
                hint=f"Expected {expected} with a header line, or Parquet. Look for an unclosed quote"
                f" or a row over {BLOCK_BYTES >> 20} MB.",
            )
            raise self.failure from error

    def _refuse_float_ids(self, schema: pa.Schema, found: FileColumns) -> None:
        """Ids as floating numbers have lost digits: 9704360000000017 and …16 are one, and nobody sees it."""
        for column in self.table.columns:
            is_id = column.masked in ID_MASKS or column.name in self.table.key
            if column.kind is not Kind.TEXT or not is_id:
                continue
            for raw in found.raw.get(column.name, ()):
                theirs = schema.field(int(raw[1:]) - 1)
                if pa.types.is_floating(theirs.type):
                    raise DataError(
                        f"{self.path.name}: column '{theirs.name}' holds ids as floating numbers ({theirs.type})",
                        hint="They round long numbers and lose leading zeros: export the column as text.",
                    )

    def _csv(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        head = self.text.head
        places = [int(name[1:]) - 1 for name in self._columns.used]
        self.expected_columns = len(head.names)
        if not head.more:
            return
        lines, skipped, last_text = (
            LineCounter(head.header_lines, rows=1 if self.mapping.header else 0),
            list[Misshapen](),
            "",
        )
        # The parser hands a misshapen row over as text, and fails where it is none: a file that is not UTF-8 all
        # through is read byte for byte as Latin-1, which every byte is, and turned back value by value.
        is_utf8 = self.text.is_utf8

        def leave_out(row: Any) -> str:
            nonlocal last_text
            last_text = row.text if is_utf8 else row.text.encode(BYTEWISE).decode("utf-8", "replace")
            lines.skip(row.number, last_text)
            skipped.append(Misshapen(row.number, row.actual_columns, last_text[:VALUE_LIMIT]))
            return "skip"

        last_line = self.text.lines - self.mapping.footer_lines if self.mapping.footer_lines else None
        with pa.OSFile(str(self.path)) as raw:
            encoding = "utf8" if is_utf8 else BYTEWISE
            for batch in self._parsed(raw, head, leave_out, lines, encoding):
                values = [batch.column(place) for place in places]
                if not is_utf8:
                    values = [as_written(column, BYTEWISE) for column in values]
                found = self._texts([decoded(column) for column in values], lines.of(batch))
                yield found if last_line is None else found.filter(pc.less_equal(found.column("line"), last_line))
                advance(raw.tell())
        rows = [Misshapen(lines.line_of(row.line), row.columns, row.text) for row in skipped]
        self.misshapen = [row for row in rows if last_line is None or row.line <= last_line]
        if self.misshapen and _is_open(last_text, head.delimiter):
            raise self._unclosed(self.misshapen[-1].line)

    def _parsed(
        self, raw: pa.NativeFile, head: Head, leave_out: Callable[[Any], str], lines: LineCounter, encoding: str
    ) -> Iterator[pa.RecordBatch]:
        """The rows as bytes, all columns of them: a line break in an ignored one counts as well."""
        names = [f"c{number + 1}" for number in range(len(head.names))]
        reader = pv.open_csv(
            self.text.opened(raw),
            read_options=pv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                column_names=names,
                skip_rows=len(head.preamble),
                skip_rows_after_names=1 if self.mapping.header else 0,
                encoding=encoding,
            ),
            parse_options=pv.ParseOptions(
                delimiter=head.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=leave_out,
            ),
            convert_options=pv.ConvertOptions(
                check_utf8=False,
                column_types={name: pa.binary() for name in names},
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
        last: pa.RecordBatch | None = None
        try:
            for batch in reader:
                last = batch if batch.num_rows else last
                yield batch
        except pa.ArrowInvalid as error:
            raise DataError(
                f"{self.path.name}: cannot be read after line {lines.next_line - 1}: {error}",
                hint=f"Look there for an unclosed quote or a row over {BLOCK_BYTES >> 20} MB.",
            ) from error
        if last is not None and not lines.row_pending:
            self._check_last_quote(last, lines)

    def _check_last_quote(self, last: pa.RecordBatch, lines: LineCounter) -> None:
        """Refuse a file whose last value runs over lines and has no quote after it: it swallowed the rest."""
        breaks = [(column[-1].as_py() or b"").count(b"\n") for column in last.columns]
        if breaks[-1] and not self.text.ends_in_quote():
            raise self._unclosed(lines.next_line - 1 - sum(breaks))

    def _unclosed(self, line: int) -> DataError:
        return DataError(
            f"{self.path.name}:{line}: a quote is opened and never closed",
            hint="Close it, or double it where it is part of the text; nothing of the file was loaded.",
        )

    def _parquet(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        file, size = pq.ParquetFile(self.path), self.path.stat().st_size
        theirs = [file.schema_arrow.names[int(name[1:]) - 1] for name in self._columns.used]
        line = 1
        for batch in file.iter_batches(BATCH_ROWS, columns=theirs):
            numbers = np.arange(line, line + batch.num_rows)
            yield self._texts([as_text(batch.column(name)) for name in theirs], numbers)
            line += batch.num_rows
            advance(size * (line - 1) // file.metadata.num_rows)

    def _typed_table(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        table, places = self._typed, [int(name[1:]) - 1 for name in self._columns.used]
        line = table.first_line
        for arrays in table.batches:
            rows = len(arrays[0])
            yield self._texts([as_text(arrays[place]) for place in places], np.arange(line, line + rows))
            line += rows
        advance(self.path.stat().st_size)

    def _texts(self, columns: list[Text], lines: np.ndarray) -> pa.RecordBatch:
        """Raw columns as one batch; ids without what was put around them, and the columns that cannot be read."""
        arrays: list[pa.Array] = []
        unreadable: np.ndarray | None = None
        for name, (values, bad) in zip(self._columns.used, columns, strict=True):
            if bad is not None:
                unreadable = np.full(len(lines), None, dtype=object) if unreadable is None else unreadable
                unreadable[bad & (unreadable == None)] = name  # noqa: E711 (element by element)
            if name in self._signed_amounts:
                self._see_marks(values)
            arrays.append(self._tidied(name, values))
        culprits = pa.nulls(len(lines), pa.string()) if unreadable is None else pa.array(unreadable, pa.string())
        batch = pa.record_batch([pa.array(lines, pa.int64()), culprits, *arrays], schema=self._raw_schema)
        if self._usual is None:
            return batch
        return batch.append_column("usual", pa.repeat(self._usual.fits(batch), len(lines)))

    def _see_marks(self, values: pa.Array) -> None:
        """Count amounts by what tells their direction."""
        marked = pc.match_substring_regex(values, r"(?i)\d\s*(c|cr|h)[.]?\s*$")
        minus = pc.match_substring_regex(values, r"(?i)^\s*[-−(]|[-−]\s*$|\d\s*(d|dr|db|s)[.]?\s*$")
        self.marks["credit"] += pc.sum(marked).as_py() or 0
        self.marks["debit"] += pc.sum(minus).as_py() or 0
        self.marks["rows"] += len(values) - values.null_count

    def _check_marks(self) -> None:
        """Refuse a file in which only money of one way is marked, by Cr: cards' statements leave out the Dr."""
        seen = self.marks
        if seen["credit"] and not seen["debit"] and seen["credit"] < seen["rows"]:
            raise DataError(
                f"{self.path.name}: {seen['credit']:,} amounts have Cr behind them and the others nothing: it is not"
                " said which way those went",
                hint='Say direction = "minus_is_in" in the mapping if they are money out, as on statements of cards.',
            )

    def _tidied(self, name: str, values: pa.Array) -> pa.Array:
        values = unguarded(values, is_id=name in self._ids)
        return with_electronic_ibans(values) if name in self._account_ids else values

    @cached_property
    def _ids(self) -> frozenset[str]:
        """Raw columns that ids are made of."""
        named = [column.name for column in self.table.columns if column.masked in ID_MASKS]
        return frozenset(raw for name in (*named, *self.table.key) for raw in self._columns.raw.get(name, ()))

    @cached_property
    def _signed_amounts(self) -> frozenset[str]:
        """The raw column whose sign says the direction."""
        return frozenset(self._columns.raw["amount"] if self.mapping.direction == "sign" else ())

    @cached_property
    def _account_ids(self) -> frozenset[str]:
        """Raw columns that each are an account's number."""
        named = [column.name for column in self.table.columns if column.masked is Mask.ACCOUNT]
        whole = [self._columns.raw.get(name, ()) for name in (*named, "subject_id")]
        return frozenset(raw[0] for raw in whole if len(raw) == 1)


def _is_open(row: str, delimiter: str) -> bool:
    """Whether a row ends inside a quote."""
    try:
        list(csv.reader(io.StringIO(row, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False
