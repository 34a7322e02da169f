"""Chains: the most surprising paths of strong links, chosen so that every such transfer stands in one.

A transfer's best chain is found by one forward and one backward pass over the links (longest path in a directed
acyclic graph). Scores are whole micronats, so that sums do not depend on the order of addition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mulegraph.flow.by_account import distinct_values
from mulegraph.flow.kernels import doubled
from mulegraph.flow.matching import Links
from mulegraph.flow.transfers import Transfers
from mulegraph.lazy import njit

MICRONATS = 1_000_000
MIN_TRANSFERS = 3


@dataclass(frozen=True)
class Chains:
    """Chains, best first. Chain c is `position[start[c]:start[c + 1]]`, positions into `Transfers` in order.

    `score` is in micronats; `best` is each transfer's best chain's score, 0 where it is in none.
    """

    position: np.ndarray
    start: np.ndarray
    score: np.ndarray
    best: np.ndarray

    def __len__(self) -> int:
        return len(self.score)

    def of(self, number: int) -> np.ndarray:
        """Positions of the transfers of one chain, in order."""
        return np.asarray(self.position[self.start[number] : self.start[number + 1]])


def find_chains(transfers: Transfers, links: Links, account_score: np.ndarray) -> Chains:
    """Cover all transfers that lie on a path of ≥ 3 by their best paths, best first.

    `account_score` is what a strong link through each account is worth, in micronats. Ties go to the longer path,
    then to the earlier transfer. No chain lies wholly inside another: a best path cannot be extended.
    """
    # A few in a hundred transfers have a strong link: room for all of them took most of the time.
    used = distinct_values(np.concatenate([links.receipt, links.payment]))
    receipt, payment = (np.searchsorted(used, ends).astype(np.int32) for ends in (links.receipt, links.payment))
    score_of, length, before, after = _passes(transfers.source[used], receipt, payment, account_score)
    score_of[length < MIN_TRANSFERS] = 0
    candidates = np.flatnonzero(length >= MIN_TRANSFERS)
    candidates = candidates[np.lexsort((candidates, -length[candidates], -score_of[candidates]))]
    place, start, score = _cover(candidates, before, after, length, score_of)
    best = np.zeros(len(transfers), np.int64)
    best[used] = score_of
    return Chains(used[place].astype(np.int32), start, score, best)


class ByRelay(NamedTuple):
    """In nats, the most surprising chain that each account passes money on in; others are left out."""

    account: np.ndarray
    nats: np.ndarray


def by_relay(transfers: Transfers, chains: Chains) -> ByRelay:
    """Read the best chain of each account that is neither the first payer nor the last payee of it."""
    passes_on = np.ones(len(chains.position), bool)
    passes_on[chains.start[:-1]] = False
    best = np.zeros(transfers.accounts, np.int64)
    relay = transfers.source[chains.position[passes_on]]
    np.maximum.at(best, relay, np.repeat(chains.score, np.diff(chains.start))[passes_on])
    account = np.flatnonzero(best)
    return ByRelay(account, best[account] / MICRONATS)


@njit(cache=True, nogil=True)
def _passes(source, receipt, payment, account_score):  # type: ignore[no-untyped-def]
    total = len(source)
    ahead = np.zeros(total, np.int64)
    behind = np.zeros(total, np.int64)
    steps_ahead = np.zeros(total, np.int32)
    steps_behind = np.zeros(total, np.int32)
    before = np.full(total, -1, np.int32)
    after = np.full(total, -1, np.int32)
    for link in range(len(receipt)):
        into, out = receipt[link], payment[link]
        score = ahead[into] + account_score[source[out]]
        steps = steps_ahead[into] + 1
        if before[out] < 0 or score > ahead[out] or (score == ahead[out] and steps > steps_ahead[out]):
            ahead[out] = score
            steps_ahead[out] = steps
            before[out] = into
    for link in range(len(receipt) - 1, -1, -1):
        into, out = receipt[link], payment[link]
        score = behind[out] + account_score[source[out]]
        steps = steps_behind[out] + 1
        if after[into] < 0 or score > behind[into] or (score == behind[into] and steps >= steps_behind[into]):
            behind[into] = score
            steps_behind[into] = steps
            after[into] = out
    return ahead + behind, steps_ahead + steps_behind + 1, before, after


@njit(cache=True, nogil=True)
def _cover(candidates, before, after, length, best):  # type: ignore[no-untyped-def]
    covered = np.zeros(len(before), np.bool_)
    position = np.empty(1024, np.int32)
    start = np.zeros(1024, np.int64)
    score = np.empty(len(candidates), np.int64)
    chains, used = 0, 0
    for candidate in candidates:
        if covered[candidate]:
            continue
        steps = length[candidate]
        while used + steps > len(position):
            position = doubled(position)
        if chains + 2 > len(start):
            start = doubled(start)
        _walk(candidate, before, after, position, used, covered)
        # Not the first transfer's best: that may belong to another arm of a split.
        score[chains] = best[candidate]
        chains += 1
        used += steps
        start[chains] = used
    return position[:used].copy(), start[: chains + 1].copy(), score[:chains].copy()


@njit(cache=True, nogil=True)
def _walk(candidate, before, after, position, place, covered):  # type: ignore[no-untyped-def]
    """Write the best path through a transfer: back along `before`, then on along `after`."""
    back, at = 0, candidate
    while before[at] >= 0:
        at = before[at]
        back += 1
    at = candidate
    for step in range(back, -1, -1):
        position[place + step] = at
        covered[at] = True
        at = before[at]
    at, step = after[candidate], back + 1
    while at >= 0:
        position[place + step] = at
        covered[at] = True
        at, step = after[at], step + 1
