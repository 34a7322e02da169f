"""Graphs to look at, with real ids: an account's surroundings, a chain's layering network, a trace's dispersal tree."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from mulegraph.cases.build import add_transfers
from mulegraph.errors import UsageError
from mulegraph.lazy import networkx as nx
from mulegraph.views.chart import DAY
from mulegraph.workspace.annotate import with_known

if TYPE_CHECKING:
    from mulegraph.workspace.trace import TraceResult
    from mulegraph.workspace.workspace import Workspace

MAX_TRANSFERS = 5_000
"""Transfers of an account that a picture holds, the latest first; how many are left out is in the graph's `cut`."""
MIN_SHARE = Decimal("0.005")
"""Transfers that carried less than this of the traced money are not drawn: they are many, and lead to nobody's hold."""


def account_network(space: Workspace, account: str) -> nx.MultiDiGraph[str]:
    """An account and its latest transfers with its counterparties, and the devices that they share."""
    transfers = space.transfers_of(account)
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(account=account, cut=max(len(transfers) - MAX_TRANSFERS, 0))
    graph.add_node(account, kind="account", role="subject")
    add_transfers(graph, transfers.tail(MAX_TRANSFERS))
    known = [name for name, data in graph.nodes(data=True) if data["kind"] == "account"]
    for row in space.devices_of(known).itertuples():
        device = f"device {row.device_id}"
        graph.add_node(device, kind="device", role="")
        graph.add_edge(row.account_id, device, key=device, kind="used")
    return with_known(space, graph)


def chain_network(space: Workspace, chain: str) -> nx.MultiDiGraph[str]:
    """A chain, its accounts as subjects, with the others of its layering network."""
    table = space.chains(min_surprise=0.0)
    mine = table[table["chain"] == chain]
    if mine.empty:
        raise UsageError(f"chain '{chain}' is unknown", hint="See: mulegraph chains --format json")
    network = mine["network"].iloc[0]
    others = table[table["network"] == network] if network else mine
    ids = sorted({each for path in others["transfers"] for each in path})
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(surprise=mine["surprise"].iloc[0], chains=len(others))
    add_transfers(graph, space.transfers(ids))
    for account in mine["accounts"].iloc[0]:
        graph.nodes[account]["role"] = "subject" if graph.nodes[account]["kind"] == "account" else ""
    return with_known(space, graph)


def trace_network(space: Workspace, found: TraceResult) -> nx.MultiDiGraph[str]:
    """A trace's dispersal tree; its accounts are tokens or ids, as the trace was given out."""
    tree = found.graph(least=max(found.traced.values()) * MIN_SHARE)
    real = {node: space.real("account", node) for node, data in tree.nodes(data=True) if data["kind"] == "account"}
    tree.graph["amount_name"] = "traced at most"
    tree.graph["cut_why"] = f"those that carried under {MIN_SHARE:.1%} of what is traced"
    return with_known(space, nx.relabel_nodes(tree, real))


def notes_of(space: Workspace, graph: nx.MultiDiGraph[str]) -> list[str]:
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
        notes.append(f"{about['cut']:,} transfers are left out: {about.get('cut_why', 'those before the latest')}.")
    if about.get("findings_cut"):
        notes.append(f"{about['findings_cut']:,} weaker findings are left out.")
    return [" ".join(notes)]
