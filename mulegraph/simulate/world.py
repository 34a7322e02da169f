"""Who there is in a simulated ledger: accounts by kind, how active each is, who holds them, who knows whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulegraph.simulate import text
from mulegraph.simulate.labels import plants_for

MIN_ACCOUNTS = 100
BANKS = ("NORD", "SUED", "WEST", "OSTB", "MITT")
BANK_SHARE = np.array([0.36, 0.24, 0.18, 0.13, 0.09])
SHARES = {"savings": 0.08, "business": 0.04, "merchant": 0.05, "internal": 0.001}
SPARE_SHARES = {"personal": 0.02, "business": 0.005, "merchant": 0.005}
"""Accounts without a life of their own: what the look-alikes use, the rest lie dormant."""
SPARE_A_PLANT = {"personal": 4, "business": 3, "merchant": 2}
"""How many of them one of each look-alike and planted sign uses."""


@dataclass(frozen=True)
class World:
    """Account numbers by kind; `activity` is each account's share of traffic around a mean of one.

    `holder[a]` is the holder's number; `circle` puts people who know each other next to each other.
    """

    accounts: int
    kind: np.ndarray
    personal: np.ndarray
    savings: np.ndarray
    business: np.ndarray
    merchant: np.ndarray
    internal: np.ndarray
    spare: dict[str, np.ndarray]
    activity: np.ndarray
    bank: np.ndarray
    holder: np.ndarray
    circle: np.ndarray
    town: np.ndarray
    """Where each account's holder lives and pays: a place's number."""


def make_world(rng: np.random.Generator, accounts: int) -> World:
    """Draw the accounts; a number says nothing about its kind, because numbers are dealt out at random."""
    numbers = rng.permutation(accounts).astype(np.int32)
    groups: dict[str, np.ndarray] = {}
    for name, share in SHARES.items():
        groups[name], numbers = np.split(numbers, [max(3, round(share * accounts))])
    spare = {}
    for name, share in SPARE_SHARES.items():
        least = SPARE_A_PLANT[name] * plants_for(accounts)
        spare[name], numbers = np.split(numbers, [max(3, least, round(share * accounts))])
    kind = np.full(accounts, "personal", dtype="U8")
    for name, members in [*groups.items(), *spare.items()]:
        kind[members] = name
    return World(
        accounts=accounts,
        kind=kind,
        personal=numbers,
        spare=spare,
        activity=_activity(rng, accounts),
        bank=rng.choice(len(BANKS), accounts, p=BANK_SHARE).astype(np.int8),
        holder=_holders(rng, accounts, numbers, groups["savings"], spare["personal"]),
        circle=rng.permutation(numbers),
        town=rng.integers(0, len(text.PLACES), accounts),
        **groups,
    )


def _activity(rng: np.random.Generator, count: int) -> np.ndarray:
    """Pareto with tail exponent 1.8, cut at 80 times the least, scaled to a mean of one."""
    drawn = np.minimum(rng.pareto(1.8, count) + 0.25, 20.0)
    return np.asarray(drawn / drawn.mean())


def _holders(rng: np.random.Generator, accounts: int, personal: np.ndarray, *shared: np.ndarray) -> np.ndarray:
    """One holder an account, but savings and spare accounts belong to people who have another one."""
    holder = np.arange(accounts, dtype=np.int32)
    for members in shared:
        holder[members] = holder[rng.choice(personal, len(members))]
    return holder


def zipf_choice(rng: np.random.Generator, members: np.ndarray, count: int, exponent: float = 0.9) -> np.ndarray:
    """Draw members with weights falling as a power of their rank."""
    weights = np.arange(1, len(members) + 1) ** -exponent
    cumulated = np.cumsum(weights / weights.sum())
    places = np.searchsorted(cumulated, rng.random(count))
    return members[np.minimum(places, len(members) - 1)]
