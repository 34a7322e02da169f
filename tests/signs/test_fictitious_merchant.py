"""C4: takings that look made up."""

from __future__ import annotations

from mulegraph.signs.base import all_signs
from tests.signs.inputs import card, findings_of

PAY = "a b 10 9:00"


def takings(cards: str, amounts: list[str]) -> list[dict[str, str]]:
    """Payments at merchant m, one an hour, by the cards in turn."""
    return [
        card(cards[n % len(cards)], n // 12, f"{8 + n % 12}:00", amount, merchant_id="m")
        for n, amount in enumerate(amounts)
    ]


def test_few_cards_round_and_repeated(ledger_of):
    """Twelve payments of 200 and 500 by two cards: three of four tests."""
    (found,) = findings_of("C4", ledger_of(PAY, card_events=takings("ab", ["200", "500"] * 6)))
    assert (found["subject_kind"], found["subject_id"]) == ("merchant", "m")
    assert "12 card payments by 2 cards, 100% of round amounts, 83% of an amount seen before" in found["reason"]
    assert found["accounts"] == ["a", "b"]


def test_drained_the_same_day_stands_for_another_test(ledger_of):
    """Amounts that differ, but the account that the card payments reached was emptied at once."""
    amounts = [str(200 + 10 * n) for n in range(10)]
    events = takings("ab", amounts)
    moves = "\n".join(f"{'ab'[n % 2]} shop {amount} {8 + n}:00 card" for n, amount in enumerate(amounts))
    ledger = ledger_of(moves + "\nshop away 2400 23:00", card_events=events)
    (found,) = findings_of("C4", ledger)
    assert "98% drained within a day" in found["reason"]


def test_a_canteen_is_innocent(ledger_of):
    """One price for everybody is repeated; it is not round, and many come."""
    guests = "\n".join(f"{name} x 1 9:00" for name in "abcdefgh")
    assert findings_of("C4", ledger_of(guests, card_events=takings("abcdefgh", ["6.50"] * 24))) == []


def test_two_tests_are_just_below(ledger_of):
    """Round and from few cards, and never the same; the threshold can be changed."""
    ledger = ledger_of(PAY, card_events=takings("ab", [str(10 * n) for n in range(1, 11)]))
    assert findings_of("C4", ledger) == []
    assert len(findings_of("C4", ledger, min_failed_tests=2)) == 1


def test_cards_without_merchants_are_not_testable(ledger_of):
    """It says which column it needs."""
    assert all_signs()["C4"].missing(ledger_of(PAY, card_events=[card("a", 1, "9:00")])) == ["card_events.merchant_id"]
