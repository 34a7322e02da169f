"""Receipts from many that were passed on: each account's window in which most different senders' money went on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mulegraph.flow.by_account import distinct_values
from mulegraph.flow.matching import Links, covers_both_ends
from mulegraph.flow.transfers import Transfers
from mulegraph.lazy import njit


class PassedOn(NamedTuple):
    """One row an account: distinct senders (cash is one), receipts and payments of its best window, and money.

    `amount` is what was passed on, `received` what the receipts held, in minor units; `dwell` and `dwell_90` are how
    long money stayed until half and nine tenths of it were gone, in microseconds. The window's transfers are
    `position[start[n]:start[n + 1]]`, ascending; the first is a receipt.
    """

    account: np.ndarray
    senders: np.ndarray
    receipts: np.ndarray
    payments: np.ndarray
    amount: np.ndarray
    received: np.ndarray
    dwell: np.ndarray
    dwell_90: np.ndarray
    position: np.ndarray
    start: np.ndarray


def passed_on_links(transfers: Transfers, links: Links, share_percent: int) -> Links:
    """Links whose receipt was passed on, and whose payment was funded, to at least `share_percent`.

    Strong links must also be most of one of their two ends, which chains need: there each step is one payment. Who
    gathers from many pays on in pieces of other sizes, and a receipt that lies across two payments is passed on, too.
    """
    ends = transfers.came, transfers.amount
    keep = covers_both_ends(ends, links.receipt, links.payment, links.amount, share_percent)
    return Links(links.receipt[keep], links.payment[keep], links.amount[keep])


def find_passed_on(
    transfers: Transfers, links: Links, chosen: np.ndarray, came: np.ndarray, *, within: int, min_senders: int
) -> PassedOn:
    """The best window of `within` microseconds of each chosen account (a mask) that has `min_senders` and more.

    `came` is what payees got of each transfer.
    """
    account = transfers.source[links.payment]
    kept = np.flatnonzero(chosen[account])
    # Fewer links than senders asked for: most accounts, which need no sorting.
    kept = kept[np.bincount(account[kept], minlength=transfers.accounts)[account[kept]] >= min_senders]
    kept = kept[np.lexsort((links.payment[kept], links.receipt[kept], account[kept]))]
    receipt, payment = links.receipt[kept], links.payment[kept]
    at, sender = transfers.at[receipt], transfers.source[receipt]
    senders, low, high = _best_windows(account[kept], sender, at, transfers.accounts, within)
    best = np.flatnonzero(senders >= min_senders)
    sizes = (high - low)[best]
    number = np.repeat(np.arange(len(best)), sizes)
    begin = np.cumsum(sizes) - sizes
    inside = np.repeat(low[best] - begin, sizes) + np.arange(len(number))
    amount, dwell = links.amount[kept][inside], (transfers.at[payment] - at)[inside]
    receipts = _distinct(number, receipt[inside], len(transfers))
    payments = _distinct(number, payment[inside], len(transfers))
    both = np.concatenate([receipts, payments], axis=1)
    of, position = _distinct(both[0], both[1], len(transfers))
    return PassedOn(
        account=best,
        senders=senders[best],
        receipts=np.bincount(receipts[0], minlength=len(best)),
        payments=np.bincount(payments[0], minlength=len(best)),
        amount=_summed(amount, begin),
        received=_summed(came[receipts[1]], np.searchsorted(receipts[0], np.arange(len(best)))),
        dwell=_gone_after(dwell, amount, number, tenths=5),
        dwell_90=_gone_after(dwell, amount, number, tenths=9),
        position=position,
        start=np.searchsorted(of, np.arange(len(best) + 1)),
    )


def _distinct(number: np.ndarray, position: np.ndarray, total: int) -> np.ndarray:
    """Distinct pairs of a number and a position, sorted, as two rows."""
    return np.stack(np.divmod(distinct_values(number.astype(np.int64) * total + position), max(total, 1)))


def _summed(values: np.ndarray, begin: np.ndarray) -> np.ndarray:
    return np.asarray(np.add.reduceat(values, begin)) if len(begin) else values[:0]


def _gone_after(dwell: np.ndarray, amount: np.ndarray, number: np.ndarray, *, tenths: int) -> np.ndarray:
    """For each number how long it took until so many tenths of its money were gone."""
    order = np.lexsort((dwell, number))
    gone = np.cumsum(amount[order])
    begin = np.flatnonzero(np.diff(number[order], prepend=-1))
    total = _summed(amount[order], begin)
    enough = gone[begin] - amount[order][begin] + -(-tenths * total // 10)
    return np.asarray(dwell[order][np.searchsorted(gone, enough)])


@njit(cache=True, nogil=True)
def _best_windows(account, sender, at, accounts, within):  # type: ignore[no-untyped-def]
    """By account: most distinct senders of any window that begins with one of its links, and the window's links."""
    # Cash has account number −1, and so the last place of all.
    seen = np.zeros(accounts + 1, np.int32)
    best = np.zeros(accounts, np.int64)
    best_low = np.zeros(accounts, np.int64)
    best_high = np.zeros(accounts, np.int64)
    high, distinct = 0, 0
    for low in range(len(account)):
        mine = account[low]
        while high < len(account) and account[high] == mine and at[high] <= at[low] + within:
            distinct += seen[sender[high]] == 0
            seen[sender[high]] += 1
            high += 1
        if distinct > best[mine]:
            best[mine] = distinct
            best_low[mine] = low
            best_high[mine] = high
        seen[sender[low]] -= 1
        distinct -= seen[sender[low]] == 0
    return best, best_low, best_high
