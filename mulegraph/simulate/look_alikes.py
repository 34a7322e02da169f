"""Innocent patterns that look like mules: payroll, treasurer, sweeps, a student house, tills, a mortgage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mulegraph.simulate.calendar import DAY, HOUR, MINUTE, month_days
from mulegraph.simulate.labels import INNOCENT, Labels, plants_for
from mulegraph.simulate.payments import LOOK_ALIKE, Label, Payments
from mulegraph.simulate.world import World


@dataclass
class LookAlikes:
    """Draws the groups one after the other; `households` are accounts that share a device, by group."""

    rng: np.random.Generator
    world: World
    days: int
    payments: Payments
    labels: Labels
    group: int = 0

    def __post_init__(self) -> None:
        self.households: list[list[int]] = []
        self.spare = {kind: list(members) for kind, members in self.world.spare.items()}

    def run(self) -> int:
        """Add every pattern; returns the number of groups."""
        patterns: list[Callable[[], None]] = [
            self._payroll,
            self._treasurer,
            self._sweep,
            self._student_house,
            self._till_sweep,
            self._mortgage,
        ]
        for _ in range(plants_for(self.world.accounts)):
            for pattern in patterns:
                pattern()
                self.group += 1
        return self.group

    def _spare_account(self, kind: str) -> int:
        left = self.spare[kind]
        return int(left.pop()) if left else int(self.rng.choice(self.world.spare[kind]))

    def _people(self, count: int) -> np.ndarray:
        """Neighbours in the circle of acquaintances."""
        start = self.rng.integers(0, len(self.world.circle))
        return self.world.circle[(start + np.arange(count)) % len(self.world.circle)]

    def _add(self, source: int, target: int, cents: int, at: int, channel: str, note: str, role: str) -> None:
        label = Label(LOOK_ALIKE, self.group, role)
        self.payments.add(source, target, cents, at, channel, note=note, label=label)

    def _looks_like(self, account: int, *codes: str) -> None:
        """Tell the labels that an innocent account looks as if it bore these signs."""
        self.labels.role(account, INNOCENT)
        for code in codes:
            self.labels.sign(code, account, planted=INNOCENT)

    def _after(self, at: int, low: int, high: int) -> int:
        """A moment `low` to `high` minutes later."""
        return int(at + self.rng.integers(low * MINUTE, high * MINUTE))

    def _month_starts(self, date: int) -> list[int]:
        return month_days(self.days, date) or [int(self.rng.integers(0, self.days))]

    def _payroll(self) -> None:
        """A small firm's bank credits it the wages, and it pays them out an hour later."""
        firm, staff = self._spare_account("business"), self._people(int(self.rng.integers(4, 12)))
        self._looks_like(firm, "N3", "A3")
        wages = self.rng.integers(140_000, 380_000, len(staff))
        bank = int(self.rng.choice(self.world.internal))
        for day in self._month_starts(25):
            at = day * DAY + int(self.rng.integers(3 * HOUR, 6 * HOUR))
            self._add(bank, firm, int(wages.sum()), at, "batch", "", "payroll")
            paid = self._after(at, 20, 90)
            for person, wage in zip(staff, wages, strict=True):
                self._add(firm, int(person), int(wage), paid, "batch", "salary", "payroll")

    def _treasurer(self) -> None:
        """Members pay their treasurer, who pays the hall the same evening."""
        club, members = self._spare_account("personal"), self._people(int(self.rng.integers(5, 14)))
        self._looks_like(club, "A3", "N3")
        fee = int(self.rng.integers(4, 20)) * 500
        hall = int(self.rng.choice(self.world.business))
        at = int(self.rng.integers(0, self.days)) * DAY + 17 * HOUR
        for member in members:
            self._add(int(member), club, fee, self._after(at, 0, 120), "instant", "membership", "treasurer")
        self._add(club, hall, fee * len(members), self._after(at, 130, 240), "instant", "invoice", "treasurer")

    def _sweep(self) -> None:
        """Each Friday a firm moves its balance by way of a clearing account to its deposit account."""
        firm, clearing = self._spare_account("business"), self._spare_account("business")
        self._looks_like(firm, "N1")
        self._looks_like(clearing, "N1")
        deposit = int(self.rng.choice(self.world.savings))
        for day in range(4, self.days, 7):
            cents, at = int(self.rng.integers(200_000, 2_000_000)), day * DAY + 16 * HOUR
            customer = int(self.rng.choice(self.world.business))
            self._add(customer, firm, cents, self._after(at, 0, 60), "wire", "invoice", "sweep")
            out = self._after(at, 61, 120)
            self._add(firm, clearing, cents, out, "internal", "", "sweep")
            self._add(clearing, deposit, cents, self._after(out, 5, 60), "internal", "savings", "sweep")

    def _student_house(self) -> None:
        """Room mates pay one of them, who pays the landlord; they share a computer."""
        mates = self._people(int(self.rng.integers(4, 7)))
        self.households.append([int(mate) for mate in mates])
        self._looks_like(int(mates[0]), "A3", "N3")
        owner, share = int(self.rng.choice(self.world.business)), int(self.rng.integers(60, 110)) * 500
        for day in self._month_starts(1):
            at = day * DAY + 9 * HOUR
            for mate in mates[1:]:
                self._add(
                    int(mate),
                    int(mates[0]),
                    share,
                    self._after(at, 0, 200),
                    "instant",
                    "rent",
                    "student_house",
                )
            rent = share * len(mates)
            self._add(int(mates[0]), owner, rent, self._after(at, 205, 300), "instant", "rent", "student_house")

    def _till_sweep(self) -> None:
        """A shop's takings go to head office every night, and on to the group's treasury."""
        till, office = self._spare_account("merchant"), self._spare_account("merchant")
        treasury = int(self.rng.choice(self.world.business))
        self._looks_like(till, "N1")
        self._looks_like(office, "N1")
        buyers = self.rng.choice(self.world.personal, self.days)
        for day in range(self.days):
            cents, at = int(self.rng.integers(60_000, 300_000)), day * DAY + 20 * HOUR
            self._add(int(buyers[day]), till, cents // 2, at - 3 * HOUR, "card", "groceries", "till_sweep")
            self._add(int(buyers[day - 1]), till, cents - cents // 2, at - HOUR, "card", "groceries", "till_sweep")
            out = self._after(at, 30, 90)
            self._add(till, office, cents, out, "internal", "takings", "till_sweep")
            self._add(office, treasury, cents, self._after(out, 10, 60), "internal", "takings", "till_sweep")

    def _mortgage(self) -> None:
        """Every month: salary in, most of it to the joint account, from there the mortgage."""
        person, joint = int(self._people(1)[0]), self._spare_account("personal")
        firm, lender = (int(self.rng.choice(members)) for members in (self.world.business, self.world.internal))
        self.households.append([person, joint])
        self._looks_like(person, "N1")
        self._looks_like(joint, "N1")
        wage = int(self.rng.integers(220_000, 480_000))
        for day in self._month_starts(25):
            at = day * DAY + int(self.rng.integers(5 * HOUR, 8 * HOUR))
            self._add(firm, person, wage, at, "batch", "salary", "mortgage")
            over = self._after(at, 20, 120)
            self._add(person, joint, int(wage * 0.75), over, "standing_order", "", "mortgage")
            self._add(
                joint,
                lender,
                int(wage * 0.6),
                self._after(over, 10, 100),
                "direct_debit",
                "mortgage",
                "mortgage",
            )
