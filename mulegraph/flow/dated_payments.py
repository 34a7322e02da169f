"""The order of payments of which only the day is known, among those of the same day that have a clock.

Inside their day such payments may stand anywhere. A trace needs one order, and it takes the one in which nothing is
still there that may have left: who received something that day with a clock pays what is dated after it, and what is
dated comes in before anything with a clock is paid. Bounds do not rest on this order: they hold for every one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mulegraph.flow.transfers import DAY, NOBODY, NOT_EXCHANGED, Transfers
from mulegraph.ledger.clock import Clock

TIMED = -1


@dataclass(frozen=True)
class DayOrder:
    """Transfers as a trace reads them; `day` is by position the day of those on a day with dated payments, else −1.

    `dated` says of each position that only its day is known; None where all have a clock.
    """

    transfers: Transfers
    day: np.ndarray
    dated: np.ndarray | None

    def before(self, end: int) -> DayOrder:
        """The transfers before a position."""
        if end == len(self.transfers):
            return self
        dated = None if self.dated is None else self.dated[:end]
        return DayOrder(self.transfers.only(slice(end)), self.day[:end], dated)

    def backwards(self) -> DayOrder:
        """The same, read from the end: see `backwards`."""
        dated = None if self.dated is None else self.dated[::-1]
        return DayOrder(backwards(self.transfers), self.day[::-1], dated)


def in_day_order(transfers: Transfers, dated: np.ndarray | None, clock: Clock) -> DayOrder:
    """Put dated payments in their place; `dated` is by row of the ledger."""
    if dated is None or not dated.any():
        return DayOrder(transfers, np.zeros(0, np.int64), None)
    only_day = dated[transfers.row]
    # What is known by its day only stands at the midnight that begins it, on the bank's clock and not in UTC.
    local = np.where(only_day, transfers.at, clock.local(transfers.at))
    day = local // DAY
    with_dated = np.isin(day, np.unique(day[only_day]))
    start = np.where(only_day, transfers.at - (clock.local(transfers.at) - transfers.at), transfers.at)
    late = _late(transfers, day, only_day)
    at = np.where(late, start + DAY - 1, start)
    order = np.argsort(at, kind="stable")
    day = np.where(with_dated, day, TIMED)
    return DayOrder(replace(transfers, at=at).only(order), day[order], only_day[order])


def _late(transfers: Transfers, day: np.ndarray, only_day: np.ndarray) -> np.ndarray:
    """Dated payments whose payer received money with a clock that day, or by another such payment."""
    accounts = transfers.accounts + 1
    paid_by, paid_to = day * accounts + transfers.source + 1, day * accounts + transfers.target + 1
    late = np.zeros(len(transfers), np.bool_)
    came = np.unique(paid_to[~only_day & (transfers.target >= 0)])
    while True:
        more = only_day & ~late & (transfers.source >= 0) & np.isin(paid_by, came)
        if not more.any():
            return late
        late |= more
        came = np.unique(paid_to[more & (transfers.target >= 0)])


def begin_of_day(position: int, day: np.ndarray) -> int:
    """The first position of the day that one stands on, where the day has dated payments; else itself."""
    return int(np.argmax(day == day[position])) if len(day) and day[position] != TIMED else position


def unsure_accounts(order: DayOrder, first: int, reached: np.ndarray) -> np.ndarray:
    """Accounts, of those `reached`, of whose transfers on some day the order is not known, from position `first` on."""
    moved = order.transfers
    unsure = np.zeros(moved.accounts, np.bool_)
    if order.dated is not None:
        begin = begin_of_day(first, order.day)
        places = begin + np.flatnonzero((order.day[begin:] != TIMED) & (moved.source[begin:] != moved.target[begin:]))
        place, account = np.tile(places, 2), np.concatenate([moved.source[places], moved.target[places]])
        place, account = place[account != NOBODY], account[account != NOBODY]
        place, account = place[reached[account]], account[reached[account]]
        _, group, count = np.unique(
            order.day[place] * (moved.accounts + 1) + account, return_inverse=True, return_counts=True
        )
        with_dated = np.bincount(group, order.dated[place], len(count)) > 0
        unsure[account[((count > 1) & with_dated)[group]]] = True
    return unsure


def backwards(transfers: Transfers) -> Transfers:
    """The ledger read from its end, payers as payees: a trace through it leads to the sources.

    Every rule is mirrored in time: under FIFO a payment was funded by what came in last before it. What was exchanged
    is exchanged back.
    """
    paid, came = transfers.amount, transfers.arrived
    if came is not None:
        exchanged = came != NOT_EXCHANGED
        paid = np.where(exchanged, came, paid)
        came = np.where(exchanged, transfers.amount, NOT_EXCHANGED)[::-1].copy()
    return replace(
        transfers,
        row=transfers.row[::-1],
        source=np.ascontiguousarray(transfers.target[::-1]),
        target=np.ascontiguousarray(transfers.source[::-1]),
        amount=np.ascontiguousarray(paid[::-1]),
        at=np.ascontiguousarray(transfers.at[::-1]),
        arrived=came,
    )
