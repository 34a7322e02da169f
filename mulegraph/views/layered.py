"""Rows of a layered drawing after Sugiyama, Tagawa & Toda (1981): `fast-sugiyama` orders and aligns, here rows are
kept apart.

Columns are given. Between two columns is a channel in which nothing stands, and through a column a transfer runs level,
in a row of its own: so no arrow can cross a node that is not its end, whatever the graph.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from fast_sugiyama import from_edges

from mulegraph.lazy import optimize
from mulegraph.views.columns import Columns, Pair

BEND_ROOM = 0.42
"""Rows that a transfer needs where it crosses a column, beside a node's one."""
TIGHTER = 0.8
"""The library gives a bend as much room as a node; what is saved on bends brings all nearer."""


@dataclass(frozen=True)
class Bend:
    """Where transfers to `target` cross a column that they do not end in: one row for all of them.

    They meet there, since they lead to the same end; their amounts are written before they meet.
    """

    target: Any
    column: int


@dataclass(frozen=True)
class Rows:
    """The row of every node, and the bends of every pair that leads on."""

    row: dict[Any, float]
    bends: dict[Pair, list[Bend]]
    bend_row: dict[Bend, float] = field(default_factory=dict)


def rows_of(columns: Columns, nodes: list[Any]) -> Rows:
    """Rows of these nodes, which are in `columns.order`, and of what leads from one to another of them."""
    inside = set(nodes)
    forward = [pair for pair in columns.forward if pair[0] in inside and pair[1] in inside]
    bends: dict[Pair, list[Bend]] = {}
    items, edges = list(nodes), dict[tuple[int, int], None]()
    number: dict[Any, int] = {node: place for place, node in enumerate(nodes)}
    for payer, payee in forward:
        across = range(columns.column[payer] + 1, columns.column[payee])
        bends[payer, payee] = [Bend(payee, column) for column in across]
        for bend in bends[payer, payee]:
            if bend not in number:
                number[bend] = len(items)
                items.append(bend)
        for one, other in pairwise([payer, *bends[payer, payee], payee]):
            edges[number[one], number[other]] = None
    wanted = _aligned(list(edges), len(items))
    members: dict[int, list[Any]] = defaultdict(list)
    for item in items:
        members[item.column if isinstance(item, Bend) else columns.column[item]].append(item)
    row: dict[Any, float] = {}
    for column in sorted(members):
        each = sorted(members[column], key=lambda item: (wanted[number[item]], number[item]))
        row.update(zip(each, _apart([wanted[number[item]] * TIGHTER for item in each], each), strict=True))
    bend_row = {item: row.pop(item) for item in items if isinstance(item, Bend)}
    return Rows(row, bends, bend_row)


def _aligned(edges: list[tuple[int, int]], count: int) -> Mapping[int, float]:
    """A row of each number, as the library gives it. Edges join neighbouring columns, so its columns are ours."""
    found: dict[int, float] = {}
    top = 0.0
    if edges:
        for places, *_ in from_edges(edges, vertex_spacing=1, check_layout=False):
            low = min(x for _, (x, _) in places)
            found.update((int(node), x - low + top) for node, (x, _) in places)
            top = max(found.values()) + 1
    for node in range(count):
        if node not in found:
            found[node], top = top, top + 1
    return found


def _apart(wanted: list[float], members: list[Any]) -> list[float]:
    """Rows as near to the wanted ones as their order and distances allow; a bend needs less room than a node."""
    room = [BEND_ROOM if isinstance(each, Bend) else 1.0 for each in members]
    offsets = np.concatenate([[0.0], np.cumsum([(a + b) / 2 for a, b in pairwise(room)])])
    nearest = optimize.isotonic_regression(np.asarray(wanted) - offsets).x
    return [float(each) for each in nearest + offsets]
