"""What several kernels do, in plain loops: NumPy's own concatenate and searchsorted take seconds to compile in each."""

from __future__ import annotations

import numpy as np

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
