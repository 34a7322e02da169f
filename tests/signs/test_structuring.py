"""N7: one sum cut into pieces."""

from __future__ import annotations

import pytest

from tests.signs.inputs import findings_of


def test_the_same_amount_again_and_again(ledger_of):
    """Four times 500 to the same party in a day."""
    (found,) = findings_of("N7", ledger_of("\n".join(f"a b 500 {hour}:00" for hour in (9, 10, 11, 12))))
    assert found["subject_id"] == "a"
    assert "4 times the same amount to the same party in a day" in found["reason"]
    assert found["accounts"] == ["a", "b"]


@pytest.mark.parametrize("amounts", [("9500", "9900", "9700")])
def test_just_under_the_limit_to_several(ledger_of, amounts):
    """Three within a week, under 10,000 euros (EU directive 2015/849)."""
    drawing = "\n".join(f"a b{day} {amount} {day}+9:00" for day, amount in enumerate(amounts))
    (found,) = findings_of("N7", ledger_of(drawing))
    assert "3 amounts just under the reporting limit" in found["reason"]
    assert found["evidence"] == ["t001", "t002", "t003"]


def test_above_the_limit_hides_nothing(ledger_of):
    """Who pays 10,000 is reported anyway."""
    assert findings_of("N7", ledger_of("a b 10000 9:00\na c 10500 10:00\na d 12000 11:00")) == []


def test_rent_every_week_is_innocent(ledger_of):
    """The same to the same, and never twice in a day; four coffees in a day are too small."""
    rent = "\n".join(f"a owner 250 {7 * week}+9:00" for week in range(4))
    coffee = "\n".join(f"a cafe 3.50 1+{hour}:00" for hour in (9, 10, 11, 12))
    assert findings_of("N7", ledger_of(rent + "\n" + coffee)) == []


def test_two_are_just_below(ledger_of):
    """The threshold can be changed."""
    ledger = ledger_of("a b 500 9:00\na b 500 10:00")
    assert findings_of("N7", ledger) == []
    assert len(findings_of("N7", ledger, min_repeats=2)) == 1


def test_cash_paid_in_is_about_who_receives_it(ledger_of):
    """There is nobody else to name."""
    (found,) = findings_of("N7", ledger_of("\n".join(f"cash a 900 {hour}:00 branch" for hour in (9, 10, 11))))
    assert found["subject_id"] == "a"
