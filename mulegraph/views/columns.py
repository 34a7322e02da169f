"""Who stands left of whom: by when money came, then by how much, never by name: tokens give the same picture."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from mulegraph.lazy import networkx as nx

Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Columns:
    """Columns of what takes part in transfers, and its pairs of payer and payee, in order of time and amount.

    A pair in `forward` leads from a column to a later one. One in `back` closes a circle: it leads to somebody who had
    money earlier, as a refund does, and orders nobody.
    """

    order: list[Any]
    column: dict[Any, int]
    forward: list[Pair]
    back: list[Pair]


def columns_of(graph: nx.MultiDiGraph[Any]) -> Columns:
    """The longest way from where money enters, along transfers that lead on.

    In a circle, time says where it begins: a node's time is its first receipt; who never receives, or lost money as a
    victim, stands before all.
    """
    order = in_order(graph)
    number = {node: place for place, node in enumerate(order)}
    first = _first_receipt(graph)
    pairs = {(a, b) for a, b, data in graph.edges(data=True) if data["kind"] == "transfer" and a != b}
    pairs_in_order = sorted(pairs, key=lambda pair: (number[pair[0]], number[pair[1]]))
    by_time = sorted(order, key=lambda node: (node in first, first.get(node, _NEVER), number[node]))
    turn = {node: place for place, node in enumerate(by_time)}
    money: nx.DiGraph[Any] = nx.DiGraph()
    money.add_nodes_from(order)
    money.add_edges_from(pairs_in_order)
    # Only in a circle does anything lead back; elsewhere a payee stands right of who pays him, whenever he had money.
    circle = {node: place for place, part in enumerate(nx.strongly_connected_components(money)) for node in part}
    back = [(a, b) for a, b in pairs_in_order if circle[a] == circle[b] and turn[a] > turn[b]]
    money.remove_edges_from(back)
    column = dict.fromkeys(order, 0)
    along = list(nx.lexicographical_topological_sort(money, key=turn.__getitem__))
    for node in along:
        for payee in money.successors(node):
            column[payee] = max(column[payee], column[node] + 1)
    for node in reversed(along):
        # Who enters late stands beside its first payee, not at the far left.
        after = [column[payee] for payee in money.successors(node)]
        if after and node not in first:
            column[node] = min(after) - 1
    led_back = set(back)
    return Columns(order, column, [pair for pair in pairs_in_order if pair not in led_back], back)


_NEVER = (0.0,)


def in_order(graph: nx.MultiDiGraph[Any]) -> list[Any]:
    """All that takes part in transfers: by its first one, the largest of those first, the payer before the payee."""
    first: dict[Any, tuple[Any, ...]] = {}
    for source, target, key, data in graph.edges(keys=True, data=True):
        if data["kind"] == "transfer":
            for end, side in ((source, 0), (target, 1)):
                seen = (data["at"], -data["amount"], str(key), side)
                first[end] = min(first.get(end, seen), seen)
    return sorted(first, key=first.__getitem__)


def _first_receipt(graph: nx.MultiDiGraph[Any]) -> dict[Any, tuple[Any, ...]]:
    """When money first came; not of victims, nor of those that paid most of what they ever got before they got it.

    Who is repaid later is where the money came from, and stands at the left.
    """
    first: dict[Any, Any] = {}
    received: dict[Any, float] = defaultdict(float)
    for _, target, data in graph.edges(data=True):
        if data["kind"] == "transfer" and not _is_origin(graph.nodes[target]):
            first[target] = min(first.get(target, data["at"]), data["at"])
            received[target] += float(data["amount"])
    before: dict[Any, float] = defaultdict(float)
    for source, _, data in graph.edges(data=True):
        if data["kind"] == "transfer" and source in first and data["at"] < first[source]:
            before[source] += float(data["amount"])
    return {node: (at,) for node, at in first.items() if before[node] < received[node] / 2}


def _is_origin(data: dict[str, Any]) -> bool:
    return data.get("role") == "victim" or data.get("generation") == 0
