"""Pictures of what a workspace's latest run found, as pages that open offline."""

from __future__ import annotations

import networkx as nx

from mulegraph.errors import BadUse
from mulegraph.triage.cases import add_transfers
from mulegraph.views.network import network_page
from mulegraph.views.tables import shown
from mulegraph.watch.workspace import Workspace


def picture(space: Workspace, subject: str) -> str:
    """The page of a case, a chain or an account, told apart by their ids."""
    if subject.startswith("CASE-"):
        return case_picture(space, subject)
    if subject.startswith("CH-"):
        return chain_picture(space, subject)
    graph = space.account_graph(subject)
    return network_page(
        graph, title=f"Account {graph.graph['account']}", facts={"latest transfers": str(_transfers(graph))}
    )


def case_picture(space: Workspace, case: str) -> str:
    """A case: its accounts by role, the evidence between them, the devices that they share."""
    found = space.case(case)
    row = found.row
    facts = {
        "score": shown(row["score"]),
        "accounts": str(len(row["accounts"])),
        "findings": str(len(row["findings"])),
    }
    if row["amount"] is not None:
        facts["amount"] = f"{shown(row['amount'])} {row['currency']}"
    return network_page(found.graph(), title=case, facts=facts)


def chain_picture(space: Workspace, chain: str) -> str:
    """One chain, with the others of its layering network when it is in one."""
    table = space.chains(min_surprise=0.0)
    mine = table[table["chain"] == chain]
    if mine.empty:
        raise BadUse(f"chain '{chain}' is unknown", do="See: mulegraph chains --format json")
    network = mine["network"].iloc[0]
    others = table[table["network"] == network] if network else mine
    ids = sorted({each for path in others["transfers"] for each in path})
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    add_transfers(graph, space.transfers(ids))
    for account in mine["accounts"].iloc[0]:
        graph.nodes[account]["role"] = "subject" if graph.nodes[account]["kind"] == "account" else ""
    facts = {"surprise": f"{mine['surprise'].iloc[0]:.1f} nats", "chains in its network": str(len(others))}
    return network_page(graph, title=chain, facts=facts)


def _transfers(graph: nx.MultiDiGraph[str]) -> int:
    return sum(data["kind"] == "transfer" for *_, data in graph.edges(data=True))
