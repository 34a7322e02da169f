"""Whom to hold in a case, what that would hit, and what speaks for and against one holder."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from mulegraph.casework.fact_sheet import Known, fact_sheet
from mulegraph.casework.minimum_cut import best_holds
from mulegraph.casework.requests import case_trace
from mulegraph.errors import UsageError
from mulegraph.flow.tracing import CONSERVING
from mulegraph.schema.findings import Role
from mulegraph.schema.tables import minor_exponents

if TYPE_CHECKING:
    from mulegraph.workspace.workspace import Workspace

RECENT_DAYS = 30
"""Innocent payments are counted over so many days before the ledger's last transfer."""


def holds(space: Workspace, case: str, *, share: float) -> list[dict[str, Any]]:
    """The smallest set of holds that stops `share` of the case's flow, the account with most still there first.

    Rows: account, bank, role, minimum and maximum still there, innocent payments and their sum, and of all holds
    together `stopped` of `whole` (a share).
    """
    with space.inside():
        found = space.case(case)
        traced = case_trace(space, case)
        chains = found.chains
        ids = sorted({each for path in chains["transfers"] for each in path} | set(traced.steps["transfer"].head(200)))
        moved = space.transfers(ids)
    moved = moved[moved["currency"] == traced.currency]
    units = 10 ** minor_exponents()[traced.currency]
    roles = dict(zip(found._row["accounts"], found._row["roles"], strict=True))
    victims = {account for account, role in roles.items() if role == Role.VICTIM}
    flows = [
        (_name(row.source), _name(row.target), int(row.amount * units))
        for row in moved.itertuples()
        if row.source != row.target
    ]
    innocent = _innocent(space, {end for flow in flows for end in flow[:2]} - victims - {""}, set(ids))
    best = best_holds(flows, victims, Counter({name: count for name, (count, _) in innocent.items()}), share=share)
    there = traced.accounts.set_index("account")
    stopped = best.stopped / best.whole if best.whole else 0.0
    rows = []
    for account in best.accounts:
        left = there.loc[account, ["minimum", "maximum"]].tolist() if account in there.index else [0, 0]
        count, amount = innocent.get(account, (0, 0))
        rows.append(
            {
                "account": account,
                "bank": space.ledger.arrow("accounts")["bank"][int(space.ledger.account_numbers([account])[0])].as_py(),
                "role": roles.get(account, "reached"),
                "minimum": left[0],
                "maximum": left[1],
                "innocent_payments": count,
                "innocent_amount": amount,
                "currency": traced.currency,
                "stopped": stopped,
            }
        )
    rows.sort(key=lambda row: (-row["maximum"], row["account"]))
    return space.masked(rows)


def facts_for_and_against(space: Workspace, case: str, account: str) -> list[dict[str, str]]:
    """What speaks for and against an account's holder knowing. UsageError for one that the case does not reach."""
    account = space.real("account", account)
    with space.inside():
        found = space.case(case)
        traced, moved = case_trace(space, case), found.transfers
        # Whom the case's money reached may have to be held, and so be judged, though no finding names him.
        reached = {*found._row["accounts"], *traced.accounts["account"], *moved["source"], *moved["target"]}
        if account not in reached:
            raise UsageError(
                space._masked(f"account '{account}' is not in {case}"), hint=f"See: mulegraph case show {case}"
            )
        known = space.account(account)
        moved = space.transfers_of(account)
        devices = space.devices_of(found._row["accounts"])
    part = traced.accounts[traced.accounts["account"] == account]
    came = max(part[f"{method}_in"].max() for method in CONSERVING) if len(part) else Decimal(0)
    tainted = set(traced.steps["transfer"]) | set(traced.chosen)
    mine = devices[devices["account_id"] == account]["device_id"]
    sharers = set(devices[devices["device_id"].isin(mine)]["account_id"]) - {account}
    roles = zip(found._row["accounts"], found._row["roles"], strict=True)
    sheet = fact_sheet(
        Known(
            account=account,
            row=known,
            came=came,
            left=part["maximum"].max() if len(part) else Decimal(0),
            transfers=moved,
            tainted=tainted,
            victims={name for name, role in roles if role == Role.VICTIM},
            sharers=len(sharers),
            listed_on=known["listed_on"],
            findings=known["findings"][known["findings"]["subject_id"] == account],
        )
    )
    return space.masked(sheet)


def _name(account: Any) -> str:
    return account if isinstance(account, str) else ""


def _innocent(space: Workspace, accounts: set[str], evidence: set[str]) -> dict[str, tuple[int, Any]]:
    """By account, payments of the last days that are no evidence, and their sum."""
    last = space.ledger.transfers["at"].max().to_pandas()
    recent = space.ledger.between(pd.Timestamp(last) - pd.Timedelta(days=RECENT_DAYS), None)
    rows = recent.filter(recent.source.isin(sorted(accounts))).select("transfer_id", "source", "amount").to_pandas()
    rows = rows[~rows["transfer_id"].isin(evidence)]
    return {str(name): (len(part), part["amount"].sum()) for name, part in rows.groupby("source")}
