"""N3: many at once."""

from __future__ import annotations

import pytest

from tests.drawing import accounts_of, transfers_of
from tests.signs.inputs import background, findings_of, weighed

FAN_IN = "".join(f"s{n} hub {100 + n} 3+{9 + n}:00\n" for n in range(10))
FAN_OUT = "".join(f"hub s{n} {100 + n} 3+{9 + n}:00\n" for n in range(10))
SCATTER = "".join(f"one m{n} {500 + n} 3+{9 + n}:00\nm{n} other {480 + n} 4+{9 + n}:00\n" for n in range(5))
BOTH = "".join(f"one r{n} {100 + n} 3+{9 + n}:00\nother r{n} {90 + n} 3+{10 + n}:30\n" for n in range(5))
GATHER = "".join(f"s{n} hub 100 3+{9 + n}:00\n" for n in range(6)) + "".join(
    f"hub t{n} 95 3+{16 + n}:00\n" for n in range(6)
)


@pytest.mark.parametrize(
    ("drawing", "name", "subjects"),
    [
        (FAN_IN, "fan-in", {"hub"}),
        (FAN_OUT, "fan-out", {"hub"}),
        (GATHER, "gather-scatter", {"hub"}),
        (SCATTER, "scatter-gather", {"m0", "m1", "m2", "m3", "m4"}),
        (BOTH, "bipartite", {"r0", "r1", "r2", "r3", "r4"}),
    ],
)
def test_each_pattern_is_found_about_its_accounts(ledger_of, drawing, name, subjects):
    """With all its transfers as evidence, in a ledger of three hundred others."""
    found = findings_of("N3", ledger_of(drawing + background()))
    named = {each["subject_id"] for each in found if each["facts"]["pattern_name"] == name}
    assert subjects <= named
    story = next(each for each in found if each["subject_id"] in subjects and name in each["reason"])
    assert set(story["evidence"]) == {f"t{n + 1:03d}" for n in range(len(transfers_of(drawing)))}
    assert story["surprise"] > 0 and story["score"] > 0.5


@pytest.mark.parametrize(("unknown", "meets"), [(True, False), (False, True)])
def test_two_who_pay_the_same_shops_of_another_bank_do_not_meet(ledger_of, unknown, meets):
    """Of an account at another bank the kind is not known: it may be a shop, of whose customers we see a few."""
    drawing = BOTH + background()
    kinds = {f"r{number}": {"kind": "unknown" if unknown else "personal"} for number in range(5)}
    found = findings_of("N3", ledger_of(drawing, accounts=accounts_of(transfers_of(drawing), **kinds)))
    assert ("bipartite" in {each["facts"]["pattern_name"] for each in found}) == meets


@pytest.mark.parametrize("kind", ["personal", "business", "unknown"])
def test_the_only_account_of_a_kind_is_no_less_rare(ledger_of, kind):
    """Of a few accounts of a kind nothing is rare: these are counted among all."""
    drawing = GATHER + background()
    rows = accounts_of(transfers_of(drawing), hub={"kind": kind})
    (found,) = (each for each in findings_of("N3", ledger_of(drawing, accounts=rows)) if each["subject_id"] == "hub")
    assert found["worth"] > 2


def test_two_counterparties_are_below(ledger_of):
    """Nobody is a hub by two."""
    few = "s1 hub 100 3+9:00\ns2 hub 100 3+10:00\n"
    assert "hub" not in {each["subject_id"] for each in findings_of("N3", ledger_of(few + background()))}


def test_a_busy_account_surprises_nobody(ledger_of):
    """Ten payers a day, every day: that is its trade."""
    shop = "".join(f"c{day}_{n} shop 10 {day}+{8 + n}:00\n" for day in range(20) for n in range(10))
    found = {each["subject_id"]: each["score"] for each in findings_of("N3", ledger_of(shop + background()))}
    assert found.get("shop", 0.0) < 0.3


def test_a_payroll_is_lowered(ledger_of):
    """A firm pays ten people by batch: the finding stays, and scores little."""
    wages = FAN_OUT.replace("\n", " batch\n")
    rows = accounts_of(transfers_of(wages + background()), hub={"kind": "business"})
    (found,) = (
        each for each in weighed("N3", ledger_of(wages + background(), accounts=rows)) if each["subject_id"] == "hub"
    )
    assert "payroll" in found["passed"] and found["score"] < 0.3


@pytest.mark.parametrize(
    ("days", "middlemen", "sum_paid", "is_found"),
    [(80, 5, 500, True), (40, 5, 500, False), (80, 5, 20, True), (80, 3, 20, False)],
)
def test_middlemen_who_take_weeks_are_found_where_the_ledger_is_long(ledger_of, days, middlemen, sum_paid, is_found):
    """Paid one by one and paying on after a fortnight: out of reach of ten days, and of a ledger of forty.

    Three who pass small change on stand there by chance.
    """
    steps = "one m{n} {came} {day}+9:00\nm{n} other {paid} {later}+9:00\n"
    slow = "".join(
        steps.format(n=n, came=sum_paid + n, paid=round(0.96 * sum_paid) + n, day=1 + 2 * n, later=16 + 2 * n)
        for n in range(middlemen)
    )
    ends = f"w z 50 0+8:00\nw z 50 {days - 1}+8:00\n"
    found = {each["subject_id"] for each in findings_of("N3", ledger_of(slow + ends + background()))}
    assert ({f"m{n}" for n in range(middlemen)} <= found) == is_found
