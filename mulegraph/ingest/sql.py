"""Names and texts as they stand in SQL."""

from __future__ import annotations


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_in_sql(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"
