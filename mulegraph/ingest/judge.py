"""Does a load make sense? What its rejects have in common, what is empty, impossible, or counts nowhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pyarrow as pa

from mulegraph.errors import DataError
from mulegraph.ingest import guesses
from mulegraph.ingest.ibans import SHAPE, has_wrong_check_digits
from mulegraph.ingest.partitions import Partitions
from mulegraph.ingest.rejects import Rejects
from mulegraph.ingest.remarks import About, Remark
from mulegraph.ingest.rules import Rule, main_time
from mulegraph.ingest.sources import Source, SourceFile
from mulegraph.ingest.sql import quoted
from mulegraph.lazy import duckdb
from mulegraph.ledger.engine import scan
from mulegraph.schema.tables import Table
from mulegraph.schema.versions import FORMER
from mulegraph.settings import BankSettings

EARLIEST = datetime(1990, 1, 1)
"""Electronic payments before it are defaults such as 1900-01-01 or 1970-01-01."""
SHOWN = 5
BALANCES = ("opening", "closing")
"""What a mapping's totals say of an account, and not of its rows: `check_balances` compares it."""

SPELLINGS = {
    "without leading zeros": ("ltrim({}, '0')", 'zeros = "strip"'),
    "without blanks": ("regexp_replace({}, '[\\s\u00a0\u200b\u202f\ufeff]', '', 'g')", 'blanks = "remove"'),
    "in capitals": ("upper({})", 'case = "upper"'),
    "without marks": ("regexp_replace({}, '[-./_]', '', 'g')", 'marks = "remove"'),
    "without leading zeros, blanks, marks and case": (
        "upper(ltrim(regexp_replace({}, '[-./_\\s\u00a0\u200b\u202f\ufeff]', '', 'g'), '0'))",
        'zeros = "strip", blanks = "remove", marks = "remove", case = "upper"',
    ),
}
"""Ways of writing a number in which two that differ may be one: SQL, and what the mapping would say."""


def what_rejects_share(db: duckdb.DuckDBPyConnection, table: Table, rejects: Rejects) -> list[Remark]:
    """Whether all rejects of a table are of one kind, and whether unknown accounts are known in another spelling."""
    counts = rejects.by_rule(table.name)
    total = sum(counts.values())
    remarks = []
    if total > 1 and len(counts) == 1:
        ((rule, column),) = counts
        place = f" in '{column}'" if column else ""
        remarks.append(Remark(About.SPELLING, table.name, f"all {total:,} rejected rows: {rule}{place}", total))
    unknown = Counter(rejects.values(table.name, Rule.UNKNOWN_ACCOUNT))
    if unknown:
        remarks += _spelled_otherwise(db, table, unknown)
    return remarks


def encodings_that_fit(table: Table, sources: Sequence[Source], rejects: Rejects) -> list[Remark]:
    """What files with undecodable rows seem to be written in; nothing is read so unless the mapping says it."""
    if not rejects.values(table.name, Rule.UNDECODABLE):
        return []
    remarks = []
    for source in sources:
        if not isinstance(source, SourceFile) or source.is_typed or source.text.is_utf8:
            continue
        guess = source.text.guess()
        if guess:
            text = (
                f'is not UTF-8; it looks like {guess}: say encoding = "{guess}" in the mapping, and look at the names'
            )
            remarks.append(Remark(About.ENCODING, table.name, text, file=source.path.name))
    return remarks


def _spelled_otherwise(db: duckdb.DuckDBPyConnection, table: Table, unknown: Counter[str]) -> list[Remark]:
    """The simplest other spelling in which the most unknown accounts are known."""
    total = unknown.total()
    db.register("unknown_ids", pa.table({"id": list(unknown), "rows": list(unknown.values())}))
    best: tuple[int, str, str] = (0, "", "")
    for name, (form, said) in SPELLINGS.items():
        theirs, ours = form.format("id"), form.format("known_id")
        # A number that would be two accounts is none.
        known = f"SELECT {ours} AS form FROM known GROUP BY 1 HAVING count(DISTINCT known_id) = 1"
        ((rows,),) = db.execute(
            f"SELECT coalesce(sum(rows), 0) FROM unknown_ids WHERE {theirs} IN ({known})"
        ).fetchall()
        if int(rows) > best[0]:
            best = (int(rows), name, said)
    db.unregister("unknown_ids")
    rows, name, said = best
    if not rows:
        return []
    text = (
        f"of {total:,} rows with an unknown account, {rows:,} become known {name};"
        f" if they are the same accounts, say [ids] account = {{ {said} }} in the mapping"
    )
    return [Remark(About.SPELLING, table.name, text, rows)]


def judged_table(db: duckdb.DuckDBPyConnection, table: Table, sources: Sequence[Source], read: int) -> list[Remark]:
    """What is odd about the rows of a table that were taken."""
    remarks = _dates(db, table) if read else []
    if table.name == "accounts":
        remarks += _check_digits(db, table)
    if table.name == "transfers" and read:
        remarks += _to_itself(db, table)
    for source in sources:
        if isinstance(source, SourceFile) and source.mapping.totals is not None:
            remarks += totals(source)
    return remarks


def _dates(db: duckdb.DuckDBPyConnection, table: Table) -> list[Remark]:
    """Times that no payment has: before 1990, or in the future."""
    main = main_time(table)
    if not main:
        return []
    soon = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
    at = quoted(main)
    ((early, late, first, last),) = db.execute(
        f"SELECT count(*) FILTER ({at} < ?), count(*) FILTER ({at} > ?), min({at}), max({at}) FROM staged",
        [EARLIEST, soon],
    ).fetchall()
    remarks = []
    if early:
        text = f"{early:,} rows are of before {EARLIEST:%Y} (the first: {first:%Y-%m-%d}); look at the time format"
        remarks.append(Remark(About.DATES, table.name, text, early))
    if late:
        text = f"{late:,} rows are in the future (the last: {last:%Y-%m-%d}); look at the time format"
        remarks.append(Remark(About.DATES, table.name, text, late))
    return remarks


def _to_itself(db: duckdb.DuckDBPyConnection, table: Table) -> list[Remark]:
    """Transfers whose two ends are one account: mostly an end that was mapped to the wrong column."""
    ((rows,),) = db.execute("SELECT count(*) FROM staged WHERE source = target").fetchall()
    if not rows:
        return []
    text = f"{rows:,} transfers go from an account to itself: look at which columns are source and target"
    return [Remark(About.SELF, table.name, text, int(rows))]


def _check_digits(db: duckdb.DuckDBPyConnection, table: Table) -> list[Remark]:
    """Accounts that look like IBANs and are none. Their trail would end at a number that nobody has."""
    found = db.execute(
        "SELECT account_id FROM staged WHERE regexp_full_match(account_id, '[A-Z]{2}\\d{2}[A-Z0-9]{11,30}')"
    )
    wrong = 0
    while rows := found.fetchmany(10_000):
        wrong += sum(has_wrong_check_digits(each) for (each,) in rows if SHAPE.fullmatch(each))
    if not wrong:
        return []
    text = f"{wrong:,} account numbers look like an IBAN and have wrong check digits; they are loaded as they are"
    return [Remark(About.CHECK_DIGITS, table.name, text, wrong)]


def judged_ledger(
    db: duckdb.DuckDBPyConnection, partitions: Partitions, sources: Iterable[Source], banks: BankSettings
) -> list[Remark]:
    """What is odd between tables, of those that this load read; and whose payments they hold, where nobody said."""
    read = {source.table.name for source in sources}
    remarks = []
    if "reports" in read and partitions.paths("reports") and partitions.paths("transfers"):
        remarks += _reports(db, partitions)
    if read & {"transfers", "bookings"} and partitions.paths("account_versions") and partitions.paths("transfers"):
        remarks += _between_lives(db, partitions)
    if read & {"holders", "population_register"}:
        remarks += _national_ids(db, partitions)
    if not banks.own and partitions.paths("accounts"):
        remarks += _own_banks(db, partitions)
    return remarks


def _own_banks(db: duckdb.DuckDBPyConnection, partitions: Partitions) -> list[Remark]:
    """The question whose payments these are. Who pays whom does not answer it: every bank's customers pay ours."""
    rows = db.execute(
        f"SELECT bank, count(*), count(own) FROM {scan(partitions.paths('accounts'))} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    names = [bank for bank, *_ in rows]
    if len(rows) < 2 or any(said for *_, said in rows):
        return []
    text = (
        f'whose payments does the ledger hold? Say so in mulegraph.toml: [banks] own = ["…"], of {_listed(names)};'
        " until then all are taken to be ours, and money elsewhere looks as if it were still there"
    )
    return [Remark(About.OWN_BANKS, "accounts", text, sum(count for _, count, _ in rows))]


def _reports(db: duckdb.DuckDBPyConnection, partitions: Partitions) -> list[Remark]:
    """Victims' reports of payments that the ledger does not have, and of payments that the victim did not make."""
    reports, transfers = scan(partitions.paths("reports")), scan(partitions.paths("transfers"))
    joined = (
        f"SELECT r.report_id, r.transfer_id, t.transfer_id IS NULL AS unknown,"
        f" r.victim_account IS NOT DISTINCT FROM t.source AS paid FROM {reports} r"
        f" LEFT JOIN (SELECT transfer_id, source FROM {transfers}"
        f" WHERE transfer_id IN (SELECT transfer_id FROM {reports})) t"
        " ON t.transfer_id = r.transfer_id ORDER BY r.report_id"
    )
    rows = db.execute(joined).fetchall()
    unknown = [f"{report} ({transfer})" for report, transfer, missing, _ in rows if missing]
    others = [f"{report} ({transfer})" for report, transfer, missing, paid in rows if not missing and not paid]
    remarks = []
    if unknown:
        text = f"{_counted(unknown)} about a payment that is not in the ledger: {_listed(unknown)}"
        remarks.append(Remark(About.REPORTS, "reports", text, len(unknown)))
    if others:
        text = f"{_counted(others)} about a payment that the victim's account did not make: {_listed(others)}"
        remarks.append(Remark(About.REPORTS, "reports", text, len(others)))
    return remarks


def _counted(reports: Sequence[str]) -> str:
    return "1 report is" if len(reports) == 1 else f"{len(reports):,} reports are"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _between_lives(db: duckdb.DuckDBPyConnection, partitions: Partitions) -> list[Remark]:
    """Payments of after a former account was closed, and of before its number was used again: they are nobody's."""
    accounts, transfers = scan(partitions.paths("accounts")), scan(partitions.paths("transfers"))
    lives = (
        f"SELECT account_id, closed_on FROM {accounts}"
        f" WHERE regexp_matches(account_id, '{FORMER}') AND closed_on IS NOT NULL"
    )
    ends = " UNION ALL ".join(f'SELECT {end} AS account_id, "at" FROM {transfers}' for end in ("source", "target"))
    ((count, numbers),) = db.execute(
        f"SELECT count(*), count(DISTINCT account_id) FROM ({ends}) JOIN ({lives}) USING (account_id)"
        # A day more, as no zone is behind UTC by so much.
        ' WHERE "at" >= closed_on + INTERVAL 2 DAY'
    ).fetchall()
    if not count:
        return []
    text = (
        f"{count:,} payments are of after their account was closed and of before its number was used again"
        f" ({numbers:,} numbers): they stand at the former account, NUMBER@until-DAY"
    )
    return [Remark(About.VERSIONS, "transfers", text, int(count))]


def _national_ids(db: duckdb.DuckDBPyConnection, partitions: Partitions) -> list[Remark]:
    """Holders that the register has without, or with, the zeros before their number: one fault of a file."""
    holders, register = partitions.paths("holders"), partitions.paths("population_register")
    if not holders or not register:
        return []
    ids = f"SELECT national_id AS id FROM {scan(holders)} WHERE national_id IS NOT NULL"
    known = f"SELECT national_id FROM {scan(register)}"
    bare = f"SELECT ltrim(national_id, '0') FROM {scan(register)}"
    ((absent, found),) = db.execute(
        f"SELECT count(*), count(*) FILTER (ltrim(id, '0') IN ({bare})) FROM ({ids}) WHERE id NOT IN ({known})"
    ).fetchall()
    if not found:
        return []
    text = (
        f"of {absent:,} holders that the population register does not have, {found:,} become known without leading"
        ' zeros; say [ids] national_id = { zeros = "strip" } in the mapping, or pad = 12 for their length'
    )
    return [Remark(About.SPELLING, "holders", text, int(found))]


def stated_totals(source: SourceFile) -> dict[str, Decimal]:
    """What the file says of itself above and below its rows, where the mapping says how to find it."""
    text = "\n".join((*source.text.head.preamble, source.text.footer()))
    found: dict[str, Decimal] = {}
    for name, pattern in msgspec.to_builtins(source.mapping.totals).items():
        if not pattern:
            continue
        match = re.search(pattern, text, re.MULTILINE)
        if match is None:
            raise DataError(
                f"{source.path.name}: totals.{name} is not found above or below the rows",
                hint="Correct the pattern, skip_lines or footer_lines in the mapping.",
            )
        number = guesses.number(match[1], source.mapping.decimal or ".")
        if number is None:
            raise DataError(
                f"{source.path.name}: totals.{name} finds no number", hint="Correct the pattern in the mapping."
            )
        found[name] = number
    return found


def totals(source: SourceFile) -> list[Remark]:
    """What the file says of itself beside what was read of it."""
    said = {name: each for name, each in stated_totals(source).items() if name not in BALANCES}
    read = source.read_totals
    remarks = []
    for name, stated in said.items():
        if name not in read:
            text = f"the file states {name} = {stated:,}, which is not compared: its rows are in several currencies"
            remarks.append(Remark(About.TOTALS, source.table.name, text, 0, source.path.name))
        elif stated != read[name]:
            text = f"the file states {name} = {stated:,}, and {read[name]:,} were read"
            remarks.append(Remark(About.TOTALS, source.table.name, text, 0, source.path.name))
    return remarks
