"""Tables of records that change, and the tables of their versions."""

from __future__ import annotations

import re
from typing import Any

from mulegraph.schema.tables import TABLES, Column, Kind, Table

VERSIONED: dict[str, str] = {
    "accounts": "account_versions",
    "holders": "holder_versions",
    "devices": "device_versions",
    "merchants": "merchant_versions",
}
"""Tables of records that change, and where what was said of a record before, or beside, is kept."""


def versions_of(name: str) -> Table:
    """The table of versions of a table: every row of records that have more than one, with when each was valid."""
    table = TABLES[name]
    more = (
        Column("valid_from", Kind.TIME, doc="empty: from the first load on"),
        Column("valid_to", Kind.TIME, doc="empty: still"),
        Column("opened_by", doc="the load that said so"),
        Column("closed_by", doc="the load that said otherwise"),
    )
    return Table(VERSIONED[name], (*table.key, "valid_from"), (*table.columns, *more), doc=f"Versions of {name}.")


ALL_TABLES: dict[str, Table] = {**TABLES, **{VERSIONED[name]: versions_of(name) for name in VERSIONED}}
"""What the ledger holds: the tables that are loaded, and their versions."""

FORMER_MARK = "@until-"
FORMER = FORMER_MARK + r"\d{4}-\d{2}-\d{2}$"
"""How the id of a former account ends, one whose number was given to another holder on that day.

A payment belongs to the holder of its time, so the former account is an account of its own: NUMBER@until-DAY.
"""


def number_of(account_id: str) -> str:
    """The account number as the bank writes it, of a former account as well."""
    return re.sub(FORMER, "", account_id)


def given_on(account_id: str | None) -> str | None:
    """The day from which a former account's number is another holder's; none for an account of today."""
    found = re.search(FORMER, account_id or "")
    return found[0][-len("2000-01-01") :] if found else None


def named_by_period(rows: list[dict[str, Any]], former: list[str]) -> list[dict[str, Any]]:
    """Rows of accounts, those of a former account's period under its id."""
    until: dict[str, list[tuple[str, str]]] = {}
    for account in sorted(former):
        until.setdefault(number_of(account), []).append((account[-len("2000-01-01") :], account))
    for row in rows:
        closed = row["closed_on"]
        lives = [life for day, life in until.get(row["account_id"], ()) if closed and closed.isoformat() <= day]
        if lives:
            row["account_id"] = lives[0]
    return rows
