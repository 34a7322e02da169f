"""N6: an account that slept wakes and passes money through."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.habits import WakingBounds, read_moved, rounded, wakings
from mulegraph.flow.naming import Stretch, name_stretches
from mulegraph.flow.transfers import DAY, HOUR
from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, Role, Topic, sign

MAX_PASSED_PERCENT = 110
"""A little old money may go out beside the new; when much does, it is a savings account being emptied."""
LEDGER_SHARE = 0.5
"""Where the ledger is too short to show the whole sleep, this share of it must have been slept."""


@sign(
    code="N6",
    source="FATF, Professional Money Laundering (2018): dormant accounts",
    phase=Phase.DISPERSE,
    weight=7.0,
    renamed={
        "dormant_days": "min_dormant_days",
        "transfers_more_than": "min_transfers",
        "passed_percent": "min_passed_percent",
        "senders_more_than": "min_senders",
    },
    topic=Topic.MONEY,
    role=Role.RELAY,
    facts=(
        facts.count("slept_days", "how long it slept", unit="days"),
        facts.count("transfers", "transfers after it woke"),
        facts.count("senders", "accounts that paid it"),
        facts.count("passed_percent", "share that was passed on", unit="percent"),
        facts.count("hours", "the time after it woke", unit="hours"),
    ),
    reason={
        "en": "slept for {slept_days:day|days}, then {transfers:transfer|transfers} within {hours:hour|hours}:"
        " {amount} {currency} in, {passed_percent}% of it out again",
        "vi": "ngủ yên {slept_days} ngày, rồi {transfers} giao dịch trong {hours} giờ: {amount} {currency} vào,"
        " {passed_percent}% chuyển đi",
        "nl": "sliep {slept_days:dag|dagen}, daarna {transfers:overboeking|overboekingen} binnen {hours} uur:"
        " {amount} {currency} binnen, {passed_percent}% weer weg",
    },
)
def dormant_wakes(
    ledger: Ledger,
    sides: TransfersByAccount,
    *,
    min_dormant_days: float = 90.0,
    within_hours: float = 72.0,
    min_transfers: int = 4,
    min_passed_percent: float = 70.0,
    min_senders: int = 2,
) -> pa.Table:
    """An account without any transfer for months is paid by several and passes most of it on within days.

    Where the ledger is shorter than `min_dormant_days`, it must have slept for half of the ledger; before its first
    transfer an account sleeps since the ledger began, unless it was opened later.

    Innocent when: a savings account is closed, or a holder comes back from abroad.
    """
    least = min(min_dormant_days, LEDGER_SHARE * max((ledger.until - ledger.since).days, 1))
    bounds = WakingBounds(
        int(least * DAY), int(within_hours * HOUR), min_transfers, min_senders, min_passed_percent, MAX_PASSED_PERCENT
    )
    moved = read_moved(ledger, sides)
    found = wakings(moved, _awake_from(ledger), bounds)
    at = sides.transfers.at
    last = np.searchsorted(at, found.until, side="right") - 1
    stretch = Stretch(found.account, np.searchsorted(at, found.woke), last)
    table = name_stretches(ledger, sides.transfers, moved, stretch)
    facts = {
        "score": 1 - 0.8**found.transfers,
        "transfers": found.transfers,
        "senders": found.senders,
        "passed_percent": rounded(100 * found.paid / found.received, 0),
        "slept_days": rounded(found.slept / DAY, 0).astype(np.int64),
        "hours": np.full(len(table), int(within_hours)),
    }
    return pa.table([*table.columns, *facts.values()], [*table.column_names, *facts])


def _awake_from(ledger: Ledger) -> np.ndarray:
    """Since when each account's transfers are known: since the ledger began, or since it was opened (microseconds)."""
    begun = (ledger.since - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    opened = ledger.arrow("accounts", ["opened_on"])["opened_on"].cast("timestamp[us]").cast("int64")
    return np.maximum(opened.fill_null(begun).to_numpy(), begun)
