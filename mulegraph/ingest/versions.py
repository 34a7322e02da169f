"""Records that change: accounts, holders, devices and merchants as versions, each valid from a load to another.

The table itself keeps one row a record, the one in force, so that every reader may join it. A record of which more was
said (an earlier state, a second holder, a second currency, an earlier life of its number) has all its rows in the table
of versions, too; records that never changed are not repeated there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mulegraph.errors import DataError
from mulegraph.ingest.partitions import Partitions
from mulegraph.ingest.sql import quoted, text_in_sql
from mulegraph.lazy import duckdb
from mulegraph.ledger.engine import scan
from mulegraph.schema.tables import Table
from mulegraph.schema.versions import VERSIONED

EVER = "9999-12-31"


def write_records(partitions: Partitions, table: Table, as_of: datetime) -> Changes:
    """Write what `staged` says of records: new ones, changed ones, and what they were before."""
    versions = Versions(partitions.db, table, partitions.load_id, as_of)
    changes = versions.apply(partitions.paths(table.name), partitions.paths(VERSIONED[table.name]))
    if changes.opened or changes.changed:
        partitions.write(table)
    return changes


@dataclass(frozen=True)
class Changes:
    """What the staged rows of a table did to its records."""

    opened: int
    known: int
    changed: int
    """Records that were there and are otherwise now."""


def known_currencies(versions: Sequence[Path]) -> str:
    """SQL: accounts of several currencies, with all of them."""
    if not versions:
        return "SELECT NULL::VARCHAR AS account_id, NULL::VARCHAR[] AS currencies WHERE false"
    return (
        f"SELECT account_id, list(DISTINCT currency) AS currencies FROM {scan(versions)} WHERE valid_to IS NULL"
        " GROUP BY account_id HAVING count(DISTINCT currency) > 1"
    )


def several_rows(key: str) -> str:
    """SQL: keys of which more than one row is staged, as column `k`."""
    # Hashes first: they are a fraction of the size of the keys, and nearly all are alone.
    alike = f"SELECT hash({key}) AS h FROM staged GROUP BY h HAVING count(*) > 1"
    return f"SELECT {key} AS k FROM staged WHERE hash({key}) IN ({alike}) GROUP BY 1 HAVING count(*) > 1"


def contradictions(db: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Put into table `others` the staged rows that say something else of a record than an earlier row does.

    Of an account several rows may stand side by side: other holders, other currencies, other periods.
    """
    key, beside = quoted(table.key[0]), "false"
    if table.name == "accounts":
        beside = (
            "(a.holder_id IS DISTINCT FROM b.holder_id OR a.currency <> b.currency"
            f" OR coalesce(a.closed_on, DATE '{EVER}') <= coalesce(b.opened_on, DATE '0001-01-01')"
            f" OR coalesce(b.closed_on, DATE '{EVER}') <= coalesce(a.opened_on, DATE '0001-01-01'))"
        )
    db.execute(f"CREATE OR REPLACE TABLE several AS {several_rows(key)}")
    if not db.execute("SELECT count(*) FROM several").fetchone()[0]:
        return False
    same = f"row({_of('a', table)}) IS NOT DISTINCT FROM row({_of('b', table)})"
    db.execute(
        f"CREATE OR REPLACE TABLE others AS SELECT file, line, {key}, kept.file AS kept_file, kept.line AS kept_line"
        f" FROM (SELECT b.file, b.line, b.{key}, min(struct_pack(file := a.file, line := a.line)) AS kept"
        f" FROM staged a JOIN staged b"
        f" ON a.{key} = b.{key} AND (a.file, a.line) < (b.file, b.line)"
        f" WHERE a.{key} IN (FROM several) AND NOT ({same}) AND NOT {beside} GROUP BY ALL)"
    )
    return bool(db.execute("SELECT count(*) FROM others").fetchone()[0])


def refuse_other_dumps(db: duckdb.DuckDBPyConnection, table: Table, files: Sequence[str]) -> None:
    """Raise DataError where two files of a load say different things of one record: none is known to be the later.

    `files` are the names of the staged rows' files by number. Of an account what is compared is all its rows of one
    currency: two files may each list both holders of a joint account, or one currency each.
    """
    if len(set(files)) < 2:
        return
    keys = [table.key[0], *(["currency"] if table.name == "accounts" else [])]
    key = ", ".join(map(quoted, keys))
    names = ", ".join(quoted(name) for name in table.column_names)
    listed = ", ".join(f"({number}, {text_in_sql(name)})" for number, name in enumerate(files))
    rows = db.execute(f"""
        WITH named (file, name) AS (VALUES {listed}),
        several AS ({several_rows(quoted(table.key[0]))}),
        said AS (SELECT {key}, name, list(DISTINCT row({names}) ORDER BY row({names})) AS rows
            FROM staged JOIN named USING (file) WHERE {quoted(table.key[0])} IN (FROM several) GROUP BY ALL),
        other AS (SELECT {key}, min(name) AS one, max(name) AS two FROM said
            GROUP BY {key} HAVING count(DISTINCT rows) > 1)
        SELECT one, two, count(*) FROM other GROUP BY ALL ORDER BY ALL""").fetchall()
    if rows:
        one, two, count = rows[0]
        raise DataError(
            f"{table.name}: {one} and {two} say different things of {count:,} records; neither is known to be later",
            hint="Load each file by itself, the oldest first; --as-of says from when on it holds.",
        )


class Versions:
    """The versions of one table during a load; `staged` holds what the files say."""

    def __init__(self, db: duckdb.DuckDBPyConnection, table: Table, load_id: str, as_of: datetime) -> None:
        self.db, self.table = db, table
        self.load_id, self.as_of = load_id, as_of
        self.key = quoted(table.key[0])

    def apply(self, current: Sequence[Path], versions: Sequence[Path]) -> Changes:
        """Work out the new state; leaves the rows to write in `staged`, and the new versions in `new_versions`.

        `replaced` holds the keys whose row in the table is to be written anew.
        """
        db, key = self.db, self.key
        names = ", ".join(quoted(name) for name in self.table.column_names)
        if not current and not versions and not self._count(f"({several_rows(key)})"):
            return self._first(names)
        db.execute(f"CREATE OR REPLACE TABLE said AS SELECT DISTINCT {names} FROM staged")
        self._open(current, versions)
        read = self._count("staged")
        # Accounts that a load makes from the ends of payments add to what is known, and take nothing back.
        adds_only = "kind = 'unknown'" if self.table.name == "accounts" else "false"
        if self.table.name == "accounts":
            db.execute(
                "DELETE FROM said s USING valid v WHERE s.account_id = v.account_id AND s.currency = v.currency"
                " AND s.kind = 'unknown'"
            )
        columns = [quoted(name) for name in self.table.column_names]
        same = " AND ".join(f"s.{name} IS NOT DISTINCT FROM v.{name}" for name in columns)
        db.execute(f"CREATE OR REPLACE TABLE opened AS FROM said s WHERE NOT EXISTS (FROM valid v WHERE {same})")
        closes = f"v.{key} IN (SELECT {key} FROM said WHERE NOT ({adds_only}))"
        db.execute(
            f"CREATE OR REPLACE TABLE closed AS FROM valid v WHERE {closes} AND NOT EXISTS (FROM said s WHERE {same})"
        )
        opened, changed = (
            self._count("opened"),
            self._count(
                f"(SELECT DISTINCT {key} FROM valid WHERE {key} IN"
                f" (SELECT {key} FROM opened UNION SELECT {key} FROM closed))"
            ),
        )
        self._write_versions()
        self._choose()
        return Changes(opened, read - opened, changed)

    def _first(self, names: str) -> Changes:
        """A first load with one row a record has nothing to compare with."""
        self.db.execute(f"CREATE OR REPLACE TABLE opened AS SELECT {self.key} FROM staged")
        self.db.execute(f"CREATE OR REPLACE TABLE new_versions AS SELECT {names} FROM staged WHERE false")
        self.db.execute(f"CREATE OR REPLACE TABLE replaced AS SELECT {self.key} FROM staged WHERE false")
        rows = self._count("staged")
        return Changes(rows, 0, 0)

    def _open(self, current: Sequence[Path], versions: Sequence[Path]) -> None:
        """Tables `history`, all versions so far, and `valid`, those now in force of records that the files name."""
        db, key = self.db, self.key
        names = ", ".join(quoted(name) for name in self.table.column_names)
        more = "valid_from TIMESTAMP, valid_to TIMESTAMP, opened_by VARCHAR, closed_by VARCHAR"
        empty = (
            f"SELECT {names}, {', '.join(f'NULL::{each.split()[1]} AS {each.split()[0]}' for each in more.split(', '))}"
        )
        history = f"FROM {scan(versions)}" if versions else f"{empty} FROM staged WHERE false"
        db.execute(f"CREATE OR REPLACE TABLE history AS {history}")
        named = f"{key} IN (SELECT {key} FROM said)"
        valid = f"SELECT {names} FROM history WHERE valid_to IS NULL AND {named}"
        if current:
            valid += (
                f" UNION ALL SELECT {names} FROM {scan(current)} WHERE {named}"
                f" AND {key} NOT IN (SELECT {key} FROM history)"
            )
        db.execute(f"CREATE OR REPLACE TABLE valid AS {valid}")

    def _write_versions(self) -> None:
        """Table `new_versions`: empty where no record has more than one row."""
        db, key = self.db, self.key
        names = ", ".join(quoted(name) for name in self.table.column_names)
        # Of records with one row before and now nothing is kept but the row itself.
        db.execute(
            f"CREATE OR REPLACE TABLE storied AS SELECT {key} FROM"
            f" (SELECT {key} FROM valid UNION ALL SELECT {key} FROM opened) GROUP BY {key} HAVING count(*) > 1"
            f" UNION SELECT {key} FROM history"
        )
        columns = [quoted(name) for name in self.table.column_names]
        same = " AND ".join(f"h.{name} IS NOT DISTINCT FROM c.{name}" for name in columns)
        stamp = f"TIMESTAMP '{self.as_of:%Y-%m-%d %H:%M:%S}'"
        was_closed = f"valid_to IS NULL AND EXISTS (FROM closed c WHERE {same})"
        db.execute(
            "CREATE OR REPLACE TABLE new_versions AS"
            f" SELECT {names}, valid_from, CASE WHEN {was_closed} THEN {stamp} ELSE valid_to END AS valid_to,"
            " opened_by,"
            f" CASE WHEN {was_closed} THEN '{self.load_id}' ELSE closed_by END AS closed_by FROM history h"
            f" UNION ALL SELECT {names}, NULL, CASE WHEN EXISTS (FROM closed c WHERE {same}) THEN {stamp} END, '',"
            f" CASE WHEN EXISTS (FROM closed c WHERE {same}) THEN '{self.load_id}' END FROM valid h"
            f" WHERE {key} IN (FROM storied) AND {key} NOT IN (SELECT {key} FROM history)"
            f" UNION ALL SELECT {names}, CASE WHEN {key} IN (SELECT {key} FROM valid) THEN {stamp} END, NULL,"
            f" '{self.load_id}', NULL FROM opened WHERE {key} IN (FROM storied)"
        )

    def _choose(self) -> None:
        """One row a record into `staged`: of several in force the open one, then the latest, then by name."""
        db, key = self.db, self.key
        order = "1"
        if self.table.name == "accounts":
            order = "closed_on IS NOT NULL, opened_on DESC NULLS LAST, holder_id, currency"
        names = ", ".join(quoted(name) for name in self.table.column_names)
        touched = f"{key} IN (SELECT {key} FROM opened UNION SELECT {key} FROM closed)"
        db.execute(
            "CREATE OR REPLACE TABLE in_force AS"
            f" SELECT {names} FROM new_versions WHERE valid_to IS NULL AND {touched}"
            f" UNION ALL SELECT {names} FROM opened WHERE {key} NOT IN (SELECT {key} FROM new_versions)"
        )
        db.execute(
            f"CREATE OR REPLACE TABLE staged AS SELECT 0 AS file, 0 AS line, {names} FROM in_force"
            f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order}) = 1"
        )
        db.execute(f"CREATE OR REPLACE TABLE replaced AS SELECT {key} FROM staged")

    def _count(self, rows: str) -> int:
        return int(self.db.execute(f"SELECT count(*) FROM {rows}").fetchone()[0])


def _of(alias: str, table: Table) -> str:
    return ", ".join(f"{alias}.{quoted(name)}" for name in table.column_names)
