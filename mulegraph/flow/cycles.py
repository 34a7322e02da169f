"""Cycles: money that comes back to where it started, each transfer after the one before and little less than it.

Time-respecting simple cycles by depth-first search from each transfer, as in 2SCENT (Kumar & Calders, PVLDB 11,
2018), bounded in length and time; instead of its Bloom filters, amounts prune the search: each step passes on most of
the one before, which leaves few ways to go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mulegraph.flow.bursts import fitting_share
from mulegraph.flow.by_account import Side, TransfersByAccount, lists_of
from mulegraph.flow.matching import DAY
from mulegraph.lazy import njit

MIN_TRANSFERS, MAX_TRANSFERS = 3, 12
MIN_NATS = 4.0
MAX_STEPS = 20_000
"""Transfers tried from one start; a start that needs more stands at hubs, whose cycles surprise nobody."""


@dataclass(frozen=True)
class Cycles:
    """Cycles, most surprising first: positions `transfer[start[c]:start[c + 1]]` in order; nats of surprise.

    No transfer stands in two of them. `log_trials` is ln of the transfers that a cycle could have begun with: at
    `nats` − `log_trials` = s about e^−s are expected by chance in the whole ledger.
    """

    transfer: np.ndarray
    start: np.ndarray
    nats: np.ndarray
    log_trials: float = 0.0

    def __len__(self) -> int:
        return len(self.nats)

    def of(self, number: int) -> np.ndarray:
        """Positions of the transfers of one cycle."""
        return np.asarray(self.transfer[self.start[number] : self.start[number + 1]])


class Search(NamedTuple):
    """What the search reads: who pays whom, what is usual, and the bounds of a cycle.

    `rate` is how many fitting payments an account makes in a microsecond, `back` its share of all receipts; `window`
    and `tick` are microseconds. `either`: a step may also be larger than the one before.
    """

    payments: Side
    receipts: Side
    next_payment: np.ndarray
    next_receipt: np.ndarray
    rate: np.ndarray
    back: np.ndarray
    window: int
    tick: int
    share_percent: int
    either: bool


def find_cycles(sides: TransfersByAccount, window: int, *, share_percent: int = 70) -> Cycles:
    """All cycles of 3 to 12 transfers within `window` microseconds whose every step passes on `share_percent`.

    On a clock of whole days the order inside a day is not known, so there a step may also be that much larger.
    """
    transfers = sides.transfers
    payments = sides.payments
    receipts = sides.receipts
    total, span = max(len(transfers), 1), max(transfers.span, 1)
    search = Search(
        payments,
        receipts,
        sides.next_payment,
        sides.next_receipt,
        rate=np.diff(payments.start) / span * fitting_share(transfers.amount, share_percent),
        back=np.diff(receipts.start) / total,
        window=max(window, transfers.tick),
        tick=transfers.tick,
        share_percent=share_percent,
        either=transfers.tick >= DAY,
    )
    flat, start, nats = _search(search)
    # The search goes by account; the first transfer of a cycle says which of two that surprise alike comes first.
    order = np.lexsort((flat[start[:-1]], -nats))
    return _disjoint(flat, start, nats, order[nats[order] >= MIN_NATS], total)


def _disjoint(flat: np.ndarray, start: np.ndarray, nats: np.ndarray, order: np.ndarray, total: int) -> Cycles:
    """Greedily, best first: cycles that share no transfer with a better one."""
    kept = order[_is_free(flat, start, order, total)]
    return Cycles(*lists_of(flat, start, kept), nats[kept], log_trials=float(np.log(total)))


@njit(cache=True, nogil=True)
def _is_free(flat, start, order, total):  # type: ignore[no-untyped-def]
    used = np.zeros(total, np.bool_)
    free = np.ones(len(order), np.bool_)
    for place in range(len(order)):
        mine = flat[start[order[place]] : start[order[place] + 1]]
        for position in mine:
            if used[position]:
                free[place] = False
        if free[place]:
            used[mine] = True
    return free


@njit(cache=True, nogil=True)
def _search(search):  # type: ignore[no-untyped-def]
    """From every payment the most surprising cycle that it begins: positions, offsets, and nats before trials."""
    payments = search.payments
    flat = np.empty(1024, np.int64)
    begins = np.zeros(1024, np.int64)
    nats = np.empty(1024)
    found, used = 0, 0
    best_path = np.empty(MAX_TRANSFERS, np.int64)
    path = np.empty(MAX_TRANSFERS, np.int64)
    for home in range(len(payments.start) - 1):
        for first in range(payments.start[home], payments.start[home + 1]):
            if payments.party[first] < 0:
                continue
            # Nothing can come back to who receives nothing afterwards.
            back = search.next_receipt[first]
            if back >= search.receipts.start[home + 1]:
                continue
            if search.receipts.at[back] > payments.at[first] + search.window:
                continue
            best, length = _best_from(search, home, first, path, best_path)
            if length:
                if found + 2 > len(begins):
                    begins = np.concatenate((begins, np.zeros_like(begins)))
                    nats = np.concatenate((nats, np.empty_like(nats)))
                while used + length > len(flat):
                    flat = np.concatenate((flat, np.empty_like(flat)))
                for step in range(length):
                    flat[used + step] = payments.position[best_path[step]]
                used += length
                nats[found] = best
                found += 1
                begins[found] = used
    return flat[:used].copy(), begins[: found + 1].copy(), nats[:found].copy()


@njit(cache=True, nogil=True)
def _best_from(search, home, first, path, best_path):  # type: ignore[no-untyped-def]
    """Surprise and length of the most surprising cycle from one payment, its payments written to `best_path`.

    A length of 0 says that there is none. `path` is room to work in.
    """
    payments, start = search.payments, search.payments.start
    step = np.empty(MAX_TRANSFERS, np.int64)
    score = np.zeros(MAX_TRANSFERS + 1)
    until = payments.at[first] + search.window
    best = -1.0
    best_length = 0
    tried = 0
    depth = 1
    path[0] = first
    step[1] = search.next_payment[first]
    while depth >= 1 and tried < MAX_STEPS:
        last = path[depth - 1]
        holder = payments.party[last]
        now = step[depth]
        if now >= start[holder + 1] or payments.at[now] > until:
            depth -= 1
            continue
        step[depth] += 1
        tried += 1
        payee = payments.party[now]
        if payee < 0 or not _fits(payments.amount[last], payments.amount[now], search.share_percent, search.either):
            continue
        closes = payee == home
        if closes and depth + 1 < MIN_TRANSFERS:
            continue
        if not closes and (depth + 1 >= MAX_TRANSFERS or _visited(path, depth, payments.party, payee)):
            continue
        waited = payments.at[now] - payments.at[last] + search.tick
        chance = -np.log(-np.expm1(-max(search.rate[holder] * waited, 1e-12)))
        if closes:
            whole = score[depth] + chance - np.log(max(search.back[home], 1e-12))
            if whole > best:
                best, best_length = whole, depth + 1
                best_path[:depth] = path[:depth]
                best_path[depth] = now
            continue
        path[depth], score[depth + 1] = now, score[depth] + chance
        depth += 1
        step[depth] = search.next_payment[now]
    return best, best_length


@njit(cache=True, nogil=True)
def _fits(before, after, percent, either):  # type: ignore[no-untyped-def]
    if after > before:
        return either and percent * after <= 100 * before
    return 100 * after >= percent * before


@njit(cache=True, nogil=True)
def _visited(path, depth, party, account):  # type: ignore[no-untyped-def]
    for place in range(depth):  # noqa: SIM110 (no generators in Numba)
        if party[path[place]] == account:
            return True
    return False
