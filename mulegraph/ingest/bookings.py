"""Bookings → transfers: lines of statements become payments from one account to another, each of them once.

Every step is one SQL statement over DuckDB tables, which spill to disk, so that a payment's sides may stand anywhere:

1. `settled`: what is booked (not pending, not rejected), once, though it stands in overlapping exports;
2. `sides` (`booking_pairs`): bookings that are the same payment, seen by the payer's bank and by the payee's;
3. `payments`: one row a payment, with the ends that a booking leaves open filled in (`booking_ends`);
4. rows of the ledger: transfers, the accounts that they need, and which line of which statement each came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path

from mulegraph.ingest.booking_ends import fill_open_ends, know_banks, make_accounts, name_banks
from mulegraph.ingest.booking_pairs import join_sides
from mulegraph.ingest.readers.base import Returned, Verdict
from mulegraph.ingest.remarks import Remark
from mulegraph.ingest.repeats import leave_out_alike, leave_out_totals
from mulegraph.ingest.sql import number_in_sql
from mulegraph.lazy import duckdb
from mulegraph.ledger.engine import scan
from mulegraph.schema.tables import AMOUNT_PLACES

PLACEHOLDERS = "('NOTPROVIDED', 'NONREF', 'NOT PROVIDED', 'NONE', '')"
"""What stands where a payer gave no reference (EPC implementation guidelines; SWIFT field 20)."""

MAX_DAYS_APART = 5
"""A bank books its side of a payment at most so many days after the other: a long weekend and a holiday."""

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

_CHANNELS = (
    "CASE kind WHEN 'direct_debit' THEN 'direct_debit' WHEN 'card' THEN 'card' WHEN 'cash' THEN 'cash'"
    " WHEN 'cheque' THEN 'cheque' WHEN 'fee' THEN 'internal' WHEN 'interest' THEN 'internal' ELSE 'other' END"
)


@dataclass
class BookingLoad:
    """What became of the bookings of a load, in rows."""

    read: int = 0
    pending: int = 0
    rejected_payments: int = 0
    repeated: int = 0
    """Stood in another export, statement or file of this load, or of one before."""
    alike: int = 0
    """Of those, lines without a bank's reference that are equal to one with a reference, of another file."""
    parts_of_known: int = 0
    """Payments of batches that an earlier load took as one sum each."""
    joined: int = 0
    """Second and further sides of a payment that is one transfer."""
    joined_without_reference: int = 0
    ambiguous: int = 0
    """Of those, how many had more than one candidate of the same day, ends and amount."""
    near: int = 0
    """Two banks' lines of the same ends and amount without a reference that were not joined: too many days apart."""
    open_ends: int = 0
    """Payments whose other party the bank does not name."""
    accounts_made: int = 0
    returns: int = 0
    returns_of_unknown: int = 0
    returns_unlike: int = 0
    """In another currency than the payment that they name, or more than it, or before it: linked to none."""
    over_returned: int = 0
    """Payments of which more came back than was paid."""
    transfers: int = 0
    balances: int = 0
    remarks: list[str] = field(default_factory=list)
    staging_remarks: list[Remark] = field(default_factory=list)
    """What reading the lines had to say."""


@dataclass(frozen=True)
class LedgerPaths:
    """The Parquet files of the ledger that bookings are compared with."""

    accounts: Sequence[Path]
    transfers: Sequence[Path]
    statement_lines: Sequence[Path]


def take_bookings(
    db: duckdb.DuckDBPyConnection,
    ledger: LedgerPaths,
    whole_files: Sequence[int],
    verdicts: Sequence[Verdict],
    returned: Sequence[Returned],
) -> BookingLoad:
    """Make of the table `staged` the tables `made_accounts`, `made_transfers` and `made_statement_lines`.

    `whole_files` are the files whose rows are payments between banks, not lines of one account's statement.
    """
    load = BookingLoad(read=_count(db, "staged") + len(returned))
    _read_lines(db, whole_files)
    load.pending = _leave_out(db, "status = 'pending'")
    load.rejected_payments = _leave_out(db, "status = 'rejected'") + _apply_verdicts(db, verdicts)
    sums, load.parts_of_known = leave_out_totals(db, ledger.statement_lines, ledger.transfers)
    load.alike = leave_out_alike(db, ledger.statement_lines, ledger.transfers)
    load.repeated = sums + load.alike + _settle(db, ledger.statement_lines)
    _know_open_sides(db, ledger)
    load.returns_of_unknown = _add_returned(db, returned, ledger.transfers)
    joined = join_sides(db, MAX_DAYS_APART)
    load.joined, load.near = joined.sides, joined.near
    load.joined_without_reference, load.ambiguous = joined.without_reference, joined.ambiguous
    _make_payments(db)
    db.execute("DROP TABLE settled")
    know_banks(db, ledger.accounts)
    name_banks(db)
    load.open_ends = fill_open_ends(db)
    load.accounts_made = make_accounts(db)
    _make_transfers(db, ledger.transfers)
    load.transfers = _count(db, "made_transfers")
    load.returns = _count(db, "made_transfers WHERE returns IS NOT NULL")
    load.returns_unlike = _count(db, "unlike_originals")
    load.returns_of_unknown += _count(db, "payments WHERE returned IS NOT NULL") - load.returns - load.returns_unlike
    load.over_returned = _over_returned(db, ledger.transfers)
    for name in ("grouped", "payments"):
        db.execute(f"DROP TABLE {name}")
    return load


def _count(db: duckdb.DuckDBPyConnection, rows: str) -> int:
    ((number,),) = db.execute(f"SELECT count(*) FROM {rows}").fetchall()
    return int(number)


def _number(name: str) -> str:
    """SQL: an account number as every format is to write it: an IBAN without blanks and in capitals."""
    compact = f"upper(replace({name}, ' ', ''))"
    iban = f"regexp_full_match({compact}, '[A-Z]{{2}}[0-9]{{2}}[A-Z0-9]{{11,30}}')"
    return f"CASE WHEN {iban} THEN {compact} ELSE nullif(trim({name}), '') END"


def _reference(name: str) -> str:
    return f"CASE WHEN upper(trim({name})) NOT IN {PLACEHOLDERS} THEN trim({name}) END"


def _read_lines(db: duckdb.DuckDBPyConnection, whole_files: Sequence[int]) -> None:
    """Make `lines` of `staged`: numbered in file order, with numbers, references and defaults in one form."""
    whole = ", ".join(map(str, whole_files)) or "-1"
    db.execute(f"""
        CREATE OR REPLACE TABLE lines AS SELECT
            row_number() OVER (ORDER BY file, line, kind IS NOT DISTINCT FROM 'fee') AS n, file, line,
            {_number("account_id")} AS account, booking_id, nullif(trim(bank), '') AS bank,
            direction, amount, currency, original_amount, original_currency,
            {_number("counterparty_id")} AS other, nullif(trim(counterparty_bank), '') AS other_bank,
            {_reference("end_to_end_id")} AS e2e,
            CASE WHEN regexp_full_match(lower(trim(uetr)), '{UUID}') THEN lower(trim(uetr)) END AS uetr,
            {_reference("bank_reference")} AS bank_ref, {_reference("transaction_id")} AS tx,
            booked_at AS "at", CAST(booked_at AS DATE) AS day, value_date,
            coalesce(precision, CASE WHEN booked_at = date_trunc('day', booked_at) THEN 'day' ELSE 'second' END)
                AS precision,
            coalesce(status, 'booked') AS status, returns, coalesce(kind, 'transfer') AS kind,
            balance_after, statement, remittance, file IN ({whole}) AS whole, CAST(NULL AS VARCHAR) AS transfer_id
        FROM staged""")


def _leave_out(db: duckdb.DuckDBPyConnection, condition: str) -> int:
    found = _count(db, f"lines WHERE {condition}")
    if found:
        db.execute(f"DELETE FROM lines WHERE {condition}")
    return found


def _apply_verdicts(db: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict]) -> int:
    """Leave out payments that a status report of the same load rejects; gives how many."""
    names = ("uetr", "transaction", "end_to_end_id", "message")
    refused = [[getattr(each, name) for name in names] for each in verdicts if each.status == "rejected"]
    if not refused:
        return 0
    db.execute("CREATE OR REPLACE TABLE refused (uetr VARCHAR, tx VARCHAR, e2e VARCHAR, message VARCHAR)")
    db.executemany("INSERT INTO refused VALUES (lower(?), ?, ?, ?)", refused)
    # The most telling reference that both sides have decides; banks and payers give the others again.
    same_message = "(r.message IS NULL OR lines.statement IS NULL OR r.message = lines.statement)"
    named = f"""CASE WHEN r.uetr IS NOT NULL AND lines.uetr IS NOT NULL THEN r.uetr = lines.uetr
        WHEN NOT {same_message} THEN false
        WHEN r.tx IS NOT NULL AND lines.tx IS NOT NULL THEN r.tx = lines.tx
        WHEN r.e2e IS NOT NULL THEN r.e2e = lines.e2e
        ELSE r.message IS NOT NULL AND r.uetr IS NULL AND r.tx IS NULL AND r.message = lines.statement END"""
    return _leave_out(db, f"whole AND EXISTS (SELECT 1 FROM refused r WHERE {named})")


def _settle(db: duckdb.DuckDBPyConnection, known: Sequence[Path]) -> int:
    """Make `settled` of `lines`: each line once, with a stable id; gives how many were repeated or known.

    The id is made of the account, the day, the amount, the bank's reference or the counterparty, and a running number
    among equals of a file. So what overlapping exports repeat is known, and two equal payments of a day are two.
    """
    content = """md5(concat_ws('|', account, CAST(day AS VARCHAR), direction, CAST(amount AS VARCHAR), currency,
        CASE WHEN bank_ref IS NOT NULL AND whole THEN 'w/' || bank_ref WHEN uetr IS NOT NULL AND whole THEN 'u/' || uetr
        WHEN bank_ref IS NOT NULL AND NOT whole THEN 'r/' || bank_ref ELSE
            coalesce(other, '') || '/' || coalesce(e2e, '') END))"""
    # Some banks give an id again (a cheque's number, say): it names a line only together with day and sum.
    day_and_sum = "concat_ws('|', CAST(day AS VARCHAR), direction, CAST(amount AS VARCHAR), currency)"
    made_id = f"""CASE WHEN booking_id IS NOT NULL THEN booking_id || '-' || left(md5({day_and_sum}), 6)
        ELSE left(content, 24) || '-' || row_number() OVER (PARTITION BY file, content ORDER BY n) END"""
    db.execute(f"""
        CREATE OR REPLACE TABLE numbered AS SELECT * EXCLUDE (content), {made_id} AS made_id
        FROM (SELECT *, {content} AS content FROM lines)""")
    before = _count(db, "numbered")
    best = "CAST(other IS NULL AS INTEGER), CAST(e2e IS NULL AS INTEGER), CAST(precision = 'day' AS INTEGER), n"
    lines = f"SELECT ({number_in_sql('account_id')}, booking_id) FROM {scan(known)}"
    seen = f"WHERE (account, made_id) NOT IN ({lines})" if known else ""
    db.execute(f"""
        CREATE OR REPLACE TABLE settled AS SELECT * FROM numbered {seen}
        QUALIFY row_number() OVER (PARTITION BY account, whole, made_id ORDER BY {best}) = 1""")
    db.execute("DROP TABLE numbered")
    db.execute("DROP TABLE lines")
    return before - _count(db, "settled")


def _know_open_sides(db: duckdb.DuckDBPyConnection, ledger: LedgerPaths) -> None:
    """Add to `settled`, with negative numbers, lines of earlier loads whose other side may be in this one."""
    if not ledger.statement_lines or not ledger.transfers:
        return
    ends = number_in_sql("CASE WHEN l.direction = 'out' THEN t.target ELSE t.source END")
    db.execute(f"""
        INSERT INTO settled BY NAME
        WITH days AS (SELECT min(day) - INTERVAL {MAX_DAYS_APART} DAY AS first,
                             max(day) + INTERVAL {MAX_DAYS_APART + 1} DAY AS last FROM settled),
        open AS (SELECT transfer_id, any_value(account_id) AS account_id, any_value(direction) AS direction,
                        any_value(booking_id) AS booking_id FROM {scan(ledger.statement_lines)}
                 GROUP BY transfer_id HAVING count(*) = 1)
        SELECT -row_number() OVER () AS n, -1 AS file, 0 AS line, {number_in_sql("l.account_id")} AS account,
            l.booking_id AS made_id, l.direction, t.amount, t.currency,
            CASE WHEN {ends} NOT LIKE '%:%' THEN {ends} END AS other,
            t.end_to_end_id AS e2e, t.uetr, t.at, CAST(t.at AS DATE) AS day, 'second' AS precision, 'booked' AS status,
            t.returns, 'transfer' AS kind, false AS whole, t.transfer_id
        FROM open l JOIN {scan(ledger.transfers)} t USING (transfer_id), days
        WHERE t.at >= days.first AND t.at < days.last""")


def _add_returned(db: duckdb.DuckDBPyConnection, returned: Sequence[Returned], transfers: Sequence[Path]) -> int:
    """Add returns that name their payment only by reference; gives how many name one that nobody knows."""
    if not returned:
        return 0
    db.execute(f"""
        CREATE OR REPLACE TABLE given_back (e2e VARCHAR, uetr VARCHAR, amount DECIMAL(18,{AMOUNT_PLACES}),
            currency VARCHAR, "at" VARCHAR, reference VARCHAR, own_id VARCHAR)""")
    rows = [astuple(each) for each in returned]
    db.executemany("INSERT INTO given_back VALUES (?, lower(?), ?, ?, ?, ?, ?)", rows)
    columns = f"{number_in_sql('source')}, {number_in_sql('target')}, end_to_end_id, uetr, transfer_id"
    of_ledger = f"UNION ALL SELECT {columns} FROM {scan(transfers)}" if transfers else ""
    db.execute(f"""
        CREATE OR REPLACE TABLE originals AS WITH known (payer, payee, e2e, uetr, id) AS (
            SELECT CASE WHEN direction = 'out' THEN account ELSE other END,
                   CASE WHEN direction = 'in' THEN account ELSE other END, e2e, uetr, NULL FROM settled
            WHERE returns IS NULL {of_ledger})
        SELECT g.*, k.payer, k.payee FROM given_back g JOIN known k
            ON k.uetr = g.uetr OR g.uetr IS NULL AND k.e2e = g.e2e OR k.id = g.reference
        WHERE k.payer IS NOT NULL AND k.payee IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY g.reference, g.amount, g.own_id ORDER BY k.id) = 1""")
    instant, day = """timezone('UTC', CAST("at" AS TIMESTAMPTZ))""", 'CAST("at" AS TIMESTAMP)'
    time = f'CASE WHEN length("at") > 10 THEN {instant} ELSE {day} END'
    db.execute(f"""
        INSERT INTO settled BY NAME SELECT (SELECT coalesce(max(n), 0) FROM settled) + row_number() OVER () AS n,
            -1 AS file, 0 AS line, payee AS account,
            md5(concat_ws('|', reference, CAST(amount AS VARCHAR), own_id)) AS made_id,
            'out' AS direction, amount, currency, payer AS other, e2e, {time} AS "at", CAST({time} AS DATE) AS day,
            CASE WHEN length("at") > 10 THEN 'second' ELSE 'day' END AS precision, 'booked' AS status,
            reference AS returns, 'transfer' AS kind, true AS whole FROM originals""")
    return len(returned) - _count(db, "originals")


def _make_payments(db: duckdb.DuckDBPyConnection) -> None:
    """Make `payments`, a row for all the sides of a payment that the ledger does not have, and `made_statement_lines`.

    Where the sides differ, the amount is what arrived (in two currencies: what was paid, and what arrived as original
    amount), and the time is the payer's where both are as exact.
    """
    order = "CAST(precision = 'day' AS INTEGER), CAST(whole AS INTEGER), CAST(direction = 'in' AS INTEGER), n"
    arrived = "CAST(direction = 'out' AS INTEGER), n"
    paid = "CAST(direction = 'in' AS INTEGER), CAST(whole AS INTEGER), n"

    def first(value: str, by: str = order) -> str:
        return f"first({value} ORDER BY {by}) FILTER ({value} IS NOT NULL)"

    db.execute("""
        CREATE OR REPLACE TABLE grouped AS SELECT s.*, coalesce(x.t, s.n) AS t,
            CASE WHEN direction = 'out' THEN account ELSE other END AS payer,
            CASE WHEN direction = 'in' THEN account ELSE other END AS payee,
            CASE WHEN direction = 'out' THEN bank ELSE other_bank END AS payer_bank,
            CASE WHEN direction = 'in' THEN bank ELSE other_bank END AS payee_bank
        FROM settled s LEFT JOIN (SELECT n, any_value(t) AS t FROM sides GROUP BY n) x USING (n)""")
    alone = """
        SELECT t, payer, payee, payer_bank, payee_bank, amount, currency, original_amount, original_currency,
            "at", precision, value_date, e2e, uetr, returns AS returned, kind, remittance,
            account || '/' || made_id AS content
        FROM grouped WHERE t NOT IN (SELECT t FROM sides) AND n > 0"""
    together = f"""
        SELECT t, {first("payer")} AS payer, {first("payee")} AS payee,
            {first("payer_bank")} AS payer_bank, {first("payee_bank")} AS payee_bank,
            first(amount ORDER BY {arrived}) AS arrived, first(currency ORDER BY {arrived}) AS arrived_currency,
            first(amount ORDER BY {paid}) AS paid, first(currency ORDER BY {paid}) AS paid_currency,
            {first("original_amount")} AS original_amount, {first("original_currency")} AS original_currency,
            first("at" ORDER BY {order}) AS "at", first(precision ORDER BY {order}) AS precision,
            {first("value_date")} AS value_date, {first("e2e")} AS e2e, {first("uetr")} AS uetr,
            {first("returns")} AS returned, first(kind ORDER BY {order}) AS kind, {first("remittance")} AS remittance,
            first(account || '/' || made_id ORDER BY {paid}) AS content, {first("transfer_id")} AS transfer_id
        FROM grouped WHERE t IN (SELECT t FROM sides) GROUP BY t"""
    same = "arrived_currency = paid_currency"
    db.execute(f"""
        CREATE OR REPLACE TABLE payments AS {alone} UNION ALL
        SELECT t, payer, payee, payer_bank, payee_bank, CASE WHEN {same} THEN arrived ELSE paid END, paid_currency,
            CASE WHEN NOT {same} OR arrived <> paid AND original_amount IS NULL
                THEN CASE WHEN {same} THEN paid ELSE arrived END ELSE original_amount END,
            CASE WHEN NOT {same} THEN arrived_currency
                WHEN arrived <> paid AND original_amount IS NULL THEN paid_currency ELSE original_currency END,
            "at", precision, value_date, e2e, uetr, returned, kind, remittance, content
        FROM ({together}) WHERE transfer_id IS NULL""")
    made_id = (
        "CASE WHEN uetr IS NOT NULL AND returned IS NULL AND alone THEN uetr ELSE 'b-' || left(md5(content), 24) END"
    )
    db.execute(f"""
        CREATE OR REPLACE TABLE payments AS SELECT * EXCLUDE (alone), {made_id} AS transfer_id FROM
            (SELECT *, count(*) OVER (PARTITION BY uetr, returned IS NULL) = 1 AS alone FROM payments)""")
    db.execute("""
        CREATE OR REPLACE TABLE made_statement_lines AS SELECT g.account AS account_id, g.made_id AS booking_id,
            coalesce(p.transfer_id, k.transfer_id) AS transfer_id, g.direction, g.statement,
            g.bank_ref AS bank_reference, g.day AS booked_on, g.amount, g.currency
        FROM grouped g LEFT JOIN payments p USING (t)
        LEFT JOIN (SELECT t, any_value(transfer_id) AS transfer_id FROM grouped
                   WHERE transfer_id IS NOT NULL GROUP BY t) k USING (t)
        WHERE g.n > 0""")


def _make_transfers(db: duckdb.DuckDBPyConnection, ledger: Sequence[Path]) -> None:
    """Make `made_transfers`, in the columns' names of the ledger's transfers."""
    _find_originals(db, ledger)
    db.execute(f"""
        CREATE OR REPLACE TABLE made_transfers AS SELECT
            p.transfer_id, payer AS source, payee AS target, amount, currency, p."at",
            {_CHANNELS} AS channel, remittance AS reference, precision, original_amount, original_currency,
            value_date, e2e AS end_to_end_id, uetr, o.original AS returns
        FROM payments p LEFT JOIN found_originals o USING (transfer_id)""")


def _find_originals(db: duckdb.DuckDBPyConnection, ledger: Sequence[Path]) -> None:
    """Make `found_originals`: which transfer a return gives back, by its reference or else by ends and amount.

    `unlike_originals` are returns that name a payment which they cannot be a part of.
    """
    of_ledger = ""
    if ledger:
        of_ledger = (
            f"UNION ALL SELECT transfer_id, {number_in_sql('source')}, {number_in_sql('target')}, amount, currency"
            ', "at", end_to_end_id, uetr'
            f" FROM {scan(ledger)} WHERE returns IS NULL"
        )
    db.execute(f"""
        CREATE OR REPLACE TABLE candidate_originals AS
        WITH known (id, payer, payee, amount, currency, "at", e2e, uetr) AS (
            SELECT transfer_id, payer, payee, amount, currency, "at", e2e, uetr FROM payments
            WHERE returned IS NULL {of_ledger}),
        back AS (SELECT * FROM payments WHERE returned IS NOT NULL)
        SELECT b.transfer_id, k.id, k."at", k.amount, coalesce(k.e2e IN (b.returned, b.e2e)
                OR k.uetr IN (lower(b.returned), b.uetr) OR k.id = b.returned, false) AS named,
            k.amount = b.amount AS whole_amount,
            k.currency = b.currency AND k.amount >= b.amount AND CAST(k."at" AS DATE) <= CAST(b."at" AS DATE) AS fits
        FROM back b JOIN known k ON k.payer = b.payee AND k.payee = b.payer""")
    db.execute("""
        CREATE OR REPLACE TABLE found_originals AS
        SELECT transfer_id, id AS original, amount AS paid FROM candidate_originals
        WHERE fits AND (named OR whole_amount)
        QUALIFY row_number() OVER
            (PARTITION BY transfer_id ORDER BY named DESC, whole_amount DESC, "at" DESC, id) = 1""")
    db.execute("""
        CREATE OR REPLACE TABLE unlike_originals AS SELECT DISTINCT transfer_id FROM candidate_originals
        WHERE named AND transfer_id NOT IN (SELECT transfer_id FROM found_originals)""")


def _over_returned(db: duckdb.DuckDBPyConnection, ledger: Sequence[Path]) -> int:
    """How many payments this load gives back more of, with what came back before, than was paid."""
    before = f"UNION ALL SELECT transfer_id, returns, amount FROM {scan(ledger)}" if ledger else ""
    ((count,),) = db.execute(f"""
        SELECT count(*) FROM (SELECT original, any_value(paid) AS paid FROM found_originals GROUP BY original)
        JOIN (SELECT returns AS original, sum(amount) AS back FROM (
                SELECT transfer_id, returns, amount FROM made_transfers {before})
              WHERE returns IS NOT NULL GROUP BY 1) USING (original) WHERE back > paid""").fetchall()
    return int(count)
