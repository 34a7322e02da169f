"""Where each account's transfers stand among all, for who asks again and again of a few accounts of a growing ledger.

A minute touches a hundred thousand accounts of millions. Going through all transfers for theirs took a quick look of
the watch a third of its time, and grew with the ledger; looked up here it takes what they have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mulegraph.flow.by_account import distinct_values, lists_of
from mulegraph.flow.transfers import Transfers
from mulegraph.lazy import njit

FEW = 4
"""Up to one in so many of all transfers are few."""


@dataclass(frozen=True)
class Places:
    """By account, positions of what it paid and of what it was paid, those before position `until` alone.

    Account a's payments are `paid[paid_from[a]:paid_from[a + 1]]`, ascending. Transfers to oneself are on both sides.
    """

    paid: np.ndarray
    paid_from: np.ndarray
    received: np.ndarray
    received_from: np.ndarray
    until: int

    @classmethod
    def of(cls, transfers: Transfers) -> Places:
        """Those of all transfers."""
        paid = _positions(transfers.source, transfers.accounts)
        received = _positions(transfers.target, transfers.accounts)
        return cls(paid[0], paid[1], received[0], received[1], len(transfers))

    def before(self, position: int) -> Places:
        """The same where the transfers from this position on may be others than they were."""
        return replace(self, until=min(self.until, position))

    def renumbered(self, numbers: np.ndarray, accounts: int) -> Places:
        """The same where accounts have other numbers in the same order, and new ones stand between them."""
        starts = []
        for start in (self.paid_from, self.received_from):
            sizes = np.zeros(accounts, np.int64)
            sizes[numbers] = np.diff(start)
            starts.append(np.concatenate([[0], np.cumsum(sizes)]))
        return replace(self, paid_from=starts[0], received_from=starts[1])

    def are_few(self, chosen: np.ndarray) -> bool:
        """Whether the chosen accounts have few of all transfers: else going through all of them takes less."""
        theirs = np.diff(self.paid_from)[chosen].sum() + np.diff(self.received_from)[chosen].sum()
        return bool(FEW * theirs < self.until)

    def in_order(self, transfers: Transfers, chosen: np.ndarray) -> np.ndarray:
        """Positions of all transfers that one of the chosen accounts (a mask) pays or is paid in, ascending.

        Those from `until` on are looked for in the transfers themselves.
        """
        with_cash = np.append(chosen, False)
        if not self.are_few(chosen):
            return np.flatnonzero(with_cash[transfers.source] | with_cash[transfers.target])
        numbers = np.flatnonzero(chosen)
        paid, _ = lists_of(self.paid, self.paid_from, numbers)
        received, _ = lists_of(self.received, self.received_from, numbers)
        known = distinct_values(np.concatenate([paid, received]))
        known = known[: np.searchsorted(known, self.until)]
        late = slice(self.until, None)
        more = np.flatnonzero(with_cash[transfers.source[late]] | with_cash[transfers.target[late]])
        return np.concatenate([known.astype(np.int64), more + self.until])


@njit(cache=True, nogil=True)
def _positions(end, accounts):  # type: ignore[no-untyped-def]
    """Positions of the transfers by the account at this end of them, and where each account's begin."""
    start = np.zeros(accounts + 1, np.int64)
    for row in range(len(end)):
        if end[row] >= 0:
            start[end[row] + 1] += 1
    for account in range(accounts):
        start[account + 1] += start[account]
    free = start[:-1].copy()
    position = np.empty(start[accounts], np.int32)
    for row in range(len(end)):
        if end[row] >= 0:
            position[free[end[row]]] = row
            free[end[row]] += 1
    return position, start
