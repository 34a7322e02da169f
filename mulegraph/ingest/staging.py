"""The rows of one table on their way into the ledger: parsed and checked, bad and known ones taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from mulegraph.ingest.rejects import VALUE_LIMIT, Rejects
from mulegraph.ingest.rules import Check, Rule, checks, currency_of, parsed_sql, quoted
from mulegraph.ingest.sources import SourceFile
from mulegraph.lazy import duckdb
from mulegraph.ledger.engine import scan
from mulegraph.schema.tables import AMOUNT_PLACES, Kind, Table

Progress = Callable[[str, int, int], None]
"""Told the file's name, the bytes read since the last call, and the bytes in all."""


class Staging:
    """What is left of a table's files after each step stands in the DuckDB table `staged`."""

    def __init__(
        self, db: duckdb.DuckDBPyConnection, table: Table, sources: Sequence[SourceFile], rejects: Rejects
    ) -> None:
        self.db, self.table, self.sources, self.rejects = db, table, sources, rejects
        self.read = 0
        self.db.execute("DROP TABLE IF EXISTS staged")

    def count(self, sql: str = "SELECT count(*) FROM staged") -> int:
        """The one number that a query gives."""
        ((number,),) = self.db.execute(sql).fetchall()
        return int(number)

    def ingest(self, accounts: Sequence[Path], zone: str, progress: Progress) -> None:
        """Parse and check every file: good rows into `staged`, the others into the rejects."""
        self._know(accounts)
        for number, source in enumerate(self.sources):
            rules = list(checks(self.table, zone=zone, mapping=source.mapping))
            self._insert(source, number, zone, rules, progress)
            self._set_aside(source, rules)
        self.read = self.count() + self.rejects.count(self.table.name)

    def _know(self, accounts: Sequence[Path]) -> None:
        """Currency by account, for the tables that name accounts; made once a load."""
        if any(column.references for column in self.table.columns):
            self.db.execute("CREATE TABLE IF NOT EXISTS known (known_id VARCHAR, known_currency VARCHAR)")
            if accounts and not self.count("SELECT count(*) FROM known"):
                self.db.execute(f"INSERT INTO known SELECT account_id, currency FROM {scan(accounts)}")

    def _insert(self, source: SourceFile, number: int, zone: str, rules: list[Check], progress: Progress) -> None:
        reader = pa.RecordBatchReader.from_batches(source.schema(), _told(source, progress))
        self.db.register("incoming", reader)
        verb = "INSERT INTO staged" if number else "CREATE TABLE staged AS"
        try:
            self.db.execute(f"{verb} {self._checked_sql(source, number, zone, rules)}")
        except duckdb.Error as error:
            if source.failure:
                raise source.failure from error
            raise
        finally:
            self.db.unregister("incoming")

    def _checked_sql(self, source: SourceFile, number: int, zone: str, rules: list[Check]) -> str:
        """SQL: every incoming row, typed, with the number of the first check it breaks and then its text."""
        table, joins, found = self.table, [], []
        for column in table.columns:
            if column.references:
                alias = f"known_{column.name}"
                joins.append(f"LEFT JOIN known {alias} ON {alias}.known_id = r.{quoted(column.name)}")
                found.append(f"{alias}.known_currency AS {column.name}__currency")
        inner = ", ".join(["r.*", *parsed_sql(table, zone=zone, mapping=source.mapping), *found])
        currency = currency_of(table)
        exponent = f"LEFT JOIN currencies c ON c.code = p.{currency}" if currency else ""
        fields = "p.*, c.exponent" if currency else "p.*"
        cases = " ".join(f"WHEN {check.broken} THEN {place}" for place, check in enumerate(rules))
        given = [name for name in table.column_names if name not in source.mapping.constants]
        blank = " AND ".join(f"r.{quoted(name)} IS NULL" for name in given) or "false"
        typed = ", ".join(_typed(column.name, column.kind) for column in table.columns)
        texts = ", ".join(f"left({quoted(name)}, {VALUE_LIMIT})" for name in table.column_names)
        return (
            f"SELECT {number} AS file, line, {typed}, broken,"
            f" CASE WHEN broken IS NOT NULL THEN [{texts}] END AS texts FROM"
            f" (SELECT *, CASE {cases} END AS broken FROM (SELECT {fields} FROM"
            f" (SELECT {inner} FROM incoming r {' '.join(joins)} WHERE NOT ({blank})) p {exponent}))"
        )

    def _set_aside(self, source: SourceFile, rules: list[Check]) -> None:
        """Move the misshapen and the broken rows of one file to the rejects."""
        table, name = self.table, source.path.name
        for row in source.misshapen:
            rule = Rule.TOO_MANY_COLUMNS if row.columns > source.expected_columns else Rule.TOO_FEW_COLUMNS
            self.rejects.add(table, name, row.line, "", row.text, rule)
        cursor = self.db.execute("SELECT line, broken, texts FROM staged WHERE broken IS NOT NULL")
        places = {name: number for number, name in enumerate(table.column_names)}
        bad = 0
        while rows := cursor.fetchmany(10_000):
            bad += len(rows)
            for line, broken, texts in rows:
                check = rules[broken]
                self.rejects.add(table, name, line, check.column, texts[places[check.column]], check.rule)
        if bad:
            self.db.execute("DELETE FROM staged WHERE broken IS NOT NULL")

    def refuse_repeats(self) -> None:
        """Of rows with the same key in these files the first stays; the others are rejects."""
        key = ", ".join(quoted(name) for name in self.table.key)
        # Hashes first: they are an eighth of the size of the keys, and nearly all are alone.
        self.db.execute(
            f"CREATE OR REPLACE TABLE duplicates AS SELECT h FROM (SELECT hash({key}) AS h FROM staged)"
            " GROUP BY h HAVING count(*) > 1"
        )
        if not self.count("SELECT count(*) FROM duplicates"):
            return
        self.db.execute(
            f"CREATE OR REPLACE TABLE repeats AS SELECT file, line, {key} FROM staged"
            f" WHERE hash({key}) IN (FROM duplicates)"
            f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY file, line) > 1"
        )
        self._refuse("repeats", Rule.DUPLICATE)

    def drop_known(self, ledger: Sequence[Path]) -> int:
        """Leave out rows that the ledger has already; the same key with other content is a reject."""
        if not ledger or not self.count():
            return 0
        names = [quoted(name) for name in self.table.column_names]
        same = " AND ".join(f"s.{name} IS NOT DISTINCT FROM l.{name}" for name in names)
        keys = ", ".join(f"s.{quoted(name)}" for name in self.table.key)
        match = " AND ".join(f"s.{quoted(name)} = l.{quoted(name)}" for name in self.table.key)
        # What is staged is the build side: the ledger may be many times its size.
        self.db.execute(
            f"CREATE OR REPLACE TABLE met AS SELECT s.file, s.line, {keys}, {same} AS same"
            f" FROM {scan(ledger)} l JOIN staged s ON {match}"
        )
        self.db.execute("CREATE OR REPLACE TABLE conflicts AS SELECT * EXCLUDE (same) FROM met WHERE NOT same")
        self._refuse("conflicts", Rule.CONFLICT)
        self._delete("met")
        return self.count("SELECT count(*) FROM met WHERE same")

    def _refuse(self, bad: str, rule: Rule) -> None:
        """Move the rows of table `bad` (file, line, key…) from `staged` to the rejects."""
        cursor = self.db.execute(f"FROM {bad}")
        while rows := cursor.fetchmany(10_000):
            for file, line, *key in rows:
                value, name = " ".join(str(part) for part in key), self.sources[file].path.name
                self.rejects.add(self.table, name, line, self.table.key[0], value, rule)
        self._delete(bad)

    def _delete(self, rows: str) -> None:
        self.db.execute(f"DELETE FROM staged s USING {rows} b WHERE s.file = b.file AND s.line = b.line")


def _told(source: SourceFile, progress: Progress) -> Iterator[pa.RecordBatch]:
    """The batches of a file; `progress` hears how far it is read."""
    size, seen = source.path.stat().st_size, 0

    def advance(position: int) -> None:
        nonlocal seen
        progress(source.path.name, position - seen, size)
        seen = position

    yield from source.batches(advance)


def _typed(name: str, kind: Kind) -> str:
    if kind is Kind.TEXT:
        return quoted(name)
    cast = f"CAST({name}__typed AS DECIMAL(18,{AMOUNT_PLACES}))" if kind is Kind.AMOUNT else f"{name}__typed"
    return f"{cast} AS {quoted(name)}"
