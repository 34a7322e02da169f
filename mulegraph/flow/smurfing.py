"""Smurfing: one account pays several who do not know each other, and who all pay one other, whenever and whatever.

Who pays whom is looked at and nothing else, so that money that rests for weeks, or is drawn anew at each step, is found
as well (cf. Deprez and others, GARG-AML against smurfing, 2025). Middlemen are counted against their mean in a graph
with the same degrees. Two kinds of chance are measured, the second in `acquaintances`:

- *rewired*: payees are dealt out among payments between accounts of the same kinds: what degrees alone would make;
- *turned*: accounts of one kind go on dealing with each other, and which of the two pays is tossed for: what circles of
  people make who know each other. Friends of friends are many, and no degree tells. Of each pair it is known how many
  acquaintances it has in common, so that one toss for each of them says how many would join it, and how unlikely that
  is. (Tossed for all edges of a ledger of 50,000 accounts, the strongest pair was anything from 17 to 28 nats: whether
  the four friends of two people all stand in line is one toss in 256, and each of them adds 7 nats to a pair that
  degrees alone would never join.)

Only one-way edges count: people who pay each other back do not hand on money. Middlemen who deal with each other are a
circle of friends or a household, and are not counted either. One pass over the paths of two steps: their number, which
is bounded since busy accounts are no middlemen.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mulegraph.flow.bursts import poisson_nats
from mulegraph.flow.by_account import Side, lists_of
from mulegraph.flow.kernels import doubled
from mulegraph.lazy import njit

MIN_NATS = 4.0
"""Pairs that surprise less are not kept."""


class Edges(NamedTuple):
    """Who pays whom, each pair once."""

    payer: np.ndarray
    payee: np.ndarray


class Partners(NamedTuple):
    """Whom each account pays, and who pays it: account a's are entries `start[a]` to `start[a + 1]`, distinct.

    `one_way` are the payees who never pay it back, `many` says how many others each account deals with.
    """

    payee: np.ndarray
    payee_start: np.ndarray
    payer: np.ndarray
    payer_start: np.ndarray
    one_way: np.ndarray
    one_way_start: np.ndarray
    many: np.ndarray


class Limits(NamedTuple):
    """At least so many middlemen, each dealing with at most so many others, and a pair at least so surprising."""

    min_middlemen: int
    max_partners: int
    min_nats: float


class Smurfs(NamedTuple):
    """Pairs (one, other) joined by middlemen `middle[start[p]:start[p + 1]]`, and their surprise in nats.

    `log_trials` is ln of the paths looked at.
    """

    one: np.ndarray
    other: np.ndarray
    middle: np.ndarray
    start: np.ndarray
    nats: np.ndarray
    log_trials: float


def edges_of(payments: Side) -> Edges:
    """The distinct pairs of payer and payee; cash is none."""
    payee, start = _distinct(payments.start, payments.party)
    return Edges(np.repeat(np.arange(len(start) - 1, dtype=np.int32), np.diff(start)), payee)


def rewired(edges: Edges, group: np.ndarray, seed: int = 0) -> Edges:
    """Payees dealt out among the edges whose payers and payees are of the same groups (numbers by account)."""
    among = np.unique(group, return_inverse=True)[1]
    kinds = among[edges.payer] * (int(among.max(initial=0)) + 1) + among[edges.payee]
    if kinds.max(initial=0) < 2**16:
        kinds = kinds.astype(np.uint16)  # which NumPy sorts in linear time
    order = np.random.default_rng(seed).permutation(len(kinds))
    payee = np.empty_like(edges.payee)
    payee[np.argsort(kinds, kind="stable")] = edges.payee[order[np.argsort(kinds[order], kind="stable")]]
    kept = payee != edges.payer
    return Edges(edges.payer[kept], payee[kept])


def find_smurfs(partners: Partners, min_middlemen: int, max_partners: int) -> Smurfs:
    """Pairs that never deal with each other, joined by so many middlemen of at most `max_partners` others each."""
    accounts = len(partners.many)
    degree = np.bincount(partners.one_way, minlength=accounts)
    limits = Limits(min_middlemen, max_partners, MIN_NATS)
    rows, start, reach, seen = joined(partners, partners.one_way, partners.one_way_start, degree, limits)
    one, other, middle = rows[start[:-1], 0], rows[start[:-1], 1], rows[:, 2]
    count = np.diff(start)
    mean = reach[one] * degree[other] / max(len(partners.one_way), 1)
    # A pair is looked at because one path joins it; that path is no evidence.
    nats = poisson_nats(count, mean) - poisson_nats(np.ones(len(count)), mean)
    every = Smurfs(one, other, middle, start, nats, float(np.log(max(seen, 1))))
    return only(every, np.flatnonzero(nats >= MIN_NATS))


def only(found: Smurfs, chosen: np.ndarray) -> Smurfs:
    """The chosen pairs alone."""
    middle, start = lists_of(found.middle, found.start, chosen)
    return Smurfs(found.one[chosen], found.other[chosen], middle, start, found.nats[chosen], found.log_trials)


def partners_of(edges: Edges, accounts: int) -> Partners:
    """The edges by payer and by payee, each once, and those that money takes in one direction only."""
    payee, payee_start = _distinct(*_grouped(edges.payer, edges.payee, accounts))
    payer_of = np.repeat(np.arange(accounts, dtype=np.int32), np.diff(payee_start))
    payer_start, payer = _grouped(payee, payer_of, accounts)
    one_way, one_way_start, many = _never_back(payee, payee_start, payer, payer_start)
    return Partners(payee, payee_start, payer, payer_start, one_way, one_way_start, many)


def transfers_between(payments: Side, found: Smurfs) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the payments from each pair's one to its middlemen and from these to its other, ascending."""
    position, start = _between(payments, found)
    number = np.repeat(np.arange(len(start) - 1), np.diff(start))
    return position[np.lexsort((position, number))], start


@njit(cache=True, nogil=True)
def _grouped(mine, others, accounts):  # type: ignore[no-untyped-def]
    """The others of each account side by side, in the order given, and where each account's begin."""
    start = np.zeros(accounts + 1, np.int64)
    for row in range(len(mine)):
        start[mine[row] + 1] += 1
    for account in range(accounts):
        start[account + 1] += start[account]
    free = start[:-1].copy()
    party = np.empty(len(mine), np.int32)
    for row in range(len(mine)):
        party[free[mine[row]]] = others[row]
        free[mine[row]] += 1
    return start, party


@njit(cache=True, nogil=True)
def _distinct(start, party):  # type: ignore[no-untyped-def]
    """Each account's others once, in the order of the first time; cash (−1) is none."""
    accounts = len(start) - 1
    last_met = np.full(accounts, -1, np.int32)
    distinct = np.empty(len(party), np.int32)
    begins = np.zeros(accounts + 1, np.int64)
    size = 0
    for account in range(accounts):
        for entry in range(start[account], start[account + 1]):
            other = party[entry]
            if other >= 0 and last_met[other] != account:
                last_met[other] = account
                distinct[size] = other
                size += 1
        begins[account + 1] = size
    return distinct[:size].copy(), begins


@njit(cache=True, nogil=True)
def _never_back(payee, payee_start, payer, payer_start):  # type: ignore[no-untyped-def]
    """Each account's payees who never pay it, where they begin, and how many others it deals with."""
    accounts = len(payee_start) - 1
    pays = np.full(accounts, -1, np.int32)
    one_way = np.empty(len(payee), np.int32)
    start = np.zeros(accounts + 1, np.int64)
    many = np.zeros(accounts, np.int32)
    size = 0
    for account in range(accounts):
        for entry in range(payer_start[account], payer_start[account + 1]):
            pays[payer[entry]] = account
        for entry in range(payee_start[account], payee_start[account + 1]):
            if pays[payee[entry]] != account:
                one_way[size] = payee[entry]
                size += 1
        start[account + 1] = size
        many[account] = size - start[account] + payer_start[account + 1] - payer_start[account]
    return one_way[:size].copy(), start, many


@njit(cache=True, nogil=True)
def joined(partners, one_way, begin, degree, limits):  # type: ignore[no-untyped-def]
    """Rows (one, other, middleman) by pair, where each pair's begin, paths that lead on from each account, and all.

    `one_way` are whom each account pays, or might pay; account a's begin at `begin[a]`. `degree` is how many pay each;
    pairs that cannot surprise by `limits.min_nats` are left out before their middlemen are looked at.
    """
    accounts = len(partners.many)
    rows, size = np.empty((1024, 3), np.int32), np.int64(0)
    starts, pairs = np.zeros(1024, np.int64), np.int64(0)
    reach = np.zeros(accounts, np.int64)
    count = np.zeros(accounts, np.int32)
    known = np.full(accounts, -1, np.int32)
    free = np.full(accounts, -1, np.int64)
    here = np.full(accounts, -1, np.int64)
    met = np.empty(1024, np.int32)
    seen = np.int64(0)
    for one in range(accounts):
        low, high = begin[one], begin[one + 1]
        if high - low < limits.min_middlemen:
            continue
        known[one] = one
        for entry in range(partners.payee_start[one], partners.payee_start[one + 1]):
            known[partners.payee[entry]] = one
        for entry in range(partners.payer_start[one], partners.payer_start[one + 1]):
            known[partners.payer[entry]] = one
        many = np.int64(0)
        for entry in range(low, high):
            middle = one_way[entry]
            if partners.many[middle] > limits.max_partners:
                continue
            reach[one] += begin[middle + 1] - begin[middle]
            for onward in range(begin[middle], begin[middle + 1]):
                other = one_way[onward]
                count[other] += 1
                if count[other] == limits.min_middlemen and known[other] != one:
                    if many == len(met):
                        met = doubled(met)
                    met[many] = other
                    many += 1
        seen += reach[one]
        end = size
        kept = np.int64(0)
        for place in range(many):
            other = met[place]
            mean = reach[one] * degree[other] / max(len(one_way), 1)
            if _most_nats(count[other], mean) >= limits.min_nats:
                met[kept] = other
                free[other] = end
                end += count[other]
                kept += 1
        while end > len(rows):
            rows = _more(rows)
        # Written side by side at once: to walk all paths again for each other was nearly all of the work at hubs.
        for entry in range(low, high):
            middle = one_way[entry]
            if partners.many[middle] > limits.max_partners:
                continue
            for onward in range(begin[middle], begin[middle + 1]):
                other = one_way[onward]
                count[other] = 0
                if free[other] >= 0:
                    rows[free[other], 0], rows[free[other], 1], rows[free[other], 2] = one, other, middle
                    free[other] += 1
        begins = size
        for place in range(kept):
            ends = free[met[place]]
            free[met[place]] = -1
            first = size
            size = _independent(partners, rows, (begins, ends), first, here)
            begins = ends
            if size - first < limits.min_middlemen:
                size = first
                continue
            pairs += 1
            if pairs == len(starts):
                starts = doubled(starts)
            starts[pairs] = size
    return rows[:size].copy(), starts[: pairs + 1].copy(), reach, seen


@njit(cache=True, nogil=True)
def _most_nats(count, mean):  # type: ignore[no-untyped-def]
    """No Poisson tail is less likely than its first term: an upper bound of the nats of so many and more."""
    if mean <= 0:
        return np.inf
    return mean - count * math.log(mean) + math.lgamma(count + 1.0)


@njit(cache=True, nogil=True)
def _independent(partners, rows, span, size, here):  # type: ignore[no-untyped-def]
    """Keep of one pair's rows in `span` the middlemen who deal with no other of them, from place `size` on."""
    mark = np.int64(rows[span[0], 0]) * len(here) + rows[span[0], 1]
    for row in range(span[0], span[1]):
        here[rows[row, 2]] = mark
    for row in range(span[0], span[1]):
        if not _deals_with_marked(partners, rows[row, 2], here, mark):
            rows[size, 0], rows[size, 1], rows[size, 2] = rows[row, 0], rows[row, 1], rows[row, 2]
            size += 1
    return size


@njit(cache=True, nogil=True)
def _deals_with_marked(partners, middle, here, mark):  # type: ignore[no-untyped-def]
    for entry in range(partners.payee_start[middle], partners.payee_start[middle + 1]):
        if here[partners.payee[entry]] == mark:
            return True
    for entry in range(partners.payer_start[middle], partners.payer_start[middle + 1]):
        if here[partners.payer[entry]] == mark:
            return True
    return False


@njit(cache=True, nogil=True)
def _more(rows):  # type: ignore[no-untyped-def]
    """The rows, with as much room again after them."""
    more = np.empty((2 * len(rows), rows.shape[1]), rows.dtype)
    for row in range(len(rows)):
        for column in range(rows.shape[1]):
            more[row, column] = rows[row, column]
    return more


@njit(cache=True, nogil=True)
def _between(payments, found):  # type: ignore[no-untyped-def]
    """Positions of the payments of each pair, and where each pair's begin."""
    is_middle = np.full(len(payments.start) - 1, -1, np.int64)
    position = np.empty(1024, np.int32)
    start = np.zeros(len(found.one) + 1, np.int64)
    size = 0
    for pair in range(len(found.one)):
        for entry in range(found.start[pair], found.start[pair + 1]):
            is_middle[found.middle[entry]] = pair
        one, other = found.one[pair], found.other[pair]
        for entry in range(payments.start[one], payments.start[one + 1]):
            if payments.party[entry] >= 0 and is_middle[payments.party[entry]] == pair:
                if size == len(position):
                    position = doubled(position)
                position[size] = payments.position[entry]
                size += 1
        for place in range(found.start[pair], found.start[pair + 1]):
            middle = found.middle[place]
            for entry in range(payments.start[middle], payments.start[middle + 1]):
                if payments.party[entry] == other:
                    if size == len(position):
                        position = doubled(position)
                    position[size] = payments.position[entry]
                    size += 1
        start[pair + 1] = size
    return position[:size].copy(), start
