"""N3: bursts: fan-in, fan-out, scatter-gather, gather-scatter, and shared receivers (bipartite)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mulegraph.flow.bursts import FAN_IN, FAN_OUT, Bursts, TransfersByAccount, find_bursts
from mulegraph.flow.decoys import shares_of
from mulegraph.flow.matching import HOUR, Transfers
from mulegraph.flow.shared_counterparties import BIPARTITE, SCATTER_GATHER, Meetings, scatter_gather, shared_receivers
from mulegraph.ledger.ledger import Ledger, in_currency
from mulegraph.signs.base import WEAK_FROM, Phase, pattern_id, sign, strength

PREFIX = {FAN_IN: "FI", FAN_OUT: "FO", SCATTER_GATHER: "SG", BIPARTITE: "BP", "gather_scatter": "GS"}


@dataclass(frozen=True)
class Found:
    """One pattern about one account: who else is in it by number, and the positions of its transfers."""

    pattern: str
    account: int
    score: float
    nats: float
    counterparties: int
    paid_to: int
    window: int
    transfers: np.ndarray


@sign(
    code="N3",
    source="design §5; typologies of Altman et al. (NeurIPS 2023); counts against a Poisson mean",
    phase=Phase.DISPERSE,
    weight=7.0,
    party_weight=3.0,
    renamed={"false_share": "max_false_share"},
    reason={
        "en": "{pattern_name} with {counterparties:other|others} within {hours:hour|hours}: {amount} {currency}",
        "vi": "{pattern_name} với {counterparties} tài khoản khác trong {hours} giờ: {amount} {currency}",
        "nl": "{pattern_name} met {counterparties:ander|anderen} binnen {hours} uur: {amount} {currency}",
    },
)
def burst(
    ledger: Ledger,
    sides: TransfersByAccount,
    dealt: TransfersByAccount,
    *,
    short_hours: float = 6.0,
    day_hours: float = 24.0,
    several_days_hours: float = 240.0,
    max_false_share: float = 0.05,
) -> pd.DataFrame:
    """Many accounts pay one, one pays many, or both, or two meet through several others, at once.

    Each pattern is measured in windows of hours, a day and several days, as −ln of its chance under the parties' own
    traffic. It counts from where the ledger with shuffled times has no more than `max_false_share` as many; below, it
    is weak.
    The subject is the account in the middle; of scatter-gather and shared receivers every account, since none of them
    would be there by chance.

    Innocent when: it is a payroll, a landlord on the first of the month, a shop's opening day, or a collection.
    """
    windows = [int(hours * HOUR) for hours in (short_hours, day_hours, several_days_hours)]
    # The kernels let go of the interpreter's lock, so chance is counted on the other core.
    with ThreadPoolExecutor(2) as pool:
        real, chance = pool.map(partial(_patterns, windows=windows), (sides, dealt))
    best: dict[int, Found] = {}
    for name, found in real.items():
        shares = shares_of(found.nats, chance[name].nats)
        score = strength(found.nats, shares, max_false_share)
        for each in _as_found(sides, found, score, np.flatnonzero(shares <= WEAK_FROM)):
            known = best.get(each.account)
            if known is None or (each.score, each.nats) > (known.score, known.nats):
                best[each.account] = each
    return _rows(ledger, sides.transfers, list(best.values()))


def _patterns(sides: TransfersByAccount, windows: list[int]) -> dict[str, Bursts | Meetings]:
    bursts: list[Bursts | Meetings] = [*find_bursts(sides, windows)]
    return {each.pattern: each for each in [*bursts, scatter_gather(sides, windows), shared_receivers(sides, windows)]}


def _as_found(
    sides: TransfersByAccount, found: Bursts | Meetings, score: np.ndarray, chosen: np.ndarray
) -> list[Found]:
    surprise = np.maximum(found.nats - found.places, 0.0)
    if isinstance(found, Meetings):
        rows = []
        for number in chosen.tolist():
            positions = found.transfer[found.start[number] : found.start[number + 1]]
            sure = float(score[number]), float(surprise[number])
            facts = (*sure, int(found.count[number]), 0, int(found.window[number]), positions)
            ends = np.concatenate([sides.transfers.source[positions], sides.transfers.target[positions]])
            rows += [Found(found.pattern, int(account), *facts) for account in np.unique(ends)]
        return rows
    used = {FAN_IN: [sides.receipts], FAN_OUT: [sides.payments]}.get(found.pattern, [sides.receipts, sides.payments])
    rows = []
    for number in chosen.tolist():
        account, low, high = int(found.account[number]), found.first[number], found.last[number]
        parts = []
        for side in used:
            mine = side.position[side.start[account] : side.start[account + 1]]
            parts.append(mine[(mine >= low) & (mine <= high)])
        sure = float(score[number]), float(surprise[number])
        counts = int(found.counterparties[number]), int(found.paid_to[number]), int(found.window[number])
        rows.append(Found(found.pattern, account, *sure, *counts, np.sort(np.concatenate(parts))))
    return rows


def _rows(ledger: Ledger, transfers: Transfers, found: list[Found]) -> pd.DataFrame:
    """The patterns in the ledger's words; whole columns at a time, since every payroll is one."""
    if not found:
        return pd.DataFrame()
    sizes = np.array([len(each.transfers) for each in found])
    starts = np.cumsum(sizes) - sizes
    flat = np.concatenate([each.transfers for each in found])
    of = np.repeat([each.account for each in found], sizes)
    known = ledger.rows_of(transfers.row[flat], ["transfer_id", "amount", "currency", "at"])
    at = known["at"].cast("int64").to_numpy()
    amount = _moved(transfers, flat, of, starts)
    ids = _sliced(known["transfer_id"].to_pylist(), starts, sizes)
    ends = np.stack([transfers.source[flat], transfers.target[flat]], axis=1)
    parties = [np.unique(part[part >= 0]) for part in np.split(ends, starts[1:])]
    names = _sliced(ledger.account_ids.take(pa.array(np.concatenate(parties))).to_pylist(), *_offsets(parties))
    currencies = known["currency"].take(pa.array(starts)).to_pylist()
    return pd.DataFrame(
        {
            "subject_id": ledger.account_ids.take(pa.array([each.account for each in found])).to_pylist(),
            "score": [each.score for each in found],
            "surprise": [each.nats for each in found],
            "pattern": [pattern_id(PREFIX[each.pattern], sorted(mine)) for each, mine in zip(found, ids, strict=True)],
            "pattern_name": [each.pattern.replace("_", "-") for each in found],
            "counterparties": [each.counterparties for each in found],
            "paid_to": [each.paid_to for each in found],
            "hours": [round(each.window / HOUR) for each in found],
            "amount": [in_currency(cents, code) for cents, code in zip(amount.tolist(), currencies, strict=True)],
            "currency": currencies,
            "first_at": pd.to_datetime(np.minimum.reduceat(at, starts), unit="us"),
            "last_at": pd.to_datetime(np.maximum.reduceat(at, starts), unit="us"),
            "accounts": names,
            "evidence": ids,
        }
    )


def _moved(transfers: Transfers, flat: np.ndarray, of: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """What each subject received, in minor units; what it paid where it received nothing."""
    cents = transfers.amount[flat]
    received = np.add.reduceat(np.where(transfers.target[flat] == of, cents, 0), starts)
    paid = np.add.reduceat(np.where(transfers.source[flat] == of, cents, 0), starts)
    return np.asarray(np.where(received > 0, received, paid))


def _offsets(parts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    sizes = np.array([len(part) for part in parts])
    return np.cumsum(sizes) - sizes, sizes


def _sliced(values: list[Any], starts: np.ndarray, sizes: np.ndarray) -> list[list[Any]]:
    return [values[low : low + size] for low, size in zip(starts.tolist(), sizes.tolist(), strict=True)]
