"""What a simulated ledger is to be like: how rare and how slow its crime is, how busy its people, what its clock tells.

Without a word on mules every sign is planted twenty times and more, as a test of signs needs it; that is 6 to 14 mules
in a hundred accounts, where a bank has one in a thousand. With `mules_per_100k` there are as many as it says, half of
them in networks, and everything innocent stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mulegraph.errors import UsageError
from mulegraph.simulate.networks import EASY, HARD, Difficulty

CLOCKS = ("second", "day")
USUAL_TRANSFERS = 6
"""An account's in thirty days, on average; about two of them are wages, rents and bills, of which nobody has more."""
MONTHLY_ONES = 2.0
MINUTES_A_DAY = 1_440
MOST_MULES = 20_000
IN_NETWORKS, MARKED = 0.5, 0.02
"""Of mules that are counted: half stand in networks, and one in fifty has each mark (false papers, a list)."""


@dataclass(frozen=True)
class Scenario:
    """`lasting_days` is about how long a pattern takes at most; None: minutes to hours. `exact`: what comes goes on to
    the cent, without a fee. `transfers_a_month` is about an account's, on average. `by_bank`: a folder for each bank,
    with what it sees.
    """

    clock: str = "second"
    mules_per_100k: int | None = None
    lasting_days: int | None = None
    exact: bool = False
    transfers_a_month: int = USUAL_TRANSFERS
    by_bank: bool = False

    @property
    def busy(self) -> float:
        """How many times as often people and firms pay as usual, of their own accord."""
        return max(self.transfers_a_month - MONTHLY_ONES, 0.0) / (USUAL_TRANSFERS - MONTHLY_ONES)

    @property
    def pace(self) -> float:
        """How many times as long a pattern's pauses are as in one that is over in a day."""
        return float(self.lasting_days or 1)

    def mules(self, accounts: int) -> int | None:
        """How many mules a ledger of so many accounts has; None: as many as all patterns need."""
        if self.mules_per_100k is None:
            return None
        return max(1, round(accounts * self.mules_per_100k / 100_000))

    def marked(self, accounts: int) -> int:
        """How many mules have each mark, such as false papers, where mules are counted."""
        return round((self.mules(accounts) or 0) * MARKED)

    def difficulty(self, *, hard: bool) -> Difficulty:
        """How the networks hide."""
        how = HARD if hard else EASY
        if self.lasting_days is not None:
            # Seven hops with a pause each: drawn evenly on a logarithmic scale, they take half of the days and more.
            longest = self.lasting_days * MINUTES_A_DAY // 4
            how = replace(how, dwell=(max(longest // 15, 1), longest), lasting_days=self.lasting_days)
        return replace(how, fee=0.0, greedy_share=0.0, own_money_share=0.0) if self.exact else how

    def check(self, days: int) -> None:
        """Raise UsageError for what is out of range."""
        if self.clock not in CLOCKS:
            raise UsageError(f"--clock is '{self.clock}'", hint="Expected one of " + ", ".join(CLOCKS) + ".")
        if self.mules_per_100k is not None and not 1 <= self.mules_per_100k <= MOST_MULES:
            raise UsageError(
                f"--mules-per-100k is {self.mules_per_100k}, expected 1 to {MOST_MULES:,}",
                hint="A bank has about 100. Leave it out to have every sign planted twenty times.",
            )
        if self.lasting_days is not None and self.lasting_days < 1:
            raise UsageError(f"--lasting is {self.lasting_days}, expected at least 1 day", hint="Give another number.")
        if self.lasting_days is not None and 2 * self.lasting_days > days:
            raise UsageError(
                f"--lasting is {self.lasting_days} in a ledger of {days} days",
                hint=f"A pattern takes half of the ledger at most: give --days {2 * self.lasting_days} or more.",
            )
        if not 3 <= self.transfers_a_month <= 600:
            raise UsageError(
                f"--transfers-a-month is {self.transfers_a_month}, expected 3 to 600", hint="Give another number."
            )


USUAL = Scenario()
