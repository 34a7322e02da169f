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

    A pair in `forward` leads from a column to a later one. One in `back` leads to somebody who had money earlier, such
    as a refund: it orders nobody, so that circles need no rule of their own.
    """

    order: list[Any]
    column: dict[Any, int]
    forward: list[Pair]
    back: list[Pair]


def columns_of(graph: nx.MultiDiGraph[Any]) -> Columns:
    """The longest way from where money enters, along transfers that lead on in time.

    A node's time is its first receipt; who never receives, or lost money as a victim, stands before all.
    """
    order = in_order(graph)
    number = {node: place for place, node in enumerate(order)}
    first = _first_receipt(graph)
    pairs = {(a, b) for a, b, data in graph.edges(data=True) if data["kind"] == "transfer" and a != b}
    pairs_in_order = sorted(pairs, key=lambda pair: (number[pair[0]], number[pair[1]]))
    by_time = sorted(order, key=lambda node: (node in first, first.get(node, _NEVER), number[node]))
    turn = {node: place for place, node in enumerate(by_time)}
    forward = [pair for pair in pairs_in_order if turn[pair[0]] < turn[pair[1]]]
    payees: dict[Any, list[Any]] = defaultdict(list)
    for payer, payee in forward:
        payees[payer].append(payee)
    column = dict.fromkeys(order, 0)
    for node in by_time:
        for payee in payees[node]:
            column[payee] = max(column[payee], column[node] + 1)
    for node in reversed(by_time):
        # Who enters late stands beside its first payee, not at the far left.
        if payees[node] and node not in first:
            column[node] = min(column[payee] for payee in payees[node]) - 1
    back = [pair for pair in pairs_in_order if turn[pair[0]] > turn[pair[1]]]
    return Columns(order, column, forward, back)


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
