"""A trace through several currencies, a currency at a time: what was exchanged ends in one, and begins in another."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from mulegraph.errors import UsageError
from mulegraph.flow.balances import Pools
from mulegraph.flow.sub_accounts import SubAccounts
from mulegraph.flow.tracing import Trace
from mulegraph.flow.tracing_account import EXCHANGED, MOVED, Steps
from mulegraph.flow.transfers import NOBODY, Transfers


@dataclass(frozen=True)
class Part:
    """What a trace found in one currency (its place): `came` are steps of `found` that bring it by exchange.

    `came_back` is by method what came of it by exchange though the trace began in this currency.
    """

    currency: int
    found: Trace
    came: np.ndarray
    came_back: np.ndarray


def currency_of(transfers: Transfers, chosen: np.ndarray, accounts: SubAccounts) -> int:
    """The currency of payments, as its place. Raises UsageError where they are in several."""
    payer, payee = transfers.source[chosen], transfers.target[chosen]
    codes = np.unique(accounts.currency[np.where(payer >= 0, payer, payee)])
    if len(codes) > 1:
        raise UsageError(
            "the payments are in {currencies}",
            hint="Give payments of one currency; a case of several: mulegraph case split CASE --payment T --reason WHY",
            currencies=" and ".join(accounts.names[code] for code in codes),
        )
    return int(codes[0])


def by_currency(found: Trace, transfers: Transfers, accounts: SubAccounts, first: int) -> list[Part]:
    """A trace in each currency that it reaches, the `first` one first, then by code."""
    if not accounts.divides:
        return [Part(first, found, np.zeros(0, np.int64), np.zeros_like(found.traced))]
    row = np.maximum(found.step, 0)
    payer = np.where(found.holder >= 0, found.holder, transfers.target[row])
    paid_in = accounts.currency[payer]
    exchanged = found.kind == EXCHANGED
    came_in = np.where(exchanged, accounts.currency[transfers.target[row]], NOBODY)
    reached = accounts.currency[found.account]
    others = sorted({*reached.tolist(), *paid_in.tolist(), *came_in[exchanged].tolist()} - {first})
    return [_part(found, code, reached, (paid_in, came_in), first) for code in [first, *others]]


def _part(found: Trace, code: int, reached: np.ndarray, codes: tuple[np.ndarray, np.ndarray], first: int) -> Part:
    paid_in, came_in = codes
    own, came = np.flatnonzero(paid_in == code), np.flatnonzero(came_in == code)
    steps = {name: getattr(found, name)[own] for name in Steps._fields}
    arrived = found.arrived[came]
    if len(came):
        brought = {name: getattr(found, name)[came] for name in Steps._fields}
        brought |= {"carried": arrived, "back": np.zeros_like(arrived), "kind": np.full(len(came), MOVED, np.int8)}
        # Those that bring it stand before those that it goes on by.
        steps = {name: np.concatenate([brought[name], steps[name]]) for name in steps}
    here = reached == code
    columns = {each.name: getattr(found, each.name)[here] for each in fields(Trace) if each.name in _OF_ACCOUNTS}
    back = arrived.sum(axis=0)
    traced = found.traced if code == first else back
    came_back = back if code == first else np.zeros_like(back)
    return Part(code, replace(found, **columns, **steps, traced=traced), np.arange(len(came)), came_back)


_OF_ACCOUNTS = frozenset({"account", "generation", "came", "went", "left"})


def in_doubt(found: Trace, transfers: Transfers, accounts: SubAccounts, pools: Pools, begin: int) -> np.ndarray:
    """Accounts with traced money that paid in another currency, since position `begin`, from money not seen to come in.

    And those of which it is not known in which of two currencies an exchanged payment came.
    """
    if not accounts.divides:
        return np.zeros(0, np.int64)
    traced = ~found.only_poison
    mine = np.unique(accounts.account[found.account[traced]])
    has_traced = np.zeros(len(accounts), np.bool_)
    has_traced[found.account[traced]] = True
    payer = np.unique(transfers.source[begin:])
    payer = payer[payer >= 0]
    unseen = payer[~has_traced[payer] & ~pools.known[payer] & (pools.opening[payer] > 0)]
    doubtful = np.union1d(accounts.account[unseen], accounts.unsure)
    return np.intersect1d(doubtful, mine)
