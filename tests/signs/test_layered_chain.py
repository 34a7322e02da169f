"""N1: layered chains, one finding for each account that passes money on."""

from __future__ import annotations

from tests.drawing import accounts_of, transfers_of
from tests.signs.inputs import background, findings_of, weighed

CHAIN = "victim m1 1000 9:00\nm1 m2 950 9:20\nm2 m3 900 9:50\nm3 cash 880 10:10\n"


def test_a_chain_is_one_story_about_each_that_passes_on(ledger_of):
    """What went in, what came out, and whose turn it was; who pays first is named, and no subject."""
    found = findings_of("N1", ledger_of(CHAIN + background()))

    assert {each["subject_id"] for each in found} == {"m1", "m2", "m3"}
    assert len({each["pattern"] for each in found}) == 1
    (second,) = (each for each in found if each["subject_id"] == "m2")
    assert second["evidence"] == ["t001", "t002", "t003", "t004"]
    assert second["accounts"] == ["victim", "m1", "m2", "m3", "CASH-OUT"]
    assert second["reason"] == (
        "number 2 of 3 accounts that passed money on: 1,000.00 EUR went in and 880.00 EUR came out 70 minutes later"
    )
    assert second["surprise"] > 10


def test_a_chain_is_worth_what_shuffled_times_leave_of_it(ledger_of):
    """One chain that no shuffled ledger has says much, and the same of each account that passes it on."""
    (one,) = {each["worth"] for each in findings_of("N1", ledger_of(CHAIN + background()))}
    assert one > 2


def test_who_pays_out_cash_is_in_the_last_phase(ledger_of):
    """The others disperse."""
    phases = {each["subject_id"]: each["phase"] for each in findings_of("N1", ledger_of(CHAIN + background()))}
    assert phases == {"m1": "disperse", "m2": "disperse", "m3": "cash_out"}


def test_money_that_rests_overnight_is_no_chain(ledger_of):
    """Outside the window nothing is passed on."""
    rests = "victim m1 1000 9:00\nm1 m2 950 1+9:20\nm2 m3 900 2+9:50\n"
    assert findings_of("N1", ledger_of(rests + background())) == []


def test_two_hops_are_no_chain(ledger_of):
    """Salary in, rent out: a pass-through, and not layering."""
    assert findings_of("N1", ledger_of("firm me 1000 9:00\nme owner 900 9:20\n" + background())) == []


def test_the_same_path_next_week_is_lowered(ledger_of):
    """Salary, joint account, mortgage: the accounts pay each other in the same order again."""
    again = CHAIN.replace(" 9:", " 7+9:").replace(" 10:", " 7+10:")
    found = weighed("N1", ledger_of(CHAIN + again + background()))
    assert all("recurring_path" in each["passed"] and each["score"] < 0.3 for each in found)


def test_a_sweep_between_own_accounts_is_lowered(ledger_of):
    """One firm holds all three."""
    drawing = CHAIN.replace("cash", "m4") + background()
    mine = {name: {"holder_id": "firm"} for name in ("m1", "m2", "m3", "m4")}
    found = weighed("N1", ledger_of(drawing, accounts=accounts_of(transfers_of(drawing), **mine)))
    assert all("own_sweep" in each["passed"] for each in found)
    assert "own_sweep" in found[0]["passed"]
