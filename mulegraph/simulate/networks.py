"""Planted mule networks: victims → collector → layers that split and merge → cash-out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mulegraph.simulate.calendar import CRIME_HOURS, MINUTE, times
from mulegraph.simulate.payments import CASH, PLANTED, Label, Payments, rounded
from mulegraph.simulate.world import World

PAYMENTS_A_NETWORK = 1_000
"""One network is planted among so many everyday payments."""
MERGE_SHARE = 0.45
ATM_SHARE = 0.65


@dataclass(frozen=True)
class Difficulty:
    """How hard the networks hide; shares of one, minutes, and counts from–to."""

    victims: tuple[int, int] = (1, 2)
    hops: tuple[int, int] = (3, 7)
    dwell: tuple[int, int] = (5, 180)
    fee: float = 0.08
    greedy_share: float = 0.1
    greedy_fee: float = 0.2
    split_share: float = 0.2
    split_to: int = 4
    own_money_share: float = 0.0
    own_money: float = 0.4
    busy_mules: bool = False
    lasting_days: int = 1
    """Room that is left for a network at the end of the ledger."""


EASY = Difficulty()
HARD = Difficulty(
    victims=(1, 8),
    dwell=(5, 240),
    fee=0.2,
    greedy_share=0.0,
    split_to=5,
    own_money_share=0.25,
    busy_mules=True,
)


@dataclass
class Network:
    """One planted network as it is told to the labels."""

    number: int
    victims: list[int] = field(default_factory=list)
    mules: list[int] = field(default_factory=list)
    collector: int = -1
    hops: int = 0
    first: int = 0
    last: int = 0
    stolen: int = 0
    payments: int = 0


@dataclass(frozen=True)
class Held:
    """Money at a mule: whose account, how many cents, and since when."""

    account: int
    cents: int
    since: int


class Planter:
    """Plants networks one after the other into `payments`."""

    def __init__(
        self, rng: np.random.Generator, world: World, days: int, payments: Payments, difficulty: Difficulty
    ) -> None:
        self.rng = rng
        self.world = world
        self.payments = payments
        self.how = difficulty
        self.days = days
        weights = world.activity[world.personal] if difficulty.busy_mules else np.ones(len(world.personal))
        self._cumulated = np.cumsum(weights / weights.sum())
        self.exchanges = world.merchant[: max(1, len(world.merchant) // 400)]

    def plant(self, count: int) -> list[Network]:
        """Plant `count` networks; returns what they are, in order of their number."""
        starts = times(self.rng, count, max(1, self.days - self.how.lasting_days), CRIME_HOURS)
        return [self._plant_one(number, int(start)) for number, start in enumerate(starts)]

    def plant_mules(self, mules: int) -> list[Network]:
        """Plant networks until they hold so many mules or more."""
        networks: list[Network] = []
        while sum(len(network.mules) for network in networks) < mules:
            (start,) = times(self.rng, 1, max(1, self.days - self.how.lasting_days), CRIME_HOURS)
            networks.append(self._plant_one(len(networks), int(start)))
        return networks

    def _mules(self, count: int, taken: set[int]) -> list[int]:
        """People not yet in this network."""
        found: list[int] = []
        while len(found) < count:
            place = min(int(np.searchsorted(self._cumulated, self.rng.random())), len(self._cumulated) - 1)
            account = int(self.world.personal[place])
            if account not in taken:
                taken.add(account)
                found.append(account)
        return found

    def _plant_one(self, number: int, start: int) -> Network:
        network, taken = Network(number, first=start), set[int]()
        network.hops = int(self.rng.integers(self.how.hops[0], self.how.hops[1] + 1))
        (network.collector,) = self._mules(1, taken)
        network.mules.append(network.collector)
        layer = [self._collect(network, start, taken)]
        for _ in range(network.hops - 2):
            layer = self._pass_on(network, layer, taken)
        for held in layer:
            self._cash_out(network, held)
        return network

    def _collect(self, network: Network, start: int, taken: set[int]) -> Held:
        """Victims pay the collector within an hour and a half; he waits for the last of them."""
        count = int(self.rng.integers(self.how.victims[0], self.how.victims[1] + 1))
        network.victims = self._mules(count, taken)
        total, last = 0, start
        for victim in network.victims:
            cents = int(np.clip(self.rng.lognormal(np.log(280_000), 0.8), 30_000, 5_000_000))
            at = start if victim == network.victims[0] else start + int(self.rng.integers(0, 90 * MINUTE))
            self._pay(network, victim, network.collector, cents, at, "victim_payment")
            total, last = total + cents, max(last, at)
        network.stolen = total
        return Held(network.collector, total, last)

    def _pass_on(self, network: Network, layer: list[Held], taken: set[int]) -> list[Held]:
        if len(layer) > 1 and self.rng.random() < MERGE_SHARE:
            (consolidator,) = self._mules(1, taken)
            network.mules.append(consolidator)
            return [self._merge(network, layer, consolidator)]
        following = []
        for held in layer:
            parts = 1
            if self.rng.random() < self.how.split_share and len(layer) < 8:
                parts = int(self.rng.integers(2, self.how.split_to + 1))
            mules = self._mules(parts, taken)
            network.mules.extend(mules)
            following += self._split(network, held, mules)
        return following

    def _after_fee(self, held: Held) -> int:
        """What a mule sends on: less the fee, sometimes with own money added."""
        greedy = self.rng.random() < self.how.greedy_share
        fee = self.rng.uniform(self.how.fee, self.how.greedy_fee) if greedy else self.rng.uniform(0, self.how.fee)
        cents = held.cents * (1 - fee)
        if self.rng.random() < self.how.own_money_share:
            cents *= 1 + self.rng.uniform(0.05, self.how.own_money)
        return max(100, int(cents))

    def _dwell(self) -> int:
        """Seconds: minutes drawn evenly on a logarithmic scale, as haste is."""
        low, high = np.log(self.how.dwell[0]), np.log(self.how.dwell[1])
        return int(np.exp(self.rng.uniform(low, high)) * MINUTE)

    def _merge(self, network: Network, layer: list[Held], target: int) -> Held:
        total, last = 0, 0
        for held in layer:
            cents, at = self._after_fee(held), held.since + self._dwell()
            self._pay(network, held.account, target, cents, at, "pass_on")
            total, last = total + cents, max(last, at)
        return Held(target, total, last)

    def _split(self, network: Network, held: Held, mules: list[int]) -> list[Held]:
        total, at = self._after_fee(held), held.since + self._dwell()
        cuts = self.rng.dirichlet(np.full(len(mules), 8.0)) if len(mules) > 1 else np.ones(1)
        parts = np.maximum((cuts * total).astype(np.int64), 100)
        following = []
        for mule, cents in zip(mules, parts.tolist(), strict=True):
            self._pay(network, held.account, mule, cents, at, "pass_on")
            following.append(Held(mule, cents, at))
            at += int(self.rng.integers(MINUTE, 10 * MINUTE))
        return following

    def _cash_out(self, network: Network, held: Held) -> None:
        """At a machine in one to three withdrawals, or to an exchange that sees much else."""
        total, at = self._after_fee(held), held.since + self._dwell()
        if self.rng.random() >= ATM_SHARE:
            self._pay(network, held.account, int(self.rng.choice(self.exchanges)), total, at, "cash_out")
            return
        count = int(self.rng.integers(1, 4)) if total > 60_000 else 1
        for part in self.rng.dirichlet(np.full(count, 8.0)) * total:
            cents = int(rounded(np.array([part]), 1_000)[0])
            self._pay(network, held.account, CASH, cents, at, "cash_out")
            at += int(self.rng.integers(MINUTE, 12 * MINUTE))

    def _pay(self, network: Network, source: int, target: int, cents: int, at: int, role: str) -> None:
        channel = "atm" if target == CASH else "instant"
        label = Label(PLANTED, network.number, role)
        self.payments.add(source, target, cents, at, channel, label=label)
        network.last = max(network.last, at)
        network.payments += 1
