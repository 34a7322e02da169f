"""Everyday life: salaries, rents, bills, shops, friends, cash, savings and trade between firms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulegraph.simulate.calendar import (
    DAY,
    HOUR,
    OFFICE_HOURS,
    OFFICE_WEEK,
    SHOP_HOURS,
    SOCIAL_HOURS,
    month_days,
    times,
)
from mulegraph.simulate.payments import CASH, Payments, rounded
from mulegraph.simulate.world import World, zipf_choice

A_MONTH = 30
PER_MONTH = {"shop": 2.9, "friends": 1.15, "withdrawal": 0.55, "deposit": 0.04, "trade": 5.0}
"""Mean number of payments of an account of mean activity in thirty days."""
EMPLOYED = 0.62
TENANTS = 0.5
SAVERS = 0.3
FAVOURITE_SHOPS, FAVOURITE_SHARE = 3, 0.65
PAYDAYS = (25, 15, 28)


def everyday_life(rng: np.random.Generator, world: World, days: int, payments: Payments, busy: float = 1.0) -> None:
    """Add everything that people and firms do of their own accord, `busy` times as often as usual."""
    pays = Paying(rng, days, busy)
    _shops(pays, world, payments)
    _friends(pays, world, payments)
    _cash(pays, world, payments)
    _salaries(rng, world, days, payments)
    _rents_and_bills(rng, world, days, payments)
    _savings(rng, world, days, payments)
    _trade(pays, world, payments)


@dataclass(frozen=True)
class Paying:
    """Draws who pays of his own accord; `busy` is how many times as often as usual."""

    rng: np.random.Generator
    days: int
    busy: float

    def payers(self, world: World, members: np.ndarray, what: str) -> np.ndarray:
        """Each member as often as he pays for this, in all the days."""
        mean = PER_MONTH[what] * self.busy * self.days / A_MONTH
        return np.repeat(members, self.rng.poisson(mean * world.activity[members]))


def _lognormal(rng: np.random.Generator, median: float, sigma: float, count: int) -> np.ndarray:
    """Cents around a median in euros, at least half a euro."""
    drawn = rng.lognormal(np.log(median * 100), sigma, count)
    return np.clip(drawn, 50, 90_000_000).astype(np.int64)


def _shops(pays: Paying, world: World, payments: Payments) -> None:
    rng = pays.rng
    payer = pays.payers(world, world.personal, "shop")
    favourites = zipf_choice(rng, world.merchant, world.accounts * FAVOURITE_SHOPS).reshape(-1, FAVOURITE_SHOPS)
    shop = favourites[payer, rng.integers(0, FAVOURITE_SHOPS, len(payer))]
    elsewhere = rng.random(len(payer)) >= FAVOURITE_SHARE
    shop[elsewhere] = zipf_choice(rng, world.merchant, int(elsewhere.sum()))
    at = times(rng, len(payer), pays.days, SHOP_HOURS)
    payments.add(payer, shop, _lognormal(rng, 27, 0.9, len(payer)), at, "card", note="groceries")


def _friends(pays: Paying, world: World, payments: Payments) -> None:
    rng = pays.rng
    payer = pays.payers(world, world.circle, "friends")
    place = np.empty(world.accounts, np.int64)
    place[world.circle] = np.arange(len(world.circle))
    step = rng.integers(1, 7, len(payer)) * rng.choice([-1, 1], len(payer))
    friend = world.circle[(place[payer] + step) % len(world.circle)]
    cents = _lognormal(rng, 42, 1.1, len(payer))
    even = rng.random(len(payer)) < 0.5
    cents[even] = rounded(cents[even], 500)
    payments.add(payer, friend, cents, times(rng, len(payer), pays.days, SOCIAL_HOURS), "instant")


def _cash(pays: Paying, world: World, payments: Payments) -> None:
    rng = pays.rng
    taker = pays.payers(world, world.personal, "withdrawal")
    cents = np.minimum(rounded(_lognormal(rng, 90, 0.7, len(taker)), 1_000), 100_000)
    payments.add(taker, CASH, cents, times(rng, len(taker), pays.days, SHOP_HOURS), "atm")
    giver = pays.payers(world, np.concatenate([world.personal, world.merchant]), "deposit")
    cents = rounded(_lognormal(rng, 400, 0.9, len(giver)), 500)
    payments.add(CASH, giver, cents, times(rng, len(giver), pays.days, OFFICE_HOURS, OFFICE_WEEK), "branch")


def _salaries(rng: np.random.Generator, world: World, days: int, payments: Payments) -> None:
    worker = world.personal[rng.random(len(world.personal)) < EMPLOYED]
    employer = zipf_choice(rng, np.concatenate([world.business, world.merchant]), len(worker), 0.8)
    wage = _lognormal(rng, 2_300, 0.45, len(worker))
    payday = rng.choice(PAYDAYS, world.accounts, p=[0.6, 0.15, 0.25])
    run = rng.integers(1 * HOUR, 7 * HOUR, world.accounts)
    for date in PAYDAYS:
        for day in month_days(days, date):
            due = payday[employer] == date
            at = day * DAY + run[employer[due]] + rng.integers(0, 300, int(due.sum()))
            payments.add(employer[due], worker[due], wage[due], at, "batch", note="salary")


def _rents_and_bills(rng: np.random.Generator, world: World, days: int, payments: Payments) -> None:
    tenant = world.personal[rng.random(len(world.personal)) < TENANTS]
    owners = np.concatenate(
        [world.business[: len(world.business) // 5 + 1], world.personal[: len(world.personal) // 25 + 1]]
    )
    owner = zipf_choice(rng, owners, len(tenant), 0.6)
    rent = rounded(_lognormal(rng, 780, 0.35, len(tenant)), 500)
    due = rng.choice([1, 2, 3, 5, 28], len(tenant), p=[0.55, 0.15, 0.15, 0.1, 0.05])
    bill = _lognormal(rng, 85, 0.5, len(world.personal))
    supplier = zipf_choice(rng, world.internal, len(world.personal), 0.5)
    bill_day = rng.integers(3, 21, len(world.personal))
    for date in range(1, 29):
        for day in month_days(days, date):
            for payer, payee, cents, mine, note in (
                (tenant, owner, rent, due == date, "rent"),
                (world.personal, supplier, bill, bill_day == date, "utilities"),
            ):
                at = day * DAY + rng.integers(0, 6 * HOUR, int(mine.sum()))
                kind = "standing_order" if note == "rent" else "direct_debit"
                apart = payer[mine] != payee[mine]
                payments.add(payer[mine][apart], payee[mine][apart], cents[mine][apart], at[apart], kind, note=note)


def _savings(rng: np.random.Generator, world: World, days: int, payments: Payments) -> None:
    main = np.full(world.accounts, CASH, np.int32)
    main[world.holder[world.personal]] = world.personal
    saver = world.savings[rng.random(len(world.savings)) < min(1.0, 2 * SAVERS * days / A_MONTH)]
    owner = main[world.holder[saver]]
    cents = rounded(_lognormal(rng, 250, 0.8, len(saver)), 1_000)
    back = rng.random(len(saver)) < 0.3
    source, target = np.where(back, saver, owner), np.where(back, owner, saver)
    payments.add(source, target, cents, times(rng, len(saver), days, SOCIAL_HOURS), "internal", note="savings")


def _trade(pays: Paying, world: World, payments: Payments) -> None:
    rng = pays.rng
    firms = np.concatenate([world.business, world.merchant])
    payer = pays.payers(world, firms, "trade")
    payee = zipf_choice(rng, world.business, len(payer), 0.6)
    apart = payer != payee
    payer, payee = payer[apart], payee[apart]
    at = times(rng, len(payer), pays.days, OFFICE_HOURS, OFFICE_WEEK)
    payments.add(payer, payee, _lognormal(rng, 650, 1.2, len(payer)), at, "wire", note="invoice")
