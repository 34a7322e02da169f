"""N3: bursts: fan-in, fan-out, scatter-gather, gather-scatter, and shared receivers (bipartite)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mulegraph.feed.ledger import Ledger
from mulegraph.flow.bursts import FAN_IN, FAN_OUT, Bursts, by_payee, by_payer, find_bursts
from mulegraph.flow.chance import shares_of
from mulegraph.flow.matching import HOUR, Transfers
from mulegraph.flow.meetings import BIPARTITE, SCATTER_GATHER, Meetings, scatter_gather, shared_receivers
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
    reason={
        "en": "{pattern_name} with {counterparties} others within {hours} hours: {amount} {currency}",
        "vi": "{pattern_name} với {counterparties} tài khoản khác trong {hours} giờ: {amount} {currency}",
        "nl": "{pattern_name} met {counterparties} anderen binnen {hours} uur: {amount} {currency}",
    },
)
def burst(
    ledger: Ledger,
    transfers: Transfers,
    dealt: Transfers,
    *,
    short_hours: float = 6.0,
    day_hours: float = 24.0,
    several_days_hours: float = 240.0,
    false_share: float = 0.05,
) -> pd.DataFrame:
    """Many accounts pay one, one pays many, or both, or two meet through several others, at once.

    Each pattern is measured in windows of hours, a day and several days, as −ln of its chance under the parties' own
    traffic. It counts from where the ledger with shuffled times has no more than `false_share` as many; below, it is weak.
    The subject is the account in the middle; of scatter-gather and shared receivers every account, since none of them
    would be there by chance.

    Innocent when: it is a payroll, a landlord on the first of the month, a shop's opening day, or a collection.
    """
    windows = [int(hours * HOUR) for hours in (short_hours, day_hours, several_days_hours)]
    real, chance = _patterns(transfers, windows), _patterns(dealt, windows)
    best: dict[int, Found] = {}
    for name, found in real.items():
        shares = shares_of(found.nats, chance[name].nats)
        score = strength(found.nats, shares, false_share)
        for each in _as_found(transfers, found, score, np.flatnonzero(shares <= WEAK_FROM)):
            known = best.get(each.account)
            if known is None or (each.score, each.nats) > (known.score, known.nats):
                best[each.account] = each
    return _rows(ledger, transfers, list(best.values()))


def _patterns(transfers: Transfers, windows: list[int]) -> dict[str, Bursts | Meetings]:
    meetings = [scatter_gather(transfers, windows), shared_receivers(transfers, windows)]
    return {each.pattern: each for each in [*find_bursts(transfers, windows), *meetings]}


def _as_found(transfers: Transfers, found: Bursts | Meetings, score: np.ndarray, chosen: np.ndarray) -> list[Found]:
    surprise = np.maximum(found.nats - found.places, 0.0)
    if isinstance(found, Meetings):
        rows = []
        for number in chosen.tolist():
            positions = found.transfer[found.start[number] : found.start[number + 1]]
            sure = float(score[number]), float(surprise[number])
            facts = (*sure, int(found.count[number]), 0, int(found.window[number]), positions)
            ends = np.concatenate([transfers.source[positions], transfers.target[positions]])
            rows += [Found(found.pattern, int(account), *facts) for account in np.unique(ends)]
        return rows
    sides = {FAN_IN: [by_payee(transfers)], FAN_OUT: [by_payer(transfers)]}
    used = sides.get(found.pattern) or [by_payee(transfers), by_payer(transfers)]
    rows = []
    for number in chosen.tolist():
        account, low, high = int(found.account[number]), found.first[number], found.last[number]
        parts = []
        for side in used:
            mine = side.position[side.start[account] : side.start[account + 1]]
            parts.append(mine[(mine >= low) & (mine <= high)])
        sure = float(score[number]), float(surprise[number])
        facts = (*sure, int(found.counterparties[number]), int(found.paid_to[number]))
        positions = np.sort(np.concatenate(parts))
        rows.append(Found(found.pattern, account, *facts, int(found.window[number]), positions))
    return rows


def _rows(ledger: Ledger, transfers: Transfers, found: list[Found]) -> pd.DataFrame:
    """The patterns in the ledger's words."""
    starts = np.cumsum([0, *(len(each.transfers) for each in found)])
    flat = np.concatenate([each.transfers for each in found]) if found else np.empty(0, np.int64)
    known = ledger.rows_of(transfers.row[flat], ["transfer_id", "source", "target", "amount", "currency", "at"]).to_pandas()
    rows = []
    for number, each in enumerate(found):
        part = known.iloc[starts[number] : starts[number + 1]]
        account = ledger.account_ids[each.account].as_py()
        rows.append({"subject_id": account, **_facts(each, part, account)})
    return pd.DataFrame(rows)


def _facts(each: Found, part: pd.DataFrame, account: str) -> dict[str, Any]:
    received, paid = part[part["target"] == account], part[part["source"] == account]
    moved = part if each.pattern == SCATTER_GATHER else received if len(received) else paid
    others = set(part["source"].dropna()) | set(part["target"].dropna()) | {account}
    return {
        "score": each.score,
        "surprise": each.nats,
        "pattern": pattern_id(PREFIX[each.pattern], sorted(part["transfer_id"])),
        "pattern_name": each.pattern.replace("_", "-"),
        "counterparties": each.counterparties,
        "paid_to": each.paid_to,
        "hours": round(each.window / HOUR),
        "amount": moved["amount"].sum(),
        "currency": part["currency"].iloc[0],
        "first_at": part["at"].min(),
        "last_at": part["at"].max(),
        "accounts": sorted(others),
        "evidence": list(part["transfer_id"]),
    }
