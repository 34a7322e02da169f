"""`mulegraph ledger forget`: takes a load back. Its rows leave the ledger, records are as they were before it."""

from __future__ import annotations

import uuid
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from mulegraph.errors import UsageError
from mulegraph.ingest.lives import settle_lives
from mulegraph.ingest.partitions import ROWS_PER_GROUP, Partitions
from mulegraph.ingest.sql import number_in_sql, quoted, text_in_sql
from mulegraph.lazy import duckdb
from mulegraph.ledger.engine import in_sql, open_engine, scan
from mulegraph.ledger.store import LedgerFile, Snapshot, Store
from mulegraph.schema.disclosure import OURS, declared
from mulegraph.schema.tables import TABLES, Table
from mulegraph.schema.versions import VERSIONED, versions_of


@declared
@dataclass(frozen=True)
class Forgotten:
    """What left the ledger: rows by table, and later files that must be loaded again."""

    rows: Annotated[dict[str, int], OURS] = field(default_factory=dict)
    load_again: Annotated[tuple[str, ...], OURS] = ()


def forget(workspace: Path, load: str) -> Forgotten:
    """Take a load back. Raises UsageError when the ledger does not know it.

    Files of later loads that held rows which this load had brought may be loaded again: their rows were left out as
    known, and are now gone.
    """
    store = Store(workspace / "ledger")
    with store.writing() as before:
        if load not in before.loads:
            known = ", ".join(before.loads) or "none"
            raise UsageError(f"load '{load}' is not in the ledger", hint=f"Expected one of: {known}.")
        names = list(before.loads)
        later = names[names.index(load) + 1 :]
        again = [name for name in later if before.loads[name].known]
        with closing(open_engine(store.scratch)) as db:
            taking = _Taking(db, store, before, load)
            for table in TABLES.values():
                taking.take_out(table)
            # The load may have said that a number was used again.
            left = Partitions(db, store, tuple(taking.files.values()), f"{taking.stem}-lives")
            settle_lives(db, left, before.zone)
        marks = {mark for name in (load, *again) for mark in before.loads[name].marks}
        after = replace(
            before,
            number=before.number + 1,
            files=left.files,
            loaded={mark: name for mark, name in before.loaded.items() if mark not in marks},
            loads={name: record for name, record in before.loads.items() if name != load},
        )
        store.commit(after, before)
    files = sorted({name for each in again for name in before.loads[each].files})
    return Forgotten(taking.rows, tuple(files))


class _Taking:
    """The files of the next snapshot while a load's rows are taken out of them."""

    def __init__(self, db: duckdb.DuckDBPyConnection, store: Store, before: Snapshot, load: str) -> None:
        self.db = db
        self.store = store
        self.load = load
        self.files = {file.path: file for file in before.files}
        self.rows: dict[str, int] = {}
        self.stem = f"forget-{uuid.uuid4().hex[:8]}"

    def take_out(self, table: Table) -> None:
        """Take a table's rows out that the load added, and its records back to what they were."""
        keys = sorted(self.store.keys_of(self.load).glob(f"{table.name}.*.parquet"))
        if not keys:
            return
        key = ", ".join(quoted(name) for name in table.key)
        self.db.execute(f"CREATE OR REPLACE TABLE gone AS SELECT {key} FROM {scan(keys)}")
        if table.name in VERSIONED:
            self._take_back(table)
            return
        total = 0
        for file in [each for each in self.files.values() if each.table == table.name]:
            path = self.store.data / file.path
            kept = f"FROM {scan([path])} t WHERE NOT EXISTS (FROM gone g WHERE {_same('t', 'g', table.key)})"
            ((rows,),) = self.db.execute(f"SELECT count(*) {kept}").fetchall()
            if rows < file.rows:
                total += file.rows - rows
                order = ", ".join(quoted(name) for name in (("at",) if table.name == "transfers" else ()) + table.key)
                self._replace(table, [file], f"SELECT * {kept} ORDER BY {order}", file.day)
        self.rows[table.name] = total

    def _take_back(self, table: Table) -> None:
        """Records that the load brought are gone; those that it changed are as they were."""
        versions = versions_of(table.name)
        current = [file for file in self.files.values() if file.table == table.name]
        history = [file for file in self.files.values() if file.table == versions.name]
        key, load = quoted(table.key[0]), text_in_sql(self.load)
        names = ", ".join(quoted(name) for name in table.column_names)
        rows = scan([self.store.data / file.path for file in current])
        if not history:
            kept = f"SELECT {names} FROM {rows} WHERE {key} NOT IN (FROM gone) ORDER BY {key}"
            self.rows[table.name] = sum(file.rows for file in current) - self._replace(table, current, kept)
            return
        old = scan([self.store.data / file.path for file in history])
        # A record that the load brought, and a later one changed, began with this load, too.
        self.db.execute(
            f"CREATE OR REPLACE TABLE restored AS SELECT {names}, valid_from,"
            f" CASE WHEN closed_by = {load} THEN NULL ELSE valid_to END AS valid_to, opened_by,"
            f" nullif(closed_by, {load}) AS closed_by FROM {old} WHERE opened_by IS DISTINCT FROM {load}"
        )
        order = (
            "closed_on IS NOT NULL, opened_on DESC NULLS LAST, holder_id, currency" if table.name == "accounts" else "1"
        )
        storied = f"SELECT {key} FROM {old}"
        kept = (
            f"SELECT {names} FROM (SELECT {names} FROM {rows}"
            f" WHERE {key} NOT IN (FROM gone) AND {key} NOT IN ({storied})"
            f" UNION ALL (SELECT {names} FROM restored WHERE valid_to IS NULL"
            f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order}) = 1)) ORDER BY {key}"
        )
        self.rows[table.name] = sum(file.rows for file in current) - self._replace(table, current, kept)
        order = ", ".join(quoted(name) for name in versions.key)
        self._replace(versions, history, f"SELECT * FROM restored ORDER BY {order}")

    def _replace(self, table: Table, old: list[LedgerFile], rows: str, day: str = "") -> int:
        """Write rows in the place of files; no file where there are none."""
        folder = f"{table.name}/day={day}" if day else table.name
        path = self.store.data / folder / f"{self.stem}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        nullable = ", ".join(f"TRY({quoted(name)}) AS {quoted(name)}" for name in table.column_names)
        ((written,),) = self.db.execute(
            f"COPY (SELECT {nullable} FROM ({rows})) TO '{in_sql(path)}'"
            f" (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROWS_PER_GROUP})"
        ).fetchall()
        for file in old:
            del self.files[file.path]
        if written:
            record = self.store.describe(path, table.name, int(written), day)
            self.files[record.path] = record
        else:
            path.unlink()
        return int(written)


def _same(left: str, right: str, key: tuple[str, ...]) -> str:
    # Rows may have become a former account's since the load noted their keys.
    same = []
    for name in key:
        one, two = f"{left}.{quoted(name)}", f"{right}.{quoted(name)}"
        is_number = name in ("account_id", "subject_id")
        same.append(f"{number_in_sql(one)} = {number_in_sql(two)}" if is_number else f"{one} = {two}")
    return " AND ".join(same)
