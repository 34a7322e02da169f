"""What several kernels do, in plain loops: NumPy's own concatenate and searchsorted take seconds to compile in each."""

from __future__ import annotations

import numpy as np

from mulegraph.flow.transfers import NOT_EXCHANGED
from mulegraph.lazy import njit


@njit(cache=True, nogil=True)
def doubled(values):  # type: ignore[no-untyped-def]
    """The values, with as much room again after them."""
    more = np.empty(2 * len(values), values.dtype)
    for place in range(len(values)):
        more[place] = values[place]
    return more


@njit(cache=True, nogil=True)
def first_not_below(values, low, high, least):  # type: ignore[no-untyped-def]
    """The first place from `low` on whose value is `least` or more, in sorted values; `high` if there is none."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def arrives(payments, now):  # type: ignore[no-untyped-def]
    """Minor units that the payee of a payment gets, in its own currency."""
    if len(payments.arrived) and payments.arrived[now] != NOT_EXCHANGED:
        return payments.arrived[now]
    return payments.amount[now]
