"""`mulegraph load`: files → ledger. Checks every row, sets the bad ones aside, and commits in one rename."""

from __future__ import annotations

import hashlib
import json
import uuid
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb

from mulegraph.errors import DataError, EngineError, UsageError
from mulegraph.ingest.archives import ARCHIVES, unpacked
from mulegraph.ingest.bookings import BookingLoad
from mulegraph.ingest.load_bookings import load_bookings
from mulegraph.ingest.mapping import FileMapping
from mulegraph.ingest.partitions import Partitions
from mulegraph.ingest.readers import StatementFile, formats, reader_of
from mulegraph.ingest.rejects import Limit, Rejects
from mulegraph.ingest.sources import SourceFile, find_sources
from mulegraph.ingest.staging import Progress, Staging
from mulegraph.ledger.engine import ENGINE_MEMORY, open_engine
from mulegraph.ledger.store import Snapshot, Store
from mulegraph.schema.bookings import BOOKINGS
from mulegraph.schema.tables import TABLES, Table

__all__ = ["LoadReport", "Progress", "TableLoad", "load"]


@dataclass
class TableLoad:
    """What a load did to one table, in rows: read = taken + already there + rejected."""

    read: int = 0
    taken: int = 0
    already_there: int = 0
    rejected: int = 0


@dataclass
class LoadReport:
    """What a load did: rows by table, files left out, and where the rejects are."""

    tables: dict[str, TableLoad] = field(default_factory=dict)
    bookings: BookingLoad | None = None
    unchanged_files: list[str] = field(default_factory=list)
    unknown_files: list[str] = field(default_factory=list)
    ignored_columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rejects: dict[str, dict[str, int]] = field(default_factory=dict)
    rejects_folder: Path | None = None
    ledger_hash: str = ""
    changed: bool = False


def load(
    folder: Path,
    workspace: Path,
    *,
    mapping: FileMapping | None = None,
    limit: Limit | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Load the CSV and Parquet files of `folder` into the workspace's ledger.

    Raises UsageError when there is nothing to load, DataError when a file cannot be read or more rows break rules
    than `limit` allows (the ledger then stays as it was), EngineError when another load is running.
    """
    chosen = mapping or FileMapping()
    store = Store(workspace / "ledger")
    with unpacked(folder) as folders, store.writing() as before:
        sources, unknown = _sources(folders, chosen)
        report = LoadReport(unknown_files=unknown)
        fresh = _fresh(sources, before, chosen, report)
        _require_tables(folder, sources, before, unknown)
        rejects = Rejects(workspace / "rejects", limit or Limit())
        after = _load(fresh, store, before, chosen, rejects, report, progress) if fresh else before
        report.changed = after.files != before.files
        if after != before:
            store.commit(after, before)
        report.ledger_hash = after.hash
        return report


Source = SourceFile | StatementFile


def _sources(folders: list[Path], mapping: FileMapping) -> tuple[list[Source], list[str]]:
    """What the folders hold: files of tables, banks' files, and the names of those that are neither."""
    sources: list[Source] = []
    unknown: list[str] = []
    for folder in folders:
        tables, _ = find_sources(folder, mapping)
        sources += tables
        used = {source.path for source in tables}
        for path in sorted(folder.iterdir()):
            if path in used or not path.is_file() or path.name.startswith(".") or path.suffix in ARCHIVES:
                continue
            reader = reader_of(path)
            if reader is None:
                unknown.append(path.name)
            else:
                sources.append(StatementFile(path, reader))
    return sources, unknown


def _fresh(sources: list[Source], snapshot: Snapshot, mapping: FileMapping, report: LoadReport) -> dict[str, Source]:
    """Sources whose content was not loaded before, by the mark to remember them by."""
    fresh: dict[str, Source] = {}
    for source in sources:
        report.tables.setdefault(source.table.name, TableLoad())
        try:
            with source.path.open("rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise DataError(
                f"{source.path.name}: cannot be read ({error.strerror})", hint="Check the file's permissions."
            ) from error
        reading = json.dumps([source.table.name, mapping.zone, asdict(source.mapping)], sort_keys=True)
        mark = hashlib.sha256(f"{content} {reading}".encode()).hexdigest()
        if mark in snapshot.loaded or mark in fresh:
            report.unchanged_files.append(source.path.name)
        else:
            fresh[mark] = source
    return fresh


def _require_tables(folder: Path, sources: list[Source], snapshot: Snapshot, unknown: list[str]) -> None:
    present = {source.table.name for source in sources} | {file.table for file in snapshot.files}
    if BOOKINGS.name in present:
        present |= {"accounts", "transfers"}
    if not sources:
        found = f": {', '.join(unknown[:5])} cannot be read" if unknown else ""
        names = ", ".join(f"{name}.csv" for name, table in TABLES.items() if table.required)
        raise UsageError(
            f"{folder}: holds no file to load{found}",
            hint=f"What is read: {formats()}. Tables are named {names} and so on; name yours with --mapping.",
        )
    missing = [name for name, table in TABLES.items() if table.required and name not in present]
    if missing:
        found = f" (not read: {', '.join(unknown[:5])})" if unknown else ""
        raise UsageError(
            f"{folder}: {missing[0]}.csv (or .parquet) is missing, and the ledger has no {missing[0]} yet{found}",
            hint=f"Add the file, or name yours with --mapping. What is read: {formats()}.",
        )


def _load(
    fresh: dict[str, Source],
    store: Store,
    before: Snapshot,
    mapping: FileMapping,
    rejects: Rejects,
    report: LoadReport,
    progress: Progress | None,
) -> Snapshot:
    """Load every table in turn; returns the snapshot that the ledger is to become."""
    load_id = f"{before.number + 1:06d}-{uuid.uuid4().hex[:8]}"
    try:
        with closing(open_engine(store.scratch)) as db:
            partitions = Partitions(db, store, before.files, load_id)
            told = progress or (lambda *_: None)
            for table in TABLES.values():
                mine = [source for source in fresh.values() if isinstance(source, SourceFile) and source.table is table]
                if mine:
                    staging = Staging(db, table, mine, rejects)
                    staging.ingest(partitions.paths("accounts"), mapping.zone, told)
                    _load_table(table, staging, partitions, report.tables[table.name])
                # Bookings make accounts, which the tables after them may name.
                if table.name == "accounts":
                    _load_bookings(fresh, partitions, rejects, report, mapping.zone, told)
    except duckdb.OutOfMemoryException as error:
        raise EngineError(
            f"the load needs more memory than {ENGINE_MEMORY}: {str(error).splitlines()[0]}",
            hint="Load fewer files at a time; what is loaded already is skipped.",
        ) from error
    except duckdb.Error as error:
        raise EngineError(
            f"the database that checks the rows gave up: {str(error).splitlines()[0]}",
            hint="Look whether the disk is full; the ledger is as it was.",
        ) from error
    finally:
        report.rejects, report.rejects_folder = rejects.write(), rejects.folder
    _tell_ignored(fresh, report)
    return _after(before, fresh, partitions, rejects)


def _load_bookings(
    fresh: dict[str, Source],
    partitions: Partitions,
    rejects: Rejects,
    report: LoadReport,
    zone: str,
    progress: Progress,
) -> None:
    mine = [source for source in fresh.values() if source.table is BOOKINGS]
    if not mine:
        return
    done = load_bookings(mine, partitions, rejects, zone, progress)
    report.bookings = done
    rejected = rejects.count(BOOKINGS.name)
    report.tables[BOOKINGS.name] = TableLoad(done.read + rejected, done.transfers, done.read - done.transfers, rejected)


def _after(before: Snapshot, fresh: dict[str, Source], partitions: Partitions, rejects: Rejects) -> Snapshot:
    """The snapshot that these files lead to.

    A file with rejects is not remembered: what stopped a row (an unknown account) may be mended elsewhere, so
    the file is read again when it is given again.
    """
    loaded, refused = dict(before.loaded), dict(before.refused)
    for mark, source in fresh.items():
        name = f"{source.table.name}/{source.path.name}"
        refused.pop(name, None)
        if bad := rejects.of_file(source.table, source.path.name):
            refused[name] = bad
        else:
            loaded[mark] = source.path.name
    number = before.number if partitions.files == before.files else before.number + 1
    return Snapshot(number, partitions.files, loaded, refused)


def _load_table(table: Table, staging: Staging, partitions: Partitions, tally: TableLoad) -> None:
    staging.refuse_repeats()
    tally.already_there = staging.drop_known(partitions.paths(table.name))
    tally.read, tally.rejected = staging.read, staging.rejects.count(table.name)
    staging.rejects.enforce(table, tally.read)
    tally.taken = staging.count()
    if tally.taken:
        partitions.write(table)


def _tell_ignored(fresh: dict[str, Source], report: LoadReport) -> None:
    """Columns that no table takes from a file."""
    for name in {source.path.name for source in fresh.values()}:
        ignored = [source.ignored_columns for source in fresh.values() if source.path.name == name]
        nowhere = tuple(column for column in ignored[0] if all(column in columns for columns in ignored))
        if nowhere:
            report.ignored_columns[name] = nowhere
