"""Whom to hold in a case, and when: what a hold keeps from a moment on, whom to call first, and whom it would hit.

Payments are as they could be known at the moment: the trace and the facts end there. Devices, lists, findings and
scores are those of today. At least what is on the account then is kept under every rule, since a held account pays
nothing; at most what is on its way to it comes in, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.benign import all_benign_tests
from mulegraph.casework.acts import state_of
from mulegraph.casework.case_facts import facts_of
from mulegraph.casework.case_money import banks_of, case_trace, moves_of, stolen_of
from mulegraph.casework.claims import NOTHING, Move, mostly_reached, mostly_traced, victims_of
from mulegraph.casework.closed_accounts import closed_before
from mulegraph.casework.fact_sheet import AGAINST, FOR
from mulegraph.casework.hold_replay import ByRule, bounds
from mulegraph.casework.hold_results import AMOUNT_ONLY, WHOLE, Hold, HoldPlan, HoldsIn
from mulegraph.casework.hold_words import Gone, after_end, how_sure, mixed_says, own_says, whole_says
from mulegraph.casework.not_held import Unheld, beside, gone, not_followed, not_held, rule_sums
from mulegraph.casework.request_states import request_rows
from mulegraph.casework.virtual_numbers import transfers_on
from mulegraph.flow.tracing import CONSERVING
from mulegraph.journal.case_states import states
from mulegraph.journal.state import CLOSED
from mulegraph.lazy import pandas as pd
from mulegraph.schema.disclosure import Each, record_of
from mulegraph.schema.findings import Result, Role
from mulegraph.schema.language import tr, word
from mulegraph.workspace.listing import stamp
from mulegraph.workspace.listings import all_cases
from mulegraph.workspace.questions import Moment, Word, question
from mulegraph.workspace.trace import TracedIn
from mulegraph.workspace.workspace import Workspace

RECENT_DAYS = 30
"""Innocent payments are counted over so many days before the moment of the hold."""
SURE = 0.5
"""From this score up an account is rather a mule's than not: one finding with an innocent side moves it nowhere."""
HOLD_DAYS = 3
"""How long a hold lasts until somebody has decided: the time that banks give each other to answer."""
GUILTY, VICTIM, REMOVED = "guilty", "victim", "taken out of the case"
SLOW_HOURS = Decimal(24 * 7)
"""Dwell of an account that has not passed anything on yet: it is called after those that have."""
MIN_SHARE = Decimal("0.01")
"""Where less of the stolen money than this is or may come, nobody is held for it."""


@question(record_of(HoldPlan))
def hold_plan(
    space: Workspace, case: Word, *, share: float = 0.9, at: Moment = None, budget: float | None = None
) -> HoldPlan:
    """Whom to hold now, or at a moment: as few as keep `share` of what was stolen, called in this order.

    `budget` is how many days of innocent accounts the holds may cost.
    """
    until = stamp(at)
    found = case_trace(space, case, until=until)
    row = space.case(case).row
    roles = dict(zip(row["accounts"], row["roles"], strict=True))
    state = state_of(space, case)
    decided = {**dict.fromkeys(state.removed, REMOVED), **state.disposed}
    plans, elsewhere = [], _other_cases(space, case)
    for part in found.in_currencies:
        plan = plan_holds(space, part, until, roles=roles, decided=decided, share=share, budget=budget)
        told = [_with_facts(space, part, until, roles, each) for each in plan.holds]
        told = [replace(each, also_in=sorted(elsewhere[each.account])) for each in told]
        plans.append(
            replace(
                plan,
                holds=told,
                says=plan.says + _answered(space, case, plan.currency) + after_end(space.ledger.until, until),
            )
        )
    return HoldPlan(**vars(plans[0]), others=plans[1:])


def _other_cases(space: Workspace, case: str) -> dict[str, list[str]]:
    """By account the other cases that have it and are not closed."""
    table, closed = all_cases(space), {name for name, state in states(space.folder).items() if state.status == CLOSED}
    found: dict[str, list[str]] = defaultdict(list)
    for name, accounts in zip(table["case"].to_pylist(), table["accounts"].to_pylist(), strict=True):
        if name != case and name not in closed:
            for account in accounts:
                found[account].append(name)
    return found


def _answered(space: Workspace, case: str, currency: str) -> str:
    """What banks have said that they gave back: it is in no trace until the ledger holds it."""
    rows = request_rows(space.journal.entries())
    back = sum((each.returned() for each in rows if (each.case, each.currency) == (case, currency)), NOTHING)
    if not back:
        return ""
    return tr("; banks answered that they return {amount}, which is taken off once it is loaded", amount=f"{back:,f}")


def _with_facts(
    space: Workspace, found: TracedIn, until: pd.Timestamp | None, roles: Mapping[str, str], hold: Hold
) -> Hold:
    """A hold with what speaks for and against its holder knowing, by payments until the moment."""
    facts = facts_of(space, found, roles, hold.account, until=until)
    speaks = {side: [each.fact for each in facts if each.speaks == side] for side in (FOR, AGAINST)}
    return replace(hold, speaks_for=speaks[FOR], speaks_against=speaks[AGAINST])


def plan_holds(
    space: Workspace,
    found: TracedIn,
    until: pd.Timestamp | None,
    *,
    roles: Mapping[str, str],
    decided: Mapping[str, str],
    share: float,
    budget: float | None = None,
) -> HoldsIn:
    """The holds for a trace that ends at a moment, or with the ledger. `decided` are dispositions by account."""
    scene = _Scene.of(space, found, until, roles, decided)
    stolen = stolen_of(found)
    rows = []
    amounts = dict.fromkeys(CONSERVING, NOTHING)
    spent = 0.0
    why: dict[str, Unheld] = {}
    for account in scene.in_order(stolen * MIN_SHARE):
        if stolen and bounds(amounts)[0] >= Decimal(str(share)) * stolen:
            why[account] = Unheld.ENOUGH
            continue
        row = scene.hold(account)
        if budget is not None and spent + row.account_days > budget:
            why[account] = Unheld.BUDGET
            continue
        spent += row.account_days
        amounts = {rule: amounts[rule] + scene.kept(account)[rule] for rule in CONSERVING}
        rows.append(row)
    held = {each.account: scene.kept(each.account) for each in rows}
    left = not_held(scene.there, held, scene.banks, {**scene.unheld(), **why}, stolen * MIN_SHARE, scene.closed)
    sums = rule_sums(found, amounts)
    least, most = bounds(amounts)
    shares = [float(each / stolen) if stolen else 0.0 for each in (least, most)]
    away = gone(found)
    return HoldsIn(
        holds=[replace(each, stopped=shares[0], reached=shares[1]) for each in rows],
        stolen=stolen,
        currency=found.currency,
        at=f"{scene.when:%Y-%m-%d %H:%M}",
        asked=share,
        kept_least=least,
        kept_most=most,
        **away,
        says=whole_says(bool(rows), shares, share, gone=_why_gone(away, found, why))
        + beside(left, sums, found, away["gone_banks"]),
        not_held=left,
        not_followed=not_followed(found, stolen * MIN_SHARE),
        sums=sums,
    )


@question(Each(record_of(Hold)))
def holds(space: Workspace, case: Word, *, share: float, at: Moment = None, budget: float | None = None) -> list[Hold]:
    """The holds of `hold_plan`, a currency at a time."""
    plan = hold_plan(space, case, share=share, at=at, budget=budget)
    return [hold for part in plan.in_currencies for hold in part.holds]


@dataclass(frozen=True)
class _Scene:
    """What is known of a case's accounts at a moment: `until`, or the last of the ledger, which is then in it."""

    space: Workspace
    found: TracedIn
    until: pd.Timestamp | None
    when: pd.Timestamp
    moves: list[Move]
    there: Mapping[str, ByRule]
    own: Mapping[str, Decimal]
    coming: Mapping[str, Decimal]
    banks: Mapping[str, str]
    roles: Mapping[str, str]
    scores: Mapping[str, float]
    innocent: Mapping[str, str]
    victims: Set[str]
    closed: Mapping[str, date]

    @classmethod
    def of(
        cls,
        space: Workspace,
        found: TracedIn,
        until: pd.Timestamp | None,
        roles: Mapping[str, str],
        decided: Mapping[str, str],
    ) -> _Scene:
        """A trace until then, with what is known of every account in it."""
        when = pd.Timestamp(space.ledger.until) if until is None else until
        moves = moves_of(space, found)
        rows = found.accounts.to_dict("records")
        there = {each["account"]: {rule: each[f"{rule}_remaining"] for rule in CONSERVING} for each in rows}
        closed = closed_before(space, set(there), when)
        still_open = {name: amounts for name, amounts in there.items() if name not in closed}
        ids = pa.array(sorted(there), pa.string())
        scores = space.run.table("scores")
        scores = scores.filter(pc.is_in(scores["account"], value_set=ids))
        score_of = dict(zip(scores["account"].to_pylist(), scores["score"].to_pylist(), strict=True))
        return cls(
            space=space,
            found=found,
            until=until,
            when=when,
            moves=moves,
            there=there,
            own={each["account"]: own_money(each) for each in rows},
            coming=_on_its_way(moves, still_open, when - pd.Timedelta(hours=int(SLOW_HOURS))),
            banks=banks_of(space, set(there)),
            roles=roles,
            scores=score_of,
            innocent={
                **_innocent_because(space, score_of, set(there)),
                **{name: f"it was decided on: {how}" for name, how in decided.items() if how != GUILTY},
            },
            victims=victims_of(moves, [name for name, role in roles.items() if role == Role.VICTIM])
            | {name for name, how in decided.items() if how == VICTIM},
            closed=closed,
        )

    def in_order(self, limit: Decimal) -> list[str]:
        """Accounts to call: most money an hour first, by how fast each has passed money on; innocents last."""
        wanted = []
        for name in self.there if limit > 0 else ():
            is_enough = bounds(self.there[name])[1] >= limit or self._may_come(name) >= limit
            if is_enough and name not in self.victims and name not in self.closed:
                wanted.append(name)
        return sorted(
            (name for name in wanted if name in self.reached or bounds(self.there[name])[0] >= limit),
            key=lambda name: (name in self.innocent, bounds(self.there[name])[1] <= 0, -self._urgency(name), name),
        )

    @cached_property
    def reached(self) -> set[str]:
        """Accounts that a mostly traced payment brought money: no others are held in whole."""
        return mostly_reached(self.moves)

    def is_mostly_his(self, account: str) -> bool:
        """Whether more of what is on an account is its holder's own than may be traced, and he is rather no mule.

        A salary that a stolen payment for a bicycle lies beside is not held.
        """
        return rather_his_own(bounds(self.there[account])[1], self.own[account], self.scores.get(account, 0.0))

    def kept(self, account: str) -> ByRule:
        """What a hold keeps by rule: all that is there, or the sum that every rule finds on it."""
        there = self.there[account]
        return there if account in self.reached else dict.fromkeys(CONSERVING, bounds(there)[0])

    def unheld(self) -> dict[str, Unheld]:
        """Why accounts are not held that stay out of the order."""
        mixed = {name: Unheld.MIXED for name in self.there if name not in self.reached}
        closed = dict.fromkeys(self.closed, Unheld.CLOSED)
        return {**mixed, **closed, **dict.fromkeys(self.victims, Unheld.VICTIM)}

    def _may_come(self, account: str) -> Decimal:
        return self.coming.get(account, NOTHING)

    def _urgency(self, account: str) -> Decimal:
        """Money that leaves an hour if nobody calls."""
        least, most = bounds(self.kept(account))
        minutes = self.dwell(account)
        hours = SLOW_HOURS if minutes is None else max(Decimal(minutes) / 60, Decimal("0.1"))
        return ((least + most) / 2 or self._may_come(account) / 1_000) / hours

    def dwell(self, account: str) -> int | None:
        """How long traced money lay on it before some of it went on, in minutes, at the middle; none if none did."""
        came = sorted(each.at for each in self.moves if each.payee == account)
        waits = []
        for each in self.moves:
            if each.payer == account and not each.chosen and came and came[0] <= each.at:
                waits.append((each.at - max(at for at in came if at <= each.at)).total_seconds() / 60)
        return round(sorted(waits)[len(waits) // 2]) if waits else None

    def hold(self, account: str) -> Hold:
        """One line of the plan."""
        least, most = bounds(self.there[account])
        # A payment with a crumb of the money in it is its holder's own.
        tainted = {each.transfer for each in self.moves if mostly_traced(each)}
        since = self.when - pd.Timedelta(days=RECENT_DAYS)
        moved = transfers_on(self.space, account, since=since, until=self.until)
        others = moved[(moved["source"] == account) & ~moved["transfer_id"].isin(tainted)]
        others = others[others["currency"] == self.found.currency]
        whole = account in self.reached and not self.is_mostly_his(account)
        # A hold on a sum keeps nothing of what comes later.
        coming = self._may_come(account) if whole else NOTHING
        return Hold(
            account=account,
            bank=self.banks[account],
            role=self.roles.get(account, "reached"),
            minimum=least,
            maximum=most,
            on_its_way=coming,
            dwell_minutes=self.dwell(account),
            innocent_payments=len(others),
            innocent_amount=sum(others["amount"], NOTHING).quantize(least),
            innocent_people=int(others["target"].dropna().nunique()),
            # Whoever may use the rest of his account is not held.
            account_days=round(HOLD_DAYS * (1 - self.scores.get(account, 0.0)), 2) if whole else 0.0,
            currency=self.found.currency,
            says=self._says(account, coming),
            last=self.innocent.get(account, ""),
            stopped=0.0,
            reached=0.0,
            way=WHOLE if whole else AMOUNT_ONLY,
            amount=most if account in self.reached else least,
        )

    def _says(self, account: str, coming: Decimal) -> str:
        """How sure it is that a call keeps something, and of what."""
        least, most = bounds(self.there[account])
        if account not in self.reached:
            return mixed_says(least)
        if self.is_mostly_his(account):
            return own_says(most, self.own[account])
        return how_sure(least, most, coming)


def own_money(row: Mapping[str, Any]) -> Decimal:
    """What is on a traced account beside what is traced at most, at the opening that the ledger proves.

    Poison taints all that is there; a trace that was not asked for it knows nothing of this.
    """
    there: Decimal = row.get("poison_remaining", NOTHING)
    return max(NOTHING, there - row["maximum"])


def rather_his_own(most: Decimal, own: Decimal, score: float) -> bool:
    """Whether more of the money on an account is its holder's own than may be traced, and no sign is strong on him."""
    return 0 < most < own and score < SURE


def _on_its_way(moves: list[Move], there: Mapping[str, ByRule], since: pd.Timestamp) -> dict[str, Decimal]:
    """What may still come to each account at most: from accounts upstream of it that got traced money since then.

    What has lain for longer is not on its way.
    """
    pays: dict[str, set[str]] = defaultdict(set)
    last: dict[str, pd.Timestamp] = {}
    for move in moves:
        if move.payer and move.payee and not move.chosen and mostly_traced(move):
            pays[move.payer].add(move.payee)
        if move.payee:
            last[move.payee] = max(last.get(move.payee, move.at), move.at)
    found: dict[str, Decimal] = defaultdict(Decimal)
    for start in sorted(name for name in there if bounds(there[name])[1] > 0 and last[name] >= since):
        seen, todo = {start}, [start]
        while todo:
            following = pays[todo.pop()] - seen
            seen |= following
            todo += sorted(following)
        for name in seen - {start}:
            found[name] += bounds(there[start])[1]
    return found


def _why_gone(away: Mapping[str, Decimal], found: TracedIn, why: Mapping[str, Unheld]) -> Gone | None:
    """Why nothing is held, as far as is known; `why` accounts are not that could be."""
    if Unheld.BUDGET in why.values():
        return Gone.BUDGET
    if away["gone_cash"] or away["gone_banks"]:
        return Gone.AWAY
    return Gone.EXCHANGED if len(found.exchanged) else None


def _innocent_because(space: Workspace, scores: Mapping[str, float], accounts: set[str]) -> dict[str, str]:
    """Accounts that are called last, and why: firms, and whoever an innocent explanation fits."""
    because: dict[str, str] = {}
    ids = pa.array(sorted(accounts), pa.string())
    known = space.ledger.arrow("accounts", ["account_id", "kind"])
    known = known.filter(pc.is_in(known["account_id"], value_set=ids))
    for account, kind in zip(known["account_id"].to_pylist(), known["kind"].to_pylist(), strict=True):
        if kind in ("merchant", "internal"):
            because[account] = tr("it is a shop's or a bank's own account")
    findings = space.run.every_finding
    mine = findings.filter(pc.is_in(findings["subject_id"], value_set=ids))
    for each in space.run.records(mine):
        account = each.subject_id
        fits = [name for name, how in each.benign.items() if how.result is Result.PASSED]
        passed = sorted(word(name.replace("_", " ")) for name in fits if all_benign_tests()[name].says_innocent)
        if passed and scores.get(account, 0.0) < SURE:
            because.setdefault(account, tr("an innocent explanation fits: {names}", names=", ".join(passed)))
    return because
