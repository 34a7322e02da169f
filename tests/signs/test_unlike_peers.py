"""N9: an account unlike those of its kind."""

from __future__ import annotations

from mulegraph.signs.base import WEAK_SCORE
from tests.drawing import accounts_of, transfers_of
from tests.signs.inputs import findings_of

QUIET = "\n".join(f"p{number} q{number} 50 {number % 20}+9:15" for number in range(150))
"""Three hundred people with one transfer each."""
BUSY = "\n".join(f"p{number} busy 900 {number % 20}+12:30" for number in range(20))


def test_who_receives_as_nobody_else_is_named_with_what_is_unusual(ledger_of):
    """Twenty receipts where others have one; it paid nothing, so only what came in is unusual."""
    (found,) = findings_of("N9", ledger_of(BUSY + "\n" + QUIET))
    assert found["subject_id"] == "busy"
    unusual = ["transfers", "transfers received", "sum received", "payers", "largest receipt"]
    assert found["facts"]["unusual"] == unusual
    assert found["facts"]["peers"] == 301
    said = "among the top 0.33% of 301 accounts of its kind (personal): "
    assert found["reason"] == said + ", ".join(unusual)


def test_it_is_weak_and_makes_no_case(ledger_of):
    """However unusual."""
    (found,) = findings_of("N9", ledger_of(BUSY + "\n" + QUIET))
    assert found["score"] == WEAK_SCORE


def test_a_shop_is_compared_with_shops(ledger_of):
    """One shop has no peers, and nothing is unusual then."""
    drawing = BUSY + "\n" + QUIET
    shop = {"busy": {"kind": "merchant"}}
    assert not findings_of("N9", ledger_of(drawing, accounts=accounts_of(transfers_of(drawing), **shop)))


def test_where_all_are_alike_nobody_is_unusual(ledger_of):
    """Ties have the lowest rank."""
    assert not findings_of("N9", ledger_of(QUIET))


def test_the_thresholds_can_be_changed(ledger_of):
    """More peers wanted than there are."""
    assert not findings_of("N9", ledger_of(BUSY + "\n" + QUIET), min_peers=400)
