"""Accounts at other banks that transfers name and no account file lists: an IBAN says itself which bank keeps it."""

from __future__ import annotations

from datetime import datetime

from mulegraph.ingest.booking_ends import know_banks, name_banks
from mulegraph.ingest.ibans import has_check_digits
from mulegraph.ingest.load_bookings import write_made
from mulegraph.ingest.partitions import Partitions
from mulegraph.ingest.rejects import Place
from mulegraph.ingest.remarks import About, Remark
from mulegraph.ingest.rules import Rule
from mulegraph.ingest.staging import UNKNOWN_END, Staging
from mulegraph.schema.tables import TABLES


def accounts_of_ends(staging: Staging, partitions: Partitions, as_of: datetime) -> list[Remark]:
    """Make accounts of the staged transfers' unknown ends that are IBANs; reject rows with ends that only look so.

    Gives the remark that tells how many there are.
    """
    db = staging.db
    db.execute(f"""
        CREATE OR REPLACE TABLE unknown_ends AS
        WITH both_ends AS (SELECT "source" AS number, currency FROM staged WHERE {UNKNOWN_END}
            UNION ALL SELECT "target", currency FROM staged WHERE {UNKNOWN_END})
        SELECT number, mode(currency) AS currency FROM both_ends
        WHERE number IS NOT NULL AND number NOT IN (SELECT known_id FROM known) GROUP BY number""")
    numbers = [number for (number,) in db.execute("SELECT number FROM unknown_ends ORDER BY number").fetchall()]
    if not numbers:
        return []
    _refuse(staging, [number for number in numbers if not has_check_digits(number)])
    know_banks(db, partitions.paths("accounts"))
    name_banks(db, "SELECT number, CAST(NULL AS VARCHAR) AS bank FROM unknown_ends")
    db.execute("""
        CREATE OR REPLACE TABLE made_accounts AS SELECT number AS account_id, e.bank, 'unknown' AS kind, u.currency
        FROM unknown_ends u JOIN ends e USING (number)""")
    db.execute("INSERT INTO known BY NAME SELECT number AS known_id, currency AS known_currency FROM unknown_ends")
    # Writing takes the name `staged` for the accounts.
    db.execute("ALTER TABLE staged RENAME TO staged_transfers")
    partitions.stem = f"{partitions.load_id}-ends"
    made = write_made(partitions, TABLES["accounts"], "made_accounts", as_of)
    partitions.stem = partitions.load_id
    db.execute("DROP TABLE staged")
    db.execute("ALTER TABLE staged_transfers RENAME TO staged")
    text = f"{made:,} accounts that no file lists were made of IBANs: bank from the number, kind unknown"
    return [Remark(About.ACCOUNTS_MADE, "transfers", text, made)] if made else []


def _refuse(staging: Staging, numbers: list[str]) -> None:
    """Move rows that name one of these to the rejects: their check digits are wrong, so nobody has the number."""
    db, table = staging.db, staging.table
    if not numbers:
        return
    db.execute("CREATE OR REPLACE TABLE wrong_ends (number VARCHAR)")
    db.executemany("INSERT INTO wrong_ends VALUES (?)", [(number,) for number in numbers])
    for column in ("source", "target"):
        bad = f'FROM staged WHERE "{column}" IN (SELECT number FROM wrong_ends)'
        for file, line, value in db.execute(f'SELECT file, line, "{column}" {bad}').fetchall():
            name = staging.sources[file].path.name
            staging.rejects.add(table, Place(name, line, column), value, Rule.UNKNOWN_ACCOUNT)
        db.execute(f"DELETE {bad}")
    db.execute("DELETE FROM unknown_ends WHERE number IN (SELECT number FROM wrong_ends)")
