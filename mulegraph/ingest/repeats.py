"""Lines that tell of money which other lines, of this load or of the ledger, tell of already.

- A batch that one file books as one sum, and another lists payment by payment. A statement (camt.053) books it as one
  entry, and the notification (camt.054) of the same day lists its payments under the same reference of the bank. They
  may come in one load or in two, in either order.
- A line that one file has with the bank's reference, and another (a CSV export of the same account) without.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

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
    if not statement_lines or not transfers:
        return sums, 0
    db.execute(f"""
        CREATE OR REPLACE TEMP TABLE known_lines AS SELECT account_id AS account, bank_reference AS bank_ref, direction,
            currency, CAST("at" AS DATE) AS day, amount,
            (CASE WHEN direction = 'out' THEN target ELSE source END) LIKE '%:%' AS is_open
        FROM {scan(statement_lines)} l JOIN {scan(transfers)} t USING (transfer_id)
        WHERE bank_reference IN (SELECT bank_ref FROM lines)""")
    known_parts = """SELECT account, bank_ref, direction, currency, day, sum(amount) AS amount FROM known_lines
        GROUP BY ALL HAVING count(*) > 1"""
    sums += _drop(db, f"SELECT l.n FROM lines l JOIN ({known_parts}) p ON {_SAME} AND {_OF_SUM}")
    known_sums = f"""SELECT p.* FROM ({_PARTS}) p JOIN known_lines l ON {_SAME} AND {_NEAR} WHERE l.is_open"""
    of_part = " AND ".join(f"p.{name} = l.{name}" for name in ("file", "account", "bank_ref", "direction", "day"))
    parts = _drop(db, f"SELECT l.n FROM lines l JOIN ({known_sums}) p ON {of_part}")
    db.execute("DROP TABLE known_lines")
    return sums, parts


_LINE = "account, day, direction, amount, currency"
_AGREES = "(a.e2e IS NULL OR b.e2e IS NULL OR a.e2e = b.e2e)"
_ROUNDS = (
    ("coalesce(other, '')", "true"),
    ("''", "(a.other IS NULL OR b.other IS NULL) AND NOT (a.other IS NULL AND b.other IS NULL)"),
)
"""What equal lines are counted by beside account, day and sum; and what must hold of parties that are not the same."""


def leave_out_alike(db: duckdb.DuckDBPyConnection, statement_lines: Sequence[Path], transfers: Sequence[Path]) -> int:
    """Delete from `lines` those that another file, or the ledger, has with a reference where they have none; how many.

    Of lines that are equal the k-th goes with the k-th. Of a pair in the ledger and here, what is here goes.
    """
    known = ""
    if statement_lines and transfers:
        end = "CASE WHEN direction = 'out' THEN target ELSE source END"
        known = f"""UNION ALL BY NAME SELECT -1 AS n, -1 AS file, account_id AS account, CAST("at" AS DATE) AS day,
            direction, amount, currency, CASE WHEN {end} NOT LIKE '%:%' THEN {end} END AS other,
            end_to_end_id AS e2e, bank_reference IS NOT NULL AS has_reference
            FROM {scan(statement_lines)} JOIN {scan(transfers)} USING (transfer_id)
            WHERE account_id IN (SELECT account FROM lines)"""
    db.execute(f"""
        CREATE OR REPLACE TEMP TABLE all_lines AS SELECT n, file, {_LINE}, other, e2e,
            bank_ref IS NOT NULL AS has_reference FROM lines WHERE NOT whole {known}""")
    count = 0
    for party, agrees in _ROUNDS:
        numbered = f"""SELECT *, row_number() OVER (PARTITION BY file, has_reference, {_LINE}, {party} ORDER BY n) AS k
            FROM all_lines"""
        keys = " AND ".join(f"a.{name} = b.{name}" for name in (*_LINE.split(", "), "k"))
        same_party = "a.other IS NOT DISTINCT FROM b.other" if agrees == "true" else agrees
        db.execute(f"""
            CREATE OR REPLACE TEMP TABLE alike AS SELECT a.n, b.n AS kept FROM ({numbered}) a JOIN ({numbered}) b
                ON {keys} AND a.file <> b.file AND {_AGREES} AND {same_party}
            WHERE a.n > 0 AND a.has_reference <> b.has_reference AND (b.n < 0 OR NOT a.has_reference)""")
        _complete(db)
        count += _drop(db, "SELECT n FROM alike", "all_lines")
    db.execute("DROP TABLE all_lines")
    return count


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
