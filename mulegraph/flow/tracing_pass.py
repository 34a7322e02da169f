"""The kernel of tracing: one pass over the transfers, in which every payment takes its part of the traced money.

What each rule takes stands in `mulegraph.flow.tracing`, what a payment does on one account in
`mulegraph.flow.tracing_account`. Of a payment that is exchanged on its way the payee gets the same share traced as it
left with, and FIFO puts the traced part of it first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mulegraph.flow.kernels import arrives
from mulegraph.flow.tracing_account import (
    ANY_SUM,
    BEYOND,
    EXCHANGED,
    FIFO,
    HAIRCUT,
    LATE,
    LIBR,
    MOVED,
    POISON,
    REACHED,
    RETURNED,
    SEEN,
    SILENT,
    SMALL,
    arrive,
    give_back,
    is_small,
    note,
    pay_own,
    receive_own,
    settle_balance,
    settle_in,
    shared,
    take,
)
from mulegraph.flow.tracing_queue import exchanged, put
from mulegraph.flow.transfers import NOBODY, NOT_EXCHANGED
from mulegraph.lazy import njit

NO_STEP = -1


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
            count = settle_balance(money, steps, count, asked, next_event, part)
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
                pay_own(money, payer, whole)
            if kept:
                count = receive_own(money, steps, count, now, payee, come)
            continue
        why = MOVED
        if not is_chosen:
            why = asked.stop[now] if len(asked.stop) else MOVED
            if now >= asked.last:
                why = LATE
            elif (
                why == MOVED
                and asked.least > 0
                and not money.marks[payer] & ANY_SUM
                and is_small(money, payer, whole, asked.least)
            ):
                why = SMALL
        silent = known and (money.marks[payer] & SILENT) != 0
        on = kept and not is_chosen and why == MOVED and not silent
        part[:] = 0
        if known:
            take(money, payer, payee if on and not is_exchange else -1, whole, part)
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
            arrive(money, payee, come, got, hops if moves else 0, poison_hops)
        if is_original:
            step_of[next_original - 1] = count if moves or (not on and why == MOVED and not silent) else NO_STEP
            chosen_original[next_original - 1] = is_chosen
        # What only poison reaches is counted where it leaves our sight; where the trace stops it would be everything.
        if moves or (not on and why == MOVED and not silent):
            inside = EXCHANGED if is_exchange else MOVED
            kind = why if why != MOVED else inside if on else BEYOND
            count = note(steps, count, now, (part, got), hops if moves else poison_hops, kind, payer)
        if kept:
            count = settle_in(money, steps, count, now, payee, come, on)
    while next_event < len(asked.balance_position):
        count = settle_balance(money, steps, count, asked, next_event, part)
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
        shared(steps.carried[given], come, amount, got)
        _exchange(got, come, whole, wanted)
    if known and money.marks[payer] & REACHED:
        give_back(money, payer, whole, part if ended else wanted, part)
    elif known:
        pay_own(money, payer, whole)
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
        arrive(money, payee, come, got, hops if moves else 0, hops)
    if moves:
        inside = EXCHANGED if is_exchange else MOVED
        kind = RETURNED if to_payer else inside if on else BEYOND
        count = note(steps, count, now, (part, got), hops, kind, payer)
    return settle_in(money, steps, count, now, payee, come, on) if kept else count


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
