"""Surprise: how unlikely a chain is given each account's own traffic, and how many chance would make.

A strong link through an account is worth −ln(1 − exp(−q·√(λin·λout))) nats, λ being the account's receipts and
payments per window. q says how often a receipt and a payment fit by chance; it is read off ledgers whose times
were shuffled, and so is the share of chains that are coincidence (a permutation test; cf. Efron & Tibshirani, An
Introduction to the Bootstrap, 1993, ch. 15, and Storey & Tibshirani, PNAS 2003, for the false discovery rate).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from mulegraph.flow.chains import MICRONATS, Chains, find_chains
from mulegraph.flow.matching import DAY, Links, Transfers, effective_window, in_order, match, strong

HOUR = 3_600_000_000
SHORT_LEDGER = 7 * DAY
DEFAULT_FIT = 0.12
"""q where the shuffled ledger has too few links to tell (design §5)."""

LEAST_LINKS = 30


@dataclass(frozen=True)
class FlowSettings:
    """Window in hours; share in percent that must be passed on; shuffles and their seed; accepted false share."""

    window_hours: float = 6.0
    share_percent: int = 60
    shuffles: int = 3
    seed: int = 1
    false_share: float = 0.05

    @property
    def window(self) -> int:
        """The window in microseconds."""
        return round(self.window_hours * HOUR)


@dataclass(frozen=True)
class Traffic:
    """Each account's receipts and payments, and its rate of both per window."""

    received: np.ndarray
    paid: np.ndarray
    windows: float

    @property
    def rate(self) -> np.ndarray:
        """√(λin·λout) by account."""
        return np.sqrt(self.received.astype(float) * self.paid) / self.windows


def traffic(transfers: Transfers, window: int) -> Traffic:
    """Count what every account receives and pays; transfers to oneself do not count."""
    moved = transfers.source != transfers.target
    counts = [
        np.bincount(side[moved & (side >= 0)], minlength=transfers.accounts)
        for side in (transfers.target, transfers.source)
    ]
    return Traffic(counts[0], counts[1], max(transfers.span / (window + transfers.tick), 1.0))


def link_scores(rates: np.ndarray, fit: float) -> np.ndarray:
    """What a strong link through each account is worth, in whole micronats."""
    busy = np.maximum(fit * rates, 1e-12)
    nats = -np.log(-np.expm1(-busy))
    return np.maximum(np.rint(nats * MICRONATS), 0).astype(np.int64)


def estimate_fit(accounts: Traffic, chance_links: float) -> float:
    """q for which the formula expects as many strong links as a shuffled ledger has.

    An account with n receipts and m payments is √(n·m) trials of the formula's probability.
    """
    trials, rates = np.sqrt(accounts.received.astype(float) * accounts.paid), accounts.rate
    if chance_links < LEAST_LINKS:
        return DEFAULT_FIT

    def excess(fit: float) -> float:
        return float((trials * -np.expm1(-fit * rates)).sum()) - chance_links

    return float(brentq(excess, 1e-9, 50.0)) if excess(50.0) > 0 else 50.0


def shuffled(transfers: Transfers, rng: np.random.Generator) -> Transfers:
    """The same transfers at each other's times: a ledger in which every chain is coincidence.

    A transfer keeps its hour of the day, so that shops still sell by day and batches still run at night; only
    the day and the minute are drawn anew. Under a week there are too few days to draw from, and all times are
    shuffled freely. Times stay sorted, because it is the transfers that are dealt out to them.
    """
    deal = rng.permutation(len(transfers)).astype(np.int32)
    if transfers.span >= SHORT_LEDGER and transfers.tick < DAY:
        hours = transfers.at // HOUR % 24
        slots = np.argsort(hours, kind="stable")
        cards = deal[np.argsort(hours[deal], kind="stable")]
        deal = np.empty_like(cards)
        deal[slots] = cards
    source, target, amount = (column[deal] for column in (transfers.source, transfers.target, transfers.amount))
    return in_order(source, target, amount, transfers.at, accounts=transfers.accounts)


@dataclass(frozen=True)
class Flow:
    """Everything the flow kernel says of a ledger.

    `false_share[c]` estimates the share of coincidences among chain c and all chains at least as surprising.
    """

    transfers: Transfers
    links: Links
    strong: Links
    chains: Chains
    traffic: Traffic
    fit: float
    window: int
    false_share: np.ndarray
    threshold: float
    """Nats from which on the expected false share is at most the accepted one; infinite where it never is."""

    @property
    def surprise(self) -> np.ndarray:
        """Of each chain, in nats."""
        return self.chains.score / MICRONATS


def find_flow(transfers: Transfers, settings: FlowSettings) -> Flow:
    """Links, strong links, chains and surprise of a ledger, with the shuffled-ledger estimate beside them."""
    window = effective_window(settings.window, transfers.tick)
    links = match(transfers, window)
    firm = strong(transfers, links, settings.share_percent)
    accounts = traffic(transfers, window)
    chance = [
        _chance_links(transfers, window, settings, number) for number in range(settings.shuffles)
    ]
    fit = estimate_fit(accounts, float(np.mean([len(pair[1]) for pair in chance])))
    scores = link_scores(accounts.rate, fit)
    chains = find_chains(transfers, firm, scores)
    by_chance = [find_chains(*pair, scores).score for pair in chance]
    share = false_shares(chains.score, by_chance)
    accepted = np.flatnonzero(share <= settings.false_share)
    threshold = float(chains.score[accepted[-1]] / MICRONATS) if len(accepted) else float("inf")
    return Flow(transfers, links, firm, chains, accounts, fit, window, share, threshold)


def _chance_links(
    transfers: Transfers, window: int, settings: FlowSettings, number: int
) -> tuple[Transfers, Links]:
    """A shuffled ledger and its strong links."""
    dealt = shuffled(transfers, np.random.default_rng([settings.seed, number]))
    return dealt, strong(dealt, match(dealt, window), settings.share_percent)


def false_shares(scores: np.ndarray, by_chance: list[np.ndarray]) -> np.ndarray:
    """For each score (falling), chance chains at least as high ÷ real ones; never rising with the score."""
    real = np.searchsorted(-scores, -scores, side="right")
    chance = np.zeros(len(scores))
    for others in by_chance:
        chance += np.searchsorted(-others, -scores, side="right") / len(by_chance)
    share = np.minimum(chance / np.maximum(real, 1), 1.0)
    return np.minimum.accumulate(share[::-1])[::-1]
