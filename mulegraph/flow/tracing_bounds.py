"""The most traced money that can be on an account: whatever its opening balance, the rule, and the order in a day.

Every payment may carry as much as it is and as its payer may hold; a payer of unknown opening loses nothing by it, for
it may have paid with money of its own. Of a known balance no more can be traced than there is. On days with payments
of which only the day is known any receipt may come before any payment, so a day is gone through until nothing changes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mulegraph.flow.balances import Pools
from mulegraph.flow.dated_payments import begin_of_day
from mulegraph.flow.kernels import arrives
from mulegraph.flow.tracing_queue import exchanged
from mulegraph.flow.transfers import Transfers
from mulegraph.lazy import njit

ORDINARY, CHOSEN, STOPPED, GIVES_CHOSEN_BACK, GIVES_BACK = range(5)
"""What a transfer is to the trace, by position."""


NO_LIMIT = 2**60
_SEEN, _KNOWN = 1, 2


class _Most(NamedTuple):
    """By account: marks (we see what it pays; its balance is known), what it holds, the most that is traced."""

    marks: np.ndarray
    pool: np.ndarray
    most: np.ndarray


def most_held(
    transfers: Transfers, chosen: np.ndarray, seen: np.ndarray, what: np.ndarray, pools: Pools, day: np.ndarray
) -> np.ndarray:
    """By account the most traced money that can be there at the end; `what` says what each transfer is."""
    marks = np.where(seen, _SEEN, 0) | np.where(pools.known, _KNOWN, 0)
    held = _Most(marks.astype(np.uint8), pools.held.copy(), np.zeros(transfers.accounts, np.int64))
    if len(chosen):
        # Nothing is more than all that was chosen; in another currency that is another number.
        total = int(transfers.amount[chosen].sum()) if transfers.arrived is None else NO_LIMIT
        first = int(chosen[0])
        _most(transfers.payments, (begin_of_day(first, day), first), what, day, pools.later, held, total)
    return held.most


@njit(cache=True, nogil=True)
def _most(columns, begin, what, day, later, held, total):  # type: ignore[no-untyped-def]
    # On the day of the first chosen payment what stands before it may come after it; pools are as they are at it.
    now, first = begin
    event = 0
    while now < len(columns.source):
        end = now + 1
        if len(day) and day[now] >= 0:
            while end < len(columns.source) and day[end] == day[now]:
                end += 1
        if end - now == 1 and event >= len(later.position) and _changes_nothing(columns, now, what[now], held):
            now = end
            continue
        if end - now == 1:
            event = _known_until(now, event, later, held)
            carried = _carried(columns, now, what[now], held, total, 0)
            _pay(columns, now, what[now], held)
            _receive(columns, now, carried, held, total)
        else:
            event = _known_until(now, event, later, held)
            _in_any_order(columns, (now, end, first), what, held, total)
            event = _known_inside(columns, (now, end), event, later, held)
        now = end
    _known_until(len(columns.source), event, later, held)


@njit(cache=True, nogil=True)
def _changes_nothing(columns, now, is_what, held):  # type: ignore[no-untyped-def]
    """Nearly all transfers are of nothing traced between accounts whose balances are not known."""
    payer, payee = columns.source[now], columns.target[now]
    if is_what != ORDINARY and is_what != STOPPED:
        return False
    carries = is_what == ORDINARY and payer >= 0 and held.most[payer] > 0
    known = (payer >= 0 and held.marks[payer] & _KNOWN) or (payee >= 0 and held.marks[payee] & _KNOWN)
    return not carries and not known


@njit(cache=True, nogil=True)
def _known_until(now, event, later, held):  # type: ignore[no-untyped-def]
    """Set known balances that stand before a transfer; gives the next one."""
    while event < len(later.position) and later.position[event] <= now:
        account = later.account[event]
        held.pool[account] = later.balance[event]
        held.most[account] = min(held.most[account], max(0, held.pool[account]))
        event += 1
    return event


@njit(cache=True, nogil=True)
def _known_inside(columns, rows, event, later, held):  # type: ignore[no-untyped-def]
    """Known balances inside a day whose payments may stand in any order; gives the next one.

    What came in that day may have come after the balance, and what was paid before it: the account holds at most the
    balance and all that came in.
    """
    now, end = rows
    while event < len(later.position) and later.position[event] < end:
        account = later.account[event]
        came = 0
        for row in range(now, end):
            if columns.target[row] == account and columns.source[row] != account:
                came += arrives(columns, row)
        held.pool[account] = later.balance[event] + came
        event += 1
    return event


@njit(cache=True, nogil=True)
def _carried(columns, now, is_what, held, total, more):  # type: ignore[no-untyped-def]
    """The most that a transfer carries of traced money, whose payer may hold so much `more`."""
    payer = columns.source[now]
    if is_what == CHOSEN:
        return columns.amount[now]
    if payer == columns.target[now] or is_what in (STOPPED, GIVES_CHOSEN_BACK):
        return 0
    known = payer >= 0 and (held.marks[payer] & _SEEN) != 0
    if is_what == GIVES_BACK:
        return min(columns.amount[now], total)
    return min(columns.amount[now], held.most[payer] + more, total) if known else 0


@njit(cache=True, nogil=True)
def _pay(columns, now, is_what, held):  # type: ignore[no-untyped-def]
    payer = columns.source[now]
    if payer < 0 or payer == columns.target[now]:
        return
    if is_what == GIVES_CHOSEN_BACK:
        held.most[payer] = max(0, held.most[payer] - columns.amount[now])
    if held.marks[payer] & _KNOWN:
        held.pool[payer] -= columns.amount[now]
        held.most[payer] = min(held.most[payer], max(0, held.pool[payer]))


@njit(cache=True, nogil=True)
def _receive(columns, now, carried, held, total):  # type: ignore[no-untyped-def]
    payee = columns.target[now]
    if payee < 0 or payee == columns.source[now] or not held.marks[payee] & _SEEN:
        return
    held.most[payee] = min(total, held.most[payee] + _of_it(columns, now, carried))
    if held.marks[payee] & _KNOWN:
        held.pool[payee] += arrives(columns, now)
        held.most[payee] = min(held.most[payee], max(0, held.pool[payee]))


@njit(cache=True, nogil=True)
def _of_it(columns, now, carried):  # type: ignore[no-untyped-def]
    """The most that arrives of what a payment carries; what is exchanged is rounded up."""
    come, whole = arrives(columns, now), columns.amount[now]
    if come == whole:
        return carried
    return min(come, exchanged(carried, whole, come) + 1) if carried > 0 else 0


@njit(cache=True, nogil=True)
def _in_any_order(columns, rows, what, held, total):  # type: ignore[no-untyped-def]
    """A day whose payments may stand in any order."""
    now, end, first = rows
    carried = np.zeros(end - now, np.int64)
    came = np.zeros(len(held.most), np.int64) if end - now > 64 else np.zeros(0, np.int64)
    changed = True
    while changed:
        changed = False
        for row in range(now, end):
            payer = columns.source[row]
            more = 0
            if payer >= 0:
                if len(came):
                    more = came[payer]
                else:
                    for other in range(now, end):
                        if columns.target[other] == payer and columns.source[other] != payer:
                            more += _of_it(columns, other, carried[other - now])
            most = _carried(columns, row, what[row], held, total, more)
            if most > carried[row - now]:
                payee = columns.target[row]
                if len(came) and payee >= 0:
                    came[payee] += _of_it(columns, row, most) - _of_it(columns, row, carried[row - now])
                carried[row - now] = most
                changed = True
    for row in range(now, end):
        payee = columns.target[row]
        if payee >= 0 and payee != columns.source[row] and held.marks[payee] & _SEEN:
            held.most[payee] = min(total, held.most[payee] + _of_it(columns, row, carried[row - now]))
            if held.marks[payee] & _KNOWN and row >= first:
                held.pool[payee] += arrives(columns, row)
    for row in range(now, end):
        payer = columns.source[row]
        if payer >= 0 and payer != columns.target[row]:
            if held.marks[payer] & _KNOWN and row >= first:
                held.pool[payer] -= columns.amount[row]
            if what[row] == GIVES_CHOSEN_BACK:
                held.most[payer] = max(0, held.most[payer] - columns.amount[row])
    for row in range(now, end):
        for account in (columns.source[row], columns.target[row]):
            if account >= 0 and held.marks[account] & _KNOWN:
                held.most[account] = min(held.most[account], max(0, held.pool[account]))
