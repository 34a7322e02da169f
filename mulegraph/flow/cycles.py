"""Cycles: money that comes back to where it started, each transfer after the one before and little less than it.

Time-respecting simple cycles by depth-first search from each transfer, as in 2SCENT (Kumar & Calders, PVLDB 11,
2018), bounded in length and time; instead of its Bloom filters, amounts prune the search: each step passes on most of
the one before, which leaves few ways to go on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulegraph.flow.bursts import TransfersByAccount, fitting_share
from mulegraph.flow.matching import DAY
from mulegraph.lazy import njit

MIN_TRANSFERS, MAX_TRANSFERS = 3, 12
MIN_NATS = 4.0
MAX_STEPS = 20_000
"""Transfers tried from one start; a start that needs more stands at hubs, whose cycles surprise nobody."""


@dataclass(frozen=True)
class Cycles:
    """Cycles, most surprising first: positions `transfer[start[c]:start[c + 1]]` in order; nats of surprise.

    No transfer stands in two of them. `places` is ln of the transfers that a cycle could have begun with: at `nats` −
    `places` = s about e^−s are expected by chance in the whole ledger.
    """

    transfer: np.ndarray
    start: np.ndarray
    nats: np.ndarray
    places: float = 0.0

    def __len__(self) -> int:
        return len(self.nats)

    def of(self, number: int) -> np.ndarray:
        """Positions of the transfers of one cycle."""
        return np.asarray(self.transfer[self.start[number] : self.start[number + 1]])


def find_cycles(sides: TransfersByAccount, window: int, *, share_percent: int = 70) -> Cycles:
    """All cycles of 3 to 12 transfers within `window` microseconds whose every step passes on `share_percent`.

    On a clock of whole days the order inside a day is not known, so there a step may also be that much larger.
    """
    transfers, payments, receipts = sides.transfers, sides.payments, sides.receipts
    total, span = max(len(transfers), 1), max(transfers.span, 1)
    rate = np.diff(payments.start) / span * fitting_share(transfers.amount, share_percent)
    back = np.diff(receipts.start) / total
    flat, start, nats = _search(
        transfers.source, transfers.target, transfers.amount, transfers.at, payments.position, payments.start,
        receipts.position, receipts.start, rate, back, max(window, transfers.tick), transfers.tick, share_percent,
        transfers.tick >= DAY,
    )  # fmt: skip
    order = np.lexsort((np.arange(len(nats)), -nats))
    return _disjoint(flat, start, nats, order[nats[order] >= MIN_NATS], total)


def _disjoint(flat: np.ndarray, start: np.ndarray, nats: np.ndarray, order: np.ndarray, total: int) -> Cycles:
    """Greedily, best first: cycles that share no transfer with a better one."""
    used = np.zeros(total, bool)
    kept = []
    for number in order.tolist():
        part = flat[start[number] : start[number + 1]]
        if not used[part].any():
            used[part] = True
            kept.append(number)
    parts = [flat[start[number] : start[number + 1]] for number in kept]
    starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    flat = np.concatenate([*parts, np.empty(0, np.int64)]).astype(np.int64)
    return Cycles(flat, starts, nats[kept], places=float(np.log(total)))


@njit(cache=True, nogil=True)
def _search(  # type: ignore[no-untyped-def]
    source, target, amount, at, position, start, received, received_start, rate, back, window, tick, percent, either
):
    """From every transfer the most surprising cycle that it begins: positions, offsets, and nats before places."""
    flat = np.empty(1024, np.int64)
    begins = np.zeros(1024, np.int64)
    nats = np.empty(1024)
    found, used = 0, 0
    path = np.empty(MAX_TRANSFERS, np.int64)
    best_path = np.empty(MAX_TRANSFERS, np.int64)
    step = np.empty(MAX_TRANSFERS, np.int64)
    score = np.zeros(MAX_TRANSFERS + 1)
    for first in range(len(source)):
        home = source[first]
        if home < 0 or target[first] < 0 or home == target[first]:
            continue
        until = at[first] + window
        # Nothing can come back to who receives nothing afterwards.
        place = received_start[home] + np.searchsorted(
            received[received_start[home] : received_start[home + 1]], first, side="right"
        )
        if place >= received_start[home + 1] or at[received[place]] > until:
            continue
        best, best_length, tried = -1.0, 0, 0
        depth = 1
        path[0], score[1] = first, 0.0
        step[1] = _after(position, start, target[first], first)
        while depth >= 1 and tried < MAX_STEPS:
            last = path[depth - 1]
            holder = target[last]
            if step[depth] >= start[holder + 1] or at[position[step[depth]]] > until:
                depth -= 1
                continue
            now = position[step[depth]]
            step[depth] += 1
            tried += 1
            payee = target[now]
            if payee < 0 or payee == holder or not _fits(amount[last], amount[now], percent, either):
                continue
            chance = -np.log(-np.expm1(-max(rate[holder] * (at[now] - at[last] + tick), 1e-12)))
            if payee == home:
                whole = score[depth] + chance - np.log(max(back[home], 1e-12))
                if depth + 1 >= MIN_TRANSFERS and whole > best:
                    best, best_length = whole, depth + 1
                    best_path[:depth] = path[:depth]
                    best_path[depth] = now
                continue
            if depth + 1 >= MAX_TRANSFERS or _visited(path, depth, target, payee):
                continue
            path[depth], score[depth + 1] = now, score[depth] + chance
            depth += 1
            step[depth] = _after(position, start, payee, now)
        if best_length:
            if found + 2 > len(begins):
                begins = np.concatenate((begins, np.zeros_like(begins)))
                nats = np.concatenate((nats, np.empty_like(nats)))
            while used + best_length > len(flat):
                flat = np.concatenate((flat, np.empty_like(flat)))
            flat[used : used + best_length] = best_path[:best_length]
            used += best_length
            nats[found] = best
            found += 1
            begins[found] = used
    return flat[:used].copy(), begins[: found + 1].copy(), nats[:found].copy()


@njit(cache=True, nogil=True)
def _after(position, start, account, now):  # type: ignore[no-untyped-def]
    """Place of the account's first payment after a transfer."""
    low, high = start[account], start[account + 1]
    return low + np.searchsorted(position[low:high], now, side="right")


@njit(cache=True, nogil=True)
def _fits(before, after, percent, either):  # type: ignore[no-untyped-def]
    if after > before:
        return either and percent * after <= 100 * before
    return 100 * after >= percent * before


@njit(cache=True, nogil=True)
def _visited(path, depth, target, account):  # type: ignore[no-untyped-def]
    for place in range(depth):  # noqa: SIM110 (no generators in Numba)
        if target[path[place]] == account:
            return True
    return False
