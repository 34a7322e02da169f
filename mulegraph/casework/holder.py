"""A person and not only an account: all that one holder has, where cases' money is, and whom a hold would hit."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.casework.case_money import banks_of, case_trace
from mulegraph.casework.hold_plan import HOLD_DAYS, RECENT_DAYS
from mulegraph.casework.hold_record import held_accounts
from mulegraph.errors import UsageError
from mulegraph.journal.case_states import states
from mulegraph.journal.state import CLOSED
from mulegraph.lazy import pandas as pd
from mulegraph.schema import results
from mulegraph.schema.disclosure import (
    ACCOUNT,
    AMOUNT,
    CURRENCY,
    DEVICE,
    HOLDER,
    OURS,
    TEXT,
    ByKey,
    Each,
    Identified,
    Words,
    declared,
    record_of,
)
from mulegraph.schema.tables import ACCOUNT_KINDS, Mask
from mulegraph.workspace.questions import Takes, question
from mulegraph.workspace.workspace import Workspace

HolderId = Annotated[str, Takes((Mask.HOLDER,))]


@declared
@dataclass(frozen=True)
class HeldBy:
    """An account of the person: its score and cases; `ours` says whether our bank can hold it.

    `joint` says that somebody else holds it, too: `others`, whom a hold on it would hit as well.
    """

    account: Annotated[str, ACCOUNT]
    bank: Annotated[str, TEXT]
    kind: Annotated[str, Words(ACCOUNT_KINDS)]
    currency: Annotated[str, CURRENCY]
    ours: bool
    joint: bool
    others: Annotated[list[str], Each(HOLDER)]
    score: float
    cases: Annotated[list[str], Each(results.CASE)]


@declared
@dataclass(frozen=True)
class CaseMoney:
    """What of a case's money came to an account of the person, and what of it is there, over the rules."""

    case: Annotated[str, results.CASE]
    account: Annotated[str, ACCOUNT]
    minimum: Decimal
    maximum: Decimal
    currency: Annotated[str, CURRENCY]


@declared
@dataclass(frozen=True)
class UsedDevice:
    """A device of the person: of how many of his accounts, and of how many that are others'."""

    device: Annotated[str, DEVICE]
    accounts: int
    others: int


@declared
@dataclass(frozen=True)
class HolderPage:
    """A person: accounts, devices, cases' money by account, and what a hold on all his accounts of ours would hit.

    `score` is the highest of the accounts'. `hit_*` are their payments of the last 30 days of the ledger that carry no
    case's money, by currency, and how many accounts those went to; `account_days` are days of a hold times how likely
    each account's holder is innocent. `not_traced` are cases whose money cannot be followed.
    """

    holder_id: Annotated[str, HOLDER]
    holder: Annotated[dict[str, Any], results.HOLDERS]
    score: float
    accounts: list[HeldBy]
    devices: list[UsedDevice]
    money: list[CaseMoney]
    not_traced: Annotated[list[str], Each(results.CASE)]
    hit_payments: int
    hit_amounts: Annotated[dict[str, Decimal], ByKey(CURRENCY, AMOUNT)]
    hit_people: int
    account_days: float
    says: Annotated[str, OURS]


@question(record_of(HolderPage))
def holder_page(space: Workspace, holder: HolderId) -> HolderPage:
    """All that is known of a person, joint accounts included. UsageError for one who is not in the ledger."""
    rows, joint = _accounts_of(space, holder)
    known = space.row("holders", "holder_id", holder)
    if not rows and not known:
        raise UsageError(
            "holder '{holder}' is not in the ledger",
            hint="Give the id as it stands in holders.csv or accounts.csv.",
            holder=Identified(holder, Mask.HOLDER),
        )
    names = sorted(rows)
    scores = space.run.table("scores")
    score_of = dict(zip(scores["account"].to_pylist(), scores["score"].to_pylist(), strict=True))
    cases = {name: sorted(space.cases(account=name)["case"]) for name in names}
    banks = banks_of(space, set(names))
    accounts = []
    for name in names:
        accounts.append(
            HeldBy(
                account=name,
                bank=banks[name],
                kind=rows[name]["kind"],
                currency=rows[name]["currency"],
                ours=banks[name] in space.own_banks.own,
                joint=bool(joint[name]),
                others=sorted(joint[name]),
                score=score_of.get(name, 0.0),
                cases=cases[name],
            )
        )
    looked_at = {case for found in cases.values() for case in found} | _worked_on(space, set(names))
    money, carried, not_traced = _money(space, sorted(looked_at), set(names))
    ours = [each for each in accounts if each.ours]
    others = _others(space, [each.account for each in ours], carried)
    return HolderPage(
        holder_id=holder,
        holder=known,
        score=max((each.score for each in accounts), default=0.0),
        accounts=accounts,
        devices=_devices(space, names),
        money=money,
        not_traced=not_traced,
        hit_payments=len(others),
        hit_amounts={str(code): part["amount"].sum() for code, part in others.groupby("currency", sort=True)},
        hit_people=int(others["target"].dropna().nunique()),
        account_days=round(sum(HOLD_DAYS * (1 - each.score) for each in ours), 2),
        says=_says(len(accounts), len(ours), money),
    )


def _worked_on(space: Workspace, names: set[str]) -> set[str]:
    """Cases that somebody opened and not closed, and those that hold one of these accounts: they may not name them."""
    called = {case for case, state in states(space.folder).items() if state.opened_with and state.status != CLOSED}
    holding = {each.case for each in held_accounts(space.journal.entries()) if each.account in names}
    return called | holding


def _accounts_of(space: Workspace, holder: str) -> tuple[dict[str, dict[str, Any]], dict[str, set[str]]]:
    """Accounts by id, and who else holds each of them."""
    names = ["account_id", "kind", "currency", "holder_id"]
    table = space.ledger.arrow("accounts", names)
    rows = {each["account_id"]: each for each in table.filter(pc.equal(table["holder_id"], holder)).to_pylist()}
    now = space.ledger.accounts_side_by_side()
    rows |= {each["account_id"]: each for each in now if each["holder_id"] == holder}
    joint: dict[str, set[str]] = defaultdict(set)
    for each in now:
        if each["account_id"] in rows and each["holder_id"] not in (None, holder):
            joint[each["account_id"]].add(each["holder_id"])
    return rows, joint


def _money(space: Workspace, cases: list[str], names: set[str]) -> tuple[list[CaseMoney], set[str], list[str]]:
    """Cases' money on these accounts, the payments that carried it, and cases that cannot be traced."""
    rows = []
    carried = set[str]()
    not_traced = []
    for case in cases:
        try:
            found = case_trace(space, case)
        except UsageError:
            not_traced.append(case)
            continue
        for part in found.in_currencies:
            carried |= {*part.steps["transfer"], *part.chosen}
            mine = part.accounts[part.accounts["account"].isin(names)]
            for account, least, most in zip(mine["account"], mine["minimum"], mine["maximum"], strict=True):
                rows.append(CaseMoney(case, account, least, most, part.currency))
    return sorted(rows, key=lambda each: (-each.maximum, each.case, each.account)), carried, not_traced


def _others(space: Workspace, accounts: list[str], carried: set[str]) -> pd.DataFrame:
    """What these accounts paid in the ledger's last 30 days to others, beside the cases' money."""
    since = pd.Timestamp(space.ledger.until) - pd.Timedelta(days=RECENT_DAYS)
    paid = [space.transfers_of(each, since=since) for each in accounts]
    moved = pd.concat(paid, ignore_index=True) if paid else space.transfers([])
    moved = moved[moved["source"].isin(accounts) & ~moved["target"].isin(accounts)]
    return moved[~moved["transfer_id"].isin(carried)]


def _devices(space: Workspace, accounts: list[str]) -> list[UsedDevice]:
    use = space.ledger.arrow("device_use", ["account_id", "device_id"])
    mine = pc.unique(use.filter(pc.is_in(use["account_id"], value_set=pa.array(accounts, pa.string())))["device_id"])
    users: dict[str, set[str]] = defaultdict(set)
    for row in use.filter(pc.is_in(use["device_id"], value_set=mine)).to_pylist():
        users[row["device_id"]].add(row["account_id"])
    own = set(accounts)
    return [UsedDevice(each, len(users[each] & own), len(users[each] - own)) for each in sorted(users)]


def _says(accounts: int, ours: int, money: list[CaseMoney]) -> str:
    """What a hold on the person keeps and reaches, in words."""
    if not ours:
        return "no account of the person is at a bank of ours: other banks can be asked"
    if not any(each.maximum > 0 for each in money):
        return "no case that names them, holds them or was opened on a call has money on the person's accounts"
    return "a hold reaches all accounts" if ours == accounts else f"a hold reaches {ours} of {accounts} accounts"
