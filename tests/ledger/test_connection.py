"""SQL that one connection has written serves all others, says the same, and holds no connection."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import ibis
import pytest

from mulegraph.ledger import connection
from mulegraph.ledger.ledger import Ledger
from tests.drawing import draw

DRAWING = """
    a b 100 9:00
    b c 90 9:10
"""


@pytest.fixture(autouse=True)
def _nothing_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_written", {})


def paid(ledger: Ledger, most: int = 50) -> ibis.Table:
    """Who paid more than an amount."""
    transfers = ledger.transfers.filter(ledger.transfers.amount > most)
    return transfers.join(ledger.table("holders"), [("source", "holder_id")], how="left").group_by("source").count()


def test_a_second_ledger_takes_the_sql_and_asks_its_own_rows(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = draw(tmp_path / "one", DRAWING), draw(tmp_path / "two", "x y 70 9:00")
    assert sorted(paid(one).to_pyarrow()["source"].to_pylist()) == ["a", "b"]
    assert len(connection._written) == 1
    assert paid(two).to_pyarrow()["source"].to_pylist() == ["x"]
    assert len(connection._written) == 1


def test_other_words_are_other_sql(ledger_of: Callable[..., Ledger]) -> None:
    ledger = ledger_of(DRAWING)
    assert paid(ledger, 95).to_pyarrow()["source"].to_pylist() == ["a"]
    assert len(paid(ledger, 50).to_pyarrow()) == 2
    assert len(paid(ledger, 50).limit(1).to_pyarrow()) == 1
    texts = set(connection._written.values())
    assert len(texts) == 3
    assert ibis.to_sql(paid(ledger, 95), pretty=False) in texts


def test_an_expression_that_holds_rows_is_written_each_time(ledger_of: Callable[..., Ledger]) -> None:
    ledger = ledger_of(DRAWING)
    for name in ("a", "b"):
        of = ibis.memtable({"source": [name]})
        assert ledger.transfers.semi_join(of, "source").count().to_pyarrow().as_py() == 1
    assert not connection._written


def test_no_more_are_kept_than_said(monkeypatch: pytest.MonkeyPatch, ledger_of: Callable[..., Ledger]) -> None:
    monkeypatch.setattr(connection, "MOST_WRITTEN", 3)
    ledger = ledger_of(DRAWING)
    for most in range(7):
        paid(ledger, most).to_pyarrow()
        assert len(connection._written) <= 3


def test_a_connection_ends_with_its_ledger(ledger_of: Callable[..., Ledger]) -> None:
    ledger = ledger_of(DRAWING)
    paid(ledger).to_pyarrow()
    held = weakref.ref(ledger.engine)
    gc.disable()
    try:
        del ledger
        assert held() is None
    finally:
        gc.enable()
