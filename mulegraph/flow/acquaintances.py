"""How unlikely it is that acquaintances stand in line: of those whom two accounts both know, so many between them.

People deal with those whom they know, so that friends of friends are many in every ledger, and no count of degrees
tells. Here everybody keeps dealing with the same others, and a coin says who of two pays: of the acquaintances that two
accounts have in common a quarter then stands between them by chance, receiving from the one and paying the other.
Accounts of two kinds do not change places: a firm pays wages, and its people do not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mulegraph.flow.bursts import DEEPEST_TAIL
from mulegraph.flow.smurfing import Limits, Partners, Smurfs, joined
from mulegraph.lazy import njit


class Acquainted(NamedTuple):
    """Pairs (one, other) that never deal with each other, and how many acquaintances in common could join each."""

    one: np.ndarray
    other: np.ndarray
    common: np.ndarray


class Coins(NamedTuple):
    """By pair, of how many acquaintances a coin says twice who pays (at either end), once, and never.

    Accounts of two kinds do not change places.
    """

    both: np.ndarray
    half: np.ndarray
    fixed: np.ndarray


def acquainted(partners: Partners, group: np.ndarray, min_middlemen: int, max_partners: int) -> Acquainted:
    """Every ordered pair that so many acquaintances of one kind could join, if it were tossed who pays.

    `group` is by account. Whom a firm's people all know is no circle of friends: pairs across kinds are not among them.
    """
    none = np.zeros(len(partners.many), np.int64)
    lists = _either_way(partners, group)
    rows, start, _, _ = joined(partners, *lists, none, Limits(min_middlemen, max_partners, 0.0))
    first = start[:-1]
    return Acquainted(rows[first, 0], rows[first, 1], np.diff(start))


def coins_of(found: Smurfs, known: Acquainted, group: np.ndarray) -> Coins:
    """The coins of pairs that are found: of their own middlemen, and of the acquaintances who might have been."""
    pair = np.repeat(np.arange(len(found.one)), np.diff(found.start))
    tossed = (group[found.one[pair]] == group[found.middle]).astype(np.int64)
    tossed += group[found.middle] == group[found.other[pair]]
    both, half, fixed = (np.bincount(pair[tossed == coins], minlength=len(found.one)) for coins in (2, 1, 0))
    keys = known.one.astype(np.int64) << 32 | known.other
    mine = found.one.astype(np.int64) << 32 | found.other
    if len(keys):
        # Pairs are in the order of the first, and not of the second.
        order = np.argsort(keys)
        place = order[np.minimum(np.searchsorted(keys[order], mine), len(keys) - 1)]
        both = np.maximum(both, np.where(keys[place] == mine, known.common[place], 0))
    return Coins(both, half, fixed)


def tossed_nats(coins: Coins, count: np.ndarray) -> np.ndarray:
    """−ln of the chance that coins join each pair by so many and more."""
    return -np.log(np.maximum(_tail(coins.both, coins.half, coins.fixed, count), DEEPEST_TAIL))


def toss(pairs: Acquainted, min_middlemen: int, seed: int) -> np.ndarray:
    """One toss of all coins: the nats of each pair that is joined by enough."""
    heads = np.random.default_rng(seed).binomial(pairs.common, 0.25)
    by_enough = np.flatnonzero(heads >= min_middlemen)
    both, none = pairs.common[by_enough], np.zeros(len(by_enough), np.int64)
    return tossed_nats(Coins(both, none, none), heads[by_enough])


@njit(cache=True, nogil=True)
def _either_way(partners, group):  # type: ignore[no-untyped-def]
    """For each account those of its own kind who deal with it in one direction only, and where each account's begin."""
    accounts = len(partners.many)
    pays = np.full(accounts, -1, np.int32)
    others = np.empty(2 * len(partners.one_way), np.int32)
    start = np.zeros(accounts + 1, np.int64)
    size = 0
    for account in range(accounts):
        for entry in range(partners.one_way_start[account], partners.one_way_start[account + 1]):
            if group[partners.one_way[entry]] == group[account]:
                others[size] = partners.one_way[entry]
                size += 1
        for entry in range(partners.payee_start[account], partners.payee_start[account + 1]):
            pays[partners.payee[entry]] = account
        for entry in range(partners.payer_start[account], partners.payer_start[account + 1]):
            payer = partners.payer[entry]
            if pays[payer] != account and group[payer] == group[account]:
                others[size] = payer
                size += 1
        start[account + 1] = size
    return others[:size].copy(), start


@njit(cache=True, nogil=True)
def _tail(both, half, fixed, count):  # type: ignore[no-untyped-def]
    """P(Binomial(both, 1/4) + Binomial(half, 1/2) + fixed ≥ count), one coin after the other."""
    tail = np.empty(len(both))
    for pair in range(len(both)):
        coins = both[pair] + half[pair]
        chance = np.zeros(coins + 1)
        chance[0] = 1.0
        for coin in range(coins):
            heads = 0.25 if coin < both[pair] else 0.5
            for many in range(coin + 1, 0, -1):
                chance[many] = chance[many] * (1 - heads) + chance[many - 1] * heads
            chance[0] *= 1 - heads
        tail[pair] = 0.0
        for many in range(max(count[pair] - fixed[pair], 0), coins + 1):
            tail[pair] += chance[many]
    return tail
