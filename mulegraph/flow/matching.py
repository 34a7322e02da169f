"""Flow links: which received money each payment passes on, first in, first out, in one pass.

Source of the order: Clayton's Case (Devaynes v Noble, 1816), the first-in, first-out rule for mixed money. The
pass is O(transfers + links): each receipt enters its account's queue once and leaves it once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mulegraph.lazy import njit
from mulegraph.ledger.ledger import Ledger, minor_units

MICROSECONDS = 1_000_000
MINUTE = 60 * MICROSECONDS
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TICKS = (DAY, HOUR, MINUTE, MICROSECONDS, 1)
NOBODY = -1
"""Account number that stands for cash, on either side of a transfer."""


class Columns(NamedTuple):
    """What kernels read of transfers: see `Transfers`. A named tuple, which Numba takes as it is."""

    source: np.ndarray
    target: np.ndarray
    amount: np.ndarray
    at: np.ndarray


@dataclass(frozen=True)
class Transfers:
    """Transfers in the order in which money can have moved: by tick, inside a tick receipts before payments.

    `row` is each one's row number in the ledger; `source` and `target` are account numbers (−1: cash), `amount`
    minor units, `at` microseconds since 1970 UTC, all of one length. `tick` is the clock's step in microseconds.
    """

    row: np.ndarray
    source: np.ndarray
    target: np.ndarray
    amount: np.ndarray
    at: np.ndarray
    accounts: int
    tick: int

    def __len__(self) -> int:
        return len(self.at)

    @property
    def columns(self) -> Columns:
        """The four columns that kernels read."""
        return Columns(self.source, self.target, self.amount, self.at)

    @property
    def span(self) -> int:
        """Microseconds that the ledger covers, ends included."""
        return int(self.at.max() - self.at.min()) + self.tick if len(self) else self.tick


@dataclass(frozen=True)
class Links:
    """Flow links as positions into `Transfers`, in order of `payment`, then of `receipt`."""

    receipt: np.ndarray
    payment: np.ndarray
    amount: np.ndarray

    def __len__(self) -> int:
        return len(self.amount)


def read_transfers(ledger: Ledger) -> Transfers:
    """All transfers of a ledger, in memory as integers: 28 bytes each."""
    ends = ["source", "target"]
    parts = [
        pq.read_table(path, columns=[*ends, "amount", "currency", "at"], read_dictionary=[*ends, "currency"])
        for path in ledger.paths("transfers")
    ]
    table = pa.concat_tables(parts)
    del parts
    ledger.account_ids  # noqa: B018 (made here once, and not in both threads)
    with ThreadPoolExecutor(2) as pool:
        source, target = pool.map(_account_numbers, [ledger, ledger], [table.column(end) for end in ends])
    amount = minor_units(table.column("amount"), table.column("currency").cast("string"))
    at = table.column("at").cast("int64").to_numpy()
    del table
    return in_order(source, target, amount, at, accounts=len(ledger.account_ids))


def _account_numbers(ledger: Ledger, column: pa.ChunkedArray) -> np.ndarray:
    """Account numbers of a dictionary column; each distinct id is looked up once."""
    unified = column.unify_dictionaries()
    if not unified.num_chunks:
        return np.empty(0, np.int32)
    ids = unified.chunk(0).dictionary
    known = np.append(ledger.settling_numbers_of(ids), NOBODY).astype(np.int32)
    indices = [chunk.indices.fill_null(len(ids)).to_numpy() for chunk in unified.chunks]
    return known[np.concatenate(indices)]


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


def effective_window(window: int, tick: int) -> int:
    """The window in microseconds on this clock: at least one tick, so that a dated ledger links day to day."""
    return max(window, tick)


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
    start = 0
    while start < total:
        end = start + 1
        while end < total and ticks[end] == ticks[start]:
            end += 1
        if end - start > 1:
            _settle_tick(source, target, start, end, order, queues)
        start = end
    return order


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


def match(transfers: Transfers, window: int) -> Links:
    """All flow links of a ledger. `window` is in microseconds: money older than it is not passed on.

    A transfer from an account to itself moves nothing and is left out.
    """
    # Each link uses up its receipt or fills its payment, so there are fewer than twice as many as transfers. Memory
    # that is never written to costs nothing, and growing arrays inside the kernel would make it four times slower.
    most = 2 * len(transfers)
    receipt = np.empty(most, np.int32)
    payment = np.empty(most, np.int32)
    amount = np.empty(most, np.int64)
    count = _match(transfers.columns, transfers.accounts, window, receipt, payment, amount)
    return Links(receipt[:count].copy(), payment[:count].copy(), amount[:count].copy())


@njit(cache=True, nogil=True)
def _match(columns, accounts, window, receipt, payment, piece):  # type: ignore[no-untyped-def]
    total = len(columns.at)
    head = np.full(accounts, -1, np.int32)
    tail = np.full(accounts, -1, np.int32)
    following = np.empty(total, np.int32)
    left = columns.amount.copy()
    count = 0
    for now in range(total):
        payer, payee = columns.source[now], columns.target[now]
        if payer == payee:
            continue
        if payer >= 0 and head[payer] >= 0:
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
        if payee >= 0:
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
    keep = _strong(transfers.amount, links.receipt, links.payment, links.amount, share_percent)
    return Links(links.receipt[keep], links.payment[keep], links.amount[keep])


@njit(cache=True, nogil=True)
def _strong(amount, receipt, payment, piece, percent):  # type: ignore[no-untyped-def]
    passed_on = np.zeros(len(amount), np.int64)
    funded = np.zeros(len(amount), np.int64)
    for link in range(len(piece)):
        passed_on[receipt[link]] += piece[link]
        funded[payment[link]] += piece[link]
    keep = np.zeros(len(piece), np.bool_)
    for link in range(len(piece)):
        into, out = receipt[link], payment[link]
        enough = percent * amount[into] <= 100 * passed_on[into] and percent * amount[out] <= 100 * funded[out]
        smaller = min(amount[into], amount[out])
        keep[link] = enough and percent * smaller <= 100 * piece[link]
    return keep
