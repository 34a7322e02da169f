"""Times as files write them → UTC, their precision, and whether the clock showed them once, as SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from mulegraph.ingest.mapping import Steps
from mulegraph.ingest.sql import text_in_sql

_CLOCK = r"[T ]\d{1,2}:\d\d(:\d\d([.]\d{1,9})?)?"
_OFFSET = r"[+-]\d\d(:?\d\d)?"
ISO_SHAPE = rf"\d{{4}}-\d\d-\d\d({_CLOCK}(Z|{_OFFSET})?)?"
"""What a time may look like when the mapping gives no format of its own."""

ISO_USUAL = "____-__-__T__:__:__Z"

EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
"""Microseconds of one unit."""
BUDDHIST = "buddhist "
"""Stands before a pattern whose years are of the Buddhist era, 543 more than ours."""
BUDDHIST_YEAR = r"\b2[456]\d\d\b"
EXCEL_ZERO = "DATE '1899-12-30'"
"""Day 0 of Excel's serials from March 1900 on: its calendar has a 29 February 1900."""
STEP_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}

_HOURS = ("%H", "%-H", "%I", "%-I", "%X", "%c", "%T")
_SECONDS = ("%S", "%-S", "%X", "%c", "%T")
_WITH_ZONE = ("%z", "%Z")

TWICE, NEVER = 1, 2
"""A wall time that the clock showed twice, and one that it never showed."""


@dataclass(frozen=True)
class TimeSql:
    """SQL over one text: `utc` (NULL: not so written, or no zone), `wall` where it has no zone of its own,
    `naive` whether that is so, `precision`, and `shape`, true where the text is written in this way at all."""

    utc: str
    wall: str
    naive: str
    precision: str
    shape: str


def time_sql(text: str, formats: tuple[str, ...], steps: Steps | None, zone: str) -> list[TimeSql]:
    """One for each way in which the time may be written. `zone` is SQL for the zone of naive times, or ''."""
    if steps is not None:
        return [_counted(text, steps)]
    return [_written(text, each, zone) for each in formats or ("iso",)]


def read_as(text: str, pattern: str) -> tuple[str, str]:
    """SQL for a time as its pattern without our additions reads it, and that pattern.

    `buddhist %d/%m/%Y` has years of the Buddhist era: the year is changed in the text, since its 29 February is not
    one of the same number in the other era. Spain and Latin America write `a. m.` for AM.
    """
    if pattern.startswith(BUDDHIST):
        year = f"regexp_extract({text}, '{BUDDHIST_YEAR}')"
        text = f"replace({text}, nullif({year}, ''), CAST(try_cast({year} AS INTEGER) - 543 AS VARCHAR))"
        pattern = pattern.removeprefix(BUDDHIST)
    if "%p" in pattern:
        text = rf"regexp_replace({text}, '(?i)[\s\x{{a0}}\x{{202f}}]*([ap])[.]?[\s\x{{a0}}\x{{202f}}]?m[.]?$', ' \1M')"
        pattern = pattern.replace("%M%p", "%M %p").replace("%S%p", "%S %p").replace("%I%p", "%I %p")
    return text, pattern


_WIDTHS = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2, "j": 3}


def packed(pattern: str) -> list[str]:
    """Patterns that a text must hold where nothing parts its numbers: 2026111 is the 1st of November or the 11th of
    January, and 46056 no date in `%y%m%d`, though it can be read as one."""
    runs = re.findall(r"(?:%[YymdHIMSj]){2,}", pattern)
    return [rf"(^|[^0-9])[0-9]{{{sum(_WIDTHS[code] for code in run[1::2])}}}([^0-9]|$)" for run in runs]


def _parsed(text: str, pattern: str) -> str:
    parsed = f"try_strptime({text}, {text_in_sql(pattern)})"
    whole = " AND ".join(f"regexp_matches({text}, '{each}')" for each in packed(pattern))
    return f"CASE WHEN {whole} THEN {parsed} END" if whole else parsed


def _written(text: str, pattern: str, zone: str) -> TimeSql:
    if pattern == "iso":
        return _iso(text, zone)
    if pattern in EPOCHS:
        shape = rf"regexp_full_match({text}, '\d{{8,17}}')"
        utc = f"make_timestamp(try_cast({text} AS BIGINT) * {EPOCHS[pattern]})"
        return TimeSql(f"CASE WHEN {shape} THEN {utc} END", "NULL", "false", "'second'", shape)
    if pattern == "excel":
        return _excel(text, zone)
    text, pattern = read_as(text, pattern)
    parsed = _parsed(text, pattern)
    shape = f"{parsed} IS NOT NULL"
    precision = "'second'" if any(code in pattern for code in _SECONDS) else "'minute'"
    if any(code in pattern for code in _WITH_ZONE):
        return TimeSql(f"timezone('UTC', {parsed})", "NULL", "false", precision, shape)
    if not any(code in pattern for code in _HOURS):
        return TimeSql(parsed, "NULL", "false", "'day'", shape)
    return TimeSql(_in_utc(parsed, zone), parsed, shape, precision, shape)


def _in_utc(wall: str, zone: str) -> str:
    if not zone:
        return "CAST(NULL AS TIMESTAMP)"
    return wall if zone == "'UTC'" else f"timezone('UTC', timezone({zone}, {wall}))"


def _iso(text: str, zone: str) -> TimeSql:
    wall = f"try_cast({text} AS TIMESTAMP)"
    clock = f"length({text}) > 10 AND NOT ends_with({text}, 'Z')"
    offset = f"regexp_matches({text}, '{_OFFSET}$')"
    instant = f"timezone('UTC', try_cast({text} AS TIMESTAMPTZ))"
    # A bare date stays that date, whatever the zone.
    utc = f"CASE WHEN NOT ({clock}) THEN {wall} WHEN {offset} THEN {instant} ELSE {_in_utc(wall, zone)} END"
    precision = f"CASE WHEN length({text}) <= 10 THEN 'day' WHEN {text} LIKE '%:__:__%' THEN 'second' ELSE 'minute' END"
    # The usual form is seen without the pattern, at a fifth of the price; that digits stand there, the cast has seen.
    shape = f"({text} LIKE '{ISO_USUAL}' OR regexp_full_match({text}, '{ISO_SHAPE}'))"
    return TimeSql(utc, wall, f"({clock} AND NOT {offset})", precision, shape)


def _excel(text: str, zone: str) -> TimeSql:
    """Days since the end of 1899; the fraction is the time of day."""
    number = f"try_cast(replace({text}, ',', '.') AS DECIMAL(18,11))"
    shape = rf"regexp_full_match({text}, '\d{{5}}([.,]\d+)?')"
    micros = f"CAST(round(({number} % 1) * 86400) AS BIGINT) * 1000000"
    wall = f"{EXCEL_ZERO} + to_days(CAST(floor({number}) AS INTEGER)) + to_microseconds({micros})"
    has_clock = f"{number} % 1 <> 0"
    utc = f"CASE WHEN {shape} THEN CASE WHEN {has_clock} THEN {_in_utc(f'({wall})', zone)} ELSE {wall} END END"
    precision = f"CASE WHEN {has_clock} THEN 'second' ELSE 'day' END"
    return TimeSql(utc, f"({wall})", f"({shape} AND {has_clock})", precision, shape)


def _counted(text: str, steps: Steps) -> TimeSql:
    since = datetime.fromisoformat(steps.since)
    since = since.astimezone(UTC).replace(tzinfo=None) if since.tzinfo else since
    shape = rf"regexp_full_match({text}, '\d{{1,12}}([.]0+)?')"
    seconds = f"CAST(try_cast({text} AS DECIMAL(18,3)) AS BIGINT) * {STEP_SECONDS[steps.unit]}"
    utc = f"CASE WHEN {shape} THEN TIMESTAMP '{since}' + to_seconds({seconds}) END"
    return TimeSql(utc, "NULL", "false", text_in_sql(steps.unit.removesuffix("s")), shape)


def date_sql(text: str, formats: tuple[str, ...]) -> list[tuple[str, str]]:
    """The date and the shape, once for each way in which it may be written."""
    return [_date(text, each) for each in formats or ("iso",)]


def _date(text: str, pattern: str) -> tuple[str, str]:
    if pattern == "iso":
        return f"try_cast(left({text}, 10) AS DATE)", f"regexp_full_match({text}, '{ISO_SHAPE}')"
    if pattern == "excel":
        shape = rf"regexp_full_match({text}, '\d{{1,6}}([.]0*)?')"
        return f"CASE WHEN {shape} THEN {EXCEL_ZERO} + CAST(try_cast({text} AS DOUBLE) AS INTEGER) END", shape
    if pattern in EPOCHS:
        utc = _written(text, pattern, "").utc
        return f"CAST({utc} AS DATE)", f"{utc} IS NOT NULL"
    text, pattern = read_as(text, pattern)
    parsed = _parsed(text, pattern)
    return f"CAST({parsed} AS DATE)", f"{parsed} IS NOT NULL"


@cache
def odd_hours(zone: str) -> tuple[tuple[datetime, datetime, int], ...]:
    """Wall times of a zone from 1990 to 2040 that its clocks showed twice or never: from, until, which of the two."""
    found = []
    info = ZoneInfo(zone)
    at, end = datetime(1990, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    before = at.astimezone(info).utcoffset()
    while at < end:
        later = at + timedelta(days=1)
        after = later.astimezone(info).utcoffset()
        if before is not None and after is not None and before != after:
            turn = _turn(info, at, later).replace(tzinfo=None)
            low, high = sorted((turn + before, turn + after))
            found.append((low, high, TWICE if after < before else NEVER))
        at, before = later, after
    return tuple(found)


def _turn(info: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The minute at which the zone's offset changes between two instants."""
    offset = low.astimezone(info).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(info).utcoffset() == offset else (low, middle)
    return high.replace(second=0, microsecond=0)


def odd_sql(wall: str, zone: str) -> str:
    """SQL: TWICE, NEVER or NULL for a wall time of a zone; cheap on all days but those of a change."""
    hours = odd_hours(zone)
    if not hours:
        return "NULL"
    dates = sorted({each.date() for low, high, _ in hours for each in (low, high)})
    days = ", ".join(f"DATE '{each}'" for each in dates)
    cases = []
    for low, high, which in hours:
        cases.append(f"WHEN {wall} >= TIMESTAMP '{low}' AND {wall} < TIMESTAMP '{high}' THEN {which}")
    return f"CASE WHEN CAST({wall} AS DATE) IN ({days}) THEN CASE {' '.join(cases)} END END"
