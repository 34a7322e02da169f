"""The kernel of tracing: one pass over the transfers, in which every payment takes its part of the traced money.

What each rule takes stands in `mulegraph.flow.tracing`. Accounts are rows of `_Money`; FIFO keeps for each that holds
traced money a queue of runs of one kind, traced or own, as a list in `runs`. Of a payment that is exchanged on its way
the payee gets the same share traced as it left with, and FIFO puts the traced part of it first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mulegraph.flow.kernels import arrives
from mulegraph.flow.tracing_queue import (
    FIFO_HELD,
    HAIRCUT_HELD,
    HEAD,
    LIBR_HELD,
    POISONED,
    cut,
    exchanged,
    move,
    put,
    share,
)
from mulegraph.flow.transfers import NOBODY, NOT_EXCHANGED
from mulegraph.lazy import njit

FIFO, HAIRCUT, POISON, LIBR = range(4)
SEEN = 1
REACHED = 2
KNOWN = 4
SILENT = 8
"""Marks of an account: we see what it pays; traced money has come to it; its balance is known; what it passes on
counts as nothing. Most accounts are passed by one look here."""
MOVED, BEYOND, UNBOOKED, OVERDRAFT, RETURNED, SHOP, WAGES, SWEEP, SMALL, LATE, EXCHANGED = range(11)
"""What a step is: inside our sight; to where we cannot see; out of a balance, by a booking that the ledger does not
hold; repaid on an overdraft; given back to the payer of a chosen payment; the reasons to stop; and inside our sight
into another currency."""
NO_STEP = -1


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


class Asked(NamedTuple):
    """What to follow: `chosen` positions; by position why to `stop` there (0: follow); from position `last` on no
    further; nothing below `least`. Known balances as in `KnownBalances`. `returns` are positions that give back the
    payment at place `of_original` of `originals`, both ascending (−1: one that is not among these transfers)."""

    chosen: np.ndarray
    stop: np.ndarray
    last: int
    least: int
    balance_position: np.ndarray
    balance_account: np.ndarray
    balance: np.ndarray
    returns: np.ndarray
    of_original: np.ndarray
    originals: np.ndarray


@njit(cache=True, nogil=True)
def run_pass(columns, first, asked, money, steps, traced):  # type: ignore[no-untyped-def]
    """Fill `money`, `steps` and `traced`; gives how many steps there are."""
    next_chosen = 0
    next_event = 0
    next_return = 0
    next_original = 0
    count = 0
    money.runs[0, 2] = -1  # the list of free runs begins empty; fresh ones are taken from `money.runs[1, 0]` on
    money.runs[1, 2] = -1
    money.runs[0, 0] = -1
    money.runs[1, 0] = 2
    part = np.zeros(4, np.int64)
    got = np.zeros(4, np.int64)
    step_of = np.full(len(asked.originals), NO_STEP, np.int64)
    chosen_original = np.zeros(len(asked.originals), np.bool_)
    while next_return < len(asked.returns) and asked.returns[next_return] < first:
        next_return += 1
    while next_original < len(asked.originals) and asked.originals[next_original] < first:
        next_original += 1
    for now in range(first, len(columns.source)):
        while next_event < len(asked.balance_position) and asked.balance_position[next_event] <= now:
            count = _settle_balance(money, steps, count, asked, next_event, part)
            next_event += 1
        payer = columns.source[now]
        payee = columns.target[now]
        whole = columns.amount[now]
        come = arrives(columns, now)
        is_exchange = len(columns.arrived) > 0 and columns.arrived[now] != NOT_EXCHANGED
        is_chosen = next_chosen < len(asked.chosen) and asked.chosen[next_chosen] == now
        if is_chosen:
            next_chosen += 1
        original = NO_STEP
        is_return = False
        if next_return < len(asked.returns) and asked.returns[next_return] == now:
            is_return = not is_chosen
            original = asked.of_original[next_return]
            next_return += 1
        is_original = next_original < len(asked.originals) and asked.originals[next_original] == now
        if is_original:
            next_original += 1
        if payer == payee:
            continue
        kept = payee >= 0 and (money.marks[payee] & SEEN) != 0
        known = payer >= 0 and (money.marks[payer] & SEEN) != 0
        if is_return:
            given = step_of[original] if original >= 0 else NO_STEP
            to_payer = given >= 0 and chosen_original[original]
            of = columns.amount[asked.originals[original]] if original >= 0 else whole
            count = _return(columns, now, (given, of, to_payer), money, steps, count)
            continue
        if not is_chosen and not (known and money.marks[payer] & REACHED):
            # Nothing traced is paid, so only how much money is held changes.
            if known:
                _pay_own(money, payer, whole)
            if kept:
                count = _receive_own(money, steps, count, now, payee, come)
            continue
        why = MOVED
        if not is_chosen:
            why = asked.stop[now] if len(asked.stop) else MOVED
            if now >= asked.last:
                why = LATE
            elif why == MOVED and asked.least > 0 and _is_small(money, payer, whole, asked.least):
                why = SMALL
        silent = known and (money.marks[payer] & SILENT) != 0
        on = kept and not is_chosen and why == MOVED and not silent
        part[:] = 0
        if known:
            _take(money, payer, payee if on and not is_exchange else -1, whole, part)
        hops = 1
        poison_hops = 1
        if is_chosen:
            traced += whole - part
            part[:] = whole
            on = kept
            if on and not is_exchange:
                put(money, payee, whole, True)
        else:
            hops = money.generation[payer] + 1
            poison_hops = money.poison_generation[payer] + 1
        moves = part[FIFO] > 0 or part[HAIRCUT] > 0 or part[LIBR] > 0
        got[:] = part
        if on and is_exchange:
            _exchange(part, whole, come, got)
            _put_first(money, payee, come, got[FIFO])
        if on:
            _arrive(money, payee, come, got, hops if moves else 0, poison_hops)
        if is_original:
            step_of[next_original - 1] = count if moves or (not on and why == MOVED and not silent) else NO_STEP
            chosen_original[next_original - 1] = is_chosen
        # What only poison reaches is counted where it leaves our sight; where the trace stops it would be everything.
        if moves or (not on and why == MOVED and not silent):
            inside = EXCHANGED if is_exchange else MOVED
            kind = why if why != MOVED else inside if on else BEYOND
            count = _note(steps, count, now, (part, got), hops if moves else poison_hops, kind, payer)
        if kept:
            count = _settle_in(money, steps, count, now, payee, come, on)
    while next_event < len(asked.balance_position):
        count = _settle_balance(money, steps, count, asked, next_event, part)
        next_event += 1
    return count


@njit(cache=True, nogil=True)
def _return(columns, now, of, money, steps, count):  # type: ignore[no-untyped-def]
    """A payment gives another one back, with that one's share of traced money; gives how many steps there are.

    `of` is the other's step (−1: it carried nothing), its amount, and whether it was chosen: then its payer has lost
    the money no longer, and the trace ends.
    """
    given, amount, to_payer = of
    payer = columns.source[now]
    payee = columns.target[now]
    whole = columns.amount[now]
    come = arrives(columns, now)
    is_exchange = len(columns.arrived) > 0 and columns.arrived[now] != NOT_EXCHANGED
    kept = payee >= 0 and (money.marks[payee] & SEEN) != 0
    known = payer >= 0 and (money.marks[payer] & SEEN) != 0
    part = np.zeros(4, np.int64)
    wanted = np.zeros(4, np.int64)
    got = np.zeros(4, np.int64)
    ended = given >= 0 and steps.kind[given] != MOVED and steps.kind[given] != EXCHANGED
    if ended and is_exchange and not known:
        # It comes from where we see no balance: only in the currency that the other one was paid in is it followed.
        payer, whole, is_exchange = NOBODY, come, False
    if given >= 0 and not (ended and is_exchange):
        # What comes back is in the currency that the other one was paid in.
        _shared(steps.carried[given], come, amount, got)
        _exchange(got, come, whole, wanted)
    if known and money.marks[payer] & REACHED:
        _give_back(money, payer, whole, part if ended else wanted, part)
    elif known:
        _pay_own(money, payer, whole)
    if ended:
        # It had left the trace: where it went, so much less is to be had.
        for method in range(4):
            more = min(wanted[method], steps.carried[given, method] - steps.back[given, method], whole - part[method])
            steps.back[given, method] += more
            part[method] += more
    moves = part[FIFO] > 0 or part[HAIRCUT] > 0 or part[LIBR] > 0
    silent = known and (money.marks[payer] & SILENT) != 0
    on = kept and not to_payer and not silent and (moves or part[POISON] > 0)
    hops = steps.hop[given] if given >= 0 else money.generation[payer] + 1
    got[:] = part
    if on:
        if is_exchange:
            _exchange(part, whole, come, got)
        _put_first(money, payee, come, got[FIFO])
        _arrive(money, payee, come, got, hops if moves else 0, hops)
    if moves:
        inside = EXCHANGED if is_exchange else MOVED
        kind = RETURNED if to_payer else inside if on else BEYOND
        count = _note(steps, count, now, (part, got), hops, kind, payer)
    return _settle_in(money, steps, count, now, payee, come, on) if kept else count


@njit(cache=True, nogil=True)
def _exchange(part, whole, come, got):  # type: ignore[no-untyped-def]
    """What comes of the traced parts of a payment of `whole` where `come` arrives."""
    for method in range(4):
        got[method] = exchanged(part[method], whole, come)


@njit(cache=True, nogil=True)
def _put_first(money, payee, come, of_it):  # type: ignore[no-untyped-def]
    """Put a payment at the end of a queue, what `of_it` is traced before the rest."""
    if of_it > 0:
        put(money, payee, of_it, True)
    if of_it < come:
        put(money, payee, come - of_it, False)


@njit(cache=True, nogil=True)
def _note(steps, count, step, parts, hops, kind, holder):  # type: ignore[no-untyped-def]
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
def _pay_own(money, payer, whole):  # type: ignore[no-untyped-def]
    """Pay, by an account that holds nothing traced."""
    had = money.pool[payer]
    money.pool[payer] = max(0, had - whole)
    if whole > had and money.marks[payer] & KNOWN:
        money.debt[payer] += whole - had


@njit(cache=True, nogil=True)
def _receive_own(money, steps, count, now, payee, whole):  # type: ignore[no-untyped-def]
    """Take in what is not traced."""
    if money.marks[payee] & REACHED:
        put(money, payee, whole, False)
        money.came[payee, POISON] += whole
        return _repay(money, steps, count, now, payee, whole)
    repaid = min(money.debt[payee], whole)
    money.debt[payee] -= repaid
    money.pool[payee] += whole - repaid
    return count


@njit(cache=True, nogil=True)
def _settle_in(money, steps, count, now, payee, whole, on):  # type: ignore[no-untyped-def]
    """The end of a payment that comes in: traced money (`on`) was put down before; gives how many steps there are."""
    if on:
        return _repay(money, steps, count, now, payee, whole)
    return _receive_own(money, steps, count, now, payee, whole)


@njit(cache=True, nogil=True)
def _repay(money, steps, count, now, payee, whole):  # type: ignore[no-untyped-def]
    """What comes in on an overdrawn account goes to the bank first: the money is not there to be had."""
    repaid = min(money.debt[payee], whole)
    if repaid == 0:
        return count
    part = np.zeros(4, np.int64)
    _take(money, payee, -1, repaid, part)
    money.debt[payee] -= repaid
    if part[FIFO] > 0 or part[HAIRCUT] > 0 or part[LIBR] > 0:
        hops = max(money.generation[payee], money.poison_generation[payee])
        return _note(steps, count, now, (part, part), hops, OVERDRAFT, payee)
    return count


@njit(cache=True, nogil=True)
def _settle_balance(money, steps, count, asked, event, part):  # type: ignore[no-untyped-def]
    """Make an account hold what it is known to hold: what differs was booked, and the ledger does not hold it."""
    account = asked.balance_account[event]
    if not money.marks[account] & SEEN:
        return count
    more = money.pool[account] - money.debt[account] - asked.balance[event]
    if more > 0:
        part[:] = 0
        if money.marks[account] & REACHED:
            _take(money, account, -1, more, part)
        else:
            _pay_own(money, account, more)
        if part[FIFO] > 0 or part[HAIRCUT] > 0 or part[LIBR] > 0:
            hops = money.generation[account] + 1
            return _note(steps, count, -1 - event, (part, part), hops, UNBOOKED, account)
    elif more < 0:
        return _receive_own(money, steps, count, -1 - event, account, -more)
    return count


@njit(cache=True, nogil=True)
def _is_small(money, payer, whole, least):  # type: ignore[no-untyped-def]
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
def _shared(carried, whole, amount, wanted):  # type: ignore[no-untyped-def]
    """What of a payment's traced money a return of `whole` gives back: its share."""
    for method in range(4):
        wanted[method] = carried[method] if whole >= amount else share(carried[method], whole, amount)


@njit(cache=True, nogil=True)
def _give_back(money, payer, whole, wanted, part):  # type: ignore[no-untyped-def]
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
    if mine[POISONED]:
        part[POISON] = whole
        money.came[payer, POISON] += max(0, whole - had)
    money.pool[payer] = max(0, had - whole)
    if whole > had and money.marks[payer] & KNOWN:
        money.debt[payer] += whole - had
    for method in range(4):
        money.went[payer, method] += part[method]


@njit(cache=True, nogil=True)
def _take(money, payer, payee, whole, part):  # type: ignore[no-untyped-def]
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
    if mine[POISONED]:
        part[POISON] = whole
        money.came[payer, POISON] += max(0, whole - had)
    money.pool[payer] = max(0, had - whole)
    if whole > had and money.marks[payer] & KNOWN:
        money.debt[payer] += whole - had
    for method in range(4):
        money.went[payer, method] += part[method]


@njit(cache=True, nogil=True)
def _arrive(money, payee, whole, part, hops, poison_hops):  # type: ignore[no-untyped-def]
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
