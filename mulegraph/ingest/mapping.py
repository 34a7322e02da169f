"""A small TOML file that says how another system's files become our tables.

```toml
zone = "Europe/Amsterdam"              # of times written without one

[transfers]
files = ["tx_*.csv"]                   # instead of transfers*.csv
delimiter = ";"
decimal = ","
time_format = "%d/%m/%Y %H:%M"
columns = { transfer_id = "TxnID", source = "From", target = "To" }
constants = { currency = "EUR" }
values.channel = { ACH = "batch" }
```

`docs/mapping.md` explains every key; `sample_data/mappings/` holds a worked example.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mulegraph.errors import UsageError
from mulegraph.lazy import duckdb
from mulegraph.schema.tables import TABLES, Column, Kind


@dataclass(frozen=True)
class TableMapping:
    """How one table's files are named, split into columns and spelled."""

    files: tuple[str, ...] = ()
    delimiter: str = ","
    decimal: str = "."
    time_format: str = ""
    date_format: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class FileMapping:
    """The whole mapping: a zone for naive times, and what differs table by table."""

    zone: str = ""
    tables: Mapping[str, TableMapping] = field(default_factory=dict)

    def of(self, table: str) -> TableMapping:
        """What differs for one table; nothing, where the mapping does not name it."""
        return self.tables.get(table, TableMapping())


_TEXTS = 'a table of texts, such as { ours = "theirs" }'
_SHAPES: dict[str, str] = {
    "files": 'a list of file names, such as ["tx_*.csv"]',
    "delimiter": "one ASCII character, such as ';'",
    "decimal": "'.' or ','",
    "time_format": "a pattern such as '%d/%m/%Y %H:%M'",
    "date_format": "a pattern such as '%d/%m/%Y'",
    "columns": _TEXTS,
    "constants": _TEXTS,
    "values": 'a table of texts for each column, such as values.channel = { ACH = "batch" }',
}


def read_mapping(path: Path | None, *, zone: str | None = None) -> FileMapping:
    """Read a mapping file; `zone` (an IANA name) wins over the one in the file.

    Raises UsageError for a file that cannot be read, an unknown table, column, key or zone.
    """
    raw = _toml(path) if path else {}
    name = path.name if path else ""
    theirs = raw.pop("zone", "")
    _check_zone(zone or theirs, "--zone" if zone else name)
    tables = {table: _table_mapping(table, part, name) for table, part in raw.items()}
    return FileMapping(zone or theirs, tables)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})", hint="Give --mapping a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path.name}: not valid TOML: {error}", hint="Compare it with docs/mapping.md and correct it."
        ) from error


def _check_zone(zone: object, where: str) -> None:
    if zone == "":
        return
    try:
        ZoneInfo(str(zone))
        duckdb.execute("SELECT timezone(?, TIMESTAMP '2026-01-01')", [zone])
    except (KeyError, ValueError, OSError, duckdb.Error) as error:
        raise UsageError(
            f"{where}: '{zone}' is not a time zone", hint="Use an IANA name such as UTC or Asia/Ho_Chi_Minh."
        ) from error


def _table_mapping(name: str, part: Any, where: str) -> TableMapping:
    if name not in TABLES or not isinstance(part, dict):
        raise UsageError(
            f"{where}: '{name}' is not a table of the ledger", hint="Use one of: " + ", ".join(TABLES) + "."
        )
    for key, value in part.items():
        if key not in _SHAPES:
            raise UsageError(f"{where}: [{name}] '{key}' is no key", hint=f"Expected: {', '.join(_SHAPES)}.")
        if not _fits(key, value):
            raise UsageError(f"{where}: [{name}] {key} = {value!r}", hint=f"Expected {_SHAPES[key]}.")
    for key in ("columns", "constants", "values"):
        _check_columns(name, key, part.get(key, {}), where)
    for column in TABLES[name].columns:
        texts = [part["constants"][column.name]] if column.name in part.get("constants", {}) else []
        _check_choices(name, column, [*texts, *part.get("values", {}).get(column.name, {}).values()], where)
    settings: dict[str, Any] = {key: tuple(value) if key == "files" else value for key, value in part.items()}
    return TableMapping(**settings)


def _fits(key: str, value: object) -> bool:
    match key, value:
        case "files", list():
            return bool(value) and all(isinstance(name, str) for name in value)
        case "delimiter", str():
            return len(value) == 1 and value.isascii() and value not in '"\r\n\0'
        case "decimal", str():
            return value in (".", ",")
        case "time_format" | "date_format", str():
            return _is_format(value)
        case "columns" | "constants", dict():
            return all(isinstance(text, str) for text in value.values())
        case "values", dict():
            return all(isinstance(texts, dict) and _fits("columns", texts) for texts in value.values())
    return False


def _is_format(pattern: str) -> bool:
    try:
        duckdb.execute("SELECT try_strptime('', ?)", [pattern])
    except duckdb.Error:
        return False
    return "%" in pattern


def _check_columns(name: str, key: str, part: Mapping[str, object], where: str) -> None:
    known = TABLES[name].column_names
    for column in part:
        if column not in known:
            raise UsageError(
                f"{where}: [{name}.{key}] names column '{column}', which {name} does not have",
                hint="Left of '=' stands our column: " + ", ".join(known) + ".",
            )


def _check_choices(name: str, column: Column, texts: list[str], where: str) -> None:
    """A spelling must turn into one that the column may hold ("" turns into an empty value)."""
    for text in texts:
        if column.kind is Kind.CHOICE and text and text not in column.choices:
            raise UsageError(
                f"{where}: [{name}] gives {column.name} the value '{text}', which it may not hold",
                hint="Right of '=' stands one of: " + ", ".join(column.choices) + ".",
            )
