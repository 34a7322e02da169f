"""Transfers go to an engine in few slices, and none of them for a handful of rows."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.graph.base import _sliced
from tests.thorough import examples


@given(st.lists(st.integers(0, 40), max_size=8), st.integers(1, 30))
@examples(200)
def test_slices_hold_all_rows_in_order_and_the_last_is_no_crumb(sizes, slice_rows):
    """All have the size that was asked for but the last, which has from half as many to half as many more."""
    numbers = iter(range(sum(sizes)))
    batches = [pa.record_batch({"n": pa.array([next(numbers) for _ in range(size)], pa.int64())}) for size in sizes]

    slices = [each["n"].to_pylist() for each in _sliced(iter(batches), slice_rows)]

    assert [number for each in slices for number in each] == list(range(sum(sizes)))
    assert all(len(each) == slice_rows for each in slices[:-1])
    if len(slices) > 1:
        assert slice_rows <= 2 * len(slices[-1]) < 3 * slice_rows
