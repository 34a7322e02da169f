"""Pictures and the report of a workspace's latest run, as files that open offline."""

from __future__ import annotations

from pathlib import Path

import networkx as nx

from mulegraph.feed.store import write_atomically
from mulegraph.signs.base import all_signs
from mulegraph.views.chart import DAY
from mulegraph.views.network import network_page
from mulegraph.views.report import report_page
from mulegraph.views.tables import amounts, shown
from mulegraph.watch.scan import NOT_TESTABLE
from mulegraph.watch.trace import TraceResult
from mulegraph.watch.workspace import Workspace

CASES_IN_REPORT, CHAINS_IN_REPORT = 50, 25


def picture(space: Workspace, subject: str) -> str:
    """The page of a case, a chain or an account, told apart by their ids."""
    if subject.startswith("CASE-"):
        return case_picture(space, subject)
    if subject.startswith("CH-"):
        return chain_picture(space, subject)
    graph = space.account_graph(subject)
    facts = {"transfers": f"{_transfers(graph):,}"}
    return network_page(graph, title=f"Account {graph.graph['account']}", facts=facts, notes=_notes(space, graph))


def case_picture(space: Workspace, case: str) -> str:
    """A case: its accounts by role, the evidence between them, the devices that they share."""
    found = space.case(case)
    row, graph = found.row, found.graph()
    facts = {
        "score": shown(row["score"]),
        "accounts": str(len(row["accounts"])),
        "findings": str(len(row["findings"])),
    }
    if row["amount"] is not None:
        facts["amount"] = f"{shown(row['amount'])} {row['currency']}"
    return network_page(graph, title=case, facts=facts, notes=_notes(space, graph))


def chain_picture(space: Workspace, chain: str) -> str:
    """One chain, with the others of its layering network when it is in one."""
    graph = space.chain_graph(chain)
    facts = {"surprise": f"{graph.graph['surprise']:.1f} nats", "chains in its network": str(graph.graph["chains"])}
    return network_page(graph, title=chain, facts=facts, notes=_notes(space, graph))


def trace_picture(space: Workspace, found: TraceResult) -> str:
    """A trace: whom the money reached, in how many hops, and which banks to ask."""
    graph = space.trace_graph(found)
    what = ", ".join(found.chosen[:3]) + (f" and {len(found.chosen) - 3} more" if len(found.chosen) > 3 else "")
    title = f"{'Sources' if found.back else 'Trace'} of {what}"
    facts = {"traced": f"{amounts(found.traced.values())} {found.currency}", "accounts": f"{len(found.accounts):,}"}
    notes = ["An arrow's amount is the most of the traced money that the transfer carried.", *found.assumptions]
    return network_page(graph, title=title, facts=facts, notes=[*_notes(space, graph), *notes])


def _transfers(graph: nx.MultiDiGraph[str]) -> int:
    return sum(data["kind"] == "transfer" for *_, data in graph.edges(data=True))


def _notes(space: Workspace, graph: nx.MultiDiGraph[str]) -> list[str]:
    """What is masked, which time it is, and what was cut."""
    about = graph.graph
    if space.reveal is None:
        notes = [
            "Masked: accounts, people and devices are tokens, which every mulegraph command takes for the real ones."
        ]
    else:
        notes = [f"Not masked. Reason: {space.reveal}"]
    coarse = about.get("tick_seconds", 0) >= DAY
    notes.append("The ledger knows days only." if coarse else f"Times are in {about.get('zone', 'UTC')}.")
    if about.get("cut"):
        notes.append(f"{about['cut']:,} transfers are left out: those before the latest ones, or that carried least.")
    if about.get("findings_cut"):
        notes.append(f"{about['findings_cut']:,} weaker findings are left out.")
    return [" ".join(notes)]


def write_report(space: Workspace, folder: Path) -> list[Path]:
    """Write report.html and a picture for each of its cases; returns the report first."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = space.cases(top=CASES_IN_REPORT)
    pages = {case: f"{case}.html" for case in cases["case"]}
    for case, name in pages.items():
        write_atomically(folder / name, case_picture(space, case))
    manifest = space.run.manifest
    signs = [
        {
            "code": code,
            "findings": manifest["findings"].get(code, NOT_TESTABLE),
            "title": sign.title,
            "innocent_when": sign.innocent_when,
        }
        for code, sign in all_signs().items()
    ]
    facts = {
        "transfers": f"{space.ledger.rows('transfers'):,}",
        "accounts": f"{space.ledger.rows('accounts'):,}",
        "cases": f"{manifest['cases']:,}",
        "rejected rows": f"{manifest['rejects']:,}",
    }
    chains = space.chains(top=CHAINS_IN_REPORT).to_dict("records")
    text = report_page(
        space.run.name, facts=facts, signs=signs, cases=cases.to_dict("records"), chains=chains, pages=pages
    )
    write_atomically(folder / "report.html", text)
    return [folder / "report.html", *(folder / name for name in pages.values())]
