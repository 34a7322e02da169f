"""A ledger's transfers as integer columns, which is what kernels read, and the units of their times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mulegraph.lazy import njit

MICROSECONDS = 1_000_000
MINUTE = 60 * MICROSECONDS
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOBODY = -1
"""Account number that stands for cash, on either side of a transfer."""


NOT_EXCHANGED = -1
"""What arrived of a transfer that kept its currency."""

FEW, NEAR = 16, 1_000
"""Up to one in so many transfers are few, and so many positions to either side are near."""


class Columns(NamedTuple):
    """What kernels read of transfers: see `Transfers`. A named tuple, which Numba takes as it is."""

    source: np.ndarray
    target: np.ndarray
    amount: np.ndarray
    at: np.ndarray


class Payments(NamedTuple):
    """What kernels of tracing read of transfers; `arrived` as `Transfers` has it, and empty where that is none."""

    source: np.ndarray
    target: np.ndarray
    amount: np.ndarray
    arrived: np.ndarray


@dataclass(frozen=True)
class Transfers:
    """Transfers in the order in which money can have moved: by tick, inside a tick receipts before payments.

    `row` is each one's row number in the ledger; `source` and `target` are account numbers (−1: cash), `amount`
    minor units, `at` microseconds since 1970 UTC, all of one length. `tick` is the clock's step in microseconds.
    `arrived` are minor units of the payee's currency where a transfer was exchanged on its way, and `NOT_EXCHANGED`
    elsewhere; None where no transfer was, and where accounts are not divided by currency.
    """

    row: np.ndarray
    source: np.ndarray
    target: np.ndarray
    amount: np.ndarray
    at: np.ndarray
    accounts: int
    tick: int
    arrived: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.at)

    @property
    def columns(self) -> Columns:
        """The four columns that kernels read."""
        return Columns(self.source, self.target, self.amount, self.at)

    @property
    def payments(self) -> Payments:
        """The columns that kernels of tracing read."""
        arrived = np.zeros(0, np.int64) if self.arrived is None else self.arrived
        return Payments(self.source, self.target, self.amount, arrived)

    @property
    def came(self) -> np.ndarray:
        """Minor units that payees got, in their own currency."""
        if self.arrived is None:
            return self.amount
        return np.where(self.arrived == NOT_EXCHANGED, self.amount, self.arrived)

    def dealt(self, cards: Transfers) -> Transfers:
        """What `cards` deal out of these at other times: their `row` is a position here."""
        columns = {name: getattr(self, name)[cards.row] for name in ("source", "target", "amount")}
        arrived = None if self.arrived is None else self.arrived[cards.row]
        return replace(cards, **columns, accounts=self.accounts, arrived=arrived)

    def position_of(self, rows: np.ndarray) -> np.ndarray:
        """The position of each of these rows of the ledger, which are all among the transfers."""
        # Rows are in order of time, as positions are by tick, so that a few are found near where they stand.
        if FEW * len(rows) < len(self):
            found = _found_near((self.row, self.at), self.tick, rows, NEAR)
            if (found >= 0).all():
                return found
        place = np.empty(len(self), np.int32)
        place[self.row] = np.arange(len(self), dtype=np.int32)
        return place[rows]

    def only(self, kept: np.ndarray | slice) -> Transfers:
        """Those at these positions, or of this mask."""
        columns = {name: getattr(self, name)[kept] for name in ("row", "source", "target", "amount", "at")}
        arrived = None if self.arrived is None else self.arrived[kept]
        return replace(self, **columns, arrived=arrived)

    @property
    def span(self) -> int:
        """Microseconds that the ledger covers, ends included."""
        return int(self.at.max() - self.at.min()) + self.tick if len(self) else self.tick


@njit(cache=True, nogil=True)
def _found_near(columns, tick, wanted, reach):  # type: ignore[no-untyped-def]
    """The position of each wanted row in its tick, near where it stands itself; −1 where it is not there."""
    row, at = columns
    found = np.full(len(wanted), -1, np.int32)
    for number in range(len(wanted)):
        here = wanted[number]
        if here >= len(row):
            continue
        begun = at[here] // tick
        for step in (-1, 1):
            place = here
            while 0 <= place < len(row) and abs(place - here) <= reach and at[place] // tick == begun:
                if row[place] == here:
                    found[number] = place
                    break
                place += step
    return found
