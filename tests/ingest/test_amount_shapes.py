"""Amounts as people write them, with the sign and currency that they mean; what may mean two things is no amount."""

from __future__ import annotations

import duckdb
import pytest

from mulegraph.ingest import amounts
from mulegraph.ingest.amount_shapes import in_usual_shape
from mulegraph.ingest.mapping import TableMapping

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
