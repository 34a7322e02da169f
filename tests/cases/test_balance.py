"""In, out and what remains of an account, against plain sums."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mulegraph.cases.balance import Step, balance

START = datetime(2026, 1, 5)
ends = st.sampled_from(["a", "b", "c", None])
transfers = st.lists(
    st.fixed_dictionaries(
        {
            "source": ends,
            "target": ends,
            "amount": st.integers(1, 10**6).map(lambda cents: Decimal(cents).scaleb(-2)),
            "at": st.integers(0, 20).map(lambda minutes: START + timedelta(minutes=minutes)),
        }
    ),
    max_size=30,
)


@given(transfers)
def test_what_remains_is_in_less_out_at_every_step(rows):
    """Each step says what had come and gone by then, its own moment included; one step a moment of the account's."""
    steps = balance("a", rows)

    assert [step.at for step in steps] == sorted({row["at"] for row in rows if "a" in (row["source"], row["target"])})
    for step in steps:
        known = [row for row in rows if row["at"] <= step.at]
        came = sum((row["amount"] for row in known if row["target"] == "a"), Decimal(0))
        went = sum((row["amount"] for row in known if row["source"] == "a"), Decimal(0))
        assert (step.came, step.went, step.left) == (came, went, came - went)


def test_money_to_oneself_comes_and_goes():
    """It changes both sums, and not what remains."""
    row = {"source": "a", "target": "a", "amount": Decimal("5.00"), "at": START}
    assert balance("a", [row]) == [Step(START, Decimal("5.00"), Decimal("5.00"))]
    assert balance("b", [row]) == []
