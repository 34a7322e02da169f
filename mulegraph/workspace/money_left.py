"""Where suspected money is now: what strong chains left on their last accounts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from mulegraph.flow.layering import Flow
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
LARGEST_FIRST = [("currency", "ascending"), ("amount", "descending"), ("account", "ascending"), ("chain", "ascending")]


def left_by_chains(ledger: Ledger, flow: Flow, names: Callable[[np.ndarray], pa.Array]) -> pa.Table:
    """What of strong chains' last transfers was not paid on yet, first in, first out; chains that ended in the window.

    Money that has lain for longer than the window is the night's to find: here it would hide what still moves. `names`
    gives the ids of chains by number.
    """
    moved, chains = flow.transfers, flow.chains
    count = flow.chains_from(flow.threshold) if np.isfinite(flow.threshold) else 0
    last, place = np.unique(chains.position[chains.start[1 : count + 1] - 1], return_index=True)
    fresh = (moved.target[last] >= 0) & (moved.at[last] >= (int(moved.at.max()) if len(moved) else 0) - flow.window)
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
