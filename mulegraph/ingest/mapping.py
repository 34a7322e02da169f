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

`docs/mapping.md` explains every key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from mulegraph.errors import UsageError
from mulegraph.ingest.encodings import known_encoding
from mulegraph.lazy import duckdb
from mulegraph.schema.bookings import BOOKINGS
from mulegraph.schema.tables import TABLES, Column, Kind, Table

_TRANSFERS = TABLES["transfers"]
_OF_SOURCE = Column("source_balance_after", Kind.AMOUNT, may_be_zero=True, signed=True, doc="of the source's account")
BESIDE_TRANSFERS = (_OF_SOURCE, replace(_OF_SOURCE, name="target_balance_after", doc="of the target's account"))
"""Columns of a file of transfers that become rows of balances."""

READ_TABLES: dict[str, Table] = {
    **TABLES,
    "transfers": replace(_TRANSFERS, columns=(*_TRANSFERS.columns, *BESIDE_TRANSFERS)),
    BOOKINGS.name: BOOKINGS,
}
"""Tables that files may be mapped to: those of the ledger, and bookings, which become transfers."""

NAMED_FORMATS = ("iso", "epoch_s", "epoch_ms", "epoch_us", "excel")
"""Ways of writing times that no pattern of strptime can say."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the file; a key that it does not have is an error."""


class Joined(_Section, frozen=True):
    """A column made of several (their values, with a text between them), or of a part of one: a pattern's group."""

    join: tuple[str | int, ...] = ()
    between: str = " "
    column: str | int = ""
    pattern: str = ""


Place = str | int
"""A column of the file by its name in the header, or by its place, counted from 1."""
Columns = str | int | Joined


class Steps(_Section, frozen=True):
    """Times counted from a start: 3 is three units after `since`."""

    unit: Literal["seconds", "minutes", "hours", "days"]
    since: str


class Direction(_Section, frozen=True):
    """Which way a booking's money went: a column of words, a column for each way, or columns of both parties."""

    column: Place = ""
    out: tuple[str, ...] = ()
    into: tuple[str, ...] = msgspec.field(default=(), name="in")
    debit: Place = ""
    credit: Place = ""
    debits_are_negative: bool = False
    payer: Place = ""
    payee: Place = ""


class ZoneOf(_Section, frozen=True):
    """The zone of each row, by the value of a column."""

    column: Place
    values: Mapping[str, str]


class IdForm(_Section, frozen=True):
    """The one way in which ids of a kind are written in the ledger."""

    blanks: Literal["keep", "remove"] = "keep"
    marks: Literal["keep", "remove"] = "keep"
    case: Literal["keep", "upper", "lower"] = "keep"
    zeros: Literal["keep", "strip"] = "keep"
    pad: int = 0


class Totals(_Section, frozen=True):
    """Patterns with one group for what a file says of itself above and below its rows."""

    rows: str = ""
    sum: str = ""
    debits: str = ""
    credits: str = ""
    opening: str = ""
    closing: str = ""


class TableMapping(_Section, frozen=True):
    """How one table's files are named, split into columns and spelled."""

    files: tuple[str, ...] = ()
    sheet: str = ""
    encoding: str = ""
    delimiter: str = ","
    skip_lines: int = 0
    header: bool = True
    footer_lines: int = 0
    file_name: str = ""
    preamble: Mapping[str, str] = {}
    decimal: str = ""
    grouping: str = ""
    minor_units: bool = False
    currency_beside: bool = False
    time_format: tuple[str, ...] = ()
    date_format: tuple[str, ...] = ()
    steps: Steps | None = None
    zone: str | ZoneOf = ""
    columns: Mapping[str, Columns] = {}
    constants: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, str]] = {}
    keep: Mapping[str, tuple[str, ...]] = {}
    drop: Mapping[str, tuple[str, ...]] = {}
    direction: Literal["", "sign", "minus_is_in"] | Direction = ""
    make_ids: bool = False
    totals: Totals | None = None


ID_KINDS = ("account", "holder", "device", "card", "merchant", "national_id")


class FileMapping(_Section, frozen=True):
    """The whole mapping: a zone for naive times, forms of ids, and what differs table by table."""

    zone: str = ""
    zones: Mapping[str, str] = {}
    ids: Mapping[str, IdForm] = {}
    tables: Mapping[str, tuple[TableMapping, ...]] = {}

    def of(self, table: str) -> tuple[TableMapping, ...]:
        """What differs for one table, once for each kind of file that feeds it."""
        return self.tables.get(table, (TableMapping(),))


_TEXTS = 'a table of texts, such as { ours = "theirs" }'
_ZONES = 'a time zone, or { column = "Bank", values = { VCB = "Asia/Ho_Chi_Minh" } }'
SHAPES: dict[str, str] = {
    "files": 'a list of file names, such as ["tx_*.csv"]',
    "sheet": "the name of a workbook's sheet",
    "encoding": "an encoding such as 'utf-16', 'windows-1252', 'windows-1258' or 'tcvn3'",
    "delimiter": "one ASCII character, such as ';'",
    "skip_lines": "a number of lines",
    "header": "true or false",
    "footer_lines": "a number of lines",
    "file_name": "a pattern with named groups, such as '(?P<bank>[A-Z]+)_.*'",
    "preamble": "a pattern with one group for each name, such as { account = 'Account: (\\S+)' }",
    "decimal": "'.' or ','",
    "grouping": "one of . , ' _ and a blank, and not the decimal mark",
    "minor_units": "true or false",
    "currency_beside": "true or false",
    "time_format": "patterns such as '%d/%m/%Y %H:%M', or one of " + ", ".join(NAMED_FORMATS),
    "date_format": "patterns such as '%d/%m/%Y', or one of iso, excel",
    "steps": '{ unit = "hours", since = "2026-01-01T00:00:00Z" }',
    "zone": _ZONES,
    "columns": 'a table such as { ours = "theirs", other = 3, third = ["Date", "Time"], part ='
    " { column = 'Text', pattern = '/IBAN/([A-Z0-9]+)' } }",
    "constants": _TEXTS,
    "values": 'a table of texts for each column, such as values.channel = { ACH = "batch" }',
    "keep": 'a list of values for each column, such as { State = ["booked"] }',
    "drop": 'a list of values for each column, such as { Type = ["total"] }',
    "direction": '"sign", "minus_is_in", { column = "D/C", out = ["D"], in = ["C"] }, { debit = "Out", credit = "In" }'
    ' or { payer = "From", payee = "To" }',
    "make_ids": "true or false",
    "totals": "patterns with one group: { rows = 'Rows: (\\d+)', sum = 'Total: (\\S+)' }; opening needs closing, and"
    " the other way round",
}
GROUPING_MARKS = ".,'_ "


def read_mapping(path: Path | None, *, zone: str | None = None) -> FileMapping:
    """Read a mapping file; `zone` (an IANA name) wins over the one in the file.

    Raises UsageError for a file that cannot be read, an unknown table, column, key or zone.
    """
    raw = _toml(path) if path else {}
    return mapping_of(raw, path.name if path else "", zone=zone)


def mapping_of(raw: dict[str, Any], name: str, *, zone: str | None = None) -> FileMapping:
    """The same of what stands in the file called `name`."""
    _check_asked(raw, name)
    raw = dict(raw)
    theirs = raw.pop("zone", "")
    _check_zone(zone or theirs, "--zone" if zone else name)
    zones = _converted(raw.pop("zones", {}), dict[str, str], f"{name}: [zones]", 'bank = "time zone"')
    for each in zones.values():
        _check_zone(each, f"{name}: [zones]")
    forms = f'{{ blanks = "remove", case = "upper", zeros = "strip", pad = 12 }} for one of {", ".join(ID_KINDS)}'
    ids = _converted(raw.pop("ids", {}), dict[Literal[ID_KINDS], IdForm], f"{name}: [ids]", forms)  # type: ignore[valid-type]
    tables = {table: _table_mappings(table, part, name) for table, part in raw.items()}
    return FileMapping(zone=zone or theirs, zones=zones, ids=ids, tables=tables)


def _converted(value: object, kind: Any, where: str, expected: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {error}", hint=f"Expected {expected}.") from error


def _check_asked(part: Any, where: str, key: str = "") -> None:
    """Refuse what `mulegraph map` left open: "?" would else be an account or a currency."""
    if part == "?":
        raise UsageError(f"{where}: {key} is still '?'", hint="Fill it in; the comment behind it says what is asked.")
    if isinstance(part, dict):
        for name, value in part.items():
            _check_asked(value, where, f"{key}.{name}" if key else name)


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


def _table_mappings(name: str, part: Any, where: str) -> tuple[TableMapping, ...]:
    """One mapping, or several where the table is written as [[name]]."""
    parts = part if isinstance(part, list) else [part]
    if name not in READ_TABLES or not all(isinstance(each, dict) for each in parts):
        raise UsageError(
            f"{where}: '{name}' is not a table of the ledger", hint="Use one of: " + ", ".join(READ_TABLES) + "."
        )
    return tuple(_table_mapping(READ_TABLES[name], each, where) for each in parts)


def _table_mapping(table: Table, part: dict[str, Any], where: str) -> TableMapping:
    for key, value in part.items():
        if key not in SHAPES:
            raise UsageError(
                f"{where}: [{table.name}] '{key}' is an unknown key", hint=f"Expected: {', '.join(SHAPES)}."
            )
        if not _fits(key, value):
            raise UsageError(f"{where}: [{table.name}] {key} = {value!r}", hint=f"Expected {SHAPES[key]}.")
    for key in ("columns", "constants", "values"):
        _check_columns(table, key, part.get(key, {}), where)
    for column in table.columns:
        texts = [part["constants"][column.name]] if column.name in part.get("constants", {}) else []
        _check_choices(table, column, [*texts, *part.get("values", {}).get(column.name, {}).values()], where)
    if "direction" in part and table is not BOOKINGS:
        raise UsageError(
            f"{where}: [{table.name}] 'direction' is a key of [bookings]",
            hint="Lines seen from one account are bookings: write [bookings], with account_id and counterparty_id.",
        )
    return msgspec.convert(_normal(part), TableMapping)


def _normal(part: dict[str, Any]) -> dict[str, Any]:
    """One format where a list may stand, and a list of columns for those that are joined by a blank."""
    changed = dict(part)
    for key in ("time_format", "date_format"):
        if isinstance(part.get(key), str):
            changed[key] = [part[key]]
    columns = part.get("columns", {})
    changed["columns"] = {ours: {"join": its} if isinstance(its, list) else its for ours, its in columns.items()}
    return changed


def _fits(key: str, value: Any) -> bool:
    """Whether a key holds what it may hold: its type, and then what no type says."""
    try:
        section = msgspec.convert(_normal({key: value}), TableMapping)
    except msgspec.ValidationError:
        return False
    held = getattr(section, key)
    match key:
        case "files":
            return bool(value)
        case "encoding":
            return known_encoding(value)
        case "delimiter":
            return len(value) == 1 and value.isascii() and value not in '"\r\n\0'
        case "decimal":
            return value in (".", ",")
        case "grouping":
            return len(value) == 1 and value in GROUPING_MARKS
        case "skip_lines" | "footer_lines":
            return bool(value >= 0)
        case "time_format" | "date_format":
            return bool(held) and all(_is_format(pattern) for pattern in held)
        case "file_name":
            return bool(_groups(value))
        case "preamble":
            return all(_groups(pattern) == 1 for pattern in value.values())
        case "totals":
            both = bool(held.opening) == bool(held.closing)
            return both and all(_groups(pattern) == 1 for pattern in value.values())
        case "columns":
            return all(_is_made(each) for each in held.values() if isinstance(each, Joined))
        case "zone":
            return all(_is_zone(each) for each in ([held] if isinstance(held, str) else held.values.values()))
        case "steps":
            return bool(re.fullmatch(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?", held.since))
        case "direction" if isinstance(held, Direction):
            ways = [bool(held.column), bool(held.debit and held.credit), bool(held.payer and held.payee)]
            return sum(ways) == 1 and bool(held.out) == bool(held.into)
    return True


def _is_made(column: Joined) -> bool:
    """Whether a column is made of several, or by a pattern with one group that the engine knows, too."""
    if not column.pattern:
        return bool(column.join) and not column.column
    try:
        duckdb.execute("SELECT regexp_extract('', ?, 1)", [column.pattern])
    except duckdb.Error:
        return False
    return bool(column.column) and not column.join and _groups(column.pattern) == 1


def _groups(pattern: str) -> int:
    try:
        return re.compile(pattern).groups
    except re.error:
        return 0


def _is_zone(name: str) -> bool:
    try:
        _check_zone(name, "")
    except UsageError:
        return False
    return True


def _is_format(pattern: str) -> bool:
    if pattern in NAMED_FORMATS:
        return True
    try:
        duckdb.execute("SELECT try_strptime('', ?)", [pattern])
    except duckdb.Error:
        return False
    return "%" in pattern


def _check_columns(table: Table, key: str, part: Mapping[str, object], where: str) -> None:
    known = table.column_names
    for column in part:
        if column not in known:
            raise UsageError(
                f"{where}: [{table.name}.{key}] names column '{column}', which {table.name} does not have",
                hint="Left of '=' stands our column: " + ", ".join(known) + ".",
            )


def _check_choices(table: Table, column: Column, texts: Iterable[str], where: str) -> None:
    """A spelling must turn into one that the column may hold ("" turns into an empty value)."""
    for text in texts:
        if column.kind is Kind.CHOICE and text and text not in column.choices:
            raise UsageError(
                f"{where}: [{table.name}] gives {column.name} the value '{text}', which it may not hold",
                hint="Right of '=' stands one of: " + ", ".join(column.choices) + ".",
            )
