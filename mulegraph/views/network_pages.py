"""Pictures of what a workspace's latest run found, as pages that open offline."""

from __future__ import annotations

from mulegraph.errors import UsageError
from mulegraph.lazy import networkx as nx
from mulegraph.views.network import network_page
from mulegraph.views.tables import amounts, collapse_patterns, shown
from mulegraph.workspace.network_graphs import notes_of
from mulegraph.workspace.trace import TraceResult
from mulegraph.workspace.workspace import Workspace


def picture(space: Workspace, subject: str) -> str:
    """The page of a case, a chain, an account, or the trace of a payment or of a report's, told apart by their ids."""
    if subject.startswith("CASE-"):
        return case_picture(space, subject)
    if subject.startswith("CH-"):
        return chain_picture(space, subject)
    if not space.knows_account(subject):
        if space.ledger.row_of([subject]):
            return trace_picture(space, space.trace([subject]))
        if subject in space.ledger.arrow("reports", ["report_id"]).column(0).to_pylist():
            return trace_picture(space, space.trace(reports=[subject]))
        hint = "See mulegraph case list, chains and account --top 20; what a finding is tells mulegraph explain."
        raise UsageError(f"'{subject}' is no case, chain, account, payment or report of this ledger", hint=hint)
    graph = space.account_graph(subject)
    known = graph.nodes[graph.graph["account"]]
    facts = {
        "score": shown(known.get("score", 0.0)),
        "bank": shown(known.get("bank")),
        "cases": " ".join(known.get("cases", [])) or "none",
        "transfers": f"{_transfers(graph):,}",
    }
    return network_page(graph, title=f"Account {graph.graph['account']}", facts=facts, notes=notes_of(space, graph))


def case_picture(space: Workspace, case: str) -> str:
    """A case: its accounts by role, the evidence between them, the devices that they share."""
    found = space.case(case)
    row, graph = found.row, found.graph()
    facts = {
        "score": shown(row["score"]),
        "accounts of the case": str(len(row["accounts"])),
        "findings": str(len(collapse_patterns(found.findings))),
    }
    if row["amount"] is not None:
        facts["entered its chains"] = f"{shown(row['amount'])} {row['currency']}"
    return network_page(graph, title=case, facts=facts, notes=notes_of(space, graph))


def chain_picture(space: Workspace, chain: str) -> str:
    """One chain, with the others of its layering network when it is in one."""
    graph = space.chain_graph(chain)
    facts = {"surprise": f"{graph.graph['surprise']:.1f} nats", "chains in its network": str(graph.graph["chains"])}
    return network_page(graph, title=chain, facts=facts, notes=notes_of(space, graph))


def trace_picture(space: Workspace, found: TraceResult) -> str:
    """A trace: whom the money reached, in how many hops, and which banks to ask."""
    graph = space.trace_graph(found)
    what = ", ".join(found.chosen[:3]) + (f" and {len(found.chosen) - 3} more" if len(found.chosen) > 3 else "")
    title = f"{'Sources' if found.back else 'Trace'} of {what}"
    facts = {"traced": f"{amounts(found.traced.values())} {found.currency}", "accounts": f"{len(found.accounts):,}"}
    notes = ["An arrow's amount is the most of the traced money that the transfer carried.", *found.assumptions]
    return network_page(graph, title=title, facts=facts, notes=[*notes_of(space, graph), *notes])


def _transfers(graph: nx.MultiDiGraph[str]) -> int:
    return sum(data["kind"] == "transfer" for *_, data in graph.edges(data=True))
