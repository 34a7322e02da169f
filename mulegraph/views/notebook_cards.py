"""What a notebook shows of a case, an account, a trace or a scan, and the pages that it shows in a frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mulegraph.files import write_output
from mulegraph.lazy import networkx as nx
from mulegraph.privacy.masked_case import MaskedCase
from mulegraph.schema import listings
from mulegraph.views.display import card, framed, line, still, table
from mulegraph.views.drawing import drawing
from mulegraph.views.tables import amounts, case_money, collapse_patterns, made_of, shown
from mulegraph.workspace.account_page import AccountPage, Moved
from mulegraph.workspace.facts import ScanFacts
from mulegraph.workspace.trace import TraceResult
from mulegraph.workspace.trace_tree import dispersal_tree

MAX_DRAWN = 40
"""Marks that a still picture shows; more cannot be told apart in a cell."""


@dataclass(frozen=True)
class View:
    """An interactive page: a notebook shows it in a frame, `save` writes it as a file that opens with no network."""

    title: str
    page: str

    def _repr_html_(self) -> str:
        return framed(self.page, self.title)

    def __repr__(self) -> str:
        return f"<view of {self.title}, {len(self.page) // 1024} KiB>"

    def save(self, path: Path | str) -> Path:
        """Write the page. Raises UsageError where that cannot be."""
        return write_output(Path(path), self.page)


def case_card(case: MaskedCase) -> str:
    """Facts, picture, roles and signs of a case."""
    row, findings = case.row, case.findings
    state = case.state
    facts = {
        "score": f"{row['score']:.2f} = {made_of(row['made_of'])}",
        "amount": case_money(row) or "no chain",
        "from": row["first_at"],
        "to": row["last_at"],
        "status": state["status"],
    }
    roles = []
    for role, members in case.accounts.groupby("role")["account_id"]:
        roles.append({"role": role, "many": len(members), "accounts": list(members)})
    told = collapse_patterns(findings).assign(
        innocent=[_innocent(each) for each in collapse_patterns(findings)["benign"]]
    )
    return card(
        case.id,
        {name: value for name, value in facts.items() if value is not None},
        _picture(case.network(), f"{case.id}: who paid whom"),
        table(roles, {"role": "role", "many": "accounts", "accounts": "which"}, "Roles"),
        table(told.to_dict("records"), listings.FINDINGS_WITH_BENIGN, "Signs"),
    )


def account_card(known: AccountPage) -> str:
    """Facts, signs, chains, devices and neighbours of an account."""
    facts = {
        "kind": known.kind,
        "bank": known.bank,
        "score": f"{known.score:.2f}" + (f" = {made_of(known.parts)}" if known.parts else ""),
        "received": _sums(known.received, known.currency),
        "paid": _sums(known.paid, known.currency),
        "on lists": ", ".join(known.listed_on) or "none",
        "cases": " ".join(known.cases["case"]) or "none",
    }
    found = collapse_patterns(known.findings)
    found = found.assign(innocent=[_innocent(each) for each in found["benign"]])
    return card(
        known.account_id,
        facts,
        table(found.to_dict("records"), listings.FINDINGS_WITH_BENIGN, "Signs"),
        table(known.chains.to_dict("records"), listings.CHAINS_IN_SHORT, "Chains"),
        table(known.devices.to_dict("records"), listings.DEVICES, "Devices"),
        table(known.neighbours.to_dict("records"), listings.NEIGHBOURS, "Neighbours"),
    )


def trace_card(found: TraceResult) -> str:
    """What was traced, where it is, by account and bank."""
    most = found.accounts.sort_values(["maximum"], ascending=False, kind="stable")
    return card(
        traced(found),
        {
            "traced": f"{amounts(found.traced.values())} {found.currency}",
            "accounts": f"{len(found.accounts):,}",
            "left our sight": f"{len(found.frontier):,}",
        },
        *map(line, found.assumptions),
        _picture(dispersal_tree(found), "the dispersal tree"),
        table(
            found.banks.to_dict("records"),
            listings.TRACED_BANKS,
            "Own money, by bank" if found.back else "Still there, by bank",
        ),
        table(most.to_dict("records"), listings.TRACED_IN_SHORT, "Accounts"),
    )


def scan_card(result: ScanFacts) -> str:
    """Findings by sign, what could not be tested, and what the scan cost."""
    counts: dict[str, Any] = {**result.findings, **dict.fromkeys(result.not_testable, "not testable")}
    rows = []
    for code in sorted(counts):
        rows.append({"sign": code, "findings": counts[code], "needs": ", ".join(result.not_testable.get(code, []))})
    return card(
        f"Scan {result.run.name}",
        {
            "cases": f"{result.cases:,}",
            "rejected rows": f"{result.rejects:,}",
            "seconds": f"{result.elapsed:.1f}",
            "memory": f"{result.peak_mb:,} MB",
        },
        table(rows, {"sign": "sign", "findings": "findings", "needs": "needs"}, "Findings"),
    )


def _picture(graph: nx.MultiDiGraph[str], told: str) -> Any:
    """The graph as an image, which shows as many marks as a cell has room for, others in combos."""
    if not len(graph):
        return line("Nothing to draw.")
    return still(drawing(graph, most=MAX_DRAWN), told)


def traced(found: TraceResult) -> str:
    """What was traced, in words."""
    return f"{'Sources' if found.back else 'Trace'} of {', '.join(found.chosen[:3])}"


def _innocent(benign: dict[str, str]) -> str:
    return ", ".join(name for name, result in benign.items() if result == "passed") or "no test passed"


def _sums(sums: Moved, currency: str) -> str:
    return f"{sums.transfers:,} transfers, {shown(sums.amount)} {currency}"
