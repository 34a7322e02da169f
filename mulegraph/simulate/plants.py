"""Signs planted as transfers: bursts, cycles, sleepers, structuring, suspects' receipts, repeat victims.

Amounts, pauses and sizes are drawn anew for each, and half of the innocents look like the guilty in all but one thing.
"""

from __future__ import annotations

from collections.abc import Callable

from mulegraph.simulate.calendar import DAY, HOUR
from mulegraph.simulate.labels import INNOCENT, MULE, VICTIM
from mulegraph.simulate.payments import CASH
from mulegraph.simulate.planting import SUSPECTS, Planting

LIMIT_CENTS = 1_000_000
"""The reporting limit of 10,000 euros."""
FEW_SUSPECTS = 3
MULES_A_MARK = 5.5
"""A ring on one phone for every second, three cards and an owner at every merchant that does not exist."""
INNOCENT_PATTERNS = {
    "_shop_of_suspects",
    "_house_sale",
    "_friends_settle",
    "_bonus",
    "_instalments",
    "_reported_by_mistake",
    "_collection",
}
SLEEP_SHARE = 0.6
"""Sleepers wake after this share of the days."""


class Plants(Planting):
    """Plants the patterns of signs one by one."""

    def run(self) -> None:
        """Plant everything; where mules are counted, what is innocent all the same, and guilty patterns until they do.

        Guilty ones are drawn then: most of them are single mules, as at a bank.
        """
        mules = self.scenario.mules(self.world.accounts)
        if mules is None:
            self._plant_all(*self._patterns())
            return
        guilty: list[Callable[[], None]] = []
        innocent: list[Callable[[], None]] = []
        for pattern in self._patterns():
            (innocent if pattern.__name__ in INNOCENT_PATTERNS else guilty).append(pattern)
        guilty += [self._single_mule] * len(guilty)
        # Those who are known stand in networks: nobody is made a mule only to be on a list.
        in_networks = sorted({mule for net in self.networks for mule in net.mules})
        self.suspects.update(in_networks[: min(FEW_SUSPECTS + mules // 10, SUSPECTS)])
        self._known = len(self.suspects)
        while self.labels.count(MULE) < mules - round(self.scenario.marked(self.world.accounts) * MULES_A_MARK):
            guilty[int(self.rng.integers(0, len(guilty)))]()
            self.group += 1
        self._plant_all(*innocent)

    def _plant_all(self, *patterns: Callable[[], None]) -> None:
        """Each pattern as often as a ledger of this size has it."""
        shared = {"_fan_in", "_fan_out", "_scatter_gather", "_gather_scatter", "_bipartite"}
        halves = {"_equal_pieces", "_under_the_limit"}
        for pattern in patterns:
            share = 4 if pattern.__name__ in shared else 2 if pattern.__name__ in halves else 1
            # Two to spare: in a small ledger somebody may be drawn twice.
            for _ in range(-(-self.count // share) + 2):
                pattern()
                self.group += 1

    def _patterns(self) -> list[Callable[[], None]]:
        return [
            self._pass_through,
            self._suspect_receipts,
            self._near_suspects,
            self._shop_of_suspects,
            self._out_of_profile,
            self._house_sale,
            self._cycle,
            self._friends_settle,
            self._fan_in,
            self._fan_out,
            self._scatter_gather,
            self._gather_scatter,
            self._bipartite,
            self._sleeper,
            self._bonus,
            self._equal_pieces,
            self._under_the_limit,
            self._instalments,
            self._repeat_victim,
            self._reported_by_mistake,
            self._collection,
        ]

    def _pass_through(self) -> None:
        """A3: several victims pay a mule, who withdraws or passes on within hours."""
        mule, at = self._someone(role=MULE), self._start()
        victims = self._people(int(self.rng.integers(4, 9)), VICTIM)
        total, last = 0, at
        for victim in victims:
            cents, when = self._cents(600), self._later(at, 0, 150)
            self._pay(victim, mule, cents, when)
            total, last = total + cents, max(last, when)
        out = self._later(last, 10, 120)
        if self.rng.random() < 0.5:
            self._pay(mule, CASH, int(total * self._fee()) // 1_000 * 1_000, out, channel="atm")
        else:
            self._pay(mule, self._someone(role=MULE), int(total * self._fee()), out)
        self.labels.sign("A3", mule)

    def _single_mule(self) -> None:
        """N8: a victim pays a mule, who withdraws it or passes it on within his pause."""
        victim, mule, at = self._someone(role=VICTIM), self._someone(role=MULE), self._start()
        cents = self._cents(1_200)
        self._pay(victim, mule, cents, at)
        out, left = self._later(at, 10, 600), int(cents * self._fee())
        if self.rng.random() < 0.5:
            self._pay(mule, CASH, left // 1_000 * 1_000, out, channel="atm")
        else:
            self._pay(mule, self._someone(role=MULE), left, out)
        self.labels.sign("N8", mule)

    def _suspect_receipts(self) -> None:
        """A4: a mule is paid by suspects again and again."""
        mule = self._someone(role=MULE)
        suspects = self._suspects(int(self.rng.integers(2, 5)))
        for step in range(int(self.rng.integers(5, 9))):
            self._pay(suspects[step % len(suspects)], mule, self._cents(300), self._start())
        self.labels.sign("A4", mule)

    def _suspects(self, count: int) -> list[int]:
        """Accounts on the suspicion list; those who are known deal with many."""
        while len(self.suspects) < max(self._known, count):
            self.suspects.add(self._someone(role=MULE))
        return [int(each) for each in self.rng.choice(sorted(self.suspects), count, replace=False)]

    def _near_suspects(self) -> None:
        """N5: a mule who deals with suspects, both ways."""
        mule = self._someone(role=MULE)
        suspects = self._suspects(int(self.rng.integers(4, 7)))
        for number, suspect in enumerate(suspects):
            ends = (suspect, mule) if number % 2 else (mule, suspect)
            self._pay(*ends, self._cents(200), self._start())
        self.labels.sign("N5", mule)

    def _shop_of_suspects(self) -> None:
        """Innocent: a busy shop where suspects buy, too; none where nobody is suspected."""
        if not self.suspects:
            return
        shop = self._another_shop()
        buyers = sorted(self.suspects)[:6]
        for buyer in self.rng.choice(buyers, 4):
            self._pay(int(buyer), shop, self._cents(25), self._start(), channel="card", innocent=True, note="groceries")
        for buyer in self.rng.choice(self.world.personal, 60):
            self._pay(int(buyer), shop, self._cents(25), self._start(), channel="card", innocent=True, note="groceries")
        for code in ("A4", "N5"):
            self.labels.sign(code, shop, planted=INNOCENT)
        self.labels.role(shop, INNOCENT)

    def _out_of_profile(self) -> None:
        """A6: far too much for the income, at night, with a crowd of strangers."""
        mule, begun = self._someone(role=MULE, busy=True), self._start(3)
        begun = begun // DAY * DAY
        for other in self._people(int(self.rng.integers(16, 24))):
            cents = self._cents(1_800)
            at = self._later(begun + int(self.rng.integers(0, 2)) * DAY, 20, 280)
            if self.rng.random() < 0.5:
                self._pay(other, mule, cents, at)
            self._pay(mule, other, int(cents * self._fee()), self._later(at, 5, 20))
        self.labels.sign("A6", mule)

    def _house_sale(self) -> None:
        """Innocent: one payment of many incomes, which stays."""
        seller, buyer = self._someone(role=INNOCENT, busy=True), int(self.rng.choice(self.world.business))
        self._pay(
            buyer, seller, int(self.rng.integers(4_000_000, 9_000_000)), self._start(), channel="wire", innocent=True
        )
        self.labels.sign("A6", seller, planted=INNOCENT)

    def _cycle(self) -> None:
        """N2: round and back to the first, a little less each time."""
        members = self._people(int(self.rng.integers(3, 7)), MULE)
        at, cents = self._start(3), self._cents(2_500)
        for place, account in enumerate(members):
            self._pay(account, members[(place + 1) % len(members)], cents, at)
            at, cents = self._later(at, 30, 700), int(cents * self._fee())
            self.labels.sign("N2", account)

    def _friends_settle(self) -> None:
        """Innocent: friends pay each other round, sums that have nothing to do with each other."""
        members = self._people(3, INNOCENT)
        for place, account in enumerate(members):
            cents = int(self.rng.integers(5, 40) * 100 * (1 + 3 * place))
            self._pay(account, members[(place + 1) % 3], cents, self._start(3) + place * HOUR, innocent=True)
            self.labels.sign("N2", account, planted=INNOCENT)

    def _fan_in(self) -> None:
        centre, at = self._someone(role=MULE), self._start(2)
        for member in self._people(int(self.rng.integers(8, 15)), MULE):
            self._pay(member, centre, self._cents(700), self._later(at, 0, 1_200))
        self.labels.sign("N3", centre)

    def _fan_out(self) -> None:
        centre, at = self._someone(role=MULE), self._start(2)
        for member in self._people(int(self.rng.integers(8, 15)), MULE):
            self._pay(centre, member, self._cents(700), self._later(at, 0, 1_200))
        self.labels.sign("N3", centre)

    def _scatter_gather(self) -> None:
        first = self._someone(role=MULE)
        last = self._someone(role=MULE)
        at = self._start(4)
        for middle in self._people(int(self.rng.integers(4, 8)), MULE):
            cents, when = self._cents(900), self._later(at, 0, 600)
            self._pay(first, middle, cents, when)
            self._pay(middle, last, int(cents * self._fee()), self._later(when, 60, 2_000))
            self.labels.sign("N3", middle)
        for account in (first, last):
            self.labels.sign("N3", account)

    def _gather_scatter(self) -> None:
        centre = self._someone(role=MULE)
        at = self._start(3)
        total = 0
        for member in self._people(int(self.rng.integers(5, 9)), MULE):
            cents = self._cents(800)
            self._pay(member, centre, cents, self._later(at, 0, 600))
            total += cents
        receivers = self._people(int(self.rng.integers(5, 9)), MULE)
        for receiver in receivers:
            self._pay(centre, receiver, int(total * self._fee() / len(receivers)), self._later(at, 660, 1_500))
        self.labels.sign("N3", centre)

    def _bipartite(self) -> None:
        senders, receivers = self._people(int(self.rng.integers(2, 4)), MULE), self._people(5, MULE)
        at = self._start(2)
        for sender in senders:
            for receiver in receivers:
                self._pay(sender, receiver, self._cents(600), self._later(at, 0, 900))
            self.labels.sign("N3", sender)
        for receiver in receivers:
            self.labels.sign("N3", receiver)

    def _collection(self) -> None:
        """Innocent: friends collect for a present, and the collector pays a shop."""
        collector, at = self._someone(role=INNOCENT), self._start(3)
        shop = int(self.rng.choice(self.world.merchant))
        total = 0
        for friend in self._people(int(self.rng.integers(5, 9))):
            cents = int(self.rng.integers(1, 5)) * 500
            self._pay(friend, collector, cents, self._later(at, 0, 2_000), innocent=True)
            total += cents
        self._pay(collector, shop, total, self._later(at, 2_100, 4_000), channel="card", innocent=True)
        self.labels.sign("N3", collector, planted=INNOCENT)

    def _sleeper(self) -> None:
        """N6: nothing for weeks, then in and out within two days."""
        mule = self._sleeping(MULE)
        at = self._start(2.5)
        at = max(at, int(SLEEP_SHARE * self.days) * DAY + at % DAY)
        senders = self._people(int(self.rng.integers(2, 5)))
        for sender in senders:
            cents, when = self._cents(900), self._later(at, 0, 900)
            self._pay(sender, mule, cents, when)
            self._pay(
                mule, CASH, int(cents * self._fee()) // 1_000 * 1_000 + 1_000, self._later(when, 30, 900), channel="atm"
            )
        self.labels.sign("N6", mule)

    def _bonus(self) -> None:
        """Innocent: an account that sleeps is paid a bonus, which stays."""
        sleeper = self._sleeping(INNOCENT)
        at = max(self._start(), int(SLEEP_SHARE * self.days) * DAY + 10 * HOUR)
        self._pay(
            int(self.rng.choice(self.world.business)), sleeper, self._cents(1_500), at, channel="batch", innocent=True
        )
        self._pay(sleeper, CASH, 20_000, self._later(at, 600, 1_500), channel="atm", innocent=True)
        self.labels.sign("N6", sleeper, planted=INNOCENT)

    def _equal_pieces(self) -> None:
        """N7: one sum in equal pieces."""
        payer = self._someone(role=MULE)
        payee = self._someone(role=MULE)
        at = self._start()
        cents = self._cents(900) // 5_000 * 5_000 + 5_000
        for _ in range(int(self.rng.integers(4, 7))):
            self._pay(payer, payee, cents, self._later(at, 0, 300))
        self.labels.sign("N7", payer)

    def _under_the_limit(self) -> None:
        """N7: amounts just under what must be reported."""
        payer, at = self._someone(role=MULE), self._start(5)
        for _ in range(int(self.rng.integers(4, 7))):
            cents = LIMIT_CENTS - int(self.rng.integers(1, 800)) * 100
            self._pay(payer, self._someone(role=MULE), cents, self._later(at, 0, 4 * 24 * 60))
        self.labels.sign("N7", payer)

    def _instalments(self) -> None:
        """Innocent: the same amount to the same party every week; and three coffees in a day."""
        payer, at = self._someone(role=INNOCENT), self._start()
        payee, cafe = int(self.rng.choice(self.world.business)), int(self.rng.choice(self.world.merchant))
        cents = self._cents(250)
        for week in range(max(1, min(4, self.days // 7))):
            self._pay(payer, payee, cents, at % (7 * DAY) + week * 7 * DAY, channel="standing_order", innocent=True)
        for _ in range(4):
            self._pay(payer, cafe, 350, self._later(at, 0, 300), channel="card", innocent=True, note="groceries")
        self.labels.sign("N7", payer, planted=INNOCENT)

    def _repeat_victim(self) -> None:
        """V1: one victim pays several swindlers over weeks, and reports it in the end."""
        victim = self._someone(role=VICTIM, busy=True)
        swindlers = self._people(int(self.rng.integers(2, 4)), MULE)
        for place, swindler in enumerate(swindlers):
            at = self._start() // max(len(swindlers), 1) + place * self.days * DAY // len(swindlers)
            cents = self._cents(1_200)
            self._pay(victim, swindler, cents, at)
            self._pay(
                swindler, CASH, int(cents * self._fee()) // 1_000 * 1_000, self._later(at, 20, 300), channel="atm"
            )
            self.reported.add((victim, swindler))
        if self.days > len(swindlers):
            self.labels.sign("V1", victim)

    def _reported_by_mistake(self) -> None:
        """Innocent: a customer reports what he paid a shop."""
        customer, shop = self._someone(role=INNOCENT), self._another_shop()
        self._pay(customer, shop, self._cents(60), self._start(), channel="card", innocent=True, note="groceries")
        self.reported.add((customer, shop))
        self.labels.role(shop, INNOCENT)
        self.labels.sign("V1", shop, planted=INNOCENT)
