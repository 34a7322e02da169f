"""Flow links: which received money each payment passes on, first in, first out, in one pass.

Source of the order: Clayton's Case (Devaynes v Noble, 1816), the first-in, first-out rule for mixed money. The
pass is O(transfers + links): each receipt enters its account's queue once and leaves it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mulegraph.flow.transfers import Transfers
from mulegraph.lazy import njit

SPENT = np.iinfo(np.int64).min
"""What is left of a receipt that was wholly passed on before the matching goes on."""


@dataclass(frozen=True)
class Links:
    """Flow links as positions into `Transfers`, in order of `payment`, then of `receipt`."""

    receipt: np.ndarray
    payment: np.ndarray
    amount: np.ndarray

    def __len__(self) -> int:
        return len(self.amount)

    def paid_from(self, position: int) -> int:
        """How many links are of payments before this position."""
        # Of the same type: for a Python number all payments would be made longer ones first.
        return int(np.searchsorted(self.payment, self.payment.dtype.type(position)))

    @classmethod
    def none(cls) -> Links:
        """No links."""
        return cls(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int64))


def effective_window(window: int, tick: int) -> int:
    """The window in microseconds on this clock: at least one tick, so that a dated ledger links day to day."""
    return max(window, tick)


def match(transfers: Transfers, window: int) -> Links:
    """All flow links of a ledger. `window` is in microseconds: money older than it is not passed on.

    A transfer from an account to itself moves nothing and is left out. Between accounts that are divided by currency
    money of one currency pays nothing in another; pieces are in the currency of the account in the middle.
    """
    return _matched(transfers, transfers.came.copy(), window, 0)


def match_on(transfers: Transfers, window: int, known: Links, first: int) -> Links:
    """The same, where the links of all payments before position `first` are known: those are not matched again.

    Looked at are `first` and what comes after it, and what had come in and was not passed on yet.
    """
    if first >= len(transfers):
        return known
    begin = still_open(transfers, window, first)
    tail = transfers.only(slice(begin, None))
    left = tail.came.copy()
    kept = known.paid_from(first)
    ours = np.arange(known.paid_from(begin), kept)
    ours = ours[known.receipt[ours] >= begin]
    receipt = known.receipt[ours] - begin
    np.subtract.at(left, receipt, known.amount[ours])
    # Not 0: a receipt of nothing that nobody has come to yet still waits in its queue.
    left[receipt[left[receipt] == 0]] = SPENT
    more = _matched(tail, left, window, first - begin)
    parts = ((known.receipt, more.receipt + begin), (known.payment, more.payment + begin), (known.amount, more.amount))
    return Links(*(np.concatenate([before[:kept], after]) for before, after in parts))


def still_open(transfers: Transfers, window: int, first: int) -> int:
    """The position from which on a receipt may still be passed on by payments from `first` on."""
    return int(np.searchsorted(transfers.at, transfers.at[first] - window)) if first < len(transfers) else first


def _matched(transfers: Transfers, left: np.ndarray, window: int, first: int) -> Links:
    # Each link uses up its receipt or fills its payment, so there are fewer than twice as many as transfers. Memory
    # that is never written to costs nothing, and growing arrays inside the kernel would make it four times slower.
    most = 2 * len(transfers)
    receipt = np.empty(most, np.int32)
    payment = np.empty(most, np.int32)
    amount = np.empty(most, np.int64)
    pieces = receipt, payment, amount
    count = _match(transfers.columns, left, transfers.accounts, (window, first), pieces)
    return Links(receipt[:count].copy(), payment[:count].copy(), amount[:count].copy())


def match_each(several: Sequence[Transfers], window: int) -> list[Links]:
    """All flow links of each of some ledgers."""
    return [match(transfers, window) for transfers in several]


@njit(cache=True, nogil=True)
def _match(columns, left, accounts, limits, links):  # type: ignore[no-untyped-def]
    """Payments from the second of the `limits` on; what came before it only waits, as far as something is left."""
    window, first = limits
    receipt, payment, piece = links
    total = len(columns.at)
    head = np.full(accounts, -1, np.int32)
    tail = np.full(accounts, -1, np.int32)
    following = np.empty(total, np.int32)
    count = 0
    for now in range(total):
        payer, payee = columns.source[now], columns.target[now]
        if payer == payee:
            continue
        if now >= first and payer >= 0 and head[payer] >= 0:
            oldest = head[payer]
            need = columns.amount[now]
            opened = columns.at[now] - window
            while oldest >= 0 and columns.at[oldest] < opened:
                oldest = following[oldest]
            while oldest >= 0 and need > 0:
                taken = min(left[oldest], need)
                receipt[count] = oldest
                payment[count] = now
                piece[count] = taken
                count += 1
                need -= taken
                left[oldest] -= taken
                if left[oldest] == 0:
                    oldest = following[oldest]
            head[payer] = oldest
        if payee >= 0 and left[now] != SPENT:
            following[now] = -1
            if head[payee] < 0:
                head[payee] = now
            else:
                following[tail[payee]] = now
            tail[payee] = now
    return count


def strong(transfers: Transfers, links: Links, share_percent: int) -> Links:
    """Links whose receipt was passed on, and whose payment was funded, to at least `share_percent`.

    The link must also cover that share of one of its two ends, so that a split payment counts (it is wholly
    one receipt's money) and so does a merge, while two crossing streams do not.
    """
    ends = transfers.came, transfers.amount
    keep = _strong(ends, links.receipt, links.payment, links.amount, share_percent)
    return Links(links.receipt[keep], links.payment[keep], links.amount[keep])


@njit(cache=True, nogil=True)
def covers_both_ends(ends, receipt, payment, piece, percent):  # type: ignore[no-untyped-def]
    """For each link: whether the links of its receipt, and those of its payment, cover that share of their amounts.

    `ends` are what came of each transfer, and what was paid.
    """
    came, paid = ends
    passed_on = np.zeros(len(came), np.int64)
    funded = np.zeros(len(came), np.int64)
    for link in range(len(piece)):
        passed_on[receipt[link]] += piece[link]
        funded[payment[link]] += piece[link]
    keep = np.zeros(len(piece), np.bool_)
    for link in range(len(piece)):
        into, out = receipt[link], payment[link]
        keep[link] = percent * came[into] <= 100 * passed_on[into] and percent * paid[out] <= 100 * funded[out]
    return keep


@njit(cache=True, nogil=True)
def _strong(ends, receipt, payment, piece, percent):  # type: ignore[no-untyped-def]
    keep = covers_both_ends(ends, receipt, payment, piece, percent)
    for link in range(len(piece)):
        smaller = min(ends[0][receipt[link]], ends[1][payment[link]])
        keep[link] = keep[link] and percent * smaller <= 100 * piece[link]
    return keep
