"""What travels to a Neo4j server and back: exact amounts, times to the microsecond, and the comparison of tables."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.graph.neo4j.difference import difference
from mulegraph.graph.neo4j.rows import compared, received, wire
from mulegraph.schema.tables import AMOUNT_MINOR_LIMIT, ARROW_TYPE, Kind

AMOUNT, TIME = ARROW_TYPE[Kind.AMOUNT], ARROW_TYPE[Kind.TIME]
amounts = st.builds(
    lambda minor, places: Decimal(minor).scaleb(-places), st.integers(1, AMOUNT_MINOR_LIMIT - 1), st.integers(0, 3)
)
tables = st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 2) | st.none(), st.booleans()))


@given(st.lists(amounts))
def test_every_amount_of_the_ledger_comes_back_exact(values):
    """A double names one amount of at most 15 digits, and the shortest text of it is that amount."""
    sent = wire(pa.table([pa.array(values, AMOUNT)], ["amount"]))
    assert [Decimal(repr(row[0])) for row in sent] == values


@given(amounts, amounts)
def test_amounts_compare_on_the_server_as_in_the_ledger(one, other):
    """Doubles keep the order of the decimals, and what is equal."""
    (sent,), (beside,) = wire(pa.table([pa.array([one, other], AMOUNT)], ["amount"]))
    assert (sent < beside, sent == beside) == (one < other, one == other)


@given(st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)) | st.none()))
def test_times_come_back_to_the_microsecond(values):
    """They travel as ISO text."""
    rows = pa.table([pa.array(values, TIME)], ["at"])
    assert received(wire(rows), rows.schema).equals(compared(rows))


@pytest.mark.parametrize("text", ["2026-01-05T09:30", "2026-01-05T09:30:00", "2026-01-05T09:30:00.000000"])
def test_short_texts_of_the_server_are_read(text):
    """Neo4j leaves out seconds that are zero."""
    schema = pa.schema([("at", TIME)])
    assert received([[text]], schema)["at"].to_pylist() == [datetime(2026, 1, 5, 9, 30)]


def table_of(rows):
    return pa.table(
        {
            "key": pa.array(list(rows), pa.string()),
            "n": pa.array([n for n, _ in rows.values()], pa.int64()),
            "b": pa.array([b for _, b in rows.values()], pa.bool_()),
        }
    )


@given(tables, tables)
def test_difference_is_that_of_dictionaries(wanted, held):
    """New, changed and vanished keys are those that plain Python finds, empty values included."""
    found = difference(table_of(wanted), table_of(held), ("key",))
    assert set(found.new["key"].to_pylist()) == wanted.keys() - held.keys()
    assert set(found.vanished["key"].to_pylist()) == held.keys() - wanted.keys()
    both = wanted.keys() & held.keys()
    assert set(found.changed["key"].to_pylist()) == {key for key in both if wanted[key] != held[key]}
