"""From a drawn ledger to named chains and layering networks."""

from __future__ import annotations

from mulegraph.flow.layering import find_flow
from mulegraph.flow.naming import name_chains
from mulegraph.flow.read_transfers import read_transfers
from mulegraph.settings import FlowSettings
from tests.drawing import names

SPLIT_AND_MERGED = """
    victim    mule_a    600  9:00
    victim    mule_b    400  9:02
    mule_a    collector 580  9:40
    mule_b    collector 390  9:55
    collector cash      950  10:30
"""


def found_in(ledger):
    flow = find_flow(read_transfers(ledger), FlowSettings())
    return flow, name_chains(ledger, flow).table


def test_split_money_that_meets_again_is_followed_to_cash(ledger_of):
    """Splitting 1,000 over two mules hides neither arm, and both are one layering network."""
    flow, table = found_in(ledger_of(SPLIT_AND_MERGED))

    assert names(table["transfers"]) == [["t001", "t003", "t005"], ["t002", "t004", "t005"]]
    assert names(table["accounts"])[0] == ["victim", "mule_a", "collector", "CASH-OUT"]
    assert [str(each) for each in names(table["amount_in"])] == ["600.000", "400.000"]
    assert [str(each) for each in names(table["amount_out"])] == ["950.000", "950.000"]
    assert set(flow.networks(0.0).tolist()) == {0}


def test_two_stories_are_two_networks(ledger_of):
    """Transfers that no strong link joins are apart."""
    flow, table = found_in(ledger_of("a b 500 9:00\nb c 490 9:10\nc d 480 9:20\nk l 70 9:05\nl m 69 9:15\nm n 68 9:25"))

    assert sorted(names(table["transfers"])) == [["t001", "t002", "t003"], ["t004", "t005", "t006"]]
    assert len(set(flow.networks(0.0).tolist())) == 2


def test_a_chain_has_the_same_name_every_night(ledger_of):
    """The name is made of the transfers, not of the run."""
    ledger = ledger_of(SPLIT_AND_MERGED)

    assert names(found_in(ledger)[1]["chain"]) == names(found_in(ledger)[1]["chain"])


def test_money_of_several_currencies_keeps_its_own_coins(ledger_of):
    """Yen have no cents: the kernel counts whole yen, and 60 % of them is exact."""
    from tests.drawing import accounts_of, transfers_of

    rows = [{**row, "currency": "JPY"} for row in transfers_of("a b 1000 9:00\nb c 600 9:10\nc d 360 9:20")]
    accounts = [{**row, "currency": "JPY"} for row in accounts_of(rows)]
    flow, table = found_in(ledger_of("", transfers=rows, accounts=accounts))

    assert flow.transfers.amount.tolist() == [1000, 600, 360]
    assert names(table["transfers"]) == [["t001", "t002", "t003"]]
