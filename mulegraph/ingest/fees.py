"""Fees that stand in a column of their own beside the amount: money that left as well, and so bookings of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mulegraph.errors import DataError
from mulegraph.ingest.remarks import About, Remark
from mulegraph.lazy import duckdb
from mulegraph.schema.bookings import BOOKINGS

_OF_THE_PAYMENT = (
    "counterparty_id",
    "counterparty_name",
    "counterparty_bank",
    "original_amount",
    "original_currency",
    "end_to_end_id",
    "uetr",
    "bank_reference",
    "mandate_id",
    "returns",
    "balance_after",
    "fee",
)
"""What is said of a payment, and not of the fee that the bank takes for it."""


def level_fees(db: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """Make the fees in `staged` numbers above zero, whichever way a file writes them.

    Raises DataError for a file that has both: which of them the bank took, and which it gave back, is not said.
    """
    rows = db.execute(
        "SELECT file, count(*) FILTER (fee > 0), count(*) FILTER (fee < 0) FROM staged GROUP BY file ORDER BY file"
    ).fetchall()
    for file, above, below in rows:
        if above and below:
            raise DataError(
                f"{files[file].name}: {above:,} fees have no minus and {below:,} have one: which did the bank take, and"
                " which did it give back?",
                hint="Leave columns.fee out of the mapping, and map the fees in a [[bookings]] part of their own:"
                ' columns.amount = the fees\' column, constants.kind = "fee".',
            )
    db.execute("UPDATE staged SET fee = abs(fee) WHERE fee < 0")


def split_fees(db: duckdb.DuckDBPyConnection) -> list[Remark]:
    """Add to `staged` a booking for every fee, on the line and day of the payment's; gives what is to be told."""
    nothing = ", ".join(f"NULL AS {name}" for name in _OF_THE_PAYMENT)
    taken = (
        f"SELECT * REPLACE ('out' AS direction, fee AS amount, 'fee' AS kind, booking_id || '-fee' AS booking_id,"
        f" {nothing}) FROM staged WHERE fee > 0"
    )
    ((count,),) = db.execute("SELECT count(*) FROM staged WHERE fee > 0").fetchall()
    if not count:
        return []
    db.execute(f"INSERT INTO staged {taken}")
    text = f"{count:,} fees that stood beside their payment are transfers of their own"
    return [Remark(About.FEES, BOOKINGS.name, text, int(count))]
