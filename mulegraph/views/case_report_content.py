"""All that the report of a case holds, asked of the workspace in one question, so that it is masked as a whole."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.balance import balance
from mulegraph.casework.acts import state_of
from mulegraph.casework.holds import holds
from mulegraph.casework.requests import case_trace
from mulegraph.errors import UsageError
from mulegraph.files import write_output
from mulegraph.privacy.door import outward
from mulegraph.schema.tables import CASH_IN, CASH_OUT
from mulegraph.signs.wording import LANGUAGES
from mulegraph.views.case_report import case_document
from mulegraph.views.document import Document
from mulegraph.views.drawing import drawing
from mulegraph.views.tables import collapse_patterns
from mulegraph.workspace.case import Case

if TYPE_CHECKING:
    from mulegraph.workspace.workspace import Workspace

BEFORE, AFTER = pd.Timedelta(days=1), pd.Timedelta(days=3)
"""In and out of accounts is told from so long before the case's first evidence until so long after its last."""
ACCOUNTS_PLOTTED = 9
SHARE_STOPPED = 0.9
"""Of the case's flow, by the holds that the report names."""


class CaseReport:
    """The report of one case."""

    def __init__(self, case: Case) -> None:
        self.workspace, self._case = case.workspace, case

    @outward
    def content(self, *, language: str = LANGUAGES[0]) -> dict[str, Any]:
        """Everything that stands in it: values as the ledger, the run and the journal have them.

        Raises UsageError for a language that reasons are not in, and where nobody could mask an account.
        """
        space, case = self.workspace, self._case
        check_maskable(space, case.id, pa.chunked_array([[case.row["accounts"]]], pa.list_(pa.string())))
        row, findings, moved = case.row, case.told(language), case.transfers
        accounts = _accounts(case, moved)
        trace, no_trace = _trace(space, case.id)
        chosen = trace["chosen"] if trace else []
        return {
            "case": case.id,
            "run": case.run.name,
            "scanned_at": case.run.manifest["started_at"],
            "until": space.ledger.until,
            "zone": space.settings.views.zone,
            "revealed": space.reveal is not None,
            "row": row,
            "state": asdict(state_of(space, case.id)),
            "accounts": accounts,
            "devices": _devices(space, row["accounts"]),
            "transfers": _with_signs(moved, findings),
            "balances": _balances(space, row, accounts),
            "stories": _stories(case, findings),
            "chains": case.chains.to_dict("records"),
            "least_nats": case.run.manifest["flow"]["threshold"],
            "reports": _reports(space, {*moved["transfer_id"], *chosen}),
            "signs": case.run.signs,
            "not_testable": case.run.manifest["not_testable"],
            "journey": case.journey.to_dict("records"),
            "trace": trace,
            "no_trace": no_trace,
            "holds": holds(space, case.id, share=SHARE_STOPPED) if trace else [],
            "journal": [vars(entry) for entry in space.journal.entries() if entry.about == case.id],
            "proof": _proof(space, case),
        }

    def document(self, *, language: str = LANGUAGES[0]) -> Document:
        """The report, to be written as a page or as PDF."""
        return case_document(self.content(language=language), drawing(self._case.graph()))


def write_case_report(space: Workspace, case: str, folder: Path, *, language: str = LANGUAGES[0]) -> list[Path]:
    """Write `CASE-….report.html` and `.pdf`; returns both. Raises UsageError for an unknown case or folder."""
    found = CaseReport(space.case(case)).document(language=language)
    name = report_name(case)
    return [write_output(folder / f"{name}.html", found.page), write_output(folder / f"{name}.pdf", found.pdf)]


def report_name(case: str) -> str:
    """The name of a case's report, beside the picture, which is called as the case is."""
    return f"{case}-report"


def check_maskable(space: Workspace, what: str, accounts: pa.ChunkedArray) -> None:
    """Values are masked by knowing them: accounts (lists of ids) that the ledger lost would be shown as they are.

    Raises UsageError, unless there is a reason to reveal them.
    """
    named = pc.unique(pc.list_flatten(accounts)).drop_null()
    known = pa.concat_arrays([space.ledger.account_ids, pa.array([CASH_IN, CASH_OUT], pa.string())])
    lost = len(named) - pc.sum(pc.is_in(named, value_set=known).cast("int64"), min_count=0).as_py()
    if lost and space.reveal is None:
        raise UsageError(
            f"{what} names {lost:,} accounts that this ledger does not hold: they cannot be masked",
            hint='Give a reason to see them as they are: --reveal "why"',
        )


def _accounts(case: Case, moved: pd.DataFrame) -> list[dict[str, Any]]:
    """Accounts of the case: role, bank, kind, score, and what of the evidence came in and went out, by currency."""
    space = case.workspace
    known = space.ledger.arrow("accounts", ["account_id", "bank", "kind"]).to_pandas().set_index("account_id")
    scores = case.run.table("scores")
    score_of = dict(zip(scores["account"].to_pylist(), scores["score"].to_pylist(), strict=True))
    came, went = _sums(moved, "target"), _sums(moved, "source")
    rows = []
    for account, role in zip(case.row["accounts"], case.row["roles"], strict=True):
        there = known.loc[account] if account in known.index else {"bank": None, "kind": None}
        rows.append(
            {
                "account_id": account, "role": role, "bank": there["bank"], "kind": there["kind"],
                "score": score_of.get(account, 0.0), "came": came[account], "went": went[account],
            }
        )  # fmt: skip
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
    return [
        {"device_id": device, "accounts": sorted(part["account_id"])} for device, part in pairs.groupby("device_id")
    ]


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
            found.append({"account_id": name, "role": each["role"], "steps": [vars(step) for step in steps]})
    return found


def _weight(account: dict[str, Any], currency: str | None) -> tuple[Any, ...]:
    came, went = (account[side].get(currency, Decimal(0)) for side in ("came", "went"))
    return (-min(came, went), -(came + went), account["account_id"])


def _stories(case: Case, findings: pd.DataFrame) -> list[dict[str, Any]]:
    """Findings, one a story, with the thresholds that the case's own run had."""
    limits = case.run.manifest["thresholds"]
    return [{**row, "thresholds": limits[row["sign"]]} for row in collapse_patterns(findings).to_dict("records")]


def _reports(space: Workspace, transfers: set[str]) -> list[dict[str, Any]]:
    """Reports of fraud about these payments; what victims told is not in it."""
    rows = space.ledger.arrow("reports", ["report_id", "transfer_id", "victim_account", "reported_at"])
    mine = rows.filter(pc.is_in(rows["transfer_id"], value_set=pa.array(sorted(transfers), pa.string())))
    return sorted(mine.to_pylist(), key=lambda row: (row["reported_at"], row["report_id"]))


def _trace(space: Workspace, case: str) -> tuple[dict[str, Any] | None, str]:
    """Where the case's money is, or why it cannot be followed."""
    try:
        found = case_trace(space, case)
    except UsageError as error:
        return None, error.problem
    frontier = found.frontier
    asked = frontier["bank"].where(frontier["bank"].notna(), None) if len(frontier) else []
    ends: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for bank, row in zip(asked, frontier.to_dict("records"), strict=True):
        amounts = [row[f"{method}_amount"] for method in found.methods if method != "poison"]
        ends[bank].append({"minimum": min(amounts), "maximum": max(amounts), "at": row["at"]})
    return {
        "chosen": found.chosen,
        "traced": max(found.traced.values()),
        "currency": found.currency,
        "banks": found.banks.to_dict("records"),
        "accounts": found.accounts[["account", "bank", "generation", "minimum", "maximum"]]
        .query("maximum > 0")
        .sort_values(["maximum", "account"], ascending=[False, True])
        .to_dict("records"),
        "ends": [
            {
                "bank": bank,
                "transfers": len(rows),
                "minimum": sum(each["minimum"] for each in rows),
                "maximum": sum(each["maximum"] for each in rows),
                "last_at": max(each["at"] for each in rows),
            }
            for bank, rows in ends.items()
        ],
        "assumptions": list(found.assumptions),
    }, ""


def _proof(space: Workspace, case: Case) -> dict[str, Any]:
    """What the report can be checked against."""
    manifest, journal = case.run.manifest, space.journal.verify()
    return {
        "ledger": manifest["ledger"]["hash"],
        "ledger_now": space.ledger.hash,
        "code": manifest["code"],
        "files": manifest["files"],
        "versions": manifest["versions"],
        "settings": manifest["settings"],
        "journal_entries": journal.entries,
        "journal_last": journal.last,
        "journal_wrong": journal.wrong,
    }
