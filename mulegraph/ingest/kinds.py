"""What a file is by its first bytes; names lie, and a wrong one costs a day."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """How a file's rows are stored."""

    TEXT = "text"
    PACKED = "gzip"
    PARQUET = "Parquet"
    ARROW = "Arrow"
    WORKBOOK = "workbook"


_MARKS = (
    (b"PAR1", Kind.PARQUET),
    (b"ARROW1", Kind.ARROW),
    (b"FEA1", Kind.ARROW),
    (b"\xff\xff\xff\xff", Kind.ARROW),
    (b"PK\x03\x04", Kind.WORKBOOK),
    (b"\xd0\xcf\x11\xe0", Kind.WORKBOOK),
    (b"\x1f\x8b", Kind.PACKED),
)
"""Parquet, Arrow's file, Feather 1, Arrow's stream, the two containers of workbooks, gzip."""


def kind_of(path: Path) -> Kind:
    """The kind of a file. Text is what has none of the marks."""
    with path.open("rb") as stream:
        start = stream.read(8)
    return next((kind for mark, kind in _MARKS if start.startswith(mark)), Kind.TEXT)
