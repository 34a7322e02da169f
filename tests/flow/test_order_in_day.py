"""The order of money where times give none; the kernel is held to its reference in `test_matching`."""

from __future__ import annotations

import numpy as np

from mulegraph.flow.order_in_day import clock_tick
from mulegraph.flow.transfers import HOUR, MICROSECONDS
from tests.flow.test_matching import A, B, C, E, links_of, ordered


def test_in_the_same_tick_receipts_come_before_payments():
    """The clock cannot tell which was first, so a payment may use what arrived in its own minute."""
    transfers = ordered((B, C, 10, 5), (A, B, 10, 5), (E, A, 10, 5))

    assert transfers.row.tolist() == [2, 1, 0]
    assert links_of(transfers) == [(0, 1, 10), (1, 2, 10)]


def test_a_circle_in_one_tick_is_cut_at_its_first_transfer():
    """A pays B pays C pays A at one time: the lowest transfer_id goes first, and the circle does not feed itself."""
    transfers = ordered((A, B, 10, 5), (B, C, 10, 5), (C, A, 10, 5))

    assert transfers.row.tolist() == [0, 1, 2]
    assert links_of(transfers) == [(0, 1, 10), (1, 2, 10)]


def test_the_clocks_step_is_read_from_the_data():
    """A ledger that knows dates only has a tick of a day."""
    day = 86_400 * MICROSECONDS
    assert clock_tick(np.array([0, 3 * day])) == day
    assert clock_tick(np.array([0, 3 * day + HOUR])) == HOUR
    assert clock_tick(np.array([5 * MICROSECONDS])) == MICROSECONDS
    assert clock_tick(np.array([7])) == 1
