"""A network as a static SVG, for reports, print and notebooks: the same kinds, letters and places as the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from markupsafe import Markup

from mulegraph.lazy import networkx as nx
from mulegraph.views.chart import Bundle, Clock, Pen, bundles, charted, clock_of, in_words, visible
from mulegraph.views.device_rows import Place
from mulegraph.views.layout import flow
from mulegraph.views.node_styles import FLAG, GOOD, INK, KINDS, LETTERS, LINE, PAPER, TICK, Kind, kind_of

MARGIN, LEGEND = 90, 44
LABEL_PLACES = (0.5, 0.36, 0.64, 0.24, 0.76)
"""Where along an arrow its amount may stand, the first that is free; the largest amounts choose first."""
BEND, MAX_BEND = 0.12, 26.0
"""How far an arrow bends, as a share of its length, and in pixels at most: a long one must not reach other rows."""
LONGEST_LABEL = 22
_FLAG = f'd="M-5 8V-8M-5 -8H7L3 -4L7 0H-5" fill="{FLAG}" stroke="{FLAG}" stroke-width="2"'
_TICK = f'd="M-6 0L-2 6L7 -6" fill="none" stroke="{TICK}" stroke-width="3"'


def icon(kind: Kind) -> Markup:
    """A small SVG of a kind, for legends in HTML."""
    return _icon(_shape(kind, ""), 2 * kind.radius + 8)


def _icon(shapes: str, size: int) -> Markup:
    box = f"{-size / 2} {-size / 2} {size} {size}"
    return Markup(f'<svg viewBox="{box}" width="22" height="22" aria-hidden="true">{shapes}</svg>')  # noqa: S704 (ours)


FLAG_MARK, TICK_MARK = _icon(f"<path {_FLAG}/>", 22), _icon(f"<path {_TICK}/>", 22)


def drawing(graph: nx.MultiDiGraph[Any], *, width: int = 1000) -> str:
    """The SVG text of a graph as `Case.graph()` gives it, `width` pixels wide; its height follows from it."""
    chart = charted(graph)
    place = flow(chart).place
    clock, arrows = clock_of(graph), bundles(chart)
    left, top = (min((at[axis] for at in place.values()), default=0) - MARGIN for axis in (0, 1))
    wide, high = (
        max((at[axis] for at in place.values()), default=0) + MARGIN - low for axis, low in ((0, left), (1, top))
    )
    lines = [*_uses(chart, place), *_arrows(chart, place, arrows)]
    labels, without = _labels(chart, place, arrows, clock)
    lines += [*_nodes(chart, place), *labels]
    legend, deep = _legend(chart, without, left, top + high, wide)
    title = escape(_title(chart, arrows))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{title}" width="{width}"'
            f' height="{round(width * (high + deep) / wide)}" viewBox="{left} {top} {wide} {high + deep}"'
            ' font-family="system-ui, sans-serif">',
            f"<title>{title}</title>",
            f'<rect x="{left}" y="{top}" width="{wide}" height="{high + deep}" fill="{PAPER}"/>',
            *lines,
            *legend,
            "</svg>",
        ]
    )


def _title(chart: nx.MultiDiGraph[Any], arrows: list[Bundle]) -> str:
    accounts = sum(data["kind"] == "account" for _, data in chart.nodes(data=True))
    transfers = sum(len(each.transfers) for each in arrows)
    return f"Network of {accounts} accounts and {transfers} transfers"


def _uses(chart: nx.MultiDiGraph[Any], place: dict[Any, Place]) -> Iterator[str]:
    for source, target, data in chart.edges(data=True):
        if data["kind"] != "transfer":
            (x, y), (to_x, to_y) = place[source], place[target]
            yield (
                f'<line x1="{x}" y1="{y}" x2="{to_x}" y2="{to_y}" stroke="{LINE}" stroke-width="1"'
                ' stroke-dasharray="4 4" opacity="0.55"/>'
            )


def _arrows(chart: nx.MultiDiGraph[Any], place: dict[Any, Place], arrows: list[Bundle]) -> Iterator[str]:
    pen = Pen(arrows)
    for each in arrows:
        wide, radius = pen.width(each), KINDS[kind_of(chart.nodes[each.target])].radius
        if each.source == each.target:
            continue
        (x, y), (bend_x, bend_y), (to_x, to_y) = _curve(place[each.source], place[each.target])
        away = math.hypot(to_x - bend_x, to_y - bend_y)
        along_x, along_y = (to_x - bend_x) / away, (to_y - bend_y) / away
        tip_x, tip_y = to_x - along_x * (radius + 3), to_y - along_y * (radius + 3)
        head = 6 + wide
        end_x, end_y = tip_x - along_x * head, tip_y - along_y * head
        side_x, side_y = -along_y * head * 0.5, along_x * head * 0.5
        yield (
            f'<path d="M{x} {y}Q{bend_x:.1f} {bend_y:.1f} {end_x:.1f} {end_y:.1f}" fill="none" stroke="{LINE}"'
            f' stroke-width="{wide:.1f}" opacity="0.8"/>'
            f'<path d="M{tip_x:.1f} {tip_y:.1f}L{end_x + side_x:.1f} {end_y + side_y:.1f}'
            f'L{end_x - side_x:.1f} {end_y - side_y:.1f}Z" fill="{LINE}"/>'
        )


def _curve(start: Place, end: Place) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
    """Start, control point and end of an arrow; there and back bend apart, each to its own left."""
    across = end[0] - start[0], end[1] - start[1]
    bend = min(BEND, MAX_BEND / max(math.hypot(*across), 1.0)) * 2
    return start, ((start[0] + end[0] + across[1] * bend) / 2, (start[1] + end[1] - across[0] * bend) / 2), end


def _nodes(chart: nx.MultiDiGraph[Any], place: dict[Any, Place]) -> Iterator[str]:
    for node, data in chart.nodes(data=True):
        kind, (x, y) = KINDS[kind_of(data)], place[node]
        yield f'<g transform="translate({x} {y})">' + _shape(kind, data.get("role") or "")
        lists = data.get("lists") or []
        if any(each != GOOD for each in lists):
            yield f'<path d="M9 -25V-9M9 -25H20L16 -21L20 -17H9" fill="{FLAG}" stroke="{FLAG}" stroke-width="2"/>'
        elif lists:
            yield f'<path d="M10 -19L14 -14L22 -24" fill="none" stroke="{TICK}" stroke-width="3"/>'
        yield _text(0, kind.radius + 15, _shortened(data["label"]), 12) + "</g>"


def _shape(kind: Kind, role: str) -> str:
    fill, ink = (PAPER, kind.colour) if kind.hollow else (kind.colour, PAPER)
    dashes = ' stroke-dasharray="4 3"' if kind.dashed else ""
    look = f'fill="{fill}" stroke="{kind.colour}" stroke-width="2.5"{dashes}'
    if kind.corners:
        points = " ".join(f"{x * kind.radius:.1f},{y * kind.radius:.1f}" for x, y in kind.corners)
        drawn = f'<polygon points="{points}" {look}/>'
    else:
        drawn = f'<circle r="{kind.radius}" {look}/>'
    letter = LETTERS.get(role, "")
    inside = f'<text y="6" text-anchor="middle" font-size="16" font-weight="700" fill="{ink}">{letter}</text>'
    return drawn + (inside if letter else "")


class _Room:
    """Which parts of the picture are written on."""

    def __init__(self) -> None:
        self._taken: list[tuple[float, float, float, float]] = []

    def take(self, x: float, y: float, wide: float, high: float) -> bool:
        """Take a box around a place, unless some of it is taken."""
        box = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
        free = all(
            box[2] <= other[0] or other[2] <= box[0] or box[3] <= other[1] or other[3] <= box[1]
            for other in self._taken
        )
        if free:
            self._taken.append(box)
        return free


def _labels(
    chart: nx.MultiDiGraph[Any], place: dict[Any, Place], arrows: list[Bundle], clock: Clock
) -> tuple[list[str], int]:
    """Amounts and times beside arrows where there is room, and how many have none."""
    room, pen, lines = _Room(), Pen(arrows), []
    for node, (left, top) in place.items():
        room.take(left, top, 34, 34)
        room.take(
            left,
            top + KINDS[kind_of(chart.nodes[node])].radius + 11,
            7 * len(_shortened(chart.nodes[node]["label"])),
            14,
        )
    for each in sorted(arrows, key=lambda each: -pen.width(each)):
        words, times = in_words(each), clock.span(each.transfers[0][1]["at"], each.transfers[-1][1]["at"])
        curve = _curve(place[each.source], place[each.target])
        for along in LABEL_PLACES if each.source != each.target else ():
            x, y = _on(curve, along)
            if room.take(x, y, 6.3 * max(len(words), 0.9 * len(times)), 26):
                lines.append(_text(x, y - 3, words, 11) + _text(x, y + 9, times, 10, LINE))
                break
    return lines, len(arrows) - len(lines)


def _on(curve: tuple[tuple[float, float], ...], along: float) -> tuple[float, float]:
    """The point of a quadratic Bézier curve at a share of it."""
    start, middle, end = curve
    weights = ((1 - along) ** 2, 2 * along * (1 - along), along**2)
    x, y = (sum(w * point[axis] for w, point in zip(weights, (start, middle, end), strict=True)) for axis in (0, 1))
    return x, y


def _text(x: float, y: float, words: str, size: int, ink: str = INK, anchor: str = "middle") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{ink}" stroke="{PAPER}"'
        f' stroke-width="4" stroke-linejoin="round" paint-order="stroke">{escape(visible(words))}</text>'
    )


def _shortened(words: str) -> str:
    return words if len(words) <= LONGEST_LABEL else words[: LONGEST_LABEL - 1] + "…"


def _legend(chart: nx.MultiDiGraph[Any], without: int, left: float, top: float, wide: float) -> tuple[list[str], int]:
    """What stands in the picture, and nothing that does not; and how many pixels it takes."""
    items: list[tuple[str, str]] = []
    present = {kind_of(data) for _, data in chart.nodes(data=True)}
    items += [(_shape(kind, ""), kind.title) for name, kind in KINDS.items() if name in present]
    roles = {data.get("role") for _, data in chart.nodes(data=True)}
    items += [(_text(0, 6, letter, 16), role) for role, letter in LETTERS.items() if role in roles]
    lists = {each for _, data in chart.nodes(data=True) for each in data.get("lists") or []}
    if lists - {GOOD}:
        items.append((f"<path {_FLAG}/>", "on a list"))
    if GOOD in lists:
        items.append((f"<path {_TICK}/>", "known good"))
    if any(data["kind"] == "transfer" for *_, data in chart.edges(data=True)):
        items.append((f'<line x1="-12" x2="12" stroke="{LINE}" stroke-width="4"/>', "transfers, wider for more"))
    if without:
        items.append(("", f"no room to write the amounts of {without} arrow{'s' if without > 1 else ''}"))
    return _in_rows(items, left + 30, top + 10, wide)


def _in_rows(items: Iterable[tuple[str, str]], left: float, top: float, wide: float) -> tuple[list[str], int]:
    lines, x, y = [], left, top + 12
    for shape, words in items:
        room = (44 if shape else 0) + 7.2 * len(words) + 16
        if x + room > left + wide - 40 and x > left:
            x, y = left, y + LEGEND - 6
        if shape:
            lines.append(f'<g transform="translate({x:.1f} {y:.1f}) scale(0.8)">{shape}</g>')
        lines.append(_text(x + (22 if shape else -12), y + 5, words, 13, INK, "start"))
        x += room
    return lines, round(y - top) + LEGEND
