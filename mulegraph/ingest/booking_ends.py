"""The ends of payments: who an unknown other party stands for, which bank keeps a number, and accounts made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from schwifty import registry
from schwifty.domain import Component

from mulegraph.lazy import duckdb
from mulegraph.ledger.engine import scan

BIC = "[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?"

_STAND_INS = (
    "CASE kind WHEN 'fee' THEN 'fees' WHEN 'interest' THEN 'interest' WHEN 'card' THEN 'cards' ELSE 'others' END"
)
"""What stands for the other party where a bank does not name it, one for money in and one for money out.

Two of them, so that no path runs through: what two customers paid to people who are not named is not one heap of money.
"""


def know_banks(db: duckdb.DuckDBPyConnection, accounts: Sequence[Path]) -> None:
    """Make `known_accounts` of the ledger's and `iban_banks`, where in an IBAN the bank stands (ISO 13616 registry)."""
    rows = (
        f"SELECT account_id, bank FROM {scan(accounts)}"
        if accounts
        else "SELECT '' AS account_id, '' AS bank WHERE false"
    )
    db.execute(f"CREATE OR REPLACE TABLE known_accounts AS {rows}")
    db.execute("CREATE OR REPLACE TABLE iban_banks (country VARCHAR, first INTEGER, length INTEGER)")
    places = []
    for country in registry.get_countries():
        try:
            bank = registry.get_iban_spec(country).positions[Component.BANK_CODE]
        except KeyError:
            continue
        places.append((country, 5 + bank.start, bank.end - bank.start))
    db.executemany("INSERT INTO iban_banks VALUES (?, ?, ?)", places)


def _prefix(number: str) -> str:
    """SQL: country and bank code of an IBAN, or NULL. `iban_banks` is joined as `p`."""
    return (
        f"CASE WHEN regexp_full_match({number}, '[A-Z]{{2}}[0-9]{{2}}[A-Z0-9]{{11,30}}') AND p.length > 0"
        f" THEN p.country || substr({number}, p.first, p.length) END"
    )


OF_PAYMENTS = (
    "SELECT payer AS number, payer_bank AS bank FROM payments UNION ALL SELECT payee, payee_bank FROM payments"
)
"""The ends of `payments`, and what files call their banks."""


def name_banks(db: duckdb.DuckDBPyConnection, of: str = OF_PAYMENTS) -> None:
    """Make `ends` (number, bank, known) of what the rows (number, bank) of an SQL query name.

    A bank is called as the ledger's accounts with the same bank code are; else by the BIC that files give for it (its
    first eight characters), else by country and bank code.
    """
    hint = f"CASE WHEN regexp_full_match(upper(bank), '{BIC}') THEN upper(left(bank, 8)) ELSE bank END"
    prefix = _prefix("number")
    db.execute(
        "CREATE OR REPLACE TABLE named AS SELECT number, first(bank) FILTER (bank IS NOT NULL) AS bank FROM"
        f" ({of})"
        " WHERE number IS NOT NULL GROUP BY number"
    )
    db.execute(
        f"CREATE OR REPLACE TABLE named AS SELECT number, {hint} AS bank, {prefix} AS prefix"
        " FROM named LEFT JOIN iban_banks p ON p.country = left(number, 2)"
    )
    db.execute(
        "CREATE OR REPLACE TABLE bank_names AS SELECT prefix, coalesce(any_value(ours), any_value(theirs)) AS name FROM"
        f" (SELECT {_prefix('account_id')} AS prefix, bank AS ours, NULL AS theirs FROM known_accounts"
        "  LEFT JOIN iban_banks p ON p.country = left(account_id, 2)"
        "  UNION ALL SELECT prefix, NULL, mode(bank) FROM named WHERE bank IS NOT NULL GROUP BY prefix)"
        " WHERE prefix IS NOT NULL GROUP BY prefix HAVING count(DISTINCT ours) <= 1"
    )
    db.execute(
        "CREATE OR REPLACE TABLE ends AS SELECT number, coalesce(k.bank, b.name, n.bank, n.prefix, 'unknown') AS bank,"
        " k.account_id IS NOT NULL AS known FROM named n LEFT JOIN known_accounts k ON k.account_id = n.number"
        " LEFT JOIN bank_names b ON b.prefix = n.prefix"
    )


def fill_open_ends(db: duckdb.DuckDBPyConnection) -> int:
    """Give payments a stand-in for the end that nobody names, but for cash; how many there were."""
    open_ends = "(payer IS NULL OR payee IS NULL) AND kind <> 'cash'"
    ((count,),) = db.execute(f"SELECT count(*) FROM payments WHERE {open_ends}").fetchall()
    own = "coalesce((SELECT bank FROM ends WHERE number = coalesce(payer, payee)), 'unknown')"

    def filled(end: str) -> str:
        stand_in = f"concat_ws(':', {own}, {_STAND_INS}, '{end}', currency)"
        return f"CASE WHEN {open_ends} AND {end} IS NULL THEN {stand_in} ELSE {end} END AS {end}"

    db.execute(
        f"CREATE OR REPLACE TABLE payments AS SELECT * REPLACE ({filled('payer')}, {filled('payee')}),"
        f" {open_ends} AS open_end FROM payments"
    )
    return int(count)


def make_accounts(db: duckdb.DuckDBPyConnection) -> int:
    """Make `made_accounts` (account_id, bank, kind, currency) of the ends that no account stands for; how many."""
    db.execute(
        "CREATE OR REPLACE TABLE made_accounts AS WITH both_ends AS ("
        " SELECT payer AS number, currency, open_end AND payer LIKE '%:payer:%' AS stands_in"
        " FROM payments WHERE payer IS NOT NULL"
        " UNION ALL SELECT payee, currency, open_end AND payee LIKE '%:payee:%' FROM payments WHERE payee IS NOT NULL)"
        " SELECT number AS account_id, coalesce(any_value(e.bank), split_part(number, ':', 1)) AS bank,"
        " CASE WHEN bool_or(stands_in) THEN 'internal' ELSE 'unknown' END AS kind, mode(currency) AS currency"
        " FROM both_ends LEFT JOIN ends e USING (number) LEFT JOIN known_accounts k ON k.account_id = number"
        " WHERE k.account_id IS NULL GROUP BY number"
    )
    ((count,),) = db.execute("SELECT count(*) FROM made_accounts").fetchall()
    return int(count)
