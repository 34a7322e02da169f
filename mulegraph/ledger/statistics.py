"""What a column of the ledger's files may hold, as their own statistics say it: nothing is read for the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

FULL_DAY = 0.1
"""A day counts as covered where it has this share of the transfers of the middle day: one stray row covers nothing."""


def covered(rows: np.ndarray) -> np.ndarray:
    """Which days have about as many transfers as others; `rows` are those of each day that has any."""
    return np.asarray(rows >= FULL_DAY * np.median(rows)) if len(rows) else np.zeros(0, np.bool_)


def holds_anything(paths: Sequence[Path], column: str) -> bool:
    """Whether some row has a value there."""
    return any(part.null_count is None or part.null_count < rows for part, rows in _parts(paths, column))


def count_missing(paths: Sequence[Path], column: str) -> int:
    """How many rows have nothing there; −1 where a file does not say."""
    counts = [part.null_count for part, _ in _parts(paths, column)]
    return -1 if None in counts else sum(counts)


def may_hold(paths: Sequence[Path], column: str, value: str) -> bool:
    """Whether some row may hold this text: false where no part of a file reaches from below it to above."""
    return any(not part.has_min_max or part.min <= value <= part.max for part, _ in _parts(paths, column))


def _parts(paths: Sequence[Path], column: str) -> Iterator[tuple[pq.Statistics, int]]:
    for path in paths:
        file = pq.read_metadata(path)
        place = file.schema.names.index(column)
        for group in range(file.num_row_groups):
            part = file.row_group(group).column(place).statistics
            if part is not None:
                yield part, file.row_group(group).num_rows


def only_value(paths: Sequence[Path], column: str) -> str | None:
    """The one text that every row has there, as far as statistics tell; none where rows differ or may."""
    ends = {(part.min, part.max) if part.has_min_max else (None, "") for part, _ in _parts(paths, column)}
    low, high = ends.pop() if len(ends) == 1 else (None, "")
    return low if low == high else None
