"""A force layout that needs no browser: who deals with whom stands close, and nothing overlaps.

Small parts honour all distances. Of larger ones the communities are laid out first, as circles, and then each inside
its circle: that takes seconds less than springs between all nodes, and shows what belongs together.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from mulegraph.lazy import community
from mulegraph.lazy import networkx as nx

GAP = 84
"""Pixels between nodes at least."""
STEP = 130
"""A part of n nodes is about twice this times √n pixels wide."""
EXACT_UP_TO = 60
PUSHES = 200
ASPECT = 1.5


def settled(graph: nx.Graph[Any]) -> dict[Any, tuple[int, int]]:
    """x and y in pixels of every node; each connected part by itself, and parts packed beside each other."""
    plain: nx.Graph[Any] = nx.Graph()
    plain.add_nodes_from(sorted(graph, key=str))
    plain.add_edges_from(sorted({(a, b) for a, b in graph.edges() if a != b}, key=str))
    parts = sorted(nx.connected_components(plain), key=lambda part: (-len(part), min(map(str, part))))
    return _packed([_part(_sorted(plain, part)) for part in parts])


def _sorted(graph: nx.Graph[Any], members: set[Any]) -> nx.Graph[Any]:
    """The subgraph with its nodes and edges in order, so that the same part always settles alike."""
    found: nx.Graph[Any] = nx.Graph()
    found.add_nodes_from(sorted(members, key=str))
    found.add_edges_from(sorted(graph.subgraph(members).edges(), key=str))
    return found


def _part(part: nx.Graph[Any]) -> dict[Any, np.ndarray]:
    """Places of a connected graph's nodes around its middle."""
    if len(part) == 1:
        return {node: np.zeros(2) for node in part}
    if len(part) <= EXACT_UP_TO:
        # All distances in the graph are honoured as well as they can be (Kamada & Kawai, 1989).
        return _scaled(nx.kamada_kawai_layout(part))
    members: dict[int, list[Any]] = defaultdict(list)
    for node, number in community.best_partition(part, random_state=1).items():
        members[number].append(node)
    if len(members) in (1, len(part)):
        return _scaled(nx.spring_layout(part, seed=1, iterations=50))
    inside = {number: settled(part.subgraph(each)) for number, each in members.items()}
    return _nested(inside, _part(_quotient(part, members)))


def _quotient(part: nx.Graph[Any], members: dict[int, list[Any]]) -> nx.Graph[Any]:
    of = {node: number for number, each in members.items() for node in each}
    whole: nx.Graph[Any] = nx.Graph()
    whole.add_nodes_from(sorted(members))
    whole.add_edges_from(sorted({(of[a], of[b]) for a, b in part.edges() if of[a] != of[b]}))
    return whole


def _nested(inside: dict[int, dict[Any, tuple[int, int]]], centres: dict[int, np.ndarray]) -> dict[Any, np.ndarray]:
    """Communities at their centres, moved until their circles do not meet."""
    local, radii = {}, {}
    for number, places in inside.items():
        at = np.array(list(places.values()), float)
        at -= (at.min(axis=0) + at.max(axis=0)) / 2
        local[number], radii[number] = at, float(np.hypot(*at.T).max()) + GAP / 2
    numbers = list(centres)
    size = np.array([radii[number] for number in numbers])
    start = np.array([centres[number] for number in numbers]) * (size.mean() / STEP)
    moved = dict(zip(numbers, _pushed_apart(start, size), strict=True))
    return {
        node: moved[number] + at for number in inside for node, at in zip(inside[number], local[number], strict=True)
    }


def _scaled(found: dict[Any, np.ndarray]) -> dict[Any, np.ndarray]:
    places = np.array(list(found.values())) * STEP * np.sqrt(len(found))
    return dict(zip(found, _pushed_apart(places, np.full(len(places), GAP / 2)), strict=True))


def _pushed_apart(places: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Move circles that meet away from each other until none do, or often enough."""
    least = radii[:, None] + radii[None, :]
    np.fill_diagonal(least, 0.0)
    # Two at one place part along a direction that their numbers choose, so that it is always the same.
    turn = np.subtract.outer(np.arange(len(places)), np.arange(len(places))) * 2.4
    apart = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    for _ in range(PUSHES):
        between = places[:, None, :] - places[None, :, :]
        distance = np.hypot(between[..., 0], between[..., 1])
        overlap = np.maximum(least - distance, 0.0)
        if overlap.max(initial=0.0) < 1.0:
            break
        way = np.where(distance[..., None] > 1e-6, between / np.maximum(distance, 1e-6)[..., None], apart)
        places = places + (way * overlap[..., None]).sum(axis=1) * 0.3
    return places


def _packed(parts: list[dict[Any, np.ndarray]]) -> dict[Any, tuple[int, int]]:
    """Parts beside each other in shelves, the largest first."""
    boxes = []
    for part in parts:
        places = np.array(list(part.values()))
        low = places.min(axis=0)
        boxes.append((part, low, places.max(axis=0) - low + 1.7 * GAP))
    area = sum(float(size[0] * size[1]) for _, _, size in boxes)
    width = max([np.sqrt(area * ASPECT), *(float(size[0]) for _, _, size in boxes)], default=0.0)
    found: dict[Any, tuple[int, int]] = {}
    x = y = shelf = 0.0
    for part, low, size in boxes:
        if x and x + size[0] > width:
            x, y, shelf = 0.0, y + shelf, 0.0
        for node, at in part.items():
            found[node] = (round(x + at[0] - low[0]), round(y + at[1] - low[1]))
        x, shelf = x + size[0], max(shelf, size[1])
    return found
