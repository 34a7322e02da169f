"""Benign tests: each explanation where it fits and where it does not, and what it takes off."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from mulegraph.cases.benign import (
    FAILED,
    PASSED,
    all_benign_tests,
    apply_benign_tests,
    explain,
    explained_signs,
    outcomes,
)
from mulegraph.cases.evidence import read_evidence
from mulegraph.schema.findings import FINDINGS, Result
from mulegraph.settings import Settings
from mulegraph.signs.base import all_signs
from mulegraph.signs.found import run_sign
from mulegraph.signs.inputs import SignInputs
from tests.drawing import accounts_of, transfers_of
from tests.signs.inputs import background, listing, use, weighed

FOLDER = Path(__file__).parents[2] / "mulegraph" / "cases" / "innocent"
CHAIN = "victim m1 1000 9:00\nm1 m2 950 9:20\nm2 m3 900 9:50\nm3 cash 880 10:10\n"
COLLECTED = "".join(f"s{n} hub {25} 3+{9 + n}:00\n" for n in range(8))


def test_every_finding_has_every_test_and_a_reason(plain):
    """Passed or failed, in words; nothing is left out and nothing is deleted."""
    findings = plain.findings()
    for benign, why in zip(findings["benign"], findings["benign_why"], strict=True):
        assert list(benign) == list(all_benign_tests())
        assert set(benign.values()) <= {PASSED, FAILED}
        assert all(why.values())
    assert sum(plain.run.manifest["findings"].values()) == len(findings)


def test_a_score_is_lowered_by_what_is_stated(ledger_of):
    """The score after is the score before, less the share that each passed test takes off."""
    ledger = ledger_of(CHAIN + background(), listings=[listing("m1", "known_good")])
    inputs = SignInputs(ledger, Settings())
    before = run_sign(all_signs()["N1"], inputs, {}).findings
    after, outcomes = apply_benign_tests(before, read_evidence(before, ledger, inputs.sides))
    assert len(before) == len(after) == len(outcomes)
    for old, new, said in zip(before.to_pylist(), after.to_pylist(), outcomes.to_pylist(), strict=True):
        passed = [name for name in all_benign_tests() if said[name] == Result.PASSED]
        left = 1.0
        for name in passed:
            left *= 1 - all_benign_tests()[name].reduction
        assert new["score"] == pytest.approx(old["score"] * left, abs=1e-6)
        assert ("known_good" in passed) == (new["subject_id"] == "m1")


def test_a_test_explains_only_its_signs(ledger_of):
    """That a shop is known to be good says nothing of its being for sale."""
    ledger = ledger_of("a b 10 9:00", listings=[listing("a", "for_sale"), listing("a", "known_good")])
    (found,) = weighed("A2", ledger)
    assert found["passed"] == [] and found["score"] == 0.8
    assert found["benign"]["known_good"] is Result.NOT_APPLICABLE


@pytest.mark.parametrize(("amounts", "passed"), [("25", True), ("9 8 41 25 60 17 33 5", False)])
def test_a_treasurer_collects_equal_shares_and_pays_a_firm(ledger_of, amounts, passed):
    """Unequal shares are no club."""
    sums = (amounts.split() * 8)[:8]
    drawing = (
        "".join(f"s{n} hub {each} 3+{9 + n}:00\n" for n, each in enumerate(sums))
        + "hub hall 190 4+12:00\n"
        + background()
    )
    rows = accounts_of(transfers_of(drawing), hall={"kind": "business"})
    (found,) = (each for each in weighed("N3", ledger_of(drawing, accounts=rows)) if each["subject_id"] == "hub")
    assert ("treasurer" in found["passed"]) is passed


def test_who_pays_a_person_on_is_no_treasurer(ledger_of):
    """Equal shares that go to another account of nobody known."""
    drawing = COLLECTED + "hub hall 190 4+12:00\n" + background()
    (found,) = (each for each in weighed("N3", ledger_of(drawing)) if each["subject_id"] == "hub")
    assert "treasurer" not in found["passed"]


@pytest.mark.parametrize(
    ("homes", "passed"), [(["W1", "W1"], "household"), (["W1"] * 4, "student_house"), (["W1", "W2"], "")]
)
def test_who_lives_together_may_share_a_device(ledger_of, homes, passed):
    """Two or three are a household, more a student house; two addresses are neither."""
    names = "abcd"[: len(homes)]
    holders = [
        {"holder_id": f"h_{name}", "name": name, "address": home} for name, home in zip(names, homes, strict=True)
    ]
    drawing = "\n".join(f"{name} shop 10 9:00" for name in names)
    ledger = ledger_of(drawing, device_use=[use(name, "pc") for name in names], holders=holders)
    (found,) = weighed("A7", ledger)
    assert found["passed"] == ([passed] if passed else [])


@pytest.mark.parametrize(
    ("dealing", "passed"), [("", ["public_device"]), ("each other", []), ("one head", []), ("nobody yet", [])]
)
def test_a_device_of_many_strangers_is_public_and_one_of_a_herd_is_not(ledger_of, dealing, passed):
    """A terminal's visitors are joined by no money; a dozen mules pay each other, or one head, or nobody yet."""
    names = [f"v{number}" for number in range(12)]
    rows = [f"{name} shop 10 9:{place:02}" for place, name in enumerate(names)]
    rows += [f"customer{number} shop 10 8:{number:02}" for number in range(20)]
    accounts = accounts_of(transfers_of("\n".join(rows)))
    if dealing == "nobody yet":
        rows = rows[len(names) :]
    if dealing == "each other":
        rows += [f"{one} {other} 50 10:{place:02}" for place, (one, other) in enumerate(pairwise(names))]
    if dealing == "one head":
        rows += [f"{name} head 50 11:{place:02}" for place, name in enumerate(names)]
        accounts = accounts_of(transfers_of("\n".join(rows)))
    homes = [{"holder_id": f"h_{name}", "name": name, "address": name} for name in names]
    ledger = ledger_of(
        "\n".join(rows), accounts=accounts, device_use=[use(name, "pc") for name in names], holders=homes
    )
    assert [weighed(code, ledger)[0]["passed"] for code in ("A7", "N4")] == [passed] * 2


@pytest.mark.parametrize(
    ("channel", "kind", "explained"),
    [
        ("batch", "business", True),
        ("batch", "unknown", True),
        ("instant", "unknown", False),
        ("batch", "personal", False),
    ],
)
def test_who_pays_several_colleagues_meets_their_employer(ledger_of, channel, kind, explained):
    """Friends who work for one firm are paid by it and by their friend; two persons who pay the same five are none."""
    drawing = "".join(f"firm w{n} 2{n}00 5+6:{n:02}\n" for n in range(5))
    drawing += "".join(f"friend w{n} {20 + n} {3 + n}+1{n}:00\n" for n in range(5)) + background()
    rows = transfers_of(drawing)
    for row in rows:
        row["channel"] = channel if row["source"] == "firm" else "instant"
        row["reference"] = "salary" if row["source"] == "firm" else ""
    ledger = ledger_of(drawing, transfers=rows, accounts=accounts_of(rows, firm={"kind": kind}))
    inputs = SignInputs(ledger, Settings())
    found = {
        "finding": "N3-1",
        "sign": "N3",
        "subject_kind": "account",
        "subject_id": "friend",
        "accounts": ["firm", "friend", *(f"w{n}" for n in range(5))],
        "evidence": [row["transfer_id"] for row in rows if row["source"] in ("firm", "friend")],
        "score": 0.6,
        "worth": 7.0,
    }
    table = FINDINGS.table({name: [found.get(name)] for name in FINDINGS.arrow.names})
    after, told = apply_benign_tests(table, read_evidence(table, ledger, inputs.sides))
    assert (told["colleagues"][0].as_py() == Result.PASSED) == explained
    assert (after["worth"][0].as_py() < 1) == explained


def test_a_merchant_is_paid_by_many(ledger_of):
    """By its kind, or because dozens pay it and few of them stand in the finding."""
    drawing = COLLECTED + background()
    (found,) = (
        each
        for each in weighed(
            "N3", ledger_of(drawing, accounts=accounts_of(transfers_of(drawing), hub={"kind": "merchant"}))
        )
        if each["subject_id"] == "hub"
    )
    assert "merchant" in found["passed"]


def test_what_recurs_must_recur_together(ledger_of):
    """The same accounts on the same two days of different weeks; scattered meetings are no path."""
    scattered = CHAIN + "victim m1 5 7+9:00\nm1 m2 5 12+9:00\nm2 m3 5 17+9:00\n"
    found = weighed("N1", ledger_of(scattered + background()))
    assert all("recurring_path" not in each["passed"] for each in found)


def test_benign_tests_are_found_by_being_there():
    """Each file of the folder is one test under its name, which says when it fits and what it takes off."""
    assert set(all_benign_tests()) == {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    for test in all_benign_tests().values():
        assert 0 < test.reduction < 1
        assert len(test.innocent_when) > 20
        assert explained_signs(test, all_signs())


def test_a_test_that_does_not_apply_says_so_and_keeps_no_values(ledger_of):
    """Its sentence is of the sign, and not of the finding."""
    ledger = ledger_of("a b 10 9:00", listings=[listing("a", "for_sale")])
    inputs = SignInputs(ledger, Settings())
    found = run_sign(all_signs()["A2"], inputs, {}).findings
    _, table = apply_benign_tests(found, read_evidence(found, ledger, inputs.sides))
    for name, outcome in outcomes(table.to_pylist()[0]).items():
        assert explain(name, outcome.result, outcome.values) == "does not explain this sign"
        assert set(outcome.values.values()) == {None}


ROUND = "".join(f"payer shop{n} {100 + 37 * n}.50 {{day}}+{9 + n}:00\n" for n in range(8))


@pytest.mark.parametrize(("days", "passed"), [((10,), True), ((10, 40), False)])
def test_a_ledger_of_a_month_cannot_tell_a_burst_from_a_monthly_round(ledger_of, days, passed):
    """With a second month there it can: what does not come again is a burst."""
    drawing = ROUND.format(day=10) + "".join(f"x{n} y{n} 10.00 {n}+12:00\n" for n in range(max(days) + 10))
    found = [each for each in weighed("N3", ledger_of(drawing)) if each["subject_id"] == "payer"]
    assert [("young_ledger" in each["passed"]) for each in found] == [passed]


def test_two_who_meet_through_others_are_no_monthly_round(ledger_of):
    """Scatter-gather is none at whatever time of the month."""
    drawing = "".join(f"a m{n} 100.00 5+{9 + n}:00\nm{n} b 99.00 6+{9 + n}:00\n" for n in range(6)) + background()
    found = [each for each in weighed("N3", ledger_of(drawing)) if each["subject_id"] == "m0"]
    assert all("young_ledger" not in each["passed"] for each in found)


@pytest.mark.parametrize(("hour", "passed"), [(20, False), (52, True)])
def test_to_collect_and_pay_on_within_a_day_is_no_monthly_round(ledger_of, hour, passed):
    """Six pay one, who pays five the same evening; days later it may be rent, and bills that are due then."""
    days, hours = divmod(hour, 24)
    drawing = "".join(f"v{n} mule {400 + 31 * n}.00 10+{9 + n}:00\n" for n in range(6))
    drawing += "".join(f"mule b{n} {500 + 17 * n}.00 {10 + days}+{hours}:{10 * n}\n" for n in range(5))
    drawing += "".join(f"x{n} y{n} 10.00 {n}+12:00\n" for n in range(20))
    (found,) = (each for each in weighed("N3", ledger_of(drawing)) if each["subject_id"] == "mule")
    assert found["facts"]["pattern_name"] == ("fan-in" if passed else "gather-scatter")
    assert ("young_ledger" in found["passed"]) == passed


def test_that_nobody_can_tell_yet_speaks_for_nobody(ledger_of):
    """A mule of a bank's first month is not called last, and has no fact that speaks against his knowing."""
    from mulegraph.casework.fact_sheet import AGAINST, Known, fact_sheet
    from mulegraph.workspace.workspace import Workspace

    drawing = ROUND.format(day=10) + "".join(f"x{n} y{n} 10.00 {n}+12:00\n" for n in range(20))
    ledger = ledger_of(drawing)
    space = Workspace(ledger.folder.parent)
    known = space.account("payer")
    assert "passed" in {outcome["young_ledger"] for outcome in known.findings["benign"]}
    sheet = fact_sheet(
        Known("payer", None, Decimal(0), Decimal(0), space.transfers_of("payer"), set(), set(), 0, [], known.findings)
    )
    assert not any("young ledger" in each.fact for each in sheet if each.speaks == AGAINST)
