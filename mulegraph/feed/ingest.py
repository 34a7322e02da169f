"""`mulegraph load`: files → ledger. Checks every row, sets the bad ones aside, and commits in one rename."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from mulegraph.errors import BadData, BadUse, EngineTrouble
from mulegraph.feed.mapping import FileMapping
from mulegraph.feed.rejects import Limit, Rejects
from mulegraph.feed.rules import Check, Rule, checks, currency_of, parsed_sql, quoted
from mulegraph.feed.sources import SourceFile, find_sources
from mulegraph.feed.store import LedgerFile, Snapshot, Store
from mulegraph.model import AMOUNT_PLACES, TABLES, Kind, Table, minor_exponents

ENGINE_MEMORY = "4GB"
ROWS_PER_GROUP = 131_072

Progress = Callable[[str, int, int], None]
"""Told the file's name, the bytes read since the last call, and the bytes in all."""


@dataclass
class TableLoad:
    """What a load did to one table, in rows."""

    read: int = 0
    taken: int = 0
    already_there: int = 0
    rejected: int = 0


@dataclass
class LoadReport:
    """What a load did: rows by table, files left out, and where the rejects are."""

    tables: dict[str, TableLoad] = field(default_factory=dict)
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

    Raises BadUse when there is nothing to load, BadData when a file cannot be read or more rows break rules
    than `limit` allows (the ledger then stays as it was), EngineTrouble when another load is running.
    """
    chosen = mapping or FileMapping()
    sources, unknown = find_sources(folder, chosen)
    store = Store(workspace / "ledger")
    with store.writing() as snapshot:
        report = LoadReport(unknown_files=unknown)
        fresh, loaded = _fresh(sources, snapshot, chosen, report)
        _require_tables(folder, sources, snapshot)
        if fresh:
            rejects = Rejects(workspace / "rejects", limit or Limit())
            session = _Session(store, snapshot, chosen, report, rejects, progress or (lambda *_: None))
            files = session.run(fresh)
            after = Snapshot(snapshot.number + 1, tuple(files), {**snapshot.loaded, **loaded})
            store.commit(after)
            snapshot = after
        report.ledger_hash = snapshot.hash
        return report


def _fresh(
    sources: list[SourceFile], snapshot: Snapshot, mapping: FileMapping, report: LoadReport
) -> tuple[list[SourceFile], dict[str, str]]:
    """Sources whose content was not loaded before, and what to remember of them."""
    fresh, loaded = [], {}
    for source in sources:
        report.tables.setdefault(source.table.name, TableLoad())
        with source.path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        reading = json.dumps([source.table.name, mapping.zone, asdict(source.mapping)], sort_keys=True)
        mark = hashlib.sha256(f"{content} {reading}".encode()).hexdigest()
        if mark in snapshot.loaded:
            report.unchanged_files.append(source.path.name)
        else:
            fresh.append(source)
            loaded[mark] = source.path.name
    return fresh, loaded


def _require_tables(folder: Path, sources: list[SourceFile], snapshot: Snapshot) -> None:
    present = {source.table.name for source in sources} | {file.table for file in snapshot.files}
    if not sources:
        names = ", ".join(f"{name}.csv" for name, table in TABLES.items() if table.required)
        raise BadUse(f"{folder}: holds no file to load", do=f"Expected at least {names} (or .parquet).")
    missing = [name for name, table in TABLES.items() if table.required and name not in present]
    if missing:
        raise BadUse(
            f"{folder}: {missing[0]}.csv (or .parquet) is missing, and the ledger has no {missing[0]} yet",
            do="Add the file, or name yours with --mapping.",
        )


class _Session:
    """One load in progress: a DuckDB database in memory, the files so far, and what to tell the user."""

    def __init__(
        self,
        store: Store,
        snapshot: Snapshot,
        mapping: FileMapping,
        report: LoadReport,
        rejects: Rejects,
        progress: Progress,
    ) -> None:
        self.store, self.before, self.mapping = store, snapshot, mapping
        self.report, self.rejects, self.progress = report, rejects, progress
        self.files = {file.path: file for file in snapshot.files}
        self.load_id = f"{snapshot.number + 1:06d}-{uuid.uuid4().hex[:8]}"
        self.db = duckdb.connect()
        scratch = store.data / "scratch"
        for setting in (
            f"memory_limit = '{ENGINE_MEMORY}'",
            f"temp_directory = '{scratch}'",
            "TimeZone = 'UTC'",
            "enable_progress_bar = false",
            "preserve_insertion_order = false",
            # The stream of unknown length must probe; as build side of a join it would be held in memory whole.
            "disabled_optimizers = 'join_order,build_side_probe_side'",
        ):
            self.db.execute(f"SET {setting}")
        pairs = pa.table({"code": list(minor_exponents()), "exponent": list(minor_exponents().values())})
        self.db.register("currency_list", pairs)
        self.db.execute("CREATE TABLE currencies AS FROM currency_list")

    def run(self, sources: list[SourceFile]) -> list[LedgerFile]:
        """Load every table in turn; returns the files of the new ledger."""
        try:
            for table in TABLES.values():
                mine = [source for source in sources if source.table is table]
                if mine:
                    self._load_table(table, mine)
        except duckdb.OutOfMemoryException as error:
            raise EngineTrouble(
                f"the load needs more memory than {ENGINE_MEMORY}: {str(error).splitlines()[0]}",
                do="Load fewer files at a time; what is loaded already is skipped.",
            ) from error
        finally:
            self.report.rejects = self.rejects.write()
            self.report.rejects_folder = self.rejects.folder
            self.db.close()
        return list(self.files.values())

    def _load_table(self, table: Table, sources: list[SourceFile]) -> None:
        tally = self.report.tables[table.name]
        self._known_accounts(table)
        self.db.execute("DROP TABLE IF EXISTS staged")
        for number, source in enumerate(sources):
            self._stage(table, source, number, tally)
        self._refuse_repeats(table, sources)
        tally.already_there = self._drop_known(table, sources)
        tally.rejected = self.rejects.count(table.name)
        self.rejects.enforce(table.name, tally.read)
        (tally.taken,) = self._one("SELECT count(*) FROM staged")
        if tally.taken:
            self.report.changed = True
            writer = self._write_days if table.name == "transfers" else self._write_whole
            writer(table)

    def _one(self, sql: str) -> tuple[int, ...]:
        row = self.db.execute(sql).fetchone()
        return row if row is not None else (0,)

    def _known_accounts(self, table: Table) -> None:
        """Currency by account, for the tables that name accounts."""
        if any(column.references for column in table.columns):
            source = _scan([self.store.data / file.path for file in self._of("accounts")])
            self.db.execute(
                f"CREATE TABLE IF NOT EXISTS known AS SELECT account_id AS known_id, currency AS known_currency FROM {source}"
            )

    def _of(self, table: str) -> list[LedgerFile]:
        return sorted((file for file in self.files.values() if file.table == table), key=lambda file: file.day)

    def _stage(self, table: Table, source: SourceFile, number: int, tally: TableLoad) -> None:
        """Parse and check one file: good rows into `staged`, the others into the rejects."""
        size = source.path.stat().st_size

        def batches() -> Iterator[pa.RecordBatch]:
            yield from source.batches(lambda read: self.progress(source.path.name, read, size))

        reader = pa.RecordBatchReader.from_batches(source.schema(), batches())
        rules = list(
            checks(table, zone=self.mapping.zone, time_format=source.mapping.time_format)
        )
        self.db.register("incoming", reader)
        verb = "INSERT INTO staged" if number else "CREATE TABLE staged AS"
        try:
            self.db.execute(f"{verb} {self._checked_sql(table, source, number, rules)}")
        except duckdb.Error as error:
            raise _reading_error(error, source) from error
        finally:
            self.db.unregister("incoming")
        if source.ignored_columns:
            self.report.ignored_columns[source.path.name] = source.ignored_columns
        self._take_rejects(table, source, rules)
        tally.read = self._one("SELECT count(*) FROM staged")[0] + self.rejects.count(table.name)

    def _checked_sql(self, table: Table, source: SourceFile, number: int, rules: list[Check]) -> str:
        """SQL: every incoming row, typed, with the number of the first check it breaks and then its text."""
        parsed = parsed_sql(table, zone=self.mapping.zone, time_format=source.mapping.time_format)
        joins, found = [], []
        for column in table.columns:
            if column.references:
                alias = f"known_{column.name}"
                joins.append(f"LEFT JOIN known {alias} ON {alias}.known_id = r.{quoted(column.name)}")
                found.append(f"{alias}.known_currency AS {column.name}__currency")
        inner = ", ".join(["r.*", *parsed, *found])
        currency = currency_of(table)
        if currency == quoted("currency"):
            currency = "currency__typed"
        exponent = f"LEFT JOIN currencies c ON c.code = p.{currency}" if currency else ""
        fields = "p.*, c.exponent" if currency else "p.*"
        cases = " ".join(f"WHEN {check.broken} THEN {place}" for place, check in enumerate(rules))
        given = [name for name in table.column_names if name not in source.mapping.constants]
        blank = " AND ".join(f"r.{quoted(name)} IS NULL" for name in given)
        typed = ", ".join(_typed(column.name, column.kind) for column in table.columns)
        texts = ", ".join(f"left({quoted(name)}, 200)" for name in table.column_names)
        return (
            f"SELECT {number} AS file, line, {typed}, broken,"
            f" CASE WHEN broken IS NOT NULL THEN [{texts}] END AS texts FROM"
            f" (SELECT *, CASE {cases} END AS broken FROM (SELECT {fields} FROM"
            f" (SELECT {inner} FROM incoming r {' '.join(joins)} WHERE NOT ({blank})) p {exponent}))"
        )

    def _take_rejects(self, table: Table, source: SourceFile, rules: list[Check]) -> None:
        """Move the misshapen and the broken rows of one file to the rejects."""
        for row in source.misshapen:
            rule = Rule.TOO_MANY_COLUMNS if row.columns > source.expected_columns else Rule.TOO_FEW_COLUMNS
            self.rejects.add(table, source.path.name, row.line, "", row.text, rule)
        cursor = self.db.execute("SELECT line, broken, texts FROM staged WHERE broken IS NOT NULL ORDER BY line")
        places = {name: number for number, name in enumerate(table.column_names)}
        bad = 0
        while rows := cursor.fetchmany(10_000):
            bad += len(rows)
            for line, broken, texts in rows:
                check = rules[broken]
                self.rejects.add(
                    table, source.path.name, line, check.column, texts[places[check.column]], check.rule
                )
        if bad:
            self.db.execute("DELETE FROM staged WHERE broken IS NOT NULL")

    def _refuse_repeats(self, table: Table, sources: list[SourceFile]) -> None:
        """Of rows with the same key in these files the first stays; the others are rejects."""
        key = ", ".join(quoted(name) for name in table.key)
        # Hashes first: they are an eighth of the size of the keys, and nearly all are alone.
        self.db.execute(
            f"CREATE OR REPLACE TABLE twins AS SELECT h FROM (SELECT hash({key}) AS h FROM staged)"
            " GROUP BY h HAVING count(*) > 1"
        )
        if self._one("SELECT count(*) FROM twins") == (0,):
            return
        self.db.execute(
            f"CREATE OR REPLACE TABLE repeats AS SELECT file, line, {key} FROM staged"
            f" WHERE hash({key}) IN (FROM twins)"
            f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY file, line) > 1"
        )
        self._refuse("repeats", table, sources, Rule.DUPLICATE)

    def _refuse(self, bad: str, table: Table, sources: list[SourceFile], rule: Rule) -> None:
        """Move the rows of table `bad` (file, line, key…) from `staged` to the rejects."""
        for file, line, *key in self.db.execute(f"FROM {bad} ORDER BY file, line").fetchall():
            value = " ".join(str(part) for part in key)
            self.rejects.add(table, sources[file].path.name, line, table.key[0], value, rule)
        self.db.execute(
            f"DELETE FROM staged USING {bad} b WHERE staged.file = b.file AND staged.line = b.line"
        )

    def _drop_known(self, table: Table, sources: list[SourceFile]) -> int:
        """Leave out rows that the ledger has already; the same key with other content is a reject."""
        files = self._of(table.name)
        if not files:
            return 0
        key = ", ".join(quoted(name) for name in table.key)
        same = " AND ".join(f"s.{quoted(name)} IS NOT DISTINCT FROM l.{quoted(name)}" for name in table.column_names)
        self.db.execute(
            f"CREATE OR REPLACE TABLE met AS SELECT s.file, s.line, {', '.join('s.' + quoted(k) for k in table.key)},"
            f" {same} AS same FROM staged s JOIN {_scan([self.store.data / f.path for f in files])} l USING ({key})"
        )
        self.db.execute("CREATE OR REPLACE TABLE conflicts AS SELECT * EXCLUDE (same) FROM met WHERE NOT same")
        self._refuse("conflicts", table, sources, Rule.CONFLICT)
        self.db.execute(
            "DELETE FROM staged USING met WHERE staged.file = met.file AND staged.line = met.line"
        )
        return self._one("SELECT count(*) FROM met WHERE same")[0]

    def _write_whole(self, table: Table) -> None:
        """A small table is one file, sorted by its key, old rows and new together."""
        self._write(table, self._of(table.name), "staged", order=table.key, stem=table.name)

    def _write_days(self, table: Table) -> None:
        """Transfers are one file a day, sorted by (at, transfer_id); days with no new rows stay as they are."""
        days = self.db.execute('SELECT DISTINCT CAST("at" AS DATE) AS day FROM staged ORDER BY day').fetchall()
        old = {file.day: file for file in self._of(table.name)}
        for (day,) in days:
            rows = f"(SELECT * FROM staged WHERE \"at\" >= DATE '{day}' AND \"at\" < DATE '{day}' + INTERVAL 1 DAY)"
            replaced = [old[str(day)]] if str(day) in old else []
            self._write(table, replaced, rows, order=("at", *table.key), stem=f"transfers/day={day}", day=str(day))

    def _write(
        self, table: Table, replaced: list[LedgerFile], rows: str, *, order: tuple[str, ...], stem: str, day: str = ""
    ) -> None:
        columns = ", ".join(quoted(name) for name in table.column_names)
        path = self.store.data / stem / f"{self.load_id}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        union = f"SELECT {columns} FROM {rows}"
        if replaced:
            union += f" UNION ALL SELECT {columns} FROM {_scan([self.store.data / f.path for f in replaced])}"
        by = ", ".join(quoted(name) for name in order)
        written = self.db.execute(
            f"COPY ({union} ORDER BY {by}) TO '{_sql_path(path)}'"
            f" (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROWS_PER_GROUP})"
        ).fetchone()
        for file in replaced:
            del self.files[file.path]
        record = self.store.describe(path, table.name, int(written[0]) if written else 0, day)
        self.files[record.path] = record


def _typed(name: str, kind: Kind) -> str:
    if kind in (Kind.TEXT, Kind.CHOICE):
        return quoted(name)
    cast = f"CAST({name}__typed AS DECIMAL(18,{AMOUNT_PLACES}))" if kind is Kind.AMOUNT else f"{name}__typed"
    return f"{cast} AS {quoted(name)}"


def _sql_path(path: Path) -> str:
    return str(path).replace("'", "''")


def _scan(paths: list[Path]) -> str:
    listed = ", ".join(f"'{_sql_path(path)}'" for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false)"


def _reading_error(error: duckdb.Error, source: SourceFile) -> Exception:
    """What stopped DuckDB: our own error out of the batches, or something of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BadData):
            return cause
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, duckdb.OutOfMemoryException):
        return error
    return BadData(
        f"{source.path.name}: cannot be read: {str(error).splitlines()[0]}",
        do="Expected CSV in UTF-8 with a header line, or Parquet.",
    )
