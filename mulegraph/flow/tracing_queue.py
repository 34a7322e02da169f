"""FIFO's queues: an account that holds traced money has runs of one kind, traced or own, oldest first.

A run is a row of `money.runs`: minor units, kind (1: traced), the run after it (−1: none). Rows 0 and 1 hold the list
of free runs and the next fresh one. An account without traced money has no queue, only a pool.
"""

from __future__ import annotations

from mulegraph.lazy import njit

FIFO_HELD, HAIRCUT_HELD, POISONED, LIBR_HELD, HEAD, TAIL = range(6)
"""Columns of an account's state: traced money by method (poison: 0 or 1), and its queue's two ends."""


@njit(cache=True, nogil=True)
def move(money, payer, payee, whole):  # type: ignore[no-untyped-def]
    """Move the oldest pieces of a queue that holds traced money; gives how much of it was traced."""
    mine = money.state[payer]
    need, found = whole, 0
    run = mine[HEAD]
    while run >= 0 and need > 0:
        taken = min(need, money.runs[run, 0])
        is_traced = money.runs[run, 1] == 1
        if is_traced:
            found += taken
        if payee >= 0:
            put(money, payee, taken, is_traced)
        need -= taken
        money.runs[run, 0] -= taken
        if money.runs[run, 0] == 0:
            run = _freed(money.runs, run)
    mine[HEAD] = run
    mine[FIFO_HELD] -= found
    if mine[FIFO_HELD] == 0:
        # What is left is all its own, and the pool says how much.
        while run >= 0:
            run = _freed(money.runs, run)
    if payee >= 0 and need > 0:
        put(money, payee, need, False)
    return found


@njit(cache=True, nogil=True)
def put(money, payee, piece, is_traced):  # type: ignore[no-untyped-def]
    """Put a piece at the end of a queue. An account without traced money has no queue, only a pool."""
    its = money.state[payee]
    if its[FIFO_HELD] == 0:
        if is_traced:
            if money.pool[payee] > 0:
                its[HEAD] = its[TAIL] = _new(money.runs, money.pool[payee], 0)
                _join(money.runs, its, piece, 1)
            else:
                its[HEAD] = its[TAIL] = _new(money.runs, piece, 1)
    else:
        _join(money.runs, its, piece, 1 if is_traced else 0)
    money.pool[payee] += piece
    if is_traced:
        its[FIFO_HELD] += piece


@njit(cache=True, nogil=True)
def _join(runs, its, money, kind):  # type: ignore[no-untyped-def]
    """Pieces of one kind that follow each other are one run."""
    tail = its[TAIL]
    if runs[tail, 1] == kind:
        runs[tail, 0] += money
    else:
        runs[tail, 2] = its[TAIL] = _new(runs, money, kind)


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
def cut(money, account, traced, own):  # type: ignore[no-untyped-def]
    """Leave so much of either kind in a queue, its oldest: what is given back came in last."""
    mine = money.state[account]
    mine[FIFO_HELD] = traced
    before, run = -1, mine[HEAD]
    mine[HEAD] = -1
    while run >= 0:
        if money.runs[run, 1] == 1:
            kept = min(traced, money.runs[run, 0])
            traced -= kept
        else:
            kept = min(own, money.runs[run, 0])
            own -= kept
        money.runs[run, 0] = kept
        if kept == 0:
            run = _freed(money.runs, run)
            continue
        if before < 0:
            mine[HEAD] = run
        else:
            money.runs[before, 2] = run
        before = run
        run = money.runs[run, 2]
    if before >= 0:
        money.runs[before, 2] = -1
        mine[TAIL] = before
    if mine[FIFO_HELD] == 0:
        run = mine[HEAD]
        while run >= 0:
            run = _freed(money.runs, run)


@njit(cache=True, nogil=True)
def exchanged(part, whole, arrived):  # type: ignore[no-untyped-def]
    """What `part` of a payment of `whole` becomes where `arrived` comes of it, to the nearest whole, halves up."""
    return part * (arrived // whole) + share(part, arrived % whole, whole)


@njit(cache=True, nogil=True)
def share(traced, paid, pool):  # type: ignore[no-untyped-def]
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
