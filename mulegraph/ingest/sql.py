"""Names and texts as they stand in SQL."""

from __future__ import annotations

from mulegraph.schema.versions import FORMER


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_in_sql(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def number_in_sql(column: str) -> str:
    """The account number of an SQL column that may name a former account."""
    return f"regexp_replace({column}, '{FORMER}', '')"
