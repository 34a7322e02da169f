"""What `map` makes of columns and values that a bank writes in its own way; none of it is loaded."""

from __future__ import annotations

import tomllib
from pathlib import Path

import duckdb
import pytest

from mulegraph.ingest import guesses
from mulegraph.ingest.propose import propose
from mulegraph.ingest.times import time_sql

A, B, C = "NL83TSTB0000000033", "DE89370400440532013000", "NL02ABNA0123456789"


def proposed(folder: Path, *lines: str) -> dict:
    """The table that is proposed for a file of these lines."""
    path = folder / "export.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = propose(path)
    return tomllib.loads(found.text)[found.table]


def test_a_workbook_s_days_are_not_read_as_dates_of_six_digits(tmp_path: Path):
    """46056 is the 3rd of February 2026 in Excel; `%y%m%d` makes the 6th of May 2046 of it."""
    rows = (f"{A},{B},{day},-5.00,EUR" for day in ("46056", "46057"))
    found = proposed(tmp_path, "Account,Counterparty IBAN,Booking date,Amount,Currency", *rows)

    assert found["time_format"] == "excel"


@pytest.mark.parametrize("text", ["2026111", "46056", "20260203123"])
def test_a_date_without_marks_has_all_its_digits(text: str):
    """2026111 is the 1st of November as well as the 11th of January: neither is taken."""
    formats = ("%Y%m%d",) if len(text) > 5 else ("%y%m%d",)
    (way,) = time_sql("t", formats, None, "'UTC'")

    assert duckdb.execute(f"SELECT {way.utc} FROM (SELECT ? AS t)", [text]).fetchone() == (None,)
    assert not guesses.time_formats([text])


def test_a_currency_behind_a_name_is_no_part_of_it(tmp_path: Path):
    """Gutschrift in CHF and Lastschrift in CHF are the columns of money in and out."""
    rows = ("28.02.2026;x;1'234.50;;2'000.00", "27.02.2026;y;;-45.10;765.50")
    found = proposed(tmp_path, "Datum;Text;Gutschrift in CHF;Lastschrift in CHF;Saldo in CHF", *rows)

    assert found["direction"] == {
        "debit": "Lastschrift in CHF",
        "credit": "Gutschrift in CHF",
        "debits_are_negative": True,
    }


def test_balances_show_how_thousands_are_grouped(tmp_path: Path):
    """No amount of the sample reaches a thousand; one further down may."""
    rows = ('02/13/2026,a,($45.10),"$1,954.90"', '02/14/2026,b,$100.00,"$2,054.90"')
    found = proposed(tmp_path, "Date,Description,Amount,Balance", *rows)

    assert found["grouping"] == ","


@pytest.mark.parametrize(
    "head",
    [
        "account_id,counterparty_id,booked_at,amount,currency",
        "own,other,date,amount,currency",
        "Számla,Másik,Nap,Összeg,Kód",
    ],
)
def test_columns_are_known_by_our_names_or_where_only_one_can_be_meant(tmp_path: Path, head: str):
    """Whole forints have no decimals, and Hungary writes a point behind the day."""
    found = proposed(tmp_path, head, f"{A},{B},2026.02.03.,-12 345,HUF", f"{A},{C},2026.02.25.,500 000,HUF")

    assert {"account_id", "counterparty_id", "booked_at", "amount", "currency"} <= set(found["columns"])
    assert found["time_format"] == "%Y.%m.%d."
