"""The hours of daylight saving: wall times that the clock showed twice, or never, settled by the file's order."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from mulegraph.ingest.remarks import About, Remark
from mulegraph.ingest.rules import Reading, main_time, parsed_sql
from mulegraph.ingest.sql import quoted
from mulegraph.ingest.times import NEVER, TWICE
from mulegraph.lazy import duckdb


def odd_column(reading: Reading) -> bool:
    """Whether some zone of the file has such hours."""
    return any(item.endswith("__odd") for item in parsed_sql(reading))


def odd_items(reading: Reading) -> list[str]:
    """Select items: which of the two a row's main time is, and the time that the clock showed."""
    main = main_time(reading.table)
    if odd_column(reading):
        return [f"CAST({main}__odd AS TINYINT) AS odd", f"CASE WHEN {main}__odd > 0 THEN {main}__wall END AS wall"]
    return ["CAST(NULL AS TINYINT) AS odd", "CAST(NULL AS TIMESTAMP) AS wall"]


def settle_odd_hours(db: duckdb.DuckDBPyConnection, number: int, name: str, reading: Reading) -> list[Remark]:
    """Give times that were shown twice the instant that the file's order says; tells how many there are."""
    rows = db.execute(
        "SELECT line, odd, wall FROM staged WHERE file = ? AND odd IS NOT NULL ORDER BY line", [number]
    ).fetchall()
    twice = [(line, wall) for line, odd, wall in rows if odd == TWICE]
    never = sum(odd == NEVER for _, odd, _ in rows)
    zone = reading.zone.strip("'") if reading.zone.startswith("'") else ""
    remarks = []
    if twice:
        # Only a file in order of time says by its lines when the clock went back.
        instants = _by_order(db, number, reading, twice, ZoneInfo(zone)) if zone else None
        settled = "the file's order does not tell which, so the later of the two is taken"
        if instants is not None:
            _update(db, number, reading, instants)
            unsure = _unsure(twice, instants)
            of = f"of {unsure:,} of them " if unsure < len(twice) else ""
            settled = f"{of}the file's order does not tell which, so the earlier of the two is taken"
            settled = settled if unsure else "their order in the file says which of the two"
        text = f"{len(twice):,} times stand in the hour that the clock shows twice when summer time ends; {settled}"
        remarks.append(Remark(About.TWICE, reading.table.name, text, len(twice), name))
    if never:
        text = f"{never:,} times stand in the hour that daylight saving leaves out; they are read as an hour later"
        remarks.append(Remark(About.NEVER, reading.table.name, text, never, name))
    return remarks


def _by_order(
    db: duckdb.DuckDBPyConnection, number: int, reading: Reading, twice: list[tuple[int, datetime]], zone: ZoneInfo
) -> list[tuple[int, datetime]] | None:
    """Line and instant as the file's order has them, oldest or newest first; None where it is in neither order."""
    at = quoted(main_time(reading.table))
    rest = db.execute(
        f"SELECT line, epoch_us({at}) AS at FROM staged WHERE file = ? AND {at} IS NOT NULL AND odd IS NULL", [number]
    ).fetchnumpy()
    fitting = []
    for newest_first in (False, True):
        instants = _instants(twice, zone, newest_first)
        lines = np.concatenate([rest["line"], [line for line, _ in instants]])
        odd = np.array([at for _, at in instants], "datetime64[us]").astype(np.int64)
        times = np.concatenate([rest["at"], odd])[np.argsort(lines)]
        if (np.diff(times[::-1] if newest_first else times) >= 0).all():
            fitting.append(sorted(instants))
    return fitting[0] if fitting and fitting[0] == fitting[-1] else None


def _unsure(twice: list[tuple[int, datetime]], instants: list[tuple[int, datetime]]) -> int:
    """How many stand in nights in which no line goes back: all of them may be before the change, or all after it."""
    at = dict(instants)
    nights: dict[date, list[timedelta]] = defaultdict(list)
    for line, wall in twice:
        nights[wall.date()].append(wall - at[line])
    return sum(len(each) for each in nights.values() if len(set(each)) == 1)


def _instants(twice: list[tuple[int, datetime]], zone: ZoneInfo, newest_first: bool) -> list[tuple[int, datetime]]:
    """Line and instant: within a night the clock went back where a time is earlier than one before it."""
    found = []
    latest: datetime | None = None
    again = False
    for line, wall in reversed(twice) if newest_first else twice:
        if latest is None or wall.date() != latest.date():
            again = False
        elif wall < latest:
            again = True
        latest = wall
        instant = wall.replace(tzinfo=zone, fold=int(again)).astimezone(UTC).replace(tzinfo=None)
        found.append((line, instant))
    return found


def _update(db: duckdb.DuckDBPyConnection, number: int, reading: Reading, instants: list[tuple[int, datetime]]) -> None:
    lines, times = zip(*instants, strict=True)
    db.register(
        "settled", pa.table({"line": pa.array(lines, pa.int64()), "instant": pa.array(times, pa.timestamp("us"))})
    )
    at = quoted(main_time(reading.table))
    db.execute(f"UPDATE staged s SET {at} = t.instant FROM settled t WHERE s.file = {number} AND s.line = t.line")
    db.unregister("settled")
