"""Opening balance + bookings = closing balance, for every account, statement and page; and balances for the ledger."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from mulegraph.errors import DataError
from mulegraph.ingest.readers.base import Balance
from mulegraph.ingest.remarks import About, Remark
from mulegraph.lazy import duckdb
from mulegraph.schema.amounts import exact
from mulegraph.schema.tables import TABLES


@dataclass(frozen=True)
class _Page:
    """What the bookings of a page come to, and when they were."""

    net: Decimal
    first: object
    last: object


_NO_BOOKINGS = _Page(Decimal(), None, None)


def _pages(db: duckdb.DuckDBPyConnection) -> dict[tuple[int, str, str], _Page]:
    """Every page by (file, account, statement), of what is booked in `staged`."""
    signed = "CASE WHEN direction = 'in' THEN amount ELSE -amount END - coalesce(fee, 0)"
    rows = db.execute(f"""
        SELECT file, account_id, coalesce(statement, ''), sum({signed}), min(booked_at), max(booked_at) FROM staged
        WHERE coalesce(status, 'booked') IN ('booked', 'reversed') GROUP BY ALL""").fetchall()
    return {(file, account, statement): _Page(net, first, last) for file, account, statement, net, first, last in rows}


def check_balances(
    db: duckdb.DuckDBPyConnection,
    balances: Mapping[int, Sequence[Balance]],
    files: Sequence[Path],
    rejected: Mapping[int, int],
) -> int:
    """Compare every page that tells both its balances with its bookings, and make `made_balances` of all of them.

    `balances` and `rejected` (rows set aside) are by number of file. Gives how many pages were checked. Raises
    DataError that names the page and the difference: lines are missing, or stand there twice.
    """
    pages = _pages(db)
    checked = 0
    rows: list[tuple[object, ...]] = []
    for file, all_of_file in balances.items():
        by_page: dict[tuple[str, str], list[Balance]] = defaultdict(list)
        for balance in all_of_file:
            by_page[balance.account_id, balance.statement].append(balance)
        for (account, statement), found in by_page.items():
            page = pages.get((file, account, statement), _NO_BOOKINGS)
            opening = next((each for each in found if each.role == "opening"), None)
            closing = next((each for each in reversed(found) if each.role == "closing"), None)
            if opening is not None and closing is not None and opening.currency == closing.currency:
                checked += 1
                _check_page(files[file].name, statement, opening, closing, page.net, rejected.get(file, 0))
            rows += [_row(each, page) for each in found]
        _check_pages(files[file].name, by_page)
    _tabulate(db, rows)
    return checked


_PAGE = re.compile(r"(.+) page (\d+)")


def _check_pages(file: str, by_page: Mapping[tuple[str, str], Sequence[Balance]]) -> None:
    """Each page of a statement begins with what the page before it ends with, or one between them is missing."""
    before: dict[tuple[str, str, str], tuple[int, Balance]] = {}
    pages = [(account, found, all_) for (account, name), all_ in by_page.items() if (found := _PAGE.fullmatch(name))]
    for account, found, balances in sorted(pages, key=lambda each: int(each[1][2])):
        opening = next((each for each in balances if each.role == "opening"), None)
        closing = next((each for each in reversed(balances) if each.role == "closing"), None)
        if opening is None or closing is None:
            continue
        last, left = before.get((account, found[1], opening.currency), (0, opening))
        if left.amount != opening.amount:
            raise DataError(
                f"{file}: statement {found[1]}: page {found[2]} begins with {exact(opening.amount)}"
                f" {opening.currency}, and page {last} before it ends with {exact(left.amount)}: a page between them is"
                " missing",
                hint="Ask the bank for the whole statement.",
            )
        before[account, found[1], opening.currency] = (int(found[2]), closing)


def _check_page(file: str, statement: str, opening: Balance, closing: Balance, net: Decimal, rejected: int) -> None:
    difference = closing.amount - opening.amount - net
    if not difference:
        return
    aside = f"; {rejected} rows of the file were rejected" if rejected else ""
    of_statement = f"statement {statement}: " if statement else ""
    raise DataError(
        f"{file}: {of_statement}opening {exact(opening.amount)} and bookings {exact(net, signed=True)} do not make the"
        f" closing balance {exact(closing.amount)} {closing.currency}: {exact(difference, signed=True)} is"
        f" missing{aside}",
        hint="Ask the bank for the whole statement: a line or a page is missing, or stands in it twice.",
    )


def check_steps(db: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> list[Remark]:
    """Compare the balance after each line with the line before, both ways through the file.

    Raises DataError for a file in which the balances only follow when every line goes the other way: its sign or its
    words are read the wrong way round. Gives what is to be told of files with lines whose balance does not follow.
    """
    signed = "CASE WHEN direction = 'in' THEN amount ELSE -amount END - coalesce(fee, 0)"
    rows = db.execute(f"""
        WITH lines AS (SELECT *, {signed} AS signed FROM staged
            WHERE balance_after IS NOT NULL AND coalesce(status, 'booked') IN ('booked', 'reversed')),
        steps AS (SELECT file, account_id, currency, balance_after AS b, signed AS s,
                lag(balance_after) OVER o AS before, lag(signed) OVER o AS s_before
            FROM lines WINDOW o AS (PARTITION BY file, account_id, currency ORDER BY line))
        SELECT file, count(*), greatest(count(*) FILTER (before + s = b), count(*) FILTER (before - s_before = b)),
            greatest(count(*) FILTER (before - s = b), count(*) FILTER (before + s_before = b))
        FROM steps WHERE before IS NOT NULL GROUP BY file, account_id, currency ORDER BY ALL""").fetchall()
    broken: Counter[int] = Counter()
    for file, steps, right, reverse in rows:
        if reverse > right:
            raise DataError(
                f"{files[file].name}: {reverse:,} of {steps:,} balances after a line follow from the one before only if"
                " money that is read as in went out, and the other way round",
                hint='Say the direction the other way in the mapping: direction = "minus_is_in", or swap out and in.',
            )
        broken[file] += steps - right
    told = "lines have a balance that does not follow from the line before: lines may be missing or misread"
    found = [(files[file].name, count) for file, count in sorted(broken.items()) if count]
    return [Remark(About.BALANCES, "bookings", f"{count:,} {told}", count, name) for name, count in found]


def _row(balance: Balance, page: _Page) -> tuple[object, ...]:
    return (
        balance.account_id,
        balance.day or None,
        balance.amount,
        balance.currency,
        balance.kind,
        balance.statement,
        balance.role == "opening",
        page.first,
        page.last,
    )


def _tabulate(db: duckdb.DuckDBPyConnection, rows: list[tuple[object, ...]]) -> None:
    """Make `made_balances`. An opening balance is before the page's first booking, any other after its last."""
    db.execute("""
        CREATE OR REPLACE TABLE told_balances (account_id VARCHAR, day DATE, balance DECIMAL(18,3), currency VARCHAR,
            kind VARCHAR, source VARCHAR, opening BOOLEAN, first TIMESTAMP, last TIMESTAMP)""")
    if rows:
        names = ("account_id", "day", "balance", "currency", "kind", "source", "opening", "first", "last")
        columns = [list(column) for column in zip(*rows, strict=True)]
        arrays = {name: pa.array(column) for name, column in zip(names, columns, strict=True)}
        db.register("told_rows", pa.table(arrays))
        db.execute("INSERT INTO told_balances SELECT * FROM told_rows")
        db.unregister("told_rows")
    end_of_day = "CAST(day AS TIMESTAMP) + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND"
    at = f"""CASE WHEN opening AND first IS NOT NULL THEN date_trunc('day', first) WHEN opening THEN {end_of_day}
        ELSE greatest({end_of_day}, coalesce(last, {end_of_day})) END"""
    # Bookings with a balance of their own: of a day without clock only the last says something of a time.
    direction = """WITH rows AS (SELECT *,
                CASE WHEN direction = 'in' THEN amount ELSE -amount END - coalesce(fee, 0) AS signed FROM staged
            WHERE balance_after IS NOT NULL AND coalesce(status, 'booked') IN ('booked', 'reversed')),
        steps AS (SELECT file, account_id, balance_after - signed = lag(balance_after) OVER o AS up,
                lag(balance_after) OVER o - lag(signed) OVER o = balance_after AS down
            FROM rows WINDOW o AS (PARTITION BY file, account_id ORDER BY line)),
        ways AS (SELECT file, account_id, count(*) FILTER (down) > count(*) FILTER (up) AS newest_first
            FROM steps GROUP BY ALL)"""
    is_day = "booked_at = date_trunc('day', booked_at)"
    after = f"CASE WHEN {is_day} THEN booked_at + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND ELSE booked_at END"
    db.execute(f"""
        CREATE OR REPLACE TABLE made_balances AS
        SELECT account_id, {at} AS "at", balance, currency, kind, source FROM told_balances WHERE day IS NOT NULL
        UNION ALL
        SELECT account_id, {after}, balance_after, currency, 'booked', coalesce(statement, 'booking')
        FROM ({direction} SELECT r.*, w.newest_first FROM rows r JOIN ways w USING (file, account_id)
            QUALIFY row_number() OVER (PARTITION BY account_id, booked_at
                ORDER BY CASE WHEN w.newest_first THEN line ELSE -line END) = 1)""")
    key = ", ".join(f'"{name}"' for name in TABLES["balances"].key)
    db.execute(f"""
        CREATE OR REPLACE TABLE made_balances AS SELECT * FROM made_balances
        QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY balance) = 1""")
