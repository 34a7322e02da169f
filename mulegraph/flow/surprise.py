"""Surprise: how unlikely a strong link is, given the traffic of the account that it runs through.

A strong link is worth −ln(1 − exp(−q·c·√(λin·λout))) nats, λ being the account's receipts and payments per window
and c how often the two meet in the account's own day (1 when either is spread evenly). q says how often a receipt
and a payment that meet also fit; it is read off ledgers whose times were shuffled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulegraph.flow.chains import MICRONATS
from mulegraph.flow.transfers import DAY, HOUR, NOBODY, Transfers
from mulegraph.lazy import njit, optimize

HOURS = 24
PROFILE_PRIOR = HOURS
"""Payments' worth of the ledger's own day in every account's profile: one for each hour."""
DEFAULT_FIT = 0.12
"""q where the shuffled ledgers have too few links to tell."""
MIN_LINKS = 30


@dataclass(frozen=True)
class Traffic:
    """Each account's receipts and payments, how often they meet in its day, and how many windows there are.

    `day` is the share of each hour (UTC) in all receipts and payments of the ledger.
    """

    received: np.ndarray
    paid: np.ndarray
    meeting: np.ndarray
    windows: float
    day: np.ndarray

    @property
    def trials(self) -> np.ndarray:
        """√(receipts·payments) by account: chances that the formula gives a pass-through."""
        return np.sqrt(self.received.astype(float) * self.paid)

    @property
    def rate(self) -> np.ndarray:
        """c·√(λin·λout) by account."""
        return self.meeting * self.trials / self.windows


def traffic(transfers: Transfers, window: int) -> Traffic:
    """Count what every account receives and pays; transfers to oneself do not count."""
    by_hour = _by_hour(transfers.columns, np.arange(transfers.accounts, dtype=np.int32), transfers.accounts)
    whole_day = by_hour[0].sum(axis=0) + by_hour[1].sum(axis=0)
    windows = max(transfers.span / (window + transfers.tick), 1.0)
    return _traffic(by_hour, whole_day / max(whole_day.sum(), 1), windows, window, transfers.tick)


def traffic_of(accounts: np.ndarray, transfers: Transfers, window: int, like: Traffic) -> Traffic:
    """The same of these accounts (numbers) alone, in their order; the ledger's day and windows are those of `like`."""
    number = np.full(transfers.accounts, NOBODY, np.int32)
    number[accounts] = np.arange(len(accounts))
    by_hour = _by_hour(transfers.columns, number, len(accounts))
    return _traffic(by_hour, like.day, like.windows, window, transfers.tick)


def _traffic(
    by_hour: tuple[np.ndarray, np.ndarray], day: np.ndarray, windows: float, window: int, tick: int
) -> Traffic:
    received, paid = (counts.sum(axis=1, dtype=np.int64) for counts in by_hour)
    if tick >= DAY or window >= DAY:
        return Traffic(received, paid, np.ones(len(received)), windows, day)
    return Traffic(received, paid, _meeting(*by_hour, day, window / HOUR), windows, day)


@njit(cache=True, nogil=True)
def _by_hour(columns, number, accounts):  # type: ignore[no-untyped-def]
    """Receipts and payments by hour of the day, of the accounts that have a `number` among those that are counted."""
    received = np.zeros((accounts, HOURS), np.int32)
    paid = np.zeros((accounts, HOURS), np.int32)
    for row in range(len(columns.at)):
        payer, payee = columns.source[row], columns.target[row]
        if payer != payee:
            place = columns.at[row] // HOUR % HOURS
            if payee >= 0 and number[payee] >= 0:
                received[number[payee], place] += 1
            if payer >= 0 and number[payer] >= 0:
                paid[number[payer], place] += 1
    return received, paid


@njit(cache=True, nogil=True)
def _meeting(received, paid, whole_day, window_hours):  # type: ignore[no-untyped-def]
    """How much more often than on an even day a payment finds the account's receipts in the window before it."""
    accounts = len(received)
    meeting = np.ones(accounts)
    reach = int(window_hours)
    rest = window_hours - reach
    weights = np.ones(reach + 2)
    # A payment falls anywhere in its hour, so that on average half of that hour's receipts came before it.
    weights[0] = 0.5
    weights[reach] = 0.5 + rest / 2
    weights[reach + 1] = rest / 2
    # The day's hours twice, so that an hour before midnight is found without a division for each of 192 steps.
    day_in = np.empty(2 * HOURS)
    day_out = np.empty(HOURS)
    for account in range(accounts):
        total_in, total_out = received[account].sum(), paid[account].sum()
        if total_in == 0 or total_out == 0:
            continue
        for hour in range(HOURS):
            prior = PROFILE_PRIOR * whole_day[hour]
            day_in[hour] = (received[account, hour] + prior) / (total_in + PROFILE_PRIOR)
            day_in[hour + HOURS] = day_in[hour]
            day_out[hour] = (paid[account, hour] + prior) / (total_out + PROFILE_PRIOR)
        met = 0.0
        for hour in range(HOURS):
            for back in range(reach + 2):
                met += day_out[hour] * weights[back] * day_in[hour - back + HOURS]
        meeting[account] = met * HOURS / window_hours
    return meeting


def link_scores(rates: np.ndarray, fit: float) -> np.ndarray:
    """What a strong link through each account is worth, in whole micronats."""
    busy = np.maximum(fit * rates, 1e-12)
    nats = -np.log(-np.expm1(-busy))
    return np.maximum(np.rint(nats * MICRONATS), 0).astype(np.int64)


def estimate_fit(accounts: Traffic, chance_links: float) -> float:
    """q for which the formula expects as many strong links as a shuffled ledger has."""
    if chance_links < MIN_LINKS:
        return DEFAULT_FIT
    trials, rates = accounts.trials, accounts.rate
    trials, rates = trials[trials > 0], rates[trials > 0]

    def excess(fit: float) -> float:
        return float((trials * -np.expm1(-fit * rates)).sum()) - chance_links

    return float(optimize.brentq(excess, 1e-9, 50.0, xtol=1e-9)) if excess(50.0) > 0 else 50.0
