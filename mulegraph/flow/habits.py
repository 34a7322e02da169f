"""What an account does from day to day, and when it wakes after a sleep; one pass over each account's transfers.

Kernels rather than queries: the same in SQL groups twenty million rows by account and day, on text, and joins the
result with itself five times, which took ten times as long.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mulegraph.flow.by_account import Side, TransfersByAccount
from mulegraph.flow.kernels import doubled
from mulegraph.flow.transfers import DAY, HOUR
from mulegraph.lazy import njit
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.tables import AMOUNT_PLACES, minor_exponents

ARRANGED = ("batch", "standing_order", "direct_debit")
"""Channels of payments that were arranged beforehand: they say nothing of what an account does today."""
NIGHT_ENDS = 5
DAYS_A_MONTH = 30
MIN_DAYS_BEFORE = 5
MAD_TO_SIGMA = 1.4826
"""Makes a median absolute deviation comparable with a standard deviation (Rousseeuw & Croux, JASA 88, 1993)."""
MIN_SPREAD = 0.25
"""Deviation of logarithms taken at least: amounts that differ by a quarter are the same."""


class Moved(NamedTuple):
    """Every account's payments and receipts; for each transfer, what its amount is worth, and if it was arranged.

    `units` are the thousandths of a currency's unit in one of its smallest coin, by position into `Transfers`; a single
    number where all currencies of the ledger have coins alike. `dated` are transfers of which only the day is known.
    """

    payments: Side
    receipts: Side
    units: np.ndarray
    arranged: np.ndarray
    dated: np.ndarray


class Habits(NamedTuple):
    """By account number; NaN, and −1 for counts, where it is not known.

    `best_month` is the most received in thirty days without what was arranged beforehand, in the currency's unit.
    `history_mads` says how far the largest day is above the median of the days before, at least five of them, in
    deviations of logarithms. `partners` are the most distinct counterparties in a day, of days with more transfers
    than asked for. `night_payments` are before five in the morning; where only the day is known it is no night.
    """

    is_active: np.ndarray
    best_month: np.ndarray
    history_mads: np.ndarray
    partners: np.ndarray
    payments: np.ndarray
    night_payments: np.ndarray


class Waking(NamedTuple):
    """What accounts did within a time of waking: one row an account, amounts in thousandths of a currency's unit.

    `slept`, `woke` and the end of what is counted, `until`, are in microseconds.
    """

    account: np.ndarray
    slept: np.ndarray
    woke: np.ndarray
    until: np.ndarray
    transfers: np.ndarray
    senders: np.ndarray
    received: np.ndarray
    paid: np.ndarray


class WakingBounds(NamedTuple):
    """What counts as waking: least sleep and time looked at in microseconds, counts, and percent passed on."""

    min_sleep: int
    within: int
    min_transfers: int
    min_senders: int
    min_passed_percent: float
    max_passed_percent: float


def read_moved(ledger: Ledger, sides: TransfersByAccount) -> Moved:
    """Payments and receipts with what the ledger says of each transfer's currency and channel."""
    row = sides.transfers.row
    exponents = minor_exponents()
    currency, codes = ledger.codes("currency")
    factors = np.array([10 ** (AMOUNT_PLACES - exponents[code]) for code in codes] or [1], np.int64)
    units = factors[:1] if (factors == factors[0]).all() else factors[currency][row]
    channel, names = ledger.codes("channel")
    # A transfer without a channel has the last code, which stands for none.
    arranged = np.array([name in ARRANGED for name in names] + [False])
    precision, names = ledger.codes("precision")
    dated = np.array([name == "day" for name in names] + [False])
    return Moved(sides.payments, sides.receipts, units, arranged[channel][row], dated[precision][row])


def rounded(values: np.ndarray, places: int) -> np.ndarray:
    """To so many decimal places, halves away from nought, as SQL rounds; NumPy rounds halves to even."""
    scaled = np.asarray(values, float) * 10**places
    return np.asarray(np.copysign(np.floor(np.abs(scaled) + 0.5), scaled) / 10**places)


def on_the_banks_clock(ledger: Ledger, moved: Moved) -> Moved:
    """The same with times as the clock of each account's bank showed them. A date without a time stays that date."""
    return moved._replace(
        payments=_on_its_clock(ledger, moved.payments, moved.dated),
        receipts=_on_its_clock(ledger, moved.receipts, moved.dated),
    )


def _on_its_clock(ledger: Ledger, side: Side, dated: np.ndarray) -> Side:
    account = np.repeat(np.arange(len(side.start) - 1), np.diff(side.start))
    return side._replace(at=np.where(dated[side.position], side.at, ledger.local_microseconds(side.at, account)))


def habits(moved: Moved, chosen: np.ndarray, *, since: int, max_partners: int) -> Habits:
    """Habits of the chosen accounts (a mask); months are counted from `since`, in microseconds."""
    return Habits(*_habits(moved, chosen, since // DAY, max_partners))


@njit(cache=True, nogil=True)
def _habits(moved, chosen, first_day, max_partners):  # type: ignore[no-untyped-def]
    payments, receipts = moved.payments, moved.receipts
    accounts = len(chosen)
    is_active = np.zeros(accounts, np.bool_)
    best_month = np.zeros(accounts)
    history = np.full(accounts, np.nan)
    partners = np.full(accounts, -1, np.int64)
    paid = np.zeros(accounts, np.int64)
    at_night = np.zeros(accounts, np.int64)
    last_met = np.full(accounts, -1, np.int64)
    day_number = 0
    logs = np.empty(64)
    for account in range(accounts):
        out, out_end = payments.start[account], payments.start[account + 1]
        into, into_end = receipts.start[account], receipts.start[account + 1]
        if not chosen[account] or (out == out_end and into == into_end):
            continue
        is_active[account] = True
        days = 0
        month = 0
        month_sum = 0
        best_sum = 0
        while out < out_end or into < into_end:
            day = _next_day(payments, receipts, out, out_end, into, into_end)
            until = (day + 1) * DAY
            first_out = out
            first_in = into
            value = 0
            while out < out_end and payments.at[out] < until:
                value += _worth(moved.units, payments, out)
                at_night[account] += (
                    payments.at[out] // HOUR % 24 < NIGHT_ENDS and not moved.dated[payments.position[out]]
                )
                out += 1
            if (day - first_day) // DAYS_A_MONTH != month:
                month, month_sum = (day - first_day) // DAYS_A_MONTH, 0
            while into < into_end and receipts.at[into] < until:
                worth = _worth(moved.units, receipts, into)
                value += worth
                if not moved.arranged[receipts.position[into]]:
                    month_sum += worth
                into += 1
            best_sum = max(best_sum, month_sum)
            if days == len(logs):
                logs = doubled(logs)
            logs[days] = np.log(value / 1000 + 1)
            days += 1
            if out - first_out + into - first_in > max_partners:
                day_number += 1
                met = _new_parties(payments, first_out, out, last_met, day_number)
                met += _new_parties(receipts, first_in, into, last_met, day_number)
                if met > 0:
                    partners[account] = max(partners[account], met)
        paid[account] = payments.start[account + 1] - payments.start[account]
        best_month[account] = best_sum / 1000
        history[account] = _above_before(logs[:days])
    return is_active, best_month, history, partners, paid, at_night


@njit(cache=True, nogil=True)
def _next_day(payments, receipts, out, out_end, into, into_end):  # type: ignore[no-untyped-def]
    if out == out_end:
        return receipts.at[into] // DAY
    if into == into_end:
        return payments.at[out] // DAY
    return min(payments.at[out], receipts.at[into]) // DAY


@njit(cache=True, nogil=True)
def _worth(units, side, entry):  # type: ignore[no-untyped-def]
    """The amount in thousandths of its currency's unit."""
    return side.amount[entry] * units[side.position[entry] if len(units) > 1 else 0]


@njit(cache=True, nogil=True)
def _new_parties(side, low, high, last_met, mark):  # type: ignore[no-untyped-def]
    count = 0
    for entry in range(low, high):
        party = side.party[entry]
        if party >= 0 and last_met[party] != mark:
            last_met[party] = mark
            count += 1
    return count


@njit(cache=True, nogil=True)
def _above_before(logs):  # type: ignore[no-untyped-def]
    """Deviations by which the largest day, the last of equal ones, is above the median of those before it."""
    top = 0
    for day in range(len(logs)):
        if logs[day] >= logs[top]:
            top = day
    if top < MIN_DAYS_BEFORE:
        return np.nan
    middle = np.median(logs[:top])
    spread = np.median(np.abs(logs[:top] - middle))
    # A history without any spread would make every change infinite.
    return (logs[top] - middle) / max(MAD_TO_SIGMA * spread, MIN_SPREAD)


def wakings(moved: Moved, awake_from: np.ndarray, bounds: WakingBounds) -> Waking:
    """Each account's fullest waking that keeps the bounds, the first of equal ones.

    `awake_from[a]`: since when account a's transfers are known, in microseconds; it sleeps from then to its first one.
    """
    columns, count = _wakings(moved, awake_from, bounds)
    return Waking(*(column[:count] for column in columns))


@njit(cache=True, nogil=True)
def _wakings(moved, awake_from, bounds):  # type: ignore[no-untyped-def]
    payments, receipts = moved.payments, moved.receipts
    accounts = len(awake_from)
    rows = np.empty((accounts, 8), np.int64)
    last_met = np.full(accounts, -1, np.int64)
    count, mark = 0, 0
    for account in range(accounts):
        out, out_end = payments.start[account], payments.start[account + 1]
        into, into_end = receipts.start[account], receipts.start[account + 1]
        before, best = awake_from[account], 0
        while out < out_end or into < into_end:
            is_payment = into == into_end or (out < out_end and payments.at[out] <= receipts.at[into])
            woke = payments.at[out] if is_payment else receipts.at[into]
            if woke - before >= bounds.min_sleep:
                mark += 1
                until = woke + bounds.within
                last_out = _end(payments, out, out_end, until)
                last_in = _end(receipts, into, into_end, until)
                found = last_out - out + last_in - into
                senders = _new_parties(receipts, into, last_in, last_met, mark)
                received = _total(moved.units, receipts, into, last_in)
                paid = _total(moved.units, payments, out, last_out)
                if found > best and _keeps(bounds, found, senders, received, paid):
                    best = found
                    rows[count] = (account, woke - before, woke, until, found, senders, received, paid)
            before = woke
            if is_payment:
                out += 1
            else:
                into += 1
        count += best > 0
    return rows.T, count


@njit(cache=True, nogil=True)
def _end(side, low, high, until):  # type: ignore[no-untyped-def]
    """The entry after the last one at or before a time."""
    while low < high and side.at[low] <= until:
        low += 1
    return low


@njit(cache=True, nogil=True)
def _total(units, side, low, high):  # type: ignore[no-untyped-def]
    total = 0
    for entry in range(low, high):
        total += _worth(units, side, entry)
    return total


@njit(cache=True, nogil=True)
def _keeps(bounds, transfers, senders, received, paid):  # type: ignore[no-untyped-def]
    if transfers < bounds.min_transfers or senders < bounds.min_senders or received == 0 or paid == 0:
        return False
    percent = np.floor(100 * paid / received + 0.5)
    return bounds.min_passed_percent <= percent <= bounds.max_passed_percent
