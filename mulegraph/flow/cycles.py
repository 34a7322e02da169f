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
from mulegraph.flow.kernels import doubled
from mulegraph.flow.transfers import DAY
from mulegraph.lazy import njit

MIN_TRANSFERS, MAX_TRANSFERS = 3, 12
MIN_NATS = 4.0
MAX_STEPS = 20_000
"""Transfers tried from one start; a start that needs more stands at hubs, whose cycles surprise nobody."""
LOOKED_AT = 64
"""Receipts in the window up to which a search is first asked whether one of them can end a cycle."""


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


STEP = np.dtype([("at", np.int64), ("amount", np.int64), ("payee", np.int32), ("following", np.int32)])
"""A payment as the search reads it, all in one place: in four arrays each step waited for memory four times."""


class Search(NamedTuple):
    """What the search reads: who pays whom, what is usual, and the bounds of a cycle.

    `steps` are the payments by account, with the payee's next payment; account a's begin at `start[a]`.

    `rate` is how many fitting payments an account makes in a microsecond, `back` its share of all receipts; `window`
    and `tick` are microseconds. `either`: a step may also be larger than the one before.
    """

    steps: np.ndarray
    start: np.ndarray
    next_receipt: np.ndarray
    receipts: Side
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
        steps_of(sides),
        payments.start,
        sides.next_receipt,
        receipts,
        rate=np.diff(payments.start) / span * fitting_share(transfers.amount, share_percent),
        back=np.diff(receipts.start) / total,
        window=max(window, transfers.tick),
        tick=transfers.tick,
        share_percent=share_percent,
        either=transfers.tick >= DAY,
    )
    entry, start, nats = _search(search)
    flat = payments.position[entry].astype(np.int64)
    # The search goes by account; the first transfer of a cycle says which of two that surprise alike comes first.
    order = np.lexsort((flat[start[:-1]], -nats))
    return _disjoint(flat, start, nats, order[nats[order] >= MIN_NATS], total)


def steps_of(sides: TransfersByAccount) -> np.ndarray:
    """The payments as `STEP`."""
    payments = sides.payments
    steps = np.empty(len(payments.position), STEP)
    for name, column in zip(STEP.names or (), (payments.at, payments.amount, payments.party), strict=False):
        steps[name] = column
    steps["following"] = sides.next_payment
    return steps


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


class Room(NamedTuple):
    """Room that a search works in, made once: a path, the next step to try at each depth, and the best cycle."""

    path: np.ndarray
    step: np.ndarray
    best: np.ndarray


@njit(cache=True, nogil=True)
def _search(search):  # type: ignore[no-untyped-def]
    """From every payment the most surprising cycle that it begins: entries, offsets, and nats before trials."""
    steps = search.steps
    start = search.start
    received = search.receipts
    flat = np.empty(1024, np.int64)
    begins = np.zeros(1024, np.int64)
    nats = np.empty(1024)
    found, used = 0, 0
    # A little less, so that what is on the edge is tried.
    smallest = (search.share_percent / 100) ** (MAX_TRANSFERS - 1) * (1 - 1e-9)
    room = Room(np.empty(MAX_TRANSFERS, np.int64), np.empty(MAX_TRANSFERS, np.int64), np.empty(MAX_TRANSFERS, np.int64))
    for home in range(len(start) - 1):
        end = received.start[home]
        for first in range(start[home], start[home + 1]):
            if steps[first].payee < 0:
                continue
            # What comes back is a receipt of the home afterwards and within the window: the search ends at the last.
            until = steps[first].at + search.window
            while end < received.start[home + 1] and received.at[end] <= until:
                end += 1
            low = search.next_receipt[first]
            if low >= end:
                continue
            # What comes back is little less than what was paid, too: most accounts get nothing like it meanwhile.
            least = np.int64(0)
            if end - low <= LOOKED_AT and not search.either:
                most = steps[first].amount
                least, last = _fitting(received, low, end, most, most * smallest)
                if last < 0:
                    continue
                end_of_search = received.at[last]
            else:
                end_of_search = received.at[end - 1]
            best, length = _best_from(search, home, first, (end_of_search, least), room)
            if length:
                if found + 2 > len(begins):
                    begins = doubled(begins)
                    nats = doubled(nats)
                while used + length > len(flat):
                    flat = doubled(flat)
                for place in range(length):
                    flat[used + place] = room.best[place]
                used += length
                nats[found] = best
                found += 1
                begins[found] = used
    return flat[:used].copy(), begins[: found + 1].copy(), nats[:found].copy()


@njit(cache=True, nogil=True)
def _fitting(received, low, end, most, least):  # type: ignore[no-untyped-def]
    """The smallest of these receipts that may end a cycle, and the entry of the last one (−1: none)."""
    smallest = most
    last = -1
    for entry in range(low, end):
        if least <= received.amount[entry] <= most:
            smallest = min(smallest, received.amount[entry])
            last = entry
    return smallest, last


@njit(cache=True, nogil=True)
def _best_from(search, home, first, limits, room):  # type: ignore[no-untyped-def]
    """Surprise and length of the most surprising cycle from one payment, its payments written to `room.best`.

    A length of 0 says that there is none. `limits` are the time of the last payment, and the least amount of one.
    """
    until, least = limits
    steps, start = search.steps, search.start
    path, step = room.path, room.step
    best = -1.0
    best_length = 0
    tried = 0
    depth = 1
    path[0] = first
    step[1] = steps[first].following
    while depth >= 1 and tried < MAX_STEPS:
        last = path[depth - 1]
        now = step[depth]
        if now >= start[steps[last].payee + 1] or steps[now].at > until:
            depth -= 1
            continue
        step[depth] += 1
        tried += 1
        payee = steps[now].payee
        if (
            payee < 0
            or steps[now].amount < least
            or not _fits(steps[last].amount, steps[now].amount, search.share_percent, search.either)
        ):
            continue
        if payee == home:
            if depth + 1 < MIN_TRANSFERS:
                continue
            path[depth] = now
            whole = _nats(search, home, path[: depth + 1])
            if whole > best:
                best, best_length = whole, depth + 1
                room.best[:best_length] = path[:best_length]
            continue
        if depth + 1 >= MAX_TRANSFERS or _visited(path, depth, steps, payee):
            continue
        path[depth] = now
        depth += 1
        step[depth] = steps[now].following
    return best, best_length


@njit(cache=True, nogil=True)
def _nats(search, home, path):  # type: ignore[no-untyped-def]
    """Surprise of a cycle: of each step's coming so soon, and of the last one's going home."""
    whole = 0.0
    for place in range(1, len(path)):
        before, now = search.steps[path[place - 1]], search.steps[path[place]]
        waited = now.at - before.at + search.tick
        whole += -np.log(-np.expm1(-max(search.rate[before.payee] * waited, 1e-12)))
    return whole - np.log(max(search.back[home], 1e-12))


@njit(cache=True, nogil=True)
def _fits(before, after, percent, either):  # type: ignore[no-untyped-def]
    if after > before:
        return either and percent * after <= 100 * before
    return 100 * after >= percent * before


@njit(cache=True, nogil=True)
def _visited(path, depth, steps, account):  # type: ignore[no-untyped-def]
    for place in range(depth):  # noqa: SIM110 (no generators in Numba)
        if steps[path[place]].payee == account:
            return True
    return False
