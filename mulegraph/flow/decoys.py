"""What chance alone would make: ledgers with shuffled times, and the share of false alarms read off them.

A permutation test; cf. Efron & Tibshirani, An Introduction to the Bootstrap (1993), ch. 15. The share at a score
is the false discovery rate of Storey & Tibshirani, PNAS 100 (2003), as q-values are: never rising with the score.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mulegraph.flow.chains import Chains
from mulegraph.flow.order_in_day import settled
from mulegraph.flow.transfers import DAY, HOUR, Transfers
from mulegraph.lazy import njit

SHORT_LEDGER = 7 * DAY


def shuffled(transfers: Transfers, seed: list[int]) -> Transfers:
    """The same transfers at each other's times: a ledger in which every chain is coincidence.

    A transfer keeps its hour of the day, so that shops still sell by day and batches still run at night; only
    the day and the minute are drawn anew. Under a week there are too few days to draw from, and all times are
    shuffled freely. Times stay sorted, because it is the transfers that are dealt out to them. `row` of the
    result is the position that each transfer has in `transfers`.
    """
    deal = np.random.default_rng(seed).permutation(np.arange(len(transfers), dtype=np.int32))
    if transfers.span >= SHORT_LEDGER and transfers.tick < DAY:
        deal = _deal_by_hour(deal, (transfers.at // HOUR % 24).astype(np.uint8))
    source, target, amount = _taken(transfers.source, transfers.target, transfers.amount, deal)
    dealt = settled(source, target, amount, transfers.at, accounts=transfers.accounts, tick=transfers.tick)
    return replace(dealt, row=deal[dealt.row])


@njit(cache=True, nogil=True)
def _deal_by_hour(deal, hour):  # type: ignore[no-untyped-def]
    """Deal the cards of every hour, in the order of `deal`, to the places of that hour."""
    start = np.zeros(25, np.int64)
    for place in range(len(hour)):
        start[hour[place] + 1] += 1
    for number in range(24):
        start[number + 1] += start[number]
    cards = np.empty_like(deal)
    put = start.copy()
    for card in deal:
        of = hour[card]
        cards[put[of]] = card
        put[of] += 1
    take = start.copy()
    for place in range(len(hour)):
        of = hour[place]
        deal[place] = cards[take[of]]
        take[of] += 1
    return deal


@njit(cache=True, nogil=True)
def _taken(source, target, amount, deal):  # type: ignore[no-untyped-def]
    """The three columns in the order of `deal`; packed side by side first, so that each card is one look-up."""
    packed = np.empty((len(deal), 2), np.int64)
    for place in range(len(deal)):
        packed[place, 0] = (np.int64(source[place]) << 32) | (np.int64(target[place]) & 0xFFFFFFFF)
        packed[place, 1] = amount[place]
    columns = np.empty_like(source), np.empty_like(target), np.empty_like(amount)
    for place in range(len(deal)):
        card = deal[place]
        ends = packed[card, 0]
        columns[0][place] = ends >> 32
        columns[1][place] = ends
        columns[2][place] = packed[card, 1]
    return columns


def innocent(chains: Chains, cards: np.ndarray, explained: np.ndarray, least: float) -> np.ndarray:
    """Scores of a shuffled ledger's chains, but for those from `least` up that touch an explained transfer.

    In the real ledger a chain that touches a true network is no false alarm; dealt out, the transfers of such
    networks meet others by chance all the same, and would be counted as if they were innocent. `cards` are the
    positions that the shuffled transfers have in the real ledger, `explained` says which of those stand in chains
    of at least `least` micronats there.
    """
    of = np.repeat(np.arange(len(chains)), np.diff(chains.start))
    touched = np.bincount(of, explained[cards[chains.position]], len(chains)) > 0
    return chains.score[~(touched & (chains.score >= least))]


def false_shares(scores: np.ndarray, by_chance: list[np.ndarray]) -> np.ndarray:
    """For each score (falling), chance chains at least as high ÷ real ones; never rising with the score."""
    real = np.searchsorted(-scores, -scores, side="right")
    chance = np.zeros(len(scores))
    for others in by_chance:
        chance += np.searchsorted(-others, -scores, side="right") / len(by_chance)
    share = np.minimum(chance / np.maximum(real, 1), 1.0)
    return np.minimum.accumulate(share[::-1])[::-1]


def shares_of(nats: np.ndarray, *by_chance: np.ndarray) -> np.ndarray:
    """The same for patterns in any order: the share of coincidences among those at least so surprising."""
    order = np.argsort(-nats, kind="stable")
    share = np.empty(len(nats))
    share[order] = false_shares(nats[order], [np.sort(each)[::-1] for each in by_chance])
    return share
