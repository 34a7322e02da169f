"""Whom an account deals with, on how many days, and when, by a clock that goes as fast as the ledger's transfers come.

What one party does again and again is one habit: a search that takes each time for a coincidence of its own is misled
by every standing order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from mulegraph.flow.by_account import Side
from mulegraph.flow.transfers import Transfers


@njit(cache=True, nogil=True)
def days_dealt(side, day):  # type: ignore[no-untyped-def]
    """By entry, the days on which its account dealt with its party; and how many parties each account has.

    Whoever brings or takes cash is not known, so each time is a party of its own.
    """
    days = np.ones(len(side.party), np.int32)
    parties = np.zeros(len(side.start) - 1, np.int64)
    for account in range(len(parties)):
        low, high = side.start[account], side.start[account + 1]
        order = np.argsort(side.party[low:high], kind="mergesort")
        begin = 0
        while begin < len(order):
            first = low + order[begin]
            end = begin + 1
            count = 1
            last = side.at[first] // day
            while end < len(order) and side.party[low + order[end]] == side.party[first] >= 0:
                on = side.at[low + order[end]] // day
                count += on != last
                last = on
                end += 1
            for place in range(begin, end):
                days[low + order[place]] = count
            parties[account] += 1
            begin = end
    return days, parties


def times_ranked(transfers: Transfers) -> tuple[np.ndarray, np.ndarray]:
    """By position: how many transfers are of an earlier tick, and how many are of none that is later."""
    first = np.flatnonzero(_changes(transfers.at // transfers.tick))
    sizes = np.diff(np.append(first, len(transfers)))
    before = np.repeat(first, sizes).astype(np.int32)
    return before, before + np.repeat(sizes, sizes).astype(np.int32)


def on_best_day(owner: np.ndarray, chance: np.ndarray, receipts: Side, entry: np.ndarray, day: int) -> np.ndarray:
    """Places of the receipts that came on the most telling day of their payer: of those alike, the first."""
    party = receipts.party[entry]
    # Each time that cash comes in is a payer of its own.
    payer = np.where(party < 0, -1 - entry, party)
    on = receipts.at[entry] // day
    best = np.lexsort((on, chance, payer, owner))
    begins = np.flatnonzero(_changes(owner[best]) | _changes(payer[best]))
    sizes = np.diff(np.append(begins, len(best)))
    kept = on[best] == np.repeat(on[best[begins]], sizes)
    return np.sort(best[kept])


def _changes(values: np.ndarray) -> np.ndarray:
    """Where a value differs from the one before it, and at the first."""
    return np.append(len(values) > 0, values[1:] != values[:-1])[: len(values)]


def distinct_parties(owner: np.ndarray, party: np.ndarray, accounts: int) -> np.ndarray:
    """Distinct parties by owner, where owners are in order; each −1 is one of its own."""
    order = np.lexsort((party, owner))
    new = _changes(owner[order]) | _changes(party[order]) | (party[order] < 0)
    return np.bincount(owner[order][new], minlength=accounts)
