"""What a feed did not bring: tables and banks that fell silent, columns suddenly empty, amounts and counts that drift.

The last day is compared with the same hours of the four weeks before it, so that a scan at nine in the morning does not
take the rest of the day for missing. Nothing here is a finding: it says whether findings can be trusted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from mulegraph.lazy import duckdb
from mulegraph.ledger.engine import scan as read
from mulegraph.ledger.ledger import Ledger

DAYS = 28
MIN_EXPECTED = 20.0
"""Rows of a day under which nothing is said: of 20 expected none comes by chance once in 5 · 10⁸ days (Poisson)."""
MIN_ROWS = 200
"""Amounts of fewer rows than this are not compared: with ten bins their index is noise of 0.1 and more."""
MAX_INDEX = 0.25
"""Population stability index from which a shift counts as large (Siddiqi, Credit Risk Scorecards, 2006)."""
MAX_RATIO = 2.0
"""A day with twice or half the rows of its weekday."""
BINS = 10
MAX_EMPTY, FULLY_EMPTY = 0.5, 1.0
COLUMNS = ("device_id", "place", "reference", "channel")
TIMED = ("transfers", "device_use", "card_events")


@dataclass(frozen=True)
class FeedNote:
    """One thing that is otherwise than it was: what of which kind, what was expected, and what came."""

    kind: str
    what: str
    expected: float
    found: float
    text: str


def feed_notes(ledger: Ledger) -> list[dict[str, Any]]:
    """What the last day did not bring, as rows for the run's manifest: silence first."""
    with duckdb.connect() as db:
        db.execute("SET memory_limit = '1GB'")
        found = [note for name in TIMED if ledger.rows(name) for note in _of_table(db, ledger, name)]
        found += [*_of_banks(db, ledger), *_of_columns(db, ledger), *_of_amounts(db, ledger)]
    order = ("silent", "empty", "count", "drift")
    return [asdict(note) for note in sorted(found, key=lambda note: (order.index(note.kind), note.what))]


def _recent(ledger: Ledger, table: str, days: int = DAYS) -> str:
    """SQL of a table's rows of the last day (age 0) and of the same hours of so many days before."""
    until = ledger.until
    since = (until - timedelta(days=days)).date()
    files = ledger.snapshot.of(table)
    # Transfers have a file for each day, so older days are not read at all.
    paths = [ledger.store.data / file.path for file in files if not file.day or file.day >= since.isoformat()]
    return f"""(SELECT *, date_diff('day', "at"::DATE, DATE '{until.date()}') AS age FROM {read(paths)}
        WHERE "at"::DATE BETWEEN DATE '{since}' AND DATE '{until.date()}' AND "at"::TIME <= TIME '{until.time()}')"""


def _expected(by_age: dict[int, float]) -> float | None:
    """Rows of a day like the last one: its weekday's median; None where the ledger is too young to say."""
    oldest = max(by_age, default=0)
    weeks = [by_age.get(age, 0.0) for age in range(7, DAYS + 1, 7) if age <= oldest]
    return median(weeks) if weeks else None


def _of_table(db: Any, ledger: Ledger, table: str) -> Iterator[FeedNote]:
    rows = db.execute(f"SELECT age, count(*) FROM {_recent(ledger, table)} GROUP BY age").fetchall()
    by_age = {int(age): float(count) for age, count in rows}
    expected, found = _expected(by_age), by_age.get(0, 0.0)
    if expected is None or expected < MIN_EXPECTED:
        return
    day = _day(ledger.until)
    if not found:
        yield FeedNote("silent", table, expected, 0, f"{table}: no row on {day}, where {expected:,.0f} are usual")
    elif not 1 / MAX_RATIO <= found / expected <= MAX_RATIO:
        text = f"{table}: {found:,.0f} rows on {day}, where {expected:,.0f} are usual"
        yield FeedNote("count", table, expected, found, text)


def _of_banks(db: Any, ledger: Ledger) -> Iterator[FeedNote]:
    """Banks whose accounts paid nothing, where they pay every such day."""
    accounts = read(ledger.paths("accounts"))
    # Nearly every night all banks paid on the last day, and then the weeks before need not be read.
    db.execute(f"""
        CREATE OR REPLACE TEMP TABLE paying AS SELECT DISTINCT bank FROM {_recent(ledger, "transfers", 0)} t
        JOIN {accounts} a ON a.account_id = t.source""")
    silent = f"{accounts} a WHERE NOT EXISTS (FROM paying p WHERE p.bank IS NOT DISTINCT FROM a.bank)"
    if db.execute(f"SELECT count(*) FROM {silent}").fetchone() == (0,):
        return
    rows = db.execute(f"""
        SELECT bank, age, count(*) FROM {_recent(ledger, "transfers")} t
        JOIN (SELECT DISTINCT account_id, bank FROM {silent}) a ON a.account_id = t.source
        GROUP BY bank, age ORDER BY bank, age""").fetchall()
    banks: dict[str, dict[int, float]] = {}
    for bank, age, count in rows:
        banks.setdefault(bank, {})[int(age)] = float(count)
    for bank, by_age in banks.items():
        expected = _expected(by_age)
        if expected is not None and expected >= MIN_EXPECTED and not by_age.get(0):
            text = f"bank {bank}: no payment on {_day(ledger.until)}, where {expected:,.0f} are usual"
            yield FeedNote("silent", f"bank {bank}", expected, 0, text)


def _of_columns(db: Any, ledger: Ledger) -> Iterator[FeedNote]:
    """Columns of transfers that hold nothing on the last day, and did before."""
    shares = ", ".join(f"avg(({name} IS NULL)::INT)" for name in COLUMNS)
    sql = f"SELECT age = 0, count(*), {shares} FROM {_recent(ledger, 'transfers')} GROUP BY 1"
    rows = {bool(last): (count, values) for last, count, *values in db.execute(sql).fetchall()}
    if len(rows) < 2 or rows[True][0] < MIN_EXPECTED:
        return
    for name, before, now in zip(COLUMNS, rows[False][1], rows[True][1], strict=True):
        if now == FULLY_EMPTY and before <= MAX_EMPTY:
            text = f"transfers.{name}: empty in every row of {_day(ledger.until)}; {1 - before:.0%} had one before"
            yield FeedNote("empty", f"transfers.{name}", 1 - before, 0, text)


def _of_amounts(db: Any, ledger: Ledger) -> Iterator[FeedNote]:
    """Currencies whose amounts are spread otherwise than before."""
    recent = _recent(ledger, "transfers")
    edges = db.execute(f"""
        SELECT currency, quantile_disc(amount, [{", ".join(str(each / BINS) for each in range(1, BINS))}])
        FROM {recent} WHERE age > 0 GROUP BY currency ORDER BY currency""").fetchall()
    for currency, cuts in edges:
        place = " + ".join(f"(amount > {cut})::INT" for cut in sorted(set(cuts)))
        sql = f"SELECT {place} AS bin, age = 0, count(*) FROM {recent} WHERE currency = ? GROUP BY 1, 2"
        counts = {(int(each), bool(last)): int(rows) for each, last, rows in db.execute(sql, [currency]).fetchall()}
        bins = sorted({each for each, _ in counts})
        before, now = ([counts.get((each, last), 0) for each in bins] for last in (False, True))
        if min(sum(before), sum(now)) < MIN_ROWS:
            continue
        index = stability_index(before, now)
        if index > MAX_INDEX:
            text = f"amounts in {currency}: spread otherwise on {_day(ledger.until)} (stability index {index:.2f})"
            yield FeedNote("drift", f"amounts in {currency}", MAX_INDEX, round(index, 3), text)


def stability_index(before: list[int], now: list[int]) -> float:
    """Population stability index of two counts over the same bins, Σ (q − p) · ln(q / p); half a row in empty ones."""
    sums = [max(sum(counts), 1) for counts in (before, now)]
    shares = [[max(each, 0.5) / total for each in counts] for counts, total in zip((before, now), sums, strict=True)]
    return sum((after - early) * math.log(after / early) for early, after in zip(*shares, strict=True))


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d} until {at:%H:%M} UTC"
