"""Tracing: where chosen payments' money went, under four rules side by side, in one pass over what came after.

An account's balance is unknown, so its own money is what was seen coming in since the first chosen payment; what it
pays beyond that was its own from before. Which of its money a payment takes:

* FIFO: the oldest first (Clayton's Case: Devaynes v Noble, 1816). Pieces of a payment keep their order.
* Haircut: the same share of all (pro rata: Barlow Clowes v Vaughan, 1992; Möser, Böhme & Breuker, 2014), rounded to
  the nearest minor unit, halves up. What is not paid stays, so nothing is lost by rounding.
* LIBR: its own first (Re Hallett's Estate, 1880), and what came in later does not make good what is gone
  (the lowest intermediate balance: James Roscoe v Winder, 1915).
* Poison: all of it, from then on. An upper bound; money is not conserved from account to account.

Under the first three, traced money is at every moment what remains in accounts and what left through the frontier:
transfers to where we cannot see, another bank's account or cash. All amounts are int64 minor units.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mulegraph.flow.transfers import NOBODY, Transfers
from mulegraph.lazy import njit

METHODS = ("fifo", "haircut", "poison", "libr")
CONSERVING = ("fifo", "haircut", "libr")
FIFO, HAIRCUT, POISON, LIBR = range(4)
_FIFO, _HAIRCUT, _POISONED, _LIBR, _HEAD, _TAIL = range(6)
"""Columns of an account's state: traced money by method (poison: 0 or 1), and its queue's two ends."""
_SEEN, _REACHED = 1, 2
"""Marks of an account: we see what it pays; traced money has come to it. Most accounts are passed by one look here."""


@dataclass(frozen=True)
class Trace:
    """What became of the traced money. Columns of amounts are `METHODS`.

    `account` are account numbers in order of `generation` (hops from the chosen payments), then of number;
    `came`, `went` and `left` are theirs. `step` are positions into `Transfers` of those that carry traced money,
    `carried` how much, `hop` their generation; `ends` says that a step is the frontier's. Steps and accounts that
    only poison reaches come with the others. `traced` is what was chosen, without what was already traced.
    """

    account: np.ndarray
    generation: np.ndarray
    came: np.ndarray
    went: np.ndarray
    left: np.ndarray
    step: np.ndarray
    carried: np.ndarray
    hop: np.ndarray
    ends: np.ndarray
    traced: np.ndarray

    @property
    def only_poison(self) -> np.ndarray:
        """Accounts that no rule but poison reaches."""
        return np.asarray((self.came[:, [FIFO, HAIRCUT, LIBR]] == 0).all(axis=1))


class _Money(NamedTuple):
    """By account: marks, money seen, traced money by method, what came and went, hops; and the pieces of queues."""

    marks: np.ndarray
    pool: np.ndarray
    state: np.ndarray
    came: np.ndarray
    went: np.ndarray
    generation: np.ndarray
    poison_generation: np.ndarray
    runs: np.ndarray


class _Steps(NamedTuple):
    """Room for the transfers that carry traced money: see `Trace`."""

    step: np.ndarray
    carried: np.ndarray
    hop: np.ndarray
    ends: np.ndarray


def trace(transfers: Transfers, chosen: np.ndarray, seen: np.ndarray, *, since: int | None = None) -> Trace:
    """Trace the transfers at these positions onwards; `seen[a]` says that we see what account a pays.

    Own money is what came in from position `since` on (the first chosen one, if unsaid).
    """
    chosen = np.unique(np.asarray(chosen, np.int64))
    accounts, total = transfers.accounts, len(transfers)
    first = min(int(chosen[0]), total if since is None else since) if len(chosen) else total
    room = total - first
    money = _Money(
        marks=np.where(seen, _SEEN, 0).astype(np.uint8),
        pool=np.zeros(accounts, np.int64),
        state=np.zeros((accounts, 6), np.int64),
        came=np.zeros((accounts, 4), np.int64),
        went=np.zeros((accounts, 4), np.int64),
        generation=np.zeros(accounts, np.int32),
        poison_generation=np.zeros(accounts, np.int32),
        # Memory that is never written to costs nothing; a payment leaves at most three more pieces than there were.
        runs=np.empty((3 * room + 2, 3), np.int64),
    )
    steps = _Steps(
        step=np.empty(room, np.int64),
        carried=np.empty((room, 4), np.int64),
        hop=np.empty(room, np.int32),
        ends=np.empty(room, np.bool_),
    )
    traced = np.zeros(4, np.int64)
    count = _pass(transfers.columns, chosen, first, money, steps, traced)
    hops = np.where(money.generation > 0, money.generation, money.poison_generation)
    reached = np.flatnonzero(hops)
    reached = reached[np.argsort(hops[reached], kind="stable")]
    left = money.state[reached][:, [_FIFO, _HAIRCUT, _POISONED, _LIBR]]
    left[:, POISON] *= money.pool[reached]
    return Trace(
        reached,
        hops[reached],
        money.came[reached],
        money.went[reached],
        left,
        steps.step[:count].copy(),
        steps.carried[:count].copy(),
        steps.hop[:count].copy(),
        steps.ends[:count].copy(),
        traced,
    )


def backwards(transfers: Transfers) -> Transfers:
    """The ledger read from its end, payers as payees: a trace through it leads to the sources.

    Every rule is mirrored in time: under FIFO a payment was funded by what came in last before it.
    """
    return replace(
        transfers,
        row=transfers.row[::-1],
        source=np.ascontiguousarray(transfers.target[::-1]),
        target=np.ascontiguousarray(transfers.source[::-1]),
        amount=np.ascontiguousarray(transfers.amount[::-1]),
        at=np.ascontiguousarray(transfers.at[::-1]),
    )


def paying(transfers: Transfers) -> np.ndarray:
    """Which accounts pay anything in the ledger."""
    pays = np.zeros(transfers.accounts, np.bool_)
    pays[transfers.source[(transfers.source != NOBODY) & (transfers.source != transfers.target)]] = True
    return pays


@njit(cache=True, nogil=True)
def _pass(columns, chosen, first, money, steps, traced):  # type: ignore[no-untyped-def]
    next_chosen, count = 0, 0
    money.runs[0, 2], money.runs[1, 2] = (
        -1,
        -1,
    )  # the list of free runs begins empty; fresh ones are taken from `money.runs[1, 0]` on
    money.runs[0, 0], money.runs[1, 0] = -1, 2
    part = np.zeros(4, np.int64)
    for now in range(first, len(columns.source)):
        payer = columns.source[now]
        payee = columns.target[now]
        whole = columns.amount[now]
        is_chosen = next_chosen < len(chosen) and chosen[next_chosen] == now
        if is_chosen:
            next_chosen += 1
        if payer == payee:
            continue
        kept = payee >= 0 and money.marks[payee] & _SEEN
        known = payer >= 0 and money.marks[payer] & _SEEN
        if not is_chosen and not (known and money.marks[payer] & _REACHED):
            # Nothing traced is paid, so only how much money was seen changes.
            if known:
                money.pool[payer] = max(0, money.pool[payer] - whole)
            if kept:
                if money.marks[payee] & _REACHED:
                    _put(money, payee, whole, False)
                    money.came[payee, POISON] += whole
                else:
                    money.pool[payee] += whole
            continue
        part[:] = 0
        if known:
            _take(money, payer, payee if kept and not is_chosen else -1, whole, part)
        hops, poison_hops = 0, 0
        if is_chosen:
            traced += whole - part
            part[:] = whole
            hops, poison_hops = 1, 1
            if kept:
                _put(money, payee, whole, True)
        else:
            hops, poison_hops = money.generation[payer] + 1, money.poison_generation[payer] + 1
        if kept:
            money.marks[payee] |= _REACHED
            _arrive(money, payee, whole, part)
        moves = part[FIFO] > 0 or part[HAIRCUT] > 0 or part[LIBR] > 0
        if kept:
            if moves and (money.generation[payee] == 0 or hops < money.generation[payee]):
                money.generation[payee] = hops
            if money.poison_generation[payee] == 0 or poison_hops < money.poison_generation[payee]:
                money.poison_generation[payee] = poison_hops
        if moves or not kept:
            steps.step[count] = now
            steps.carried[count] = part
            steps.hop[count] = hops if moves else poison_hops
            steps.ends[count] = not kept
            count += 1
    return count


@njit(cache=True, nogil=True)
def _take(money, payer, payee, whole, part):  # type: ignore[no-untyped-def]
    """Pay `whole`: fill `part` with what of it is traced, and move the pieces of the queue on (−1: to nobody)."""
    mine = money.state[payer]
    had = money.pool[payer]
    if mine[_FIFO] > 0:
        part[FIFO] = _move(money, payer, payee, whole)
    elif payee >= 0:
        _put(money, payee, whole, False)
    if mine[_HAIRCUT] > 0:
        part[HAIRCUT] = mine[_HAIRCUT] if whole >= had else _share(mine[_HAIRCUT], whole, had)
        mine[_HAIRCUT] -= part[HAIRCUT]
    if mine[_LIBR] > 0:
        part[LIBR] = max(0, min(mine[_LIBR], whole - (had - mine[_LIBR])))
        mine[_LIBR] -= part[LIBR]
    if mine[_POISONED]:
        part[POISON] = whole
        money.came[payer, POISON] += max(0, whole - had)
    money.pool[payer] = max(0, had - whole)
    for method in range(4):
        money.went[payer, method] += part[method]


@njit(cache=True, nogil=True)
def _arrive(money, payee, whole, part):  # type: ignore[no-untyped-def]
    """Count traced money in; FIFO's pieces and the pool were put there before."""
    its = money.state[payee]
    money.came[payee, FIFO] += part[FIFO]
    money.came[payee, HAIRCUT] += part[HAIRCUT]
    money.came[payee, LIBR] += part[LIBR]
    its[_HAIRCUT] += part[HAIRCUT]
    its[_LIBR] += part[LIBR]
    if its[_POISONED]:
        money.came[payee, POISON] += whole
    elif part[POISON] > 0:
        its[_POISONED] = 1
        money.came[payee, POISON] += money.pool[payee]


@njit(cache=True, nogil=True)
def _move(money, payer, payee, whole):  # type: ignore[no-untyped-def]
    """Move the oldest pieces of a queue that holds traced money; gives how much of it was traced."""
    mine = money.state[payer]
    need, found = whole, 0
    run = mine[_HEAD]
    while run >= 0 and need > 0:
        taken = min(need, money.runs[run, 0])
        is_traced = money.runs[run, 1] == 1
        if is_traced:
            found += taken
        if payee >= 0:
            _put(money, payee, taken, is_traced)
        need -= taken
        money.runs[run, 0] -= taken
        if money.runs[run, 0] == 0:
            run = _freed(money.runs, run)
    mine[_HEAD] = run
    mine[_FIFO] -= found
    if mine[_FIFO] == 0:
        # What is left is all its own, and the pool says how much.
        while run >= 0:
            run = _freed(money.runs, run)
    if payee >= 0 and need > 0:
        _put(money, payee, need, False)
    return found


@njit(cache=True, nogil=True)
def _put(money, payee, piece, is_traced):  # type: ignore[no-untyped-def]
    """Put a piece at the end of a queue. An account without traced money has no queue, only a pool."""
    its = money.state[payee]
    if its[_FIFO] == 0:
        if is_traced:
            if money.pool[payee] > 0:
                its[_HEAD] = its[_TAIL] = _new(money.runs, money.pool[payee], 0)
                _join(money.runs, its, piece, 1)
            else:
                its[_HEAD] = its[_TAIL] = _new(money.runs, piece, 1)
    else:
        _join(money.runs, its, piece, 1 if is_traced else 0)
    money.pool[payee] += piece
    if is_traced:
        its[_FIFO] += piece


@njit(cache=True, nogil=True)
def _join(runs, its, money, kind):  # type: ignore[no-untyped-def]
    """Pieces of one kind that follow each other are one run."""
    tail = its[_TAIL]
    if runs[tail, 1] == kind:
        runs[tail, 0] += money
    else:
        runs[tail, 2] = its[_TAIL] = _new(runs, money, kind)


@njit(cache=True, nogil=True)
def _new(runs, money, kind):  # type: ignore[no-untyped-def]
    run = runs[0, 2]
    if run >= 0:
        runs[0, 2] = runs[run, 2]
    else:
        run = runs[1, 0]
        runs[1, 0] += 1
    runs[run, 0] = money
    runs[run, 1] = kind
    runs[run, 2] = -1
    return run


@njit(cache=True, nogil=True)
def _freed(runs, run):  # type: ignore[no-untyped-def]
    """Give a run back; gives the one after it."""
    following = runs[run, 2]
    runs[run, 2] = runs[0, 2]
    runs[0, 2] = run
    return following


@njit(cache=True, nogil=True)
def _share(traced, paid, pool):  # type: ignore[no-untyped-def]
    """traced · paid ÷ pool to the nearest whole, halves up; exact though the product may need 124 bits.

    Doubling and adding, with quotient and remainder kept apart. Needs traced ≤ pool < 2^62 and paid < pool.
    """
    # 2 · (2·10⁹)² + 10¹⁸ is below 2⁶³: without the bound on the pool the sum ran over, and a share came out as −1.
    if traced < 2_000_000_000 and paid < 2_000_000_000 and pool < 1_000_000_000_000_000_000:
        return (2 * traced * paid + pool) // (2 * pool)
    quotient = 0
    rest = 0
    more = traced % pool
    for bit in range(62, -1, -1):
        quotient *= 2
        rest *= 2
        if rest >= pool:
            rest -= pool
            quotient += 1
        if (paid >> bit) & 1:
            quotient += traced // pool
            rest += more
            if rest >= pool:
                rest -= pool
                quotient += 1
    return quotient + (1 if 2 * rest >= pool else 0)
