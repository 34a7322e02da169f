"""Where suspected money is now: what strong chains left on their last accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from mulegraph.flow.layering import Flow
from mulegraph.flow.transfers import Transfers
from mulegraph.ledger.ledger import Ledger, amounts, decimals
from mulegraph.schema.tables import ARROW_TYPE, Kind

MONEY = pa.schema(
    [
        ("account", pa.string()),
        ("amount", ARROW_TYPE[Kind.AMOUNT]),
        ("currency", pa.string()),
        ("since", ARROW_TYPE[Kind.TIME]),
        ("why", pa.string()),
        ("chain", pa.string()),
    ]
)
"""Where money is now, largest first: what a strong chain left on its last account, and what is traced of reports."""
AHEAD = timedelta(days=1)
"""Banks' clocks differ by their zones, and value dates lie a day ahead."""
LARGEST_FIRST = [("currency", "ascending"), ("amount", "descending"), ("account", "ascending"), ("chain", "ascending")]


def last_moved(moved: Transfers) -> int:
    """The last time of a transfer, in microseconds, that can have come by now; 0 without any.

    One row of a wrong year would make all other money old, and hide it. A ledger that lies ahead altogether is made up.
    """
    if not len(moved):
        return 0
    # Whole: for a fraction all times would be made fractions first.
    until = np.int64((datetime.now(UTC) + AHEAD).timestamp() * 1e6)
    come = int(np.searchsorted(moved.at, until, side="right"))
    return int(moved.at[come - 1 if come else -1])


def left_by_chains(ledger: Ledger, flow: Flow, names: Callable[[np.ndarray], pa.Array]) -> pa.Table:
    """What of strong chains' last transfers was not paid on yet, first in, first out; chains that ended in the window.

    Money that has lain for longer than the window is the night's to find: here it would hide what still moves. `names`
    gives the ids of chains by number.
    """
    moved, chains = flow.transfers, flow.chains
    count = flow.chains_from(flow.threshold) if np.isfinite(flow.threshold) else 0
    last, place = np.unique(chains.position[chains.start[1 : count + 1] - 1], return_index=True)
    fresh = (moved.target[last] >= 0) & (moved.at[last] >= last_moved(moved) - flow.window)
    last, place = last[fresh], place[fresh]
    ending = np.isin(flow.links.receipt, last)
    at = np.searchsorted(last, flow.links.receipt[ending])
    gone = np.bincount(at, weights=flow.links.amount[ending], minlength=len(last)).astype(np.int64)
    left = moved.amount[last] - gone
    kept = left > 0
    last = last[kept]
    place = place[kept]
    left = left[kept]
    rows = ledger.rows_of(moved.row[last], ["currency", "at"])
    currency = rows["currency"].combine_chunks()
    return pa.table(
        [
            ledger.account_ids.take(pa.array(moved.target[last])),
            amounts(left, currency) if len(left) else decimals(left),
            currency,
            rows["at"],
            pa.repeat("chain", len(last)),
            names(place),
        ],
        schema=MONEY,
    )
