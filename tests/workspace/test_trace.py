"""Tracing in the ledger's own words: the contract, planted victims, and what one may ask."""

from __future__ import annotations

from collections import defaultdict, deque
from decimal import Decimal
from functools import partial

import pandas as pd
import pytest

import mulegraph
from mulegraph.errors import UsageError
from mulegraph.flow.read_transfers import read_transfers
from mulegraph.flow.tracing import METHODS
from mulegraph.ledger.ledger import Ledger
from mulegraph.views.tables import plain
from mulegraph.workspace.trace_tree import dispersal_tree
from mulegraph.workspace.workspace import Workspace
from tests.conftest import SAMPLE
from tests.drawing import accounts_of, draw, transfers_of

STORY = """
    victim  mule    1000.00 9:00
    boss    mule     200.00 9:05
    mule    relay    600.00 9:10
    mule    abroad   300.00 9:20
    relay   cash     250.00 9:30
    relay   saver    100.00 9:40
    saver   relay      1.00 1+9:00
"""


@pytest.fixture
def story(tmp_path) -> Workspace:
    """A victim, a mule with money of his own, a bank whose payments are not here, and cash."""
    rows = accounts_of(transfers_of(STORY), abroad={"bank": "FAR"}, saver={"bank": "SUED"})
    reports = [{"report_id": "R1", "transfer_id": "t001", "victim_account": "victim", "reported_at": "2026-01-06"}]
    draw(tmp_path, STORY, accounts=rows, reports=reports)
    own_banks(tmp_path / "workspace", "NORD", "SUED")
    return Workspace(tmp_path / "workspace")


def own_banks(folder, *names: str) -> None:
    """Say whose payments the ledger holds."""
    (folder / "mulegraph.toml").write_text(f"[banks]\nown = {list(names)}", encoding="utf-8")


def amounts(rows: list[dict], method: str, part: str, key: str) -> dict[str, str]:
    return {row[key]: row[method][part] for row in rows}


def test_the_object_keeps_the_contract(story):
    """Accounts by generation, the frontier with whom to ask, banks with a range; amounts as decimal texts."""
    body = plain(story.trace(["t001"]).as_object())

    assert body["currency"] == "EUR"
    assert body["methods"] == list(METHODS)
    assert {row["account"]: (row["bank"], row["generation"]) for row in body["accounts"]} == {
        "mule": ("NORD", 1),
        "relay": ("NORD", 2),
        "saver": ("SUED", 3),
    }
    by = [partial(amounts, body["accounts"], each, key="account") for each in ("fifo", "haircut", "libr")]
    fifo, haircut, libr = by
    assert fifo(part="in") == {"mule": "1000.00", "relay": "601.00", "saver": "100.00"}
    assert fifo(part="out") == {"mule": "900.00", "relay": "350.00", "saver": "1.00"}
    assert fifo(part="remaining") == {"mule": "100.00", "relay": "251.00", "saver": "99.00"}
    assert haircut(part="remaining") == {"mule": "250.00", "relay": "209.17", "saver": "82.50"}
    assert libr(part="remaining") == {"mule": "300.00", "relay": "251.00", "saver": "99.00"}
    assert {row["transfer"]: row["bank"] for row in body["frontier"]} == {"t004": "FAR", "t005": None}
    assert amounts(body["frontier"], "libr", "amount", "transfer") == {"t004": "300.00", "t005": "50.00"}
    assert body["banks"] == [
        {"bank": "NORD", "minimum": "351.00", "maximum": "551.00"},
        {"bank": "SUED", "minimum": "82.50", "maximum": "99.00"},
    ]


def test_traced_money_is_what_remains_and_what_left(story):
    """Exactly, in every method that conserves money, by the rows and by the sums."""
    for ask in ({"payments": ["t001"]}, {"payments": ["t001", "t002", "t003"]}, {"account": "relay"}):
        body = plain(story.trace(**ask).as_object())
        for method in ("fifo", "haircut", "libr"):
            parts = [row[method]["remaining"] for row in body["accounts"]]
            for rows in ("frontier", "stopped", "returned"):
                parts += [row[method]["amount"] for row in body[rows]]
            assert sum(map(Decimal, parts)) == Decimal(body["traced"][method])
        for row in body["sums"]:
            names = ("still_there", "cash", "left_our_sight", "returned", "stopped")
            assert sum(Decimal(row[name]) for name in names) == Decimal(row["traced"])


def test_a_report_and_an_account_name_payments(story):
    """The payment of a victim's report; all that an account paid since a time, or received when asked back."""
    assert story.trace(reports=["R1"]).chosen == ["t001"]
    assert story.trace(account="mule").chosen == ["t003", "t004"]
    assert story.trace(account="mule", since="2026-01-05T09:15").chosen == ["t004"]
    assert story.trace(account="mule", back=True).chosen == ["t001", "t002"]
    assert story.trace(["t003"], account="mule", reports=["R1"]).chosen == ["t003", "t001", "t004"]


def test_back_to_the_sources(story):
    """The cash was the relay's, who had it from the mule, who had it from the boss and the victim.

    What came in last, the boss's 200, is taken to have paid the later payment abroad.
    """
    found = story.trace(["t005"], back=True)
    assert dict(zip(found.accounts["account"], found.accounts["generation"], strict=True)) == {
        "relay": 1,
        "mule": 2,
        "boss": 3,
        "victim": 3,
    }
    left = dict(zip(found.accounts["account"], found.accounts["fifo_remaining"], strict=True))
    assert (left["boss"], left["victim"]) == (0, Decimal("250.00"))


def test_own_banks_are_said_and_never_guessed(story):
    """By the settings, or by accounts.own; where nobody says so, all are taken to be ours, and the trace says it."""
    own_banks(story.folder, "SUED", "FAR")
    found = Workspace(story.folder).trace(["t001"])
    assert found.accounts.empty
    assert found.frontier[["transfer", "bank", "fifo_amount"]].to_dict("records") == [
        {"transfer": "t001", "bank": "NORD", "fifo_amount": Decimal("1000.00")}
    ]
    own_banks(story.folder, "NRD")
    with pytest.raises(UsageError, match="NRD") as error:
        Workspace(story.folder).trace(["t001"])
    assert "NORD" in error.value.hint
    own_banks(story.folder)
    found = Workspace(story.folder).trace(["t001"])
    assert "abroad" in set(found.accounts["account"])
    assert any("Nothing says whose payments" in each and "FAR" in each for each in found.assumptions)


def test_a_column_says_which_accounts_are_ours(tmp_path):
    """Money at an account of which the ledger has single payments only is a question to its bank."""
    rows = accounts_of(transfers_of(STORY), abroad={"bank": "FAR", "own": "no"})
    draw(tmp_path, STORY, accounts=[{"own": "yes", **row} for row in rows])
    space = Workspace(tmp_path / "workspace")
    assert space.own_banks.own == {"NORD"} and space.own_banks.said
    assert {row["transfer"]: row["bank"] for row in space.trace(["t001"]).frontier.to_dict("records")}["t004"] == "FAR"


def test_a_known_balance_bounds_what_is_there(tmp_path):
    """More cannot be there than a balance says; what is missing left by a booking that the ledger does not hold."""
    balances = [
        {
            "account_id": "mule",
            "at": "2026-01-05T09:30:00Z",
            "balance": "10.00",
            "currency": "EUR",
            "kind": "booked",
            "source": "statement 1",
        },
    ]
    draw(tmp_path, "victim mule 1000.00 9:00\nmule shop 200.00 9:10\nmule shop 4.00 9:40", balances=balances)
    # The balance before 9:40 is 10.00, so the mule began with −790.00: all but 10.00 went to the bank.
    found = Workspace(tmp_path / "workspace").trace(["t001"], at_least=Decimal(0))
    (mule,) = found.accounts[found.accounts["account"] == "mule"].to_dict("records")
    assert (mule["minimum"], mule["maximum"], mule["lowest"], mule["highest"]) == (Decimal("6.00"),) * 4
    assert found.frontier[["end", "fifo_amount"]].to_dict("records") == [
        {"end": "overdraft", "fifo_amount": Decimal("790.00")}
    ]
    assert found.sums["left_our_sight"].tolist() == [Decimal("790.00")] * 3


def test_a_trace_stops_where_innocent_explanations_fit(tmp_path):
    """At a shop and at a firm that pays wages, unless told to go through; in every rule the sum adds up."""
    text = """
        victim mule    1000.00 9:00
        mule   shop     300.00 9:10
        mule   firm     400.00 9:20
        shop   supplier 300.00 10:00
        firm   anna     100.00 11:00 batch
        firm   bert     100.00 11:00 batch
        firm   carl     100.00 11:00 batch
        mule   saver    200.00 12:00
    """
    kinds = {"shop": {"kind": "merchant"}, "firm": {"kind": "business"}}
    draw(tmp_path, text, accounts=accounts_of(transfers_of(text), **kinds))
    space = Workspace(tmp_path / "workspace")
    found = space.trace(["t001"])
    assert set(found.accounts["account"]) == {"mule", "saver"}
    assert found.stopped[["transfer", "end"]].to_dict("records") == [
        {"transfer": "t002", "end": "shop"},
        {"transfer": "t003", "end": "wages"},
    ]
    assert found.sums["stopped"].tolist() == [Decimal("700.00")] * 3
    assert {"supplier", "anna"} <= set(space.trace(["t001"], through=True).accounts["account"])


def test_a_trace_stops_after_days_and_below_an_amount(tmp_path):
    """What is paid later or is less is told as such, and is not said to be still there."""
    draw(tmp_path, "victim mule 1000.00 9:00\nmule small 5.00 9:10\nmule late 300.00 3+9:00\nlate on 300.00 3+9:10")
    found = Workspace(tmp_path / "workspace").trace(["t001"], days=2, at_least=Decimal("5.01"))
    assert found.stopped[["transfer", "end"]].to_dict("records") == [
        {"transfer": "t002", "end": "small"},
        {"transfer": "t003", "end": "late"},
    ]
    assert found.accounts[["account", "fifo_remaining"]].to_dict("records") == [
        {"account": "mule", "fifo_remaining": Decimal("695.00")}
    ]


def test_what_is_returned_goes_back(tmp_path):
    """A chosen payment given back in part: the rest is there; one given back on the way is its payer's again."""
    text = "victim mule 1000.00 9:00\nmule relay 400.00 9:10\nrelay mule 400.00 9:20\nmule victim 250.00 9:30"
    rows = transfers_of(text)
    rows[2]["returns"], rows[3]["returns"] = "t002", "t001"
    draw(tmp_path, text, transfers=rows)
    found = Workspace(tmp_path / "workspace").trace(["t001"])
    assert dict(zip(found.accounts["account"], found.accounts["maximum"], strict=True)) == {
        "mule": Decimal("750.00"),
        "relay": Decimal(0),
    }
    assert found.returned[["transfer", "minimum", "maximum"]].to_dict("records") == [
        {"transfer": "t004", "minimum": Decimal("250.00"), "maximum": Decimal("250.00")}
    ]


def test_one_days_payments_of_an_account_are_traced(story):
    """Between two times; the trace goes on after them."""
    found = story.trace(account="mule", since="2026-01-05T09:15", until="2026-01-05T09:30")
    assert found.chosen == ["t004"]
    assert story.trace(account="relay", until="2026-01-06").frontier["transfer"].tolist() == ["t005"]


def test_a_trace_ends_where_it_is_told_to(story):
    """Before `until` the saver has all of it; own money may count from an earlier time."""
    early = story.trace(["t001"], until="2026-01-06")
    assert dict(zip(early.accounts["account"], early.accounts["fifo_out"], strict=True))["saver"] == 0
    later = story.trace(["t003"], known_since="2026-01-05")
    assert any("2026-01-05 00:00" in each for each in later.assumptions)


def test_a_masked_trace_draws_and_names_nobody(story):
    """Accounts are tokens in frames and picture; banks and transfers stay."""
    found = mulegraph.open(story.folder).trace(["t001"])
    graph = dispersal_tree(found)
    assert {"ask FAR", "CASH-OUT"} <= set(graph)
    assert not {"mule", "relay", "victim"} & set(graph)
    assert len(graph) == 6
    assert found.accounts["account"].str.contains("~").all()
    assert mulegraph.open(story.folder).trace(account=found.accounts["account"][0]).chosen == ["t003", "t004"]


def test_only_poison_is_counted_and_not_named(story):
    """Who got nothing under any rule that conserves money is not named; poison's own method lists them all."""
    folder = story.folder.parent / "more"
    folder.mkdir()
    draw(folder, STORY + "mule other 1000.00 1+10:00\nother third 5.00 1+11:00\nthird fourth 5.00 1+12:00")
    space = Workspace(folder / "workspace")
    found = space.trace(["t006"])
    assert found.left_out == (found.only_poison["accounts"] > 0)
    everyone = space.trace(["t006"], methods=("poison",))
    assert not everyone.left_out
    assert len(everyone.accounts) == len(found.accounts) + found.only_poison["accounts"]


@pytest.mark.parametrize(
    ("ask", "named"),
    [
        ({"payments": ["t999"]}, "t999"),
        ({"reports": ["R9"]}, "R9"),
        ({"account": "nobody"}, "nobody"),
        ({"account": "abroad"}, "paid nothing"),
        ({}, "no payment"),
        ({"payments": ["t007"], "until": "2026-01-05T12:00"}, "until"),
    ],
)
def test_what_cannot_be_traced_is_named(story, ask, named):
    """With something to do about it."""
    with pytest.raises(UsageError, match=named) as error:
        story.trace(**ask)
    assert error.value.hint


def test_currencies_are_not_mixed(tmp_path):
    """Two payments in two currencies are two traces."""
    rows = transfers_of("a b 5.00 9:00\nc d 7 9:10")
    rows[1]["currency"] = "VND"
    accounts = accounts_of(rows, c={"currency": "VND"}, d={"currency": "VND"})
    draw(tmp_path, "a b 5.00 9:00", transfers=rows, accounts=accounts)
    space = Workspace(tmp_path / "workspace")
    with pytest.raises(UsageError, match="EUR and VND"):
        space.trace(["t001", "t002"])
    assert plain(space.trace(["t002"]).as_object())["traced"]["fifo"] == "7"


def test_planted_victims_money_is_found_to_the_cent(workspace):
    """For every reported payment of the sample: FIFO by bank as queues of pieces give it, and every planted hop."""
    space = Workspace(workspace.folder)
    ledger: Ledger = space.ledger
    moved = read_transfers(ledger)
    rows = ledger.rows_of(moved.row, ["transfer_id", "source", "target", "amount"]).to_pylist()
    bank = dict(zip(*(ledger.arrow("accounts")[name].to_pylist() for name in ("account_id", "bank")), strict=True))
    openings = proved_openings(rows)
    reports = pd.read_csv(SAMPLE / "reports.csv")
    for payment in reports["transfer_id"]:
        found = space.trace([payment], days=0, at_least=Decimal(0), through=True)
        expected, reached = fifo_by_bank(rows, payment, bank, openings)
        left = found.accounts.groupby("bank")["fifo_remaining"].sum()
        assert {name: value for name, value in left.items() if value} == expected, payment
        assert reached <= set(found.accounts["account"])


def proved_openings(rows):
    """What each account held at least before the first transfer: it is never below zero."""
    running, least = defaultdict(Decimal), defaultdict(Decimal)
    for row in rows:
        if row["source"] != row["target"]:
            running[row["source"]] -= row["amount"]
            running[row["target"]] += row["amount"]
            least[row["source"]] = min(least[row["source"]], running[row["source"]])
    return {account: -low for account, low in least.items()}


def fifo_by_bank(rows, payment, bank, openings):
    """Remaining money by bank, and accounts that held any: plain queues of (amount, traced)."""
    queues, reached = defaultdict(deque), set()
    for account, amount in openings.items():
        queues[account].append((amount, False))
    for row in rows:
        if row["source"] == row["target"]:
            continue
        pieces, need = [], row["amount"]
        queue = queues[row["source"]] if row["source"] else deque()
        while need and queue:
            amount, traced = queue.popleft()
            taken = min(amount, need)
            pieces.append((taken, traced))
            need -= taken
            if amount > taken:
                queue.appendleft((amount - taken, traced))
        pieces.append((need, False))
        if row["transfer_id"] == payment:
            pieces = [(row["amount"], True)]
        if row["target"]:
            queues[row["target"]].extend(piece for piece in pieces if piece[0])
            reached |= {row["target"]} if any(traced for amount, traced in pieces if amount) else set()
    left = defaultdict(Decimal)
    for account, queue in queues.items():
        for amount, traced in queue:
            if traced:
                left[bank[account]] += amount
    return dict(left), reached
