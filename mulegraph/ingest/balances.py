"""Balances that stand beside transfers in their file: what each end's account holds after the payment."""

from __future__ import annotations

from datetime import datetime

from mulegraph.ingest.load_bookings import write_made
from mulegraph.ingest.partitions import Partitions
from mulegraph.schema.tables import TABLES


def balances_beside(partitions: Partitions, as_of: datetime) -> int:
    """Write the balances of the staged transfers, which are written already; gives how many there are.

    One that stands beside one of several payments of its account at the same time (on the same day, where only days
    are known) says nothing of a time, and is left out; so is a payee's in a currency that the row does not name.
    """
    day = "precision IS NOT DISTINCT FROM 'day'"
    after = f"""CASE WHEN {day} THEN "at" + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND ELSE "at" END"""
    partitions.db.execute(f"""
        CREATE OR REPLACE TABLE made_balances AS
        WITH ends AS (
            SELECT source AS account_id, "at" AS booked, {after} AS after, source_balance_after AS balance, currency,
                transfer_id FROM staged WHERE source IS NOT NULL
            UNION ALL
            SELECT target, "at", {after}, CASE WHEN original_currency IS NULL THEN target_balance_after END, currency,
                transfer_id FROM staged WHERE target IS NOT NULL AND target IS DISTINCT FROM source),
        known AS (SELECT *, count(*) OVER (PARTITION BY account_id, booked) AS at_once FROM ends)
        SELECT account_id, after AS "at", balance, currency, 'booked' AS kind, transfer_id AS source
        FROM known WHERE balance IS NOT NULL AND at_once = 1""")
    partitions.stem = f"{partitions.load_id}-beside"
    written = write_made(partitions, TABLES["balances"], "made_balances", as_of)
    partitions.stem = partitions.load_id
    return written
