"""A ledger's transfers as integer columns, which is what kernels read, and the units of their times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

MICROSECONDS = 1_000_000
MINUTE = 60 * MICROSECONDS
HOUR = 60 * MINUTE
DAY = 24 * HOUR
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
