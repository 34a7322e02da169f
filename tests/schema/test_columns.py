"""Columns say what they hold and whom they identify, and a table that holds something else is refused."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pytest

from mulegraph.schema.columns import REAL, TEXT, TEXTS, Field, Schema, column, records
from mulegraph.schema.tables import Mask


@dataclass(frozen=True)
class Row:
    """A row of the examples below."""

    chain: str = column(TEXT, "the chain's id", names_nobody=True)
    surprise: float = column(REAL, "how unlikely by chance", unit="nats", header="nats")
    accounts: list[str] = column(TEXTS, "in the order of the money", identifies=Mask.ACCOUNT)
    role: str = column(TEXT, "what it is", choices=("relay", "collector"))


ROWS = Schema.of("rows", Row, "Rows of an example.")
GIVEN = {"chain": ["c"], "surprise": [1.5], "accounts": [["a", "b"]], "role": ["relay"]}


def test_a_record_comes_back_as_it_went_in():
    """Columns to table to record."""
    assert records(Row, ROWS.table(GIVEN)) == [Row("c", 1.5, ["a", "b"], "relay")]


def test_a_column_that_is_not_given_is_empty():
    """So that a producer names what it has."""
    assert ROWS.table({"chain": ["c", "d"]})["surprise"].to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"rank": [1]}, "no column 'rank'"), ({"role": ["boss"]}, "none of relay, collector: boss")],
)
def test_a_table_that_does_not_fit_is_refused(changed, said):
    """A column that nobody declared, a word that is not in its list."""
    with pytest.raises(TypeError, match=said):
        ROWS.table({**GIVEN, **changed})


def test_a_table_of_other_types_is_refused():
    """Types are part of the contract."""
    other = pa.table({name: pa.array(values) for name, values in GIVEN.items()}).set_column(
        1, "surprise", pa.array([1])
    )
    with pytest.raises(TypeError, match=r"rows\.surprise is int64, expected double"):
        ROWS.check(other)


@pytest.mark.parametrize("kind", [TEXT, TEXTS, pa.struct([("a", TEXT)])])
def test_text_must_say_whom_it_identifies(kind):
    """Text of which nobody says what it holds may hold a name."""
    with pytest.raises(TypeError, match="must say whom"):
        Field("note", kind, "something")


def test_a_file_tells_its_columns_and_hides_text_that_it_says_nothing_of(tmp_path):
    """What was declared travels with the table; undeclared text is hidden."""
    assert Schema.of_arrow("rows", ROWS.table(GIVEN).schema, ROWS.doc) == ROWS
    assert Field.of_arrow(pa.field("note", TEXT)).identifies is Mask.HIDDEN
    assert Field.of_arrow(pa.field("count", REAL)).identifies is None


def test_the_documentation_has_a_line_for_each_column():
    """Name, what it holds, unit, mask, meaning."""
    lines = ROWS.markdown()
    assert "| surprise | a number | nats |  | how unlikely by chance |" in lines
    assert "| accounts | texts |  | account | in the order of the money |" in lines
    assert ROWS.headers["surprise"] == "nats"
