"""Bursts: more distinct counterparties within a window than an account's own traffic explains.

Fan-in: many pay one; fan-out: one pays many; gather-scatter: the first, and then the second. One pass over the
transfers in order of account and time for each window, two ends moving: O(transfers · windows).
Typologies: Altman et al., Realistic synthetic financial transactions for anti-money laundering models (NeurIPS 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.kernels import first_not_below
from mulegraph.flow.transfers import Transfers
from mulegraph.lazy import njit, special

FAN_IN = "fan_in"
FAN_OUT = "fan_out"
GATHER_SCATTER = "gather_scatter"
MIN_COUNTERPARTIES = 3
DEEPEST_TAIL = 1e-250
SAMPLES = 200_000
TRANSFERS_A_SLOT = 8
"""Of the index by time: fewer, and the index itself no longer fits in the processor's cache."""


@dataclass(frozen=True)
class Bursts:
    """Bursts of one pattern, one an account: counts, positions of the first and last transfer, and surprise in nats.

    `window` is in microseconds. `log_trials` is ln of the places looked at: at `nats` − `log_trials` = s about e^−s
    are expected by chance in the whole ledger.
    """

    pattern: str
    account: np.ndarray
    counterparties: np.ndarray
    paid_to: np.ndarray
    first: np.ndarray
    last: np.ndarray
    window: np.ndarray
    nats: np.ndarray
    log_trials: float = 0.0

    def __len__(self) -> int:
        return len(self.account)


class Densest(NamedTuple):
    """By account: most distinct others in any window, first and last transfer of that window, how many it holds."""

    most: np.ndarray
    first: np.ndarray
    last: np.ndarray
    inside: np.ndarray


class TimeIndex(NamedTuple):
    """Where in the sorted times `at` each slot of `width` microseconds begins."""

    at: np.ndarray
    slot: np.ndarray
    width: int


def poisson_nats(count: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """−ln P(X ≥ count) for a Poisson X, also where the tail is too small for a floating-point number."""
    count, mean = np.broadcast_arrays(np.asarray(count, float), np.maximum(np.asarray(mean, float), 1e-12))
    tail = np.where(count > 0, special.pdtrc(np.maximum(count - 1, 0), mean), 1.0)
    nats = -np.log(np.maximum(tail, DEEPEST_TAIL))
    is_deep = ~(tail > DEEPEST_TAIL)
    if is_deep.any():
        # Beyond it the geometric bound on the tail is exact to a part in a thousand.
        k, mu = count[is_deep], mean[is_deep]
        nats[is_deep] = mu - k * np.log(mu) + special.gammaln(k + 1) + np.log1p(-np.minimum(mu / (k + 1), 0.999))
    return np.asarray(nats)


def fitting_share(amount: np.ndarray, percent: int) -> float:
    """How often one amount is `percent` to 100 % of another by chance, from a fixed sample of the ledger."""
    if len(amount) < 2:
        return 1.0
    some = amount[:: max(1, len(amount) // SAMPLES)].astype(float)
    ratio = some / np.roll(some, len(some) // 2 + 1)
    return float(max(np.mean((ratio >= percent / 100) & (ratio <= 1)), 1e-3))


def find_bursts(sides: TransfersByAccount, windows: list[int]) -> list[Bursts]:
    """The best fan-in, fan-out and gather-scatter of every account over all windows (microseconds)."""
    transfers = sides.transfers
    index = time_index(transfers.at)
    windows = sorted({max(window, transfers.tick) for window in windows})
    fans = {FAN_IN: [], FAN_OUT: [], GATHER_SCATTER: []}  # type: dict[str, list[Bursts]]
    fans[FAN_IN] = _fans(sides, index, windows, FAN_IN)
    fans[FAN_OUT] = _fans(sides, index, windows, FAN_OUT)
    for window, gathered in zip(windows, fans[FAN_IN], strict=True):
        fans[GATHER_SCATTER].append(_scattered(sides, index, window, gathered))
    log_trials = np.log(max(len(transfers), 1) * len(windows))
    return [_best(pattern, parts, transfers.accounts, log_trials) for pattern, parts in fans.items()]


def _fans(sides: TransfersByAccount, index: TimeIndex, windows: list[int], pattern: str) -> list[Bursts]:
    """Every account's densest of each window."""
    side = sides.receipts if pattern == FAN_IN else sides.payments
    by_window = zip(*_most_distinct(side, np.array(windows)), strict=True)
    made = []
    for window, each in zip(windows, by_window, strict=True):
        made.append(_fan(sides, index, window, Densest(*each), pattern))
    return made


def _fan(sides: TransfersByAccount, index: TimeIndex, window: int, densest: Densest, pattern: str) -> Bursts:
    side = sides.receipts if pattern == FAN_IN else sides.payments
    account = np.flatnonzero(densest.most >= MIN_COUNTERPARTIES)
    count = densest.most[account]
    first = densest.first[account]
    last = densest.last[account]
    outside = np.diff(side.start)[account] - densest.inside[account]
    begun = sides.transfers.at[first]
    nats = poisson_nats(count, _mean(outside, begun, begun + window, sides.transfers, index))
    none = np.zeros(len(account), np.int64)
    return Bursts(pattern, account, count, none, first, last, np.full(len(account), window), nats)


def _mean(
    outside: np.ndarray, since: np.ndarray, until: np.ndarray, transfers: Transfers, index: TimeIndex
) -> np.ndarray:
    """Expected transfers in since ≤ at < until: what the account does outside the burst, and one more as a prior.

    They are spread as evenly as time or as the whole ledger's traffic, whichever expects more: on a payday, and at
    noon, everybody is busier.
    """
    busy = (count_before(index, until) - count_before(index, since)) / max(len(transfers), 1)
    even = (until - since) / transfers.span
    return np.asarray((outside + 1) * np.minimum(np.maximum(busy, even), 1.0))


def time_index(at: np.ndarray) -> TimeIndex:
    """An index of sorted times, for looking many up: a binary search over all of them waits for memory at each step."""
    if not len(at):
        return TimeIndex(at, np.zeros(1, np.int64), 1)
    slots = max(len(at) // TRANSFERS_A_SLOT, 1)
    width = int(at[-1] - at[0]) // slots + 1
    begins = at[0] + width * np.arange(slots + 1)
    return TimeIndex(at, np.searchsorted(at, begins), width)


def count_before(index: TimeIndex, times: np.ndarray) -> np.ndarray:
    """How many of the sorted times lie before each of `times`: NumPy's `searchsorted`."""
    return np.asarray(_count_before(index, times))


@njit(cache=True, nogil=True)
def _count_before(index, times):  # type: ignore[no-untyped-def]
    count = np.zeros(len(times), np.int64)
    total, slots = len(index.at), len(index.slot) - 1
    if total == 0:
        return count
    for place in range(len(times)):
        now = times[place]
        if now <= index.at[0]:
            continue
        slot = (now - index.at[0]) // index.width
        low = index.slot[min(slot, slots)]
        high = index.slot[slot + 1] if slot < slots else total
        count[place] = first_not_below(index.at, low, high, now)
    return count


@njit(cache=True, nogil=True)
def _most_distinct(side, windows):  # type: ignore[no-untyped-def]
    """For each window and account where most distinct others stand in it, as the columns of `Densest`.

    All windows of an account are tried at once: where its counterparties are counted is in the cache only once then.
    """
    accounts = len(side.start) - 1
    seen = np.zeros(accounts, np.int32)
    count = np.zeros((len(windows), accounts), np.int64)
    first = np.full((len(windows), accounts), -1, np.int64)
    last = np.full((len(windows), accounts), -1, np.int64)
    inside = np.zeros((len(windows), accounts), np.int64)
    for account in range(accounts):
        begin, end = side.start[account], side.start[account + 1]
        if end - begin < MIN_COUNTERPARTIES:
            continue
        for place in range(len(windows)):
            low = begin
            distinct = 0
            best = 0
            for high in range(begin, end):
                opened = side.at[high] - windows[place]
                while side.at[low] <= opened:
                    gone = side.party[low]
                    if gone >= 0:
                        seen[gone] -= 1
                        distinct -= seen[gone] == 0
                    low += 1
                party = side.party[high]
                if party >= 0:
                    distinct += seen[party] == 0
                    seen[party] += 1
                if distinct > best:
                    best = distinct
                    first[place, account] = side.position[low]
                    last[place, account] = side.position[high]
                    inside[place, account] = high - low + 1
            count[place, account] = best
            for entry in range(low, end):
                if side.party[entry] >= 0:
                    seen[side.party[entry]] = 0
    return count, first, last, inside


def _scattered(sides: TransfersByAccount, index: TimeIndex, window: int, gathered: Bursts) -> Bursts:
    """Fan-ins whose money went on to several within as long again; both tails count."""
    transfers = sides.transfers
    fan = Fan(gathered.account, gathered.first, gathered.last, transfers.at[gathered.last] + window)
    count, last, inside, passed_on = _distinct_after(sides.payments, sides.receipts, fan)
    kept = np.flatnonzero((count >= MIN_COUNTERPARTIES) & passed_on)
    account = gathered.account[kept]
    first = gathered.first[kept]
    last = last[kept]
    outside = np.diff(sides.payments.start)[account] - inside[kept]
    begun, over = transfers.at[first], transfers.at[last] + transfers.tick
    nats = gathered.nats[kept] + poisson_nats(count[kept], _mean(outside, begun, over, transfers, index))
    counterparties, windows = gathered.counterparties[kept], np.full(len(kept), window)
    return Bursts(GATHER_SCATTER, account, counterparties, count[kept], first, last, windows, nats)


class Fan(NamedTuple):
    """Fan-ins: the account, its first and last receipt, and the time until which it may pay the money on."""

    account: np.ndarray
    first: np.ndarray
    last: np.ndarray
    until: np.ndarray


@njit(cache=True, nogil=True)
def _distinct_after(payments, receipts, fan):  # type: ignore[no-untyped-def]
    """For each fan-in: distinct payees afterwards, the last payment, how many, and if half the money went on."""
    seen = np.zeros(len(payments.start) - 1, np.int32)
    size = len(fan.account)
    count = np.zeros(size, np.int64)
    final = np.full(size, -1, np.int64)
    inside = np.zeros(size, np.int64)
    passed_on = np.zeros(size, np.bool_)
    for number in range(size):
        who = fan.account[number]
        money = 0
        paid = 0
        for entry in range(receipts.start[who], receipts.start[who + 1]):
            if fan.first[number] <= receipts.position[entry] <= fan.last[number]:
                money += receipts.amount[entry]
        low, end = payments.start[who], payments.start[who + 1]
        while low < end and payments.position[low] <= fan.first[number]:
            low += 1
        high = low
        while high < end and payments.at[high] <= fan.until[number]:
            party = payments.party[high]
            paid += payments.amount[high]
            inside[number] += 1
            final[number] = payments.position[high]
            if party >= 0:
                count[number] += seen[party] == 0
                seen[party] = 1
            high += 1
        for entry in range(low, high):
            if payments.party[entry] >= 0:
                seen[payments.party[entry]] = 0
        passed_on[number] = 2 * paid >= money
    return count, final, inside, passed_on


def _best(pattern: str, parts: list[Bursts], accounts: int, log_trials: float) -> Bursts:
    """Each account's most surprising window; ties go to the shorter one, which comes first in `parts`."""
    names = ("account", "counterparties", "paid_to", "first", "last", "window", "nats")
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    chosen = _most_surprising(whole["account"], whole["nats"], accounts)
    return Bursts(pattern, **{name: column[chosen] for name, column in whole.items()}, log_trials=log_trials)


@njit(cache=True, nogil=True)
def _most_surprising(account, nats, accounts):  # type: ignore[no-untyped-def]
    """Rows of the highest `nats` of each account, the first of equal ones, in order of account."""
    best = np.full(accounts, -1, np.int64)
    for row in range(len(account)):
        known = best[account[row]]
        if known < 0 or nats[row] > nats[known]:
            best[account[row]] = row
    return best[best >= 0]


@njit(cache=True, nogil=True)
def positions_between(side, account, first, last):  # type: ignore[no-untyped-def]
    """Positions of the transfers of each account from `first` to `last`, one after the other, and where each begins."""
    start = np.zeros(len(account) + 1, np.int64)
    low = np.empty(len(account), np.int64)
    for number in range(len(account)):
        begin, end = side.start[account[number]], side.start[account[number] + 1]
        low[number] = first_not_below(side.position, begin, end, first[number])
        start[number + 1] = start[number] + first_not_below(side.position, begin, end, last[number] + 1) - low[number]
    position = np.empty(start[-1], np.int64)
    for number in range(len(account)):
        for place in range(start[number + 1] - start[number]):
            position[start[number] + place] = side.position[low[number] + place]
    return position, start
