"""The fact sheet of an account that a case's money reached, made from the ledger, the trace and the findings."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mulegraph.casework.case_money import case_trace
from mulegraph.casework.fact_sheet import Fact, Known, fact_sheet
from mulegraph.casework.virtual_numbers import transfers_on
from mulegraph.errors import UsageError
from mulegraph.flow.tracing import CONSERVING
from mulegraph.lazy import pandas as pd
from mulegraph.schema.disclosure import Each, record_of
from mulegraph.schema.findings import Role
from mulegraph.workspace.questions import AccountId, Word, question
from mulegraph.workspace.trace import TracedIn, TraceResult
from mulegraph.workspace.workspace import Workspace


@question(Each(record_of(Fact)))
def facts_for_and_against(space: Workspace, case: Word, account: AccountId) -> list[Fact]:
    """What speaks for and against an account's holder knowing. UsageError for one that the case does not reach."""
    found = space.case(case)
    traced, moved = case_trace(space, case), found.transfers
    # Whom the case's money reached may have to be held, and so be judged, though no finding names him.
    reached = {*found.row["accounts"], *traced.reached, *moved["source"], *moved["target"]}
    if account not in reached:
        hint = "See: mulegraph case show {case}"
        raise UsageError("account '{account}' is not in {case}", hint=hint, account=account, case=case)
    roles = dict(zip(found.row["accounts"], found.row["roles"], strict=True))
    return facts_of(space, _where(traced, account), roles, account)


def _where(traced: TraceResult, account: str) -> TracedIn:
    """The money of the currency in which most of what came to the account ended; what was exchanged had not ended."""
    mine = [each for each in traced.in_currencies if account in set(each.accounts["account"])]
    return mine[-1] if mine else traced


def _tainted(traced: TracedIn) -> set[str]:
    """Payments that carry traced money; what an account exchanged on itself came in one currency, and left none."""
    inside = traced.steps[traced.steps["source"] == traced.steps["target"]]
    tainted = set(traced.steps["transfer"]) | set(traced.chosen)
    return tainted if traced.by_exchange else tainted - set(inside["transfer"])


def facts_of(
    space: Workspace,
    traced: TracedIn,
    roles: Mapping[str, str],
    account: str,
    *,
    until: pd.Timestamp | None = None,
) -> list[Fact]:
    """The fact sheet of an account by its payments until a moment; `roles` are those of the case's accounts."""
    known = space.account(account)
    devices = space.devices_of(sorted(roles))
    part = traced.accounts[traced.accounts["account"] == account]
    mine = devices[devices["account_id"] == account]["device_id"]
    sharers = set(devices[devices["device_id"].isin(mine)]["account_id"]) - {account}
    return fact_sheet(
        Known(
            account=account,
            opened_on=known.opened_on,
            came=max(part[f"{method}_in"].max() for method in CONSERVING) if len(part) else Decimal(0),
            left=part["maximum"].max() if len(part) else Decimal(0),
            transfers=transfers_on(space, account, until=until),
            tainted=_tainted(traced),
            victims={name for name, role in roles.items() if role == Role.VICTIM},
            sharers=len(sharers),
            listed_on=known.listed_on,
            findings=known.findings[known.findings["subject_id"] == account],
        )
    )
