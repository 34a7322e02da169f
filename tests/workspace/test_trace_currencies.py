"""Money of one currency pays nothing in another, unless a payment exchanges it; sums were done on paper."""

from __future__ import annotations

from decimal import Decimal

import pytest

import mulegraph
from mulegraph.casework.case_facts import facts_for_and_against
from mulegraph.casework.case_money import case_trace
from mulegraph.casework.requests import case_plans
from mulegraph.workspace.workspace import Workspace
from tests.drawing import accounts_of, draw, transfers_of


def held_in(account: str, *currencies: str) -> list[dict[str, str]]:
    """An account that holds several currencies: a row of accounts.csv for each."""
    row = {"account_id": account, "bank": "NORD", "kind": "personal", "holder_id": f"h_{account}"}
    return [{**row, "currency": each} for each in currencies]


def ledger_of(folder, drawing: str, exchanged: dict[str, tuple[str, str]] | None = None, **more) -> Workspace:
    """A workspace; the word after the time is a payment's currency, `exchanged` what came of payments by id."""
    lines = [line.split() for line in filter(None, map(str.strip, drawing.splitlines()))]
    rows = transfers_of("\n".join(" ".join(line[:4]) for line in lines))
    for row, line in zip(rows, lines, strict=True):
        row["currency"] = line[4]
    for name, (amount, currency) in (exchanged or {}).items():
        next(row for row in rows if row["transfer_id"] == name).update(
            original_amount=amount, original_currency=currency
        )
    for name, original in more.get("returns", {}).items():
        next(row for row in rows if row["transfer_id"] == name)["returns"] = original
    several = more.get("several", {})
    of_currency = {name: {"currency": each} for name, each in more.get("currency", {}).items()}
    of_currency |= {name: {**of_currency.get(name, {}), "bank": "FAR"} for name in more.get("far", ())}
    accounts = [row for row in accounts_of(rows, **of_currency) if row["account_id"] not in several]
    accounts += [row for name, currencies in several.items() for row in held_in(name, *currencies)]
    tables = {"accounts": accounts, "transfers": rows, **more.get("tables", {})}
    draw(folder, drawing, **tables)
    own = '[banks]\nown = ["NORD"]\n\n[requests]\ncountry = "DE"\nsender = "NORD"\n'
    (folder / "workspace" / "mulegraph.toml").write_text(own, encoding="utf-8")
    return Workspace(folder / "workspace")


def sums(part, *names: str) -> dict[str, list[str]]:
    """Sums of a trace by rule, as texts."""
    return {row["method"]: [f"{row[name]:f}" for name in names] for row in part.sums.to_dict("records")}


def test_dollars_that_were_there_are_not_the_victims_euros(tmp_path):
    """Who got 1,000 euros and pays 1,000 dollars of his own for a camera has the euros still."""
    space = ledger_of(
        tmp_path,
        "victim mule 1000.00 9:00 EUR\nmule seller 1000.00 9:30 USD",
        several={"mule": ("EUR", "USD")},
        currency={"seller": "USD"},
        tables={
            "balances": [
                {"account_id": "mule", "at": "2026-01-05T08:00:00Z", "balance": "5000.00", "currency": "USD"}
                | {"kind": "booked", "source": "s"}
            ]
        },
    )
    found = space.trace(["t001"])
    assert [(row["account"], row["minimum"]) for row in found.accounts.to_dict("records")] == [("mule", 1000)]
    assert not found.others and not found.several_currencies


def test_dollars_that_nobody_saw_come_in_are_doubted(tmp_path):
    """They may be the euros, exchanged where the ledger does not see it: it is said, and nothing is followed."""
    space = ledger_of(
        tmp_path,
        "victim mule 1000.00 9:00 EUR\nmule aunt 900.00 9:30 USD",
        several={"mule": ("EUR", "USD")},
        currency={"aunt": "USD"},
    )
    found = space.trace(["t001"])
    assert found.several_currencies == ["mule"] and not found.others
    assert any(line.startswith("NOT SURE: 1 account of this trace paid in another") for line in found.assumptions)


EXCHANGED = """
    boss    mule     1000.00 9:00 EUR
    victim  mule     1000.00 9:05 EUR
    mule    mule     1500.00 9:10 EUR
    mule    relay    1100.00 9:20 USD
    mule    abroad    300.00 9:30 USD
"""


@pytest.fixture(scope="module")
def exchanged(tmp_path_factory) -> Workspace:
    """A mule with 1,000 of his own exchanges 1,500 of 2,000 euros for 1,650 dollars, and passes 1,400 on."""
    return ledger_of(
        tmp_path_factory.mktemp("exchanged"),
        EXCHANGED,
        {"t003": ("1650.00", "USD")},
        several={"mule": ("EUR", "USD")},
        currency={"relay": "USD", "abroad": "USD"},
        far=["abroad"],
    )


def test_a_trace_goes_on_in_the_other_currency(exchanged):
    """Of 1,500 euros 500 are the victim's under FIFO and LIBR, 750 under haircut: so are 550 and 825 of the dollars."""
    found = exchanged.trace(["t002"])
    assert sums(found, "traced", "still_there", "exchanged") == {
        "fifo": ["1000.00", "500.00", "500.00"],
        "haircut": ["1000.00", "250.00", "750.00"],
        "libr": ["1000.00", "500.00", "500.00"],
    }
    (dollars,) = found.others
    assert (dollars.currency, dollars.chosen, dollars.by_exchange) == ("USD", ["t003"], True)
    # FIFO puts the traced dollars first, so relay's 1,100 take all 550; LIBR pays own money first: 1,100 of it.
    assert sums(dollars, "traced", "still_there", "left_our_sight") == {
        "fifo": ["550.00", "550.00", "0.00"],
        "haircut": ["825.00", "675.00", "150.00"],
        "libr": ["550.00", "250.00", "300.00"],
    }
    there = {row["account"]: (row["minimum"], row["maximum"]) for row in dollars.accounts.to_dict("records")}
    assert there == {"relay": (0, 550), "mule": (0, 250)}
    (row,) = found.exchanged.to_dict("records")
    assert [row[name] for name in ("into", "arrived_minimum", "arrived_maximum")] == ["USD", 550, 825]


def test_back_to_the_sources_through_an_exchange(exchanged):
    """Dollars come from the euros that they were exchanged for, at the same rate."""
    found = exchanged.trace(["t005"], back=True)
    assert found.currency == "USD"
    (euros,) = found.others
    for method in ("fifo", "haircut", "libr"):
        came, gone = found.exchanged, dict(zip(found.sums["method"], found.sums["exchanged"], strict=True))
        assert len(came) == 1 and euros.currency == "EUR"
        assert euros.traced[method] == (gone[method] / Decimal("1.1")).quantize(Decimal("0.01"))


def test_what_was_exchanged_is_held_and_asked_for_in_its_own_currency(tmp_path):
    """A case's holds, clock, report and requests tell dollars as dollars; and no message adds the two up."""
    space = ledger_of(
        tmp_path,
        """
        victim  mule     1000.00 9:00 EUR
        mule    mule     1000.00 9:05 EUR
        mule    saver     600.00 9:10 USD
        mule    abroad    500.00 9:20 USD
        """,
        {"t002": ("1100.00", "USD")},
        several={"mule": ("EUR", "USD")},
        currency={"saver": "USD", "abroad": "USD"},
        far=["abroad"],
        tables={"reports": [{"report_id": "R1", "transfer_id": "t001", "victim_account": "victim"} | REPORTED]},
    )
    plain = mulegraph.open(space.folder, reveal="a test")
    case = str(plain.open_case(report="R1").about)
    plan = plain.hold_plan(case)
    assert (plan.currency, plan.holds, plan.stolen) == ("EUR", [], 1000)
    assert plan.says.startswith("nothing to hold in this currency: it was exchanged into another one")
    (dollars,) = plan.others
    assert [(each.account, each.currency, each.minimum) for each in dollars.holds] == [("saver", "USD", 600)]
    assert (dollars.stolen, dollars.kept_least, dollars.gone_banks) == (1100, 600, 500)
    roles = dict(zip(plain.case(case).row["accounts"], plain.case(case).row["roles"], strict=True))
    assert roles == {"victim": "victim", "mule": "collector", "saver": "beneficiary", "abroad": "beneficiary"}
    (request,) = plain.requests(case, "FAR")
    assert (str(request.kind), request.currency, request.taken) == ("hold", "USD", "1,000.00 EUR")
    facts = [each.fact for each in facts_for_and_against(Workspace(space.folder), case, "mule")]
    assert "traced money was passed on within 5 minutes, at the middle" in facts
    assert not any("not passed on" in each for each in facts)
    assert [(each.account, each.most) for each in request.held] == [("abroad", 500)]
    assert not any(each.plan.claims for each in case_plans(Workspace(space.folder), case))
    assert {each.currency for each in plain.hold_clock(case)} == {"EUR", "USD"}
    kept = [each for each in plain.hold_clock(case, account="mule") if each.currency == "USD"]
    assert [each.kept_least for each in kept] == [0, 1100, 500, 0]
    told = plain.case_file(case).trace
    assert [each["account"] for each in told.others[0].accounts] == ["saver"]


REPORTED = {"reported_at": "2026-01-06T09:00:00Z"}


@pytest.fixture(scope="module")
def sent_back(tmp_path_factory) -> Workspace:
    """A victim's 1,000 euros came as 1,100 dollars, and half of them went back."""
    return ledger_of(
        tmp_path_factory.mktemp("back"),
        "victim mule 1000.00 9:00 EUR\nmule victim 550.00 9:30 USD",
        {"t001": ("1100.00", "USD"), "t002": ("500.00", "EUR")},
        currency={"mule": "USD"},
        returns={"t002": "t001"},
        tables={"reports": [{"report_id": "R1", "transfer_id": "t001", "victim_account": "victim"} | REPORTED]},
    )


def test_a_victims_payment_that_was_exchanged_and_came_back_in_part(sent_back):
    """550 of 1,100 dollars are returned, 550 are there; of the 1,000 euros 500 came back."""
    case = str(mulegraph.open(sent_back.folder, reveal="a test").open_case(report="R1").about)
    found = case_trace(Workspace(sent_back.folder), case)
    assert sums(found, "traced", "exchanged")["fifo"] == ["1000.00", "1000.00"]
    (dollars,) = found.others
    assert sums(dollars, "traced", "still_there", "returned")["haircut"] == ["1100.00", "550.00", "550.00"]
    (move,) = [each for each in case_plans(sent_back, case)[0].moves if each.chosen]
    assert (move.amount, move.returned, move.due) == (1000, 500, 500)


def test_what_is_exchanged_and_kept_is_in_the_other_currency(tmp_path):
    """Also where no payment of the ledger is settled in it."""
    space = ledger_of(
        tmp_path,
        "victim mule 1000.00 9:00 EUR\nmule mule 1000.00 9:05 EUR",
        {"t002": ("1100.00", "USD")},
        several={"mule": ("EUR", "USD")},
    )
    found = space.trace(["t001"])
    assert found.accounts["maximum"].tolist() == [0]
    (dollars,) = found.others
    assert [(row["account"], row["minimum"]) for row in dollars.accounts.to_dict("records")] == [("mule", 1100)]


def test_a_payment_of_the_same_minute_comes_after_the_exchange_that_pays_it(tmp_path):
    """The clock does not tell, and nothing is said to be still there that may have left."""
    space = ledger_of(
        tmp_path,
        "victim mule 1000.00 9:00 EUR\nmule far 900.00 9:00 USD\nmule mule 1000.00 9:00 EUR",
        {"t003": ("1100.00", "USD")},
        several={"mule": ("EUR", "USD")},
        currency={"far": "USD"},
    )
    (dollars,) = space.trace(["t001"]).others
    there = {row["account"]: row["minimum"] for row in dollars.accounts.to_dict("records")}
    assert there == {"mule": 200, "far": 900}


def test_a_limit_in_dong_is_none_in_euros(tmp_path):
    """A thousandth of 250,000,000 dong is 250,000; as euro cents it would hide 2,400.00."""
    space = ledger_of(
        tmp_path,
        "victim mule 250000000 9:00 VND\nmule mule 250000000 9:05 VND\nmule saver 2400.00 9:10 EUR",
        {"t002": ("9000.00", "EUR")},
        several={"mule": ("VND", "EUR")},
        currency={"victim": "VND"},
    )
    (euros,) = space.trace(["t001"]).others
    there = {row["account"]: row["minimum"] for row in euros.accounts.to_dict("records")}
    assert there == {"mule": 6600, "saver": 2400}
