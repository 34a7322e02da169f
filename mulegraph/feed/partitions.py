"""Staged rows → the ledger's Parquet files: transfers one file a day, every other table one file."""

from __future__ import annotations

from pathlib import Path

import duckdb

from mulegraph.feed.engine import in_sql, scan
from mulegraph.feed.rules import quoted
from mulegraph.feed.store import LedgerFile, Store
from mulegraph.model import Table

ROWS_PER_GROUP = 131_072


class Partitions:
    """The files of the next snapshot: those of the last one, but for what was written again."""

    def __init__(self, db: duckdb.DuckDBPyConnection, store: Store, old: tuple[LedgerFile, ...], load_id: str) -> None:
        self.db, self.store, self.load_id = db, store, load_id
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
        if table.name != "transfers":
            self._write(table, self.of(table.name), "staged", order=table.key, stem=table.name)
            return
        days = self.db.execute('SELECT DISTINCT CAST("at" AS DATE) FROM staged ORDER BY 1').fetchall()
        old = {file.day: file for file in self.of(table.name)}
        for (day,) in days:
            rows = f"""(FROM staged WHERE "at" >= DATE '{day}' AND "at" < DATE '{day}' + INTERVAL 1 DAY)"""
            replaced = [old[str(day)]] if str(day) in old else []
            stem = f"{table.name}/day={day}"
            self._write(table, replaced, rows, order=("at", *table.key), stem=stem, day=str(day))

    def _write(
        self,
        table: Table,
        replaced: list[LedgerFile],
        rows: str,
        *,
        order: tuple[str, ...],
        stem: str,
        day: str = "",
    ) -> None:
        columns = ", ".join(quoted(name) for name in table.column_names)
        path = self.store.data / stem / f"{self.load_id}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        union = f"SELECT {columns} FROM {rows}"
        if replaced:
            union += f" UNION ALL SELECT {columns} FROM {scan([self.store.data / f.path for f in replaced])}"
        # TRY makes every column nullable in the file. DuckDB marks those NOT NULL that happen to hold no null
        # in this load, and the same rows loaded in other parts would give another file.
        nullable = ", ".join(f"TRY({quoted(name)}) AS {quoted(name)}" for name in table.column_names)
        by = ", ".join(quoted(name) for name in order)
        ((written,),) = self.db.execute(
            f"COPY (SELECT {nullable} FROM ({union}) ORDER BY {by}) TO '{in_sql(path)}'"
            f" (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROWS_PER_GROUP})"
        ).fetchall()
        for file in replaced:
            del self._files[file.path]
        record = self.store.describe(path, table.name, int(written), day)
        self._files[record.path] = record
