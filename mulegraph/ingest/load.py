"""`mulegraph load`: files → ledger. Checks every row, sets the bad ones aside, and commits in one rename."""

from __future__ import annotations

import hashlib
import json
import uuid
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from mulegraph.errors import DataError, EngineError, UsageError
from mulegraph.ingest.archives import is_archive, unpacked
from mulegraph.ingest.balances import balances_beside
from mulegraph.ingest.bookings import BookingLoad
from mulegraph.ingest.find_sources import find_sources
from mulegraph.ingest.judge import encodings_that_fit, judged_ledger, judged_table, what_rejects_share
from mulegraph.ingest.lives import name_lives, settle_lives
from mulegraph.ingest.load_bookings import BookingRun, load_bookings
from mulegraph.ingest.mapping import BESIDE_TRANSFERS, READ_TABLES, FileMapping
from mulegraph.ingest.partitions import Partitions
from mulegraph.ingest.readers import StatementFile, formats, reader_of
from mulegraph.ingest.rejects import Limit, Rejects
from mulegraph.ingest.remarks import About, Remark
from mulegraph.ingest.rules import Rule
from mulegraph.ingest.sources import SourceFile
from mulegraph.ingest.staging import Progress, Staging
from mulegraph.ingest.sums import rows_that_are_sums
from mulegraph.ingest.transfer_ends import accounts_of_ends
from mulegraph.ingest.versions import contradictions, refuse_other_dumps, write_records
from mulegraph.lazy import duckdb
from mulegraph.ledger.engine import ENGINE_MEMORY, STATEMENTS_MEMORY, open_engine
from mulegraph.ledger.store import LoadRecord, Snapshot, Store
from mulegraph.schema.bookings import BOOKINGS
from mulegraph.schema.tables import TABLES, Table
from mulegraph.schema.versions import VERSIONED
from mulegraph.settings import BankSettings, read_settings

__all__ = ["LoadReport", "Progress", "Remark", "TableLoad", "load"]


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
    load: str = ""
    """Names the load, for `ledger forget`; empty where it changed nothing."""
    sums: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    """By table, what its new rows add up to in each currency."""
    remarks: list[Remark] = field(default_factory=list)


def load(
    folder: Path,
    workspace: Path,
    *,
    mapping: FileMapping | None = None,
    limit: Limit | None = None,
    progress: Progress | None = None,
    as_of: datetime | None = None,
) -> LoadReport:
    """Load the CSV and Parquet files of `folder` into the workspace's ledger.

    Raises UsageError when there is nothing to load or `mulegraph.toml` does not fit, DataError when a file cannot be
    read or more rows break rules than `limit` allows (the ledger then stays as it was), EngineError when another load
    is running.
    Records that changed (accounts, holders, devices, merchants) are otherwise from `as_of` on (UTC; None: now).
    """
    chosen = mapping or FileMapping()
    banks = read_settings(workspace).banks
    store = Store(workspace / "ledger")
    with unpacked(folder) as folders, store.writing() as before:
        sources, unknown = _sources(folders, chosen)
        report = LoadReport(unknown_files=unknown)
        fresh = _fresh(sources, before, chosen, report)
        _require_tables(folder, sources, before, unknown)
        rejects = Rejects(workspace / "rejects", limit or Limit())
        when = as_of or datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        run = _Run(store, before, chosen, rejects, report, progress or (lambda *_: None), when, banks)
        after = _load(fresh, run) if fresh else before
        report.changed = after.files != before.files
        if after != before:
            store.commit(after, before)
        report.ledger_hash = after.hash
        return report


Source = SourceFile | StatementFile


@dataclass(frozen=True)
class _Run:
    """One load: where it writes, what the ledger was, how files are read, and what is told of it."""

    store: Store
    before: Snapshot
    mapping: FileMapping
    rejects: Rejects
    report: LoadReport
    progress: Progress
    as_of: datetime
    banks: BankSettings

    @property
    def zone(self) -> str:
        """Zone of naive times: the one said for this load, or else the ledger's."""
        return self.mapping.zone or self.before.zone


def _sources(folders: list[Path], mapping: FileMapping) -> tuple[list[Source], list[str]]:
    """What the folders hold: files of tables, banks' files, and the names of those that are neither."""
    sources: list[Source] = []
    unknown: list[str] = []
    for folder in folders:
        tables, left = find_sources(folder, mapping)
        sources += tables
        used = {source.path for source in tables}
        for path in sorted(folder.iterdir()):
            if path.is_dir() and path.name in left:
                # Spark writes a table as a folder of parts: it looks like one and would be missed in silence.
                unknown.append(path.name)
            if path in used or not path.is_file() or path.name.startswith("."):
                continue
            # Those of the folder itself are unpacked; an archive inside an archive is not.
            if folder is folders[0] and is_archive(path):
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
        mark = _mark(source, content, mapping, snapshot)
        if mark in snapshot.loaded or mark in fresh:
            if source.path.name not in report.unchanged_files:
                report.unchanged_files.append(source.path.name)
            continue
        _refuse_other_reading(source, mark, snapshot)
        fresh[mark] = source
    return fresh


def _mark(source: Source, content: str, mapping: FileMapping, snapshot: Snapshot) -> str:
    """Names a file's content, as what table it is read, and how."""
    # Banks' own files are read by their format: of a mapping, only the zone says something about them.
    how = [] if isinstance(source, StatementFile) else msgspec.to_builtins([source.mapping, mapping.ids])
    reading = json.dumps([mapping.zone or snapshot.zone, how], sort_keys=True)
    return f"{content}/{source.table.name}/{hashlib.sha256(reading.encode()).hexdigest()[:16]}"


def _refuse_other_reading(source: Source, mark: str, snapshot: Snapshot) -> None:
    """Raise where an earlier load read the file otherwise and its rows are only known by what was read of them."""
    if source.table is not BOOKINGS and not source.mapping.make_ids:
        return
    same_file = mark.rpartition("/")[0] + "/"
    for load_id, record in snapshot.loads.items():
        if any(each.startswith(same_file) and each != mark for each in record.marks):
            raise DataError(
                f"{source.path.name}: load {load_id} read this file with another mapping or zone, and its rows would"
                " count twice",
                hint=f"Take that load back first (mulegraph ledger forget {load_id}), or give its mapping and zone.",
            )


def _require_tables(folder: Path, sources: list[Source], snapshot: Snapshot, unknown: list[str]) -> None:
    present = {source.table.name for source in sources} | {file.table for file in snapshot.files}
    if BOOKINGS.name in present:
        present |= {"accounts", "transfers"}
    if "transfers" in present:
        # Ends that are IBANs become accounts; others are rejects that say so.
        present.add("accounts")
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


def _load(fresh: dict[str, Source], run: _Run) -> Snapshot:
    """Load every table in turn; returns the snapshot that the ledger is to become."""
    load_id = f"{run.before.number + 1:06d}-{uuid.uuid4().hex[:8]}"
    report = run.report
    only_statements = all(isinstance(source, StatementFile) for source in fresh.values())
    memory = STATEMENTS_MEMORY if only_statements else ENGINE_MEMORY
    try:
        with closing(open_engine(run.store.scratch, memory)) as db:
            partitions = Partitions(db, run.store, run.before.files, load_id)
            files = [source for source in fresh.values() if isinstance(source, SourceFile)]
            for table in TABLES.values():
                mine = [source for source in files if source.table.name == table.name]
                if mine:
                    _load_table(table, mine, partitions, run)
                # Bookings make accounts, which the tables after them may name.
                if table.name == "accounts":
                    partitions.stem = f"{partitions.load_id}-lives"
                    report.remarks += settle_lives(db, partitions, run.zone)
                    partitions.stem = partitions.load_id
                    _load_bookings(fresh, partitions, run)
            report.remarks += judged_ledger(db, partitions, fresh.values(), run.banks)
    except duckdb.OutOfMemoryException as error:
        raise EngineError(
            f"the load needs more memory than {memory}: {str(error).splitlines()[0]}",
            hint="Load fewer files at a time; what is loaded already is skipped.",
        ) from error
    except duckdb.Error as error:
        raise EngineError(
            f"the database that checks the rows gave up: {str(error).splitlines()[0]}",
            hint="Look whether the disk is full; the ledger is as it was.",
        ) from error
    finally:
        report.rejects, report.rejects_folder = run.rejects.write(), run.rejects.folder
    _tell_ignored(fresh, report)
    return _after(fresh, partitions, run)


def _load_bookings(fresh: dict[str, Source], partitions: Partitions, run: _Run) -> None:
    mine = [source for source in fresh.values() if source.table is BOOKINGS]
    if not mine:
        return
    report, rejects = run.report, run.rejects
    done = load_bookings(mine, partitions, rejects, BookingRun(run.zone, run.as_of, run.progress))
    report.bookings = done
    report.remarks += done.staging_remarks
    report.remarks += [each for source in mine if isinstance(source, SourceFile) for each in source.remarks]
    rejected = rejects.count(BOOKINGS.name)
    report.tables[BOOKINGS.name] = TableLoad(done.read + rejected, done.transfers, done.read - done.transfers, rejected)


def _after(fresh: dict[str, Source], partitions: Partitions, run: _Run) -> Snapshot:
    """The snapshot that these files lead to.

    A file with rejects is not remembered: what stopped a row (an unknown account) may be mended elsewhere, so
    the file is read again when it is given again.
    """
    before = run.before
    loaded = dict(before.loaded)
    refused = dict(before.refused)
    loads = dict(before.loads)
    for mark, source in fresh.items():
        name = f"{source.table.name}/{source.path.name}"
        refused.pop(name, None)
        if bad := run.rejects.of_file(source.table, source.path.name):
            refused[name] = bad
        else:
            loaded[mark] = source.path.name
    changed = partitions.files != before.files
    if changed:
        run.report.load = partitions.load_id
        rows = {name: tally.taken for name, tally in run.report.tables.items() if tally.taken}
        known = sum(tally.already_there for tally in run.report.tables.values())
        files = tuple(sorted({source.path.name for source in fresh.values()}))
        loads[partitions.load_id] = LoadRecord(f"{run.as_of.isoformat()}Z", files, tuple(fresh), rows, known)
    return replace(
        before,
        number=before.number + changed,
        files=partitions.files,
        loaded=loaded,
        refused=refused,
        loads=loads,
        zone=before.zone or run.mapping.zone,
        zones={**before.zones, **run.mapping.zones},
    )


def _load_table(table: Table, sources: list[SourceFile], partitions: Partitions, run: _Run) -> None:
    db, report = partitions.db, run.report
    staging = Staging(db, READ_TABLES[table.name], sources, run.rejects)
    staging.versions = partitions.paths("account_versions")
    tally = report.tables[table.name]
    listed = bool(partitions.paths("accounts"))
    staging.ingest(partitions.paths("accounts"), run.zone, run.progress)
    report.remarks += [*staging.remarks, *(each for source in sources for each in source.remarks)]
    if table.name == "transfers":
        report.remarks += accounts_of_ends(staging, partitions, run.as_of)
    if table.name in VERSIONED:
        refuse_other_dumps(db, table, [source.path.name for source in sources])
    if table.name in VERSIONED and contradictions(db, table):
        staging.refuse("others", Rule.DUPLICATE)
    elif table.name not in VERSIONED:
        name_lives(db, table, "staged")
        tally.already_there = staging.refuse_repeats() + staging.drop_known(partitions.paths(table.name))
    tally.read, tally.rejected = staging.read, staging.rejects.count(table.name)
    alike = what_rejects_share(db, table, staging.rejects) if tally.rejected else []
    alike += encodings_that_fit(table, sources, staging.rejects)
    if not listed and (unlisted := len(staging.rejects.values(table.name, Rule.UNKNOWN_ACCOUNT))):
        text = "accounts.csv (or .parquet) is missing, and the ledger has no accounts: only IBANs become accounts"
        alike.append(Remark(About.ACCOUNTS_MADE, table.name, text, unlisted))
    staging.rejects.enforce(table, tally.read, alike)
    report.remarks += alike + judged_table(db, table, sources, tally.read)
    if table.name == "transfers":
        report.remarks += rows_that_are_sums(db, sources)
    if table.name in VERSIONED:
        changes = write_records(partitions, table, run.as_of)
        tally.already_there, tally.taken = changes.known, changes.opened
        if changes.changed:
            since = f"{run.as_of:%Y-%m-%d %H:%M}"
            text = f"{changes.changed:,} records are otherwise from {since} on; before: ledger show --at"
            report.remarks.append(Remark(About.VERSIONS, table.name, text, changes.changed))
        return
    tally.taken = staging.count()
    if tally.taken:
        if sums := staging.sums():
            report.sums[table.name] = sums
        partitions.write(table)
    if tally.taken and any(each.name in source.columns().texts for source in sources for each in BESIDE_TRANSFERS):
        balances_beside(partitions, run.as_of)


def _tell_ignored(fresh: dict[str, Source], report: LoadReport) -> None:
    """Columns that no table takes from a file."""
    for name in {source.path.name for source in fresh.values()}:
        ignored = [source.ignored_columns for source in fresh.values() if source.path.name == name]
        nowhere = tuple(column for column in ignored[0] if all(column in columns for columns in ignored))
        if nowhere:
            report.ignored_columns[name] = nowhere
