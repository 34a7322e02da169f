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
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mulegraph.errors import BadUse
from mulegraph.model import TABLES


@dataclass(frozen=True)
class TableMapping:
    """How one table's files are named, split into columns and spelled."""

    files: tuple[str, ...] = ()
    delimiter: str = ","
    decimal: str = "."
    time_format: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class FileMapping:
    """The whole mapping: a zone for naive times, and what differs table by table."""

    zone: str = ""
    tables: Mapping[str, TableMapping] = field(default_factory=dict)

    def of(self, table: str) -> TableMapping:
        return self.tables.get(table, TableMapping())


_SHAPES: dict[str, type] = {
    "files": list,
    "delimiter": str,
    "decimal": str,
    "time_format": str,
    "columns": dict,
    "constants": dict,
    "values": dict,
}


def read_mapping(path: Path | None, *, zone: str = "") -> FileMapping:
    """Read a mapping file; `zone` (an IANA name) wins over the one in the file.

    Raises BadUse for a file that cannot be read, an unknown table, column, key or zone.
    """
    raw = _toml(path) if path else {}
    where = path.name if path else "--zone"
    chosen = zone or str(raw.pop("zone", ""))
    raw.pop("zone", None)
    _check_zone(chosen, where)
    tables = {name: _table_mapping(name, part, where) for name, part in raw.items()}
    return FileMapping(chosen, tables)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadUse(f"{path}: cannot be read ({error.strerror})", do="Give --mapping a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadUse(
            f"{path.name}: not valid TOML: {error}", do="Compare it with docs/mapping.md and correct it."
        ) from error


def _check_zone(zone: str, where: str) -> None:
    if not zone:
        return
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise BadUse(
            f"{where}: '{zone}' is not a time zone", do="Use an IANA name such as UTC or Asia/Ho_Chi_Minh."
        ) from error


def _table_mapping(name: str, part: Any, where: str) -> TableMapping:
    if name not in TABLES or not isinstance(part, dict):
        raise BadUse(
            f"{where}: '{name}' is not a table of the ledger", do="Use one of: " + ", ".join(TABLES) + "."
        )
    for key, value in part.items():
        shape = _SHAPES.get(key)
        if shape is None or not isinstance(value, shape):
            expected = ", ".join(_SHAPES) if shape is None else f"a TOML {shape.__name__}"
            raise BadUse(f"{where}: [{name}] '{key}' does not fit", do=f"Expected: {expected}.")
    known = set(TABLES[name].column_names)
    for key in ("columns", "constants", "values"):
        for column in part.get(key, {}):
            if column not in known:
                raise BadUse(
                    f"{where}: [{name}.{key}] names column '{column}', which {name} does not have",
                    do="Left of '=' stands our column: " + ", ".join(TABLES[name].column_names) + ".",
                )
    for key in ("delimiter", "decimal"):
        if key in part and len(part[key]) != 1:
            raise BadUse(f"{where}: [{name}] {key} = '{part[key]}'", do="Expected one character.")
    settings = {key: tuple(value) if key == "files" else value for key, value in part.items()}
    return TableMapping(**settings)
