"""Numbers of ids: their places among all that are known."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.ledger import numbers
from mulegraph.ledger.numbers import places_in_order, places_of
from tests.thorough import examples

IDS = st.text(st.sampled_from("ab-é\U0001f600\uffff"), min_size=1, max_size=3)


@given(known=st.sets(IDS, max_size=12), asked=st.lists(st.none() | IDS, max_size=8), sought=st.sampled_from((0, 1_000)))
@examples(300)
def test_an_id_is_where_it_stands(known, asked, sought):
    """Sought, hashed, and looked for one by one it has the same place; an unknown one has none."""
    ordered = sorted(known, key=str.encode)
    before, numbers.VERY_FEW_IDS = numbers.VERY_FEW_IDS, sought
    try:
        found = places_in_order(pa.array(asked, pa.string()), pa.array(ordered, pa.string()))
    finally:
        numbers.VERY_FEW_IDS = before
    assert found.tolist() == [ordered.index(each) if each in known else -1 for each in asked]
    assert found.tolist() == places_of(pa.array(asked, pa.string()), pa.array(ordered, pa.string())).tolist()


def test_few_of_many_are_sought():
    """As a minute asks a few of millions."""
    known = pa.array([f"a{number:05d}" for number in range(5_000)])
    assert places_in_order(pa.array(["a00007", "zz", None, "a04999", "a00007"]), known).tolist() == [7, -1, -1, 4999, 7]
