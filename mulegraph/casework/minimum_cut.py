"""The smallest set of holds that stops most of a case's flow, and the innocent payments that they would hit.

A minimum cut (Ford & Fulkerson, 1956; NetworkX): money runs from the payers that stand outside the case to where it
leaves it. Cutting an account costs one hold and a little for its other payments; letting a transfer run costs what it
carries. The price of money is raised until the holds stop the share that was asked for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from mulegraph.lazy import networkx as nx

ENTRY, EXIT = ("source", ""), ("sink", "")
HOLD_COST = 1_000_000
"""What one hold costs; one innocent payment that it hits costs a thousandth of it."""
INNOCENT_COST = 1_000
DEAREST = 4_096

Flow = tuple[str, str, int]
"""A transfer of the case: payer, payee (either may be cash), minor units."""


@dataclass(frozen=True)
class Holds:
    """Accounts to hold, the money that the holds stop and all of it, in minor units."""

    accounts: list[str]
    stopped: int
    whole: int


def best_holds(flows: list[Flow], victims: set[str], innocent: Counter[str], *, share: float) -> Holds:
    """The cheapest holds that stop at least `share` of the money that runs through; who only pays is never held.

    `innocent` are payments by account that have nothing to do with the case.
    """
    payers, payees = {source for source, _, _ in flows}, {target for _, target, _ in flows}
    candidates = sorted(payees - victims - {""})
    whole = sum(amount for source, _, amount in flows if source in victims or source not in payees)
    price, found = 1, Holds([], 0, whole)
    while price <= DEAREST and whole:
        accounts = _cut(flows, candidates, victims, payers, payees, innocent, price, whole)
        found = Holds(accounts, whole - _running(flows, set(accounts), victims, payers, payees), whole)
        if found.stopped >= share * whole:
            break
        price *= 2
    return found


def _cut(
    flows: list[Flow], candidates: list[str], victims: set[str], payers: set[str], payees: set[str],
    innocent: Counter[str], price: int, whole: int,
) -> list[str]:  # fmt: skip
    graph = _network(flows, victims, payers, payees, worth=price * HOLD_COST, whole=whole)
    for account in candidates:
        cost = HOLD_COST + INNOCENT_COST * min(innocent[account], HOLD_COST // INNOCENT_COST)
        graph.add_edge(("in", account), ("out", account), capacity=cost)
    _, (near, _) = nx.minimum_cut(graph, ENTRY, EXIT)
    return [each for each in candidates if ("in", each) in near and ("out", each) not in near]


def _network(
    flows: list[Flow], victims: set[str], payers: set[str], payees: set[str], *, worth: int, whole: int
) -> nx.DiGraph[Any]:
    """Transfers with the price of letting them run; the ends of the flow hang on source and sink."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from((ENTRY, EXIT))
    for source, target, amount in flows:
        outside = source in victims or source not in payees
        leaves = not target or target not in payers
        one = ENTRY if outside else ("out", source)
        other = ("in", target) if target else EXIT
        cost = max(amount * worth // whole, 1)
        before = graph.get_edge_data(one, other, {"capacity": 0})["capacity"]
        if one != other:
            graph.add_edge(one, other, capacity=before + cost)
        if leaves and target:
            graph.add_edge(("out", target), EXIT)  # no capacity: without limit
    return graph


def _running(flows: list[Flow], held: set[str], victims: set[str], payers: set[str], payees: set[str]) -> int:
    """Money that still gets through: the greatest flow that avoids the held accounts, never more than what entered."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from((ENTRY, EXIT))
    for source, target, amount in flows:
        if source in held or target in held:
            continue
        one = ENTRY if source in victims or source not in payees else ("at", source)
        other = ("at", target) if target else EXIT
        if one != other:
            before = graph.get_edge_data(one, other, {"capacity": 0})["capacity"]
            graph.add_edge(one, other, capacity=before + amount)
        if target and target not in payers:
            graph.add_edge(("at", target), EXIT)
    return int(nx.maximum_flow_value(graph, ENTRY, EXIT))
