"""Accounts divided by currency: money of one currency pays nothing in another, unless a payment exchanges it.

A transfer is in one currency, or it says two amounts: then it was exchanged on its way. What was paid and what came is
read from the currencies that its two ends hold. Where the payee holds both, and the payer does not tell, the amount
that was settled is taken to have come, and whoever asks is told of the payee (`unsure`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.flow.order_in_day import settled
from mulegraph.flow.transfers import NOBODY, NOT_EXCHANGED, Transfers
from mulegraph.ledger.ledger import Ledger, minor_units
from mulegraph.ledger.statistics import holds_anything, only_value
from mulegraph.schema.tables import minor_exponents
from mulegraph.schema.versions import VERSIONED


@dataclass(frozen=True)
class SubAccounts:
    """By number of a sub-account its `account`, and the place of its currency in `names`.

    The first ones are the accounts themselves in the currency of their own row, so both numbers agree where an account
    has one currency. `unsure` are accounts that an exchanged payment may have reached in either of two currencies.
    """

    account: np.ndarray
    currency: np.ndarray
    names: list[str]
    unsure: np.ndarray

    def __len__(self) -> int:
        return len(self.account)

    @property
    def divides(self) -> bool:
        """Whether the ledger is in several currencies at all."""
        return len(self.names) > 1

    def accounts_of(self, numbers: np.ndarray) -> np.ndarray:
        """Accounts by number of a sub-account; nobody stays nobody."""
        if not self.divides:
            return numbers
        return np.where(numbers >= 0, self.account[numbers], NOBODY)

    def by_account(self, transfers: Transfers) -> Transfers:
        """Transfers between sub-accounts as transfers between accounts."""
        if not self.divides:
            return transfers
        source, target = self.accounts_of(transfers.source), self.accounts_of(transfers.target)
        accounts = int(self.account.max(initial=-1)) + 1
        return replace(transfers, source=source, target=target, accounts=accounts, arrived=None)

    def numbers(self, account: np.ndarray, currency: np.ndarray) -> np.ndarray:
        """Numbers of sub-accounts by account and currency's place; −1 for nobody, and where there is none."""
        own = account >= 0
        own[own] = self.currency[account[own]] == currency[own]
        base = int(self.account.max(initial=-1)) + 1
        more = self.account[base:] * len(self.names) + self.currency[base:]
        wanted = account.astype(np.int64) * len(self.names) + currency
        place = np.searchsorted(more, wanted)
        found = (place < len(more)) & (account >= 0) & (currency >= 0) & ~own
        found[found] = more[place[found]] == wanted[found]
        return np.where(own, account, np.where(found, base + place, NOBODY))


def divided(ledger: Ledger, transfers: Transfers) -> tuple[Transfers, SubAccounts]:
    """The transfers between sub-accounts, and these. A ledger of one currency stays as it is."""
    own = ledger.arrow("accounts", ["currency"])["currency"].combine_chunks()
    paths = ledger.paths("transfers")
    only = only_value(paths, "currency")
    exchanges = holds_anything(paths, "original_currency")
    if only is not None and not exchanges:
        every = np.arange(transfers.accounts)
        return transfers, SubAccounts(every, np.zeros(len(every), np.int64), [only], every[:0])
    codes, found = ledger.codes("currency")
    others = ledger.codes("original_currency")[1] if exchanges else []
    names = sorted({*found, *own.to_pylist(), *(each for each in others if each in minor_exponents())})
    place = {name: number for number, name in enumerate(names)}
    at_row = np.array([place[name] for name in found], np.int64)[codes]
    own_code = np.array([place[name] for name in own.to_pylist()], np.int64)
    paid = came = at_row[transfers.row]
    amount, arrived = transfers.amount, None
    unsure = np.zeros(0, np.int64)
    if exchanges:
        read = _exchanges(ledger, transfers, names, own_code)
        if len(read.position):
            paid, came, amount = paid.copy(), came.copy(), amount.copy()
            arrived = np.full(len(transfers), NOT_EXCHANGED, np.int64)
            paid[read.position], came[read.position] = read.paid_in, read.came_in
            amount[read.position], arrived[read.position] = read.paid, read.came
        unsure = read.unsure
    accounts = SubAccounts(*_extra(transfers, own_code, paid, came, len(names)), names, unsure)
    source = accounts.numbers(transfers.source, paid).astype(np.int32)
    target = accounts.numbers(transfers.target, came).astype(np.int32)
    moved = replace(transfers, source=source, target=target, amount=amount, accounts=len(accounts), arrived=arrived)
    return moved, accounts


def in_order_again(transfers: Transfers, accounts: SubAccounts) -> Transfers:
    """The same where accounts exchange money on themselves: a payment in the other currency comes after the exchange.

    Between accounts such an exchange is a loop, and inside a step of the clock loops have no place.
    """
    if transfers.arrived is None:
        return transfers
    exchanges = transfers.arrived != NOT_EXCHANGED
    itself = exchanges & (accounts.accounts_of(transfers.source) == accounts.accounts_of(transfers.target))
    if not (itself & (transfers.source >= 0)).any():
        return transfers
    ends = transfers.source, transfers.target
    order = settled(*ends, transfers.amount, transfers.at, accounts=len(accounts), tick=transfers.tick).row
    return replace(transfers.only(order), at=transfers.at)


def linked(ledger: Ledger, transfers: Transfers) -> Transfers | None:
    """The transfers as flow links read them; none where the ledger is of one currency.

    An account that exchanges money on itself stays one: its links do not go through the exchange, so they would end.
    """
    apart, accounts = divided(ledger, transfers)
    if not accounts.divides:
        return None
    itself = (transfers.source == transfers.target) & (transfers.source >= 0) & (apart.source != apart.target)
    if not itself.any():
        return apart
    whole = np.zeros(transfers.accounts + 1, np.bool_)
    whole[transfers.source[itself]] = True
    return replace(
        apart,
        source=np.where(whole[transfers.source], transfers.source, apart.source),
        target=np.where(whole[transfers.target], transfers.target, apart.target),
    )


def _extra(
    transfers: Transfers, own: np.ndarray, paid: np.ndarray, came: np.ndarray, currencies: int
) -> tuple[np.ndarray, np.ndarray]:
    """Accounts and currencies of sub-accounts: the accounts' own, then what else they pay or get, in order."""
    keys = []
    for ends, codes in ((transfers.source, paid), (transfers.target, came)):
        other = np.flatnonzero((ends >= 0) & (own[ends] != codes))
        keys.append(ends[other].astype(np.int64) * currencies + codes[other])
    more = np.unique(np.concatenate(keys))
    accounts = np.arange(transfers.accounts)
    return np.concatenate([accounts, more // currencies]), np.concatenate([own, more % currencies])


@dataclass(frozen=True)
class _Exchanges:
    """Payments that were exchanged: positions, what was paid and came in minor units, and in which currencies."""

    position: np.ndarray
    paid: np.ndarray
    came: np.ndarray
    paid_in: np.ndarray
    came_in: np.ndarray
    unsure: np.ndarray


def _exchanges(ledger: Ledger, transfers: Transfers, names: list[str], own: np.ndarray) -> _Exchanges:
    codes, found = ledger.codes("original_currency")
    said = np.flatnonzero(codes[transfers.row] < len(found))
    columns = ["amount", "currency", "original_amount", "original_currency"]
    rows = ledger.rows_of(transfers.row[said], columns)
    known = pa.array(names, pa.string())
    settled_in, other_in = (pc.index_in(rows[name], value_set=known) for name in ("currency", "original_currency"))
    usable = pc.and_(other_in.is_valid(), rows["original_amount"].is_valid())
    usable = pc.and_(usable, pc.not_equal(rows["currency"], rows["original_currency"])).to_numpy()
    said, rows = said[usable], rows.filter(pa.array(usable))
    settled_in, other_in = (each.filter(pa.array(usable)).to_numpy() for each in (settled_in, other_in))
    settled = minor_units(rows["amount"], rows["currency"])
    other = minor_units(rows["original_amount"], rows["original_currency"])
    payer, payee = transfers.source[said], transfers.target[said]
    held = _held(ledger, names, own)

    def holds(account: np.ndarray, code: np.ndarray) -> np.ndarray:
        return (account >= 0) & np.isin(account.astype(np.int64) * len(names) + code, held)

    paid_other = holds(payer, other_in) & ~holds(payer, settled_in)
    paid_settled = holds(payer, settled_in) & ~holds(payer, other_in)
    gets_both = holds(payee, other_in) & holds(payee, settled_in)
    came_other = ~paid_other & holds(payee, other_in) & (~gets_both | (payer == payee) | paid_settled)
    unsure = gets_both & ~paid_other & ~came_other
    exchanged = paid_other | came_other
    return _Exchanges(
        position=said[exchanged],
        paid=np.where(paid_other, other, settled)[exchanged],
        came=np.where(came_other, other, settled)[exchanged],
        paid_in=np.where(paid_other, other_in, settled_in)[exchanged],
        came_in=np.where(came_other, other_in, settled_in)[exchanged],
        unsure=np.unique(payee[unsure]).astype(np.int64),
    )


def _held(ledger: Ledger, names: list[str], own: np.ndarray) -> np.ndarray:
    """Account and currency in one number, of all that accounts are said to hold."""
    keys = [np.arange(len(own)) * len(names) + own]
    versions = ledger.arrow(VERSIONED["accounts"], ["account_id", "currency"])
    account = ledger.settling_numbers_of(versions["account_id"])
    code = pc.index_in(versions["currency"], value_set=pa.array(names, pa.string())).fill_null(-1).to_numpy()
    is_known = (account >= 0) & (code >= 0)
    keys.append(account[is_known] * len(names) + code[is_known])
    return np.unique(np.concatenate(keys))
