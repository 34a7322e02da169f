"""What is asked to be held is asked once, and a holder's own money stays free."""

from __future__ import annotations

from decimal import Decimal

import pytest

import mulegraph
from mulegraph.errors import UsageError
from tests.drawing import accounts_of, draw, transfers_of


def space_of(folder, drawing: str, reports: dict[str, str], **banks: dict[str, str]):
    """A workspace whose banks are all ours but FAR; `reports` are payments by their victims."""
    rows = transfers_of(drawing)
    told = [
        {"report_id": f"R{number}", "transfer_id": payment, "victim_account": victim, "reported_at": "2026-01-06"}
        for number, (payment, victim) in enumerate(reports.items(), start=1)
    ]
    draw(folder, drawing, accounts=accounts_of(rows, **banks), reports=told)
    ours = sorted({row.get("bank", "NORD") for row in banks.values()} - {"FAR"} | {"NORD"})
    own = f'[banks]\nown = {ours}\n\n[requests]\ncountry = "DE"\n'
    (folder / "workspace" / "mulegraph.toml").write_text(own, encoding="utf-8")
    return mulegraph.open(folder / "workspace", reveal="a test")


def ask(space, case: str, bank: str, sender: str):
    """Requests of a case to a bank, written down."""
    made = space.requests(case, bank, sender=sender)
    for request in made:
        space.record_request(request, {})
    return made


def test_a_second_case_asks_another_bank_for_nothing_that_the_first_has_asked_for(tmp_path):
    """1,000 of one victim lie in the 1,500 of another: 3,000 held of the 1,500 that came would be somebody else's."""
    drawing = "v1 v2 1000.00 9:00\nv2 m1 1500.00 9:30\nm1 x 1500.00 10:00"
    space = space_of(tmp_path, drawing, {"t001": "v1", "t002": "v2"}, x={"bank": "FAR"})
    first, second = (str(space.open_case(report=each).about) for each in ("R1", "R2"))
    (request,) = ask(space, first, "FAR", "NORD")
    assert [(each.account, each.most) for each in request.held] == [("x", 1500)]
    with pytest.raises(UsageError, match="nothing to ask") as error:
        space.requests(second, "FAR", sender="NORD")
    assert "asked for already: REQ-" in str(error.value.hint)


def test_two_banks_of_ours_ask_once(tmp_path):
    """The victim's bank has asked for the mule's payment; the mule's bank, ours as well, asks for its own only."""
    drawing = "v1 m1 1000.00 9:00\nm1 e 950.00 9:20\nv2 e 400.00 9:40"
    banks = {"m1": {"bank": "SUED"}, "v2": {"bank": "SUED"}, "e": {"bank": "FAR"}}
    space = space_of(tmp_path, drawing, {"t001": "v1"}, **banks)
    case = str(space.open_case(report="R1").about)
    (request,) = [each for each in ask(space, case, "FAR", "NORD") if str(each.kind) == "hold"]
    assert [each.most for each in request.held] == [950]
    with pytest.raises(UsageError, match="nothing to ask"):
        space.requests(case, "FAR", sender="SUED")
    space.withdraw_request(request.number, "sent by SUED instead")
    assert [each.most for each in ask(space, case, "FAR", "SUED")[-1].held] == [950]


def test_a_salary_beside_a_stolen_payment_is_not_held(tmp_path):
    """200 stolen euros for a bicycle came to 4,000 of salary, and 1,200 of rent left: 200 at most are held."""
    drawing = "firm seller 4000.00 9:00 batch\nv seller 200.00 1+9:00\nseller landlord 1200.00 1+10:00"
    space = space_of(tmp_path, drawing, {"t002": "v"}, firm={"kind": "business"})
    case = str(space.open_case(report="R1").about)
    (hold,) = space.hold_plan(case).holds
    # Haircut: 3/21 of 1,200 rent was traced at most, so 142.86 to 200 are there, beside 2,800 of the seller's own.
    assert (hold.account, hold.way, hold.amount, hold.account_days) == ("seller", "amount", 200, 0)
    assert str(hold.minimum) == "142.86" and "2,800.00 of what is on it is its holder's own" in hold.says
    with pytest.raises(UsageError, match="its holder's own"):
        space.hold_account(case, "seller")
    assert space.hold_account(case, "seller", amount=hold.amount, reason="asked by the victim's bank").number


def test_a_hold_names_the_other_cases_of_its_account(tmp_path):
    """One victim's money lies in another's: who holds the mule for one of them asks who works on the other."""
    drawing = "v1 v2 1000.00 9:00\nv2 m1 1500.00 9:30\nm1 x 600.00 10:00"
    space = space_of(tmp_path, drawing, {"t001": "v1", "t002": "v2"}, x={"bank": "FAR"})
    first, second = (str(space.open_case(report=each).about) for each in ("R1", "R2"))
    assert first != second
    assert [(each.account, each.also_in) for each in space.hold_plan(first).holds] == [("m1", [second])]
    space.close(second, "confirmed", "done", with_open_requests=True)
    assert [each.also_in for each in space.hold_plan(first).holds] == [[]]


def test_amounts_held_in_a_case_are_no_more_than_was_stolen(tmp_path):
    """Two earmarks of a case's 1,000 are 1,000 in all, and none is above what may be on its account."""
    drawing = "v m1 1000.00 9:00\nm1 m2 400.00 9:30"
    space = space_of(tmp_path, drawing, {"t001": "v"})
    case = str(space.open_case(report="R1").about)
    with pytest.raises(UsageError, match=r"400.00 EUR may be on the account"):
        space.hold_account(case, "m2", amount=Decimal("400.01"), reason="asked")
    space.hold_account(case, "m2", amount=Decimal("400.00"), reason="asked")
    assert [(each.amount, each.currency) for each in space.held_list()] == [(400, "EUR")]
    with pytest.raises(UsageError, match=r"600.00 EUR may be on the account"):
        space.hold_account(case, "m1", amount=Decimal("601.00"), reason="asked")
    with pytest.raises(UsageError, match=r"came to 'm1' in EUR"):
        space.hold_account(case, "m1", amount=Decimal("1.00"), currency="USD", reason="asked")


def test_a_case_that_a_sign_found_about_one_account_has_the_victims_who_call(tmp_path):
    """V1 finds the collector alone; with two calls the case has victims, payee and sum, and they can be decided on."""
    drawing = "v m 1000.00 9:00\nw m 500.00 9:30\nm x 1200.00 10:00"
    space = space_of(tmp_path, drawing, {"t001": "v", "t002": "w"}, x={"bank": "FAR"})
    cases = {str(space.open_case(report=each).about) for each in ("R1", "R2")}
    (case,) = cases
    row = space.case(case).row
    assert dict(zip(row["accounts"], row["roles"], strict=True)) == {
        "v": "victim",
        "w": "victim",
        "m": "collector",
        "x": "beneficiary",
    }
    assert row["amount"] == 1500
    assert case in set(space.cases(account="v")["case"])
    assert space.dispose(case, "v", "victim", "called").number
