"""Transfers by account: each account's payments, and its receipts, side by side in memory and in order of time.

Patterns are searched account by account. In the ledger's order of time an account's transfers lie far apart, so that
each look at one waits for memory; a search over ten million transfers then waits more than it counts. Here they are
copied next to each other once, with what the searches read of them.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from mulegraph.flow.transfers import Columns, Transfers
from mulegraph.lazy import njit


class Side(NamedTuple):
    """Transfers by the account at one end: account a's are entries `start[a]` to `start[a + 1]`, in time order.

    `position` is each one's place in `Transfers`, `party` the account at its other end (−1: cash), `amount` and `at`
    are as there. Transfers from an account to itself are left out.
    """

    position: np.ndarray
    start: np.ndarray
    party: np.ndarray
    amount: np.ndarray
    at: np.ndarray


class TransfersByAccount:
    """A ledger's transfers by payer and by payee, each sorted once; those of cash and to oneself are left out."""

    def __init__(self, transfers: Transfers) -> None:
        self.transfers = transfers

    @cached_property
    def payments(self) -> Side:
        """By the account that paid."""
        return _sorted_by(self.transfers.columns, np.ones(self.transfers.accounts, np.bool_), payer=True)

    @cached_property
    def receipts(self) -> Side:
        """By the account that was paid."""
        return _sorted_by(self.transfers.columns, np.ones(self.transfers.accounts, np.bool_), payer=False)

    def between_ends_of(self, position: np.ndarray) -> Transfers:  # noqa: ARG002 (of all it is among all)
        """Transfers among which are all between the two ends of each of those at these positions."""
        return self.transfers

    @cached_property
    def next_payment(self) -> np.ndarray:
        """For each payment, the entry of the first payment that its receiver makes afterwards; −1 for cash.

        The entry may be the end of the receiver's own payments, which is where the next account's begin.
        """
        return _next_payment(self.transfers.columns, self.payments.start)

    @cached_property
    def receipt_of(self) -> np.ndarray:
        """For each payment, its entry among the receipts of who is paid; −1 for cash."""
        return _receipt_of(self.transfers.columns, self.payments.start, self.receipts.start)

    @cached_property
    def next_receipt(self) -> np.ndarray:
        """For each payment, the entry of the first receipt that its payer has afterwards; the end, if there is none."""
        return _next_receipt(self.transfers.columns, self.payments.start, self.receipts.start)

    @cached_property
    def distinct_payees(self) -> np.ndarray:
        """How many others each account pays."""
        return _distinct_parties(self.payments)

    @cached_property
    def distinct_payers(self) -> np.ndarray:
        """How many others pay each account."""
        return _distinct_parties(self.receipts)


class OfAccounts(TransfersByAccount):
    """Payments and receipts of the chosen accounts (a mask) alone, for who asks of a few: of others there are none.

    `theirs` are the positions of all transfers that one of them pays or is paid in, ascending. Positions are those in
    all transfers. What leads from one side to the other is not to be had here.
    """

    def __init__(self, transfers: Transfers, chosen: np.ndarray, theirs: np.ndarray) -> None:
        super().__init__(transfers)
        self._chosen, self._theirs = chosen, theirs
        self._moved = transfers.only(theirs)

    @cached_property
    def payments(self) -> Side:
        """By the chosen account that paid."""
        return self._placed(_sorted_by(self._moved.columns, self._chosen, payer=True))

    @cached_property
    def receipts(self) -> Side:
        """By the chosen account that was paid."""
        return self._placed(_sorted_by(self._moved.columns, self._chosen, payer=False))

    def _placed(self, side: Side) -> Side:
        return side._replace(position=self._theirs[side.position].astype(np.int32))

    def between_ends_of(self, position: np.ndarray) -> Transfers:
        """Those of the chosen accounts, where each of the positions is one of theirs."""
        with_cash = np.append(self._chosen, False)
        ends = self.transfers.source[position], self.transfers.target[position]
        return self._moved if (with_cash[ends[0]] | with_cash[ends[1]]).all() else self.transfers

    @property
    def next_payment(self) -> np.ndarray:
        """Not to be had: it counts the entries of others."""
        raise NotImplementedError

    receipt_of = next_receipt = next_payment


def distinct_values(values: np.ndarray) -> np.ndarray:
    """The distinct values in order. NumPy's own way over a hash table takes several times as long for millions."""
    ordered = np.sort(values)
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return np.asarray(ordered[first])


def lists_of(values: np.ndarray, start: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The chosen ones of lists that stand one after the other, and where each of them begins.

    List n is `values[start[n]:start[n + 1]]`.
    """
    # Of the chosen ones alone: whoever asks for a few of millions, again and again, waited for the others' sizes.
    sizes = start[chosen + 1] - start[chosen]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    entries = np.repeat(start[chosen] - starts[:-1], sizes) + np.arange(starts[-1])
    return values[entries], starts


def _sorted_by(columns: Columns, chosen: np.ndarray, *, payer: bool) -> Side:
    mine, other = (columns.source, columns.target) if payer else (columns.target, columns.source)
    return Side(*_counting_sort(mine, other, columns.amount, columns.at, chosen))


@njit(cache=True, nogil=True)
def _counting_sort(mine, other, amount, at, chosen):  # type: ignore[no-untyped-def]
    accounts = len(chosen)
    start = np.zeros(accounts + 1, np.int64)
    for row in range(len(mine)):
        if mine[row] >= 0 and mine[row] != other[row] and chosen[mine[row]]:
            start[mine[row] + 1] += 1
    for account in range(accounts):
        start[account + 1] += start[account]
    free = start[:-1].copy()
    size = start[accounts]
    position, party = np.empty(size, np.int32), np.empty(size, np.int32)
    amounts, times = np.empty(size, np.int64), np.empty(size, np.int64)
    for row in range(len(mine)):
        if mine[row] >= 0 and mine[row] != other[row] and chosen[mine[row]]:
            entry = free[mine[row]]
            free[mine[row]] += 1
            position[entry] = row
            party[entry] = other[row]
            amounts[entry] = amount[row]
            times[entry] = at[row]
    return position, start, party, amounts, times


@njit(cache=True, nogil=True)
def _next_payment(columns, start):  # type: ignore[no-untyped-def]
    upcoming = start[:-1].copy()
    following = np.empty(start[-1], np.int32)
    for row in range(len(columns.source)):
        payer, payee = columns.source[row], columns.target[row]
        if payer >= 0 and payer != payee:
            following[upcoming[payer]] = upcoming[payee] if payee >= 0 else -1
            upcoming[payer] += 1
    return following


@njit(cache=True, nogil=True)
def _receipt_of(columns, paid_start, received_start):  # type: ignore[no-untyped-def]
    next_paid, next_received = paid_start[:-1].copy(), received_start[:-1].copy()
    receipt = np.empty(paid_start[-1], np.int32)
    for row in range(len(columns.source)):
        payer, payee = columns.source[row], columns.target[row]
        if payer == payee:
            continue
        if payer >= 0:
            receipt[next_paid[payer]] = next_received[payee] if payee >= 0 else -1
            next_paid[payer] += 1
        if payee >= 0:
            next_received[payee] += 1
    return receipt


@njit(cache=True, nogil=True)
def _next_receipt(columns, paid_start, received_start):  # type: ignore[no-untyped-def]
    next_paid, next_received = paid_start[:-1].copy(), received_start[:-1].copy()
    receipt = np.empty(paid_start[-1], np.int32)
    for row in range(len(columns.source)):
        payer, payee = columns.source[row], columns.target[row]
        if payer == payee:
            continue
        if payer >= 0:
            receipt[next_paid[payer]] = next_received[payer]
            next_paid[payer] += 1
        if payee >= 0:
            next_received[payee] += 1
    return receipt


@njit(cache=True, nogil=True)
def _distinct_parties(side):  # type: ignore[no-untyped-def]
    accounts = len(side.start) - 1
    last_met = np.full(accounts, -1, np.int32)
    count = np.zeros(accounts, np.int32)
    for account in range(accounts):
        for entry in range(side.start[account], side.start[account + 1]):
            party = side.party[entry]
            if party >= 0 and last_met[party] != account:
                last_met[party] = account
                count[account] += 1
    return count


@njit(cache=True, nogil=True)
def distinct_partners(payments, receipts):  # type: ignore[no-untyped-def]
    """The others with whom each account has dealt, as payer or payee, once each, and where each account's begin."""
    accounts = len(payments.start) - 1
    last_met = np.full(accounts, -1, np.int32)
    partners = np.empty(len(payments.party) + len(receipts.party), np.int32)
    start = np.zeros(accounts + 1, np.int64)
    size = 0
    for account in range(accounts):
        for side in (payments, receipts):
            for entry in range(side.start[account], side.start[account + 1]):
                party = side.party[entry]
                if party >= 0 and last_met[party] != account:
                    last_met[party] = account
                    partners[size] = party
                    size += 1
        start[account + 1] = size
    return partners[:size].copy(), start
