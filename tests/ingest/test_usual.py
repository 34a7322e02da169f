"""The usual form of a batch: what it says of whole columns holds for every value."""

from __future__ import annotations

import re

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.ingest.columns import FileColumns
from mulegraph.ingest.mapping import TableMapping
from mulegraph.ingest.usual import UsualForm
from mulegraph.schema.tables import Column, Kind, Table

TABLE = Table(
    "payments",
    ("payment_id",),
    (
        Column("payment_id", required=True, limit=8),
        Column("at", Kind.TIME, required=True),
        Column("day", Kind.DATE),
        Column("amount", Kind.AMOUNT),
        Column("note", limit=8),
    ),
)
COLUMNS = FileColumns(
    {name: f"c{place}" for place, name in enumerate(TABLE.column_names, 1)},
    {name: (f"c{place}",) for place, name in enumerate(TABLE.column_names, 1)},
    tuple(f"c{place}" for place in range(1, len(TABLE.columns) + 1)),
)
FORM = UsualForm.of(TABLE, COLUMNS, TableMapping())
PATTERNS = (
    r"[^ +][^+]{0,7}",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    r"(\d{4}-\d\d-\d\d)?",
    r"(\d{1,12}|(?=.{1,12}$)\d+\.\d{1,2})?",
    r".{0,8}",
)
USUAL = ("P1", "2026-02-03T09:00:00Z", "2026-02-03", "12.50", "x")


def near(usual: str) -> st.SearchStrategy[str | None]:
    """A usual value, one with a letter of it changed, or short texts of the letters that matter."""
    changed = st.tuples(st.integers(0, len(usual)), st.text("0./:+ eZé", max_size=2)).map(
        lambda change: (usual[: change[0]] + change[1] + usual[change[0] + 1 :]) or None
    )
    return st.one_of(st.just(usual), st.none(), changed, st.text("0123.", min_size=1, max_size=14))


NAMES = ["unreadable", *COLUMNS.used]
ROWS = st.lists(st.tuples(*(near(value) for value in USUAL)), min_size=1, max_size=3)


def batch(rows: list[tuple[str | None, ...]]) -> pa.RecordBatch:
    """Rows as a source gives them, cut out of a longer batch, as a filter of lines may leave them."""
    padded = [USUAL, *rows]
    columns = {raw: pa.array([row[place] for row in padded], pa.string()) for place, raw in enumerate(COLUMNS.used)}
    whole = pa.record_batch({"unreadable": pa.nulls(len(padded), pa.string()), **columns})
    return whole.slice(1)


@given(ROWS)
def test_a_batch_in_the_usual_form_holds_only_values_that_are_written_so(rows: list[tuple[str | None, ...]]) -> None:
    """Each value of such a batch matches the slow pattern, fills what is required, and is as short as it must be."""
    assert FORM is not None
    matches = all(re.fullmatch(pattern, row[place] or "") for row in rows for place, pattern in enumerate(PATTERNS))
    short = all(len(value.encode()) <= 8 for row in rows for value in (row[0], row[4]) if value)
    # Rows that are usual, yet not told so, only cost time; rows told so wrongly would skip the rules.
    if FORM.fits(batch(rows)):
        assert matches and short


def test_rows_as_banks_write_them_are_in_the_usual_form() -> None:
    """Whole amounts, amounts with cents and empty values are usual; an unreadable value is not."""
    assert FORM is not None
    rows = [USUAL, ("P2", USUAL[1], None, "7", None), ("P3", USUAL[1], "2026-02-04", "1.5", "ü")]
    assert FORM.fits(batch(rows))
    unreadable = batch(rows).set_column(0, "unreadable", pa.array(["c5", None, None]))
    assert not FORM.fits(unreadable)


def test_a_column_of_empty_texts_only_is_read() -> None:
    """It has no bytes at all, and breaks no rule where nothing is required."""
    assert FORM is not None
    assert FORM.fits(batch([(*USUAL[:4], "")]).slice(0, 1))
    assert FORM.fits(pa.record_batch(batch([USUAL]).set_column(5, "c5", pa.array([""])).columns, names=NAMES))


def test_columns_that_the_mapping_makes_have_no_usual_form() -> None:
    """A declared decimal comma, or a column made of others, sends every row through the rules."""
    assert UsualForm.of(TABLE, COLUMNS, TableMapping(decimal=",")) is None
    joined = FileColumns({**COLUMNS.texts, "note": "concat(c5, c1)"}, COLUMNS.raw, COLUMNS.used)
    assert UsualForm.of(TABLE, joined, TableMapping()) is None
