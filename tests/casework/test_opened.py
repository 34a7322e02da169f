"""A case from a call: it has everything that cases have, keeps its id, joins what a scan finds, and wakes."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from mulegraph.casework.case_money import case_trace
from mulegraph.casework.requests import case_plans
from mulegraph.cli.app import app
from mulegraph.errors import UsageError
from mulegraph.journal.case_states import Left, wake
from mulegraph.settings import FILE
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.workspace.workspace import Workspace
from tests.drawing import accounts_of, draw, transfers_of

HOPS = """
    victim m1     48500 9:00
    m1     m2     30000 10:00
    m1     cash   18000 11:00 cash
    m2     m3     29000 12:00
    m3     shop      10 13:00
"""
BANKS = {
    "m1": {"bank": "SUED"},
    "m2": {"bank": "SUED"},
    "m3": {"bank": "WEST"},
    "shop": {"bank": "WEST", "kind": "merchant"},
}


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> NotebookWorkspace:
    """48,500 reported, three hops in four hours: too little for any sign."""
    folder = tmp_path_factory.mktemp("call")
    report = {
        "report_id": "R1",
        "transfer_id": "t001",
        "victim_account": "victim",
        "reported_at": "2026-01-05T14:00:00Z",
    }
    draw(folder, HOPS, accounts=accounts_of(transfers_of(HOPS), **BANKS), reports=[report])
    (folder / "workspace" / FILE).write_text("[cases]\nmin_score = 1.0\n", encoding="utf-8")
    made = NotebookWorkspace(folder / "workspace", reveal="tests of calls")
    made.scan()
    assert made.cases().empty
    assert Workspace(made.folder).run.manifest["reports_without_case"] == ["R1"]
    return made


@pytest.fixture(scope="module")
def case(space) -> str:
    return str(space.open_case(report="R1").about)


def test_a_report_makes_a_case_with_everything(space, case):
    """Its accounts by role, trace, holds, requests, note and report; it is listed; opened again it is the same."""
    assert case in set(space.cases()["case"])
    found = space.case(case)
    roles = dict(zip(found.row["accounts"], found.row["roles"], strict=True))
    assert roles == {"victim": "victim", "m1": "collector", "m2": "relay", "m3": "relay", "shop": "beneficiary"}
    assert found.row["seeds"] == ["t001"]
    plain = Workspace(space.folder)
    written_into = case_trace(plain, case)
    assert written_into.chosen == ["t001"]
    written_into.accounts["maximum"] = 0  # as a notebook may: what is kept of the trace stays as it was
    (claim,) = case_plans(plain, case)[0].plan.claims
    assert (claim.move.transfer, claim.asked) == ("t001", 48_500)
    plan = space.hold_plan(case)
    assert [each.account for each in plan.holds] == ["m3", "m2", "m1"]
    # 48,500 stolen = 28,990 + 1,000 + 500 on accounts + 18,000 in cash + 10 at a shop, where the trace stops.
    assert (plan.kept_least, plan.kept_most, plan.gone_cash) == (30_490, 30_490, 18_000)
    assert space.requests(case, "WEST", country="DE", sender="NORD")[0].held[0].account == "m3"
    space.note(case, "the victim called")
    assert space.open_case(["t001"]).about == case
    assert len(space.cases()) == len(set(space.cases()["case"]))


def test_a_scan_keeps_it_under_its_id(space, case):
    """Whether or not a sign has found its story."""
    space.scan()
    kept = Workspace(space.folder).run.table("cases")
    assert kept["case"].to_pylist() == [case] and kept["seeds"].to_pylist() == [["t001"]]
    assert Workspace(space.folder).run.manifest["reports_without_case"] == []
    (space.folder / FILE).unlink()
    space.scan()
    assert case in set(Workspace(space.folder).run.table("cases")["case"].to_pylist())
    assert space.case(case).row["score"] > 0


def test_a_closed_case_wakes_when_something_comes_and_says_what(space, case):
    """Closed as it was, and a finding came: it is open again, and the journal has the finding."""
    space.close(case, "innocent", "a loan", with_open_requests=True)
    assert space.state(case).status == "closed"
    plain = Workspace(space.folder)
    table = plain.run.table("cases")

    def nothing_left(_watch, _state):
        return Left({}, [])

    assert wake(space.folder, plain.run.name, table, nothing_left) == []
    place = table["case"].to_pylist().index(case)
    rows = table.to_pylist()
    rows[place]["findings"] = [*rows[place]["findings"], "N8-0123456789ab"]
    assert wake(space.folder, plain.run.name, table.from_pylist(rows, table.schema), nothing_left) == [case]
    state = space.state(case)
    assert (state.status, state.woken[-1]["findings"]) == ("open", {"N8": ["N8-0123456789ab"]})


def test_accounts_are_decided_one_by_one(space, case):
    """An innocent one is called last, and why is said; who is not of the case cannot be decided on."""
    space.dispose(case, "m3", "innocent", "sold a car")
    assert space.state(case).disposed == {"m3": "innocent"}
    last = {each.account: each.last for each in space.hold_plan(case, share=1.0).holds}
    assert last["m3"] == "it was decided on: innocent" and not last["m2"]
    assert list(last)[:2] == ["m2", "m1"]
    for account, how in (("nobody", "innocent"), ("m2", "wicked")):
        with pytest.raises(UsageError, match=r"not in|wicked"):
            space.dispose(case, account, how, "x")


@pytest.mark.parametrize(
    "options", [["--report", "R9"], ["--payment", "t999"], ["--account", "nobody"], [], ["--since", "2026-01-01"]]
)
def test_what_cannot_be_traced_opens_no_case(space, options):
    """Nothing is written for what the ledger does not hold."""
    before = space.verify_journal().entries
    done = CliRunner().invoke(app, ["case", "open", *options, "-w", str(space.folder)])
    assert isinstance(done.exception, UsageError)
    assert space.verify_journal().entries == before


def test_what_an_account_paid_is_suspected_and_not_recalled(space):
    """Nobody has told that it is stolen: money is asked to be held, no payment is asked back."""
    entry = space.open_case(account="m2", since="2026-01-05")
    plan = case_plans(Workspace(space.folder), entry.about)[0]
    assert not any(each.move.payer == "m2" for each in plan.plan.claims)


def test_what_people_put_in_and_take_out_shapes_the_case(space, case):
    """An account taken out is called last; put in again it is a member; another's payments are followed with ours."""
    space.remove_from_case(case, "m2", "a shop of the same name")
    assert "m2" not in space.case(case).row["accounts"]
    assert "m2" not in space.cases().set_index("case").loc[case, "accounts"]
    held = {each.account: each.last for each in space.hold_plan(case, share=1.0).holds}
    assert held["m2"] == "it was decided on: taken out of the case"
    space.add_to_case(case, "it is not", accounts=["m2"])
    assert "m2" in space.case(case).row["accounts"]
    with pytest.raises(UsageError, match="nothing to add"):
        space.add_to_case(case, "x")
    with pytest.raises(UsageError, match="not in"):
        space.remove_from_case(case, "nobody", "x")


def test_two_cases_become_one_and_one_becomes_two(space, case):
    """The other is closed and its money followed here; split off again, each follows its own."""
    other = space.open_case(["t005"]).about
    assert other != case
    space.merge_cases(case, other, "one gang")
    state = space.state(other)
    assert (state.status, state.merged_into) == ("closed", case)
    assert other not in set(space.cases()["case"])
    plain = Workspace(space.folder)
    assert {"t001", "t005"} <= set(case_trace(plain, case).chosen)
    with pytest.raises(UsageError, match="t004"):
        space.split_case(case, ["t004"], "x")
    with pytest.raises(UsageError, match="itself"):
        space.merge_cases(case, case, "x")
    made = space.split_case(case, ["t005"], "two gangs").about
    assert case_trace(plain, made).chosen == ["t005"]
    assert "t005" not in case_trace(plain, case).chosen


def test_what_people_merged_and_split_stays_so_over_scans(tmp_path):
    """Two cases that signs find and people merged are one with both sums; parts of one that was split stay two."""
    drawn = "v{0}1 m{0} 1000 9:00\nv{0}2 m{0} 800 9:05\nm{0} w{0} 1700 9:30"
    rows = transfers_of("\n".join(drawn.format(name) for name in "ab"))
    told = {"reported_at": "2026-01-05T16:00:00Z"}
    victims = {row["transfer_id"]: row["source"] for row in rows if row["source"].startswith("v")}
    reports = [{"report_id": f"R{n}", "transfer_id": n, "victim_account": of, **told} for n, of in victims.items()]
    first = {name: min(n for n, of in victims.items() if name in of) for name in "ab"}
    draw(tmp_path, "v1 m 1 8:00", transfers=rows, accounts=accounts_of(rows), reports=reports)
    two = NotebookWorkspace(tmp_path / "workspace", reveal="tests of shapes")
    two.scan()
    found = {seed: row["case"] for row in two.cases().to_dict("records") for seed in row["seeds"]}
    kept, other = found[first["a"]], found[first["b"]]
    assert kept != other
    two.merge_cases(kept, other, "one gang")
    with pytest.raises(UsageError, match="part of"):
        two.merge_cases(other, kept, "x")
    two.scan()
    assert other not in set(two.cases()["case"])
    row = two.case(kept).row
    assert set(first.values()) <= set(row["seeds"])
    assert row["amount"] == 3600
    changes = {each["case"]: each["change"] for each in two.difference()}
    assert changes == {kept: "merged"}
    two.scan()
    assert list(two.cases()["case"]) == [kept]
    made = two.split_case(kept, [first["b"]], "two gangs").about
    two.scan()
    two.scan()
    seeds = {case: set(two.case(case).row["seeds"]) for case in two.cases()["case"]}
    assert set(seeds) == {kept, made}
    assert first["b"] in seeds[made] and first["a"] not in seeds[made]
    assert first["a"] in seeds[kept] and first["b"] not in seeds[kept]


def test_a_case_follows_one_currency(tmp_path):
    """What would mix two is refused before anything is written, and the hint does what it says.

    What repaid an overdraft is not told as cash.
    """
    rows = transfers_of("v1 m 1000 9:00\nv2 m 800 9:05\nm w 900 9:30\nv3 o 500 9:40")
    rows[1]["currency"] = "USD"
    told = {"reported_at": "2026-01-05T16:00:00Z"}
    reports = [{"report_id": f"R{n}", "transfer_id": f"t00{n}", "victim_account": f"v{n}", **told} for n in (1, 2)]
    accounts = accounts_of(rows, v2={"currency": "USD"})
    accounts.append({**next(each for each in accounts if each["account_id"] == "m"), "currency": "USD"})
    owed = {"account_id": "o", "at": "2026-01-05T08:00:00Z", "balance": "-200.00", "currency": "EUR", "kind": "booked"}
    tables = {"transfers": rows, "accounts": accounts, "reports": reports, "balances": [{**owed, "source": "s"}]}
    draw(tmp_path, "v1 m 1 8:00", **tables)
    two = NotebookWorkspace(tmp_path / "workspace", reveal="tests of currencies")
    two.scan()
    (mixed,) = (row for row in two.cases().to_dict("records") if {"t001", "t002"} <= set(row["seeds"]))
    before = two.verify_journal().entries
    with pytest.raises(UsageError, match="EUR and USD") as refused:
        two.open_case(report="R1")
    assert f"case split {mixed['case']} --payment t001" in refused.value.hint
    assert two.verify_journal().entries == before
    made = two.split_case(mixed["case"], ["t001"], "another currency").about
    assert two.open_case(report="R1").about == made
    plans = [two.hold_plan(each) for each in (made, mixed["case"])]
    assert [(plan.stolen, plan.currency) for plan in plans] == [(1000, "EUR"), (800, "USD")]
    with pytest.raises(UsageError, match="EUR and USD"):
        two.merge_cases(made, mixed["case"], "one mule")
    with pytest.raises(UsageError, match="EUR and USD"):
        two.add_to_case(made, "one mule", payments=["t002"])
    plan = two.hold_plan(two.open_case(["t004"]).about)
    assert (plan.gone_cash, plan.gone_overdraft) == (0, 200)


@pytest.fixture(scope="module")
def back(tmp_path_factory) -> NotebookWorkspace:
    """Of 100 that V reported 60 came back without a word; R2 is V's report of what W paid."""
    folder = tmp_path_factory.mktemp("back")
    reports = [
        {"report_id": name, "transfer_id": paid, "victim_account": "v", "reported_at": "2026-01-05T14:00:00Z"}
        for name, paid in (("R1", "t001"), ("R2", "t003"))
    ]
    draw(folder, "v m 100 9:00\nm v 60 10:00\nw x 90 11:00", reports=reports)
    return NotebookWorkspace(folder / "workspace", reveal="tests of calls")


def test_a_report_of_what_somebody_else_paid_opens_nothing(back):
    """Who paid was not asked: no case, and nothing in the journal."""
    with pytest.raises(UsageError, match="did not make its payment"):
        back.open_case(report="R2")
    assert "opened" not in {each["what"] for each in back.journal_entries()}


def test_a_victims_own_account_is_not_held_without_a_reason(back):
    """What came back is theirs: it is told beside the holds, and it cannot be held without a word."""
    case = str(back.open_case(report="R1").about)
    plan = back.hold_plan(case)
    assert [each.account for each in plan.holds] == ["m"]
    assert [(each.account, each.why) for each in plan.not_followed] == [("v", "victim")]
    with pytest.raises(UsageError, match="is a victim's account"):
        back.hold_account(case, "v")
