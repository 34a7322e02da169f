"""What a chart folds together, so that a large one can still be read: devices with their accounts, small receivers,
and, where that is not enough, communities."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from mulegraph.lazy import community
from mulegraph.lazy import networkx as nx

MAX_NODES = 1_500
"""A picture of more nodes is drawn folded."""
MIN_MEMBERS = 3
"""Fewer small receivers of one payer are not worth folding."""


@dataclass
class Group:
    """Nodes that one node can stand for. No node is in two groups. `why` says what they have in common."""

    label: str
    why: str
    members: list[Any]
    folded: bool = False


def groups(graph: nx.MultiDiGraph[Any], most: int = MAX_NODES) -> list[Group]:
    """The groups of a chart. None is folded unless it has more than `most` nodes; then as many as it takes."""
    taken: set[Any] = set()
    found = _devices(graph, taken)
    if len(graph) <= most:
        return found
    found = [*_receivers(graph, taken), *found]
    over = len(graph) - most
    for group in found:
        if over <= 0:
            break
        group.folded, over = True, over - len(group.members) + 1
    if over > 0:
        for group in _communities(graph, taken):
            group.folded = over > 0
            over -= len(group.members) - 1
            found.append(group)
    return found


def _devices(graph: nx.MultiDiGraph[Any], taken: set[Any]) -> list[Group]:
    """A device and the accounts used from it that no device before it has; the device of most accounts first."""
    uses: dict[Any, set[Any]] = defaultdict(set)
    for account, device, data in graph.edges(data=True):
        if data["kind"] == "used":
            uses[device].add(account)
    made = []
    for device in sorted(uses, key=lambda each: (-len(uses[each]), str(each))):
        mine = sorted(uses[device] - taken, key=str)
        if len(mine) > 1:
            label = f"{graph.nodes[device].get('label', device)} + {len(mine)}"
            made.append(Group(label, "a device and the accounts used from it", [device, *mine]))
            taken.update(made[-1].members)
    return made


def _receivers(graph: nx.MultiDiGraph[Any], taken: set[Any]) -> list[Group]:
    """Who was paid by one other only, paid nothing on, and is neither flagged nor anything else of note; by payer."""
    by_payer: dict[Any, list[Any]] = defaultdict(list)
    for node in sorted(graph, key=str):
        data = graph.nodes[node]
        payers = set(graph.predecessors(node))
        plain = data["kind"] in ("account", "cash") and not data.get("lists") and data.get("role") != "subject"
        if plain and node not in taken and len(payers) == 1 and not graph.out_degree(node):
            by_payer[payers.pop()].append(node)
    made = []
    for payer, members in by_payer.items():
        if len(members) >= MIN_MEMBERS:
            label = f"{len(members)} paid by {graph.nodes[payer].get('label', payer)}"
            made.append(Group(label, "paid by one account only, and paid nothing on", members))
            taken.update(members)
    return sorted(made, key=lambda group: (-len(group.members), group.label))


def _communities(graph: nx.MultiDiGraph[Any], taken: set[Any]) -> list[Group]:
    """Louvain communities of all that is in no group yet, the largest first."""
    rest: nx.Graph[Any] = nx.Graph()
    rest.add_nodes_from(sorted(set(graph) - taken, key=str))
    pairs = {(a, b) for a, b in graph.edges() if a in rest and b in rest and a != b}
    rest.add_edges_from(sorted(pairs, key=str))
    members: dict[int, list[Any]] = defaultdict(list)
    for node, number in community.best_partition(rest, random_state=1).items():
        members[number].append(node)
    ordered = sorted(members.values(), key=lambda each: (-len(each), str(each[0])))
    return [
        Group(f"community {number}", "they deal with each other more than with others (Louvain)", each)
        for number, each in enumerate(ordered, 1)
        if len(each) > 1
    ]
