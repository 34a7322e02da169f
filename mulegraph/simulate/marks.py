"""Signs planted outside the transfers: wrong papers, lists, cards, and devices that take an account over."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import cycle

import numpy as np

from mulegraph.schema.tables import CARD_KINDS, CARD_OUTCOMES, DEVICE_ACTIONS
from mulegraph.simulate import text
from mulegraph.simulate.calendar import DAY, HOUR, MINUTE
from mulegraph.simulate.labels import CLUSTER, DEVICE, INNOCENT, MERCHANT, MULE, VICTIM, Labels, plants_for
from mulegraph.simulate.networks import Network
from mulegraph.simulate.payments import CASH, PLANTED_SIGN, Label, Payments
from mulegraph.simulate.world import World

ABSENT, BIRTH, NAME, ADDRESS, SPELLING = range(5)
"""How a holder's papers differ from the register; the last is the same name written another way."""
APPROVED, WRONG_PIN = CARD_OUTCOMES.index("approved"), CARD_OUTCOMES.index("wrong_pin")
PURCHASE, WITHDRAWAL = CARD_KINDS.index("purchase"), CARD_KINDS.index("withdrawal")
NEAR, FAR = 9, 0
"""Places of SPOTS that lie 600 km apart: Linz and Aachen."""


@dataclass
class Marks:
    """Rows and changes by account number; times in seconds since the start, amounts in cents."""

    papers: dict[int, int] = field(default_factory=dict)
    """account → how its holder's papers differ."""
    listings: list[tuple[str, int, str, float, int | None]] = field(default_factory=list)
    """subject kind, number, list, confidence, second of expiry."""
    cards: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)
    """account, merchant (−1: none), kind, cents, second, place, outcome."""
    uses: list[tuple[int, int, int, int]] = field(default_factory=list)
    """account, device, second, action."""
    merchants: int = 0
    devices: int = 0


class Marker:
    """Plants the marks one by one."""

    def __init__(
        self,
        rng: np.random.Generator,
        world: World,
        days: int,
        payments: Payments,
        networks: list[Network],
        labels: Labels,
        guilty: int | None = None,
    ) -> None:
        self.rng = rng
        self.world = world
        self.days = days
        self.payments = payments
        self.labels = labels
        self.networks = networks
        self.count = plants_for(world.accounts)
        self.guilty = self.count if guilty is None else min(guilty, self.count)
        """How many mules have each mark; innocents and victims have all."""
        self.marks = Marks()
        # Dealt out in turn, so that no sign is planted twice about the same one.
        self._mules = cycle(rng.permutation([number for number, role in labels.roles.items() if role == MULE]).tolist())
        self._quiet = [int(each) for each in rng.permutation(world.personal) if int(each) not in labels.roles]

    def run(self) -> Marks:
        """Plant everything."""
        for number in range(self.count):
            self._papers(number)
            self._lists(number)
            self._travel(number)
            self._spree()
            self._pins()
            self._listed_merchant(number)
        for number in range(self.count):
            if number < self.guilty:
                self._made_up_merchant(number)
            self._canteen(number)
        self._takeovers()
        for _ in range(-(-self.guilty // 2)):
            self._ring()
        return self.marks

    def _mule(self) -> int:
        return next(self._mules)

    def _innocent(self, role: str = INNOCENT) -> int:
        """A bystander in nothing else; anybody once all are taken."""
        account = self._quiet.pop() if self._quiet else int(self.rng.choice(self.world.personal))
        self.labels.role(account, role)
        return account

    def _mark(self, code: str, guilty: int, innocent: int) -> None:
        self.labels.sign(code, guilty)
        self.labels.sign(code, innocent, planted=INNOCENT)

    def _papers(self, number: int) -> None:
        """A1: mules with false papers; innocents whose name is spelt in another way."""
        marked = [(self._mule(), MULE, number % 4)] if number < self.guilty else []
        for account, planted, differs in (*marked, (self._innocent(), INNOCENT, SPELLING)):
            self.marks.papers[account] = differs
            for owned in np.flatnonzero(self.world.holder == self.world.holder[account]):
                self.labels.sign("A1", int(owned), planted=planted)

    def _lists(self, number: int) -> None:
        """A2 and A5: mules on lists; innocents whose entries have expired."""
        expired = int(self.days * DAY * 0.3)
        for code, kind, confidence in (("A2", "for_sale", 0.6), ("A5", "authority_warning", 0.9)):
            if number < self.guilty:
                listed = self._mule()
                self.marks.listings.append(("account", listed, kind, confidence, None))
                self.labels.sign(code, listed)
            was_listed = self._innocent()
            self.marks.listings.append(("account", was_listed, kind, confidence, expired))
            self.labels.sign(code, was_listed, planted=INNOCENT)

    def _card(
        self, account: int, cents: int, at: int, place: int, *, merchant: int = -1, outcome: int = APPROVED
    ) -> None:
        kind = PURCHASE if merchant >= 0 else WITHDRAWAL
        self.marks.cards.append(
            (account, merchant, kind, int(cents), min(max(int(at), 0), self.days * DAY - 1), place, outcome)
        )

    def _day(self) -> int:
        """The first second of some day that is not the last."""
        return int(self.rng.integers(0, max(1, self.days - 1))) * DAY

    def _travel(self, number: int) -> None:
        """C1: a cloned card far away within minutes, or used around the clock; a traveller, and a long day in town."""
        guilty = self._innocent(VICTIM)
        innocent = self._innocent()
        at = self._day() + 9 * HOUR
        if number % 2:
            for step in range(3):
                self._card(guilty, 6_000 + 500 * step, at + step * 20 * MINUTE, (NEAR, FAR)[step % 2])
            self._card(innocent, 4_000, at, NEAR)
            self._card(innocent, 5_000, at + 5 * HOUR, FAR)
        else:
            for step in range(16):
                self._card(guilty, int(self.rng.integers(2_000, 9_000)), at - 9 * HOUR + step * 90 * MINUTE, NEAR)
            for step in range(12):
                self._card(innocent, int(self.rng.integers(500, 4_000)), at + step * 45 * MINUTE, NEAR)
        self._mark("C1", guilty, innocent)

    def _spree(self) -> None:
        """C2: a card that spends twenty times its usual day; one that spends four times."""
        for guilty in (True, False):
            account = self._innocent(VICTIM if guilty else INNOCENT)
            home, usual = int(self.rng.integers(0, len(text.SPOTS))), int(self.rng.integers(1_500, 4_000))
            last = max(1, self.days - 2)
            days = np.sort(self.rng.choice(last, min(last, 8), replace=False))
            for day in days:
                cents = int(usual * self.rng.uniform(0.8, 1.2))
                self._card(account, cents, int(day) * DAY + int(self.rng.integers(9, 20)) * HOUR, home)
            spent = usual * (self.rng.uniform(18, 30) if guilty else self.rng.uniform(3, 4.5))
            self._card(account, int(spent), (int(days[-1]) + 1) * DAY + 12 * HOUR, home)
            if len(days) >= 6:
                self.labels.sign("C2", account, planted=MULE if guilty else INNOCENT)

    def _pins(self) -> None:
        """C3: four wrong PINs and then the right one; a holder who errs twice."""
        guilty, innocent = self._innocent(VICTIM), self._innocent()
        for account, wrong in ((guilty, int(self.rng.integers(4, 7))), (innocent, 2)):
            at, home = self._day() + int(self.rng.integers(8, 20)) * HOUR, int(self.rng.integers(0, len(text.SPOTS)))
            for step in range(wrong):
                self._card(account, 20_000, at + step * 90, home, outcome=WRONG_PIN)
            self._card(account, 20_000, at + wrong * 90, home)
        self._mark("C3", guilty, innocent)

    def _new_merchant(self) -> int:
        self.marks.merchants += 1
        return self.world.accounts + self.marks.merchants

    def _listed_merchant(self, number: int) -> None:
        """C5: customers of a merchant on a suspicion list; of one that was on it once."""
        if number % 10 == 0:
            self._listed, self._cleared = self._new_merchant(), self._new_merchant()
            self.marks.listings.append(("merchant", self._listed, "suspicion", 0.9, None))
            self.marks.listings.append(("merchant", self._cleared, "suspicion", 0.9, int(self.days * DAY * 0.3)))
        guilty, innocent = self._innocent(VICTIM), self._innocent()
        for account, merchant in ((guilty, self._listed), (innocent, self._cleared)):
            for _ in range(2):
                cents = int(self.rng.integers(3_000, 30_000))
                self._card(account, cents, self._day() + 15 * HOUR, NEAR, merchant=merchant)
        self._mark("C5", guilty, innocent)

    def _made_up_merchant(self, number: int) -> None:
        """C4: few cards, round and repeated amounts, and in half of them the takings are gone the same day."""
        merchant, cards = self._new_merchant(), [self._innocent(MULE) for _ in range(3)]
        prices = (20_000, 50_000, 30_000)
        owner = self._innocent(MULE) if number % 2 else -1
        for step in range(15):
            at = self._day() + int(self.rng.integers(0, 20)) * HOUR
            card, cents = cards[step % 3], prices[int(self.rng.integers(0, 3))]
            self._card(card, cents, at, NEAR, merchant=merchant)
            if owner >= 0:
                for source, target, when, channel in ((card, owner, at, "card"), (owner, CASH, at + HOUR, "atm")):
                    self.payments.add(source, target, cents, when, channel, label=Label(PLANTED_SIGN, role="sign"))
        self.labels.sign("C4", merchant, kind=MERCHANT)

    def _canteen(self, number: int) -> None:
        """Innocent: one price for everybody, from many cards; a club whose members pay a round fee."""
        merchant, price = self._new_merchant(), 650 if number % 2 else 3_000
        guests = self.rng.choice(self.world.personal, 20)
        for step in range(40):
            self._card(int(guests[step % 20]), price, self._day() + 12 * HOUR + step * MINUTE, NEAR, merchant=merchant)
        self.labels.sign("C4", merchant, kind=MERCHANT, planted=INNOCENT)

    def _takeovers(self) -> None:
        """T1: victims of networks whose payment a stranger's device made; innocents with a new phone."""
        chosen = [net for net in self.networks if net.first > 5 * DAY]
        for net in chosen[: self.count]:
            self._take_over(net.victims[0], net.first)
        for _ in range(self.guilty - min(self.guilty, len(chosen))):
            self._takeover_alone()
        for _ in range(self.count):
            innocent = self._innocent()
            device = self._device()
            old = self._device()
            day = max(6, self.days // 2)
            for before in range(max(0, day - 6), day):
                self._use(innocent, old, before * DAY + 19 * HOUR, "login")
            self._use(innocent, device, min(day * DAY + 10 * HOUR, self.days * DAY - 1), "login")
            self.labels.sign("T1", innocent, planted=INNOCENT)

    def _take_over(self, victim: int, stolen: int) -> None:
        """A victim with a device of his own, and a stranger's shortly before the money is stolen."""
        device, old = self._device(), self._device()
        for day in range(max(0, stolen // DAY - 6), stolen // DAY):
            self._use(victim, old, day * DAY + 19 * HOUR, "login")
        begun = stolen - int(self.rng.integers(15, 90)) * MINUTE
        self._use(victim, device, begun, "login")
        self._use(victim, device, begun + 2 * MINUTE, "biometrics_enrolled")
        self._use(victim, device, begun + 5 * MINUTE, "limit_raised")
        self.labels.sign("T1", victim)

    def _takeover_alone(self) -> None:
        """Where too few networks begin late enough: the money goes to a mule who withdraws it."""
        if self.days < 7:
            return
        victim, mule = self._innocent(VICTIM), self._innocent(MULE)
        at = int(self.rng.integers(6, self.days)) * DAY + 11 * HOUR
        cents = int(self.rng.integers(200_000, 900_000))
        for source, target, when, channel in ((victim, mule, at, "instant"), (mule, CASH, at + HOUR, "atm")):
            self.payments.add(
                source, target, cents // 1_000 * 1_000, when, channel, label=Label(PLANTED_SIGN, role="sign")
            )
        self._take_over(victim, at)

    def _ring(self) -> None:
        """N4 and A7: accounts of strangers, run from one phone, and nothing else yet."""
        members, device = [self._innocent(MULE) for _ in range(int(self.rng.integers(3, 6)))], self._device()
        for member in members:
            self._use(member, device, self._day() + int(self.rng.integers(8, 22)) * HOUR, "login")
        self.labels.sign("A7", device, kind=DEVICE)
        self.labels.sign("N4", device, kind=CLUSTER)

    def _device(self) -> int:
        self.marks.devices += 1
        return 2 * self.world.accounts + self.marks.devices

    def _use(self, account: int, device: int, at: int, action: str) -> None:
        self.marks.uses.append((account, device, max(int(at), 0), DEVICE_ACTIONS.index(action)))
