"""The place of what money does not order: devices and holders under the money, and their accounts without transfers.

Ties run beside columns and through a row of their own under the lowest node, so that none runs through a node.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mulegraph.lazy import networkx as nx
from mulegraph.lazy import optimize

Place = tuple[int, int]
FALL = 84
"""Pixels between the lowest mark with transfers and the first row of ties."""
BUS = 12
"""Pixels between the rows of ties, one for each device."""
HEAD_X = 200
MEMBER_X = 48
MEMBER_Y = 62
"""Pixels between devices, and from a device to the accounts that hang under it."""
BESIDE = 56
"""Pixels left of a column's middle at which its ties run down: beside its nodes."""


@dataclass(frozen=True)
class Under:
    """Places, and lines by device or holder and account."""

    place: dict[Any, Place] = field(default_factory=dict)
    ties: dict[tuple[Any, Any], list[Place]] = field(default_factory=dict)


def below(graph: nx.MultiDiGraph[Any], nodes: list[Any], place: Mapping[Any, Place], deepest: int) -> Under:
    """Places under `deepest` for all of these nodes that have none yet, and the ties of all."""
    rest = [node for node in nodes if node not in place]
    if not rest:
        return Under()
    near = {node: _tied(graph, node) for node in rest}
    heads = [node for node in rest if near[node] and not _hangs(graph, node)]
    members: dict[Any, list[Any]] = defaultdict(list)
    alone = []
    for node in rest:
        if node in heads:
            continue
        mine = [each for each in near[node] if each in heads]
        if mine:
            members[mine[0]].append(node)
        else:
            alone.append(node)
    wanted = {head: _mean([place[each][0] for each in near[head] if each in place]) for head in heads}
    ordered = sorted(heads, key=lambda head: (wanted[head] is None, wanted[head] or 0.0))
    made = Under()
    row = deepest + FALL + BUS * len(ordered) + 30
    for head, x in zip(ordered, _spread([wanted[head] for head in ordered], place), strict=True):
        made.place[head] = (x, row)
        for number, member in enumerate(members[head], 1):
            made.place[member] = (x + MEMBER_X, row + number * MEMBER_Y)
    side = max([x for x, _ in [*place.values(), *made.place.values()]], default=-HEAD_X)
    for number, node in enumerate(alone):
        made.place[node] = (side + HEAD_X, row + number * MEMBER_Y)
    for number, head in enumerate(ordered):
        bus = deepest + FALL + BUS * number
        for account in near[head]:
            made.ties[head, account] = _tie(made.place[head], account, head, members, {**place, **made.place}, bus)
    return made


def _tie(
    at: Place, account: Any, head: Any, members: Mapping[Any, list[Any]], place: Mapping[Any, Place], bus: int
) -> list[Place]:
    """From a device to an account: down its own side to those that hang under it, along its row to all others."""
    x, y = place[account]
    if account in members[head]:
        return [at, (at[0], y), (x, y)]
    beside = x - BESIDE if y < bus else x + MEMBER_X + 30
    return [at, (at[0], bus), (beside, bus), (beside, y + 18), (x, y)]


def _hangs(graph: nx.MultiDiGraph[Any], node: Any) -> bool:
    """An account that is seen only with a device or a holder."""
    return graph.nodes[node]["kind"] not in ("device", "holder") and not _is_devices(graph.nodes[node])


def _is_devices(data: Mapping[str, Any]) -> bool:
    return data["kind"] == "group" and data.get("of") in ("device", "holder")


def _tied(graph: nx.MultiDiGraph[Any], node: Any) -> list[Any]:
    """What a node is tied to, each once, in the order of the graph."""
    pairs = [*graph.out_edges(node, data=True), *graph.in_edges(node, data=True)]
    return list(dict.fromkeys(b if a == node else a for a, b, data in pairs if data["kind"] != "transfer" and a != b))


def _mean(values: list[int]) -> float | None:
    return sum(values) / len(values) if values else None


def _spread(wanted: list[float | None], place: Mapping[Any, Place]) -> list[int]:
    """x of devices: as near to the middle of their accounts as their distances allow."""
    if not wanted:
        return []
    right = max((x for x, _ in place.values()), default=0)
    numbers = np.array([right + HEAD_X if each is None else each for each in wanted])
    offsets = np.arange(len(wanted)) * HEAD_X
    return [round(float(x)) for x in optimize.isotonic_regression(numbers - offsets).x + offsets]
