"""N2: money that comes back to where it started."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pandas as pd

from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.cycles import find_cycles
from mulegraph.flow.decoys import shares_of
from mulegraph.flow.matching import HOUR
from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import WEAK_FROM, Phase, Role, Topic, pattern_id, sign, strength


@sign(
    code="N2",
    source="time-respecting cycles, after 2SCENT (Kumar & Calders, PVLDB 11, 2018)",
    phase=Phase.DISPERSE,
    weight=9.0,
    renamed={"share_percent": "min_share_percent", "false_share": "max_false_share"},
    topic=Topic.MONEY,
    role=Role.RELAY,
    facts=(
        facts.count("cycle_accounts", "accounts that it went through"),
        facts.number("hours", "from the first transfer to the last", unit="hours"),
        facts.count("kept_percent", "what was lost on the way", unit="percent"),
    ),
    reason={
        "en": "{amount} {currency} went round {cycle_accounts:account|accounts} and came back to where it started"
        " within {hours:hour|hours}, {kept_percent}% less",
        "vi": "{amount} {currency} đi vòng qua {cycle_accounts} tài khoản và quay về điểm đầu trong {hours} giờ,"
        " hao {kept_percent}%",
        "nl": "{amount} {currency} ging rond langs {cycle_accounts:rekening|rekeningen} en kwam binnen {hours} uur"
        " terug, {kept_percent}% minder",
    },
)
def cycle(
    ledger: Ledger,
    sides: TransfersByAccount,
    shuffled: TransfersByAccount,
    *,
    within_hours: float = 480.0,
    min_share_percent: int = 70,
    max_false_share: float = 0.05,
) -> pd.DataFrame:
    """Money goes from account to account and back to the first, each step soon after the last and little less.

    Between three and twelve transfers. The surprise is that of every account's passing it on so soon, and of it
    being the
    first account that the last one pays. One finding for each account of the cycle; it is weak where the ledger with
    shuffled times has more than `max_false_share` as many.

    Innocent when: the accounts are one firm's, or friends settle what they owe each other.
    """
    # The kernel lets go of the interpreter's lock, so chance is searched on the other core.
    with ThreadPoolExecutor(2) as pool:
        search = partial(find_cycles, window=int(within_hours * HOUR), share_percent=min_share_percent)
        cycles, by_chance = pool.map(search, (sides, shuffled))
    shares = shares_of(cycles.nats, by_chance.nats)
    score = strength(cycles.nats, shares, max_false_share)
    known = ledger.transfer_rows(sides.transfers.row[cycles.transfer])
    found: dict[str, dict[str, Any]] = {}
    for number in range(len(cycles)):
        part = known.iloc[cycles.start[number] : cycles.start[number + 1]]
        if shares[number] > WEAK_FROM:
            break
        first, last = part.iloc[0], part.iloc[-1]
        story = {
            "score": float(score[number]),
            "surprise": max(float(cycles.nats[number] - cycles.log_trials), 0.0),
            "pattern": pattern_id("CY", part["transfer_id"]),
            "amount": first["amount"],
            "currency": first["currency"],
            "first_at": part["at"].min(),
            "last_at": part["at"].max(),
            "cycle_accounts": len(part),
            "hours": round((part["at"].max() - part["at"].min()).total_seconds() / 3600, 1),
            "kept_percent": round(100 * float(1 - last["amount"] / first["amount"])),
            "accounts": list(part["source"]),
            "evidence": list(part["transfer_id"]),
        }
        for account in part["source"]:
            found.setdefault(account, {"subject_id": account, **story})
    return pd.DataFrame(list(found.values()))
