"""Rows of a ledger's file by their numbers."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.ledger.numbers import rows_of_file
from tests.thorough import examples


@given(rows=st.integers(1, 40), group=st.integers(1, 9), data=st.data())
@examples(40)
def test_rows_of_a_file_are_those_of_the_whole_file(rows, group, data):
    """Whatever parts it is written in, and whichever of them hold none of the rows."""
    numbers = np.array(sorted(data.draw(st.sets(st.integers(0, rows - 1), min_size=1))))
    table = pa.table({"a": pa.array(range(rows)), "b": pa.array([f"t{each}" for each in range(rows)])})
    with TemporaryDirectory() as folder:
        pq.write_table(table, Path(folder) / "rows.parquet", row_group_size=group)
        found = rows_of_file(Path(folder) / "rows.parquet", numbers, ["b", "a"])

    assert found.equals(table.select(["b", "a"]).take(pa.array(numbers)))
