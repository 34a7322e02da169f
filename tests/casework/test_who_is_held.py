"""Which account a hold is asked for: the one that the money is on, while it is open, and never the victim's."""

from __future__ import annotations

import pytest

from mulegraph.errors import UsageError
from mulegraph.views.notebook import NotebookWorkspace
from tests.drawing import accounts_of, draw, transfers_of


def called(folder, lines, **changed):
    """A workspace of this drawing in which the first payment is reported, and the case of the report."""
    report = {"report_id": "R1", "transfer_id": "t001", "victim_account": "v", "reported_at": "2026-01-05T14:00:00Z"}
    draw(folder, lines, accounts=accounts_of(transfers_of(lines), **changed), reports=[report])
    space = NotebookWorkspace(folder / "workspace", reveal="tests of holds")
    return space, str(space.open_case(report="R1").about)


def test_what_is_paid_to_a_virtual_number_is_held_on_the_account_behind_it(tmp_path):
    """The plan, the clock and the case's roles name the account behind; the recall the number that was paid."""
    lines = "v number 1000 9:00\nmain far 400 10:00\nw number 7 10:30\nmain w 5 11:00"
    space, case = called(tmp_path, lines, number={"settles_on": "main"}, far={"bank": "WEST"}, v={"bank": "OST"})
    (space.folder / "mulegraph.toml").write_text('[banks]\nown = ["NORD", "OST"]\n', encoding="utf-8")
    space = NotebookWorkspace(space.folder, reveal="tests of holds")
    row = space.case(case).row
    assert dict(zip(row["accounts"], row["roles"], strict=True))["main"] == "collector"
    assert "number" not in row["accounts"]
    (hold,) = space.hold_plan(case).holds
    assert (hold.account, hold.maximum, hold.innocent_payments) == ("main", 600, 1)
    assert "only 0 other transfers went before" in hold.speaks_for
    assert next(row.kept_most for row in space.hold_clock(case, account="main")) == 1000
    (recall,) = space.requests(case, "NORD", country="DE", sender="OST", kinds=["recall"])
    assert [(each.payer, each.payee) for each in recall.payments] == [("v", "number")]
    with pytest.raises(UsageError, match="is a virtual number: what is paid to it is on 'main'"):
        space.hold_account(case, "number")
    space.hold_account(case, "main", reason="test")


def test_a_closed_account_is_not_held(tmp_path):
    """It stands beside the holds with the day; while it was open it was held; money that it has left is on no way."""
    lines = "v m 1000 9:00\nm cash 400 10:00 cash\nm n 300 11:00\nx y 5 3+9:00"
    space, case = called(tmp_path, lines, m={"closed_on": "2026-01-06"})
    plan = space.hold_plan(case)
    assert [(each.account, each.on_its_way) for each in plan.holds] == [("n", 0)]
    (left,) = plan.not_held
    assert (left.account, left.maximum, left.why) == ("m", 300, "it is closed")
    assert left.instead == "closed on 2026-01-06: ask what became of its balance"
    assert {each.account for each in space.hold_plan(case, at="2026-01-06T12:00:00Z").holds} == {"m", "n"}
    assert [row.kept_most for row in space.hold_clock(case, account="m")] == [1000, 300]
    with pytest.raises(UsageError, match="'m' was closed on 2026-01-06"):
        space.hold_account(case, "m", reason="test")


def test_what_came_back_to_who_reported_it_is_followed_no_further(tmp_path):
    """1000 stolen: 850 back at the victim, 150 on accounts; the rent that the victim pays afterwards is not it."""
    space, case = called(tmp_path, "v m 1000 9:00\nm n 900 10:00\nn v 850 11:00\nv rent 500 12:00")
    plan = space.hold_plan(case)
    assert [(each.account, each.minimum, each.maximum) for each in plan.holds] == [("m", 100, 100), ("n", 50, 50)]
    assert [(each.account, each.why, each.minimum) for each in plan.not_followed] == [("v", "victim", 850)]
    assert {(each.kept, each.not_held, each.stopped, each.traced) for each in plan.sums} == {(150, 0, 850, 1000)}
    row = space.case(case).row
    assert row["accounts"] == ["m", "n", "v"]
    assert {row.accounts for row in space.hold_clock(case)} == {1, 2}
    assert space.trace(["t001"], through=True).reached == {"m", "n", "v", "rent"}
    assert space.trace(["t002"]).reached == {"n", "v", "rent"}


def test_who_reported_a_payment_and_got_more_than_that_is_followed(tmp_path):
    """Whoever was robbed may be a mule later: what came to him beyond his own loss is others' money."""
    lines = "v m 100 9:00\nw m 5000 9:30\nm v 4000 10:00\nv x 3900 11:00"
    space, case = called(tmp_path, lines)
    space.add_to_case(case, "the same mule", payments=["t002"])
    assert {each.account for each in space.hold_plan(case).holds} == {"m", "v", "x"}
