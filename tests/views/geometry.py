"""What a picture's lines run through, by plain geometry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np

from mulegraph.views.grouping import Combo, combos, contracted
from mulegraph.views.layout import Layout
from mulegraph.views.ways import back_stub, on, pieces

Line = Sequence[tuple[float, float]]
WIDEST = 34
"""Pixels around the middle of a node in which no arrow may run that does not begin or end there."""


def small_of(chart: nx.MultiDiGraph, most: int = 60) -> tuple[nx.MultiDiGraph, list[Combo]]:
    """A chart as it is first drawn, and its combos."""
    made = combos(chart, most)
    return contracted(chart, made), made


def arrows(graph: nx.MultiDiGraph, made: Layout) -> dict[tuple[Any, Any], Line]:
    """Every arrow of a layout in columns, as a line of many points."""
    pairs = dict.fromkeys((a, b) for a, b, data in graph.edges(data=True) if data["kind"] == "transfer" and a != b)
    back = {pair: (turn, len(same)) for same in _by_payer(made.back).values() for turn, pair in enumerate(same)}
    lines: dict[tuple[Any, Any], Line] = {}
    for pair in pairs:
        if pair in back:
            lines[pair] = [made.place[pair[0]], back_stub(made.place[pair[0]], *back[pair])]
        else:
            points = [made.place[pair[0]], *made.routes[pair], made.place[pair[1]]]
            lines[pair] = [on(piece, share) for piece in pieces(points) for share in np.linspace(0, 1, 17)]
    return lines


def _by_payer(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[tuple[Any, Any]]]:
    found: dict[Any, list[tuple[Any, Any]]] = {}
    for pair in pairs:
        found.setdefault(pair[0], []).append(pair)
    return found


def crossed(lines: Mapping[Any, Line], place: Mapping[Any, tuple[float, float]], within: float = WIDEST) -> list[Any]:
    """(line, node) wherever a line comes nearer to a node than `within` pixels and neither begins nor ends there."""
    names = list(place)
    spots = np.array([place[name] for name in names], float).reshape(-1, 2)
    found = []
    for name, line in lines.items():
        points = np.array(line, float)
        start, step = points[:-1], np.diff(points, axis=0)
        length = np.maximum((step**2).sum(axis=1), 1e-9)
        share = np.clip(((spots[:, None] - start) * step).sum(axis=2) / length, 0, 1)
        distance = np.hypot(*np.moveaxis(spots[:, None] - (start + share[..., None] * step), 2, 0)).min(axis=1)
        found += [(name, names[each]) for each in np.flatnonzero(distance < within) if names[each] not in name]
    return found


def against(lines: Mapping[Any, Line]) -> list[Any]:
    """Lines that run to the left anywhere."""
    return [name for name, line in lines.items() if (np.diff(np.array(line, float)[:, 0]) < -1e-6).any()]


def crossings(lines: Mapping[tuple[Any, Any], Line]) -> int:
    """Pairs of arrows that cross somewhere; those that have an end in common meet there anyway, and do not count."""
    pieces_of = {name: _segments(line) for name, line in lines.items()}
    names = list(pieces_of)
    return sum(
        not set(one) & set(other) and _cross(pieces_of[one], pieces_of[other])
        for place, one in enumerate(names)
        for other in names[place + 1 :]
    )


def _segments(line: Line) -> tuple[np.ndarray, np.ndarray]:
    points = np.array(line, float)
    return points[:-1], points[1:]


def _cross(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether any segment of one line lies across any of the other."""
    (a, b), (c, d) = one, other
    if (np.maximum(a, b).max(0) < np.minimum(c, d).min(0)).any() or (
        np.maximum(c, d).max(0) < np.minimum(a, b).min(0)
    ).any():
        return False
    a, b, c, d = a[:, None], b[:, None], c[None], d[None]

    def side(start: np.ndarray, end: np.ndarray, point: np.ndarray) -> np.ndarray:
        along, to = end - start, point - start
        return along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]

    apart = (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
    return bool(apart.any())
