"""What accounts beyond our sight paid to ours after traced money reached them: it may be the same money.

Of an account at a bank that we do not see the ledger holds single payments, so no rule for mixed money says how much of
it came back. That it may be the traced money is worth a look all the same: it is on an account that we can hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.flow.tracing import CONSERVED, Trace
from mulegraph.flow.tracing_account import BEYOND
from mulegraph.flow.transfers import NOBODY, Transfers
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.results import TRACED_AGAIN
from mulegraph.workspace.own_banks import OwnBanks
from mulegraph.workspace.trace_naming import MAX_STEPS
from mulegraph.workspace.trace_terms import SHOPS

MAX_PAYEES = 5
"""A firm that pays more of our accounts than this pays wages, refunds or suppliers: who is paid by it is no lead."""


@dataclass(frozen=True)
class Wanted:
    """Which payments are told: of one currency, before a position, and of so many minor units at least."""

    currency: str
    places: int
    until: int
    least: int


def seen_again(ledger: Ledger, moved: Transfers, banks: OwnBanks, found: Trace, wanted: Wanted) -> pd.DataFrame:
    """Rows of TRACED_AGAIN, those that may carry most first.

    `most` is the payment, or what of the traced money its payer had got by then less what of it the payer's earlier
    payments in this list may have carried, if that is less: so all rows of a payer add up to no more than he got.
    Payments of the trace are left out, and those of shops, of banks' own accounts and of firms with many payees, which
    pay everybody.
    """
    place = np.zeros(0, np.int64)
    most = place
    if wanted.until:
        carries = (found.kind == BEYOND) & (found.step >= 0) & (found.net[:, CONSERVED] > 0).any(axis=1)
        step, carried = found.step[carries], found.net[carries][:, CONSERVED]
        place = _candidates(ledger, moved, banks, found, np.unique(moved.target[step]), wanted)
        most = _most(moved, step, carried, place)
    kept = np.flatnonzero(most >= max(wanted.least, 1))
    kept = kept[np.lexsort((place[kept], -most[kept]))][:MAX_STEPS]
    return _named(ledger, moved, banks, place[kept], most[kept], wanted.places)


def _candidates(
    ledger: Ledger, moved: Transfers, banks: OwnBanks, found: Trace, far: np.ndarray, wanted: Wanted
) -> np.ndarray:
    """Positions of payments of these accounts to ours, in order."""
    kind = ledger.arrow("accounts", ["kind"])["kind"].combine_chunks().take(pa.array(far[far != NOBODY]))
    shops = pc.is_in(kind, value_set=pa.array(SHOPS)).to_numpy(zero_copy_only=False)
    firms = far[far != NOBODY][pc.equal(kind, "business").to_numpy(zero_copy_only=False)]
    payers, payees = moved.source[: wanted.until], moved.target[: wanted.until]
    place = np.flatnonzero(np.isin(payers, far[far != NOBODY][~shops]) & (payees != NOBODY))
    place = place[banks.seen[payees[place]] & ~np.isin(place, found.step)]
    place = place[~np.isin(payers[place], firms[_payees(payers[place], payees[place], firms) > MAX_PAYEES])]
    written = ledger.rows_of(moved.row[place], ["currency"])["currency"]
    return np.asarray(place[pc.equal(written, wanted.currency).to_numpy()])


def _payees(payers: np.ndarray, payees: np.ndarray, of: np.ndarray) -> np.ndarray:
    """How many different accounts each of these pays."""
    pairs = np.unique(np.stack([payers, payees], axis=1), axis=0)
    return np.searchsorted(pairs[:, 0], of, side="right") - np.searchsorted(pairs[:, 0], of)


def _most(moved: Transfers, step: np.ndarray, carried: np.ndarray, place: np.ndarray) -> np.ndarray:
    """What each payment can be of the traced money that its payer had got before it, the earlier ones taken off."""
    came: dict[int, list[tuple[int, list[int]]]] = defaultdict(list)
    order = np.argsort(step, kind="stable")
    for account, at, amounts in zip(
        moved.target[step[order]].tolist(), step[order].tolist(), carried[order].tolist(), strict=True
    ):
        came[account].append((at, amounts))
    told = []
    had: dict[int, list[int]] = {}
    spent: dict[int, int] = defaultdict(int)
    next_of: dict[int, int] = defaultdict(int)
    for payer, at, amount in zip(
        moved.source[place].tolist(), place.tolist(), moved.amount[place].tolist(), strict=True
    ):
        receipts = came[payer]
        while next_of[payer] < len(receipts) and receipts[next_of[payer]][0] < at:
            more = receipts[next_of[payer]][1]
            had[payer] = [one + other for one, other in zip(had.get(payer, [0] * len(more)), more, strict=True)]
            next_of[payer] += 1
        part = max(0, min(amount, max(had.get(payer, [0])) - spent[payer]))
        spent[payer] += part
        told.append(part)
    return np.array(told, np.int64)


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
