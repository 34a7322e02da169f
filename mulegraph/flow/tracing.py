"""Tracing: where chosen payments' money went, under four rules side by side, in one pass over what came after.

An account's own money is what it held before (`mulegraph.flow.balances`) and what else came in. Which of its money a
payment takes:

* FIFO: the oldest first (Clayton's Case: Devaynes v Noble, 1816). Pieces of a payment keep their order.
* Haircut: the same share of all (pro rata: Barlow Clowes v Vaughan, 1992; Möser, Böhme & Breuker, 2014), rounded to
  the nearest minor unit, halves up. What is not paid stays, so nothing is lost by rounding.
* LIBR: its own first (Re Hallett's Estate, 1880), and what came in later does not make good what is gone
  (the lowest intermediate balance: James Roscoe v Winder, 1915).
* Poison: all of it, from then on. An upper bound; money is not conserved from account to account.

Under the first three, traced money is at every moment what remains in accounts and what ended: transfers to where we
cannot see, what was given back to the payer of a chosen payment, and where the trace was told to stop. A payment that
gives another one back takes that one's share with it. All amounts are int64 minor units.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mulegraph.flow import tracing_account as books
from mulegraph.flow import tracing_pass as kernel
from mulegraph.flow.balances import find_pools
from mulegraph.flow.dated_payments import backwards, begin_of_day
from mulegraph.flow.tracing_account import (
    BEYOND,
    EXCHANGED,
    FIFO,
    HAIRCUT,
    LIBR,
    MOVED,
    OVERDRAFT,
    POISON,
    RETURNED,
    UNBOOKED,
)
from mulegraph.flow.tracing_bounds import CHOSEN, GIVES_BACK, GIVES_CHOSEN_BACK, ORDINARY, STOPPED, most_held
from mulegraph.flow.tracing_queue import FIFO_HELD, HAIRCUT_HELD, LIBR_HELD, POISONED
from mulegraph.flow.tracing_reach import Part, part_of
from mulegraph.flow.tracing_terms import Limits, Returns, Terms
from mulegraph.flow.transfers import NOBODY, NOT_EXCHANGED, Transfers

METHODS = ("fifo", "haircut", "poison", "libr")
CONSERVING = ("fifo", "haircut", "libr")
CONSERVED = [FIFO, HAIRCUT, LIBR]
"""Places of the conserving methods in columns of amounts."""


@dataclass(frozen=True)
class Trace:
    """What became of the traced money. Columns of amounts are `METHODS`, in the currency of their account.

    `account` are account numbers in order of `generation` (hops from the chosen payments), then of number;
    `came`, `went` and `left` are theirs. `step` are positions into `Transfers` of those that carry traced money (of
    what a known balance shows to be gone: −1 − its place), `carried` how much, `arrived` what came of it in the
    payee's currency, `back` how much of what was carried came back later, `hop` their generation, `kind` where they
    lead, `holder` the account that the money left. Steps and accounts that only poison reaches come with the others.
    `traced` is what was chosen, without what was already traced.
    """

    account: np.ndarray
    generation: np.ndarray
    came: np.ndarray
    went: np.ndarray
    left: np.ndarray
    step: np.ndarray
    carried: np.ndarray
    arrived: np.ndarray
    back: np.ndarray
    hop: np.ndarray
    kind: np.ndarray
    holder: np.ndarray
    traced: np.ndarray

    @property
    def ends(self) -> np.ndarray:
        """Which steps lead to where we cannot see."""
        return np.isin(self.kind, (BEYOND, UNBOOKED, OVERDRAFT))

    @property
    def stops(self) -> np.ndarray:
        """Which steps are followed no further though we could."""
        return np.asarray((self.kind > RETURNED) & (self.kind != EXCHANGED))

    @property
    def net(self) -> np.ndarray:
        """What steps carried and did not come back."""
        return self.carried - self.back

    @property
    def only_poison(self) -> np.ndarray:
        """Accounts that no rule but poison reaches."""
        return np.asarray((self.came[:, CONSERVED] == 0).all(axis=1))


def trace(
    transfers: Transfers,
    chosen: np.ndarray,
    seen: np.ndarray,
    terms: Terms | None = None,
) -> Trace:
    """Trace the transfers at these positions onwards; `seen[a]` says that we see what account a pays.

    Unsaid, `terms` are the least that the ledger proves accounts to hold, no returns and no stop. Only the part of
    the ledger that the trace can touch is gone through.
    """
    chosen = np.unique(np.asarray(chosen, np.int64))
    terms = terms or Terms(find_pools(transfers, int(chosen[0]) if len(chosen) else len(transfers)))
    part = part_of(transfers, chosen, seen, terms)
    found = trace_all(part.transfers, part.chosen, part.seen, part.terms)
    return replace(
        found,
        account=part.account[found.account],
        holder=np.where(found.holder >= 0, part.account[found.holder], NOBODY),
        step=part.positions(found.step),
    )


def trace_all(
    transfers: Transfers, chosen: np.ndarray, seen: np.ndarray, terms: Terms, *, silent: np.ndarray | None = None
) -> Trace:
    """The same, through every transfer; `chosen` are in order. What `silent` accounts pay on counts for nothing."""
    accounts, total = transfers.accounts, len(transfers)
    first = int(chosen[0]) if len(chosen) else total
    pools = terms.pools
    asked = _asked(chosen, terms)
    # Memory that is never written to costs nothing. A transfer is at most two steps (it may repay an overdraft), and
    # leaves at most three more pieces in queues than there were.
    room = 2 * (total - first) + 2 * len(pools.later.position)
    marks = np.where(seen, books.SEEN, 0) | np.where(pools.known, books.KNOWN, 0)
    if terms.limits.any_sum is not None:
        marks |= np.where(terms.limits.any_sum, books.ANY_SUM, 0)
    if silent is not None:
        marks |= np.where(silent, books.SILENT, 0)
    money = books.Money(
        marks=marks.astype(np.uint8),
        pool=np.maximum(pools.held, 0),
        debt=np.maximum(-pools.held, 0),
        state=np.zeros((accounts, 6), np.int64),
        came=np.zeros((accounts, 4), np.int64),
        went=np.zeros((accounts, 4), np.int64),
        generation=np.zeros(accounts, np.int32),
        poison_generation=np.zeros(accounts, np.int32),
        runs=np.empty((3 * room + 2, 3), np.int64),
    )
    steps = books.Steps(
        step=np.empty(room, np.int64),
        carried=np.empty((room, 4), np.int64),
        arrived=np.empty((room, 4), np.int64),
        back=np.empty((room, 4), np.int64),
        hop=np.empty(room, np.int32),
        kind=np.empty(room, np.int8),
        holder=np.empty(room, np.int64),
    )
    traced = np.zeros(4, np.int64)
    count = kernel.run_pass(transfers.payments, first, asked, money, steps, traced)
    hops = np.where(money.generation > 0, money.generation, money.poison_generation)
    reached = np.flatnonzero(hops)
    reached = reached[np.argsort(hops[reached], kind="stable")]
    left = money.state[reached][:, [FIFO_HELD, HAIRCUT_HELD, POISONED, LIBR_HELD]]
    left[:, POISON] *= money.pool[reached]
    made = {name: getattr(steps, name)[:count].copy() for name in books.Steps._fields}
    return Trace(
        account=reached,
        generation=hops[reached],
        came=money.came[reached],
        went=money.went[reached],
        left=left,
        traced=traced,
        **made,
    )


def _asked(chosen: np.ndarray, terms: Terms) -> kernel.Asked:
    later = terms.pools.later
    returns = terms.returns
    limits = terms.limits
    order = np.argsort(returns.given, kind="stable")
    back = returns.original[order]
    originals = np.unique(back[back >= 0])
    of_original = np.where(back >= 0, np.searchsorted(originals, back), NOBODY)
    stop = np.zeros(0, np.uint8) if limits.stop is None else limits.stop
    return kernel.Asked(
        chosen=chosen,
        stop=stop,
        last=limits.last,
        least=limits.least,
        balance_position=later.position,
        balance_account=later.account,
        balance=later.balance,
        returns=returns.given[order],
        of_original=of_original,
        originals=originals,
    )


@dataclass(frozen=True)
class Bounds:
    """By account number: what is there at least and at most, whatever the opening balances that are not known,
    whatever the order inside a day, and under every rule that conserves money."""

    lowest: np.ndarray
    highest: np.ndarray


def bounds(
    transfers: Transfers,
    chosen: np.ndarray,
    seen: np.ndarray,
    found: Trace,
    terms: Terms,
    *,
    day: np.ndarray,
    unsure: np.ndarray,
) -> Bounds:
    """Bounds of what remains on accounts; `day` and `unsure` are as `DayOrder.day` and `unsure_accounts` have them.

    The least: an account of unknown opening may have paid with money that it had before, so what it passes on counts
    for nothing; of its own share it keeps least at the opening that the ledger proves, since more own money only
    leaves more of the traced money there, under each of the rules. Of `unsure` accounts (the order of whose
    transfers inside a day is not known), and of those who gave a payment back that is not chosen (how much of it was
    traced is not known), everything paid since may have been traced money.
    The most: with enough own money an account pays nothing traced, so all that may have come in is there still.
    """
    chosen = np.unique(np.asarray(chosen, np.int64))
    lowest, highest = np.zeros(transfers.accounts, np.int64), np.zeros(transfers.accounts, np.int64)
    if len(chosen):
        part = part_of(transfers, chosen, seen, terms, day)
        between = bounds_in(part, found, unsure[part.account])
        lowest[part.account], highest[part.account] = between.lowest, between.highest
    return Bounds(lowest, highest)


def bounds_in(part: Part, found: Trace, unsure: np.ndarray) -> Bounds:
    """The same by account of a part."""
    most = most_held(part.transfers, part.chosen, part.seen, _what(part), part.terms.pools, part.day)
    return Bounds(_lowest(part, found, unsure), most)


def _lowest(part: Part, found: Trace, unsure: np.ndarray) -> np.ndarray:
    """By account of the part what is there at least."""
    moved, pools = part.transfers, part.terms.pools
    unsure = unsure | _gave_others_back(moved, part.chosen, part.terms.returns)
    least = trace_all(moved, part.chosen, part.seen, part.terms, silent=~pools.known | unsure)
    lowest, came = np.zeros(moved.accounts, np.int64), np.zeros(moved.accounts, np.int64)
    lowest[least.account] = least.left[:, CONSERVED].min(axis=1, initial=2**62)
    came[least.account] = least.came[:, CONSERVED].min(axis=1, initial=2**62)
    doubtful = np.zeros(moved.accounts, np.bool_)
    account = part.number(found.account)
    doubtful[account] = unsure[account]
    if doubtful.any():
        paid = _paid_since(moved, part.chosen, doubtful, part.day)
        lowest = np.where(doubtful, np.maximum(0, came - paid), lowest)
        beyond = part.number(found.holder[np.isin(found.kind, (UNBOOKED, OVERDRAFT))])
        lowest[beyond] = np.where(doubtful[beyond], 0, lowest[beyond])
    return lowest


def _gave_others_back(transfers: Transfers, chosen: np.ndarray, returns: Returns) -> np.ndarray:
    gave = np.zeros(transfers.accounts, np.bool_)
    who = transfers.source[returns.given[~np.isin(returns.original, chosen)]]
    gave[who[who != NOBODY]] = True
    return gave


def _what(part: Part) -> np.ndarray:
    """What each transfer is to the trace: see `tracing_bounds`."""
    moved = part.transfers
    returns = part.terms.returns
    limits = part.terms.limits
    what = np.zeros(len(moved), np.uint8)
    if limits.stop is not None:
        what[limits.stop > 0] = STOPPED
    what[limits.last :] = STOPPED
    back = np.where(np.isin(returns.original, part.chosen), GIVES_CHOSEN_BACK, GIVES_BACK)
    # What can carry nothing traced back is like any other payment.
    back[(back == GIVES_BACK) & ~part.carries_back] = ORDINARY
    # Of what gives back more than came nothing is taken off: the rest may have been anybody's.
    whole = moved.amount[returns.given] <= moved.amount[returns.original]
    if moved.arrived is not None:
        # Nor where either was exchanged: what came and what goes back are in two currencies.
        kept = moved.arrived == NOT_EXCHANGED
        whole &= kept[returns.given] & kept[returns.original]
    what[returns.given] = np.where((back == GIVES_CHOSEN_BACK) & ~whole, STOPPED, back)
    what[part.chosen] = CHOSEN
    return what


def _paid_since(transfers: Transfers, chosen: np.ndarray, accounts: np.ndarray, day: np.ndarray) -> np.ndarray:
    """By account what it paid from the day of the first chosen payment on."""
    first = begin_of_day(int(chosen[0]), day)
    payer = transfers.source[first:]
    mine = np.flatnonzero((payer >= 0) & (payer != transfers.target[first:]))
    mine = mine[accounts[payer[mine]]]
    paid = np.zeros(transfers.accounts, np.int64)
    np.add.at(paid, payer[mine], transfers.amount[first:][mine])
    return paid


__all__ = [
    "CONSERVED",
    "CONSERVING",
    "FIFO",
    "HAIRCUT",
    "LIBR",
    "METHODS",
    "MOVED",
    "NOBODY",
    "POISON",
    "Bounds",
    "Limits",
    "Returns",
    "Terms",
    "Trace",
    "backwards",
    "bounds",
    "bounds_in",
    "trace",
    "trace_all",
]
