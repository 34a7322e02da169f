"""The whole flow kernel in one call: links, strong links, chains, their surprise, and what chance would make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mulegraph.flow.chains import MICRONATS, ByRelay, Chains, by_relay, find_chains
from mulegraph.flow.decoys import false_shares, innocent, shuffled
from mulegraph.flow.matching import Links, effective_window, match_each, strong
from mulegraph.flow.passing_on import passed_on_links
from mulegraph.flow.surprise import Traffic, estimate_fit, link_scores, traffic
from mulegraph.flow.transfers import Transfers
from mulegraph.lazy import njit
from mulegraph.settings import FlowSettings


@dataclass(frozen=True)
class Flow:
    """Everything the flow kernel says of a ledger.

    `false_share[c]` estimates the share of coincidences among chain c and all chains at least as surprising.
    """

    transfers: Transfers
    divided: Transfers
    """The same between accounts that are divided by currency, which links are of."""
    links: Links
    strong: Links
    chains: Chains
    traffic: Traffic
    account_score: np.ndarray
    """What a strong link through each account is worth, in micronats."""
    fit: float
    window: int
    false_share: np.ndarray
    threshold: float
    """Nats from which on the expected false share is at most the accepted one; infinite where it never is."""
    share_percent: int
    """How much of a receipt must be passed on, and of a payment funded."""
    relays_by_chance: ByRelay
    """What chains give accounts in the first shuffled ledger."""
    dealt: Transfers
    """The first shuffled ledger, which signs measure chance on, too."""
    dealt_links: Links
    """Its links, between accounts that are divided by currency."""

    @cached_property
    def passed_on(self) -> Links:
        """Links of receipts that were passed on, in pieces of whatever size."""
        return passed_on_links(self.divided, self.links, self.share_percent)

    @cached_property
    def told_networks(self) -> np.ndarray:
        """Layering networks at the threshold."""
        return self.networks(self.threshold)

    @property
    def surprise(self) -> np.ndarray:
        """Of each chain, in nats."""
        return self.chains.score / MICRONATS

    def chains_from(self, nats: float) -> int:
        """How many chains are at least so surprising; they are the first ones."""
        return int(np.searchsorted(-self.chains.score, -nats * MICRONATS, side="right"))

    def networks(self, nats: float) -> np.ndarray:
        """Layering networks: for each transfer the lowest position of those it is joined with, −1 for none.

        Joined are transfers with a strong link between them whose best chains are both at least so surprising.
        """
        chosen = np.flatnonzero(self.chains.best >= max(nats * MICRONATS, 1))
        names = np.full(len(self.transfers), -1, np.int32)
        names[chosen] = chosen
        _join(self.strong.receipt, self.strong.payment, chosen, names)
        return names


Matching = Callable[[Sequence[Transfers], int], list[Links]]
"""All links of each of some ledgers, within a window: `match_each`, or the same on many machines."""


def find_flow(
    transfers: Transfers,
    settings: FlowSettings,
    divided: Transfers | None = None,
    matching: Matching = match_each,
) -> Flow:
    """Links, strong links, chains and surprise of a ledger, with the shuffled-ledger estimate beside them.

    `divided` are the same transfers between accounts that are divided by currency, where there are several.
    """
    divided = divided or transfers
    window = effective_window(settings.window, transfers.tick)

    def of_chance() -> tuple[list[tuple[Transfers, Links]], Links]:
        numbers = range(settings.shuffles(len(transfers)))
        dealt = [shuffled(transfers, [settings.seed, number]) for number in numbers]
        apart = dealt if divided is transfers else [divided.dealt(each) for each in dealt]
        every = matching(apart, window)
        pairs = zip(apart, every, strict=True)
        firm = [strong(each, mine, settings.share_percent) for each, mine in pairs]
        return list(zip(dealt, firm, strict=True)), every[0]

    # The kernels let go of the interpreter's lock: chance is counted on one core while this thread uses the other.
    with ThreadPoolExecutor(1) as pool:
        dealing = pool.submit(of_chance)
        (links,) = matching([divided], window)
        firm = strong(divided, links, settings.share_percent)
        accounts = traffic(transfers, window)
        by_chance, dealt_links = dealing.result()
        fit = estimate_fit(accounts, float(np.mean([len(pair[1]) for pair in by_chance])))
        scores = link_scores(accounts.rate, fit)
        dealt_chains = pool.map(lambda pair: find_chains(pair[0], pair[1], scores), by_chance)
        chains = find_chains(transfers, firm, scores)
        chance = [(each, pair[0].row) for each, pair in zip(dealt_chains, by_chance, strict=True)]
    share = false_shares(chains.score, [each.score for each, _ in chance])
    accepted = np.flatnonzero(share <= settings.false_share)
    least = float(chains.score[accepted[-1]]) if len(accepted) else float("inf")
    if len(accepted):
        # The threshold stays where the careful estimate put it; what is printed leaves known networks out.
        explained = chains.best >= least
        share = false_shares(chains.score, [innocent(each, cards, explained, least) for each, cards in chance])
    return Flow(
        transfers=transfers,
        divided=divided,
        links=links,
        strong=firm,
        chains=chains,
        traffic=accounts,
        account_score=scores,
        fit=fit,
        window=window,
        false_share=share,
        threshold=least / MICRONATS,
        share_percent=settings.share_percent,
        relays_by_chance=by_relay(by_chance[0][0], chance[0][0]),
        dealt=by_chance[0][0],
        dealt_links=dealt_links,
    )


@njit(cache=True, nogil=True)
def _join(receipt, payment, chosen, parent):  # type: ignore[no-untyped-def]
    """Union–find over the links between chosen transfers: each set is named by its lowest position in `parent`.

    There a chosen one stands for itself at first, and any other is −1.
    """
    for link in range(len(receipt)):
        one, other = receipt[link], payment[link]
        if parent[one] >= 0 and parent[other] >= 0:
            one, other = _root(parent, one), _root(parent, other)
            if one != other:
                parent[max(one, other)] = min(one, other)
    for place in chosen:
        parent[place] = _root(parent, place)


@njit(cache=True, nogil=True)
def _root(parent, place):  # type: ignore[no-untyped-def]
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = parent[place]
    return place
