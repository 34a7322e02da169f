"""What accounts held when a trace begins: exactly where a balance is known, else the least that the ledger proves.

An account that is never below zero held, before its first transfer, at least as much as it later went down below that:
`−min(0, receipts so far − payments so far)`, over all its transfers. A known balance gives the opening exactly; it may
lie below, and then the account was overdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mulegraph.flow.kernels import arrives
from mulegraph.flow.transfers import Transfers
from mulegraph.lazy import njit


class KnownBalances(NamedTuple):
    """Balances in order: before the transfer at `position`, `account` held `balance` minor units (below 0: overdrawn).

    `number` is each one's place in the table that it was read from.
    """

    position: np.ndarray
    account: np.ndarray
    balance: np.ndarray
    number: np.ndarray

    def backwards(self, total: int) -> KnownBalances:
        """The same in a ledger of `total` transfers that is read from its end."""
        return KnownBalances(total - self.position[::-1], self.account[::-1], self.balance[::-1], self.number[::-1])

    def after(self, position: int) -> KnownBalances:
        """Those that stand after the transfer before this position."""
        kept = self.position > position
        return KnownBalances(*(column[kept] for column in self))


class Running(NamedTuple):
    """Receipts less payments by account: now, the least so far, at the begin; `before`: at each balance."""

    now: np.ndarray
    least: np.ndarray
    at_first: np.ndarray
    before: np.ndarray


NO_BALANCES = KnownBalances(*(np.zeros(0, np.int64) for _ in KnownBalances._fields))


@dataclass(frozen=True)
class Pools:
    """By account: money held when the trace begins (`held`; below 0: overdrawn), the `opening` that this comes from,
    and whether it is `known`, which it is from one balance on.

    `later` are the known balances after the trace's begin.
    """

    held: np.ndarray
    opening: np.ndarray
    known: np.ndarray
    later: KnownBalances


def find_pools(transfers: Transfers, first: int, *, since: int = 0, balances: KnownBalances = NO_BALANCES) -> Pools:
    """What every account held before the transfer at position `first`; the ledger counts from position `since` on."""
    accounts = transfers.accounts
    running = Running(
        now=np.zeros(accounts, np.int64),
        least=np.zeros(accounts, np.int64),
        at_first=np.zeros(accounts, np.int64),
        before=np.zeros(len(balances.position), np.int64),
    )
    _run(transfers.payments, since, first, balances, running)
    opening = -running.least
    held = opening + running.at_first
    known = np.zeros(accounts, np.bool_)
    if len(balances.position):
        # Of several the last one before the begin counts, or else the first after it: so they are put down in reverse.
        known[balances.account] = True
        opening[balances.account[::-1]] = (balances.balance - running.before)[::-1]
        held[balances.account] = opening[balances.account] + running.at_first[balances.account]
        early = np.flatnonzero(balances.position <= first)
        mine = balances.account[early]
        held[mine] = balances.balance[early] + running.at_first[mine] - running.before[early]
    return Pools(held, opening, known, balances.after(first))


@njit(cache=True, nogil=True)
def _run(columns, since, first, balances, running):  # type: ignore[no-untyped-def]
    """Receipts less payments of every account: at each balance, at the begin, and the least of all."""
    event = 0
    for now in range(since, len(columns.source)):
        while event < len(balances.position) and balances.position[event] <= now:
            running.before[event] = running.now[balances.account[event]]
            event += 1
        if now == first:
            running.at_first[:] = running.now
        payer = columns.source[now]
        payee = columns.target[now]
        if payer == payee:
            continue
        if payer >= 0:
            running.now[payer] -= columns.amount[now]
            running.least[payer] = min(running.least[payer], running.now[payer])
        if payee >= 0:
            running.now[payee] += arrives(columns, now)
    while event < len(balances.position):
        running.before[event] = running.now[balances.account[event]]
        event += 1
    if first >= len(columns.source):
        running.at_first[:] = running.now
