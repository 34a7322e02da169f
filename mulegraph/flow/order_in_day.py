"""The order in which money can have moved inside a day, or any step of the clock, where times give none.

A payment comes after every receipt of its account in the same step. Where that makes a circle, it is cut at its first
transfer by transfer_id. A ledger of dates has steps of a day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mulegraph.flow.transfers import DAY, HOUR, MICROSECONDS, MINUTE, Transfers
from mulegraph.lazy import njit

TICKS = (DAY, HOUR, MINUTE, MICROSECONDS, 1)
"""Steps that a clock may have, in microseconds."""
FEW = 16
"""So many rows of a tick are compared with each other; with 12 or 24 it takes as long."""


def in_order(source: np.ndarray, target: np.ndarray, amount: np.ndarray, at: np.ndarray, *, accounts: int) -> Transfers:
    """Put transfers that are sorted by (at, transfer_id) into the order in which money can have moved.

    Inside a tick the clock gives no order, so a payment comes after every receipt of its account in the same
    tick; where they form a circle it is cut at its first transfer by transfer_id.
    """
    return settled(source, target, amount, at, accounts=accounts, tick=clock_tick(at))


def settled(
    source: np.ndarray, target: np.ndarray, amount: np.ndarray, at: np.ndarray, *, accounts: int, tick: int
) -> Transfers:
    """The same for a clock whose step is known."""
    row = _settle(source, target, at // tick, accounts)
    moved = np.flatnonzero(row != np.arange(len(row), dtype=np.int32))
    if len(moved):
        # Nearly all rows stay where they were, so only those that moved are fetched.
        come_from = row[moved]
        source = source.copy()
        target = target.copy()
        amount = amount.copy()
        source[moved] = source[come_from]
        target[moved] = target[come_from]
        amount[moved] = amount[come_from]
    return Transfers(row, source, target, amount, at, accounts, tick)


def clock_tick(at: np.ndarray) -> int:
    """The coarsest of day, hour, minute, second, microsecond that every time is a multiple of."""
    return next(tick for tick in TICKS if not (at % tick).any())


class _Waiting(NamedTuple):
    """Inside a tick: receipts that an account still waits for, and its payments that wait for them, as a list."""

    receipts: np.ndarray
    first: np.ndarray
    following: np.ndarray
    done: np.ndarray


@njit(cache=True, nogil=True)
def _settle(source, target, ticks, accounts):  # type: ignore[no-untyped-def]
    """Kahn's topological order of each tick's transfers, lowest row first, circles cut at their lowest row."""
    total = len(ticks)
    order = np.arange(total).astype(np.int32)
    queues = _Waiting(
        np.zeros(accounts, np.int32),
        np.full(accounts, -1, np.int32),
        np.full(total, -1, np.int32),
        np.zeros(total, np.bool_),
    )
    start = np.int64(0)  # a bare 0 is a type of its own, and the kernel below would compile twice
    while start < total:
        end = start + 1
        while end < total and ticks[end] == ticks[start]:
            end += 1
        if end - start > FEW or (end - start > 1 and _waits(source, target, start, end)):
            _settle_tick(source, target, start, end, order, queues)
        start = end
    return order


@njit(cache=True, nogil=True)
def _waits(source, target, start, end):  # type: ignore[no-untyped-def]
    """Whether a payment of these rows comes from an account that receives in them; transfers to oneself wait for none.

    Most ticks are a second with a few rows in it: comparing them all with each other stays in a core's cache, where
    looking up what accounts wait for does not.
    """
    for row in range(start, end):
        account = source[row]
        if account >= 0:
            for other in range(start, end):
                if target[other] == account and source[other] != account:
                    return True
    return False


@njit(cache=True, nogil=True)
def _settle_tick(source, target, start, end, order, queues):  # type: ignore[no-untyped-def]
    waiting, first = queues.receipts, queues.first
    following, done = queues.following, queues.done
    for row in range(start, end):
        if target[row] >= 0 and source[row] != target[row]:
            waiting[target[row]] += 1
    held = False
    for row in range(end - 1, start - 1, -1):
        account = source[row]
        if account >= 0 and waiting[account] > 0:
            held = True
            following[row] = first[account]
            first[account] = row
    if held:
        place, lowest = start, start
        queue = np.empty(end - start, np.int32)
        for row in range(start, end):
            done[row] = False
        ready, taken = 0, 0
        for row in range(start, end):
            if source[row] < 0 or waiting[source[row]] == 0:
                queue[ready] = row
                ready += 1
                done[row] = True
        while place < end:
            if taken == ready:
                while done[lowest]:
                    lowest += 1
                queue[ready] = lowest
                ready += 1
                done[lowest] = True
            row = queue[taken]
            taken += 1
            order[place] = row
            place += 1
            account = target[row]
            if account >= 0 and source[row] != account:
                waiting[account] -= 1
                if waiting[account] == 0:
                    follower = first[account]
                    while follower >= 0:
                        if not done[follower]:
                            queue[ready] = follower
                            ready += 1
                            done[follower] = True
                        follower = following[follower]
    for row in range(start, end):
        if target[row] >= 0:
            waiting[target[row]] = 0
        if source[row] >= 0:
            first[source[row]] = -1
