"""Where a chart's nodes stand, computed here once: nothing is shaken into place while somebody waits, and the same
graph gives the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from mulegraph.lazy import networkx as nx
from mulegraph.lazy import optimize
from mulegraph.views.device_rows import Place, below
from mulegraph.views.force_layout import settled

STEP_X, STEP_Y = 240, 92
"""Pixels between columns and between rows."""
TIME_COLUMNS = 14
ASPECT = 1.5
SWEEPS = 8
MAX_BENDS = 4_000
"""Transfers over several columns keep a row free for themselves, as long as so many rows are enough."""


@dataclass(frozen=True)
class Layout:
    """x and y in pixels of every node, headed columns (x, text) and lanes (top, bottom, text)."""

    place: dict[str, Place]
    columns: list[tuple[int, str]] = field(default_factory=list)
    lanes: list[tuple[int, int, str]] = field(default_factory=list)


def flow(graph: nx.MultiDiGraph[Any]) -> Layout:
    """Money from left to right by generation: hops from where it enters, in order of time."""
    return _in_columns(graph, generations(graph), lambda _, number: f"hop {number}")


def by_time(graph: nx.MultiDiGraph[Any], written: Callable[[Any], str]) -> Layout:
    """Columns of time: a node stands where it first takes part. `written` puts a time into words."""
    first = _first_seen(graph)
    times = sorted(set(first.values()))
    columns = np.array_split(np.arange(len(times)), min(len(times), TIME_COLUMNS)) if times else []
    number = {times[each]: column for column, members in enumerate(columns) for each in members}
    layer = {node: number[at] for node, at in first.items()}
    for node in _money(graph):
        layer.setdefault(node, 0)
    starts = [times[members[0]] for members in columns]
    return _in_columns(graph, layer, lambda _, column: f"from {written(starts[column])}" if starts else "", bends=False)


def banks(graph: nx.MultiDiGraph[Any]) -> Layout:
    """Rows are banks, columns are hops; cash and devices have rows of their own."""
    layer = generations(graph)
    cells: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for node in sorted(layer, key=str):
        data = graph.nodes[node]
        lane = "cash" if data["kind"] == "cash" else data.get("bank") or "bank not known"
        cells[lane, layer[node]].append(node)
    across = _across(cells)
    names = sorted({lane for lane, _ in cells}, key=lambda lane: (lane == "cash", lane == "bank not known", lane))
    place: dict[Any, Place] = {}
    lanes, top = [], 0
    for lane in names:
        height = max(-(-len(members) // across[column]) for (name, column), members in cells.items() if name == lane)
        for (name, column), members in cells.items():
            if name == lane:
                rows = -(-len(members) // across[column])
                start = sum(across[each] for each in range(column) if each in across)
                for turn, node in enumerate(members):
                    row, side = divmod(turn, across[column])
                    middle = top + (row + 0.5 + (height - rows) / 2) * STEP_Y
                    place[node] = ((start + side) * STEP_X, round(middle))
        lanes.append((top, top + height * STEP_Y, lane))
        top += height * STEP_Y
    under = below(graph, place)
    if under:
        lanes.append((top, max(y for _, y in under.values()) + STEP_Y, "devices, holders"))
    heads = [
        (round((sum(across[each] for each in across if each < column) + (wide - 1) / 2) * STEP_X), f"hop {column}")
        for column, wide in sorted(across.items())
    ]
    return Layout({**place, **under}, heads, lanes)


def _across(cells: Mapping[tuple[str, int], list[Any]]) -> dict[int, int]:
    """Nodes side by side in a column's cells, so many that the whole is about as wide as screens are."""
    fullest: dict[int, int] = defaultdict(int)
    for (_, column), members in cells.items():
        fullest[column] = max(fullest[column], len(members))
    for deep in range(3, max(fullest.values(), default=0) + 4):
        across = {column: -(-count // deep) for column, count in sorted(fullest.items())}
        high: dict[str, int] = defaultdict(int)
        for (lane, column), members in cells.items():
            high[lane] = max(high[lane], -(-len(members) // across[column]))
        if sum(across.values()) * STEP_X <= ASPECT * sum(high.values()) * STEP_Y:
            break
    return across


def force(graph: nx.MultiDiGraph[Any]) -> Layout:
    """Who deals with whom stands close: springs, each connected part by itself."""
    import scipy.optimize  # noqa: F401 (loads the threads that are limited next; later it would bring its own)

    # The systems are small: with several threads, which then wait for each other, it takes ten times as long.
    with threadpool_limits(1):
        return Layout(settled(graph))


def generations(graph: nx.MultiDiGraph[Any]) -> dict[Any, int]:
    """Columns of what money reaches: the longest way from where it enters, along transfers that lead on in time.

    A node's time is its first receipt; who never receives, or lost money as a victim, stands before all. A transfer
    to somebody who had money earlier leads back, and orders nobody: so circles need no rule of their own.
    """
    money, first = _money(graph), _first_receipt(graph)
    order = sorted(money, key=lambda node: (node in first, str(first.get(node, "")), str(node)))
    number = {node: place for place, node in enumerate(order)}
    column = dict.fromkeys(order, 0)
    for node in order:
        for payee in money.successors(node):
            if number[node] < number[payee]:
                column[payee] = max(column[payee], column[node] + 1)
    for node in reversed(order):
        # Who enters late stands beside its first payee, not at the far left.
        after = [column[payee] for payee in money.successors(node) if number[node] < number[payee]]
        if after and node not in first:
            column[node] = min(after) - 1
    return column


def _money(graph: nx.MultiDiGraph[Any]) -> nx.DiGraph[Any]:
    """What takes part in transfers, each pair once."""
    money: nx.DiGraph[Any] = nx.DiGraph()
    pairs = {(a, b) for a, b, data in graph.edges(data=True) if data["kind"] == "transfer"}
    money.add_nodes_from(sorted({end for pair in pairs for end in pair}, key=str))
    money.add_edges_from(sorted((pair for pair in pairs if pair[0] != pair[1]), key=str))
    return money


def _first_receipt(graph: nx.MultiDiGraph[Any]) -> dict[Any, Any]:
    """When money first came; not of victims, nor of those that paid most of what they ever got before they got it.

    Who is repaid later is where the money came from, and stands at the left.
    """
    first: dict[Any, Any] = {}
    received: dict[Any, float] = defaultdict(float)
    for _, target, data in graph.edges(data=True):
        if data["kind"] == "transfer" and graph.nodes[target].get("role") != "victim":
            first[target] = min(first.get(target, data["at"]), data["at"])
            received[target] += float(data["amount"])
    before: dict[Any, float] = defaultdict(float)
    for source, _, data in graph.edges(data=True):
        if data["kind"] == "transfer" and source in first and data["at"] < first[source]:
            before[source] += float(data["amount"])
    return {node: at for node, at in first.items() if before[node] < received[node] / 2}


def _first_seen(graph: nx.MultiDiGraph[Any]) -> dict[Any, Any]:
    first: dict[Any, Any] = {}
    for source, target, data in graph.edges(data=True):
        if data["kind"] == "transfer":
            for end in (source, target):
                first[end] = min(first.get(end, data["at"]), data["at"])
    return first


def _in_columns(
    graph: nx.MultiDiGraph[Any], layer: Mapping[Any, int], head: Callable[[Any, int], str], *, bends: bool = True
) -> Layout:
    """Layered drawing after Sugiyama, Tagawa & Toda (1981): order by barycentres, then rows as near as they may be."""
    members, near = _members(_money(graph), layer, MAX_BENDS if bends else 0)
    _ordered(members, near)
    height = _height([len(_real(each)) for each in members.values()])
    widths = {number: -(-max(len(_real(each)), 1) // height) for number, each in members.items()}
    row = _rows(members, near, widths)
    place: dict[Any, Place] = {}
    heads, x = [], 0
    for number in sorted(members):
        for turn, node in enumerate(_real(members[number])):
            place[node] = (x + turn % widths[number] * STEP_X, round(row[node] * STEP_Y))
        heads.append((x + (widths[number] - 1) * STEP_X // 2, head(None, number)))
        x += widths[number] * STEP_X
    return Layout({**place, **below(graph, place)}, heads)


def _real(members: Iterable[Any]) -> list[Any]:
    return [each for each in members if not isinstance(each, _Bend)]


@dataclass(frozen=True)
class _Bend:
    """Where a transfer crosses a column that it neither begins nor ends in."""

    source: Any
    target: Any
    column: int


def _members(
    money: nx.DiGraph[Any], layer: Mapping[Any, int], most_bends: int
) -> tuple[dict[int, list[Any]], dict[Any, list[Any]]]:
    """Nodes and bends by column, and who is next to whom in the columns beside."""
    members: dict[int, list[Any]] = defaultdict(list)
    for node in sorted(money, key=str):
        members[layer[node]].append(node)
    near: dict[Any, list[Any]] = defaultdict(list)
    across = sum(max(abs(layer[a] - layer[b]) - 1, 0) for a, b in money.edges())
    for source, target in money.edges():
        low, high = sorted((source, target), key=lambda node: layer[node])
        path = [low, high]
        if across <= most_bends:
            bends = [_Bend(low, high, column) for column in range(layer[low] + 1, layer[high])]
            for bend in bends:
                members[bend.column].append(bend)
            path = [low, *bends, high]
        for one, other in pairwise(path):
            near[one].append(other)
            near[other].append(one)
    return dict(members), near


def _ordered(members: dict[int, list[Any]], near: Mapping[Any, list[Any]]) -> None:
    """Sort every column by the middle of its neighbours, to and fro."""
    place = {node: number - len(each) / 2 for each in members.values() for number, node in enumerate(each)}
    for sweep in range(SWEEPS):
        for column in sorted(members, reverse=bool(sweep % 2)):
            each = members[column]
            middle = {node: _mean([place[other] for other in near[node]], place[node]) for node in each}
            each.sort(key=lambda node, middle=middle: (middle[node], str(node)))  # type: ignore[misc]
            place.update({node: number - (len(each) - 1) / 2 for number, node in enumerate(each)})


def _height(sizes: list[int]) -> int:
    """Rows at most, so that the whole is about as wide as screens are; longer columns are folded."""
    for most in range(6, max(sizes, default=1)):
        if most * STEP_Y * ASPECT >= sum(-(-size // most) for size in sizes) * STEP_X:
            return most
    return max(sizes, default=1) or 1


def _rows(members: dict[int, list[Any]], near: Mapping[Any, list[Any]], widths: Mapping[int, int]) -> dict[Any, float]:
    """The row of every node: near its neighbours, in the column's order, and no two nearer than they may be."""
    row: dict[Any, float] = {}
    for column, each in members.items():
        places = _apart([0.0] * len(each), each, widths[column])
        row.update(zip(each, places, strict=True))
    for sweep in range(SWEEPS):
        for column in sorted(members, reverse=bool(sweep % 2)):
            each = members[column]
            wanted = [_mean([row[other] for other in near[node]], row[node]) for node in each]
            row.update(zip(each, _apart(wanted, each, widths[column]), strict=True))
    return row


def _apart(wanted: list[float], members: list[Any], width: int) -> list[float]:
    """Rows as near to the wanted ones as their order and distances allow; a bend needs less room than a node."""
    if not members:
        return []
    room = [0.45 if isinstance(each, _Bend) else 1.0 for each in members]
    offsets = np.concatenate([[0.0], np.cumsum([(a + b) / 2 / width for a, b in pairwise(room)])])
    nearest = optimize.isotonic_regression(np.asarray(wanted) - offsets).x
    return [float(each) for each in nearest + offsets]


def _mean(values: list[float], otherwise: float = 0.0) -> float:
    return sum(values) / len(values) if values else otherwise
