"""Where money is now: what a row of a wrong year must not hide."""

from __future__ import annotations

import numpy as np

from mulegraph.flow.order_in_day import in_order
from mulegraph.workspace.money_left import last_moved

DAY = 86_400_000_000


def moved_at(*days: int):
    """Transfers on these days since 1970."""
    at = np.array(days, np.int64) * DAY
    ends = np.zeros(len(at), np.int32)
    return in_order(ends, ends + 1, np.ones(len(at), np.int64), at, accounts=2)


def test_a_row_of_a_wrong_year_does_not_make_all_other_money_old():
    """The last time that can have come counts; a ledger that lies ahead altogether has its own last one."""
    year_2099 = 47_118
    assert last_moved(moved_at(20_000, 20_001)) == 20_001 * DAY
    assert last_moved(moved_at(20_000, 20_001, year_2099)) == 20_001 * DAY
    assert last_moved(moved_at(year_2099 - 1, year_2099)) == year_2099 * DAY
    assert last_moved(moved_at()) == 0
