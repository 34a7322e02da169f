"""Shares: whether an account collected equal sums, and paid them on to firms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.transfers import DAY
from mulegraph.lazy import njit

MAX_WITHIN = 3 * DAY
"""A collection is paid on within so long after the last share."""
MAX_SPREAD = 1.06
"""Largest over smallest of shares that count as equal."""


@dataclass(frozen=True)
class Shares:
    """By finding: whether what its subject received is equal shares, went on to firms, and largest ÷ smallest.

    `paid_on` is looked for only where the shares are equal and of several payers.
    """

    equal: np.ndarray
    paid_on: np.ndarray
    spread: np.ndarray


class Stretches(NamedTuple):
    """An account and a time of it each, in microseconds, ends included."""

    account: np.ndarray
    since: np.ndarray
    until: np.ndarray


def find_shares(
    sides: TransfersByAccount,
    of: np.ndarray,
    received: np.ndarray,
    subject: np.ndarray,
    several: np.ndarray,
    firms: np.ndarray,
) -> Shares:
    """Shares of each finding: `received` are positions of what its subject got, `of` the finding of each, in order.

    `subject` and `several` (whether several paid it) are by finding, `firms` by account.
    """
    moved, size = sides.transfers, len(subject)
    smallest, largest = np.zeros(size), np.full(size, np.inf)
    first, last = np.zeros(size, np.int64), np.zeros(size, np.int64)
    if len(of):
        starts = np.flatnonzero(np.diff(of, prepend=-1))
        amount = moved.amount[received]
        at = moved.at[received]
        finding = of[starts]
        smallest[finding] = np.minimum.reduceat(amount, starts)
        largest[finding] = np.maximum.reduceat(amount, starts)
        first[finding] = np.minimum.reduceat(at, starts)
        last[finding] = np.maximum.reduceat(at, starts)
    spread = np.divide(largest, smallest, out=np.full(size, np.inf), where=smallest > 0)
    equal = spread <= MAX_SPREAD
    asked = np.flatnonzero(equal & several)
    paid_on = np.zeros(size, np.bool_)
    times = Stretches(subject[asked], first[asked], last[asked] + MAX_WITHIN)
    paid_on[asked] = _paid_on(sides.payments, times, firms)
    return Shares(equal, paid_on, spread)


@njit(cache=True, nogil=True)
def _paid_on(payments, stretches, firms):  # type: ignore[no-untyped-def]
    """Whether every large payment of each account in its stretch goes to a firm; what it spends itself is small."""
    found = np.zeros(len(stretches.account), np.bool_)
    for number in range(len(found)):
        low, high = payments.start[stretches.account[number]], payments.start[stretches.account[number] + 1]
        since, until = stretches.since[number], stretches.until[number]
        largest = 0
        for entry in range(low, high):
            if since <= payments.at[entry] <= until:
                largest = max(largest, payments.amount[entry])
        to_firms = largest > 0
        for entry in range(low, high):
            if since <= payments.at[entry] <= until and 2 * payments.amount[entry] >= largest:
                party = payments.party[entry]
                to_firms = to_firms and party >= 0 and firms[party]
        found[number] = to_firms
    return found
