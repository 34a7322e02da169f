"""Account numbers that were used again: a payment belongs to the holder of its time.

A number that was given to another holder on some day is two accounts. The present one keeps the number; the former one
is `NUMBER@until-DAY`. Every row of the ledger that names the number is of the account of its time, so signs, cases,
traces, holders and requests need not know of it. Reading the periods at each question was the other way; every reader
that forgets it once would show one person's payments as another's.
"""

from __future__ import annotations

from mulegraph.ingest.partitions import Part, Partitions
from mulegraph.ingest.remarks import About, Remark
from mulegraph.ingest.sql import number_in_sql, quoted, text_in_sql
from mulegraph.lazy import duckdb
from mulegraph.ledger.engine import scan
from mulegraph.ledger.store import LedgerFile
from mulegraph.schema.tables import TABLES, Kind, Table
from mulegraph.schema.versions import FORMER, FORMER_MARK

BEFORE_ALL = "DATE '0001-01-01'"
TIMES = {"reports": "reported_at", "statement_lines": "booked_on"}
"""Tables whose rows' time is in another column than `at`."""


def find_lives(db: duckdb.DuckDBPyConnection, partitions: Partitions, zone: str) -> int:
    """Make `lives` (number, life, until, and the former account's row); gives how many there are.

    A number was used again where a row in force was opened after another holder's was closed, or where a later dump
    names another holder and a later opening. `until` is in UTC: the day of the new opening begins in the bank's zone,
    or in UTC where that is earlier, as a payment without a clock stands there.
    """
    names = ", ".join(quoted(name) for name in TABLES["accounts"].column_names if name != "account_id")
    versions = partitions.paths("account_versions")
    if not versions:
        db.execute("CREATE OR REPLACE TABLE lives (number VARCHAR, life VARCHAR, until TIMESTAMP)")
        return 0
    known = scan(versions)
    local = f"CAST(timezone('UTC', timezone(coalesce(a.zone, {text_in_sql(zone or 'UTC')}), b.start)) AS TIMESTAMP)"
    former = ", ".join(f"a.{quoted(name)}" for name in TABLES["accounts"].column_names if name != "account_id")
    db.execute(f"""
        CREATE OR REPLACE TABLE lives AS
        WITH now AS (SELECT account_id, max(opened_on) AS opened_on FROM {known} WHERE valid_to IS NULL GROUP BY 1),
        openings AS (SELECT DISTINCT v.account_id, v.holder_id, CAST(v.opened_on AS TIMESTAMP) AS start
            FROM {known} v JOIN now USING (account_id)
            WHERE v.opened_on IS NOT NULL AND (v.valid_to IS NULL OR v.opened_on < now.opened_on)),
        earlier AS (SELECT a.account_id AS number, b.start, least(b.start, {local}) AS until, a.valid_to, {former}
            FROM {known} a JOIN openings b USING (account_id)
            WHERE CASE WHEN a.valid_to IS NULL
                THEN a.closed_on <= b.start AND NOT coalesce(a.holder_id = b.holder_id, false)
                ELSE coalesce(a.opened_on, {BEFORE_ALL}) < b.start AND coalesce(a.closed_on, b.start) <= b.start
                    AND a.holder_id <> b.holder_id END
            QUALIFY b.start = min(b.start) OVER (PARTITION BY a.account_id, a.holder_id, a.opened_on, a.closed_on))
        SELECT number, concat(number, '@until-', strftime(start, '%Y-%m-%d')) AS life, until, {names} FROM earlier
        QUALIFY row_number() OVER (PARTITION BY number, start
            ORDER BY valid_to IS NOT NULL, opened_on DESC NULLS LAST, valid_to DESC, holder_id, currency) = 1""")
    ((count,),) = db.execute("SELECT count(*) FROM lives").fetchall()
    return int(count)


def name_lives(db: duckdb.DuckDBPyConnection, table: Table, rows: str) -> None:
    """Name the account of its time in the rows of a DuckDB table, which has the columns of `table` or some of them."""
    have = {name for name, *_ in db.execute(f"DESCRIBE {rows}").fetchall()}
    for column in _columns(table, have):
        db.execute(
            f"UPDATE {rows} r SET {quoted(column)} = l.life FROM lives l WHERE r.{quoted(column)} = l.number"
            f" AND {_when(table)} < l.until AND NOT EXISTS (FROM lives o WHERE o.number = l.number"
            f" AND o.until < l.until AND {_when(table)} < o.until){_account_only(table)}"
        )


def settle_lives(db: duckdb.DuckDBPyConnection, partitions: Partitions, zone: str) -> list[Remark]:
    """Let the ledger hold the former accounts that its versions tell of, and no others; its rows name them.

    A file is written again only where it names a number of which this load, or taking one back, changed the story.
    """
    count = find_lives(db, partitions, zone)
    accounts = partitions.paths("accounts")
    if not accounts:
        return []
    names = ", ".join(quoted(name) for name in TABLES["accounts"].column_names)
    # The mark comes first: it takes half as long as the pattern, which a load of a minute asks of all accounts.
    is_former = f"(contains(account_id, '{FORMER_MARK}') AND regexp_matches(account_id, '{FORMER}'))"
    there = f"SELECT {names} FROM {scan(accounts)} WHERE {is_former}"
    wanted = f"SELECT {names} FROM (SELECT *, life AS account_id FROM lives)" if count else f"{there} AND false"
    db.execute(f"CREATE OR REPLACE TABLE other_lives AS ({there} EXCEPT {wanted}) UNION ALL ({wanted} EXCEPT {there})")
    changed = f"SELECT {number_in_sql('account_id')} FROM other_lives"
    ((others,),) = db.execute("SELECT count(*) FROM other_lives").fetchall()
    if not others:
        return []
    kept = f"SELECT {names} FROM {scan(accounts)} WHERE NOT {is_former}"
    _rewrite(partitions, TABLES["accounts"], partitions.of("accounts"), f"{kept} UNION ALL {wanted}")
    rows = 0
    for table in TABLES.values():
        rows += _rename(db, partitions, table, changed)
    if not count:
        return []
    earlier = f"; {rows:,} row{'s' * (rows > 1)} of earlier loads are its now" if rows else ""
    numbers = "1 account number was" if count == 1 else f"{count:,} account numbers were"
    text = f"{numbers} used again: the former account is NUMBER@until-DAY{earlier}"
    return [Remark(About.VERSIONS, "accounts", text, count)]


def _rename(db: duckdb.DuckDBPyConnection, partitions: Partitions, table: Table, changed: str) -> int:
    """Write a table's files again that name one of the changed numbers; gives how many rows are of another account."""
    columns = _columns(table, set(table.column_names))
    files = partitions.of(table.name)
    if not columns or not files:
        return 0
    number = {column: number_in_sql(f"r.{quoted(column)}") for column in columns}
    right = {}
    for column in columns:
        right[column] = (
            f"coalesce((SELECT arg_min(life, until) FROM lives WHERE lives.number = {number[column]}"
            f" AND {_when(table)} < until{_account_only(table)}), {number[column]})"
        )
    named = " OR ".join(f"{number[column]} IN ({changed})" for column in columns)
    wrong = " OR ".join(f"{quoted(column)} IS DISTINCT FROM {value}" for column, value in right.items())
    rows = 0
    for file in files:
        source = scan([partitions.store.data / file.path])
        ((count,),) = db.execute(f"SELECT count(*) FROM (FROM {source} r WHERE {named}) r WHERE {wrong}").fetchall()
        if count:
            replaced = []
            for column, value in right.items():
                name = quoted(column)
                replaced.append(f"CASE WHEN {number[column]} IN ({changed}) THEN {value} ELSE {name} END AS {name}")
            _rewrite(partitions, table, [file], f"SELECT * REPLACE ({', '.join(replaced)}) FROM {source} r")
            rows += int(count)
    return rows


def _rewrite(partitions: Partitions, table: Table, files: list[LedgerFile], rows: str) -> None:
    day = files[0].day
    folder, order = (f"{table.name}/day={day}", ("at", *table.key)) if day else (table.name, table.key)
    part = Part(f"({rows})", (), order, folder, day)
    partitions.write_again(table, part, tuple(files))


def _columns(table: Table, have: set[str]) -> list[str]:
    """The columns that name accounts, of tables whose rows have a time."""
    if table.name == "accounts":
        return []
    names = [column.name for column in table.columns if column.references == "accounts" and column.name in have]
    return [*names, "subject_id"] if table.name == "listings" else names


def _when(table: Table) -> str:
    """SQL: the time of a row `r`."""
    first = next((column.name for column in table.columns if column.kind is Kind.TIME and column.required), "at")
    return f"CAST(r.{quoted(TIMES.get(table.name, first))} AS TIMESTAMP)"


def _account_only(table: Table) -> str:
    return " AND r.subject_kind = 'account'" if table.name == "listings" else ""
