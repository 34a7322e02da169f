"""The flow of a ledger that has grown, from what was known of it before: as found anew, but for what chance makes.

How much money is matched by chance is asked of shuffled ledgers, which is most of the work, and it moves slowly: it is
taken over. Links, chains and the traffic of accounts are those of the ledger as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mulegraph.flow.chains import ByRelay, find_chains
from mulegraph.flow.layering import Flow
from mulegraph.flow.matching import Links, match_on, still_open, strong
from mulegraph.flow.places import Places
from mulegraph.flow.surprise import Traffic, link_scores, traffic_of
from mulegraph.flow.transfers import NOBODY, Transfers


@dataclass(frozen=True)
class Calibration:
    """What a flow says of chance: `score` of its chains (micronats, falling) with their false shares, and the rest."""

    score: np.ndarray
    false_share: np.ndarray
    threshold: float
    fit: float
    relays_by_chance: ByRelay

    @classmethod
    def of(cls, flow: Flow) -> Calibration:
        """What the whole ledger's flow says."""
        return cls(flow.chains.score, flow.false_share, flow.threshold, flow.fit, flow.relays_by_chance)

    def renumbered(self, numbers: np.ndarray) -> Calibration:
        """The same where accounts have other numbers: `numbers` has the new one of each."""
        relays = self.relays_by_chance
        return replace(self, relays_by_chance=relays._replace(account=numbers[relays.account]))

    def shares(self, score: np.ndarray) -> np.ndarray:
        """The false share of chains of these scores: that of the most surprising known one that is no surer."""
        place = np.searchsorted(-self.score, -score)
        return np.append(self.false_share, 1.0)[place]


def flow_on(known: Flow, of_chance: Calibration, transfers: Transfers, changes: Changes, places: Places) -> Flow:
    """The flow of `transfers`, of which `known` is the flow before the changes; money in one currency only.

    `places` are those of the transfers' accounts, before the first change at most.
    """
    links = match_on(transfers, known.window, known.links, changes.first)
    firm = _strong_on(known, links, transfers, changes.first)
    accounts, scores = _traffic_on(known, of_chance.fit, transfers, changes.touched, places)
    chains = find_chains(transfers, firm, scores)
    return Flow(
        transfers=transfers,
        divided=transfers,
        links=links,
        strong=firm,
        chains=chains,
        traffic=accounts,
        account_score=scores,
        fit=of_chance.fit,
        window=known.window,
        false_share=of_chance.shares(chains.score),
        threshold=of_chance.threshold,
        share_percent=known.share_percent,
        relays_by_chance=of_chance.relays_by_chance,
        dealt=transfers.only(slice(0)),
        dealt_links=Links.none(),
    )


@dataclass(frozen=True)
class Changes:
    """What is not as it was: transfers from position `first` on, and what is known of the `touched` accounts (a mask).

    Touched is who pays or is paid in a transfer that has come, or has gone.
    """

    first: int
    touched: np.ndarray


def renumbered(flow: Flow, numbers: np.ndarray, accounts: int) -> Flow:
    """The same where accounts have other numbers, of which there are so many by now: new ones have no transfers."""
    moved, known = flow.transfers, flow.traffic

    def by_account(values: np.ndarray, new: float) -> np.ndarray:
        made = np.full(accounts, new, values.dtype)
        made[numbers] = values
        return made

    with_cash = np.append(numbers, NOBODY).astype(np.int32)
    moved = replace(moved, source=with_cash[moved.source], target=with_cash[moved.target], accounts=accounts)
    counts = by_account(known.received, 0), by_account(known.paid, 0), by_account(known.meeting, 1.0)
    none = int(link_scores(np.zeros(1), flow.fit)[0])
    return replace(
        flow,
        transfers=moved,
        divided=moved,
        traffic=Traffic(*counts, known.windows, known.day),
        account_score=by_account(flow.account_score, none),
    )


def without_chance(flow: Flow) -> Flow:
    """The same without its shuffled ledger, which is as large as the ledger itself."""
    return replace(flow, dealt=flow.dealt.only(slice(0)), dealt_links=Links.none())


def _strong_on(known: Flow, links: Links, transfers: Transfers, first: int) -> Links:
    """All strong links. A receipt that no changed payment can pass on has the links that it had."""
    begin = still_open(transfers, known.window, first)
    old = known.strong.receipt < begin
    # All links of payments from `begin` on, so that these are funded by all that funds them.
    tail = slice(links.paid_from(begin), None)
    low = int(links.receipt[tail].min(initial=begin))
    mine = Links(links.receipt[tail] - low, links.payment[tail] - low, links.amount[tail])
    fresh = strong(transfers.only(slice(low, None)), mine, known.share_percent)
    new = fresh.receipt >= begin - low
    before = known.strong
    receipt = np.concatenate([before.receipt[old], fresh.receipt[new] + low])
    payment = np.concatenate([before.payment[old], fresh.payment[new] + low])
    amount = np.concatenate([before.amount[old], fresh.amount[new]])
    order = np.lexsort((receipt, payment))
    return Links(receipt[order], payment[order], amount[order])


def _traffic_on(
    known: Flow, fit: float, transfers: Transfers, touched: np.ndarray, places: Places
) -> tuple[Traffic, np.ndarray]:
    """Traffic and worth of a link by account: counted anew for the touched ones, over the windows that were known."""
    chosen = np.flatnonzero(touched)
    theirs = transfers.only(places.in_order(transfers, touched)) if places.are_few(touched) else transfers
    counted = traffic_of(chosen, theirs, known.window, known.traffic)

    def with_theirs(values: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        made = values.copy()
        made[chosen] = theirs
        return made

    before = known.traffic
    accounts = replace(
        before,
        received=with_theirs(before.received, counted.received),
        paid=with_theirs(before.paid, counted.paid),
        meeting=with_theirs(before.meeting, counted.meeting),
    )
    return accounts, with_theirs(known.account_score, link_scores(counted.rate, fit))
