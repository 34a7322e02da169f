"""N2: money that comes back to where it started."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pyarrow as pa

from mulegraph.flow.by_account import TransfersByAccount, lists_of
from mulegraph.flow.calibration import local_false_share, look_elsewhere, rarity, worth
from mulegraph.flow.cycles import find_cycles
from mulegraph.flow.decoys import shares_of
from mulegraph.flow.transfers import HOUR, Transfers
from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import WEAK_FROM, Phase, Role, Topic, pattern_id, sign, strength


@sign(
    code="N2",
    source="time-respecting cycles, after 2SCENT (Kumar & Calders, PVLDB 11, 2018)",
    phase=Phase.DISPERSE,
    weight=9.0,
    measured=True,
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
) -> pa.Table:
    """Money goes from account to account and back to the first, each step soon after the last and little less.

    Between three and twelve transfers. The surprise is that of every account's passing it on so soon, and of it being
    the first account that the last one pays. One finding for each account of the cycle; it is weak where the ledger
    with shuffled times has more than `max_false_share` as many.

    Innocent when: the accounts are one firm's, or friends settle what they owe each other.
    """
    # The kernel lets go of the interpreter's lock, so chance is searched on the other core.
    with ThreadPoolExecutor(2) as pool:
        search = partial(find_cycles, window=int(within_hours * HOUR), share_percent=min_share_percent)
        cycles, by_chance = pool.map(search, (sides, shuffled))
    shares = shares_of(cycles.nats, by_chance.nats)
    nats = cycles.nats - look_elsewhere(cycles.log_trials, by_chance.nats)
    score = strength(nats, shares, max_false_share)
    # The most surprising come first, and so the share of coincidences never falls.
    kept = np.arange(np.searchsorted(shares, WEAK_FROM, side="right"))
    position, start = lists_of(cycles.transfer, cycles.start, kept)
    # Each account's first cycle is its most surprising one.
    number = np.repeat(kept, np.diff(start))
    account, first = np.unique(sides.transfers.source[position], return_index=True)
    false_share = local_false_share(cycles.nats, by_chance.nats)
    rare = rarity(sides.transfers.accounts, sides.transfers.source[position], 1 - false_share[number])
    evidence = worth(nats, false_share, rare, sides.transfers.accounts)
    stories = _stories(ledger, sides.transfers, position, start)
    table = stories.take(pa.array(number[first]))
    given = {
        "subject_id": ledger.account_ids.take(pa.array(account)),
        "score": score[number[first]],
        "surprise": np.maximum(nats, 0.0)[number[first]],
        "worth": evidence[number[first]],
    }
    return pa.table([*given.values(), *table.columns], [*given, *table.column_names])


def _stories(ledger: Ledger, transfers: Transfers, position: np.ndarray, start: np.ndarray) -> pa.Table:
    """Cycles in the ledger's words, one a row."""
    rows = ledger.rows_of(transfers.row[position], ["transfer_id", "amount", "currency", "at"]).combine_chunks()
    first, last = pa.array(start[:-1]), pa.array(start[1:] - 1)
    ids, at = rows["transfer_id"].combine_chunks(), transfers.at[position]
    names = ledger.account_ids.take(pa.array(transfers.source[position]))
    offsets = pa.array(start, pa.int32())
    evidence = pa.ListArray.from_arrays(offsets, ids)
    # In order of the cycle, whose transfers stand in order of time.
    hours = (at[start[1:] - 1] - at[start[:-1]]) / HOUR
    begun, ended = transfers.amount[position[start[:-1]]], transfers.amount[position[start[1:] - 1]]
    return pa.table(
        {
            "pattern": pa.array([pattern_id("CY", each) for each in evidence.to_pylist()], pa.string()),
            "amount": rows["amount"].combine_chunks().take(first),
            "currency": rows["currency"].combine_chunks().take(first),
            "first_at": rows["at"].combine_chunks().take(first),
            "last_at": rows["at"].combine_chunks().take(last),
            "cycle_accounts": np.diff(start),
            "hours": pa.array([round(each, 1) for each in hours.tolist()], pa.float64()),
            "kept_percent": np.rint(100 * (begun - ended) / begun).astype(np.int64),
            "accounts": pa.ListArray.from_arrays(offsets, names),
            "evidence": evidence,
        }
    )
