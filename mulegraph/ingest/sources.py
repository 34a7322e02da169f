"""Files of one table as a stream of text batches that know which line each row came from."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

from mulegraph.errors import DataError, UsageError
from mulegraph.ingest.lines import LineCounter
from mulegraph.ingest.mapping import FileMapping, TableMapping
from mulegraph.ingest.readers import tables
from mulegraph.ingest.rejects import VALUE_LIMIT
from mulegraph.ingest.text import as_text, as_written, decoded, translated
from mulegraph.schema.tables import TABLES, Kind, Table

BYTEWISE = "latin-1"

BLOCK_BYTES = 8 << 20
"""Bytes parsed at a time; also the longest row that can be read."""

HEADER_BYTES = 1 << 16
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


@dataclass(frozen=True)
class Header:
    """The column names of a CSV file, the lines they take, and whether anything follows."""

    names: list[str]
    lines: int
    more: bool


@dataclass
class SourceFile:
    """One file, the table it feeds, and what could not be read as rows."""

    table: Table
    path: Path
    mapping: TableMapping
    misshapen: list[Misshapen] = field(default_factory=list)
    ignored_columns: tuple[str, ...] = ()
    expected_columns: int = 0
    failure: DataError | None = None
    """Why reading stopped: what DuckDB makes of an error in the middle of a stream says less."""

    def schema(self) -> pa.Schema:
        """What `batches` yields: line, the column that cannot be read (or null), every column as text."""
        texts = [(name, pa.string()) for name in self.table.column_names]
        return pa.schema([("line", pa.int64()), ("unreadable", pa.string()), *texts])

    def batches(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        """Yield the rows in file order; `advance` is told the bytes read so far.

        Raises DataError when the file is not CSV/Parquet, lacks a required column or repeats one.
        """
        name = self.path.name.lower()
        read = self._csv
        if name.endswith(".parquet"):
            read = self._parquet
        elif name.endswith(tables.SUFFIXES):
            read = self._typed_table
        try:
            yield from read(advance)
        except DataError as error:
            self.failure = error
            raise
        except (pa.ArrowException, OSError, KeyError) as error:
            detail = str(error).splitlines()[0] if str(error) else type(error).__name__
            self.failure = DataError(
                f"{self.path.name}: cannot be read: {detail}",
                hint="Expected UTF-8 CSV with a header line, or Parquet. Look for an unclosed quote"
                f" or a row over {BLOCK_BYTES >> 20} MB.",
            )
            raise self.failure from error

    def _columns(self, header: list[str]) -> dict[str, str]:
        """Our column → the file's column, for those that the file has."""
        wanted = {name: self.mapping.columns.get(name, name) for name in self.table.column_names}
        repeated = sorted({name for name in header if header.count(name) > 1} & set(wanted.values()))
        if repeated:
            raise DataError(
                f"{self.path.name}:1: column '{repeated[0]}' stands twice in the header",
                hint="Remove or rename one of the two.",
            )
        found = {ours: theirs for ours, theirs in wanted.items() if theirs in header}
        for column in self.table.columns:
            needed = column.required and column.name not in self.mapping.constants
            if (needed or column.name in self.mapping.columns) and column.name not in found:
                raise DataError(
                    f"{self.path.name}:1: column '{wanted[column.name]}' is missing"
                    f" (the header has: {', '.join(header)[:200]})",
                    hint=f"Add it, or say with --mapping which column holds {self.table.name}.{column.name}.",
                )
        self.ignored_columns = tuple(name for name in header if name not in found.values())
        return found

    def _csv(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        header = self._header()
        found = self._columns(header.names)
        self.expected_columns = len(header.names)
        if not header.more:
            return
        lines, skipped, last_text = LineCounter(header.lines), list[Misshapen](), ""
        # The parser hands a misshapen row over as text, and fails where it is none: a file that is not UTF-8 all
        # through is read byte for byte as Latin-1, which every byte is, and turned back value by value.
        is_utf8 = self._is_utf8()

        def leave_out(row: Any) -> str:
            nonlocal last_text
            last_text = row.text if is_utf8 else row.text.encode(BYTEWISE).decode("utf-8", "replace")
            lines.skip(row.number, last_text)
            skipped.append(Misshapen(row.number, row.actual_columns, last_text[:VALUE_LIMIT]))
            return "skip"

        with pa.OSFile(str(self.path)) as raw:
            encoding = "utf8" if is_utf8 else BYTEWISE
            for batch in self._parsed(raw, len(header.names), leave_out, lines, encoding):
                columns = dict(zip(header.names, batch.columns, strict=True))
                values = {theirs: columns[theirs] for theirs in set(found.values())}
                if not is_utf8:
                    values = {theirs: as_written(column, BYTEWISE) for theirs, column in values.items()}
                texts = {theirs: decoded(column) for theirs, column in values.items()}
                yield self._finish({ours: texts[theirs] for ours, theirs in found.items()}, lines.of(batch))
                advance(raw.tell())
        self.misshapen = [Misshapen(lines.line_of(row.line), row.columns, row.text) for row in skipped]
        if self.misshapen and _is_open(last_text, self.mapping.delimiter):
            raise self._unclosed(self.misshapen[-1].line)

    def _parsed(
        self, raw: pa.NativeFile, width: int, leave_out: Callable[[Any], str], lines: LineCounter, encoding: str
    ) -> Iterator[pa.RecordBatch]:
        """The rows as bytes, all columns of them: a line break in an ignored one counts as well."""
        names = [f"c{number}" for number in range(width)]
        reader = pv.open_csv(
            self._unzipped(raw),
            read_options=pv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                column_names=names,
                skip_rows_after_names=1,
                encoding=encoding,
            ),
            parse_options=pv.ParseOptions(
                delimiter=self.mapping.delimiter,
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

    def _unzipped(self, raw: pa.NativeFile) -> pa.NativeFile:
        return pa.CompressedInputStream(raw, "gzip") if self.path.name.lower().endswith(".gz") else raw

    def _check_last_quote(self, last: pa.RecordBatch, lines: LineCounter) -> None:
        """Refuse a file whose last value runs over lines and has no quote after it: it swallowed the rest."""
        breaks = [(column[-1].as_py() or b"").count(b"\n") for column in last.columns]
        if breaks[-1] and not self._ends_in_quote():
            raise self._unclosed(lines.next_line - 1 - sum(breaks))

    def _is_utf8(self) -> bool:
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            with pa.OSFile(str(self.path)) as raw, self._unzipped(raw) as stream:
                while chunk := stream.read(BLOCK_BYTES):
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True

    def _ends_in_quote(self) -> bool:
        tail = b""
        with pa.OSFile(str(self.path)) as raw, self._unzipped(raw) as stream:
            while chunk := stream.read(1 << 20):
                tail = (tail + chunk)[-16:]
        return tail.rstrip(b"\r\n").endswith(b'"')

    def _unclosed(self, line: int) -> DataError:
        return DataError(
            f"{self.path.name}:{line}: a quote is opened and never closed",
            hint="Close it, or double it where it is part of the text; nothing of the file was loaded.",
        )

    def _header(self) -> Header:
        """The column names, byte order mark and quotes taken off."""
        try:
            with pa.OSFile(str(self.path)) as raw, self._unzipped(raw) as stream:
                start = stream.read(HEADER_BYTES)
        except OSError as error:
            raise DataError(f"{self.path.name}: cannot be read ({error})", hint="Check the file.") from error
        start = start.removeprefix(b"\xef\xbb\xbf")
        if not start.splitlines() or not start.splitlines()[0].strip():
            problem = "the first line is empty" if start.strip() else "is empty"
            raise DataError(
                f"{self.path.name}:1: {problem}", hint="Expected a header line with the column names there."
            )
        rows = csv.reader(io.StringIO(start.decode("utf-8", "replace"), newline=""), delimiter=self.mapping.delimiter)
        try:
            names = [name.strip() for name in next(rows)]
        except csv.Error as error:
            raise DataError(f"{self.path.name}:1: not a header: {error}", hint="Expected CSV.") from error
        if any("\ufffd" in name or "\0" in name for name in names):
            raise DataError(
                f"{self.path.name}:1: the header is not UTF-8", hint="Save the file as UTF-8 and load again."
            )
        first = b"".join(start.splitlines(keepends=True)[: rows.line_num])
        return Header(names, rows.line_num, len(start) > len(first))

    def _parquet(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        file, size = pq.ParquetFile(self.path), self.path.stat().st_size
        found = self._columns(list(file.schema_arrow.names))
        line = 1
        for batch in file.iter_batches(BATCH_ROWS, columns=list(set(found.values()))):
            texts = {theirs: as_text(batch.column(theirs)) for theirs in set(found.values())}
            numbers = np.arange(line, line + batch.num_rows)
            yield self._finish({ours: texts[theirs] for ours, theirs in found.items()}, numbers)
            line += batch.num_rows
            advance(size * (line - 1) // file.metadata.num_rows)

    def _typed_table(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        table = tables.open_table(self.path)
        found = self._columns(table.names)
        line = table.first_line
        for arrays in table.batches:
            columns = dict(zip(table.names, arrays, strict=True))
            texts = {theirs: as_text(columns[theirs]) for theirs in set(found.values())}
            rows = len(arrays[0])
            yield self._finish({ours: texts[theirs] for ours, theirs in found.items()}, np.arange(line, line + rows))
            line += rows
        advance(self.path.stat().st_size)

    def _finish(self, columns: dict[str, Text], lines: np.ndarray) -> pa.RecordBatch:
        """Fill in constants, translate spellings, and put the columns into the table's order."""
        arrays: list[pa.Array] = []
        unreadable: np.ndarray | None = None
        for column in self.table.columns:
            if column.name in columns:
                values, bad = columns[column.name]
            else:
                constant = self.mapping.constants.get(column.name)
                values, bad = pa.repeat(pa.scalar(constant, pa.string()), len(lines)), None
            if bad is not None:
                unreadable = np.full(len(lines), None, dtype=object) if unreadable is None else unreadable
                unreadable[bad & (unreadable == None)] = column.name  # noqa: E711 (element by element)
            if spellings := self.mapping.values.get(column.name):
                values = translated(values, spellings, any_case=column.kind is Kind.CHOICE)
            arrays.append(values)
        culprits = pa.nulls(len(lines), pa.string()) if unreadable is None else pa.array(unreadable, pa.string())
        return pa.record_batch([pa.array(lines, pa.int64()), culprits, *arrays], schema=self.schema())


def _is_open(row: str, delimiter: str) -> bool:
    """Whether a row ends inside a quote."""
    try:
        list(csv.reader(io.StringIO(row, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def find_sources(folder: Path, mapping: FileMapping) -> tuple[list[SourceFile], list[str]]:
    """The files of FOLDER by table, in loading order, and the names of those that fit no table."""
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise UsageError(f"{folder}: {problem}", hint="Give the folder that holds accounts.csv and transfers.csv.")
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        data = [path for path in paths if path.is_file() and path.name.lower().endswith(SUFFIXES)]
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read ({error.strerror})", hint="Check its permissions.") from error
    sources = [
        SourceFile(table, path, mapping.of(table.name))
        for table in TABLES.values()
        for path in data
        if _feeds(path.name, table, mapping.of(table.name))
    ]
    used = {source.path for source in sources}
    similar = [path for path in paths if any(_feeds(path.name, table, TableMapping()) for table in TABLES.values())]
    return sources, [path.name for path in paths if path not in used and path in {*data, *similar}]


def _feeds(name: str, table: Table, mapping: TableMapping) -> bool:
    if mapping.files:
        return any(fnmatch(name, pattern) for pattern in mapping.files)
    stem = name.split(".", 1)[0].lower()
    return stem == table.name or stem.startswith((f"{table.name}-", f"{table.name}_20"))
