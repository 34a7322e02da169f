"""What a payment does on one account of a trace: money is taken, put down, given back, and repays what is owed.

Accounts are rows of `Money`; FIFO keeps for each that holds traced money a queue of runs of one kind, traced or own, as
a list in `runs`. The pass that calls all this is `mulegraph.flow.tracing_pass`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mulegraph.flow.tracing_queue import FIFO_HELD, HAIRCUT_HELD, HEAD, LIBR_HELD, POISONED, cut, move, put, share
from mulegraph.lazy import njit

FIFO, HAIRCUT, POISON, LIBR = range(4)
SEEN = 1
REACHED = 2
KNOWN = 4
SILENT = 8
ANY_SUM = 16
"""Marks of an account: we see what it pays; traced money has come to it; its balance is known; what it passes on
counts as nothing; nothing that it pays is too little. Most accounts are passed by one look here."""
MOVED, BEYOND, UNBOOKED, OVERDRAFT, RETURNED, SHOP, WAGES, SWEEP, SMALL, LATE, EXCHANGED, VICTIM = range(12)
"""What a step is: inside our sight; to where we cannot see; out of a balance, by a booking that the ledger does not
hold; repaid on an overdraft; given back to the payer of a chosen payment; the reasons to stop; inside our sight
into another currency; and back at who lost it, a reason to stop as well."""


class Money(NamedTuple):
    """By account: marks, money held, overdraft, traced money by method, what came and went, hops; pieces of queues."""

    marks: np.ndarray
    pool: np.ndarray
    debt: np.ndarray
    state: np.ndarray
    came: np.ndarray
    went: np.ndarray
    generation: np.ndarray
    poison_generation: np.ndarray
    runs: np.ndarray


class Steps(NamedTuple):
    """Room for the transfers that carry traced money: see `Trace`."""

    step: np.ndarray
    carried: np.ndarray
    arrived: np.ndarray
    back: np.ndarray
    hop: np.ndarray
    kind: np.ndarray
    holder: np.ndarray


@njit(cache=True, nogil=True)
def note(steps, count, step, parts, hops, kind, holder):  # type: ignore[no-untyped-def]
    """Write down what a step carried, and what came of it."""
    steps.step[count] = step
    steps.carried[count] = parts[0]
    steps.arrived[count] = parts[1]
    steps.back[count] = 0
    steps.hop[count] = hops
    steps.kind[count] = kind
    steps.holder[count] = holder
    return count + 1


@njit(cache=True, nogil=True)
def pay_own(money, payer, whole):  # type: ignore[no-untyped-def]
    """Pay, by an account that holds nothing traced."""
    had = money.pool[payer]
    money.pool[payer] = max(0, had - whole)
    if whole > had and money.marks[payer] & KNOWN:
        money.debt[payer] += whole - had


@njit(cache=True, nogil=True)
def receive_own(money, steps, count, now, payee, whole):  # type: ignore[no-untyped-def]
    """Take in what is not traced."""
    if money.marks[payee] & REACHED:
        put(money, payee, whole, False)
        money.came[payee, POISON] += whole
        return repay(money, steps, count, now, payee, whole)
    repaid = min(money.debt[payee], whole)
    money.debt[payee] -= repaid
    money.pool[payee] += whole - repaid
    return count


@njit(cache=True, nogil=True)
def settle_in(money, steps, count, now, payee, whole, on):  # type: ignore[no-untyped-def]
    """The end of a payment that comes in: traced money (`on`) was put down before; gives how many steps there are."""
    if on:
        return repay(money, steps, count, now, payee, whole)
    return receive_own(money, steps, count, now, payee, whole)


@njit(cache=True, nogil=True)
def repay(money, steps, count, now, payee, whole):  # type: ignore[no-untyped-def]
    """What comes in on an overdrawn account goes to the bank first: the money is not there to be had."""
    repaid = min(money.debt[payee], whole)
    if repaid == 0:
        return count
    part = np.zeros(4, np.int64)
    take(money, payee, -1, repaid, part)
    money.debt[payee] -= repaid
    if part[FIFO] > 0 or part[HAIRCUT] > 0 or part[LIBR] > 0:
        hops = max(money.generation[payee], money.poison_generation[payee])
        return note(steps, count, now, (part, part), hops, OVERDRAFT, payee)
    return count


@njit(cache=True, nogil=True)
def settle_balance(money, steps, count, asked, event, part):  # type: ignore[no-untyped-def]
    """Make an account hold what it is known to hold: what differs was booked, and the ledger does not hold it."""
    account = asked.balance_account[event]
    if not money.marks[account] & SEEN:
        return count
    more = money.pool[account] - money.debt[account] - asked.balance[event]
    if more > 0:
        part[:] = 0
        if money.marks[account] & REACHED:
            take(money, account, -1, more, part)
        else:
            pay_own(money, account, more)
        if part[FIFO] > 0 or part[HAIRCUT] > 0 or part[LIBR] > 0:
            hops = money.generation[account] + 1
            return note(steps, count, -1 - event, (part, part), hops, UNBOOKED, account)
    elif more < 0:
        return receive_own(money, steps, count, -1 - event, account, -more)
    return count


@njit(cache=True, nogil=True)
def is_small(money, payer, whole, least):  # type: ignore[no-untyped-def]
    """Whether a payment carries traced money, and less than `least` of it under every rule that conserves it."""
    mine = money.state[payer]
    had = money.pool[payer]
    most = 0
    if mine[HAIRCUT_HELD] > 0:
        most = mine[HAIRCUT_HELD] if whole >= had else share(mine[HAIRCUT_HELD], whole, had)
    if mine[LIBR_HELD] > 0:
        most = max(most, min(mine[LIBR_HELD], whole - (had - mine[LIBR_HELD])))
    if most >= least:
        return False
    if mine[FIFO_HELD] > 0:
        need = whole
        found = 0
        run = mine[HEAD]
        while run >= 0 and need > 0 and found < least:
            taken = min(need, money.runs[run, 0])
            found += taken if money.runs[run, 1] == 1 else 0
            need -= taken
            run = money.runs[run, 2]
        most = max(most, found)
    return 0 < most < least


@njit(cache=True, nogil=True)
def shared(carried, whole, amount, wanted):  # type: ignore[no-untyped-def]
    """What of a payment's traced money a return of `whole` gives back: its share."""
    for method in range(4):
        wanted[method] = carried[method] if whole >= amount else share(carried[method], whole, amount)


@njit(cache=True, nogil=True)
def _leave(money, payer, whole, part):  # type: ignore[no-untyped-def]
    """Take a payment off what an account holds; poison taints all of it, and what is overdrawn is owed."""
    had = money.pool[payer]
    if money.state[payer, POISONED]:
        part[POISON] = whole
        money.came[payer, POISON] += max(0, whole - had)
    money.pool[payer] = max(0, had - whole)
    if whole > had and money.marks[payer] & KNOWN:
        money.debt[payer] += whole - had
    for method in range(4):
        money.went[payer, method] += part[method]


@njit(cache=True, nogil=True)
def give_back(money, payer, whole, wanted, part):  # type: ignore[no-untyped-def]
    """Pay `whole`, of which `wanted` is traced; more of it only where the account has no other money."""
    mine = money.state[payer]
    had = money.pool[payer]
    for method, column in ((FIFO, FIFO_HELD), (HAIRCUT, HAIRCUT_HELD), (LIBR, LIBR_HELD)):
        held = mine[column]
        part[method] = min(held, max(wanted[method], whole - (had - held)))
        if method != FIFO:
            mine[column] -= part[method]
    if mine[FIFO_HELD] > 0:
        cut(money, payer, mine[FIFO_HELD] - part[FIFO], max(0, had - mine[FIFO_HELD] - (whole - part[FIFO])))
    part[POISON] = 0
    _leave(money, payer, whole, part)


@njit(cache=True, nogil=True)
def take(money, payer, payee, whole, part):  # type: ignore[no-untyped-def]
    """Pay `whole`: fill `part` with what of it is traced, and move the pieces of the queue on (−1: to nobody)."""
    mine = money.state[payer]
    had = money.pool[payer]
    if mine[FIFO_HELD] > 0:
        part[FIFO] = move(money, payer, payee, whole)
    elif payee >= 0:
        put(money, payee, whole, False)
    if mine[HAIRCUT_HELD] > 0:
        part[HAIRCUT] = mine[HAIRCUT_HELD] if whole >= had else share(mine[HAIRCUT_HELD], whole, had)
        mine[HAIRCUT_HELD] -= part[HAIRCUT]
    if mine[LIBR_HELD] > 0:
        part[LIBR] = max(0, min(mine[LIBR_HELD], whole - (had - mine[LIBR_HELD])))
        mine[LIBR_HELD] -= part[LIBR]
    _leave(money, payer, whole, part)


@njit(cache=True, nogil=True)
def arrive(money, payee, whole, part, hops, poison_hops):  # type: ignore[no-untyped-def]
    """Count traced money in (no hops: only poison came); FIFO's pieces and the pool were put there before."""
    its = money.state[payee]
    money.marks[payee] |= REACHED
    if hops > 0 and (money.generation[payee] == 0 or hops < money.generation[payee]):
        money.generation[payee] = hops
    if money.poison_generation[payee] == 0 or poison_hops < money.poison_generation[payee]:
        money.poison_generation[payee] = poison_hops
    money.came[payee, FIFO] += part[FIFO]
    money.came[payee, HAIRCUT] += part[HAIRCUT]
    money.came[payee, LIBR] += part[LIBR]
    its[HAIRCUT_HELD] += part[HAIRCUT]
    its[LIBR_HELD] += part[LIBR]
    if its[POISONED]:
        money.came[payee, POISON] += whole
    elif part[POISON] > 0:
        its[POISONED] = 1
        money.came[payee, POISON] += money.pool[payee]
