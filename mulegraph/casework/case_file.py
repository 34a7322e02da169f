"""All that is known of a case, gathered for its report: values as the ledger, the run and the journal have them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.balance import Step, balance
from mulegraph.casework.case_money import case_trace
from mulegraph.casework.hold_plan import hold_plan
from mulegraph.casework.hold_results import HoldPlan
from mulegraph.casework.request_acts import RequestRow, request_list
from mulegraph.casework.requests import askable_banks
from mulegraph.errors import UsageError
from mulegraph.lazy import pandas as pd
from mulegraph.schema import results
from mulegraph.schema.acts import CASE_STATE, JOURNAL
from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.disclosure import (
    ACCOUNT,
    AMOUNT,
    CURRENCY,
    DEVICE,
    MOMENT,
    NUMBER,
    OURS,
    TEXT,
    ByKey,
    Each,
    Record,
    Words,
    declared,
    ledger_record,
    record_of,
)
from mulegraph.schema.tables import ACCOUNT_KINDS
from mulegraph.workspace.case import Case
from mulegraph.workspace.questions import Word, question
from mulegraph.workspace.trace import TracedIn, ranged_methods
from mulegraph.workspace.workspace import Workspace

BEFORE, AFTER = timedelta(days=1), timedelta(days=3)
"""In and out of accounts is told from so long before the case's first evidence until so long after its last."""
ACCOUNTS_PLOTTED = 9
SHARE_STOPPED = 0.9
"""Of the stolen money, that the holds which the report names are to keep."""
BY_CURRENCY = ByKey(CURRENCY, AMOUNT)
CASE_ACCOUNT = Record(
    "accounts of a case",
    {
        "account_id": ACCOUNT,
        "role": results.ROLE,
        "bank": TEXT,
        "kind": Words(ACCOUNT_KINDS),
        "score": NUMBER,
        "came": BY_CURRENCY,
        "went": BY_CURRENCY,
    },
)
BALANCE = Record("balances", {"account_id": ACCOUNT, "role": results.ROLE, "steps": Each(record_of(Step))})
END = Record(
    "ends of a trace",
    {
        "bank": TEXT,
        "end": Words(results.ENDS),
        "transfers": NUMBER,
        "minimum": AMOUNT,
        "maximum": AMOUNT,
        "last_at": MOMENT,
    },
)
Rows = list[dict[str, Any]]


@declared
@dataclass(frozen=True)
class TracedMoneyIn:
    """Where a case's money of one currency is: what was followed, what stayed, what left our sight."""

    chosen: Annotated[list[str], Each(results.TRANSFER)]
    traced: Decimal
    currency: Annotated[str, CURRENCY]
    banks: Annotated[Rows, Each(results.TRACED_BANKS)]
    accounts: Annotated[Rows, Each(results.TRACED_ACCOUNTS)]
    ends: Annotated[Rows, Each(END)]
    seen_again: Annotated[Rows, Each(results.TRACED_AGAIN)]
    sums: Annotated[Rows, Each(results.TRACED_SUMS)]


@declared
@dataclass(frozen=True)
class TracedMoney(TracedMoneyIn):
    """All of it: `others` is what became of it in other currencies, one each."""

    others: list[TracedMoneyIn]
    assumptions: Annotated[list[str], Each(OURS)]


@declared
@dataclass(frozen=True)
class Proof:
    """What a report can be checked against."""

    ledger: Annotated[str, OURS]
    ledger_now: Annotated[str, OURS]
    code: Annotated[str, OURS]
    files: Annotated[dict[str, str], OURS]
    versions: Annotated[dict[str, str], OURS]
    settings: Annotated[dict[str, Any], OURS]
    journal_entries: int
    journal_last: Annotated[str, OURS]
    journal_wrong: Annotated[list[str], OURS]


@declared
@dataclass(frozen=True)
class CaseFile:
    """A case with all that a report of it tells. `trace` is None where its money cannot be followed: `no_trace`."""

    case: Annotated[str, results.CASE]
    run: Annotated[str, results.RUN]
    scanned_at: Annotated[str, MOMENT]
    until: datetime
    zone: Annotated[str, OURS]
    row: Annotated[dict[str, Any], results.CASES]
    state: Annotated[dict[str, Any], CASE_STATE]
    accounts: Annotated[Rows, Each(CASE_ACCOUNT)]
    devices: Annotated[Rows, Each(Record("devices of a case", {"device_id": DEVICE, "accounts": Each(ACCOUNT)}))]
    transfers: Annotated[Rows, Each(results.EVIDENCE)]
    balances: Annotated[Rows, Each(BALANCE)]
    findings: Annotated[pd.DataFrame, results.FINDINGS]
    thresholds: Annotated[dict[str, dict[str, Any]], OURS]
    chains: Annotated[Rows, Each(results.CHAINS)]
    least_nats: Annotated[float | None, NUMBER]
    reports: Annotated[Rows, Each(ledger_record("reports"))]
    signs: Annotated[dict[str, dict[str, str]], OURS]
    not_testable: Annotated[dict[str, list[str]], OURS]
    journey: Annotated[Rows, Each(results.JOURNEY)]
    trace: TracedMoney | None
    no_trace: Annotated[str, OURS]
    requests: list[RequestRow]
    sender: Annotated[str, TEXT]
    askable: Annotated[list[str], Each(TEXT)]
    holding: HoldPlan | None
    journal: Annotated[Rows, Each(JOURNAL)]
    proof: Proof


@question(record_of(CaseFile))
def case_file(space: Workspace, case: Word, *, language: Word = LANGUAGES[0]) -> CaseFile:
    """Everything that a case's report tells. Raises UsageError for a language that reasons are not in."""
    found = space.case(case)
    row, moved = found.row, found.transfers
    findings = found.findings_in(language)
    accounts, traced = _accounts(space, found, moved), _traced(space, found.id)
    money = traced if isinstance(traced, TracedMoney) else None
    manifest = found.run.manifest
    return CaseFile(
        case=found.id,
        run=found.run.name,
        scanned_at=manifest["started_at"],
        until=space.ledger.until,
        zone=space.settings.views.zone,
        row=row,
        state=found.state,
        accounts=accounts,
        devices=_devices(space, row["accounts"]),
        transfers=_with_signs(moved, findings),
        balances=_balances(space, row, accounts),
        findings=findings,
        thresholds=manifest["thresholds"],
        chains=found.chains.to_dict("records"),
        least_nats=manifest["flow"]["threshold"],
        reports=_reports(space, {*moved["transfer_id"], *(money.chosen if money else [])}),
        signs=found.run.signs,
        not_testable=manifest["not_testable"],
        journey=found.journey.to_dict("records"),
        trace=money,
        no_trace="" if isinstance(traced, TracedMoney) else traced,
        requests=request_list(space, case=found.id),
        sender=space.settings.requests.sender,
        askable=askable_banks(space, found.id) if money else [],
        holding=hold_plan(space, found.id, share=SHARE_STOPPED) if money else None,
        journal=[vars(entry) for entry in space.journal.entries() if entry.about == found.id],
        proof=_proof(space, found),
    )


def _accounts(space: Workspace, case: Case, moved: pd.DataFrame) -> list[dict[str, Any]]:
    """Accounts of the case: role, bank, kind, score, and what of the evidence came in and went out, by currency."""
    known = space.ledger.arrow("accounts", ["account_id", "bank", "kind"]).to_pandas().set_index("account_id")
    scores = case.run.table("scores")
    score_of = dict(zip(scores["account"].to_pylist(), scores["score"].to_pylist(), strict=True))
    came, went = _sums(moved, "target"), _sums(moved, "source")
    rows = []
    for account, role in zip(case.row["accounts"], case.row["roles"], strict=True):
        there = known.loc[account] if account in known.index else {"bank": None, "kind": None}
        rows.append(
            {
                "account_id": account,
                "role": role,
                "bank": there["bank"],
                "kind": there["kind"],
                "score": score_of.get(account, 0.0),
                "came": came[account],
                "went": went[account],
            }
        )
    return rows


def _sums(moved: pd.DataFrame, side: str) -> dict[str, dict[str, Decimal]]:
    """Amount by currency, by the account on one side."""
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for (account, currency), part in moved.groupby([side, "currency"]):
        found[account][currency] = part["amount"].sum()
    return found


def _devices(space: Workspace, accounts: list[str]) -> list[dict[str, Any]]:
    """Devices that several of the accounts share, and who uses them."""
    pairs = space.devices_of(accounts)
    made = []
    for device, part in pairs.groupby("device_id"):
        made.append({"device_id": device, "accounts": sorted(part["account_id"])})
    return made


def _with_signs(moved: pd.DataFrame, findings: pd.DataFrame) -> list[dict[str, Any]]:
    """The evidence in order of time, each transfer with the signs that rest on it."""
    signs: dict[str, set[str]] = defaultdict(set)
    for sign, evidence in zip(findings["sign"], findings["evidence"], strict=True):
        for each in evidence:
            signs[each].add(sign)
    columns = "transfer_id source target amount currency at channel place".split()
    rows = moved[columns].astype(object).where(moved[columns].notna(), None).to_dict("records")
    return [{**row, "signs": sorted(signs[row["transfer_id"]])} for row in rows]


def _balances(space: Workspace, row: dict[str, Any], accounts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In, out and what remains of the accounts that passed most on, from all their transfers around the case."""
    if row["first_at"] is None:
        return []
    found = []
    currency = row["currency"] or next((code for each in accounts for code in (*each["came"], *each["went"])), None)
    for each in sorted(accounts, key=lambda each: _weight(each, currency))[:ACCOUNTS_PLOTTED]:
        name = each["account_id"]
        moved = space.transfers_of(name, since=row["first_at"] - BEFORE, until=row["last_at"] + AFTER)
        steps = balance(name, moved[moved["currency"] == currency].to_dict("records"))
        if steps:
            found.append({"account_id": name, "role": each["role"], "steps": steps})
    return found


def _weight(account: dict[str, Any], currency: str | None) -> tuple[Any, ...]:
    came, went = (account[side].get(currency, Decimal(0)) for side in ("came", "went"))
    return (-min(came, went), -(came + went), account["account_id"])


def _reports(space: Workspace, transfers: set[str]) -> list[dict[str, Any]]:
    """Reports of fraud about these payments; what victims told is not in it."""
    rows = space.ledger.arrow("reports", ["report_id", "transfer_id", "victim_account", "reported_at"])
    mine = rows.filter(pc.is_in(rows["transfer_id"], value_set=pa.array(sorted(transfers), pa.string())))
    return sorted(mine.to_pylist(), key=lambda row: (row["reported_at"], row["report_id"]))


def _traced(space: Workspace, case: str) -> TracedMoney | str:
    """Where the case's money is, or why it cannot be followed."""
    try:
        found = case_trace(space, case)
    except UsageError as error:
        return error.problem
    others = [_traced_in(each) for each in found.others]
    return TracedMoney(**vars(_traced_in(found)), others=others, assumptions=list(found.assumptions))


def _traced_in(found: TracedIn) -> TracedMoneyIn:
    frontier = found.frontier
    # A missing bank is none in a frame of objects, and a number that is none in one of texts.
    asked = [each if isinstance(each, str) else None for each in frontier["bank"]]
    ends: dict[tuple[str | None, str], list[dict[str, Any]]] = defaultdict(list)
    for bank, row in zip(asked, frontier.to_dict("records"), strict=True):
        ends[bank, row["end"]].append(row)
    return TracedMoneyIn(
        chosen=found.chosen,
        traced=max(found.traced.values()),
        currency=found.currency,
        banks=found.banks.to_dict("records"),
        accounts=found.accounts[["account", "bank", "generation", "minimum", "maximum"]]
        .query("maximum > 0")
        .sort_values(["maximum", "account"], ascending=[False, True])
        .to_dict("records"),
        ends=[_end(bank, end, rows, ranged_methods(found.methods)) for (bank, end), rows in ends.items()],
        seen_again=found.seen_again.to_dict("records"),
        sums=found.sums.to_dict("records"),
    )


def _end(bank: str | None, end: str, rows: list[dict[str, Any]], methods: tuple[str, ...]) -> dict[str, Any]:
    """What left to a bank, in cash, or otherwise: each rule summed by itself, since no two are true at once."""
    sums = [sum(row[f"{method}_amount"] for row in rows) for method in methods]
    last = max(row["at"] for row in rows)
    amounts = {"minimum": min(sums), "maximum": max(sums)}
    return {"bank": bank, "end": end, "transfers": len(rows), **amounts, "last_at": last}


def _proof(space: Workspace, case: Case) -> Proof:
    """What the report can be checked against."""
    manifest, journal = case.run.manifest, space.journal.verify()
    return Proof(
        ledger=manifest["ledger"]["hash"],
        ledger_now=space.ledger.hash,
        code=manifest["code"],
        files=manifest["files"],
        versions=manifest["versions"],
        settings=manifest["settings"],
        journal_entries=journal.entries,
        journal_last=journal.last,
        journal_wrong=journal.wrong,
    )
