"""The part of a load that takes bookings: banks' files and mapped CSV → transfers, accounts, balances of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from mulegraph.ingest.bookings import BookingLoad, LedgerPaths, take_bookings
from mulegraph.ingest.partitions import Partitions
from mulegraph.ingest.readers.base import Notes, StatementFile
from mulegraph.ingest.rejects import Rejects
from mulegraph.ingest.rules import quoted
from mulegraph.ingest.sources import SourceFile
from mulegraph.ingest.staging import Progress, Staging
from mulegraph.ingest.statement_check import check_balances
from mulegraph.ledger.engine import scan
from mulegraph.schema.bookings import BOOKINGS
from mulegraph.schema.tables import AMOUNT_PLACES, TABLES, Kind, Table

SQL_TYPES = {
    Kind.TIME: "TIMESTAMP",
    Kind.DATE: "DATE",
    Kind.AMOUNT: f"DECIMAL(18,{AMOUNT_PLACES})",
    Kind.FRACTION: "DOUBLE",
}


def load_bookings(
    sources: Sequence[SourceFile | StatementFile],
    partitions: Partitions,
    rejects: Rejects,
    zone: str,
    progress: Progress,
) -> BookingLoad:
    """Read, check and join the bookings of all files, and write what is new into the ledger's next snapshot.

    Raises DataError for a file that cannot be read, too many bad rows, or a page whose balances do not fit its lines.
    """
    db = partitions.db
    # Staging knows a file by what both kinds have in common.
    staging = Staging(db, BOOKINGS, cast(Sequence[SourceFile], sources), rejects)
    staging.ingest([], zone, progress)
    rejects.enforce(BOOKINGS, staging.read)
    notes = {number: _notes(source) for number, source in enumerate(sources)}
    rejected = {number: rejects.of_file(BOOKINGS, source.path.name) for number, source in enumerate(sources)}
    balances = {number: found.balances for number, found in notes.items() if found.balances}
    check_balances(db, balances, [source.path for source in sources], rejected)
    whole = [
        number
        for number, source in enumerate(sources)
        if isinstance(source, StatementFile) and source.reader.WHOLE_PAYMENTS
    ]
    load = take_bookings(
        db,
        LedgerPaths(*(partitions.paths(name) for name in ("accounts", "transfers", "statement_lines"))),
        whole,
        [verdict for found in notes.values() for verdict in found.verdicts],
        [returned for found in notes.values() for returned in found.returned],
    )
    load.remarks = [remark for found in notes.values() for remark in found.remarks]
    load.balances = _write_all(partitions)
    return load


def _notes(source: SourceFile | StatementFile) -> Notes:
    return source.notes if isinstance(source, StatementFile) else Notes()


def _write_all(partitions: Partitions) -> int:
    """Write the tables made of bookings; gives how many balances are new.

    The tables of this load's other files may be written as well, so the files of this step have names of their own.
    """
    before = partitions.load_id
    partitions.load_id = f"{before}-statements"
    counts = {}
    for name in ("accounts", "transfers", "statement_lines", "balances"):
        counts[name] = _write(partitions, TABLES[name], f"made_{name}")
    partitions.load_id = before
    return counts["balances"]


def _write(partitions: Partitions, table: Table, made: str) -> int:
    """Write the rows of a made table that the ledger does not have yet; columns that it lacks are empty."""
    db = partitions.db
    have = {name for name, *_ in db.execute(f"DESCRIBE {made}").fetchall()}
    columns = [
        f"CAST({quoted(column.name) if column.name in have else 'NULL'} AS {SQL_TYPES.get(column.kind, 'VARCHAR')})"
        f" AS {quoted(column.name)}"
        for column in table.columns
    ]
    known = partitions.paths(table.name)
    db.execute(f"CREATE OR REPLACE TABLE staged AS SELECT {', '.join(columns)} FROM {made}{_unknown(table, known)}")
    ((count,),) = db.execute("SELECT count(*) FROM staged").fetchall()
    if count:
        partitions.write(table)
    return int(count)


def _unknown(table: Table, known: Sequence[Path]) -> str:
    if not known:
        return ""
    key = ", ".join(map(quoted, table.key))
    return f" WHERE ({key}) NOT IN (SELECT ({key}) FROM {scan(known)})"
