"""From the parser's rows to the lines of the file that an editor shows."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class LineCounter:
    """Line numbers of parsed rows: rows left out, and line breaks inside quotes, move all that follows.

    The parser counts the header as row 1, and every blank line or misshapen row as one; lines above the header, which
    it is told to skip, it does not count. `rows` is 1 where there is a header and 0 where there is none.
    """

    def __init__(self, header_lines: int, *, rows: int = 1) -> None:
        self._next_row = 1 + rows
        self._header_shift = header_lines - rows
        self._shift = self._header_shift
        self._skipped: list[tuple[int, int]] = []
        self._breaks: list[tuple[int, int]] = []

    def skip(self, row: int, text: str) -> None:
        """Take note of a row that the parser leaves out."""
        self._skipped.append((row, text.count("\n")))

    def of(self, batch: pa.RecordBatch) -> np.ndarray:
        """Line number of each row of the next batch, in order."""
        skipped = self._skipped
        self._skipped = []
        rows = np.arange(self._next_row, self._next_row + batch.num_rows + len(skipped))
        if skipped:
            rows = np.setdiff1d(rows, [row for row, _ in skipped])[: batch.num_rows]
        if batch.num_rows:
            self._next_row = int(rows[-1]) + 1
        self._skipped = [(row, count) for row, count in skipped if row >= self._next_row]
        breaks = [(row, count) for row, count in skipped if row < self._next_row and count]
        inside = _line_breaks(batch)
        if inside is not None:
            at = np.flatnonzero(inside)
            breaks += zip(rows[at].tolist(), inside[at].tolist(), strict=True)
        return self._numbered(rows, sorted(breaks))

    def _numbered(self, rows: np.ndarray, breaks: list[tuple[int, int]]) -> np.ndarray:
        lines = rows + self._shift
        if breaks:
            before = np.cumsum([0] + [count for _, count in breaks])
            lines = lines + before[np.searchsorted([row for row, _ in breaks], rows)]
            self._breaks += breaks
            self._shift += int(before[-1])
        return np.asarray(lines)

    def line_of(self, row: int) -> int:
        """The line that a row left out begins on; asked once all rows are counted."""
        earlier = self._breaks + self._skipped
        return row + self._header_shift + sum(count for broken, count in earlier if broken < row)

    @property
    def row_pending(self) -> bool:
        """Whether rows were left out after the last row counted."""
        return bool(self._skipped)

    @property
    def next_line(self) -> int:
        """The line that the first row not yet counted begins on."""
        return self._next_row + self._shift


def _line_breaks(batch: pa.RecordBatch) -> np.ndarray | None:
    """Line breaks inside each row's quoted values, or None when there are none (nearly always)."""
    total: np.ndarray | None = None
    for column in batch.columns:
        if not holds_byte(column, b"\n"):
            continue
        counts = pc.fill_null(pc.count_substring(column, b"\n"), 0).to_numpy(zero_copy_only=False)
        total = counts if total is None else total + counts
    return total


def holds_byte(column: pa.Array, byte: bytes) -> bool:
    """Whether the byte stands anywhere in a column of text or bytes."""
    buffer = column.buffers()[2]
    return buffer is not None and re.search(re.escape(byte), buffer) is not None


def is_open_row(row: str, delimiter: str) -> bool:
    """Whether a row ends inside a quote."""
    try:
        list(csv.reader(io.StringIO(row, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False
