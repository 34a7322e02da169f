"""Tables of records that change, and the tables of their versions."""

from __future__ import annotations

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
