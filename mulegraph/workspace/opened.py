"""A case from a call: made of the payments that somebody told of, before any sign has found its story."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.build import score_of
from mulegraph.flow.tracing import CONSERVING
from mulegraph.lazy import pandas as pd
from mulegraph.schema.findings import CASES, Role
from mulegraph.settings import TraceSettings
from mulegraph.signs.base import Sign
from mulegraph.workspace.trace import TraceResult
from mulegraph.workspace.trace_payments import Following, Source, Times, trace_payments


def case_id(payments: Iterable[str]) -> str:
    """The id of a case that begins with these payments."""
    return "CASE-" + hashlib.blake2b(" ".join(sorted(payments)).encode(), digest_size=4).hexdigest()


def opened_case(
    source: Source,
    settings: TraceSettings,
    case: str,
    payments: list[str],
    *,
    findings: pa.Table,
    signs: Mapping[str, Sign],
) -> pa.Table:
    """One row of `CASES`: whom the payments' money reached for the most part, and what signs found of them."""
    ledger, following = source.ledger, Following(settings.days, settings.min_share)
    found = trace_payments(source, payments, following, Times(), methods=tuple(CONSERVING))
    roles, moved = _roles(found)
    mine = _findings_of(findings, moved)
    score, made_of = score_of(mine, signs) if len(mine) else (0.0, [])
    rows = ledger.transfer_rows(ledger.row_numbers(pa.array(moved, pa.string())), ["at"])
    stolen = max(found.traced.values())
    return CASES.table(
        {
            "case": [case],
            "score": [score],
            "made_of": [made_of],
            "accounts": [sorted(roles)],
            "roles": [[str(roles[name]) for name in sorted(roles)]],
            "findings": [sorted(mine["finding"].to_pylist())],
            "chains": [[]],
            "first_at": [rows["at"].min()],
            "last_at": [rows["at"].max()],
            "amount": [stolen],
            "currency": [found.currency],
            "amounts": [[(found.currency, stolen)]],
            "seeds": [sorted(payments)],
        }
    )


def _roles(found: TraceResult) -> tuple[dict[str, Role], list[str]]:
    """Roles of accounts that payments reached of which half is traced under every rule, and those payments."""
    steps = pd.concat([each.steps for each in found.in_currencies])
    chosen, roles = set(found.chosen), dict[str, Role]()
    mostly = []
    # A balance may show that money is gone without a payment that says so: then nobody did anything.
    paid = steps[steps["transfer"].notna()]
    for row in paid.sort_values(["generation", "at", "transfer"], kind="stable").to_dict("records"):
        if row["transfer"] in chosen or 2 * row["minimum"] >= row["whole"]:
            mostly.append(row)
    for row in mostly:
        payer, payee = row["source"], row["target"]
        if row["transfer"] in chosen and isinstance(payer, str):
            roles[payer] = Role.VICTIM
        if isinstance(payee, str):
            roles.setdefault(payee, Role.COLLECTOR if row["transfer"] in chosen else Role.BENEFICIARY)
    for row in mostly:
        payer = row["source"]
        if isinstance(payer, str) and payer != row["target"] and roles.get(payer) is Role.BENEFICIARY:
            roles[payer] = Role.RELAY if isinstance(row["target"], str) else Role.CASH_OUT
    return roles, list(dict.fromkeys(row["transfer"] for row in mostly))


def _findings_of(findings: pa.Table, moved: list[str]) -> pa.Table:
    """Findings that rest on these payments."""
    lists = findings["evidence"].combine_chunks()
    named = pc.is_in(pc.list_flatten(lists), value_set=pa.array(moved, pa.string()))
    places = pc.unique(pc.list_parent_indices(lists).filter(named))
    return findings.take(places.sort())


def not_in(cases: pa.Table, opened: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Opened cases that a table of cases does not hold, with their payments."""
    there = set(cases["case"].to_pylist())
    return {case: payments for case, payments in sorted(opened.items()) if case not in there}


def with_opened(cases: pa.Table, more: Iterable[pa.Table]) -> pa.Table:
    """Cases and opened ones together, best first."""
    whole = pa.concat_tables([cases, *more])
    order = [("score", "descending"), ("amount", "descending"), ("case", "ascending")]
    return whole.take(pc.sort_indices(whole, order))


def with_called(cases: pa.Table, called: Mapping[str, pa.Table]) -> pa.Table:
    """Cases of a run, and whom the payments reached that somebody has opened or put into them since.

    A case that a sign found about one account had no victim, no payee and no sum, whoever called.
    """
    theirs = pc.is_in(cases["case"], value_set=pa.array(sorted(called), pa.string()))
    rows = [_with_payments(row, called[row["case"]].to_pylist()[0]) for row in cases.filter(theirs).to_pylist()]
    return _put_in(cases, theirs, rows)


def _put_in(cases: pa.Table, theirs: pa.ChunkedArray, rows: list[dict[str, Any]]) -> pa.Table:
    """Cases with these rows in the places that are `theirs`. A night has thousands, of which a call changes one."""
    if not rows:
        return cases
    places = np.where(theirs.to_numpy(), len(cases) + np.cumsum(theirs.to_numpy()) - 1, np.arange(len(cases)))
    return pa.concat_tables([cases, pa.Table.from_pylist(rows, cases.schema)]).take(pa.array(places))


def _with_payments(row: dict[str, Any], called: Mapping[str, Any]) -> dict[str, Any]:
    """A case with the accounts of its payments' trace; a role that signs gave stays, but for one that says nothing."""
    roles = dict(zip(called["accounts"], called["roles"], strict=True))
    given = zip(row["accounts"], row["roles"], strict=True)
    roles |= {name: role for name, role in given if role != Role.NAMED or name not in roles}
    money = {} if row["amount"] is not None else {name: called[name] for name in ("amount", "currency", "amounts")}
    times = [min(row["first_at"], called["first_at"]), max(row["last_at"], called["last_at"])]
    names = sorted(roles)
    return {
        **row,
        **money,
        "accounts": names,
        "roles": [roles[name] for name in names],
        "first_at": times[0],
        "last_at": times[1],
        "seeds": sorted({*(row["seeds"] or ()), *called["seeds"]}),
    }
