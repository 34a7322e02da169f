"""Receipts from many that were passed on: each account's window in which most different senders' money went on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from mulegraph.flow.matching import Links, Transfers


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


class LinksByAccount(NamedTuple):
    """Links sorted by the account that they run through, then by receipt and payment, with what the search reads."""

    account: np.ndarray
    sender: np.ndarray
    receipt: np.ndarray
    payment: np.ndarray
    amount: np.ndarray
    whole: np.ndarray
    at: np.ndarray
    dwell: np.ndarray


def find_passed_on(
    transfers: Transfers, links: Links, chosen: np.ndarray, *, within: int, min_senders: int
) -> PassedOn:
    """The best window of `within` microseconds of each chosen account (a mask) that has `min_senders` and more."""
    account = transfers.source[links.payment]
    kept = np.flatnonzero(chosen[account])
    # Fewer links than senders asked for: most accounts, which need no sorting.
    kept = kept[np.bincount(account[kept], minlength=transfers.accounts)[account[kept]] >= min_senders]
    kept = kept[np.lexsort((links.payment[kept], links.receipt[kept], account[kept]))]
    receipt, payment = links.receipt[kept], links.payment[kept]
    at, whole = transfers.at[receipt], transfers.amount[receipt]
    dwell, sender = transfers.at[payment] - at, transfers.source[receipt]
    by_account = LinksByAccount(account[kept], sender, receipt, payment, links.amount[kept], whole, at, dwell)
    table, position, start = _best_windows(by_account, transfers.accounts, within, min_senders)
    columns = dict(zip(PassedOn._fields, table.T, strict=False))
    return PassedOn(**columns, position=position, start=start)


@njit(cache=True, nogil=True)
def _best_windows(links, accounts, within, min_senders):  # type: ignore[no-untyped-def]
    total = len(links.account)
    # Cash has account number −1, and so the last place of all.
    seen = np.zeros(accounts + 1, np.int32)
    table = np.empty((64, 8), np.int64)
    position = np.empty(2 * total, np.int64)
    start = np.zeros(65, np.int64)
    count, used, begin = 0, 0, 0
    while begin < total:
        end = begin
        while end < total and links.account[end] == links.account[begin]:
            end += 1
        senders, low, high = _most_senders(links, begin, end, within, seen)
        begin = end
        if senders < min_senders:
            continue
        if count == len(table):
            table = np.concatenate((table, np.empty_like(table)))
            start = np.concatenate((start, np.zeros(len(table) - count, np.int64)))
        payments = np.unique(links.payment[low:high])
        evidence = np.unique(np.concatenate((links.receipt[low:high], payments)))
        receipts, received = _distinct_receipts(links, low, high)
        half, most = _dwells(links.dwell[low:high], links.amount[low:high])
        amount = links.amount[low:high].sum()
        counts = senders, receipts, len(payments)
        table[count] = (np.int64(links.account[low]), *counts, amount, received, half, most)
        position[used : used + len(evidence)] = evidence
        used += len(evidence)
        count += 1
        start[count] = used
    return table[:count].copy(), position[:used].copy(), start[: count + 1].copy()


@njit(cache=True, nogil=True)
def _most_senders(links, begin, end, within, seen):  # type: ignore[no-untyped-def]
    """Most distinct senders of any window that begins with a link of one account, and the window's links."""
    best, best_low, best_high = 0, begin, begin
    high, distinct = begin, 0
    for low in range(begin, end):
        while high < end and links.at[high] <= links.at[low] + within:
            distinct += seen[links.sender[high]] == 0
            seen[links.sender[high]] += 1
            high += 1
        if distinct > best:
            best, best_low, best_high = distinct, low, high
        seen[links.sender[low]] -= 1
        distinct -= seen[links.sender[low]] == 0
    return best, best_low, best_high


@njit(cache=True, nogil=True)
def _distinct_receipts(links, low, high):  # type: ignore[no-untyped-def]
    """How many receipts there are, and how much money they held. Links of one receipt stand together."""
    count, money = 0, 0
    for link in range(low, high):
        if link == low or links.receipt[link] != links.receipt[link - 1]:
            count += 1
            money += links.whole[link]
    return count, money


@njit(cache=True, nogil=True)
def _dwells(dwell, amount):  # type: ignore[no-untyped-def]
    """How long it took until half and nine tenths of the money were gone."""
    order = np.argsort(dwell, kind="mergesort")
    gone = np.cumsum(amount[order])
    half, most = np.searchsorted(gone, 0.5 * gone[-1]), np.searchsorted(gone, 0.9 * gone[-1])
    return dwell[order[half]], dwell[order[most]]
