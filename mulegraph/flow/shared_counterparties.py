"""Pairs of accounts that meet more often than chance: through the same middlemen, or at the same receivers.

Scatter-gather: one account pays several, who pay the same other on. Shared receivers (bipartite): two accounts pay the
same others within a window.

Pairs are counted for one account at a time: only its own partners are counted then, in slots that are few enough for
the processor's cache, and memory does not grow with the number of pairs. (A sketch of all pairs in 64 MiB, after
Park, Chen & Yu, SIGMOD 1995, also kept memory bounded, but each look at it waited for memory: three times as slow.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mulegraph.flow.bursts import fitting_share, poisson_nats
from mulegraph.flow.by_account import TransfersByAccount, distinct_values
from mulegraph.flow.transfers import Transfers
from mulegraph.lazy import njit

SCATTER_GATHER, BIPARTITE = "scatter_gather", "bipartite"
MIN_MIDDLEMEN = 3
MAX_AT_ONCE = 25
"""An account with more transfers than this in a window is a hub there: who meets at it says nothing."""
MIN_PASSED_PERCENT = 80
MIN_NATS = 4.0
"""Pairs that surprise less are not kept."""

SLOTS = 1 << 13
"""Meetings of an account are first counted in so many slots, which fit in the processor's smallest cache.

Only who is in a full slot is counted exactly. One counter an account, read at random, waited for memory each time.
"""
NEAR = np.dtype([("payer", np.int32), ("earlier", np.uint8), ("later", np.uint8)], align=True)
"""A receipt among others of its account: how many before it reach it within the window, and how many after it do.

The payer is −1 for cash, and for who pays too few to be in a pair. All of it lies in one place: in three arrays each
payment waited for memory three times.
"""

Mean = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""How many meetings chance would give: of one account, the other, and the window in microseconds."""


@dataclass(frozen=True)
class Pairs:
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
    log_trials: float = 0.0
    """ln of the places looked at; see `Bursts`."""

    def __len__(self) -> int:
        return len(self.one)


class Meetings(NamedTuple):
    """One row a meeting of a pair: the two accounts, where they met, and the positions of the two transfers."""

    one: np.ndarray
    other: np.ndarray
    middle: np.ndarray
    first: np.ndarray
    second: np.ndarray


class Counts(NamedTuple):
    """How often one account meets others, at most `MIN_MIDDLEMEN`: by slot, and by account.

    By account it is how often the middleman was another one than before (`last`), at least as many as there are.
    """

    slots: np.ndarray
    met: np.ndarray
    last: np.ndarray


def _no_counts(accounts: int) -> Counts:
    return Counts(np.zeros(SLOTS, np.uint8), np.zeros(accounts, np.uint8), np.full(accounts, -1, np.int32))


def scatter_gather(sides: TransfersByAccount, windows: list[int]) -> Pairs:
    """Pairs joined by at least three middlemen who pass on 80 to 100 % of what they got within a window."""
    transfers, payments = sides.transfers, sides.payments
    widest = max(max(windows), transfers.tick)
    rows, seen = _passed_on(payments, sides.next_payment, sides.distinct_payees, widest, _no_counts(transfers.accounts))
    paid, received = np.diff(payments.start), np.diff(sides.receipts.start)
    moved = (transfers.source >= 0) & (transfers.target >= 0)
    reach = np.bincount(transfers.source[moved], paid[transfers.target[moved]].astype(float), transfers.accounts)
    fit = fitting_share(transfers.amount, MIN_PASSED_PERCENT)

    def mean(one: np.ndarray, other: np.ndarray, window: np.ndarray) -> np.ndarray:
        share = received[other] / max(len(transfers), 1)
        return np.asarray(reach[one] * np.minimum(window / transfers.span, 1.0) * share * fit)

    return _surprising(SCATTER_GATHER, transfers, _in_order(rows), seen, windows, mean)


def shared_receivers(sides: TransfersByAccount, windows: list[int], apart: np.ndarray | None = None) -> Pairs:
    """Pairs of accounts that pay at least three of the same others, each time within one window.

    Nobody is taken to meet at accounts that are `apart` (a mask), as nobody meets at a hub.
    """
    transfers, receipts = sides.transfers, sides.receipts
    widest = max(max(windows), transfers.tick)
    soon = _receipts_soon(receipts, widest)
    closed = np.zeros(transfers.accounts, bool) if apart is None else apart
    soon[np.repeat(closed, np.diff(receipts.start))] = MAX_AT_ONCE + 1
    seen = _meetings_in_all(receipts, soon)
    near = np.empty(len(soon), NEAR)
    counts = _no_counts(transfers.accounts)
    _near(receipts, soon, sides.distinct_payees, near)
    rows = _paid_both((sides.payments, receipts), sides.receipt_of, near, sides.distinct_payees, counts)
    paid, received = np.diff(sides.payments.start).astype(float), np.diff(receipts.start).astype(float)
    # Hubs are where everybody meets; they are left out of the pairs, and so also of what chance would give.
    most = MAX_AT_ONCE * transfers.span / widest
    share = received[(received <= most) & ~closed] / max(received.sum(), 1.0)
    meeting = float((share**2).sum())

    def mean(one: np.ndarray, other: np.ndarray, window: np.ndarray) -> np.ndarray:
        # Both pay within the window of each other, at any time in which the ledger saw them.
        together = np.minimum(2 * window / transfers.span, 1.0)
        return np.asarray(paid[one] * paid[other] * together * meeting)

    return _surprising(BIPARTITE, transfers, _in_order(rows), seen, windows, mean)


def _in_order(rows: np.ndarray) -> Meetings:
    """Meetings by pair, and those of a pair in order of time."""
    order = np.lexsort((rows[:, 4], rows[:, 3], rows[:, 1], rows[:, 0]))
    return Meetings(*np.ascontiguousarray(rows[order].T))


@njit(cache=True, nogil=True)
def _with_room(rows, size, more):  # type: ignore[no-untyped-def]
    """The rows, with room for so many more after the first `size`."""
    while size + more > len(rows):
        more_rows = np.empty((2 * len(rows), rows.shape[1]), rows.dtype)
        for row in range(size):
            for column in range(rows.shape[1]):
                more_rows[row, column] = rows[row, column]
        rows = more_rows
    return rows


@njit(cache=True, nogil=True)
def _meet(slots, other):  # type: ignore[no-untyped-def]
    """Count a meeting in the slot of who is met; 1 for the one that makes enough. More are not counted."""
    slot = other & (SLOTS - 1)
    if slots[slot] == MIN_MIDDLEMEN:
        return 0
    slots[slot] += 1
    return 1 if slots[slot] == MIN_MIDDLEMEN else 0


@njit(cache=True, nogil=True)
def _kept(found, size, one, mine, counts, sides):  # type: ignore[no-untyped-def]
    """Append the meetings of one account with those whom it met often enough.

    `mine` has who was met, the account's own payment, and the other transfer; the two are entries of `sides`.
    """
    found = _with_room(found, size, len(mine))
    full = counts.slots
    for row in range(len(mine)):
        other = mine[row, 0]
        if full[other & (SLOTS - 1)] < MIN_MIDDLEMEN:
            continue
        # Who shares a slot with others, or meets at one middleman again and again, has not met often enough.
        middle = sides[0].party[mine[row, 1]]
        if middle != counts.last[other]:
            counts.last[other] = middle
            counts.met[other] = min(counts.met[other] + 1, MIN_MIDDLEMEN)
    for row in range(len(mine)):
        other = mine[row, 0]
        if full[other & (SLOTS - 1)] == MIN_MIDDLEMEN and counts.met[other] == MIN_MIDDLEMEN:
            here, there = sides[0].position[mine[row, 1]], sides[1].position[mine[row, 2]]
            found[size, 0] = one
            found[size, 1] = other
            found[size, 2] = sides[0].party[mine[row, 1]]
            found[size, 3] = min(here, there)
            found[size, 4] = max(here, there)
            size += 1
    for row in range(len(mine)):
        if full[mine[row, 0] & (SLOTS - 1)] == MIN_MIDDLEMEN:
            counts.met[mine[row, 0]] = 0
            counts.last[mine[row, 0]] = -1
    return found, size


@njit(cache=True, nogil=True)
def _forget(slots, mine):  # type: ignore[no-untyped-def]
    """Set the slots of one account's meetings back to none."""
    for row in range(len(mine)):
        slots[mine[row, 0] & (SLOTS - 1)] = 0


@njit(cache=True, nogil=True)
def _passed_on(payments, next_payment, distinct_payees, window, counts):  # type: ignore[no-untyped-def]
    """Meetings of pairs that meet three times and more, as rows of `Meetings`, and how many there were of all pairs."""
    accounts = len(payments.start) - 1
    found, size = np.empty((1024, 5), np.int32), np.int64(0)  # a bare 0 is a type of its own: all would compile twice
    mine = np.empty((1024, 3), np.int32)
    seen = 0
    for one in range(accounts):
        many, enough = np.int64(0), 0
        # A pair meets through three middlemen, so who pays fewer is in none.
        pays_enough = distinct_payees[one] >= MIN_MIDDLEMEN
        for first in range(payments.start[one], payments.start[one + 1]):
            middle = payments.party[first]
            if middle < 0:
                continue
            low, high = next_payment[first], payments.start[middle + 1]
            end = min(high, low + MAX_AT_ONCE + 1)
            until = payments.at[first] + window
            if end - low > MAX_AT_ONCE and payments.at[end - 1] <= until:
                continue
            most = payments.amount[first]
            mine = _with_room(mine, many, MAX_AT_ONCE + 1)
            for second in range(low, end):
                if payments.at[second] > until:
                    break
                payee, amount = payments.party[second], payments.amount[second]
                if payee < 0 or payee == one or amount > most or 100 * amount < MIN_PASSED_PERCENT * most:
                    continue
                seen += 1
                if pays_enough:
                    enough += _meet(counts.slots, payee)
                    many = _write(mine, many, payee, first, second)
        if enough:
            found, size = _kept(found, size, one, mine[:many], counts, (payments, payments))
        _forget(counts.slots, mine[:many])
    return found[:size].copy(), seen


@njit(cache=True, nogil=True)
def _receipts_soon(receipts, window):  # type: ignore[no-untyped-def]
    """For each receipt, how many its account has from it on within the window, itself counted; at most the hub's."""
    soon = np.empty(len(receipts.position), np.uint8)
    for account in range(len(receipts.start) - 1):
        high, end = receipts.start[account], receipts.start[account + 1]
        for low in range(receipts.start[account], end):
            while high < end and receipts.at[high] - receipts.at[low] < window:
                high += 1
            soon[low] = min(high - low, MAX_AT_ONCE + 1)
    return soon


@njit(cache=True, nogil=True)
def _meetings_in_all(receipts, soon):  # type: ignore[no-untyped-def]
    seen = 0
    for first in range(len(soon)):
        payer = receipts.party[first]
        if payer < 0 or soon[first] > MAX_AT_ONCE:
            continue
        for second in range(first + 1, first + soon[first]):
            seen += receipts.party[second] >= 0 and receipts.party[second] != payer
    return seen


@njit(cache=True, nogil=True)
def _near(receipts, soon, distinct_payees, near):  # type: ignore[no-untyped-def]
    """Write the receipts as `NEAR`."""
    for account in range(len(receipts.start) - 1):
        low = receipts.start[account]
        for entry in range(receipts.start[account], receipts.start[account + 1]):
            # What is busy by itself meets nobody later either.
            while low < entry and (soon[low] > MAX_AT_ONCE or low + soon[low] <= entry):
                low += 1
            payer = receipts.party[entry]
            pays_enough = payer >= 0 and distinct_payees[payer] >= MIN_MIDDLEMEN
            near[entry].payer = payer if pays_enough else -1
            near[entry].earlier = entry - low
            near[entry].later = soon[entry] - 1


@njit(cache=True, nogil=True)
def _paid_both(sides, receipt_of, near, distinct_payees, counts):  # type: ignore[no-untyped-def]
    """Meetings of pairs that meet three times and more, as rows of `Meetings`; each pair is seen from its lower one."""
    payments = sides[0]
    found, size = np.empty((1024, 5), np.int32), np.int64(0)  # a bare 0 is a type of its own: all would compile twice
    mine = np.empty((1024, 3), np.int32)
    for one in range(len(payments.start) - 1):
        if distinct_payees[one] < MIN_MIDDLEMEN:
            continue
        many, enough = np.int64(0), 0
        for payment in range(payments.start[one], payments.start[one + 1]):
            here = receipt_of[payment]
            if here < 0:
                continue
            mine = _with_room(mine, many, 2 * MAX_AT_ONCE)
            if near[here].later < MAX_AT_ONCE:
                for entry in range(here + 1, here + 1 + near[here].later):
                    if near[entry].payer > one:
                        enough += _meet(counts.slots, near[entry].payer)
                        many = _write(mine, many, near[entry].payer, payment, entry)
            for entry in range(here - near[here].earlier, here):
                if near[entry].payer > one and near[entry].later < MAX_AT_ONCE:
                    enough += _meet(counts.slots, near[entry].payer)
                    many = _write(mine, many, near[entry].payer, payment, entry)
        if enough:
            found, size = _kept(found, size, one, mine[:many], counts, sides)
        _forget(counts.slots, mine[:many])
    return found[:size].copy()


@njit(cache=True, nogil=True)
def _write(rows, row, other, own, others):  # type: ignore[no-untyped-def]
    """Write a meeting as a row, and give the number of the next row."""
    rows[row, 0] = other
    rows[row, 1] = own
    rows[row, 2] = others
    return row + 1


def _surprising(pattern: str, transfers: Transfers, rows: Meetings, seen: int, windows: list[int], mean: Mean) -> Pairs:
    """Each pair's most surprising window, those with fewer than three meetings left out."""
    limits = sorted({max(window, transfers.tick) for window in windows})
    parts = [_densest_within(transfers, rows, window) for window in limits]
    begin, count, low, high, window = np.concatenate(parts, axis=1)
    one, other = rows.one[begin], rows.other[begin]
    expected = mean(one, other, window.astype(float))
    # A pair is looked at because it met once; that meeting is no evidence.
    nats = poisson_nats(count, expected) - poisson_nats(np.ones(len(count)), expected)
    order = np.lexsort((window, -nats, begin))
    _, best = np.unique(begin[order], return_index=True)
    best = order[best]
    best = best[nats[best] >= MIN_NATS]
    position, start = _positions(rows, low[best], high[best], max(len(transfers), 1))
    log_trials = float(np.log(max(seen, 1) * len(limits)))
    return Pairs(pattern, one[best], other[best], count[best], window[best], position, start, nats[best], log_trials)


def _densest_within(transfers: Transfers, rows: Meetings, window: int) -> np.ndarray:
    """Of each pair that meets often enough: its first row, how often, first row and end of the densest, and window."""
    count, low, high = _densest(rows, transfers.at, window, transfers.accounts)
    begin = np.flatnonzero(count)
    return np.stack([begin, count[begin], low[begin], high[begin], np.full(len(begin), window)])


@njit(cache=True, nogil=True)
def _densest(rows, at, window, accounts):  # type: ignore[no-untyped-def]
    """At the first row of each pair: most distinct places within the window (0: under three), and the rows."""
    total = len(rows.one)
    count = np.zeros(total, np.int64)
    low_of = np.zeros(total, np.int64)
    high_of = np.zeros(total, np.int64)
    seen = np.zeros(accounts, np.int32)
    begin = 0
    while begin < total:
        end = begin
        while end < total and rows.one[end] == rows.one[begin] and rows.other[end] == rows.other[begin]:
            end += 1
        best = 0
        for low in range(begin, end):
            opened = at[rows.first[low]]
            distinct = 0
            high = low
            while high < end and at[rows.first[high]] - opened < window:
                if at[rows.second[high]] - opened <= window:
                    distinct += seen[rows.middle[high]] == 0
                    seen[rows.middle[high]] = 1
                high += 1
            for row in range(low, high):
                seen[rows.middle[row]] = 0
            if distinct > best:
                best = distinct
                low_of[begin] = low
                high_of[begin] = high
        if best >= MIN_MIDDLEMEN:
            count[begin] = best
        begin = end
    return count, low_of, high_of


def _positions(rows: Meetings, low: np.ndarray, high: np.ndarray, total: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct positions of both transfers of the rows of each span, sorted, and where each span's begin."""
    sizes = high - low
    span = np.repeat(np.arange(len(low)), sizes)
    row = np.repeat(low - np.cumsum(sizes) + sizes, sizes) + np.arange(len(span))
    both = np.concatenate([rows.first[row], rows.second[row]])
    span, position = np.divmod(distinct_values(np.tile(span, 2) * total + both), total)
    return position, np.searchsorted(span, np.arange(len(low) + 1))
