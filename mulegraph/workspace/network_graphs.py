"""Graphs to look at: an account's surroundings, a chain's layering network, a trace's dispersal tree."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from mulegraph.cases.build import add_transfers
from mulegraph.errors import UsageError
from mulegraph.flow.hops import FORWARD
from mulegraph.lazy import networkx as nx
from mulegraph.schema import results
from mulegraph.schema.nodes import node_id
from mulegraph.workspace import listings
from mulegraph.workspace.annotate import with_known
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.questions import AccountId, SubjectId, Word, question
from mulegraph.workspace.trace import TraceResult
from mulegraph.workspace.trace_tree import dispersal_tree

MAX_HOPS = 4
"""Transfers of a way between two accounts: beyond that nearly everybody can have paid everybody."""
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
def path_network(
    space: WorkspaceBase, account: AccountId, to: AccountId, *, hops: int | None = None
) -> nx.MultiDiGraph[str]:
    """Ways by which money can have come from one account to another in so many transfers, in order of time.

    Of the transfers between two neighbours the earliest that can follow stands for all; no way leads through a hub, and
    no more than `hops.MAX_TRANSFERS` are looked at. The graph's `hops` are the most, `ways` how many there are. Raises
    UsageError where there is none.
    """
    ends = [space.check_account(account), space.check_account(to)]
    first, last = (int(each) for each in space.ledger.account_numbers(ends))
    most = hops or MAX_HOPS
    if first == last:
        raise UsageError("a path needs two accounts", hint="Name another account after --to.")
    found = list(space.neighbours.paths(first, {last}, hops=most, direction=FORWARD, time_respecting=True))
    if not found:
        hint = "Ask the other way round, or trace a payment: mulegraph trace PAYMENT."
        raise UsageError(
            "no money of {account} can have come to {to} in {hops} transfers in order of time",
            hint=hint,
            account=account,
            to=to,
            hops=most,
        )
    moved = space.neighbours.transfers
    used = np.array(sorted({each for path in found for each in path.transfers}), np.int64)
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(payer=account, payee=to, hops=most, ways=len(found))
    for end in ends:
        graph.add_node(end, kind="account", role="subject")
    add_transfers(graph, space.ledger.transfer_rows(moved.row[used]))
    return with_known(space, graph)


@question(results.GRAPH)
def device_network(space: WorkspaceBase, device: SubjectId) -> nx.MultiDiGraph[str]:
    """A device, the accounts that used it, and their latest transfers. Raises UsageError for an unknown one."""
    use = space.ledger.arrow("device_use", ["account_id", "device_id"])
    users = sorted(set(use.filter(pc.equal(use["device_id"], device))["account_id"].to_pylist()))
    return _network_of(space, users, node_id("device", device), "used")


@question(results.GRAPH)
def holder_network(space: WorkspaceBase, holder: SubjectId) -> nx.MultiDiGraph[str]:
    """A holder's accounts and their latest transfers. Raises UsageError for an unknown one."""
    known = space.ledger.arrow("accounts", ["account_id", "holder_id"])
    owned = sorted(known.filter(pc.equal(known["holder_id"], holder))["account_id"].to_pylist())
    return _network_of(space, owned, node_id("holder", holder), "owns")


def _network_of(space: WorkspaceBase, accounts: list[str], head: str, tie: str) -> nx.MultiDiGraph[str]:
    """Accounts with what is tied to them, and their latest transfers."""
    chosen = space.ledger.between(None, None)
    chosen = chosen.filter(chosen.source.isin(accounts) | chosen.target.isin(accounts))
    transfers = chosen.order_by([chosen["at"], chosen.transfer_id]).to_pandas()
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(cut=max(len(transfers) - MAX_TRANSFERS, 0))
    for account in accounts:
        graph.add_node(account, kind="account", role="")
    add_transfers(graph, transfers.tail(MAX_TRANSFERS))
    graph.add_node(head, kind="device" if tie == "used" else "holder", role="")
    for account in accounts:
        ends = (account, head) if tie == "used" else (head, account)
        graph.add_edge(*ends, key=head, kind=tie)
    return with_known(space, graph)


@question(results.GRAPH)
def trace_network(space: WorkspaceBase, found: TraceResult) -> nx.MultiDiGraph[str]:
    """A trace's dispersal tree, with what is known of its accounts."""
    tree = dispersal_tree(found)
    tree.graph["amount_name"] = "traced"
    tree.graph["cut_why"] = "those that carried least"
    return with_known(space, tree)
