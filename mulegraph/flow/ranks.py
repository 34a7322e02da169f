"""Where each transfer stands among all of its ledger: by its amount, by its time, and among those of its own kind."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.dealings import days_dealt, times_ranked
from mulegraph.flow.transfers import DAY, Transfers

RANKED = np.dtype(
    [("below", np.int32), ("upper", np.int32), ("before", np.int32), ("until", np.int32), ("as_large", np.float32)]
)
"""A transfer among all of the ledger: how many are of less, and of at most its amount; how many are earlier, and how
many are no later; and of those between accounts of the same kinds, the share of at least its amount. All of it lies in
one place, by account: by position each look at an amount waited for memory twice.
"""


class Ranks(NamedTuple):
    """The ledger's distinct amounts in order, how many transfers are of less than each, and all transfers as `RANKED`.

    Among all amounts, and not the distinct ones, a search waited for memory at every step. `paid` and `paid_days` are
    by entry of a payment: both searches, of what was received and of what peers received, ask for them.
    """

    amount: np.ndarray
    below: np.ndarray
    transfer: np.ndarray
    paid: np.ndarray
    paid_days: np.ndarray


def ranks_of(sides: TransfersByAccount, group: np.ndarray) -> Ranks:
    """The ranks of all transfers' amounts and times. `group` numbers the accounts by kind and currency."""
    transfers = sides.transfers
    in_order = np.sort(transfers.amount)
    first = np.flatnonzero(np.diff(in_order, prepend=-1))
    distinct = in_order[first]
    ranked = np.empty(len(transfers), RANKED)
    place = _looked_up(transfers.amount, distinct)
    ranked["below"] = first[place]
    ranked["upper"] = np.append(first[1:], len(transfers))[place]
    ranked["before"], ranked["until"] = times_ranked(transfers)
    ranked["as_large"] = _as_large(transfers, group)
    paid_days, _ = days_dealt(sides.payments, a_day(transfers))
    return Ranks(distinct, first, ranked, ranked[sides.payments.position], paid_days)


def _as_large(transfers: Transfers, group: np.ndarray) -> np.ndarray:
    """Of the transfers between accounts of the same groups, the share of at least the amount of each.

    Among all transfers wages and rents are large, and what one person sends another is not; of that alone, it is.
    """
    number = np.append(np.unique(group, return_inverse=True)[1] + 1, 0).astype(np.int32)  # the last: of cash (−1)
    kinds = number[transfers.source] * (int(number.max(initial=0)) + 1) + number[transfers.target]
    share = np.empty(len(transfers), np.float32)
    for each in np.unique(kinds):
        mine = np.flatnonzero(kinds == each)
        amounts = transfers.amount[mine]
        share[mine] = 1 - np.searchsorted(np.sort(amounts), amounts) / len(mine)
    return share


def a_day(transfers: Transfers) -> int:
    """A day, or the clock's tick where that is longer: in microseconds."""
    return max(transfers.tick, DAY)


@njit(cache=True, nogil=True)
def _looked_up(values, distinct):  # type: ignore[no-untyped-def]
    """The place of each value among the distinct ones, which hold all of them (open addressing, Fibonacci hashing)."""
    bits = 1
    while (1 << bits) < 2 * len(distinct):
        bits += 1
    slots, shift = 1 << bits, 64 - bits
    taken = np.full(slots, -1, np.int32)
    for place in range(len(distinct)):
        slot = np.uint64(distinct[place]) * np.uint64(11400714819323198485) >> np.uint64(shift)
        while taken[slot] >= 0:
            slot = (slot + np.uint64(1)) & np.uint64(slots - 1)
        taken[slot] = place
    found = np.empty(len(values), np.int32)
    for number in range(len(values)):
        slot = np.uint64(values[number]) * np.uint64(11400714819323198485) >> np.uint64(shift)
        while distinct[taken[slot]] != values[number]:
            slot = (slot + np.uint64(1)) & np.uint64(slots - 1)
        found[number] = taken[slot]
    return found
