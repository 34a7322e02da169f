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


def in_currencies(drawing: str, currency: dict[str, str], exchanged: dict[str, tuple[str, str]]) -> dict:
    """Tables of a drawing: accounts hold one currency each, or two by a second row; payments are in the payer's."""
    from tests.drawing import accounts_of, transfers_of

    rows = transfers_of(drawing)
    for row in rows:
        row["currency"] = currency.get(row["source"], "EUR").split()[-1]
        amount, code = exchanged.get(row["transfer_id"], ("", ""))
        row |= {"original_amount": amount, "original_currency": code}
    plain = accounts_of(rows)
    held = [(row, code) for row in plain for code in currency.get(row["account_id"], "EUR").split()]
    return {"transfers": rows, "accounts": [{**row, "currency": code} for row, code in held]}


def test_a_chain_goes_on_where_a_payment_is_exchanged(ledger_of):
    """1,000.00 euros come as 27,000,000 dong and go on as dong: in the coins of one of them the chain would end."""
    from mulegraph.flow.sub_accounts import linked

    drawing = "a b 1000 9:00\nb c 27000000 9:10\nc d 26000000 9:20"
    ledger = ledger_of("", **in_currencies(drawing, dict.fromkeys("bcd", "VND"), {"t001": ("27000000", "VND")}))
    transfers = read_transfers(ledger)
    flow = find_flow(transfers, FlowSettings(), linked(ledger, transfers))

    assert names(name_chains(ledger, flow).table["transfers"]) == [["t001", "t002", "t003"]]
    assert len(find_flow(transfers, FlowSettings()).strong) == 1


def test_money_of_one_currency_pays_nothing_in_another(ledger_of):
    """Who gets 1,000 euros and pays 1,000 dollars of his own minutes later has passed nothing on."""
    from mulegraph.flow.sub_accounts import linked

    ledger = ledger_of("", **in_currencies("a b 1000 9:00\nb c 1000 9:10", {"b": "EUR USD", "c": "USD"}, {}))
    transfers = read_transfers(ledger)
    assert ledger.codes("currency")[1] == ["EUR", "USD"]

    assert len(find_flow(transfers, FlowSettings(), linked(ledger, transfers)).links) == 0
    assert len(find_flow(transfers, FlowSettings()).links) == 1
