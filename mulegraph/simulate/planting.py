"""What every planted pattern draws from: people in nothing else yet, moments, amounts, pauses, labelled payments."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mulegraph.simulate.calendar import DAY, HOUR, MINUTE
from mulegraph.simulate.labels import Labels, plants_for
from mulegraph.simulate.networks import Network
from mulegraph.simulate.payments import LOOK_ALIKE, PLANTED_SIGN, Label, Payments
from mulegraph.simulate.scenario import USUAL, Scenario
from mulegraph.simulate.world import World

SUSPECTS = 15


@dataclass
class Planting:
    """A world in which patterns are planted; `reported` are transfers that victims report, as (payer, payee)."""

    rng: np.random.Generator
    world: World
    days: int
    payments: Payments
    networks: list[Network]
    labels: Labels
    spare: list[int]
    """Personal accounts without a life of their own that nothing else uses."""
    scenario: Scenario = USUAL
    group: int = 0
    suspects: set[int] = field(default_factory=set)
    reported: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.count = plants_for(self.world.accounts)
        self._known = SUSPECTS
        self._taken = {account for net in self.networks for account in (*net.mules, *net.victims)}

    def _someone(self, *, role: str = "", busy: bool = False) -> int:
        """A person in nothing else yet; anybody once all are taken."""
        personal = self.world.personal
        for _ in range(50):
            account = int(personal[self.rng.integers(0, len(personal))])
            if account not in self._taken and (not busy or self.world.activity[account] > 0.8):
                break
        self._taken.add(account)
        if role:
            self.labels.role(account, role)
        return account

    def _people(self, count: int, role: str = "") -> list[int]:
        return [self._someone(role=role) for _ in range(count)]

    def _another_shop(self) -> int:
        """A shop that is in no other pattern yet; any shop once all are."""
        left = [int(each) for each in self.world.merchant if int(each) not in self._taken]
        shop = int(self.rng.choice(left or self.world.merchant))
        self._taken.add(shop)
        return shop

    def _sleeping(self, role: str) -> int:
        """An account without a life of its own."""
        account = int(self.spare.pop()) if self.spare else self._someone()
        self.labels.role(account, role)
        return account

    def _start(self, lasts_days: float = 1.0) -> int:
        """A second in daytime that leaves room for what follows."""
        last = max(self.days - lasts_days * self.scenario.pace, 0.05)
        return int(self.rng.uniform(0, last) * DAY) // DAY * DAY + int(self.rng.integers(8 * HOUR, 15 * HOUR))

    def _cents(self, median: float) -> int:
        return int(np.clip(self.rng.lognormal(np.log(median * 100), 0.6), 2_000, 9_000_000))

    def _later(self, at: int, low_minutes: float, high_minutes: float) -> int:
        return at + int(self.rng.uniform(low_minutes, high_minutes) * MINUTE * self.scenario.pace)

    def _pay(
        self,
        source: int,
        target: int,
        cents: int,
        at: int,
        *,
        channel: str = "instant",
        innocent: bool = False,
        note: str = "",
    ) -> None:
        at = min(max(at, 0), self.days * DAY - 1)
        label = Label(LOOK_ALIKE if innocent else PLANTED_SIGN, self.group, "sign")
        self.payments.add(source, target, max(cents, 100), at, channel, note=note, label=label)

    def _fee(self) -> float:
        if self.scenario.exact:
            return 1.0
        return 1 - float(self.rng.uniform(0.01, 0.1))
