"""Holds on record: who holds which account until when, when it is lifted, and to whom its money is released.

Only an account of our own bank can be held; at another bank a request asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from mulegraph.casework.acts import state_of
from mulegraph.casework.case_facts import facts_for_and_against
from mulegraph.casework.case_money import banks_of, case_trace, moves_of
from mulegraph.casework.claims import Move, mostly_reached, victims_of
from mulegraph.casework.closed_accounts import check_open
from mulegraph.casework.fact_sheet import AGAINST
from mulegraph.casework.hold_plan import HOLD_DAYS, VICTIM, own_money, rather_his_own
from mulegraph.casework.requests import askable_banks
from mulegraph.casework.virtual_numbers import check_not_virtual
from mulegraph.errors import UsageError
from mulegraph.journal.journal import Entry
from mulegraph.journal.proposals import propose
from mulegraph.journal.state import HELD, LIFTED
from mulegraph.schema import results
from mulegraph.schema.acts import ENTRY
from mulegraph.schema.disclosure import ACCOUNT, CURRENCY, HIDDEN, MOMENT, TEXT, Each, Words, declared, record_of
from mulegraph.schema.findings import Role
from mulegraph.workspace.questions import AccountId, Word, question
from mulegraph.workspace.trace import TracedIn, TraceResult
from mulegraph.workspace.workspace import Workspace

RUNNING, RAN_OUT, FREE = STATES = ("held", "ran out", "lifted")


@declared
@dataclass(frozen=True)
class HeldAccount:
    """A hold on record, and where it stands today; `proposed_by` is who asked for it where two people are needed."""

    case: Annotated[str, results.CASE]
    account: Annotated[str, ACCOUNT]
    state: Annotated[str, Words(STATES)]
    who: Annotated[str, TEXT]
    proposed_by: Annotated[str, TEXT]
    held_at: Annotated[str, MOMENT]
    until: date
    lifted_at: Annotated[str | None, MOMENT] = None
    lifted_by: Annotated[str, TEXT] = ""
    released_to: Annotated[str, HIDDEN] = ""
    amount: Decimal | None = None
    """What of the account is held, where it is not all of it."""
    currency: Annotated[str, CURRENCY] = ""
    """Of that amount; empty where all is held, and where an earlier version kept none."""


@question(ENTRY)
def hold_account(
    space: Workspace,
    case: Word,
    account: AccountId,
    *,
    until: Word | None = None,
    reason: Word = "",
    amount: Decimal | None = None,
    currency: Word = "",
) -> Entry:
    """Write down that an account is held, or an amount on it, for three days unless a day is said.

    The amount is of the `currency` in which the case's money reached the account; where it did in several, one is said.
    It is no more than may be there, and all amounts held in the case are no more than was traced.

    Raises UsageError at other banks, for an account that is closed or virtual, that the case's money did not reach,
    that is held already, or of which more speaks against its holder knowing than for it and no `reason` is given; and
    where only payments of mostly others' money reached it, for a hold on all of it without a `reason`. Where holds need
    two people, it is proposed, and nothing is held yet.
    """
    facts = {"account": account, "until": _day(until).isoformat(), "reason": reason}
    if amount is not None:
        facts |= {
            "amount": f"{amount:f}",
            "currency": _currency_of(case_trace(space, case), account, currency).currency,
        }
    _check_hold(space, case, account, reason, amount, currency)
    if "hold" in space.settings.casework.two_people:
        return propose(space.journal, case, "hold", **facts)
    return write_hold(space, case, facts)


def write_hold(space: Workspace, case: str, facts: dict[str, Any], proposed_by: str = "") -> Entry:
    """Put a hold on record."""

    def check(entries: Iterable[Entry]) -> None:
        _check_free(held_accounts(entries), facts["account"], facts.get("currency", ""))

    return space.journal.append(HELD, case, check=check, **facts, proposed_by=proposed_by)


@question(ENTRY)
def lift_hold(space: Workspace, case: Word, account: AccountId, reason: Word, *, released_to: Word = "") -> Entry:
    """Write down that a hold has ended, and to whom its money was released.

    One that ran out may be lifted, too: its money may still wait. Raises UsageError where the account has no hold in
    the case, or a lifted one.
    """
    rows = held_accounts(space.journal.entries())
    if not any(each.account == account and each.case == case and each.state != FREE for each in rows):
        raise UsageError(
            "account '{account}' is not held in {case}", hint="See: mulegraph case held", account=account, case=case
        )
    return space.journal.append(LIFTED, case, account=account, reason=reason, released_to=released_to)


@question(Each(record_of(HeldAccount)))
def held_list(space: Workspace, *, case: Word | None = None) -> list[HeldAccount]:
    """Holds on record: those that run first, what ends first on top."""
    rows = [each for each in held_accounts(space.journal.entries()) if case in (None, each.case)]
    return sorted(rows, key=lambda each: (STATES.index(each.state), each.until, each.held_at, each.account))


def held_accounts(entries: Iterable[Entry]) -> list[HeldAccount]:
    """The replay of the journal's entries about holds, in their order."""
    today, rows = datetime.now(UTC).date(), list[HeldAccount]()
    for entry in entries:
        facts = entry.facts
        if entry.what == HELD:
            until = date.fromisoformat(facts["until"])
            state = RUNNING if until >= today else RAN_OUT
            account, who = facts["account"], facts.get("proposed_by", "")
            rows.append(_of_amount(HeldAccount(entry.about, account, state, entry.who, who, entry.at, until), facts))
        elif entry.what == LIFTED:
            for place, each in enumerate(rows):
                if (each.case, each.account) == (entry.about, facts["account"]) and each.state != FREE:
                    ended = {"lifted_at": entry.at, "lifted_by": entry.who, "released_to": facts["released_to"]}
                    rows[place] = replace(each, state=FREE, **ended)
    return rows


def _of_amount(held: HeldAccount, facts: Mapping[str, Any]) -> HeldAccount:
    """A hold with the amount that it is of, if it is not of all."""
    amount = Decimal(facts["amount"]) if facts.get("amount") else None
    return replace(held, amount=amount, currency=facts.get("currency") or "")


def _called_victims(space: Workspace, case: str) -> list[str]:
    """Victims by their role in the case, and by what was decided."""
    row, disposed = space.case(case).row, state_of(space, case).disposed
    named = zip(row["accounts"], row["roles"], strict=True)
    return [
        *(name for name, role in named if role == Role.VICTIM),
        *(a for a, how in disposed.items() if how == VICTIM),
    ]


def _check_hold(space: Workspace, case: str, account: str, reason: str, amount: Decimal | None, currency: str) -> None:
    space.check_account(account)
    check_not_virtual(space, account)
    traced = case_trace(space, case)
    reached = account in traced.reached
    if account not in space.case(case).row["accounts"] and not reached:
        raise UsageError(
            "account '{account}' is not in {case}", hint="See: mulegraph case holds {case}", account=account, case=case
        )
    bank = banks_of(space, {account})[account]
    if bank not in space.own_banks.own:
        can_ask = bank in askable_banks(space, case)
        ask = "Ask that bank: mulegraph request {case} --to {bank}"
        raise UsageError(
            "account '{account}' is at {bank}, which is not ours",
            hint=ask if can_ask else "Only that bank can hold it, and no request can ask for it now: call it.",
            account=account,
            bank=bank,
            case=case,
        )
    check_open(space, account)
    check_free(space, account, "" if amount is None else _currency_of(traced, account, currency).currency)
    if amount is not None:
        part = _currency_of(traced, account, currency)
        held = [each for each in held_accounts(space.journal.entries()) if each.case == case]
        _check_amount(amount, account, part, held)
    elif not reason.strip() and account in victims_of(_moves(space, traced), _called_victims(space, case)):
        raise UsageError(
            "'{account}' is a victim's account: what is on it is theirs",
            hint="To hold it all the same, give --reason.",
            account=account,
        )
    elif reached and not reason.strip() and account not in mostly_reached(_moves(space, traced)):
        raise UsageError(
            "only payments of mostly others' money reached '{account}'",
            hint="Give --amount, as mulegraph case holds {case} says; to hold all of it, give --reason.",
            account=account,
            case=case,
        )
    elif not reason.strip() and _is_his_own(space, traced, account):
        raise UsageError(
            "more of what is on '{account}' is its holder's own than may be traced, and no sign is strong on him",
            hint="Give --amount, as mulegraph case holds {case} says; to hold all of it, give --reason.",
            account=account,
            case=case,
        )
    speaks = [each.speaks for each in facts_for_and_against(space, case, account)]
    against = speaks.count(AGAINST)
    if not reason.strip() and against > len(speaks) - against:
        raise UsageError(
            "{against} facts speak against the holder of '{account}' knowing, and {others} for it",
            hint="Read them: mulegraph case facts {case} --account {account}; to hold it, give --reason.",
            account=account,
            case=case,
            against=against,
            others=len(speaks) - against,
        )


def _is_his_own(space: Workspace, traced: TraceResult, account: str) -> bool:
    rows = [row for part in traced.in_currencies for row in part.accounts.to_dict("records")]
    mine = [row for row in rows if row["account"] == account and row["maximum"] > 0]
    score = space.account(account).score or 0.0
    return bool(mine) and all(rather_his_own(row["maximum"], own_money(row), score) for row in mine)


def _moves(space: Workspace, traced: TraceResult) -> list[Move]:
    return [move for part in traced.in_currencies for move in moves_of(space, part)]


def _currency_of(traced: TraceResult, account: str, currency: str) -> TracedIn:
    """The case's money of the currency that an amount on this account is of. UsageError where it has to be said."""
    parts = [each for each in traced.in_currencies if account in set(each.accounts["account"])] or [traced]
    found = [each for each in parts if currency in ("", each.currency)]
    if len(found) != 1:
        raise UsageError(
            "the case's money came to '{account}' in {currencies}",
            hint="Give --currency, one of these.",
            account=account,
            currencies=" and ".join(each.currency for each in parts),
        )
    return found[0]


def _check_amount(amount: Decimal, account: str, part: TracedIn, held: Iterable[HeldAccount]) -> None:
    """Raise UsageError for what is no amount of its currency, more than may be there, or with others more than traced.

    `held` are the case's holds.
    """
    most = max(part.traced.values())
    if not amount.is_finite() or amount <= 0 or amount != amount.quantize(most):
        raise UsageError(
            "--amount is {amount}", hint="Give an amount of {currency}.", amount=str(amount), currency=part.currency
        )
    there = part.accounts[part.accounts["account"] == account]["maximum"]
    limits = [(most, "was traced", "Hold no more than was stolen.")]
    if len(there):
        limits.insert(0, (there.max(), "may be on the account", "See: mulegraph case holds CASE"))
    others = [each.amount for each in held if each.state == RUNNING and each.currency == part.currency]
    before = sum((each for each in others if each is not None), Decimal(0))
    if before:
        limits.append((most - before, "is traced and not held yet", "See: mulegraph case held --case CASE"))
    for limit, what, hint in limits:
        if amount > limit:
            raise UsageError(
                "--amount is {amount}, and {most} {currency} {what}",
                hint=hint,
                amount=f"{amount:f}",
                most=f"{limit:f}",
                currency=part.currency,
                what=what,
            )


def check_free(space: Workspace, account: str, currency: str = "") -> None:
    """Raise UsageError for an account that is held; an amount of a currency may stand beside one of another."""
    _check_free(held_accounts(space.journal.entries()), account, currency)


def check_proposed(space: Workspace, case: str, account: str, until: str) -> None:
    """Raise UsageError where a hold that was proposed no longer fits: it is held or closed, or its last day is past."""
    check_open(space, account)
    check_free(space, account)
    if date.fromisoformat(until) < datetime.now(UTC).date():
        raise UsageError(
            "the hold on '{account}' was proposed until {until}, which is past",
            hint="Propose it again with a later day: mulegraph case hold {case} {account} --until DAY",
            account=account,
            until=until,
            case=case,
        )


def _check_free(rows: list[HeldAccount], account: str, currency: str) -> None:
    running = [each for each in rows if each.account == account and each.state == RUNNING]
    if any(not (currency and each.currency) or each.currency == currency for each in running):
        raise UsageError("account '{account}' is held already", hint="See: mulegraph case held", account=account)


def _day(until: str | None) -> date:
    """The last day of a hold. Raises UsageError for what is none, or is past."""
    today = datetime.now(UTC).date()
    if until is None:
        return today + timedelta(days=HOLD_DAYS)
    try:
        day = date.fromisoformat(until)
    except ValueError:
        raise UsageError("--until is '{until}'", hint="Expected a day such as 2026-12-31.", until=until) from None
    if day < today:
        raise UsageError("--until is {until}, which is past", hint="Give a later day.", until=until)
    return day
