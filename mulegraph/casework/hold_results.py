"""What a plan of holds holds: whom to hold in which order, what that keeps, and what is not held."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated

from mulegraph.casework.claims import NOTHING
from mulegraph.casework.not_held import NotFollowed, NotHeld, RuleSums
from mulegraph.schema import results
from mulegraph.schema.disclosure import ACCOUNT, CURRENCY, OURS, TEXT, Each, Words, declared

WHOLE, AMOUNT_ONLY = "account", "amount"
"""A hold on all that an account may pay, or on a sum of it while the rest stays free: an earmark."""


@declared
@dataclass(frozen=True)
class Hold:
    """An account to hold, in the order in which to call: what a hold now keeps, and whom it would hit.

    `minimum` to `maximum` is on it now, over the rules for mixed money; `on_its_way` may still come from accounts
    upstream that got traced money in the last week. `innocent_*` are its other payments of the last 30 days, their
    sum, and how many people they went to; `account_days` are days of a hold times how likely its holder is innocent,
    by its score. `also_in` are other cases that have the account and are not closed: ask who works on them before it is
    held twice. `speaks_for` and `speaks_against` are facts for and against its holder's knowledge.
    `way` is `amount` where not the account is held but a sum on it: where only mixed payments reached it, that which is
    there under every rule; where more of it is the holder's own and nothing makes a mule of him, that which may be
    there at most. `last` says why it is called last. `stopped` is the share of the stolen money that all holds
    keep at least, `reached` at most.
    """

    account: Annotated[str, ACCOUNT]
    bank: Annotated[str, TEXT]
    role: Annotated[str, results.ROLE]
    minimum: Decimal
    maximum: Decimal
    on_its_way: Decimal
    dwell_minutes: int | None
    innocent_payments: int
    innocent_amount: Decimal
    innocent_people: int
    account_days: float
    currency: Annotated[str, CURRENCY]
    says: Annotated[str, OURS]
    last: Annotated[str, OURS]
    stopped: float
    reached: float
    way: Annotated[str, Words((WHOLE, AMOUNT_ONLY))] = WHOLE
    amount: Decimal = NOTHING
    also_in: Annotated[list[str], Each(results.CASE)] = field(default_factory=list)
    speaks_for: Annotated[list[str], Each(OURS)] = field(default_factory=list)
    speaks_against: Annotated[list[str], Each(OURS)] = field(default_factory=list)


@declared
@dataclass(frozen=True)
class HoldsIn:
    """Holds in the order in which to call, and what they reach of what was asked for and of what was stolen.

    All of it in one currency; `stolen` is what came of the stolen money by exchange, where it is not its own. `sums`
    says by each rule where all of it is, and adds up; `not_held` are the accounts that still have some of it and are
    not proposed, each with its reason; `not_followed` those at which the trace stops, such as a shop.
    """

    holds: list[Hold]
    stolen: Decimal
    currency: Annotated[str, CURRENCY]
    at: Annotated[str, OURS]
    asked: float
    kept_least: Decimal
    kept_most: Decimal
    gone_cash: Decimal
    gone_banks: Decimal
    says: Annotated[str, OURS]
    not_held: list[NotHeld] = field(default_factory=list)
    sums: list[RuleSums] = field(default_factory=list)
    gone_overdraft: Decimal = NOTHING
    gone_otherwise: Decimal = NOTHING
    not_followed: list[NotFollowed] = field(default_factory=list)


@declared
@dataclass(frozen=True)
class HoldPlan(HoldsIn):
    """The holds of a case; `others` are those on money that was exchanged into another currency, one each."""

    others: list[HoldsIn] = field(default_factory=list)

    @property
    def in_currencies(self) -> list[HoldsIn]:
        """All of them, a currency at a time, the stolen money's own first."""
        return [self, *self.others]
