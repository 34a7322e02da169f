"""A batch that one file books as one sum, and another lists payment by payment, is the same money.

A statement (camt.053) books a batch as one entry, and the notification (camt.054) of the same day lists its payments
under the same reference of the bank. They may come in one load or in two, in either order.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from mulegraph.ledger.engine import scan

_SAME = " AND ".join(f"p.{name} = l.{name}" for name in ("account", "bank_ref", "direction", "currency", "amount"))
_NEAR = "abs(date_diff('day', p.day, l.day)) <= 1"
"""A notification may be dated the day before its statement."""

_PARTS = """SELECT file, account, bank_ref, direction, currency, day, sum(amount) AS amount FROM lines
    WHERE bank_ref IS NOT NULL GROUP BY ALL HAVING count(*) > 1"""


def leave_out_totals(
    db: duckdb.DuckDBPyConnection, statement_lines: Sequence[Path], transfers: Sequence[Path]
) -> tuple[int, int]:
    """Delete from `lines` what is the same money as other lines; gives how many sums, and how many of their parts.

    A sum goes where its parts are here or in the ledger. Parts go where the ledger has their sum: it cannot be taken
    out of a snapshot that runs were made of, so the payments stay one, and the load tells it.
    """
    sums = _drop(db, f"SELECT l.n FROM lines l JOIN ({_PARTS}) p ON {_SAME} AND p.file <> l.file AND {_NEAR}")
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
    sums += _drop(db, f"SELECT l.n FROM lines l JOIN ({known_parts}) p ON {_SAME} AND {_NEAR}")
    known_sums = f"""SELECT p.* FROM ({_PARTS}) p JOIN known_lines l ON {_SAME} AND {_NEAR} WHERE l.is_open"""
    of_part = " AND ".join(f"p.{name} = l.{name}" for name in ("file", "account", "bank_ref", "direction", "day"))
    parts = _drop(db, f"SELECT l.n FROM lines l JOIN ({known_sums}) p ON {of_part}", "true")
    db.execute("DROP TABLE known_lines")
    return sums, parts


def _drop(db: duckdb.DuckDBPyConnection, numbers: str, where: str = "l.other IS NULL") -> int:
    """Delete the lines of the given numbers; a sum names no other party, its parts do."""
    db.execute(f"CREATE OR REPLACE TEMP TABLE same_money AS SELECT DISTINCT n FROM ({numbers} WHERE {where})")
    ((count,),) = db.execute("SELECT count(*) FROM same_money").fetchall()
    if count:
        db.execute("DELETE FROM lines WHERE n IN (FROM same_money)")
    return int(count)
