"""The rows of one table on their way into the ledger: parsed and checked, bad and known ones taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from mulegraph.ingest.odd_hours import odd_column, odd_items, settle_odd_hours
from mulegraph.ingest.rejects import VALUE_LIMIT, Place, Rejects
from mulegraph.ingest.remarks import About, Remark
from mulegraph.ingest.rules import (
    Check,
    Reading,
    Rule,
    amounts_sql,
    checks,
    exponents,
    main_time,
    not_booked,
    parsed_sql,
)
from mulegraph.ingest.sources import Source, SourceFile
from mulegraph.ingest.sql import quoted, text_in_sql
from mulegraph.ingest.versions import known_currencies
from mulegraph.lazy import duckdb
from mulegraph.ledger.engine import scan
from mulegraph.schema.bookings import BOOKINGS
from mulegraph.schema.tables import AMOUNT_PLACES, TABLES, Column, Kind, Table, minor_exponents

SQL_TYPE = {
    **dict.fromkeys((Kind.TEXT, Kind.CHOICE, Kind.CURRENCY, Kind.ZONE), "VARCHAR"),
    Kind.TIME: "TIMESTAMP",
    Kind.DATE: "DATE",
    Kind.AMOUNT: f"DECIMAL(18,{AMOUNT_PLACES})",
    Kind.FRACTION: "DOUBLE",
}

ROW_ZONE = "row_zone"
"""The column that holds the zone of each row, where a column of the file says it."""

UNKNOWN_END = "has_unknown_end"
"""The column of staged transfers that is true where an end is no known account."""

LEFT_OUT, NOT_BOOKED = -1, -2
"""The numbers of the checks that rows break which the mapping leaves out, and which are not booked and have no day."""

BESIDE_ACCOUNTS = (Rule.UNKNOWN_ACCOUNT, Rule.WRONG_CURRENCY)
"""Rules that compare a row with the accounts."""

Progress = Callable[[str, int, int], None]
"""Told the file's name, the bytes read since the last call, and the bytes in all."""


class Staging:
    """What is left of a table's files after each step stands in the DuckDB table `staged`."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        table: Table,
        sources: Sequence[Source],
        rejects: Rejects,
        *,
        alone: bool = False,
    ) -> None:
        """`alone`: rows may name accounts that nobody lists; no row is looked at beside another table."""
        self.db = db
        self.table = table
        self.stored = TABLES.get(table.name, table)
        """The columns that the ledger keeps of it: what stands beside them makes no row another."""
        self.sources = sources
        self.rejects = rejects
        self.read = 0
        self.alone = alone
        self.remarks: list[Remark] = []
        self.versions: Sequence[Path] = ()
        self._has_odd = False
        self._several_currencies = False
        self.db.execute("DROP TABLE IF EXISTS staged")

    def count(self, sql: str = "SELECT count(*) FROM staged") -> int:
        """The one number that a query gives."""
        ((number,),) = self.db.execute(sql).fetchall()
        return int(number)

    def ingest(self, accounts: Sequence[Path], zone: str, progress: Progress) -> None:
        """Parse and check every file: good rows into `staged`, the others into the rejects."""
        self._know(accounts)
        readings = [self._reading(source, zone) for source in self.sources]
        # A table has these two columns only where some zone has hours that its clocks showed twice or never.
        self._has_odd = any(odd_column(reading) for reading in readings)
        for number, (source, reading) in enumerate(zip(self.sources, readings, strict=True)):
            rules = [check for check in checks(reading) if not (self.alone and check.rule in BESIDE_ACCOUNTS)]
            self._insert(number, reading, rules, progress)
            self._set_aside(source, reading, rules)
            if source.mapping.make_ids and self.table.name != BOOKINGS.name:
                self._make_ids(number)
            self._look_at(number, source, reading)
            if self._has_odd:
                self.remarks += settle_odd_hours(self.db, number, source.path.name, reading)
        self.read = self.count() + self.rejects.count(self.table.name)

    def _reading(self, source: Source, zone: str) -> Reading:
        columns = source.columns()
        own = columns.zone if columns.zone.startswith("'") else ROW_ZONE if columns.zone else ""
        named = own or (text_in_sql(zone) if zone else "")
        usual = "usual" in source.schema().names
        return Reading(self.table, source.mapping, columns, named, self._several_currencies, usual)

    def _know(self, accounts: Sequence[Path]) -> None:
        """Currency by account, for the tables that name accounts; made once a load."""
        if not any(column.references for column in self.table.columns):
            return
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS known (known_id VARCHAR, known_currency VARCHAR, known_currencies VARCHAR[])"
        )
        if accounts and not self.count("SELECT count(*) FROM known"):
            several = known_currencies(self.versions)
            self.db.execute(
                f"INSERT INTO known SELECT a.account_id, a.currency, m.currencies FROM {scan(accounts)} a"
                f" LEFT JOIN ({several}) m ON m.account_id = a.account_id"
            )

        several = "SELECT count(*) FROM known WHERE known_currencies IS NOT NULL"
        self._several_currencies = bool(self.count(several))

    def _insert(self, number: int, reading: Reading, rules: list[Check], progress: Progress) -> None:
        source = self.sources[number]
        reader = pa.RecordBatchReader.from_batches(source.schema(), _told(source, progress))
        self.db.register("incoming", reader)
        verb = "INSERT INTO staged" if number else "CREATE TABLE staged AS"
        try:
            self.db.execute(f"{verb} {self._checked_sql(number, reading, rules)}")
        except duckdb.Error as error:
            if source.failure:
                raise source.failure from error
            raise
        finally:
            self.db.unregister("incoming")

    def _checked_sql(self, number: int, reading: Reading, rules: list[Check]) -> str:
        """SQL: every incoming row, typed, with the number of the first check it breaks and then its text.

        From the inside: the mapped texts; what is parsed of them, with the accounts that they name; the amounts, which
        need their currencies; the checks.
        """
        columns = reading.columns
        texts = ", ".join(f"{_filled(each, columns.texts[each.name])} AS {quoted(each.name)}" for each in reading.given)
        blank = " AND ".join(f"{quoted(name)} IS NULL" for name in columns.used) or "false"
        left_out = columns.left_out or "false"
        if reading.zone == ROW_ZONE:
            texts += f", {columns.zone} AS {ROW_ZONE}"
        usual = ", usual" if reading.usual else ""
        mapped = f"SELECT line, unreadable{usual}, {left_out} AS left_out, {texts} FROM incoming WHERE NOT ({blank})"
        joins, found = self._known_accounts(reading)
        parsed = f"SELECT {', '.join(['r.*', *parsed_sql(reading), *found])} FROM ({mapped}) r {' '.join(joins)}"
        aliases = exponents(reading)
        coins = ""
        for name, alias in aliases.items():
            coins += f" LEFT JOIN currencies {alias}_t ON {alias}_t.code = p.{name}"
        fields = ", ".join(["p.*", *(f"{alias}_t.exponent AS {alias}" for alias in aliases.values())])
        with_coins = f"SELECT {fields} FROM ({parsed}) p{coins}"
        with_amounts = f"SELECT {', '.join(['*', *amounts_sql(reading)])} FROM ({with_coins})"
        cases = " ".join(f"WHEN {check.broken} THEN {place}" for place, check in enumerate(rules))
        if reading.usual:
            # Most rows are through with this one condition, and the checks are not tried in their order.
            fits = " AND ".join(dict.fromkeys(["usual", *(check.kept for check in rules if check.kept)]))
            cases = f"WHEN {fits} THEN NULL {cases}"
        aside = f"WHEN left_out THEN {LEFT_OUT} WHEN {not_booked(reading)} THEN {NOT_BOOKED}"
        checked = f"SELECT *, CASE {aside} {cases} END AS broken FROM ({with_amounts})"
        typed = ", ".join(_typed(column, reading) for column in self.table.columns)
        shown = ", ".join(f"left({quoted(column.name)}, {VALUE_LIMIT})" for column in reading.given)
        odd = f", {', '.join(odd_items(reading))}" if self._has_odd else ""
        if self.table.name == "transfers":
            odd += f", {self._unknown_end(reading)} AS {UNKNOWN_END}"
        return (
            f"SELECT {number} AS file, line, {typed}{odd}, broken,"
            f" CASE WHEN broken >= 0 THEN [{shown}] END AS texts FROM ({checked})"
        )

    def _unknown_end(self, reading: Reading) -> str:
        """SQL: whether an end of a transfer is no account that is known; such ends are looked at once all are read."""
        ends = [column.name for column in reading.given if column.references]
        return " OR ".join(f"{quoted(end)} IS NOT NULL AND {end}__currency IS NULL" for end in ends) or "false"

    def _known_accounts(self, reading: Reading) -> tuple[list[str], list[str]]:
        """Joins with the known accounts, and what they add: currency, and currencies where there are several."""
        joins, found = [], []
        for column in reading.given:
            if column.references:
                alias = f"known_{column.name}"
                joins.append(f"LEFT JOIN known {alias} ON {alias}.known_id = r.{quoted(column.name)}")
                found += [f"{alias}.known_currency AS {column.name}__currency"]
                if reading.several_currencies:
                    found += [f"{alias}.known_currencies AS {column.name}__currencies"]
        return joins, found

    def _set_aside(self, source: Source, reading: Reading, rules: list[Check]) -> None:
        """Move the misshapen and the broken rows of one file to the rejects."""
        table, name = self.table, source.path.name
        for row in source.misshapen:
            rule = Rule.TOO_MANY_COLUMNS if row.columns > source.expected_columns else Rule.TOO_FEW_COLUMNS
            self.rejects.add(table, Place(name, row.line), row.text, rule)
        if left_out := self.count(f"SELECT count(*) FROM staged WHERE broken = {LEFT_OUT}"):
            text = f"{left_out:,} rows left out, as the mapping says"
            self.remarks.append(Remark(About.LEFT_OUT, table.name, text, left_out, name))
        if pending := self.count(f"SELECT count(*) FROM staged WHERE broken = {NOT_BOOKED}"):
            text = f"{pending:,} lines are not booked (pending or rejected) and have no day: left out"
            self.remarks.append(Remark(About.NOT_BOOKED, table.name, text, pending, name))
        cursor = self.db.execute("SELECT line, broken, texts FROM staged WHERE broken >= 0")
        places = {column.name: number for number, column in enumerate(reading.given)}
        bad = 0
        while rows := cursor.fetchmany(10_000):
            bad += len(rows)
            for line, broken, texts in rows:
                check = rules[broken]
                value = texts[places[check.column]] if check.column in places else ""
                self.rejects.add(table, Place(name, line, check.column), value, check.rule)
        if bad or left_out or pending:
            self.db.execute("DELETE FROM staged WHERE broken IS NOT NULL")

    def _make_ids(self, number: int) -> None:
        """Ids of rows that have none: made of their content, and a running number among equal rows of the file.

        So two equal payments of a day are two, and the same rows in another export are known.
        """
        key = quoted(self.table.key[-1])
        names = [name for name in self.stored.column_names if name != self.table.key[-1]]
        # Separators that no text holds: no value runs into the next.
        content = ", ".join(f"coalesce(CAST({quoted(name)} AS VARCHAR), chr(30))" for name in names)
        digest = f"left(md5(concat_ws(chr(31), {content})), 24)"
        self.db.execute(
            f"UPDATE staged s SET {key} = t.id FROM (SELECT line, {digest} || '-' ||"
            f" row_number() OVER (PARTITION BY {digest} ORDER BY line) AS id FROM staged WHERE file = {number}) t"
            f" WHERE s.file = {number} AND s.line = t.line AND s.{key} IS NULL"
        )

    def _look_at(self, number: int, source: Source, reading: Reading) -> None:
        """Say whether a file holds no rows, or nothing in some column; note its sums for its own totals."""
        names = [column.name for column in reading.given if reading.columns.raw[column.name]]
        counts = ", ".join(f"count({quoted(name)})" for name in names)
        ((rows, *filled),) = self.db.execute(
            f"SELECT count(*){', ' if counts else ''}{counts} FROM staged WHERE file = ?", [number]
        ).fetchall()
        name = source.path.name
        if not rows and not self.rejects.of_file(self.table, name):
            self.remarks.append(Remark(About.EMPTY_FILE, self.table.name, "holds no rows", 0, name))
        empty = [each for each, count in zip(names, filled, strict=True) if rows and not count]
        if empty:
            text = f"empty in every row: {', '.join(empty)}"
            self.remarks.append(Remark(About.EMPTY_COLUMN, self.table.name, text, rows, name))
        if isinstance(source, SourceFile) and source.mapping.totals is not None:
            source.read_totals = self._sums(number) | {"rows": rows + self.rejects.of_file(self.table, name)}

    def _sums(self, number: int) -> dict[str, Decimal]:
        """What a file's rows add up to, by the names that a mapping's totals have; nothing where currencies differ."""
        if "amount" not in self.table.column_names:
            return {}
        several = f"SELECT count(DISTINCT currency) FROM staged WHERE file = {number}"
        if "currency" in self.table.column_names and self.count(several) > 1:
            return {}
        ways = ["true"]
        if "direction" in self.table.column_names:
            ways += ["direction = 'out'", "direction = 'in'"]
        sums = ", ".join(f"coalesce(sum(amount) FILTER ({way}), 0)" for way in ways)
        (found,) = self.db.execute(f"SELECT {sums} FROM staged WHERE file = ?", [number]).fetchall()
        return dict(zip(("sum", "debits", "credits"), found, strict=False))

    def sums(self) -> list[dict[str, object]]:
        """What the staged rows add up to by currency, which are never added together."""
        if not {"amount", "currency"} <= set(self.table.column_names):
            return []
        at = quoted(main_time(self.table))
        rows = self.db.execute(
            f"SELECT currency, count(*), sum(amount), min({at}), max({at}) FROM staged GROUP BY 1 ORDER BY 1"
        ).fetchall()
        found = [dict(zip(("currency", "rows", "sum", "first_at", "last_at"), row, strict=True)) for row in rows]
        for each in found:
            # The column holds three decimals for all; an amount has those of its currency.
            each["sum"] = each["sum"].quantize(Decimal(1).scaleb(-minor_exponents()[each["currency"]]))
        return found

    def refuse_repeats(self) -> int:
        """Of rows with the same key in these files the first stays: equal ones are known, others are rejects.

        Two exports that overlap hold the same rows. Gives how many were known.
        """
        key = ", ".join(quoted(name) for name in self.table.key)
        # Hashes first: they are an eighth of the size of the keys, and nearly all are alone.
        self.db.execute(
            f"CREATE OR REPLACE TABLE duplicates AS SELECT h FROM (SELECT hash({key}) AS h FROM staged)"
            " GROUP BY h HAVING count(*) > 1"
        )
        if not self.count("SELECT count(*) FROM duplicates"):
            return 0
        row = ", ".join(quoted(name) for name in self.stored.column_names)
        self.db.execute(
            f"CREATE OR REPLACE TABLE repeats AS SELECT file, line, {key}, row({row}) IS NOT DISTINCT FROM"
            f" first_value(row({row})) OVER w AS same, first_value(file) OVER w AS kept_file,"
            f" first_value(line) OVER w AS kept_line FROM staged"
            f" WHERE hash({key}) IN (FROM duplicates)"
            f" WINDOW w AS (PARTITION BY {key} ORDER BY file, line) QUALIFY row_number() OVER w > 1"
        )
        self.db.execute("CREATE OR REPLACE TABLE others AS SELECT * EXCLUDE (same) FROM repeats WHERE NOT same")
        self.refuse("others", Rule.DUPLICATE)
        self._delete("repeats")
        return self.count("SELECT count(*) FROM repeats WHERE same")

    def drop_known(self, ledger: Sequence[Path]) -> int:
        """Leave out rows that the ledger has already; the same key with other content is a reject."""
        if not ledger or not self.count():
            return 0
        names = [quoted(name) for name in self.stored.column_names]
        same = " AND ".join(f"s.{name} IS NOT DISTINCT FROM l.{name}" for name in names)
        keys = ", ".join(f"s.{quoted(name)}" for name in self.table.key)
        match = " AND ".join(f"s.{quoted(name)} = l.{quoted(name)}" for name in self.table.key)
        # What is staged is the build side: the ledger may be many times its size.
        self.db.execute(
            f"CREATE OR REPLACE TABLE met AS SELECT s.file, s.line, {keys}, {same} AS same"
            f" FROM {scan(ledger)} l JOIN staged s ON {match}"
        )
        self.db.execute("CREATE OR REPLACE TABLE conflicts AS SELECT * EXCLUDE (same) FROM met WHERE NOT same")
        self.refuse("conflicts", Rule.CONFLICT)
        self._delete("met")
        return self.count("SELECT count(*) FROM met WHERE same")

    def refuse(self, bad: str, rule: Rule) -> None:
        """Move the rows of table `bad` (file, line, key…) from `staged` to the rejects.

        Where it also has `kept_file` and `kept_line`, the reject says which row stays.
        """
        keys = ", ".join(map(quoted, self.table.key))
        kept = "kept_file, kept_line" if rule is Rule.DUPLICATE else "NULL, NULL"
        cursor = self.db.execute(f"SELECT file, line, {kept}, {keys} FROM {bad} ORDER BY file, line")
        while rows := cursor.fetchmany(10_000):
            for file, line, kept_file, kept_line, *key in rows:
                value, name = " ".join(str(part) for part in key), self.sources[file].path.name
                stays = f"; {self.sources[kept_file].path.name}:{kept_line} is kept" if kept_line else ""
                self.rejects.add(self.table, Place(name, line, self.table.key[0]), value, rule, stays)
        self._delete(bad)

    def _delete(self, rows: str) -> None:
        self.db.execute(f"DELETE FROM staged s USING {rows} b WHERE s.file = b.file AND s.line = b.line")


def _told(source: Source, progress: Progress) -> Iterator[pa.RecordBatch]:
    """The batches of a file; `progress` hears how far it is read."""
    size, seen = source.path.stat().st_size, 0

    def advance(position: int) -> None:
        nonlocal seen
        progress(source.path.name, position - seen, size)
        seen = position

    yield from source.batches(advance)


def _filled(column: Column, text: str) -> str:
    """SQL for a text; blanks only are nothing, as fixed-width exports write it. A required column is a reject then."""
    if column.required:
        return text
    return f"CASE WHEN starts_with({text}, ' ') AND trim({text}) = '' THEN NULL ELSE {text} END"


def _typed(column: Column, reading: Reading) -> str:
    """SQL for a column as it is stored."""
    name = quoted(column.name)
    main = main_time(reading.table)
    if column.name == "precision" and main and reading.has(main):
        written = f"{main}__precision"
        given = f"coalesce(precision__typed, {written})" if reading.has("precision") else written
        return f"{given} AS precision"
    if not reading.has(column.name):
        return f"CAST(NULL AS {SQL_TYPE[column.kind]}) AS {name}"
    return name if column.kind is Kind.TEXT else f"{column.name}__typed AS {name}"
