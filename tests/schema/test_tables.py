"""The one schema holds together, and the page on it is up to date."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from mulegraph.schema.tables import (
    AMOUNT_MINOR_LIMIT,
    AMOUNT_PLACES,
    TABLES,
    Kind,
    Table,
    document,
    expectation,
    minor_exponents,
)

ROOT = Path(__file__).parents[2]
EACH_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))


def test_the_page_on_tables_is_what_the_schema_says():
    """docs/tables.md is written by `python -m mulegraph.schema.tables`, not by hand."""
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")

    assert page == document(), "run: python -m mulegraph.schema.tables > docs/tables.md"
    assert subprocess.check_output([sys.executable, "-m", "mulegraph.schema.tables"], text=True, cwd=ROOT) == page


def test_the_tables_are_those_of_the_design():
    """Two of them required."""
    assert list(TABLES) == [
        "accounts",
        "holders",
        "population_register",
        "devices",
        "device_use",
        "transfers",
        "statement_lines",
        "balances",
        "card_events",
        "merchants",
        "listings",
        "reports",
    ]
    assert [name for name, table in TABLES.items() if table.required] == ["accounts", "transfers"]


@EACH_TABLE
def test_a_key_is_made_of_required_columns(table: Table):
    """A row without its key could not be told from another."""
    assert all(table.column(name).required for name in table.key)
    assert len(set(table.column_names)) == len(table.columns)


@EACH_TABLE
def test_a_reference_points_to_a_table_loaded_earlier(table: Table):
    """The loading order is the order of the tables."""
    order = list(TABLES)
    for column in table.columns:
        if column.references:
            assert order.index(column.references) < order.index(table.name)


@EACH_TABLE
def test_every_column_has_a_type_an_expectation_and_choices_where_it_needs_them(table: Table):
    """Errors and docs read from these."""
    assert table.arrow_schema.names == table.column_names
    for column in table.columns:
        assert expectation(column)
        assert bool(column.choices) == (column.kind is Kind.CHOICE)
        assert all(choice == choice.strip().lower() for choice in column.choices)


def test_currencies_have_the_decimals_of_their_smallest_coin():
    """From ISO 4217; gold and the like have none and are not currencies of accounts."""
    places = minor_exponents()

    assert {code: places[code] for code in ("EUR", "USD", "VND", "JPY", "KWD")} == {
        "EUR": 2,
        "USD": 2,
        "VND": 0,
        "JPY": 0,
        "KWD": 3,
    }
    assert "XAU" not in places
    assert max(places.values()) == AMOUNT_PLACES


def test_the_largest_amount_of_every_currency_fits_its_column():
    """Fewer than 10^15 minor units fit in the stored decimal and, times 100, in 64 bits."""
    kind = TABLES["transfers"].arrow_schema.field("amount").type

    assert pa.types.is_decimal(kind)
    for exponent in set(minor_exponents().values()):
        assert len(str(AMOUNT_MINOR_LIMIT // 10**exponent - 1)) <= kind.precision - kind.scale
    assert (AMOUNT_MINOR_LIMIT - 1) * 100 < 2**63
