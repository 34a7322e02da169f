"""Bursts: more distinct counterparties within a window than an account's own traffic explains.

Fan-in: many pay one; fan-out: one pays many; gather-scatter: the first, and then the second. One pass over the
transfers in order of account and time for each window, two ends moving: O(transfers · windows).
Typologies: Altman et al., Realistic synthetic financial transactions for anti-money laundering models (NeurIPS 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mulegraph.flow.matching import Transfers
from mulegraph.lazy import njit, sparse, special, stats

FAN_IN, FAN_OUT, GATHER_SCATTER = "fan_in", "fan_out", "gather_scatter"
MIN_COUNTERPARTIES = 3
DEEPEST_TAIL = 1e-250
SAMPLES = 200_000


@dataclass(frozen=True)
class Side:
    """Transfers by the account at one end: `position[start[a]:start[a + 1]]` are account a's, in time order."""

    position: np.ndarray
    start: np.ndarray
    other: np.ndarray
    """The account at the other end of every transfer, by position into `Transfers`; −1 for cash."""


@dataclass(frozen=True)
class Bursts:
    """Bursts of one pattern, one an account: counts, positions of the first and last transfer, and surprise in nats.

    `window` is in microseconds. `places` is ln of the places looked at: at `nats` − `places` = s about e^−s are
    expected
    by chance in the whole ledger.
    """

    pattern: str
    account: np.ndarray
    counterparties: np.ndarray
    paid_to: np.ndarray
    first: np.ndarray
    last: np.ndarray
    window: np.ndarray
    nats: np.ndarray
    places: float = 0.0

    def __len__(self) -> int:
        return len(self.account)


class TransfersByAccount:
    """A ledger's transfers by payer and by payee, each sorted once; those of cash and to oneself are left out."""

    def __init__(self, transfers: Transfers) -> None:
        self.transfers = transfers

    @cached_property
    def payments(self) -> Side:
        """By the account that paid."""
        return _side(self.transfers, self.transfers.source, self.transfers.target)

    @cached_property
    def receipts(self) -> Side:
        """By the account that was paid."""
        return _side(self.transfers, self.transfers.target, self.transfers.source)


def _side(transfers: Transfers, mine: np.ndarray, other: np.ndarray) -> Side:
    moved = np.flatnonzero((mine >= 0) & (mine != other))
    # A sparse matrix by rows is a counting sort: linear, where argsort is not.
    shape = (transfers.accounts, len(transfers))
    rows = sparse.coo_array((np.ones(len(moved), np.int8), (mine[moved], moved)), shape=shape).tocsr()
    return Side(rows.indices.astype(np.int64), rows.indptr.astype(np.int64), other)


def poisson_nats(count: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """−ln P(X ≥ count) for a Poisson X, also where the tail is too small for a floating-point number."""
    count, mean = np.asarray(count, float), np.maximum(np.asarray(mean, float), 1e-12)
    tail = stats.poisson.sf(count - 1, mean)
    # Beyond it the geometric bound on the tail is exact to a part in a thousand.
    deep = mean - count * np.log(mean) + special.gammaln(count + 1) + np.log1p(-np.minimum(mean / (count + 1), 0.999))
    return np.where(tail > DEEPEST_TAIL, -np.log(np.maximum(tail, DEEPEST_TAIL)), deep)


def fitting_share(amount: np.ndarray, percent: int) -> float:
    """How often one amount is `percent` to 100 % of another by chance, from a fixed sample of the ledger."""
    if len(amount) < 2:
        return 1.0
    some = amount[:: max(1, len(amount) // SAMPLES)].astype(float)
    ratio = some / np.roll(some, len(some) // 2 + 1)
    return float(max(np.mean((ratio >= percent / 100) & (ratio <= 1)), 1e-3))


def find_bursts(sides: TransfersByAccount, windows: list[int]) -> list[Bursts]:
    """The best fan-in, fan-out and gather-scatter of every account over all windows (microseconds)."""
    transfers, receipts, payments = sides.transfers, sides.receipts, sides.payments
    windows = sorted({max(window, transfers.tick) for window in windows})
    fans = {FAN_IN: [], FAN_OUT: [], GATHER_SCATTER: []}  # type: dict[str, list[Bursts]]
    for window in windows:
        gathered = _fan(transfers, receipts, window, FAN_IN)
        fans[FAN_IN].append(gathered)
        fans[FAN_OUT].append(_fan(transfers, payments, window, FAN_OUT))
        fans[GATHER_SCATTER].append(_scattered(transfers, receipts, payments, gathered))
    places = np.log(max(len(transfers), 1) * len(windows))
    return [_best(pattern, parts, places) for pattern, parts in fans.items()]


def _fan(transfers: Transfers, side: Side, window: int, pattern: str) -> Bursts:
    count, first, last, inside = _most_distinct(side.position, side.start, side.other, transfers.at, window)
    account = np.flatnonzero(count >= MIN_COUNTERPARTIES)
    own = np.diff(side.start)[account] - inside[account]
    begun = transfers.at[first[account]]
    nats = poisson_nats(count[account], _mean(own, begun, begun + window, transfers))
    none = np.zeros(len(account), np.int64)
    return Bursts(
        pattern, account, count[account], none, first[account], last[account], np.full(len(account), window), nats
    )


def _mean(own: np.ndarray, since: np.ndarray, until: np.ndarray, transfers: Transfers) -> np.ndarray:
    """Expected transfers in since ≤ at < until: what the account does outside the burst, and one more as a prior.

    They are spread as evenly as time or as the whole ledger's traffic, whichever expects more: on a payday, and at
    noon, everybody is busier.
    """
    busy = (np.searchsorted(transfers.at, until) - np.searchsorted(transfers.at, since)) / max(len(transfers), 1)
    even = (until - since) / transfers.span
    return np.asarray((own + 1) * np.minimum(np.maximum(busy, even), 1.0))


@njit(cache=True, nogil=True)
def _most_distinct(position, start, other, at, window):  # type: ignore[no-untyped-def]
    """For each account the window with most distinct others: how many, its first and last transfer, and how many."""
    accounts = len(start) - 1
    seen = np.zeros(accounts, np.int32)
    count = np.zeros(accounts, np.int64)
    first = np.full(accounts, -1, np.int64)
    last = np.full(accounts, -1, np.int64)
    inside = np.zeros(accounts, np.int64)
    for account in range(accounts):
        low, distinct = start[account], 0
        for high in range(start[account], start[account + 1]):
            now = position[high]
            while at[position[low]] <= at[now] - window:
                gone = other[position[low]]
                if gone >= 0:
                    seen[gone] -= 1
                    distinct -= seen[gone] == 0
                low += 1
            party = other[now]
            if party >= 0:
                distinct += seen[party] == 0
                seen[party] += 1
            if distinct > count[account]:
                count[account], first[account], last[account] = distinct, position[low], now
                inside[account] = high - low + 1
        for place in range(low, start[account + 1]):
            if other[position[place]] >= 0:
                seen[other[position[place]]] = 0
    return count, first, last, inside


def _scattered(transfers: Transfers, receipts: Side, payments: Side, gathered: Bursts) -> Bursts:
    """Fan-ins whose money went on to several within as long again; both tails count."""
    window = int(gathered.window[0]) if len(gathered) else transfers.tick
    count, last, inside, through = _distinct_after(
        payments.position, payments.start, payments.other, transfers.at, transfers.amount,
        receipts.position, receipts.start, gathered.account, gathered.first, gathered.last, window,
    )  # fmt: skip
    kept = np.flatnonzero((count >= MIN_COUNTERPARTIES) & through)
    account, window_of = gathered.account[kept], np.full(len(kept), window)
    own = np.diff(payments.start)[account] - inside[kept]
    begun, over = transfers.at[gathered.first[kept]], transfers.at[last[kept]] + transfers.tick
    nats = gathered.nats[kept] + poisson_nats(count[kept], _mean(own, begun, over, transfers))
    return Bursts(
        GATHER_SCATTER, account, gathered.counterparties[kept], count[kept], gathered.first[kept], last[kept],
        window_of, nats,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _distinct_after(position, start, other, at, amount, received, received_start, account, first, last, window):  # type: ignore[no-untyped-def]
    """Distinct payees within `window` after each burst, the last payment, how many, and if half the money went on."""
    seen = np.zeros(len(start) - 1, np.int32)
    count = np.zeros(len(account), np.int64)
    final = np.full(len(account), -1, np.int64)
    inside = np.zeros(len(account), np.int64)
    through = np.zeros(len(account), np.bool_)
    for place in range(len(account)):
        who, money, paid = account[place], 0, 0
        for at_place in range(received_start[who], received_start[who + 1]):
            if first[place] <= received[at_place] <= last[place]:
                money += amount[received[at_place]]
        for step in range(start[who], start[who + 1]):
            now = position[step]
            if now > first[place] and at[now] <= at[last[place]] + window:
                party = other[now]
                paid += amount[now]
                inside[place] += 1
                final[place] = now
                if party >= 0:
                    count[place] += seen[party] == 0
                    seen[party] = 1
        for step in range(start[who], start[who + 1]):
            if other[position[step]] >= 0:
                seen[other[position[step]]] = 0
        through[place] = 2 * paid >= money
    return count, final, inside, through


def _best(pattern: str, parts: list[Bursts], places: float) -> Bursts:
    """Each account's most surprising window; ties go to the shorter one."""
    names = ("account", "counterparties", "paid_to", "first", "last", "window", "nats")
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    order = np.lexsort((whole["window"], -whole["nats"], whole["account"]))
    _, best = np.unique(whole["account"][order], return_index=True)
    chosen = {name: column[order[best]] for name, column in whole.items()}
    return Bursts(pattern, **chosen, places=places)
