"""N8: money that comes in and goes on, unlike the account's own coming and going."""

from __future__ import annotations

import numpy as np

from tests.drawing import accounts_of, transfers_of
from tests.signs.inputs import background, findings_of, weighed


def quiet(days: int = 40) -> str:
    """Others pay others amounts of all sizes, so that an amount in common is a coincidence that can be counted."""
    rng = np.random.default_rng(5)
    rows = []
    for day in range(days):
        for hour in range(8, 20):
            payer, payee = rng.choice(60, 2, replace=False)
            rows.append(f"p{payer} p{payee} {rng.integers(2000, 500_000) / 100:.2f} {day}+{hour}:05")
    return "\n".join(rows)


ONE = "victim mule 4321.77 5+9:00\nmule next 4321.77 5+9:40\n"


def test_one_victim_and_one_payment_are_enough(ledger_of):
    """In within the morning and on within the hour, to the cent; the account did nothing else."""
    (found,) = (each for each in findings_of("N8", ledger_of(ONE + quiet())) if each["subject_id"] == "mule")
    assert found["evidence"] == ["t001", "t002"]
    assert found["accounts"] == ["mule", "next", "victim"]
    assert found["facts"]["receipts"] == found["facts"]["payments"] == found["facts"]["to_the_cent"] == 1
    assert found["reason"].startswith("4,321.77 EUR from 1 receipt went on in 1 payment, 0.7 hours later")
    assert found["score"] > 0


def test_money_may_go_on_in_pieces(ledger_of):
    """Half and half are one receipt passed on."""
    pieces = "victim mule 4321.77 5+9:00\nmule x 2160 5+9:20\nmule y 2161.77 5+9:25\n"
    (found,) = (each for each in findings_of("N8", ledger_of(pieces + quiet())) if each["subject_id"] == "mule")
    assert found["facts"]["payments"] == 2
    assert found["facts"]["to_the_cent"] == 1


def test_a_loan_paid_back_is_no_passing_on(ledger_of):
    """The money goes back to the one it came from."""
    back = "friend me 4321.77 5+9:00\nme friend 4321.77 5+9:40\n"
    assert not [each for each in findings_of("N8", ledger_of(back + quiet())) if each["subject_id"] == "me"]


def test_a_salary_and_a_smaller_rent_are_just_below(ledger_of):
    """Less than four fifths goes on, days later."""
    life = "firm me 3000 1+9:00\nme owner 1400 4+9:00\n"
    assert not [each for each in findings_of("N8", ledger_of(life + quiet())) if each["subject_id"] == "me"]


def test_the_threshold_can_be_changed(ledger_of):
    """With three days allowed, what goes on after five is not looked at."""
    late = "victim mule 4321.77 5+9:00\nmule next 4321.77 10+9:40\n"
    ledger = ledger_of(late + quiet())
    assert "mule" in {each["subject_id"] for each in findings_of("N8", ledger)}
    within = {each["subject_id"] for each in findings_of("N8", ledger, within_days=3.0)}
    assert "mule" not in within


def test_a_sweep_to_an_account_of_ones_own_is_lowered(ledger_of):
    """Savings: one holder has both accounts."""
    drawing = ONE.replace("next", "savings") + quiet() + "\n" + background(3)
    mine = {name: {"holder_id": "me"} for name in ("mule", "savings")}
    found = weighed("N8", ledger_of(drawing, accounts=accounts_of(transfers_of(drawing), **mine)))
    (swept,) = (each for each in found if each["subject_id"] == "mule")
    assert "own_sweep" in swept["passed"]
