"""Whom to hold in a case, what that would hit, and what speaks for and against one holder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from mulegraph.casework.case_money import case_trace
from mulegraph.casework.fact_sheet import Fact, Known, fact_sheet
from mulegraph.casework.minimum_cut import best_holds
from mulegraph.errors import UsageError
from mulegraph.flow.tracing import CONSERVING
from mulegraph.lazy import pandas as pd
from mulegraph.schema import results
from mulegraph.schema.disclosure import ACCOUNT, CURRENCY, TEXT, Each, declared, record_of
from mulegraph.schema.findings import Role
from mulegraph.schema.tables import minor_exponents
from mulegraph.workspace.questions import AccountId, Word, question
from mulegraph.workspace.workspace import Workspace

RECENT_DAYS = 30
"""Innocent payments are counted over so many days before the ledger's last transfer."""


@declared
@dataclass(frozen=True)
class Hold:
    """An account to hold: what is there still, and the innocent payments that the hold would hit.

    `stopped` is the share of the case's flow that all holds together stop.
    """

    account: Annotated[str, ACCOUNT]
    bank: Annotated[str, TEXT]
    role: Annotated[str, results.ROLE]
    minimum: Decimal
    maximum: Decimal
    innocent_payments: int
    innocent_amount: Decimal
    currency: Annotated[str, CURRENCY]
    stopped: float


@question(Each(record_of(Hold)))
def holds(space: Workspace, case: Word, *, share: float) -> list[Hold]:
    """The smallest set of holds that stops `share` of the case's flow, the account with most still there first."""
    found = space.case(case)
    traced = case_trace(space, case)
    ids = sorted(
        {each for path in found.chains["transfers"] for each in path} | set(traced.steps["transfer"].head(200))
    )
    moved = space.transfers(ids)
    moved = moved[moved["currency"] == traced.currency]
    units = 10 ** minor_exponents()[traced.currency]
    roles = dict(zip(found.row["accounts"], found.row["roles"], strict=True))
    victims = {account for account, role in roles.items() if role == Role.VICTIM}
    flows = [
        (_name(row.source), _name(row.target), int(row.amount * units))
        for row in moved.itertuples()
        if row.source != row.target
    ]
    innocent = _innocent(space, {end for flow in flows for end in flow[:2]} - victims - {""}, set(ids))
    best = best_holds(flows, victims, Counter({name: count for name, (count, _) in innocent.items()}), share=share)
    there = traced.accounts.set_index("account")
    banks = space.ledger.arrow("accounts")["bank"]
    rows = []
    for account in best.accounts:
        left = there.loc[account, ["minimum", "maximum"]].tolist() if account in there.index else [Decimal(0)] * 2
        count, amount = innocent.get(account, (0, 0))
        rows.append(
            Hold(
                account=account,
                bank=banks[int(space.ledger.account_numbers([account])[0])].as_py(),
                role=roles.get(account, "reached"),
                minimum=left[0],
                maximum=left[1],
                innocent_payments=count,
                innocent_amount=amount,
                currency=traced.currency,
                stopped=best.stopped / best.whole if best.whole else 0.0,
            )
        )
    return sorted(rows, key=lambda row: (-row.maximum, row.account))


@question(Each(record_of(Fact)))
def facts_for_and_against(space: Workspace, case: Word, account: AccountId) -> list[Fact]:
    """What speaks for and against an account's holder knowing. UsageError for one that the case does not reach."""
    found = space.case(case)
    traced, moved = case_trace(space, case), found.transfers
    # Whom the case's money reached may have to be held, and so be judged, though no finding names him.
    reached = {*found.row["accounts"], *traced.accounts["account"], *moved["source"], *moved["target"]}
    if account not in reached:
        hint = "See: mulegraph case show {case}"
        raise UsageError("account '{account}' is not in {case}", hint=hint, account=account, case=case)
    known = space.account(account)
    devices = space.devices_of(found.row["accounts"])
    part = traced.accounts[traced.accounts["account"] == account]
    mine = devices[devices["account_id"] == account]["device_id"]
    sharers = set(devices[devices["device_id"].isin(mine)]["account_id"]) - {account}
    roles = zip(found.row["accounts"], found.row["roles"], strict=True)
    return fact_sheet(
        Known(
            account=account,
            opened_on=known.opened_on,
            came=max(part[f"{method}_in"].max() for method in CONSERVING) if len(part) else Decimal(0),
            left=part["maximum"].max() if len(part) else Decimal(0),
            transfers=space.transfers_of(account),
            tainted=set(traced.steps["transfer"]) | set(traced.chosen),
            victims={name for name, role in roles if role == Role.VICTIM},
            sharers=len(sharers),
            listed_on=known.listed_on,
            findings=known.findings[known.findings["subject_id"] == account],
        )
    )


def _name(account: Any) -> str:
    return account if isinstance(account, str) else ""


def _innocent(space: Workspace, accounts: set[str], evidence: set[str]) -> dict[str, tuple[int, Any]]:
    """By account, payments of the last days that are no evidence, and their sum."""
    last = space.ledger.transfers["at"].max().to_pandas()
    recent = space.ledger.between(pd.Timestamp(last) - pd.Timedelta(days=RECENT_DAYS), None)
    rows = recent.filter(recent.source.isin(sorted(accounts))).select("transfer_id", "source", "amount").to_pandas()
    rows = rows[~rows["transfer_id"].isin(evidence)]
    return {str(name): (len(part), part["amount"].sum()) for name, part in rows.groupby("source")}
