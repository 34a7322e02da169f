"""The part of a ledger that a trace can touch: accounts to which money can have come, and what they paid and received.

A payment's money reaches a few dozen accounts of a million. A pass over all transfers kept the books of every one of
them: 3.3 s of ten million transfers, three times a trace. Who can be reached takes one byte an account and 0.02 s.

An account can be reached by a payment that is followed, or by one given back, from an account that can be reached;
amounts do not count. So the part holds at least everything that any rule, and any bound, follows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mulegraph.flow.balances import KnownBalances, Pools
from mulegraph.flow.dated_payments import TIMED, begin_of_day
from mulegraph.flow.tracing_terms import Returns, Terms
from mulegraph.flow.transfers import NOBODY, Transfers
from mulegraph.lazy import njit

NO_DAYS = np.zeros(0, np.int64)
LOSER = -2
"""Stands for the payer of a chosen payment."""


@dataclass(frozen=True)
class Part:
    """A ledger's part, with accounts and positions numbered anew: `position` and `account` say which they are.

    `carries_back` says by return whether it can carry anything traced; `balance` are the places of its later balances.
    """

    transfers: Transfers
    chosen: np.ndarray
    seen: np.ndarray
    terms: Terms
    day: np.ndarray
    carries_back: np.ndarray
    position: np.ndarray
    account: np.ndarray
    balance: np.ndarray

    def number(self, account: np.ndarray) -> np.ndarray:
        """The numbers here of accounts that are in it."""
        return np.searchsorted(self.account, account)

    def positions(self, step: np.ndarray) -> np.ndarray:
        """Steps in the ledger: see `Trace.step`."""
        whole = np.empty_like(step)
        is_row = step >= 0
        whole[is_row] = self.position[step[is_row]]
        whole[~is_row] = -1 - self.balance[-1 - step[~is_row]]
        return whole


class GivenBack(NamedTuple):
    """Payments that give others back, in order: who had paid those, and whether they can carry anything traced.

    The payer is `LOSER` for a chosen payment: what is given back of it goes to who lost it, and the trace ends there.
    """

    position: np.ndarray
    payer: np.ndarray
    carries: np.ndarray


class Start(NamedTuple):
    """The first row to look at, and one after the last that may carry; `chosen` are the payments followed, in order."""

    first: int
    last: int
    chosen: np.ndarray


class Reach(NamedTuple):
    """By account number, and last for nobody, whether traced money can come to it; and what is given back."""

    account: np.ndarray
    given: GivenBack


def reach_of(
    transfers: Transfers, chosen: np.ndarray, seen: np.ndarray, terms: Terms, day: np.ndarray = NO_DAYS
) -> Reach:
    """What traced money can come to; `chosen` are in order."""
    order = np.argsort(terms.returns.given, kind="stable")
    original = terms.returns.original[order]
    begin = begin_of_day(int(chosen[0]), day) if len(chosen) else len(transfers)
    # What was paid before the trace begins carried nothing.
    payer = np.where(original >= begin, transfers.source[original], NOBODY).astype(np.int64)
    payer[np.isin(original, chosen)] = LOSER
    given = GivenBack(terms.returns.given[order], payer, np.zeros(len(order), np.bool_))
    account = np.zeros(transfers.accounts + 1, np.bool_)
    if len(chosen):
        limits = terms.limits
        stop = np.zeros(0, np.uint8) if limits.stop is None else limits.stop
        start = Start(begin, min(limits.last, len(transfers)), chosen)
        _reach(transfers.columns, start, stop, given, seen, day, account)
    return Reach(account, given)


def part_of(
    transfers: Transfers, chosen: np.ndarray, seen: np.ndarray, terms: Terms, day: np.ndarray = NO_DAYS
) -> Part:
    """The part that a trace of these payments can touch, from the day of the first one on; `chosen` are in order."""
    reached, given = reach_of(transfers, chosen, seen, terms, day)
    begin = begin_of_day(int(chosen[0]), day) if len(chosen) else len(transfers)
    position = np.empty(len(transfers) - begin, np.int64)
    position = position[: _touching(transfers.columns, begin, chosen, given, reached, position)].copy()
    around = _around_balances(terms.pools.later, reached, day)
    # Millions of positions are in order already: `np.union1d` hashes them all, which took longer than to find them.
    missing = np.unique(around[~_is_among(around, position)])
    position = np.insert(position, np.searchsorted(position, missing), missing)
    source, target = transfers.source[position], transfers.target[position]
    is_in = reached.copy()
    is_in[source] = True
    is_in[target] = True
    account = np.flatnonzero(is_in[:-1])
    number = np.full(transfers.accounts + 1, NOBODY, transfers.source.dtype)
    number[account] = np.arange(len(account))
    later, balance = _balances(terms.pools.later, position, number, reached)
    returns = _returns(terms.returns, position)
    carrying = given.position[given.carries]
    pools, limits = terms.pools, terms.limits
    return Part(
        transfers=replace(
            transfers.only(position), source=number[source], target=number[target], accounts=len(account)
        ),
        chosen=np.searchsorted(position, chosen),
        seen=seen[account],
        terms=Terms(
            Pools(pools.held[account], pools.opening[account], pools.known[account], later),
            returns,
            replace(
                limits,
                stop=None if limits.stop is None else limits.stop[position],
                last=int(np.searchsorted(position, limits.last)),
                any_sum=None if limits.any_sum is None else limits.any_sum[account],
            ),
        ),
        day=day[position] if len(day) else day,
        carries_back=np.isin(position[returns.given], carrying),
        position=position,
        account=account,
        balance=balance,
    )


def _around_balances(later: KnownBalances, reached: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Positions next to balances inside a day whose payments may stand in any order: they stay inside it."""
    place = later.position[reached[later.account]]
    place = place[(place > 0) & (place < len(day))]
    place = place[(day[place] != TIMED) & (day[place] == day[place - 1])]
    return np.concatenate([place - 1, place])


def _balances(
    later: KnownBalances, position: np.ndarray, number: np.ndarray, reached: np.ndarray
) -> tuple[KnownBalances, np.ndarray]:
    """Later balances of accounts that can be reached, and their places among all of them."""
    place = np.flatnonzero(reached[later.account])
    mine = KnownBalances(*(column[place] for column in later))
    before = np.searchsorted(position, mine.position)
    return mine._replace(position=before, account=number[mine.account].astype(np.int64)), place


def _is_among(these: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Which of these are positions, of positions in order."""
    place = np.searchsorted(position, these)
    found = place < len(position)
    found[found] = position[place[found]] == these[found]
    return found


def _returns(returns: Returns, position: np.ndarray) -> Returns:
    """Those whose payment is in the part."""

    def places(of: np.ndarray) -> np.ndarray:
        return np.where(_is_among(of, position), np.searchsorted(position, of), NOBODY)

    given, original = places(returns.given), places(returns.original)
    return Returns(given[given >= 0], original[given >= 0])


@njit(cache=True, nogil=True)
def _reach(columns, start, stop, given, seen, day, reached):  # type: ignore[no-untyped-def]
    now, last = start.first, start.last
    chosen = start.chosen
    next_chosen, next_given = 0, np.searchsorted(given.position, now)
    while now < len(columns.source):
        end = now + 1
        if len(day) and day[now] >= 0:
            while end < len(columns.source) and day[end] == day[now]:
                end += 1
        # Inside a day whose payments may stand in any order, one may pass on what a later row brings.
        changed = True
        while changed:
            changed = False
            chosen_at, given_at = next_chosen, next_given
            for row in range(now, end):
                payer, payee = columns.source[row], columns.target[row]
                carries = payer >= 0 and reached[payer] and row < last and (len(stop) == 0 or stop[row] == 0)
                if chosen_at < len(chosen) and chosen[chosen_at] == row:
                    chosen_at += 1
                    carries = True
                if given_at < len(given.position) and given.position[given_at] == row:
                    paid = given.payer[given_at]
                    # A stop holds for what is paid on, not for what goes back.
                    carries = carries or (payer >= 0 and reached[payer]) or (paid >= 0 and reached[paid])
                    given.carries[given_at] = carries
                    given_at += 1
                if carries and payee >= 0 and seen[payee] and not reached[payee] and payer != payee:
                    reached[payee] = True
                    changed = True
            changed = changed and end - now > 1
        next_chosen, next_given = chosen_at, given_at
        now = end


@njit(cache=True, nogil=True)
def _touching(columns, begin, chosen, given, reached, position):  # type: ignore[no-untyped-def]
    """Put down the positions from `begin` on that the trace looks at; gives how many."""
    count, chosen_at = 0, 0
    given_at = np.searchsorted(given.position, begin)
    for row in range(begin, len(columns.source)):
        payer, payee = columns.source[row], columns.target[row]
        mine = (payer >= 0 and reached[payer]) or (payee >= 0 and reached[payee])
        if chosen_at < len(chosen) and chosen[chosen_at] == row:
            chosen_at += 1
            mine = True
        if given_at < len(given.position) and given.position[given_at] == row:
            paid = given.payer[given_at]
            mine = mine or paid == LOSER or (paid >= 0 and reached[paid])
            given_at += 1
        if mine:
            position[count] = row
            count += 1
    return count
