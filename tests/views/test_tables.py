"""Rows as text: one place, three formats."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from mulegraph.views.formats import Format
from mulegraph.views.tables import collapse_patterns, made_of, plain, ranking, score_text, shown, written

ROWS = [
    {"id": "a", "amount": Decimal("1234.50"), "at": datetime(2026, 1, 5, 9, 30), "names": ["x", "y"], "none": None},
    {
        "id": "=1+1",
        "amount": Decimal("0.10"),
        "at": pd.Timestamp("2026-01-05 09:30:00.25"),
        "names": [],
        "none": np.nan,
    },
]
HEADS = {"id": "id", "amount": "amount", "at": "at", "names": "names", "none": "none"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("10.00"), "10.00"),
        (Decimal("1E+3"), "1000"),
        (datetime(2026, 1, 5), "2026-01-05T00:00:00Z"),
        (date(2026, 1, 5), "2026-01-05"),
        (pd.NaT, None),
        (float("nan"), None),
        (float("inf"), None),
        (np.int64(3), 3),
        (np.array(["a"]), ["a"]),
        ({"a": Decimal("1")}, {"a": "1"}),
    ],
)
def test_plain_values(value, expected):
    """Decimals and times are text, nothing is null, and JSON can hold all of it."""
    assert plain(value) == expected
    json.dumps(plain(value), allow_nan=False)


def test_json_is_an_array_also_when_empty():
    """A pipe can always parse it."""
    assert json.loads(written([], Format.JSON, columns=HEADS)) == []
    assert json.loads(written(ROWS, Format.JSON, columns=HEADS))[0]["amount"] == "1234.50"


def test_csv_does_not_run_in_a_spreadsheet():
    """A cell that begins like a formula is quoted as text."""
    rows = list(csv.DictReader(io.StringIO(written(ROWS, Format.CSV, columns=HEADS))))
    assert [row["id"] for row in rows] == ["a", "'=1+1"]
    assert rows[0]["names"] == "x y"
    assert rows[0]["none"] == rows[1]["names"] == ""
    assert rows[1]["at"] == "2026-01-05T09:30:00.250000Z"


def test_tables_fit_and_never_interpret():
    """80 columns; markup and control characters in a value are shown, not obeyed."""
    text = written([{"id": "[bold]x\x1b[31m" + "y" * 200}], Format.TABLE, columns={"id": "id"})
    assert "[bold]" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "(none)" in written([], Format.TABLE, columns=HEADS)


def test_hundredths_of_parts_add_up_to_the_score():
    """Rounded by largest remainder: 0.005 and 0.006 are 0.01 together, not 0.02."""
    assert made_of({"base": 0.0055, "N3": 0.0062}) == "N3 0.01"
    assert made_of({"N1": 0.333333, "A7": 0.333333, "base": 0.333333}) == "N1 0.34 + A7 0.33 + base 0.33"


def test_nothing_has_no_stories():
    """An empty listing is one, and no trouble."""
    assert collapse_patterns(pd.DataFrame(columns=["sign", "pattern", "finding", "subject_id"])).empty


def test_an_amount_is_never_cut():
    """A range is broken after its dash and no digit is left out; a head is broken between words."""
    heads = {name: f"whatever it held {name}" for name in ("a", "b", "c", "d", "e")}
    row = dict.fromkeys(heads, "1,234,366.73–2,234,047.72")
    text = written([row, {**row, "a": "0.00"}], Format.TABLE, columns=heads)
    assert text.count("1,234,366.73–") == text.count("2,234,047.72") == 9
    assert max(map(len, text.splitlines())) <= 80


def test_a_row_without_room_is_a_block():
    """Where even broken lines do not fit, each row is told in lines of its own, whole."""
    row = {f"column {number}": f"NORD{number:09d}" for number in range(12)}
    other = {name: value.replace("NORD", "WEST") for name, value in row.items()}
    lines = written([row, other], Format.TABLE, columns={name: name for name in row}).splitlines()
    assert lines == [f"{name}: {row[name]}" for name in row] + [""] + [f"{name}: {other[name]}" for name in row]


def test_dinars_keep_their_third_place():
    """Of other currencies the ledger's third place is always nothing."""
    assert [shown(Decimal(each)) for each in ("1234.560", "1234.567", "7.000", "0.001")] == [
        *("1,234.56", "1,234.567", "7.00", "0.001")
    ]


def test_scores_near_one_are_told_so_that_they_rank():
    """Two decimals of 0.996 and of 0.9999 are alike."""
    assert [score_text(each) for each in (0.5, 0.9, 0.996, 0.9999, 1.0)] == [
        *("0.50", "0.90 (9 to 1)", "1.00 (249 to 1)", "1.00 (9,999 to 1)", "1.00 (over 1,000,000 to 1)")
    ]


def test_a_listing_s_scores_rank():
    """Under 0.995 two places; above, as many as there are nines and one more."""
    scores = [1.0, 0.999997, 0.99996, 0.9999, 0.9973, 0.994, 0.5, 0.0]
    assert [ranking(each) for each in scores] == [
        *("1.00", "0.999997", "0.99996", "0.99990", "0.997", "0.99", "0.50", "0.00")
    ]
    listed = written([{"score": each} for each in scores], Format.TABLE, columns={"score": "score"})
    assert "0.999997" in listed
