"""A force layout that needs no browser: springs settle here, each connected part by itself, and parts are packed."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np

GAP = 84
"""Pixels between nodes at least."""
EXACT_UP_TO = 60
"""Up to so many nodes all distances count (Kamada & Kawai, 1989); above, springs (Fruchterman & Reingold, 1991)."""
PUSHES = 60
ASPECT = 1.5


def settled(graph: nx.MultiDiGraph[Any]) -> dict[Any, tuple[int, int]]:
    """x and y in pixels of every node."""
    plain: nx.Graph[Any] = nx.Graph()
    plain.add_nodes_from(sorted(graph, key=str))
    plain.add_edges_from(sorted({(a, b) for a, b in graph.edges() if a != b}, key=str))
    parts = sorted(nx.connected_components(plain), key=lambda part: (-len(part), min(map(str, part))))
    return _packed([_part(plain.subgraph(sorted(part, key=str))) for part in parts])


def _part(part: nx.Graph[Any]) -> dict[Any, np.ndarray]:
    if len(part) == 1:
        return {node: np.zeros(2) for node in part}
    ordered: nx.Graph[Any] = nx.Graph()
    ordered.add_nodes_from(sorted(part, key=str))
    ordered.add_edges_from(sorted(part.edges(), key=str))
    if len(part) <= EXACT_UP_TO:
        found = nx.kamada_kawai_layout(ordered)
    else:
        found = nx.spring_layout(ordered, seed=1, iterations=120, k=1.6 / np.sqrt(len(part)))
    names, places = list(found), np.array(list(found.values()))
    places *= GAP * 0.62 * np.sqrt(len(part)) * 1.6
    return dict(zip(names, _pushed_apart(places), strict=True))


def _pushed_apart(places: np.ndarray) -> np.ndarray:
    """Move overlapping nodes away from each other until none overlap, or often enough."""
    for _ in range(PUSHES):
        between = places[:, None, :] - places[None, :, :]
        distance = np.hypot(between[..., 0], between[..., 1])
        np.fill_diagonal(distance, np.inf)
        close = distance < GAP
        if not close.any():
            break
        # Two at one place part along a direction that their numbers choose, so that it is always the same.
        turn = np.add.outer(np.arange(len(places)), -np.arange(len(places))) * 2.4
        same = distance < 1e-6
        between = np.where(same[..., None], np.stack([np.cos(turn), np.sin(turn)], axis=-1) * 1e-3, between)
        length = np.where(close, np.maximum(distance, 1e-3), 1.0)[..., None]
        push = np.where(
            close[..., None], between / length * ((GAP - np.where(close, distance, 0.0)) / 2)[..., None], 0.0
        )
        places = places + push.sum(axis=1) * 0.6
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
