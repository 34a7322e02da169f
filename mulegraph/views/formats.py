"""How rows are written, and how wide; apart from what writes them, so that options load no data frames."""

from __future__ import annotations

from enum import StrEnum

WIDTH = 80


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
