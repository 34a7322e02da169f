"""Where a chart's marks stand and which way its arrows run, computed here once: the same graph gives the same picture.

In every layout nodes stand in narrow columns, and whatever runs through a column runs level in a row of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

from mulegraph.lazy import networkx as nx
from mulegraph.schema.language import later, tr
from mulegraph.views.columns import Columns, Pair, columns_of
from mulegraph.views.device_rows import FALL, below
from mulegraph.views.layered import Bend, Rows, rows_of

Place = tuple[int, int]
STEP_X, STEP_Y = 250, 84
"""Pixels between columns and between rows."""
STUB = 42
"""Pixels beside its ends, and beside a column that it crosses, in which an arrow runs level: wider than any node."""
OPENED_ROW = 58
"""Pixels between the members of a combo that is opened: they stand in its column, and all below makes room."""
SIDE = 105
ABOVE = 64
UNDER = 66
"""Pixels of a frame around what stands in it: half a name, a head, and a name."""
ASPECT = 1.75
TIME_X = 170
TIME_WIDTH = 1_600
TIME_ROW = 46
"""The time layout: where its axis begins beside the column of nodes, how long it is, and pixels between rows."""
TIME_ASPECT = 1.4
"""Of the time layout: names beside it need room, too."""


@dataclass(frozen=True)
class Frame:
    """A part of the picture that no money and no device joins to another: its box, and heads over its columns."""

    left: int
    top: int
    right: int
    bottom: int
    heads: list[tuple[int, int, str]] = field(default_factory=list)
    """x, y, words."""


@dataclass(frozen=True)
class Layout:
    """x and y in pixels of every mark, and the ways between them.

    `routes` are the points at which an arrow crosses columns, by payer and payee. An arrow of a pair in `back` would
    run against the money: it is drawn as a stub that names its payee. `ties` are lines to devices and holders.
    `lanes` are top, bottom and name. A layout with an `axis` draws every transfer level with its time: x of the first
    and of the last.
    """

    place: dict[Any, Place]
    routes: dict[Pair, list[Place]] = field(default_factory=dict)
    back: list[Pair] = field(default_factory=list)
    ties: dict[Pair, list[Place]] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    lanes: list[tuple[int, int, str]] = field(default_factory=list)
    axis: tuple[int, int] | None = None


def flow(graph: nx.MultiDiGraph[Any]) -> Layout:
    """Money from left to right: columns are hops from where it enters, each part that hangs together in a frame."""
    columns = columns_of(graph)
    made = Layout({}, back=columns.back)
    parts = [_part(graph, columns, part) for part in components(graph, columns)]
    _pack(parts, made)
    return made


def components(graph: nx.MultiDiGraph[Any], columns: Columns) -> list[list[Any]]:
    """What hangs together by money or ties, the largest first; nodes by time and amount, then as the graph has them."""
    order = columns.order + [node for node in graph if node not in columns.column]
    number = {node: place for place, node in enumerate(order)}
    parts = [sorted(part, key=number.__getitem__) for part in nx.weakly_connected_components(graph)]
    return sorted(parts, key=lambda part: (-len(part), number[part[0]]))


def _part(graph: nx.MultiDiGraph[Any], columns: Columns, nodes: list[Any]) -> Layout:
    """One component by itself, its frame's upper left corner at 0, 0."""
    money = [node for node in nodes if node in columns.column]
    rows = rows_of(columns, money)
    low = min((columns.column[node] for node in money), default=0)
    bottom = max([*rows.row.values(), *rows.bend_row.values()], default=0.0)
    across = max((columns.column[node] for node in money), default=0) - low
    step_x, step_y = _steps(across, bottom)

    def at(column: int, row: float) -> Place:
        return round((column - low) * step_x), round(row * step_y)

    top = min([*rows.row.values(), *rows.bend_row.values()], default=0.0)
    rows = Rows({node: row - top for node, row in rows.row.items()}, rows.bends, _up(rows.bend_row, top))
    made = Layout({node: at(columns.column[node], row) for node, row in rows.row.items()})
    made.routes.update(
        {pair: [at(bend.column, rows.bend_row[bend]) for bend in bends] for pair, bends in rows.bends.items()}
    )
    deepest = max(
        [y for _, y in made.place.values()] + [y for way in made.routes.values() for _, y in way], default=-FALL
    )
    under = below(graph, nodes, made.place, deepest)
    made.place.update(under.place)
    made.ties.update(under.ties)
    points = [*made.place.values(), *(point for way in [*made.routes.values(), *made.ties.values()] for point in way)]
    left = min(x for x, _ in points) - SIDE
    moved = _moved(made, -left, ABOVE)
    right, end = max(x for x, _ in points) + SIDE - left, max(y for _, y in points) + ABOVE + UNDER
    heads = [(at(low + hop, 0)[0] - left, 24, tr("hop {n}", n=hop)) for hop in range(across + 1)] if across else []
    moved.frames.append(Frame(0, 0, right, end, heads))
    return moved


def _up(rows: Mapping[Bend, float], top: float) -> dict[Bend, float]:
    return {bend: row - top for bend, row in rows.items()}


def _steps(across: int, deep: float) -> tuple[float, float]:
    """Pixels between columns and between rows, so that a part is about as wide as screens are where it can be."""
    wide, high = max(across, 1) * STEP_X, max(deep, 1.0) * STEP_Y
    if wide > high * ASPECT:
        return STEP_X * 0.84, min(STEP_Y * 1.5, STEP_Y * wide / (high * ASPECT))
    return min(STEP_X * 2.4, STEP_X * high * ASPECT / wide), STEP_Y


def _moved(made: Layout, x: int, y: int) -> Layout:
    """The same, moved."""

    def to(point: Place) -> Place:
        return point[0] + x, point[1] + y

    def framed(frame: Frame) -> Frame:
        left, top = to((frame.left, frame.top))
        right, bottom = to((frame.right, frame.bottom))
        return Frame(left, top, right, bottom, [(a + x, b + y, c) for a, b, c in frame.heads])

    return Layout(
        {node: to(point) for node, point in made.place.items()},
        {pair: [to(point) for point in way] for pair, way in made.routes.items()},
        made.back,
        {pair: [to(point) for point in way] for pair, way in made.ties.items()},
        [framed(each) for each in made.frames],
    )


def _pack(parts: list[Layout], into: Layout) -> None:
    """Components beside each other in shelves, the largest first."""
    frames = [each.frames[0] for each in parts]
    area = sum((each.right + GAP) * (each.bottom + GAP) for each in frames)
    width = max([sqrt(area * ASPECT), *(float(each.right) for each in frames)], default=0.0)
    x = y = shelf = 0
    for part in parts:
        frame = part.frames[0]
        if x and x + frame.right > width:
            x = 0
            y = y + shelf + GAP
            shelf = 0
        moved = _moved(part, x, y)
        for own, other in ((into.place, moved.place), (into.routes, moved.routes), (into.ties, moved.ties)):
            own.update(other)
        into.frames.extend(moved.frames)
        x, shelf = x + frame.right + GAP, max(shelf, frame.bottom)


GAP = 30
"""Pixels between frames."""


def banks(graph: nx.MultiDiGraph[Any]) -> Layout:
    """Rows are banks, columns are hops; cash and devices have lanes of their own."""
    columns = columns_of(graph)
    rows = rows_of(columns, columns.order)
    cells: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for item, _ in sorted([*rows.row.items(), *rows.bend_row.items()], key=lambda each: each[1]):
        bend = isinstance(item, Bend)
        cells[_lane(graph, item.target if bend else item), item.column if bend else columns.column[item]].append(item)
    names = sorted({lane for lane, _ in cells}, key=lambda lane: (lane in LAST_LANES, LAST_LANES.get(lane, 0), lane))
    y_of: dict[Any, int] = {}
    lanes, top = [], 0
    for lane in names:
        mine = {column: members for (name, column), members in cells.items() if name == lane}
        heights = {column: sum(map(_room, members)) for column, members in mine.items()}
        high = max(heights.values())
        for column, members in mine.items():
            y = top + (high - heights[column]) / 2
            for item in members:
                y_of[item] = round(y + _room(item) / 2)
                y += _room(item)
        lanes.append((top, round(top + high), tr(lane) if lane in LAST_LANES else lane))
        top = round(top + high)
    last = max(columns.column.values(), default=0)
    step = round(min(max(top * ASPECT / max(last, 1), STEP_X * 0.84), STEP_X * 2.4))
    place = {node: (columns.column[node] * step, y_of[node]) for node in columns.order}
    routes = {pair: [(bend.column * step, y_of[bend]) for bend in bends] for pair, bends in rows.bends.items()}
    under = below(graph, list(graph), place, top - FALL // 2 if place else -FALL)
    ends = [y for _, y in under.place.values()]
    if ends:
        lanes.append((top, max(ends) + UNDER, tr("devices, holders")))
    heads = [(column * step, -28, tr("hop {n}", n=column)) for column in range(last + 1)]
    sides = [0, last * step, *(x for x, _ in under.place.values())]
    bottom = max([top, *(y + UNDER for y in ends)])
    frame = Frame(min(sides) - SIDE, -50, max(sides) + SIDE, bottom, heads)
    return Layout({**place, **under.place}, routes, columns.back, under.ties, [frame], lanes)


LAST_LANES = {later("bank not known"): 1, later("several banks"): 2, later("cash"): 3}


def _room(item: Any) -> float:
    return STEP_Y * 0.42 if isinstance(item, Bend) else float(STEP_Y)


def _lane(graph: nx.MultiDiGraph[Any], node: Any) -> str:
    data = graph.nodes[node]
    if data["kind"] == "cash" or data.get("of") == "cash":
        return "cash"
    if data["kind"] == "bank":
        return str(node).removeprefix("ask ")
    return data.get("bank") or ("several banks" if data["kind"] == "group" else "bank not known")


def by_time(graph: nx.MultiDiGraph[Any]) -> Layout:
    """A real time axis: a row for each account, in order of its first transfer, and each transfer where its time is."""
    columns = columns_of(graph)
    place = {node: (0, number * TIME_ROW) for number, node in enumerate(columns.order)}
    under = below(graph, list(graph), place, (len(place) - 1) * TIME_ROW)
    end = max([y for _, y in place.values()] + [y for _, y in under.place.values()], default=0)
    axis = (TIME_X, TIME_X + max(TIME_WIDTH, round(end * TIME_ASPECT)))
    right = max([axis[1] if place else 0] + [x for x, _ in under.place.values()])
    frame = Frame(-2 * SIDE, -ABOVE, right + SIDE // 2, end + UNDER)
    return Layout({**place, **under.place}, {}, [], under.ties, [frame], axis=axis if place else None)
