"""What may be asked of whom about stolen money: three kinds of request that are never mixed.

* A recall asks the victim's own payment back, whole; the victim's bank sends it.
* A recall in part asks back what an onward payment carries of the stolen money under every rule of tracing; the
  payer's bank sends it, and only where the scheme has such a thing.
* A hold and information is asked where the money stopped.

Money is asked back once. What the victims' payments are recalled for is not asked again where it went on to: an
onward payment is recalled in part only for money that no recall of a victim's payment can bring, or has not brought.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from mulegraph.errors import EngineError
from mulegraph.schema.choices import RequestKind

NOTHING = Decimal(0)


class Why(StrEnum):
    """Why a payment is asked back, or is not."""

    VICTIM = "victim"
    ONWARD = "onward"
    STOPPED = "stopped"
    NOT_REPORTED = "nobody has reported it"
    CASH = "one of its ends is cash"
    SAME_BANK = "both accounts are at one bank, which sees them itself"
    NOT_OURS = "the payer's bank is not ours, and recalls it itself"
    RETURNED = "it came back"
    ASKED = "it is asked for already"
    REFUSED = "its recall was refused"
    TRACED_BEFORE = "what it carries is asked for already where it came from"
    MOSTLY_OTHERS = "less of it than the limit is traced"
    WENT_ON = "nothing of it is still on the payee's account"
    RECALLED_BEFORE = "the recall of the victims' own payments asks for this money"
    NO_PART = "the scheme has no recall of a part"


@dataclass(frozen=True)
class Move:
    """A payment that carries traced money: `least` to `most` of its `amount`, over the rules that conserve money.

    `returned` is what of the amount came back: nobody is asked for it again.
    """

    transfer: str
    at: datetime
    payer: str | None
    payer_bank: str | None
    payee: str | None
    payee_bank: str | None
    amount: Decimal
    least: Decimal
    most: Decimal
    chosen: bool = False
    reported: bool = False
    returned: Decimal = NOTHING

    @property
    def due(self) -> Decimal:
        """What did not come back."""
        return self.amount - self.returned

    @property
    def share(self) -> Decimal:
        """How much of it is traced at least."""
        return self.least / self.amount if self.amount else NOTHING


def mostly_traced(move: Move) -> bool:
    """Whether half of a payment at least is traced under every rule: nobody is held for one mule's shopping."""
    return move.chosen or 2 * move.least >= move.amount


def mostly_reached(moves: Iterable[Move]) -> set[str]:
    """Accounts that a mostly traced payment brought money: no others are held in whole."""
    return {each.payee for each in moves if each.payee and mostly_traced(each)}


def victims_of(moves: Sequence[Move], known: Iterable[str]) -> set[str]:
    """Who was robbed: payers of reported payments, and who is `known` as a victim; but not who passed the money on.

    What somebody pays on of no more than he reported is not that: it is his own, which came back.
    """
    passed_on = {each.payer for each in moves if not each.chosen}
    lost: dict[str, Decimal] = defaultdict(Decimal)
    for each in moves:
        if each.reported and each.payer:
            lost[each.payer] += each.amount
    came = dict.fromkeys(lost, NOTHING)
    for each in moves:
        if each.payee in came:
            came[each.payee] += each.most
    begun = {each.payee for each in moves if each.chosen}
    repaid = {name for name in lost if 0 < came[name] <= lost[name]} - begun
    return ({*known, *lost} - passed_on) | repaid


@dataclass(frozen=True)
class Claim:
    """A payment to ask back, and how much of it."""

    move: Move
    kind: RequestKind
    asked: Decimal
    why: Why


@dataclass(frozen=True)
class Earlier:
    """What was asked before, by payment: `open` still stands or was paid, `refused` brought nothing (more)."""

    open: Mapping[str, Decimal] = field(default_factory=dict)
    refused: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class AskedToHold:
    """What requests ask to hold already: of each payment, over all cases and by this one; by it on accounts."""

    payments: Mapping[str, Decimal] = field(default_factory=dict)
    mine: Mapping[str, Decimal] = field(default_factory=dict)
    accounts: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """Our own banks, the least share that is traced of a payment that is recalled, and what the scheme knows."""

    own: frozenset[str]
    min_share: Decimal = Decimal("0.5")
    recall_in_part: bool = False


@dataclass(frozen=True)
class Plan:
    """What is asked back, and why the rest is not."""

    claims: list[Claim]
    left_out: list[tuple[Move, Why]]


def plan_claims(
    moves: Sequence[Move], there: Mapping[str, Decimal], stolen: Decimal, earlier: Earlier, rules: Rules
) -> Plan:
    """Claims of a case, of all our banks together; `there` is what is still on each account at most.

    The sum of claims, with those that stood before, is never above `stolen`.
    """
    asked = sum(earlier.open.values(), NOTHING)
    plan = Plan([], [])
    beyond = NOTHING
    """What no recall of a victim's payment can bring, or has not brought."""
    for move in sorted((each for each in moves if each.chosen), key=lambda each: (each.at, each.transfer)):
        why = _why_not_whole(move, earlier, rules)
        if why is None and asked + move.due > stolen:
            why = Why.TRACED_BEFORE
        if why is None:
            plan.claims.append(Claim(move, RequestKind.RECALL, move.due, Why.VICTIM))
            asked += move.due
            continue
        plan.left_out.append((move, why))
        if why is Why.SAME_BANK:
            beyond += move.due
        elif why is Why.NOT_OURS and move.reported:
            asked += move.due  # its own bank asks for it
        beyond += earlier.refused.get(move.transfer, NOTHING)
    _onward(moves, dict(there), min(beyond, stolen - asked), earlier, rules, plan)
    check_total(sum((each.asked for each in plan.claims), sum(earlier.open.values(), NOTHING)), stolen)
    return plan


def check_total(asked: Decimal, stolen: Decimal) -> None:
    """Raise EngineError where more is asked back than was stolen: nothing is written then."""
    if asked > stolen:
        raise EngineError(
            "these requests would ask back {asked}, and {stolen} were stolen",
            hint="Nothing was written. Please report this with the case's trace.",
            asked=asked,
            stolen=stolen,
        )


def _why_not_whole(move: Move, earlier: Earlier, rules: Rules) -> Why | None:
    """Why a victim's payment is not recalled; none where it is."""
    if move.payer_bank is None or move.payee_bank is None:
        return Why.CASH
    if not move.reported:
        return Why.NOT_REPORTED
    if move.due <= 0:
        return Why.RETURNED
    if move.payer_bank == move.payee_bank:
        return Why.SAME_BANK
    if move.payer_bank not in rules.own:
        return Why.NOT_OURS
    if move.transfer in earlier.refused:
        return Why.REFUSED
    return Why.ASKED if move.transfer in earlier.open else None


def _onward(
    moves: Sequence[Move], there: dict[str, Decimal], free: Decimal, earlier: Earlier, rules: Rules, plan: Plan
) -> None:
    """Recalls in part, where most is still there first; each account is asked for no more than it still has."""
    lost = victims_of(moves, ())
    onward = [each for each in moves if not each.chosen and each.payer_bank != each.payee_bank]
    onward = [each for each in onward if each.payee not in lost]
    is_reported = any(each.reported for each in moves)
    order = {each.transfer: (-there.get(each.payee or "", NOTHING), -each.least) for each in onward}
    for move in sorted(onward, key=lambda each: (*order[each.transfer], each.at, each.transfer)):
        if move.payer_bank is None or move.payee_bank is None or move.payer_bank not in rules.own:
            continue
        # Of an account that we do not see nobody knows what is still on it: no more than what came and did not go back.
        least = max(NOTHING, min(move.least, move.due))
        left = there.get(move.payee or "", NOTHING) if move.payee_bank in rules.own else least
        why = _why_not_in_part(move, left, free, earlier, rules) if is_reported else Why.NOT_REPORTED
        if why is not None:
            plan.left_out.append((move, why))
            continue
        asked = min(least, left, free)
        plan.claims.append(Claim(move, RequestKind.PART, asked, Why.ONWARD))
        there[move.payee or ""] = left - asked
        free -= asked


def _why_not_in_part(move: Move, left: Decimal, free: Decimal, earlier: Earlier, rules: Rules) -> Why | None:
    if move.transfer in earlier.open or move.transfer in earlier.refused:
        return Why.ASKED if move.transfer in earlier.open else Why.REFUSED
    if move.share < rules.min_share or not move.least:
        return Why.MOSTLY_OTHERS
    if left <= 0:
        return Why.WENT_ON
    if free <= 0:
        return Why.RECALLED_BEFORE
    return None if rules.recall_in_part else Why.NO_PART


@dataclass(frozen=True)
class Stop:
    """An account where traced money stopped: what is there, or where we do not see it (`least` is none) what came."""

    account: str
    bank: str
    least: Decimal | None
    most: Decimal


def places_to_hold(
    moves: Sequence[Move],
    there: Mapping[str, tuple[Decimal, Decimal]],
    banks: Mapping[str, str],
    rules: Rules,
    asked: AskedToHold | None = None,
) -> list[Stop]:
    """Accounts where money stopped that a payment brought of which the least share at least is traced, most first.

    An account that only mixed payments reached is left alone: it would be held for its neighbours' money. What is
    asked to be held already is not asked again, also where another case or another bank of ours asked: nobody can hold
    a payment twice.
    """
    asked = asked or AskedToHold()
    reached = {each.payee for each in moves if each.payee and (each.chosen or each.share >= rules.min_share)}
    reached -= victims_of(moves, ())
    stops = []
    for account, (least, most) in there.items():
        before = asked.accounts.get(account, NOTHING)
        free = [each.due - asked.payments.get(each.transfer, NOTHING) for each in moves if each.payee == account]
        more = min(most - before, sum((max(NOTHING, each) for each in free), NOTHING))
        if more > 0 and account in reached and banks[account] in rules.own:
            stops.append(Stop(account, banks[account], min(more, max(NOTHING, least - before)), more))
    unseen: dict[str, Stop] = {}
    for move in moves:
        if move.payee and move.payee in reached and move.payee_bank and move.payee_bank not in rules.own:
            before = unseen[move.payee].most if move.payee in unseen else NOTHING
            more = min(
                move.most - asked.mine.get(move.transfer, NOTHING),
                move.due - asked.payments.get(move.transfer, NOTHING),
            )
            unseen[move.payee] = Stop(move.payee, move.payee_bank, None, before + max(NOTHING, more))
    return sorted(
        [*stops, *(each for each in unseen.values() if each.most > 0)], key=lambda each: (-each.most, each.account)
    )
