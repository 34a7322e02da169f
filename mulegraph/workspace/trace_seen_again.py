"""What accounts beyond our sight paid to ours after traced money reached them: it may be the same money.

Of an account at a bank that we do not see the ledger holds single payments, so no rule for mixed money says how much of
it came back. That it may be the traced money is worth a look all the same: it is on an account that we can hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.flow.tracing import CONSERVED, Trace
from mulegraph.flow.tracing_pass import BEYOND
from mulegraph.flow.transfers import NOBODY, Transfers
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.results import TRACED_AGAIN
from mulegraph.workspace.own_banks import OwnBanks
from mulegraph.workspace.trace_naming import MAX_STEPS
from mulegraph.workspace.trace_terms import SHOPS


@dataclass(frozen=True)
class Wanted:
    """Which payments are told: of one currency, before a position, and of so many minor units at least."""

    currency: str
    places: int
    until: int
    least: int


def seen_again(ledger: Ledger, moved: Transfers, banks: OwnBanks, found: Trace, wanted: Wanted) -> pd.DataFrame:
    """Rows of TRACED_AGAIN, those that may carry most first.

    `most` is the payment, or what of the traced money its payer had got by then, if that is less. Payments of the trace
    are left out, and those of shops and of banks' own accounts, which pay everybody.
    """
    carries = found.kind == BEYOND
    carries &= (found.step >= 0) & (found.net[:, CONSERVED] > 0).any(axis=1)
    step, carried = found.step[carries], found.net[carries][:, CONSERVED]
    came, far = _arrivals(step, moved.target[step], carried)
    far = far[~_pays_everybody(ledger, far)]
    payers, payees = moved.source[: wanted.until], moved.target[: wanted.until]
    place = np.flatnonzero(np.isin(payers, far) & (payees != NOBODY))
    place = place[banks.seen[moved.target[place]] & ~np.isin(place, found.step)]
    written = ledger.rows_of(moved.row[place], ["currency"])["currency"]
    place = place[pc.equal(written, wanted.currency).to_numpy()]
    had = [_so_far(came[payer], each) for payer, each in zip(moved.source[place].tolist(), place.tolist(), strict=True)]
    most = np.minimum(moved.amount[place], np.array(had, np.int64))
    kept = np.flatnonzero(most >= max(wanted.least, 1))
    kept = kept[np.lexsort((place[kept], -most[kept]))][:MAX_STEPS]
    return _named(ledger, moved, banks, place[kept], most[kept], wanted.places)


def _arrivals(step: np.ndarray, target: np.ndarray, carried: np.ndarray) -> tuple[dict[int, Any], np.ndarray]:
    """By account: positions at which traced money came, in order, and all that had come by then; and the accounts."""
    far = np.unique(target[target != NOBODY])
    came = {}
    for account in far.tolist():
        mine = np.flatnonzero(target == account)
        mine = mine[np.argsort(step[mine], kind="stable")]
        came[account] = step[mine], carried[mine].cumsum(axis=0).max(axis=1)
    return came, far


def _so_far(came: tuple[np.ndarray, np.ndarray], place: int) -> int:
    """What had come before a position, at most."""
    positions, sums = came
    before = int(np.searchsorted(positions, place))
    return int(sums[before - 1]) if before else 0


def _pays_everybody(ledger: Ledger, accounts: np.ndarray) -> np.ndarray:
    kind = ledger.arrow("accounts", ["kind"])["kind"].combine_chunks().take(pa.array(accounts))
    return np.asarray(pc.is_in(kind, value_set=pa.array(SHOPS)).to_numpy(zero_copy_only=False))


def _named(
    ledger: Ledger, moved: Transfers, banks: OwnBanks, place: np.ndarray, most: np.ndarray, places: int
) -> pd.DataFrame:
    """Those payments in the ledger's words."""

    def money(minor: np.ndarray) -> list[Decimal]:
        return [Decimal(each).scaleb(-places) for each in minor.tolist()]

    rows = ledger.rows_of(moved.row[place], ["transfer_id", "source", "target", "at"])
    columns: Mapping[str, Any] = {
        "transfer": rows["transfer_id"].to_pylist(),
        "source": rows["source"].to_pylist(),
        "payer_bank": banks.named(moved.source[place]),
        "target": rows["target"].to_pylist(),
        "bank": banks.named(moved.target[place]),
        "at": pd.to_datetime(rows["at"].to_numpy().astype("datetime64[us]")),
        "amount": money(moved.amount[place]),
        "most": money(most),
    }
    return pd.DataFrame(columns, columns=list(TRACED_AGAIN.fields))
