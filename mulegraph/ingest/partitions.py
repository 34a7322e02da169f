"""Staged rows → the ledger's Parquet files: transfers one file a day, every other table one file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from mulegraph.ingest.sql import quoted
from mulegraph.lazy import duckdb
from mulegraph.ledger.engine import in_sql, scan
from mulegraph.ledger.store import LedgerFile, Store
from mulegraph.schema.tables import Table
from mulegraph.schema.versions import VERSIONED, versions_of

ROWS_PER_GROUP = 131_072


class Partitions:
    """The files of the next snapshot: those of the last one, but for what was written again."""

    def __init__(self, db: duckdb.DuckDBPyConnection, store: Store, old: tuple[LedgerFile, ...], load_id: str) -> None:
        self.db = db
        self.store = store
        self.load_id = load_id
        self.stem = load_id
        """Names the files of one step of the load; a table may be written by two of them."""
        self._files = {file.path: file for file in old}

    @property
    def files(self) -> tuple[LedgerFile, ...]:
        """All files, written or kept."""
        return tuple(self._files.values())

    def of(self, table: str) -> list[LedgerFile]:
        """The files of one table, in order of their day."""
        return sorted((file for file in self.files if file.table == table), key=lambda file: file.day)

    def paths(self, table: str) -> list[Path]:
        """Where the files of one table are."""
        return [self.store.data / file.path for file in self.of(table)]

    def write(self, table: Table) -> None:
        """Write what is staged with the old rows of its files; days without new rows stay as they are."""
        if table.name in VERSIONED:
            self._write_versions(table)
            parts = [Part("staged", tuple(self.of(table.name)), table.key, table.name, anew=table.key[0])]
        elif table.name != "transfers":
            parts = [Part("staged", tuple(self.of(table.name)), table.key, table.name)]
        else:
            days = self.db.execute('SELECT DISTINCT CAST("at" AS DATE) FROM staged ORDER BY 1').fetchall()
            old = {file.day: file for file in self.of(table.name)}
            parts = [_day(table, str(day), old) for (day,) in days]
        # A day is too little for the engine to use both cores on, so two are written at a time.
        with ThreadPoolExecutor(2) as pool:
            written = list(pool.map(lambda part: self._copy(table, part), parts))
        for part, rows in zip(parts, written, strict=True):
            self._put(table, part, rows)
        self._note_keys(table)

    def write_again(self, table: Table, part: Part, files: tuple[LedgerFile, ...]) -> None:
        """Write the rows of a part in the place of files that the ledger has."""
        written = self._copy(table, part)
        self._put(table, replace(part, replaced=files), written)

    def _put(self, table: Table, part: Part, rows: int) -> None:
        for file in part.replaced:
            del self._files[file.path]
        record = self.store.describe(self._path(part), table.name, rows, part.day)
        self._files[record.path] = record

    def _write_versions(self, table: Table) -> None:
        """Write the table's versions where some record has several, and where there were some."""
        versions = versions_of(table.name)
        old = tuple(self.of(versions.name))
        ((rows,),) = self.db.execute("SELECT count(*) FROM new_versions").fetchall()
        if not rows and not old:
            return
        part = Part("new_versions", (), versions.key, versions.name)
        written = self._copy(versions, part)
        self._put(versions, replace(part, replaced=old), written)

    def _note_keys(self, table: Table) -> None:
        """Keep the keys of the rows that this load added, so that it can be taken back."""
        rows, distinct = ("opened", "DISTINCT ") if table.name in VERSIONED else ("staged", "")
        key = ", ".join(quoted(name) for name in table.key)
        path = self.store.keys_of(self.load_id) / f"{table.name}.{self.stem}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.db.execute(
            f"COPY (SELECT {distinct}{key} FROM {rows}) TO '{in_sql(path)}'"
            " (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        )

    def _path(self, part: Part) -> Path:
        return self.store.data / part.stem / f"{self.stem}.parquet"

    def _copy(self, table: Table, part: Part) -> int:
        """Write one file, old rows and new in the part's order; gives the number of rows."""
        columns = ", ".join(quoted(name) for name in table.column_names)
        path = self._path(part)
        path.parent.mkdir(parents=True, exist_ok=True)
        union = f"SELECT {columns} FROM {part.rows}"
        if part.replaced:
            union += f" UNION ALL SELECT {columns} FROM {scan([self.store.data / f.path for f in part.replaced])}"
            if part.anew:
                union += f" WHERE {quoted(part.anew)} NOT IN (FROM replaced)"
        # TRY makes every column nullable in the file. DuckDB marks those NOT NULL that happen to hold no null
        # in this load, and the same rows loaded in other parts would give another file.
        nullable = ", ".join(f"TRY({quoted(name)}) AS {quoted(name)}" for name in table.column_names)
        by = ", ".join(quoted(name) for name in part.order)
        with closing(self.db.cursor()) as cursor:
            ((written,),) = cursor.execute(
                f"COPY (SELECT {nullable} FROM ({union}) ORDER BY {by}) TO '{in_sql(path)}'"
                f" (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROWS_PER_GROUP})"
            ).fetchall()
        return int(written)


@dataclass(frozen=True)
class Part:
    """One file to write: where its new rows are, the files that it replaces, its order and its folder.

    Old rows whose key column `anew` stands in the table `replaced` are left out: the new rows are in their place.
    """

    rows: str
    replaced: tuple[LedgerFile, ...]
    order: tuple[str, ...]
    stem: str
    day: str = ""
    anew: str = ""


def _day(table: Table, day: str, old: dict[str, LedgerFile]) -> Part:
    rows = f"""(FROM staged WHERE "at" >= DATE '{day}' AND "at" < DATE '{day}' + INTERVAL 1 DAY)"""
    replaced = (old[day],) if day in old else ()
    return Part(rows, replaced, ("at", *table.key), f"{table.name}/day={day}", day)
