"""Where to draw what: money flows from left to right, so that a picture reads like a sentence."""

from __future__ import annotations

from typing import Any

import networkx as nx

STEP_X, STEP_Y = 210, 90


def placed(graph: nx.MultiDiGraph[Any]) -> dict[Any, tuple[int, int]]:
    """x and y in pixels of every node: accounts by how far down the money they stand, devices under their users.

    Circles of transfers share a column. Within a column a node stands near those that it deals with (the
    barycentre rule of Sugiyama, Tagawa & Toda, 1981).
    """
    money = nx.DiGraph()
    money.add_nodes_from(node for node, data in graph.nodes(data=True) if data["kind"] != "device")
    money.add_edges_from((a, b) for a, b, data in graph.edges(data=True) if data["kind"] == "transfer")
    columns = _columns(money)
    rows = _rows(money, columns)
    place = {node: (columns[node] * STEP_X, round(rows[node] * STEP_Y)) for node in money}
    lowest = max((y for _, y in place.values()), default=0) + 2 * STEP_Y
    taken: dict[int, int] = {}
    for node in sorted(set(graph) - set(money), key=str):
        users = [place[user][0] for user in graph.predecessors(node) if user in place]
        x = round(sum(users) / len(users)) if users else 0
        column = x // STEP_X
        taken[column] = taken.get(column, -1) + 1
        place[node] = (x, lowest + taken[column] * STEP_Y)
    return place


def _columns(money: nx.DiGraph[Any]) -> dict[Any, int]:
    """Longest way from where money enters, circles taken as one."""
    whole = nx.condensation(money)
    column: dict[Any, int] = {}
    for number, generation in enumerate(nx.topological_generations(whole)):
        for part in generation:
            for node in whole.nodes[part]["members"]:
                column[node] = number
    # A payer with nothing before it moves next to its first payee, so that late victims stand by their collector.
    for node in money:
        if not money.in_degree(node) and money.out_degree(node):
            column[node] = min(column[payee] for payee in money.successors(node)) - 1
    return column


def _rows(money: nx.DiGraph[Any], columns: dict[Any, int]) -> dict[Any, float]:
    by_column: dict[int, list[Any]] = {}
    for node in sorted(money, key=str):
        by_column.setdefault(columns[node], []).append(node)
    rows = {node: number - len(members) / 2 for members in by_column.values() for number, node in enumerate(members)}
    for _ in range(6):
        for number in sorted(by_column):
            members = by_column[number]

            def middle(node: Any) -> float:
                near = [rows[each] for each in (*money.predecessors(node), *money.successors(node))]
                return sum(near) / len(near) if near else rows[node]

            members.sort(key=lambda node: (middle(node), str(node)))
            rows.update({node: place - (len(members) - 1) / 2 for place, node in enumerate(members)})
    return rows
