"""Pairs of accounts that meet more often than chance: through the same middlemen, or at the same receivers.

Scatter-gather: one account pays several, who pay the same other on. Shared receivers (bipartite): two accounts pay the
same others within a window. Pairs are counted in a sketch first and only the frequent ones are kept, so that memory
does not grow with their number (Park, Chen & Yu, An effective hash-based algorithm for mining association rules,
SIGMOD 1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulegraph.flow.bursts import TransfersByAccount, fitting_share, poisson_nats
from mulegraph.flow.matching import Transfers
from mulegraph.lazy import njit

SCATTER_GATHER, BIPARTITE = "scatter_gather", "bipartite"
MIN_MIDDLEMEN = 3
MAX_AT_ONCE = 25
"""An account with more transfers than this in a window is a hub there: who meets at it says nothing."""
MIN_PASSED_PERCENT = 80
SKETCH_BITS = 26
MIN_NATS = 4.0
"""Pairs that surprise less are not kept."""


@dataclass(frozen=True)
class Meetings:
    """Pairs (one, other) that meet `count` times: positions `transfer[start[p]:start[p + 1]]`, surprise in nats.

    Scatter-gather: money goes from one to the other. Bipartite: both pay the same, and neither comes first.
    """

    pattern: str
    one: np.ndarray
    other: np.ndarray
    count: np.ndarray
    window: np.ndarray
    transfer: np.ndarray
    start: np.ndarray
    nats: np.ndarray
    places: float = 0.0
    """ln of the places looked at; see `Bursts`."""

    def __len__(self) -> int:
        return len(self.one)


def scatter_gather(sides: TransfersByAccount, windows: list[int]) -> Meetings:
    """Pairs joined by at least three middlemen who pass on 80 to 100 % of what they got within a window."""
    transfers, payments = sides.transfers, sides.payments
    widest = max(max(windows), transfers.tick)
    pairs, seen = _frequent(
        lambda sketch, emit: _passed_on(
            transfers.source, transfers.target, transfers.amount, transfers.at,
            payments.position, payments.start, widest, sketch, emit,
        )
    )  # fmt: skip
    paid, received = np.diff(payments.start), np.diff(sides.receipts.start)
    moved = (transfers.source >= 0) & (transfers.target >= 0)
    reach = np.bincount(transfers.source[moved], paid[transfers.target[moved]].astype(float), transfers.accounts)
    fit = fitting_share(transfers.amount, MIN_PASSED_PERCENT)

    def mean(one: np.ndarray, other: np.ndarray, window: np.ndarray) -> np.ndarray:
        share = received[other] / max(len(transfers), 1)
        return np.asarray(reach[one] * np.minimum(window / transfers.span, 1.0) * share * fit)

    return _surprising(SCATTER_GATHER, transfers, pairs, seen, windows, mean)


def shared_receivers(sides: TransfersByAccount, windows: list[int]) -> Meetings:
    """Pairs of accounts that pay at least three of the same others, each time within one window."""
    transfers, receipts = sides.transfers, sides.receipts
    widest = max(max(windows), transfers.tick)
    pairs, seen = _frequent(
        lambda sketch, emit: _paid_both(
            transfers.source, transfers.at, receipts.position, receipts.start, widest, sketch, emit
        )
    )
    paid, received = np.diff(sides.payments.start).astype(float), np.diff(receipts.start).astype(float)
    # Hubs are where everybody meets; they are left out of the pairs, and so also of what chance would give.
    most = MAX_AT_ONCE * transfers.span / widest
    share = received[received <= most] / max(received.sum(), 1.0)
    meeting = float((share**2).sum())

    def mean(one: np.ndarray, other: np.ndarray, window: np.ndarray) -> np.ndarray:
        # Both pay within the window of each other, at any time in which the ledger saw them.
        together = np.minimum(2 * window / transfers.span, 1.0)
        return np.asarray(paid[one] * paid[other] * together * meeting)

    return _surprising(BIPARTITE, transfers, pairs, seen, windows, mean)


@dataclass(frozen=True)
class _Pairs:
    """One row a meeting: the two accounts, where they met, and the positions of the two transfers."""

    one: np.ndarray
    other: np.ndarray
    at: np.ndarray
    first: np.ndarray
    second: np.ndarray


def _frequent(run) -> tuple[_Pairs, int]:  # type: ignore[no-untyped-def]
    """Meetings of pairs that may have met often enough, and how many meetings there were in all."""
    sketch = np.zeros(1 << SKETCH_BITS, np.uint8)
    nothing = np.empty((0, 5), np.int32)
    met = run(sketch, nothing)
    kept = np.empty((_run_count(run, sketch), 5), np.int32)
    run(sketch, kept)
    columns = (np.ascontiguousarray(column) for column in kept.T)
    return _Pairs(*columns), int(met)


def _run_count(run, sketch: np.ndarray) -> int:  # type: ignore[no-untyped-def]
    return int(run(sketch, np.empty((1, 5), np.int32)))


@njit(cache=True, nogil=True)
def _note(sketch, emit, kept, one, other, middle, first, second):  # type: ignore[no-untyped-def]
    """First pass (no room): count the pair. Then: with room for one, count those kept; with more, write them."""
    place = (np.uint64(one) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(other) * np.uint64(0xC2B2AE3D27D4EB4F)) >> (
        np.uint64(64 - SKETCH_BITS)
    )
    if len(emit) == 0:
        if sketch[place] < MIN_MIDDLEMEN:
            sketch[place] += np.uint8(1)
        return kept + 1
    if sketch[place] < MIN_MIDDLEMEN:
        return kept
    if kept < len(emit):
        emit[kept, 0], emit[kept, 1], emit[kept, 2] = one, other, middle
        emit[kept, 3], emit[kept, 4] = first, second
    return kept + 1


@njit(cache=True, nogil=True)
def _passed_on(source, target, amount, at, position, start, window, sketch, emit):  # type: ignore[no-untyped-def]
    kept = 0
    for first in range(len(source)):
        payer, middle = source[first], target[first]
        if payer < 0 or middle < 0 or payer == middle:
            continue
        low, high = start[middle], start[middle + 1]
        low += np.searchsorted(position[low:high], first, side="right")
        end = min(high, low + MAX_AT_ONCE + 1)
        if end - low > MAX_AT_ONCE and at[position[end - 1]] - at[first] <= window:
            continue
        for step in range(low, end):
            second = position[step]
            if at[second] - at[first] > window:
                break
            payee = target[second]
            if payee < 0 or payee == payer or amount[second] > amount[first]:
                continue
            if 100 * amount[second] >= MIN_PASSED_PERCENT * amount[first]:
                kept = _note(sketch, emit, kept, payer, payee, middle, first, second)
    return kept


@njit(cache=True, nogil=True)
def _paid_both(source, at, position, start, window, sketch, emit):  # type: ignore[no-untyped-def]
    kept = 0
    for middle in range(len(start) - 1):
        high = start[middle]
        for low in range(start[middle], start[middle + 1]):
            first = position[low]
            while high < start[middle + 1] and at[position[high]] - at[first] < window:
                high += 1
            if high - low > MAX_AT_ONCE or source[first] < 0:
                continue
            for step in range(low + 1, high):
                second = position[step]
                if source[second] < 0 or source[second] == source[first]:
                    continue
                one, other = min(source[first], source[second]), max(source[first], source[second])
                kept = _note(sketch, emit, kept, one, other, middle, first, second)
    return kept


def _surprising(pattern: str, transfers: Transfers, pairs: _Pairs, met: int, windows: list[int], mean) -> Meetings:  # type: ignore[no-untyped-def]
    """Each pair's most surprising window, those with fewer than three meetings left out."""
    order = np.lexsort((pairs.second, pairs.first, pairs.other, pairs.one))
    columns = [column[order] for column in (pairs.one, pairs.other, pairs.at, pairs.first, pairs.second)]
    limits = np.array(sorted({max(window, transfers.tick) for window in windows}), np.int64)
    rows = []
    for window in limits:
        count, low, high = _densest(*columns, transfers.at, window, transfers.accounts)
        start = np.flatnonzero(count)
        nats = poisson_nats(
            count[start], mean(columns[0][start], columns[1][start], np.full(len(start), float(window)))
        )
        rows += [np.stack([start, count[start], low[start], high[start], np.full(len(start), window)]), nats]
    if not rows:
        rows = [np.empty((5, 0), np.int64), np.empty(0)]
    table, nats = np.concatenate(rows[::2], axis=1), np.concatenate(rows[1::2])
    # A pair is looked at because it met once; that meeting is no evidence.
    once = poisson_nats(np.ones(len(nats)), mean(columns[0][table[0]], columns[1][table[0]], table[4].astype(float)))
    nats = nats - once
    chosen = np.lexsort((table[4], -nats, table[0]))
    _, best = np.unique(table[0][chosen], return_index=True)
    best = chosen[best]
    best = best[nats[best] >= MIN_NATS]
    spans = table[:, best]
    used = [
        np.unique(np.concatenate([columns[3][low:high], columns[4][low:high]]))
        for low, high in zip(spans[2].tolist(), spans[3].tolist(), strict=True)
    ]
    starts = np.concatenate([[0], np.cumsum([len(each) for each in used])]).astype(np.int64)
    flat = np.concatenate([*used, np.empty(0, np.int32)]).astype(np.int64)
    return Meetings(
        pattern, columns[0][spans[0]], columns[1][spans[0]], spans[1], spans[4], flat, starts, nats[best],
        places=float(np.log(max(met, 1) * len(limits))),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _densest(one, other, middle, first, second, at, window, accounts):  # type: ignore[no-untyped-def]
    """At the first row of each pair: most distinct places within the window (0: under three), and the rows."""
    total = len(one)
    count = np.zeros(total, np.int64)
    low_of = np.zeros(total, np.int64)
    high_of = np.zeros(total, np.int64)
    seen = np.zeros(accounts, np.int32)
    begin = 0
    while begin < total:
        end = begin
        while end < total and one[end] == one[begin] and other[end] == other[begin]:
            end += 1
        best = 0
        for low in range(begin, end):
            distinct, high = 0, low
            while high < end and at[first[high]] - at[first[low]] < window:
                if at[second[high]] - at[first[low]] <= window:
                    distinct += seen[middle[high]] == 0
                    seen[middle[high]] = 1
                high += 1
            for row in range(low, high):
                seen[middle[row]] = 0
            if distinct > best:
                best, low_of[begin], high_of[begin] = distinct, low, high
        if best >= MIN_MIDDLEMEN:
            count[begin] = best
        begin = end
    return count, low_of, high_of
