"""What a trace goes by: what accounts hold when it begins, which payments give others back, and where it stops."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mulegraph.flow.balances import Pools


@dataclass(frozen=True)
class Returns:
    """Payments that give others back, as positions: `given[n]` gives `original[n]` back (−1: one that is not here)."""

    given: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    original: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True)
class Limits:
    """Where a trace stops: `stop` says by position why there (a kind of step; 0: follow; None: nowhere).

    From position `last` on nothing is followed further, and nothing that carries less than `least` under every rule.
    """

    stop: np.ndarray | None = None
    last: int = 2**62
    least: int = 0
    any_sum: np.ndarray | None = None
    """By account whether it is followed however little is carried: `least` is a number of another currency's coins."""


@dataclass(frozen=True)
class Terms:
    """What a trace goes by: what accounts hold when it begins, which payments give others back, where it stops."""

    pools: Pools
    returns: Returns = field(default_factory=Returns)
    limits: Limits = field(default_factory=Limits)
