"""Graphs to look at: an account's surroundings, a chain's layering network, a trace's dispersal tree."""

from __future__ import annotations

from mulegraph.cases.build import add_transfers
from mulegraph.errors import UsageError
from mulegraph.lazy import networkx as nx
from mulegraph.schema import results
from mulegraph.schema.nodes import node_id
from mulegraph.workspace import listings
from mulegraph.workspace.annotate import with_known
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.questions import AccountId, Word, question
from mulegraph.workspace.trace import TraceResult
from mulegraph.workspace.trace_tree import dispersal_tree

MAX_TRANSFERS = 5_000
"""Transfers of an account that a picture holds, the latest first; how many are left out is in the graph's `cut`."""


@question(results.GRAPH)
def account_network(space: WorkspaceBase, account: AccountId) -> nx.MultiDiGraph[str]:
    """An account and its latest transfers with its counterparties, and the devices that they share."""
    transfers = listings.transfers_of(space, space.check_account(account))
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(account=account, cut=max(len(transfers) - MAX_TRANSFERS, 0))
    graph.add_node(account, kind="account", role="subject")
    add_transfers(graph, transfers.tail(MAX_TRANSFERS))
    known = [name for name, data in graph.nodes(data=True) if data["kind"] == "account"]
    for row in listings.devices_of(space, known).itertuples():
        device = node_id("device", row.device_id)
        graph.add_node(device, kind="device", role="")
        graph.add_edge(row.account_id, device, key=device, kind="used")
    return with_known(space, graph)


@question(results.GRAPH)
def chain_network(space: WorkspaceBase, chain: Word) -> nx.MultiDiGraph[str]:
    """A chain, whose accounts are the graph's `path`, with the others of its layering network.

    Accounts have the role that they have in the case that holds the chain; where none does, they have none.
    """
    table = listings.chains(space, min_surprise=0.0)
    mine = table[table["chain"] == chain]
    if mine.empty:
        raise UsageError("chain '{chain}' is unknown", hint="See: mulegraph chains --format json", chain=chain)
    network = mine["network"].iloc[0]
    others = table[table["network"] == network] if network else mine
    ids = sorted({each for path in others["transfers"] for each in path})
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(surprise=mine["surprise"].iloc[0], chains=len(others))
    add_transfers(graph, listings.transfers(space, ids))
    graph.graph["path"] = [each for each in mine["accounts"].iloc[0] if graph.nodes[each]["kind"] == "account"]
    cases = space.run.table("cases").select(["accounts", "roles", "chains"]).to_pylist()
    for case in cases:
        if chain in case["chains"]:
            for account, role in zip(case["accounts"], case["roles"], strict=True):
                if account in graph:
                    graph.nodes[account]["role"] = role
    return with_known(space, graph)


@question(results.GRAPH)
def trace_network(space: WorkspaceBase, found: TraceResult) -> nx.MultiDiGraph[str]:
    """A trace's dispersal tree, with what is known of its accounts."""
    tree = dispersal_tree(found)
    tree.graph["amount_name"] = "traced"
    tree.graph["cut_why"] = "those that carried least"
    return with_known(space, tree)
