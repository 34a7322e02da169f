"""Files of one table as a stream of text batches that know which line each row came from."""

from __future__ import annotations

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

from mulegraph.errors import DataError
from mulegraph.ingest.amount_shapes import usual_shape
from mulegraph.ingest.columns import ID_MASKS, FileColumns, FileFacts, resolve
from mulegraph.ingest.digits import columns_of_amounts, columns_of_numbers, with_western_digits
from mulegraph.ingest.kinds import Kind as FileKind
from mulegraph.ingest.kinds import kind_of
from mulegraph.ingest.layout import Head, TextFile
from mulegraph.ingest.lines import LineCounter, is_open_row
from mulegraph.ingest.mapping import IdForm, TableMapping
from mulegraph.ingest.readers.tables import ColumnFile
from mulegraph.ingest.rejects import VALUE_LIMIT
from mulegraph.ingest.remarks import About, Remark
from mulegraph.ingest.sign_marks import SignMarks
from mulegraph.ingest.text import as_text, as_written, decoded, is_number, unguarded, with_electronic_ibans
from mulegraph.ingest.usual import UsualForm
from mulegraph.schema.tables import Kind, Mask, Table

BYTEWISE = "latin-1"

BLOCK_BYTES = 8 << 20
"""Bytes parsed at a time; also the longest row that can be read."""
TEXT_SUFFIXES = (".csv", ".csv.gz", ".txt", ".tsv")

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

    headers: int = 0
    """Rows that repeat the header."""

    marks: SignMarks = field(default_factory=SignMarks)

    read_totals: dict[str, Decimal | int] = field(default_factory=dict)
    """What its rows add up to, once they are read."""

    @property
    def _mapped(self) -> bool:
        """Whether the mapping names files of this kind itself."""
        return bool(self.mapping.files)

    @cached_property
    def kind(self) -> FileKind:
        """What the file is by its beginning, whatever its name."""
        return kind_of(self.path)

    @property
    def is_typed(self) -> bool:
        """Whether the file's columns have types: Parquet or Arrow."""
        return self.kind in (FileKind.PARQUET, FileKind.ARROW)

    @cached_property
    def _typed(self) -> ColumnFile:
        return ColumnFile(self.path)

    @cached_property
    def text(self) -> TextFile:
        """The file as text."""
        return TextFile(self.path, self.mapping)

    @property
    def remarks(self) -> list[Remark]:
        """What there is to say of the file beside its rows, once they are read."""
        found = [*self._remarks, *self.marks.remarks(self.table.name, self.path.name)]
        if self.headers:
            text = f"{self.headers:,} rows repeat the header, and are left out: the file was put together of several"
            found.append(Remark(About.LEFT_OUT, self.table.name, text, self.headers, self.path.name))
        return found

    @cached_property
    def _remarks(self) -> list[Remark]:
        if self.is_typed:
            return []
        if self.kind is FileKind.WORKBOOK:
            made = []
            for each in self.text.sheet.remarks:
                made.append(Remark(About.WORKBOOK, self.table.name, each, file=self.path.name))
            return made
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
            if self.is_typed:
                schema = self._typed.schema
                found = resolve(FileFacts(self.path.name, schema.names), self.table, self.mapping, self.ids)
                self._refuse_float_ids(schema, found)
            else:
                facts = FileFacts(self.path.name, self.text.head.names, self.text.told(), self.text.header_below)
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
            for batch in self._typed_rows(advance) if self.is_typed else self._csv(advance):
                for name in self._signed_amounts:
                    self.marks.see(batch.column(name))
                yield batch
            self.marks.check(self.path.name)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except DataError as error:
            self.failure = error
            if self.kind is FileKind.TEXT and not self.path.name.lower().endswith(TEXT_SUFFIXES) and not self._mapped:
                self.failure = DataError(
                    f"{self.path.name}: cannot be read: it is not what its name says, and as text: {error.problem}",
                    hint=error.hint,
                )
                raise self.failure from error
            raise
        except (pa.ArrowException, OSError, KeyError, UnicodeError) as error:
            detail = str(error).splitlines()[0] if str(error) else type(error).__name__
            expected = f"text in {self.text.encoding}" if self.mapping.encoding else "UTF-8 CSV"
            hint = f"Expected {expected} with a header line. Look for an unclosed quote or a row over 8 MB."
            if self.is_typed:
                hint = "The file is damaged, or a column holds lists: write it again with one plain value a cell."
            self.failure = DataError(f"{self.path.name}: cannot be read as {self.kind}: {detail}", hint=hint)
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
        lines = LineCounter(head.header_lines, rows=1 if self.mapping.header else 0)
        skipped = list[Misshapen]()
        last_text = ""
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
        with self.text.raw() as raw:
            encoding = "utf8" if is_utf8 else BYTEWISE
            for batch in self._parsed(raw, head, leave_out, lines, encoding):
                values = [batch.column(place) for place in places]
                if not is_utf8:
                    values = [as_written(column, BYTEWISE) for column in values]
                found = self._texts([decoded(column) for column in values], lines.of(batch))
                if self.mapping.header:
                    found = self._without_headers(found, head.names)
                yield found if last_line is None else found.filter(pc.less_equal(found.column("line"), last_line))
                advance(min(raw.tell(), self.path.stat().st_size))
        rows = [Misshapen(lines.line_of(row.line), row.columns, row.text) for row in skipped]
        self.misshapen = [row for row in rows if last_line is None or row.line <= last_line]
        if self.misshapen and is_open_row(last_text, head.delimiter):
            raise self._unclosed(self.misshapen[-1].line)

    def _without_headers(self, batch: pa.RecordBatch, names: list[str]) -> pa.RecordBatch:
        """The rows but those that repeat the header: files that were put together have one for each part."""
        repeats = None
        for name in self._columns.used:
            same = pc.fill_null(pc.equal(batch.column(name), names[int(name[1:]) - 1]), False)
            repeats = same if repeats is None else pc.and_(repeats, same)
            if not pc.any(repeats).as_py():
                return batch
        if repeats is None:
            return batch
        self.headers += pc.sum(repeats).as_py()
        return batch.filter(pc.invert(repeats))

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

    def _typed_rows(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        places = [int(name[1:]) - 1 for name in self._columns.used]
        size, line = self.path.stat().st_size, 1
        days = self._typed.of_days(places)
        marked = set()
        for each in self.table.columns:
            if each.kind is Kind.AMOUNT:
                for raw in self._columns.raw.get(each.name, ()):
                    marked.add(int(raw[1:]) - 1)
        for arrays in self._typed.batches(places):
            columns = []
            for place, array in zip(places, arrays, strict=True):
                text, bad = as_text(array.cast(pa.date32()) if place in days else array)
                # A number has no mark; the mapping's stands for how the file's texts are written.
                if place in marked and self.mapping.decimal == "," and is_number(array.type):
                    text = pc.replace_substring(text, ".", ",")
                columns.append((text, bad))
            rows = len(arrays[0]) if arrays else 0
            yield self._texts(columns, np.arange(line, line + rows))
            line += rows
            advance(0)
        advance(size)

    def _texts(self, columns: list[Text], lines: np.ndarray) -> pa.RecordBatch:
        """Raw columns as one batch; ids without what was put around them, and the columns that cannot be read."""
        arrays: list[pa.Array] = []
        unreadable: np.ndarray | None = None
        for name, (values, bad) in zip(self._columns.used, columns, strict=True):
            if bad is not None:
                unreadable = np.full(len(lines), None, dtype=object) if unreadable is None else unreadable
                unreadable[bad & (unreadable == None)] = name  # noqa: E711 (element by element)
            arrays.append(self._tidied(name, values))
        culprits = pa.nulls(len(lines), pa.string()) if unreadable is None else pa.array(unreadable, pa.string())
        batch = pa.record_batch([pa.array(lines, pa.int64()), culprits, *arrays], schema=self._raw_schema)
        if self._usual is None:
            return batch
        return batch.append_column("usual", pa.repeat(self._usual.fits(batch), len(lines)))

    def _tidied(self, name: str, values: pa.Array) -> pa.Array:
        values = unguarded(values, is_id=name in self._ids)
        if name in self._numbers:
            values = with_western_digits(values, self.mapping.decimal or ".")
        if name in columns_of_amounts(self.table, self._columns.raw):
            words = (*self.mapping.drop.get(name, ()), *self.mapping.keep.get(name, ()))
            values = usual_shape(values, as_written=words)
        return with_electronic_ibans(values) if name in self._account_ids else values

    @cached_property
    def _ids(self) -> frozenset[str]:
        """Raw columns that ids are made of."""
        named = [column.name for column in self.table.columns if column.masked in ID_MASKS]
        return frozenset(raw for name in (*named, *self.table.key) for raw in self._columns.raw.get(name, ()))

    @cached_property
    def _numbers(self) -> frozenset[str]:
        return columns_of_numbers(self.table, self._columns.raw)

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
