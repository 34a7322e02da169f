"""What is still there and no hold is proposed for, and the line that adds up: stolen is what all its places are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from mulegraph.casework.hold_replay import ByRule, bounds
from mulegraph.flow.tracing import CONSERVING
from mulegraph.schema.disclosure import ACCOUNT, OURS, TEXT, Words, declared
from mulegraph.schema.language import later, tr
from mulegraph.workspace.trace import OVERDRAFT, TracedIn, TraceResult


class Unheld(StrEnum):
    """Why no hold, or none in full, is proposed for money that is still there."""

    MIXED = "mostly others' money came"
    SMALL = "less than 1% of the stolen"
    ENOUGH = "the share is reached"
    BUDGET = "over the budget"
    VICTIM = "it is a victim's own account"
    CLOSED = "it is closed"


INNOCENT_ENDS = ("shop", "wages", "own sweep", "victim")
"""Ends of a trace that are the payees': the others are limits of the question."""
SHOWN_ENDS = 3
INSTEAD = {
    Unheld.MIXED: "call its bank, or watch it",
    Unheld.SMALL: "call its bank, or leave it",
    Unheld.ENOUGH: "give a higher --share",
    Unheld.VICTIM: "nothing: it is theirs",
    Unheld.BUDGET: "give a higher --budget",
    Unheld.CLOSED: "ask what became of its balance",
}
"""What can be done about it instead of a hold."""


@declared
@dataclass(frozen=True)
class NotHeld:
    """Money on an account that the proposed holds do not keep, over the rules, why not, and what to do instead.

    An account that is held for an amount only stands here with what is above it.
    """

    account: Annotated[str, ACCOUNT]
    bank: Annotated[str, TEXT]
    minimum: Decimal
    maximum: Decimal
    why: Annotated[str, Words(tuple(Unheld))]
    instead: Annotated[str, OURS]


@declared
@dataclass(frozen=True)
class NotFollowed:
    """Money that went to an account where the trace stops, over the rules, and why it stops there.

    A hold there would hit whoever sold or worked for it, or who lost it. Whether goods or a refund can still be
    stopped, only the account's bank can ask.
    """

    account: Annotated[str, ACCOUNT]
    why: Annotated[str, Words(INNOCENT_ENDS)]
    minimum: Decimal
    maximum: Decimal


@declared
@dataclass(frozen=True)
class RuleSums:
    """Where all of the traced money is by one rule: `traced` is the sum of the others."""

    method: Annotated[str, Words(tuple(CONSERVING))]
    traced: Decimal
    kept: Decimal
    not_held: Decimal
    cash: Decimal
    left_our_sight: Decimal
    returned: Decimal
    stopped: Decimal
    exchanged: Decimal


def not_held(
    there: Mapping[str, ByRule],
    held: Mapping[str, ByRule],
    banks: Mapping[str, str],
    why: Mapping[str, Unheld],
    limit: Decimal,
    closed: Mapping[str, date],
) -> list[NotHeld]:
    """What is on accounts beyond what holds keep, most first; under `limit` nobody is asked. `closed` are days."""
    nothing = dict.fromkeys(CONSERVING, Decimal(0))
    rows = []
    for account, amounts in there.items():
        kept = held.get(account, nothing)
        least, most = bounds({rule: amounts[rule] - kept[rule] for rule in CONSERVING})
        if most > 0:
            because = Unheld.SMALL if bounds(amounts)[1] < limit else why.get(account, Unheld.SMALL)
            instead = INSTEAD[because]
            if because is Unheld.CLOSED:
                instead = tr("closed on {day}: ask what became of its balance", day=f"{closed[account]}")
            rows.append(NotHeld(account, banks[account], least, most, because, instead))
    return sorted(rows, key=lambda each: (-each.maximum, each.account))


def not_followed(found: TracedIn, limit: Decimal) -> list[NotFollowed]:
    """The accounts that got most of what is not followed further, and at least `limit`; most first."""
    got: dict[tuple[str, str], ByRule] = {}
    for row in found.stopped.to_dict("records"):
        if row["end"] in INNOCENT_ENDS and isinstance(row["target"], str):
            before = got.get((row["target"], row["end"]), dict.fromkeys(CONSERVING, Decimal(0)))
            got[row["target"], row["end"]] = {rule: before[rule] + row[f"{rule}_amount"] for rule in CONSERVING}
    ends = [NotFollowed(account, why, *bounds(amounts)) for (account, why), amounts in got.items()]
    ends = [each for each in ends if each.maximum > 0 and each.maximum >= limit]
    return sorted(ends, key=lambda each: (-each.maximum, each.account, each.why))[:SHOWN_ENDS]


def gone(found: TracedIn) -> dict[str, Decimal]:
    """What left at most, by the field of a plan of holds that tells it."""
    fields = {"cash": "gone_cash", "bank": "gone_banks", OVERDRAFT: "gone_overdraft"}
    sums = {field: dict.fromkeys(CONSERVING, Decimal(0)) for field in (*fields.values(), "gone_otherwise")}
    for row in found.frontier.to_dict("records"):
        for rule in CONSERVING:
            sums[fields.get(row["end"], "gone_otherwise")][rule] += row[f"{rule}_amount"]
    return {field: max(by_rule.values()) for field, by_rule in sums.items()}


def rule_sums(found: TracedIn, kept: ByRule) -> list[RuleSums]:
    """By each rule that conserves money, in its order."""
    made = []
    for row in found.sums.to_dict("records"):
        if row["method"] in CONSERVING:
            made.append(
                RuleSums(
                    method=row["method"],
                    traced=row["traced"],
                    kept=kept[row["method"]],
                    not_held=row["still_there"] - kept[row["method"]],
                    cash=row["cash"],
                    left_our_sight=row["left_our_sight"],
                    returned=row["returned"],
                    stopped=row["stopped"],
                    exchanged=row["exchanged"],
                )
            )
    return made


def beside(left: list[NotHeld], sums: list[RuleSums], found: TracedIn, gone_banks: Decimal) -> str:
    """What is still there and not held under the rule that finds most, so that no sum is silent.

    And what may have come back to our accounts from banks that we do not see, and whether the trace is sure at all.
    """
    said = tr("; nothing else is still there")
    if left:
        most = max(each.not_held for each in sums)
        text = later("; up to {amount} more is still on {n:account|accounts}, not held")
        said = tr(text, amount=f"{most:,f}", n=str(len(left)))
    again = found.seen_again
    if len(again):
        back = min(sum(again["most"], Decimal(0)), gone_banks)  # each payer's add up to what he got
        text = later(
            "; up to {amount} may have come back to our accounts in {n:payment|payments} from there:"
            " see mulegraph trace"
        )
        said += tr(text, amount=f"{back:,f}", n=len(again))
    if isinstance(found, TraceResult) and found.several_currencies:
        text = later("; NOT SURE: {n:account|accounts} of it paid in another currency, too: see mulegraph trace")
        said += tr(text, n=len(found.several_currencies))
    return said
