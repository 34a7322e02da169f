"""Lines that tell of money which other lines, of this load or of the ledger, tell of already.

- A batch that one file books as one sum, and another lists payment by payment. A statement (camt.053) books it as one
  entry, and the notification (camt.054) of the same day lists its payments under the same reference of the bank. They
  may come in one load or in two, in either order.
- A line that one file has with the bank's reference, and another (a CSV export of the same account) without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mulegraph.ingest.readers.base import NOTIFICATION
from mulegraph.ingest.sql import number_in_sql
from mulegraph.ledger.engine import scan

_SAME = " AND ".join(f"p.{name} = l.{name}" for name in ("account", "bank_ref", "direction", "currency", "amount"))
_NEAR = "abs(date_diff('day', p.day, l.day)) <= 1"
"""A notification may be dated the day before its statement."""

_OF_SUM = f"{_NEAR} WHERE l.other IS NULL"
"""A sum names no other party; its parts do."""

_PARTS = """SELECT file, account, bank_ref, direction, currency, day, sum(amount) AS amount FROM lines
    WHERE bank_ref IS NOT NULL GROUP BY ALL HAVING count(*) > 1"""


def leave_out_totals(
    db: duckdb.DuckDBPyConnection, statement_lines: Sequence[Path], transfers: Sequence[Path]
) -> tuple[int, int]:
    """Delete from `lines` what is the same money as other lines; gives how many sums, and how many of their parts.

    A sum goes where its parts are here or in the ledger. Parts go where the ledger has their sum: it cannot be taken
    out of a snapshot that runs were made of, so the payments stay one, and the load tells it.
    """
    sums = _drop(db, f"SELECT l.n FROM lines l JOIN ({_PARTS}) p ON {_SAME} AND p.file <> l.file AND {_OF_SUM}")
    db.execute(f"CREATE OR REPLACE TEMP TABLE known_lines AS {_known_lines(statement_lines, transfers)}")
    notified = _leave_out_notified(db)
    sums += notified.sums
    if not statement_lines or not transfers:
        db.execute("DROP TABLE known_lines")
        return sums, 0
    known_parts = """SELECT account, bank_ref, direction, currency, day, sum(amount) AS amount FROM known_lines
        WHERE bank_ref IS NOT NULL GROUP BY ALL HAVING count(*) > 1"""
    sums += _drop(db, f"SELECT l.n FROM lines l JOIN ({known_parts}) p ON {_SAME} AND {_OF_SUM}")
    known_sums = f"""SELECT p.* FROM ({_PARTS}) p JOIN known_lines l ON {_SAME} AND {_NEAR} WHERE l.is_open"""
    shared = ("file", "account", "bank_ref", "direction", "currency", "day")
    of_part = " AND ".join(f"p.{name} = l.{name}" for name in shared)
    parts = _drop(db, f"SELECT l.n FROM lines l JOIN ({known_sums}) p ON {of_part}")
    db.execute("DROP TABLE known_lines")
    return sums, parts + notified.parts


def _known_lines(statement_lines: Sequence[Path], transfers: Sequence[Path]) -> str:
    """SQL: the ledger's lines of the same accounts and about the same days; none where there are none."""
    if not statement_lines or not transfers:
        return """SELECT 0 AS n, 0 AS file, account, statement, bank_ref, direction, currency, day, amount, kind, other,
            false AS is_open FROM lines WHERE false"""
    end = "CASE WHEN l.direction = 'out' THEN target ELSE source END"
    return f"""SELECT -row_number() OVER (ORDER BY account_id, booking_id) AS n, -1 AS file,
            {number_in_sql("account_id")} AS account, statement, bank_reference AS bank_ref, l.direction, l.currency,
            booked_on AS day, l.amount, 'transfer' AS kind, CASE WHEN {end} NOT LIKE '%:%' THEN {end} END AS other,
            {end} LIKE '%:others:%' AS is_open
        FROM {scan(statement_lines)} l JOIN {scan(transfers)} t USING (transfer_id)
        WHERE {number_in_sql("account_id")} IN (SELECT account FROM lines)
            AND booked_on BETWEEN (SELECT min(day) FROM lines) - INTERVAL 1 DAY
            AND (SELECT max(day) FROM lines) + INTERVAL 1 DAY"""


@dataclass(frozen=True)
class _Notified:
    """Sums of statements that were left out, and payments of notifications that were."""

    sums: int
    parts: int


def _leave_out_notified(db: duckdb.DuckDBPyConnection) -> _Notified:
    """The same for a notification (camt.054) whose payments have another reference than their sum, or none.

    A notification only repeats what a statement books, which no other file does: its payments of a day, by entry and
    then all together, are the line of the same sum that names no party, the k-th the k-th. Not where the
    statement has the payments one by one.

    A load before may have matched the payments already, so between loads only a sum of the same day is theirs.
    """
    sums = parts = 0
    columns = "n, file, account, statement, bank_ref, direction, currency, day, amount, kind, other"
    db.execute("CREATE OR REPLACE TEMP TABLE matched (n BIGINT)")
    for entry in ("bank_ref", "''"):
        db.execute(f"""
            CREATE OR REPLACE TEMP TABLE notified AS WITH
            every AS (SELECT {columns}, other IS NULL AS is_open FROM lines
                UNION ALL SELECT {columns}, is_open FROM known_lines),
            groups AS (SELECT file, account, statement, {entry} AS entry, direction, currency, day,
                    sum(amount) AS amount, max(amount) AS largest, list(n) AS parts
                FROM every WHERE statement LIKE '{NOTIFICATION}%'
                AND n NOT IN (FROM matched) GROUP BY ALL HAVING count(*) > 1),
            ranked AS (SELECT *, row_number() OVER (PARTITION BY account, direction, currency, amount
                ORDER BY day, parts[1]) AS k FROM groups),
            sums AS (SELECT *, row_number() OVER (PARTITION BY account, direction, currency, amount
                ORDER BY day, n) AS k
                FROM every WHERE is_open AND kind IN ('transfer', 'direct_debit')
                AND coalesce(statement, '') NOT LIKE '{NOTIFICATION}%')
            SELECT l.n AS sum_line, p.parts FROM ranked p JOIN sums l USING (account, direction, currency, amount, k)
            WHERE CASE WHEN p.file < 0 OR l.file < 0 THEN p.day = l.day ELSE {_NEAR} END AND p.file <> l.file
                AND NOT EXISTS (FROM every s WHERE s.file = l.file
                AND s.account = p.account AND s.direction = p.direction AND s.amount = p.largest AND s.other IS NOT NULL
                AND coalesce(s.statement, '') NOT LIKE '{NOTIFICATION}%'
                AND abs(date_diff('day', p.day, s.day)) <= 1)""")
        # What is in the ledger stays: of a sum there the payments of this load go, else the sum goes.
        sums += _drop(db, "SELECT sum_line AS n FROM notified WHERE sum_line > 0")
        known = "SELECT unnest(parts) AS n FROM notified WHERE sum_line < 0"
        parts += _drop(db, f"SELECT n FROM ({known}) WHERE n > 0")
        db.execute("INSERT INTO matched SELECT unnest(parts) FROM notified")
    db.execute("DROP TABLE notified")
    db.execute("DROP TABLE matched")
    return _Notified(sums, parts)


_LINE = ("account", "day", "direction", "amount", "currency")
_ROUNDS = (
    ("true", "true", "coalesce(other, '')"),
    ("a.other IS NULL", "b.other IS NOT NULL", "''"),
    ("a.other IS NOT NULL", "b.other IS NULL", "''"),
)
"""Which lines may go, which stand for them, and what equal ones are counted by beside account, day and sum: first of
one party or of none both, then where one of the two names no party."""


def leave_out_alike(db: duckdb.DuckDBPyConnection, statement_lines: Sequence[Path], transfers: Sequence[Path]) -> int:
    """Delete from `lines` those that another file, or the ledger, has with a reference where they have none; how many.

    Of lines that are equal the k-th goes with the k-th, and a line stands for at most one of each other file. Of a
    pair in the ledger and here, what is here goes.
    """
    known = ""
    if statement_lines and transfers:
        end = number_in_sql("CASE WHEN l.direction = 'out' THEN target ELSE source END")
        known = f"""UNION ALL BY NAME SELECT -row_number() OVER (ORDER BY account_id, booking_id) AS n, -1 AS file,
            {number_in_sql("account_id")} AS account, booked_on AS day, direction, l.amount, l.currency,
            CASE WHEN {end} NOT LIKE '%:%' THEN {end} END AS other, end_to_end_id AS e2e,
            bank_reference IS NOT NULL AS has_reference
            FROM {scan(statement_lines)} l JOIN {scan(transfers)} t USING (transfer_id)
            WHERE {number_in_sql("account_id")} IN (SELECT account FROM lines)"""
    db.execute(f"""
        CREATE OR REPLACE TEMP TABLE all_lines AS SELECT n, file, {", ".join(_LINE)}, other, e2e,
            bank_ref IS NOT NULL AS has_reference FROM lines WHERE NOT whole {known}""")
    db.execute("CREATE OR REPLACE TEMP TABLE paired (kept BIGINT, file BIGINT)")
    count = sum(_pair_alike(db, *each) for each in _ROUNDS)
    for table in ("all_lines", "paired", "alike"):
        db.execute(f"DROP TABLE {table}")
    return count


def _pair_alike(db: duckdb.DuckDBPyConnection, goes: str, stands: str, party: str) -> int:
    line = ", ".join(_LINE)
    same = " AND ".join(f"a.{name} = b.{name}" for name in _LINE)
    agrees = "a.other IS NOT DISTINCT FROM b.other" if goes == "true" else goes
    # Counted for each file that may lose a line, among what does not stand for one of its lines already.
    db.execute(f"""
        CREATE OR REPLACE TEMP TABLE alike AS WITH
        going AS (SELECT *, row_number() OVER (PARTITION BY file, has_reference, {line}, {party} ORDER BY n) AS k
            FROM all_lines a WHERE n > 0 AND {goes}),
        standing AS (SELECT *, row_number() OVER (PARTITION BY for_file, file, {line}, {party} ORDER BY abs(n)) AS k
            FROM (SELECT b.*, a.file AS for_file, a.has_reference AS for_reference FROM all_lines b JOIN
                    (SELECT DISTINCT file, has_reference, {line} FROM all_lines WHERE n > 0) a
                    ON {same} AND a.file <> b.file AND a.has_reference <> b.has_reference
                  WHERE {stands} AND (b.n < 0 OR b.has_reference)
                    AND (b.n, a.file) NOT IN (SELECT (kept, file) FROM paired)))
        SELECT a.n, b.n AS kept, a.file FROM going a JOIN standing b ON {same} AND a.file = b.for_file AND a.k = b.k
            AND a.has_reference = b.for_reference AND {agrees}
            AND (a.e2e IS NULL OR b.e2e IS NULL OR a.e2e = b.e2e)
        QUALIFY row_number() OVER (PARTITION BY a.n ORDER BY b.n) = 1""")
    # An update reads and holds all lines, also where it changes none: a third of the memory that a load takes.
    ((found,),) = db.execute("SELECT count(*) FROM alike").fetchall()
    if not found:
        return 0
    db.execute("INSERT INTO paired SELECT kept, file FROM alike")
    _complete(db)
    return _drop(db, "SELECT n FROM alike", "all_lines")


def _complete(db: duckdb.DuckDBPyConnection) -> None:
    """What the kept line of a pair does not say, the other may: party, reference, time of day, text."""
    names = ("other", "other_bank", "e2e", "uetr", "remittance", "balance_after")
    filled = ", ".join(f"{name} = coalesce(lines.{name}, gone.{name})" for name in names)
    exact = "lines.precision = 'day' AND gone.precision <> 'day'"
    db.execute(f"""
        UPDATE lines SET {filled}, "at" = CASE WHEN {exact} THEN gone."at" ELSE lines."at" END,
            precision = CASE WHEN {exact} THEN gone.precision ELSE lines.precision END
        FROM (SELECT kept, arg_min(l, l.n) AS gone FROM alike JOIN lines l USING (n) GROUP BY kept)
        WHERE lines.n = kept""")


def _drop(db: duckdb.DuckDBPyConnection, numbers: str, *also: str) -> int:
    """Delete the lines of the numbers that a query gives, also from other tables of lines; gives how many."""
    db.execute(f"CREATE OR REPLACE TEMP TABLE same_money AS SELECT DISTINCT n FROM ({numbers})")
    ((count,),) = db.execute("SELECT count(*) FROM same_money").fetchall()
    for table in ("lines", *also) if count else ():
        db.execute(f"DELETE FROM {table} WHERE n IN (FROM same_money)")
    return int(count)
