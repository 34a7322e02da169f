"""What a trace goes by, read from the ledger: order, balances, returns; and where innocent explanations stop it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mulegraph.cases.evidence import FIRMS, MANY_PAYERS, WAGE_WORDS
from mulegraph.cases.innocent.payroll import MIN_PEOPLE, MIN_SHARE
from mulegraph.flow.balances import NO_BALANCES, KnownBalances
from mulegraph.flow.dated_payments import DayOrder, in_day_order
from mulegraph.flow.sub_accounts import SubAccounts, divided, in_order_again
from mulegraph.flow.tracing import CONSERVED, Returns, Trace
from mulegraph.flow.tracing_account import SHOP, SWEEP, VICTIM, WAGES
from mulegraph.flow.transfers import DAY, NOBODY, Transfers
from mulegraph.ledger.ledger import Ledger, minor_units
from mulegraph.ledger.statistics import holds_anything, may_hold

SHOPS = ("merchant", "internal")


def order_of(ledger: Ledger, transfers: Transfers) -> tuple[DayOrder, SubAccounts]:
    """The transfers as a trace reads them: between sub-accounts, and those of which only the day is known in place."""
    dated = None
    if may_hold(ledger.paths("transfers"), "precision", "day"):
        code, words = ledger.codes("precision")
        dated = code == words.index("day") if "day" in words else None
    moved, accounts = divided(ledger, transfers)
    return in_day_order(in_order_again(moved, accounts), dated, ledger.clock), accounts


def known_balances(ledger: Ledger, transfers: Transfers, accounts: SubAccounts) -> tuple[KnownBalances, np.ndarray]:
    """Booked balances of sub-accounts, before the transfers that come after them; and their times.

    `number` of the balances is their place among the times.
    """
    if not ledger.rows("balances"):
        return NO_BALANCES, np.zeros(0, "datetime64[us]")
    rows = ledger.arrow("balances")
    rows = rows.filter(pc.equal(rows["kind"], "booked"))
    code = pc.index_in(rows["currency"], value_set=pa.array(accounts.names, pa.string())).fill_null(-1).to_numpy()
    account = accounts.numbers(ledger.account_numbers_of(rows["account_id"]), code)
    fits = account != NOBODY
    balance = minor_units(rows["balance"], rows["currency"])
    at = rows["at"].cast("int64").to_numpy().copy()
    # The end of a day is that of the bank's day; a statement does not say its clock.
    ends_day = at % DAY == DAY - 1
    at[ends_day] -= ledger.clock.local(at[ends_day]) - at[ends_day]
    position = np.searchsorted(transfers.at, at, side="right")
    names = rows["source"].combine_chunks().dictionary_encode()
    rank = np.argsort(np.argsort(np.array(names.dictionary.to_pylist(), object)))[names.indices.to_numpy()]
    order = np.lexsort((rank, at, account, position))
    order = order[fits[order]]
    # Of several before one transfer the latest counts.
    last = np.append((np.diff(position[order]) != 0) | (np.diff(account[order]) != 0), True)[: len(order)]
    order = order[last]
    found = KnownBalances(position[order], account[order].astype(np.int64), balance[order], np.arange(len(order)))
    return found, at[order].astype("datetime64[us]")


def returning_rows(ledger: Ledger) -> np.ndarray:
    """Row numbers of payments that say which one they give back, and of those: two columns."""
    paths = ledger.paths("transfers")
    if not holds_anything(paths, "returns"):
        return np.zeros((0, 2), np.int64)
    column = pa.chunked_array([pq.read_table(path, columns=["returns"]).column(0).combine_chunks() for path in paths])
    row = np.flatnonzero(column.is_valid().to_numpy())
    ids = column.take(pa.array(row)).combine_chunks().dictionary_encode()
    original = ledger.row_numbers(ids.dictionary)[ids.indices.to_numpy()]
    return np.stack([row, original], axis=1)[original >= 0]


def known_returns(rows: np.ndarray, transfers: Transfers) -> Returns:
    """Payments that give an earlier one between the same two back, as positions; `rows` as `returning_rows` has them.

    The transfers may lack some of the ledger's.
    """
    if not len(rows):
        return Returns()
    place = np.full(int(max(rows.max(), transfers.row.max(initial=0))) + 1, NOBODY, np.int64)
    place[transfers.row] = np.arange(len(transfers))
    given, back = place[rows[:, 0]], place[rows[:, 1]]
    read = (given >= 0) & (back >= 0)
    given, back = given[read], back[read]
    mirrored = (transfers.source[given] == transfers.target[back]) & (transfers.target[given] == transfers.source[back])
    fits = mirrored & (back < given)
    return Returns(given[fits], back[fits])


def shop_stops(ledger: Ledger, transfers: Transfers, chosen: np.ndarray) -> np.ndarray:
    """Why a trace stops at each position: at accounts that are shops' or banks' own by their kind.

    Never at who was paid by a chosen payment: there the question begins.
    """
    kind = ledger.arrow("accounts", ["kind"])["kind"].combine_chunks()
    shops = np.flatnonzero(pc.is_in(kind, value_set=pa.array(SHOPS)).to_numpy(zero_copy_only=False))
    stop = np.zeros(len(transfers), np.uint8)
    _stop_at(stop, transfers, shops, SHOP, chosen)
    return stop


def innocent_stops(
    ledger: Ledger, transfers: Transfers, found: Trace, chosen: np.ndarray, stop: np.ndarray
) -> np.ndarray:
    """The same, and what else explains accounts that the trace `found` reaches with these stops.

    At businesses that many pay, at firms that pay wages and at the wages themselves, and where a firm pays itself.
    What a person pays to accounts of his own is followed: a mule's money is no more innocent on the mule's savings.
    """
    stop = stop.copy()
    reached = np.zeros(transfers.accounts + 1, np.bool_)
    carries = found.step[(found.carried[:, CONSERVED] > 0).any(axis=1) & (found.step >= 0)]
    reached[found.account[~found.only_poison]] = True
    reached[transfers.source[carries]] = True
    reached[transfers.target[carries]] = True
    reached[NOBODY] = False
    accounts = np.flatnonzero(reached)
    known = ledger.arrow("accounts", ["kind", "holder_id"]).take(pa.array(accounts))
    kind = np.array(known["kind"].to_pylist(), object)
    business = accounts[kind == "business"]
    firms = accounts[(kind == "business") | (np.isin(kind, FIRMS) & np.isin(accounts, transfers.target[chosen]))]
    shops = business[_payers(transfers, business) >= MANY_PAYERS]
    wages, payers = _wages(ledger, transfers, firms)
    stop[wages] = WAGES
    stop[_sweeps(transfers, firms, accounts, known["holder_id"])] = SWEEP
    _stop_at(stop, transfers, payers, WAGES, chosen)
    _stop_at(stop, transfers, shops, SHOP, chosen)
    return stop


def victim_stops(
    ledger: Ledger,
    transfers: Transfers,
    sub: SubAccounts,
    found: Trace,
    chosen: np.ndarray,
    stop: np.ndarray,
    code: int,
) -> np.ndarray:
    """The same stops, and at who reported a chosen payment of his own: what comes back to him is no longer lost.

    What he pays afterwards is his own money, and whoever he pays has none of what was stolen. Not so where more comes
    to him than he reported, in the trace `found` that did not stop there, or in another currency: that is others'
    money, and who was robbed may be a mule later.
    """
    reports = ledger.arrow("reports", ["transfer_id", "victim_account"])
    ids = reports["transfer_id"].combine_chunks().dictionary_encode()
    row = ledger.row_numbers(ids.dictionary)[ids.indices.to_numpy()]
    order = chosen[np.argsort(transfers.row[chosen])]
    place = np.minimum(np.searchsorted(transfers.row[order], row), len(order) - 1)
    payment = order[place]
    teller = reports["victim_account"]
    is_his = teller.is_null().to_numpy() | (ledger.settling_numbers_of(teller) == transfers.source[payment])
    told = payment[is_his & (transfers.row[payment] == row)]
    told = np.unique(told)
    lost, came = np.zeros(transfers.accounts + 1, np.int64), np.zeros(transfers.accounts + 1, np.int64)
    np.add.at(lost, transfers.source[told], transfers.amount[told])
    lost[NOBODY] = 0
    reached = sub.accounts_of(found.account)
    np.add.at(came, reached, found.came[:, CONSERVED].max(axis=1, initial=0))
    is_own = sub.currency[found.account] == code
    came[reached[~is_own]] = 2**62
    stop = stop.copy()
    _stop_at(stop, transfers, np.flatnonzero((came > 0) & (came <= lost)), VICTIM, chosen)
    return stop


def _stop_at(stop: np.ndarray, transfers: Transfers, accounts: np.ndarray, why: int, chosen: np.ndarray) -> None:
    """Stop at payments to accounts, but for those that a chosen payment went to."""
    at = np.zeros(transfers.accounts + 1, np.bool_)
    at[accounts[~np.isin(accounts, transfers.target[chosen])]] = True
    stop[at[transfers.target]] = why


def _rows_of(ends: np.ndarray, accounts: np.ndarray, total: int) -> np.ndarray:
    """Positions whose end is one of these accounts."""
    mine = np.zeros(total + 1, np.bool_)
    mine[accounts] = True
    mine[NOBODY] = False
    return np.flatnonzero(mine[ends])


def _payers(transfers: Transfers, accounts: np.ndarray) -> np.ndarray:
    """How many others ever paid each of these accounts."""
    place = _rows_of(transfers.target, accounts, transfers.accounts)
    pairs = np.unique(np.stack([transfers.target[place], transfers.source[place]]), axis=1)
    others = pairs[0][pairs[0] != pairs[1]]
    return np.asarray(np.bincount(others, minlength=transfers.accounts)[accounts])


def _wages(ledger: Ledger, transfers: Transfers, firms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of wages, and the firms that pay them, as the benign test has it: to several people, most of it."""
    place = _rows_of(transfers.source, firms, transfers.accounts)
    if not len(place):
        return place, firms[:0]
    rows = ledger.rows_of(transfers.row[place], ["channel", "reference"])
    words = pc.fill_null(pc.match_substring_regex(rows["reference"], WAGE_WORDS), False).to_numpy()
    is_wage = np.asarray(pc.equal(rows["channel"], "batch").to_numpy() | words)
    payer, payee = transfers.source[place], transfers.target[place]
    people = np.unique(np.stack([payer[is_wage], payee[is_wage]]), axis=1)[0]
    total = transfers.accounts
    share = np.bincount(payer[is_wage], minlength=total) / np.maximum(np.bincount(payer, minlength=total), 1)
    pays = (np.bincount(people, minlength=total) >= MIN_PEOPLE) & (share >= MIN_SHARE)
    return place[is_wage & pays[payer]], firms[pays[firms]]


def _sweeps(transfers: Transfers, firms: np.ndarray, accounts: np.ndarray, holders: pa.ChunkedArray) -> np.ndarray:
    """Positions at which a firm pays another account of its own."""
    codes = holders.combine_chunks().dictionary_encode().indices
    holder = np.full(transfers.accounts + 1, -1, np.int64)
    holder[accounts] = codes.fill_null(-1).to_numpy(zero_copy_only=False)
    place = _rows_of(transfers.source, firms, transfers.accounts)
    payer, payee = transfers.source[place], transfers.target[place]
    return place[(payer != payee) & (payee != NOBODY) & (holder[payer] >= 0) & (holder[payer] == holder[payee])]
