"""Amounts as people write them, with the sign and currency that they mean; what may mean two things is no amount."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from mulegraph.ingest import amounts
from mulegraph.ingest.amount_shapes import in_usual_shape, usual_shape
from mulegraph.ingest.digits import columns_of_amounts
from mulegraph.ingest.mapping import TableMapping
from mulegraph.schema.tables import TABLES

ONE_THING = {
    "-($45.10)": ("45.10", True, None),
    "(USD) 45.10": ("45.10", False, "USD"),
    "USD(45.10)": ("45.10", True, "USD"),
    "45.10-USD": ("45.10", True, "USD"),
    "$45.10 CAD": ("45.10", False, "CAD"),
    "45.10 CHF DR": ("45.10", True, "CHF"),
    "CR CHF 45.10": ("45.10", False, "CHF"),
    "45.10 (Dr)": ("45.10", True, None),
    "\u200f45.10\u2011": ("45.10", True, None),
    "1,234.56-": ("1234.56", True, None),
}
TWO_THINGS = (
    "45.10 EUR USD",
    "$45.10 EUR",
    "45.10 - USD",
    "-45.10 DR",
    "(45.10) CR",
    "--45.10",
    "-45.10-",
    "+(45.10)",
    "(45.10",
    # A letter may shorten a currency: the dalasi, the dobra.
    "D 45.10",
    "Db 45.10",
)


def read(text: str) -> tuple[str | None, bool, str | None]:
    """The number, whether it is money out, and the currency beside it."""
    mapping = TableMapping(currency_beside=True, grouping=",")
    bare = amounts.bare("t", mapping)
    number = amounts.plain(amounts.unsigned(bare), mapping)
    sql = f"SELECT {number}, {amounts.negative(bare)}, {amounts.code_of('t')} FROM (SELECT ? AS t)"
    found = duckdb.execute(sql, [in_usual_shape(text)]).fetchone()
    assert found is not None
    return found


@pytest.mark.parametrize("text", ONE_THING)
def test_an_amount_that_means_one_thing_is_read(text: str):
    """Brackets, words, dashes and codes, wherever they stand."""
    assert read(text) == ONE_THING[text]


@pytest.mark.parametrize("text", TWO_THINGS)
def test_an_amount_that_may_mean_two_things_is_none(text: str):
    """Two currencies, two signs, or a dash that may only part the amount from its currency."""
    assert read(text)[0] is None


def test_what_an_amount_means_does_not_depend_on_the_rows_beside_it():
    """Each shape reads in a column with all others as it reads alone."""
    texts = [*ONE_THING, *TWO_THINGS, " C45.10 ", " 45.10debit", "45.10"]
    assert usual_shape(pa.array(texts)).to_pylist() == [in_usual_shape(each) for each in texts]


def test_words_by_which_rows_are_left_out_stay_as_they_are_written():
    """A dash that a mapping names is compared with the mapping; elsewhere it is a minus."""
    column = pa.array(["—", "—5"])
    assert usual_shape(column, as_written=["—"]).to_pylist() == ["—", "-5"]


def test_a_column_of_directions_keeps_its_words():
    """Of its own it is compared with a mapping's words; as the sign of an amount it is the amount's column."""
    raw = {"amount": ("Amount",), "currency": ("Amount",), "direction": ("Way",)}
    assert columns_of_amounts(TABLES["transfers"], raw) == {"Amount"}


def test_cr_in_the_column_of_debits_is_no_amount():
    """It contradicts the column: taken as money out, a credit would be booked the other way round."""
    text = "'30.00 CR'"
    kept = f"CASE WHEN {amounts.credited(text)} THEN {text} ELSE {amounts.unsigned(text)} END"
    assert duckdb.connect().execute(f"SELECT {kept}").fetchall() == [("30.00 CR",)]
