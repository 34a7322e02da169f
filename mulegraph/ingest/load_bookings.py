"""The part of a load that takes bookings: banks' files and mapped CSV → transfers, accounts, balances of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mulegraph.ingest.bookings import BookingLoad, LedgerPaths, take_bookings
from mulegraph.ingest.fees import level_fees, split_fees
from mulegraph.ingest.judge import encodings_that_fit, judged_table, what_rejects_share
from mulegraph.ingest.lives import name_lives
from mulegraph.ingest.partitions import Partitions
from mulegraph.ingest.readers.base import Notes, StatementFile
from mulegraph.ingest.rejects import Rejects
from mulegraph.ingest.remarks import About
from mulegraph.ingest.sources import SourceFile
from mulegraph.ingest.sql import quoted
from mulegraph.ingest.staging import SQL_TYPE, Progress, Staging
from mulegraph.ingest.statement_check import check_balances, check_steps
from mulegraph.ingest.sums import rows_that_are_sums, stated_balances
from mulegraph.ingest.versions import write_records
from mulegraph.ledger.engine import ENGINE_MEMORY, scan
from mulegraph.schema.bookings import BOOKINGS
from mulegraph.schema.tables import TABLES, Table
from mulegraph.schema.versions import VERSIONED

BOOKINGS_MEMORY = "500MB"
"""Of the engine while bookings are joined; the readers and Python take about as much again."""


@dataclass(frozen=True)
class BookingRun:
    """Zone of times that name none, from when on accounts that are made are known, and who is told the progress."""

    zone: str
    as_of: datetime
    progress: Progress


def load_bookings(
    sources: Sequence[SourceFile | StatementFile], partitions: Partitions, rejects: Rejects, run: BookingRun
) -> BookingLoad:
    """Read, check and join the bookings of all files, and write what is new into the ledger's next snapshot.

    Raises DataError for a file that cannot be read, too many bad rows, or a page whose balances do not fit its lines.
    """
    db = partitions.db
    # A file is larger than its bookings, and they stand in several tables: what does not fit here goes to disk.
    db.execute(f"SET memory_limit = '{BOOKINGS_MEMORY}'")
    staging = Staging(db, BOOKINGS, sources, rejects)
    staging.ingest([], run.zone, run.progress)
    alike = what_rejects_share(db, BOOKINGS, rejects) if rejects.count(BOOKINGS.name) else []
    alike += encodings_that_fit(BOOKINGS, sources, rejects)
    rejects.enforce(BOOKINGS, staging.read, alike)
    level_fees(db, [source.path for source in sources])
    notes = {number: _notes(source) for number, source in enumerate(sources)}
    rejected = {number: rejects.of_file(BOOKINGS, source.path.name) for number, source in enumerate(sources)}
    balances = {number: found.balances for number, found in notes.items() if found.balances}
    balances |= stated_balances(db, sources)
    paths = [source.path for source in sources]
    check_balances(db, balances, paths, rejected)
    steps = check_steps(db, paths)
    sums = rows_that_are_sums(db, sources)
    fees = split_fees(db)
    whole = []
    for number, source in enumerate(sources):
        if isinstance(source, StatementFile) and source.reader.WHOLE_PAYMENTS:
            whole.append(number)
    load = take_bookings(
        db,
        LedgerPaths(*(partitions.paths(name) for name in ("accounts", "transfers", "statement_lines"))),
        whole,
        [verdict for found in notes.values() for verdict in found.verdicts],
        [returned for found in notes.values() for returned in found.returned],
    )
    load.remarks = [remark for found in notes.values() for remark in found.remarks]
    # Banks' formats have places for all that any of them may say; that one says nothing there is no news.
    own = {source.path.name for source in sources if isinstance(source, StatementFile)}
    staged = [each for each in staging.remarks if each.about is not About.EMPTY_COLUMN or each.file not in own]
    # A status report, or a return that names its payment by reference only, says something without a row of its own.
    told = {paths[number].name for number, found in notes.items() if found.verdicts or found.returned}
    staged = [each for each in staged if each.about is not About.EMPTY_FILE or each.file not in told]
    judged = judged_table(db, BOOKINGS, sources, staging.read)
    load.staging_remarks = [*staged, *alike, *steps, *sums, *fees, *judged]
    db.execute("DROP TABLE staged")
    load.balances = _write_all(partitions, run.as_of)
    db.execute(f"SET memory_limit = '{ENGINE_MEMORY}'")
    return load


def _notes(source: SourceFile | StatementFile) -> Notes:
    return source.notes if isinstance(source, StatementFile) else Notes()


def _write_all(partitions: Partitions, as_of: datetime) -> int:
    """Write the tables made of bookings; gives how many balances are new.

    The tables of this load's other files may be written as well, so the files of this step have names of their own.
    """
    partitions.stem = f"{partitions.load_id}-statements"
    counts = {}
    for name in ("accounts", "transfers", "statement_lines", "balances"):
        name_lives(partitions.db, TABLES[name], f"made_{name}")
        counts[name] = write_made(partitions, TABLES[name], f"made_{name}", as_of)
        partitions.db.execute(f"DROP TABLE made_{name}")
        partitions.db.execute("DROP TABLE IF EXISTS staged")
    partitions.stem = partitions.load_id
    return counts["balances"]


def write_made(partitions: Partitions, table: Table, made: str, as_of: datetime) -> int:
    """Write the rows of a made table that the ledger does not have yet; columns that it lacks are empty."""
    db = partitions.db
    have = {name for name, *_ in db.execute(f"DESCRIBE {made}").fetchall()}
    columns = []
    for column in table.columns:
        columns.append(
            f"CAST({quoted(column.name) if column.name in have else 'NULL'} AS {SQL_TYPE[column.kind]})"
            f" AS {quoted(column.name)}"
        )
    known = partitions.paths(table.name)
    db.execute(f"CREATE OR REPLACE TABLE staged AS SELECT {', '.join(columns)} FROM {made}{_unknown(table, known)}")
    ((count,),) = db.execute("SELECT count(*) FROM staged").fetchall()
    if count and table.name in VERSIONED:
        write_records(partitions, table, as_of)
    elif count:
        partitions.write(table)
    return int(count)


def _unknown(table: Table, known: Sequence[Path]) -> str:
    if not known:
        return ""
    key = ", ".join(map(quoted, table.key))
    return f" WHERE ({key}) NOT IN (SELECT ({key}) FROM {scan(known)})"
