"""Files of one table as a stream of text batches that know which line each row came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

from mulegraph.errors import BadData, BadUse
from mulegraph.feed.mapping import FileMapping, TableMapping
from mulegraph.model import TABLES, Kind, Table

BLOCK_BYTES = 8 << 20
"""Bytes parsed at a time; also the longest row that can be read."""

BATCH_ROWS = 131_072
SUFFIXES = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True)
class Misshapen:
    """A row that does not have the header's number of columns."""

    line: int
    columns: int
    text: str


@dataclass
class SourceFile:
    """One file, the table it feeds, and what could not be read as rows."""

    table: Table
    path: Path
    mapping: TableMapping
    misshapen: list[Misshapen] = field(default_factory=list)
    ignored_columns: tuple[str, ...] = ()
    expected_columns: int = 0

    def schema(self) -> pa.Schema:
        """What `batches` yields: line, the column that is not UTF-8 (or null), every column as text."""
        texts = [(name, pa.string()) for name in self.table.column_names]
        return pa.schema([("line", pa.int64()), ("undecodable", pa.string()), *texts])

    def batches(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        """Yield the rows in file order; `advance` is told the bytes or rows that were read.

        Raises BadData when the file is not CSV/Parquet, lacks a required column or repeats one.
        """
        read = self._parquet if self.path.suffix == ".parquet" else self._csv
        try:
            yield from read(advance)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OSError) as error:
            detail = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BadData(
                f"{self.path.name}: cannot be read: {detail}",
                do="Expected UTF-8 CSV with a header line, or Parquet. Look for an unclosed quote"
                f" or a row over {BLOCK_BYTES >> 20} MB.",
            ) from error

    def _columns(self, header: list[str]) -> dict[str, str]:
        """Our column → the file's column, for those that the file has."""
        wanted = {name: self.mapping.columns.get(name, name) for name in self.table.column_names}
        repeated = sorted({name for name in header if header.count(name) > 1} & set(wanted.values()))
        if repeated:
            raise BadData(
                f"{self.path.name}:1: column '{repeated[0]}' stands twice in the header",
                do="Remove or rename one of the two.",
            )
        found = {ours: theirs for ours, theirs in wanted.items() if theirs in header}
        for column in self.table.columns:
            if column.required and column.name not in found and column.name not in self.mapping.constants:
                raise BadData(
                    f"{self.path.name}:1: column '{wanted[column.name]}' is missing"
                    f" (the header has: {', '.join(header)[:200]})",
                    do=f"Add it, or say with --mapping which column holds {self.table.name}.{column.name}.",
                )
        self.ignored_columns = tuple(name for name in header if name not in found.values())
        return found

    def _csv(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        header = self._header()
        found = self._columns(header)
        self.expected_columns = len(header)
        skipped: list[int] = []

        def on_bad_row(row: Any) -> str:
            skipped.append(row.number)
            if row.actual_columns > 1 or row.text.strip():
                self.misshapen.append(Misshapen(row.number, row.actual_columns, row.text))
            return "skip"

        names = [f"c{number}" for number in range(len(header))]
        position = {name: header.index(name) for name in found.values()}
        reader = pv.open_csv(
            self.path,
            read_options=pv.ReadOptions(
                use_threads=False, block_size=BLOCK_BYTES, column_names=names, skip_rows_after_names=1
            ),
            parse_options=pv.ParseOptions(
                delimiter=self.mapping.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=on_bad_row,
            ),
            convert_options=pv.ConvertOptions(
                check_utf8=False,
                column_types={name: pa.binary() for name in names},
                include_columns=[names[number] for number in position.values()],
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
        order = {theirs: number for number, theirs in enumerate(position)}
        lines = _LineCounter(skipped, first=2)
        for batch in reader:
            texts, undecodable = _decoded(batch, list(found))
            columns = {ours: texts[order[theirs]] for ours, theirs in found.items()}
            yield self._finish(columns, lines.of(batch), undecodable)
            advance(batch.nbytes)
        shift = lines.shift_of
        self.misshapen = [Misshapen(shift(row.line), row.columns, row.text) for row in self.misshapen]

    def _header(self) -> list[str]:
        """The first line's names, byte order mark and quotes taken off."""
        try:
            with pa.input_stream(self.path, compression="detect") as stream:
                start = stream.read(1 << 16)
        except OSError as error:
            raise BadData(f"{self.path.name}: cannot be read ({error})", do="Check the file.") from error
        first = start.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r")
        if not first.strip():
            raise BadData(f"{self.path.name}: is empty", do="Expected a header line with the column names.")
        try:
            text = first.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadData(
                f"{self.path.name}:1: the header is not UTF-8", do="Save the file as UTF-8 and load again."
            ) from error
        parts = pv.read_csv(
            pa.BufferReader(text.encode() + b"\n"),
            read_options=pv.ReadOptions(autogenerate_column_names=True),
            parse_options=pv.ParseOptions(delimiter=self.mapping.delimiter),
            convert_options=pv.ConvertOptions(null_values=[], strings_can_be_null=False),
        )
        return [str(column[0].as_py()).strip() for column in parts.columns]

    def _parquet(self, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        file = pq.ParquetFile(self.path)
        found = self._columns(list(file.schema_arrow.names))
        line = 1
        for batch in file.iter_batches(BATCH_ROWS, columns=list(found.values())):
            columns = {ours: _as_text(batch.column(theirs)) for ours, theirs in found.items()}
            numbers = np.arange(line, line + batch.num_rows)
            yield self._finish(columns, numbers, pa.nulls(batch.num_rows, pa.string()))
            line += batch.num_rows
            advance(batch.nbytes)

    def _finish(
        self, columns: dict[str, pa.Array], lines: np.ndarray, undecodable: pa.Array
    ) -> pa.RecordBatch:
        """Fill in constants, translate spellings, and put the columns into the table's order."""
        arrays = []
        for column in self.table.columns:
            values = columns.get(column.name)
            if values is None:
                constant = self.mapping.constants.get(column.name)
                values = pa.array([constant] * len(lines), pa.string())
            if column.kind is Kind.CHOICE:
                values = pc.utf8_lower(pc.utf8_trim_whitespace(values))
            if column.kind is Kind.AMOUNT and self.mapping.decimal != ".":
                plain = pc.replace_substring(values, ".", "")
                values = pc.replace_substring(plain, self.mapping.decimal, ".")
            values = _translated(values, self.mapping.values.get(column.name), column.kind is Kind.CHOICE)
            arrays.append(values)
        return pa.record_batch([pa.array(lines), undecodable, *arrays], schema=self.schema())


class _LineCounter:
    """Turns the parser's row count into line numbers: bad rows and line breaks in quotes shift them."""

    def __init__(self, skipped: list[int], *, first: int) -> None:
        self._skipped = skipped
        self._next_row = first
        self._extra = 0
        self._breaks: list[tuple[int, int]] = []

    def of(self, batch: pa.RecordBatch) -> np.ndarray:
        """Line number of each row of the next batch, in order."""
        rows = np.arange(self._next_row, self._next_row + batch.num_rows)
        if self._skipped:
            rows = self._past_skipped(batch.num_rows)
        if batch.num_rows:
            self._next_row = int(rows[-1]) + 1
        breaks = _line_breaks(batch)
        if breaks is None:
            return np.asarray(rows + self._extra)
        before = np.cumsum(breaks) - breaks
        lines = rows + self._extra + before
        self._breaks += [(int(row), int(count)) for row, count in zip(rows, breaks, strict=True) if count]
        self._extra += int(breaks.sum())
        return np.asarray(lines)

    def _past_skipped(self, count: int) -> np.ndarray:
        skipped = set(self._skipped)
        rows, row = np.empty(count, dtype=np.int64), self._next_row
        for place in range(count):
            while row in skipped:
                row += 1
            rows[place] = row
            row += 1
        return rows

    def shift_of(self, row: int) -> int:
        """The line of a row that was skipped, once all rows were counted."""
        return row + sum(count for broken, count in self._breaks if broken < row)


def _line_breaks(batch: pa.RecordBatch) -> np.ndarray | None:
    """Line breaks inside each row's quoted values, or None when there are none (nearly always)."""
    total: np.ndarray | None = None
    for column in batch.columns:
        buffer = column.buffers()[2]
        if buffer is None or b"\n" not in memoryview(buffer).tobytes():
            continue
        counts = pc.fill_null(pc.count_substring(column, b"\n"), 0).to_numpy(zero_copy_only=False)
        total = counts if total is None else total + counts
    return total


def _decoded(batch: pa.RecordBatch, names: list[str]) -> tuple[list[pa.Array], pa.Array]:
    """Every column as text, and for each row the first column whose bytes are not UTF-8."""
    texts: list[pa.Array] = []
    culprit: list[str | None] | None = None
    for name, column in zip(names, batch.columns, strict=True):
        try:
            texts.append(column.cast(pa.string()))
        except pa.ArrowInvalid:
            culprit = culprit or [None] * batch.num_rows
            values = column.to_pylist()
            for row, value in enumerate(values):
                if value is not None and not _is_utf8(value):
                    culprit[row] = culprit[row] or name
            repaired = [None if value is None else value.decode("utf-8", "replace") for value in values]
            texts.append(pa.array(repaired, pa.string()))
    return texts, pa.array(culprit or pa.nulls(batch.num_rows, pa.string()), pa.string())


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _as_text(values: pa.Array) -> pa.Array:
    """A typed Parquet column as the text that a CSV file would hold, so that one set of rules serves both."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        moved = values.cast(pa.timestamp("us", "UTC"))
        return pc.strftime(moved, format="%Y-%m-%dT%H:%M:%SZ", locale="C")
    if pa.types.is_string(values.type):
        return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
    return values.cast(pa.string())


def _translated(values: pa.Array, spellings: Any, lower: bool) -> pa.Array:
    if not spellings:
        return values
    theirs = [key.lower() if lower else key for key in spellings]
    ours = pa.array(list(spellings.values()), pa.string())
    found = pc.index_in(values, value_set=pa.array(theirs, pa.string()))
    return pc.coalesce(pc.take(ours, found), values)


def find_sources(folder: Path, mapping: FileMapping) -> tuple[list[SourceFile], list[str]]:
    """The files of FOLDER by table, in loading order, and the names of those that fit no table."""
    if not folder.is_dir():
        raise BadUse(f"{folder}: is not a folder", do="Give the folder that holds accounts.csv and transfers.csv.")
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    data = [name for name in names if name.endswith(SUFFIXES)]
    sources: list[SourceFile] = []
    for table in TABLES.values():
        chosen = mapping.of(table.name)
        for name in data:
            if _feeds(name, table, chosen):
                sources.append(SourceFile(table, folder / name, chosen))
    used = {source.path.name for source in sources}
    return sources, [name for name in data if name not in used]


def _feeds(name: str, table: Table, mapping: TableMapping) -> bool:
    if mapping.files:
        return any(fnmatch(name, pattern) for pattern in mapping.files)
    stem = name.split(".", 1)[0]
    return stem == table.name or stem.startswith((f"{table.name}-", f"{table.name}_20"))
