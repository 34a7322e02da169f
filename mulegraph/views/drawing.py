"""A network as a static SVG, for reports, print and notebooks: the same kinds, letters and places as the page."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from markupsafe import Markup

from mulegraph.lazy import networkx as nx
from mulegraph.schema.language import tr, word
from mulegraph.views.chart import Bundle, Clock, Pen, bundles, charted, clock_of, in_words, visible
from mulegraph.views.device_rows import Place
from mulegraph.views.grouping import MAX_MARKS, combos, contracted
from mulegraph.views.layout import Frame, Layout, flow
from mulegraph.views.looks import Look, looks_of, plain_look
from mulegraph.views.node_styles import (
    FLAG,
    GOOD,
    INK,
    KINDS,
    LETTERS,
    LINE,
    OTHER,
    PAPER,
    RINGS,
    TICK,
    Kind,
    kind_of,
    letter_of,
)
from mulegraph.views.room import Room
from mulegraph.views.ways import Piece, back_stub, on, pieces

MARGIN, LEGEND = 90, 44
LABEL_PLACES = (0.5, 0.36, 0.64, 0.24, 0.76, 0.12, 0.88)
"""Where along a channel an arrow's amount may stand, the first that is free; the largest amounts choose first."""
LONGEST_LABEL = 22
WIDE = 0.58
"""Of a letter, in its own height: the mean of names, amounts and times in sans-serif fonts."""
_FLAG = f'd="M-5 8V-8M-5 -8H7L3 -4L7 0H-5" fill="{FLAG}" stroke="{FLAG}" stroke-width="2"'
_TICK = f'd="M-6 0L-2 6L7 -6" fill="none" stroke="{TICK}" stroke-width="3"'


def icon(kind: Kind) -> Markup:
    """A small SVG of a kind, for legends in HTML."""
    return _icon(_shape(kind, "", plain_look(kind)), 2 * kind.radius + 8)


def role_icon(role: str) -> Markup:
    """A small SVG of a role: its letter within its ring."""
    return _icon(_role(role), 38)


def _role(role: str, sheet: Sheet | None = None) -> str:
    return _shape(KINDS[OTHER], LETTERS[role], Look(12, PAPER, INK, RINGS[role]), sheet or SCREEN)


def _icon(shapes: str, size: int) -> Markup:
    box = f"{-size / 2} {-size / 2} {size} {size}"
    return Markup(f'<svg viewBox="{box}" width="22" height="22" aria-hidden="true">{shapes}</svg>')  # noqa: S704 (ours)


FLAG_MARK, TICK_MARK = _icon(f"<path {_FLAG}/>", 22), _icon(f"<path {_TICK}/>", 22)


@dataclass(frozen=True)
class Sheet:
    """Sizes of what is drawn, in the units of the drawing: `mark` by what marks are larger than on the page.

    `across` and `down` stretch the places of the layout. `names` are written in the place of a node's label.
    """

    mark: float = 1.0
    letter: float = 16
    name: float = 12
    amount: float = 11
    time: float = 10
    legend: float = 13
    across: float = 1.0
    down: float = 1.0
    names: Mapping[Any, str] = field(default_factory=dict)

    def point(self, place: tuple[float, float]) -> Place:
        """Where a place of the layout stands."""
        return round(place[0] * self.across), round(place[1] * self.down)

    def name_of(self, node: Any, data: Mapping[str, Any]) -> str:
        """What is written under a node."""
        return self.names.get(node) or _shortened(data["label"])


SCREEN = Sheet()


def drawing(graph: nx.MultiDiGraph[Any], *, width: int = 1000, most: int = MAX_MARKS) -> str:
    """The SVG text of a graph as `Case.network()` gives it, `width` pixels wide; its height follows from it.

    It shows what the page shows at first: no more than `most` marks, others in combos.
    """
    whole = charted(graph)
    chart = contracted(whole, combos(whole, most))
    made = flow(chart)
    return drawn(chart, made, SCREEN, width, title_of(whole))


def size_of(made: Layout) -> tuple[int, int]:
    """Width and height of a layout, in pixels."""
    _, _, wide, high = _box(made.frames)
    return wide, high


def _box(frames: Iterable[Frame]) -> tuple[int, int, int, int]:
    """Left, top, width and height around frames; of none, a small empty one."""
    each = list(frames) or [Frame(0, 0, MARGIN, MARGIN)]
    left, top = min(one.left for one in each), min(one.top for one in each)
    return left, top, max(one.right for one in each) - left, max(one.bottom for one in each) - top


def drawn(chart: nx.MultiDiGraph[Any], made: Layout, sheet: Sheet, width: int, title: str, least: int = 0) -> str:
    """The SVG text of a chart that is laid out; the drawing is at least `least` of its units wide."""
    clock, arrows = clock_of(chart), [each for each in bundles(chart) if each.source != each.target]
    ways = {pair: [_put(piece, sheet) for piece in way] for pair, way in _ways(made, arrows).items()}
    made = _stretched(made, sheet)
    left, top, wide, high = _box(made.frames)
    left, wide = left - max(least - wide, 0) // 2, max(wide, least)
    looks = looks_of(chart)
    lines = [*_frames(made, sheet), *_uses(made), *_arrows(looks, arrows, ways, made, sheet)]
    labels, without = _labels(chart, looks, made, arrows, ways, clock, sheet)
    lines += [*_nodes(chart, looks, made.place, sheet), *labels]
    legend, deep = _legend(chart, without, left, top + high, wide, sheet)
    title = escape(title)
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


def title_of(chart: nx.MultiDiGraph[Any]) -> str:
    """How many accounts and transfers a chart holds, in words."""
    accounts = sum(data["kind"] == "account" for _, data in chart.nodes(data=True))
    transfers = sum(data["kind"] == "transfer" for *_, data in chart.edges(data=True))
    return tr("Network of {n:account|accounts} and {m:transfer|transfers}", n=accounts, m=transfers)


def _put(piece: Piece, sheet: Sheet) -> Piece:
    one, other, third, last = map(sheet.point, piece)
    return one, other, third, last


def _stretched(made: Layout, sheet: Sheet) -> Layout:
    """The places of a layout as they stand on a sheet; ways of arrows are stretched apart."""
    frames = []
    for each in made.frames:
        (left, top), (right, bottom) = sheet.point((each.left, each.top)), sheet.point((each.right, each.bottom))
        heads = [(*sheet.point((x, y)), words) for x, y, words in each.heads]
        frames.append(Frame(left, top, right, bottom, heads))
    return Layout(
        place={node: sheet.point(place) for node, place in made.place.items()},
        back=made.back,
        ties={pair: [sheet.point(place) for place in way] for pair, way in made.ties.items()},
        frames=frames,
    )


def _frames(made: Layout, sheet: Sheet) -> Iterator[str]:
    """Parts that nothing joins, each in its frame, and the heads of columns."""
    for each in made.frames:
        if len(made.frames) > 1:
            yield (
                f'<rect x="{each.left}" y="{each.top}" width="{each.right - each.left}"'
                f' height="{each.bottom - each.top}" rx="8" fill="none" stroke="#d5dde6"/>'
            )
        for x, y, words in each.heads:
            yield _text(x, y, words, sheet.amount, LINE)


def _uses(made: Layout) -> Iterator[str]:
    for way in made.ties.values():
        points = "L".join(f"{x} {y}" for x, y in way)
        yield f'<path d="M{points}" fill="none" stroke="{LINE}" stroke-dasharray="4 4" opacity="0.55"/>'


def _ways(made: Layout, arrows: list[Bundle]) -> dict[tuple[Any, Any], list[Piece]]:
    """The curves of every arrow; the stub of money that comes back is one straight piece."""
    ways: dict[tuple[Any, Any], list[Piece]] = {}
    back: dict[Any, list[Any]] = defaultdict(list)
    for payer, payee in made.back:
        back[payer].append(payee)
    for each in arrows:
        start = made.place[each.source]
        if each.target in back[each.source]:
            end = back_stub(start, back[each.source].index(each.target), len(back[each.source]))
            ways[each.source, each.target] = [(start, start, end, end)]
        else:
            points = [start, *made.routes[each.source, each.target], made.place[each.target]]
            ways[each.source, each.target] = list(pieces(points))
    return ways


def _arrows(
    looks: Mapping[Any, Look], arrows: list[Bundle], ways: Mapping[Any, list[Piece]], made: Layout, sheet: Sheet
) -> Iterator[str]:
    pen = Pen(arrows)
    for each in arrows:
        way, wide = ways[each.source, each.target], pen.width(each) * sheet.mark
        (x, y), (end_x, end_y) = way[0][0], way[-1][-1]
        from_x, from_y = way[-1][0]
        ends_at_node = (end_x, end_y) == made.place[each.target]
        radius = sheet.mark * (looks[each.target].reach + 3) if ends_at_node else 0
        length = math.hypot(end_x - from_x, end_y - from_y)
        along_x, along_y = (end_x - from_x) / length, (end_y - from_y) / length
        tip_x, tip_y = end_x - along_x * radius, end_y - along_y * radius
        head = 6 * sheet.mark + wide
        neck_x, neck_y = tip_x - along_x * head, tip_y - along_y * head
        side_x, side_y = -along_y * head * 0.5, along_x * head * 0.5
        curves = ""
        for _, a, b, to in way[:-1]:
            curves += f"C{a[0]:.1f} {a[1]:.1f} {b[0]:.1f} {b[1]:.1f} {to[0]:.1f} {to[1]:.1f}"
        yield (
            f'<path d="M{x} {y}{curves}L{neck_x:.1f} {neck_y:.1f}" fill="none" stroke="{LINE}"'
            f' stroke-width="{wide:.1f}" opacity="0.8"/>'
            f'<path d="M{tip_x:.1f} {tip_y:.1f}L{neck_x + side_x:.1f} {neck_y + side_y:.1f}'
            f'L{neck_x - side_x:.1f} {neck_y - side_y:.1f}Z" fill="{LINE}"/>'
        )


def _nodes(
    chart: nx.MultiDiGraph[Any], looks: Mapping[Any, Look], place: Mapping[Any, Place], sheet: Sheet
) -> Iterator[str]:
    for node, data in chart.nodes(data=True):
        kind, look, (x, y) = KINDS[kind_of(data)], looks[node], place[node]
        yield f'<g transform="translate({x} {y}) scale({sheet.mark})">' + _shape(kind, letter_of(data), look, sheet)
        lists = data.get("lists") or []
        if any(each != GOOD for each in lists):
            yield f'<path d="M9 -25V-9M9 -25H20L16 -21L20 -17H9" fill="{FLAG}" stroke="{FLAG}" stroke-width="2"/>'
        elif lists:
            yield f'<path d="M10 -19L14 -14L22 -24" fill="none" stroke="{TICK}" stroke-width="3"/>'
        under = look.reach * sheet.mark + 1.25 * sheet.name
        yield "</g>" + _text(x, y + under, sheet.name_of(node, data), sheet.name)


def _shape(kind: Kind, letter: str, look: Look, sheet: Sheet = SCREEN) -> str:
    dashes = ' stroke-dasharray="4 3"' if kind.dashed else ""
    pen = f'fill="{look.fill}" stroke="{kind.colour}" stroke-width="2.5"{dashes}'
    if kind.corners:
        points = " ".join(f"{x * look.radius:.1f},{y * look.radius:.1f}" for x, y in kind.corners)
        drawn = f'<polygon points="{points}" {pen}/>'
    else:
        drawn = f'<circle r="{look.radius:g}" {pen}/>'
    if look.ring:
        drawn = f'<circle r="{look.radius + 3:g}" fill="{PAPER}" stroke="{look.ring}" stroke-width="3"/>{drawn}'
    size = sheet.letter / sheet.mark
    inside = (
        f'<text y="{0.37 * size:.1f}" text-anchor="middle" font-size="{size:.1f}" font-weight="700"'
        f' fill="{look.ink}">{letter}</text>'
    )
    return drawn + (inside if letter else "")


def _labels(
    chart: nx.MultiDiGraph[Any],
    looks: Mapping[Any, Look],
    made: Layout,
    arrows: list[Bundle],
    ways: Mapping[Any, list[Piece]],
    clock: Clock,
    sheet: Sheet,
) -> tuple[list[str], int]:
    """Amounts and times beside arrows where there is room, and how many have none; an amount goes before its time."""
    room = Room(max((each.right for each in made.frames), default=MARGIN))
    pen, lines = Pen(arrows), []
    for node, (left, top) in made.place.items():
        data = chart.nodes[node]
        name, under = sheet.name_of(node, data), looks[node].reach * sheet.mark + 0.9 * sheet.name
        room.keep(left, top, 34 * sheet.mark, 34 * sheet.mark)
        room.keep(left, top + under, WIDE * sheet.name * len(name), 1.17 * sheet.name)
    back = set(made.back)
    for each in sorted(arrows, key=lambda each: -pen.width(each)):
        words, times = in_words(each), clock.span(each.transfers[0][1]["at"], each.transfers[-1][1]["at"])
        way = ways[each.source, each.target]
        if (each.source, each.target) in back:
            payee = sheet.name_of(each.target, chart.nodes[each.target])
            words, places = f"↩ {payee}: {words}", [way[0][-1]]
        else:
            places = [on(piece, along) for piece in way[1::3] for along in LABEL_PLACES]
        level = abs(way[0][0][1] - way[-1][-1][1]) < 1
        beside = pen.width(each) * sheet.mark / 2 + 1 if level else 0
        lines += _label(room, places, words, times, sheet, beside)
    return lines, len(arrows) - len(lines)


def _label(
    room: Room, places: list[tuple[float, float]], words: str, times: str, sheet: Sheet, beside: float
) -> list[str]:
    """The amount at the first place that is free, with its times where they have room, too; nothing where none is.

    Of a level arrow the amount stands over it and its times under it, `beside` units away, so that a short one is seen
    between them; on another they stand on paper of their own.
    """
    wide = WIDE * sheet.amount * len(words)
    both = max(wide, WIDE * sheet.time * len(times))
    high = 1.2 * (sheet.amount + sheet.time) + 2 * beside
    for along, y in places:
        x = room.inside(along, both)
        if room.take(x, y, both, high):
            paper = "" if beside else _under(x, y, both, high)
            below = _text(x, y + 0.85 * sheet.time + beside, times, sheet.time, LINE)
            return [paper + _text(x, y - 0.25 * sheet.amount - beside, words, sheet.amount) + below]
    for along, y in places:
        x, over = room.inside(along, wide), y - (0.61 * sheet.amount + beside if beside else 0)
        if room.take(x, over, wide, 1.2 * sheet.amount):
            paper = "" if beside else _under(x, y, wide, 1.2 * sheet.amount)
            return [paper + _text(x, over + 0.36 * sheet.amount, words, sheet.amount)]
    return []


def _under(x: float, y: float, wide: float, high: float) -> str:
    """Paper under words: an edge around letters alone lets the arrow show between them, as if it struck them out."""
    box = f'x="{x - wide / 2:.1f}" y="{y - 0.46 * high:.1f}" width="{wide:.1f}" height="{0.92 * high:.1f}"'
    return f'<rect {box} fill="{PAPER}"/>'


def _text(x: float, y: float, words: str, size: float, ink: str = INK, anchor: str = "middle") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{ink}" stroke="{PAPER}"'
        f' stroke-width="{size / 3:.1f}" stroke-linejoin="round" paint-order="stroke">{escape(visible(words))}</text>'
    )


def _shortened(words: str) -> str:
    return words if len(words) <= LONGEST_LABEL else words[: LONGEST_LABEL - 1] + "…"


def _legend(
    chart: nx.MultiDiGraph[Any], without: int, left: float, top: float, wide: float, sheet: Sheet
) -> tuple[list[str], int]:
    """What stands in the picture, and nothing that does not; and how high it is."""
    items: list[tuple[str, str]] = []
    present = {kind_of(data) for _, data in chart.nodes(data=True)}
    items += [(_shape(kind, "", plain_look(kind)), word(kind.title)) for name, kind in KINDS.items() if name in present]
    letters = {letter_of(data) for _, data in chart.nodes(data=True)}
    for role, letter in LETTERS.items():
        if letter in letters:
            items.append((_role(role, replace(sheet, mark=0.8 * sheet.legend / SCREEN.legend)), word(role)))
    lists = {each for _, data in chart.nodes(data=True) for each in data.get("lists") or []}
    if lists - {GOOD}:
        items.append((f"<path {_FLAG}/>", tr("on a list")))
    if GOOD in lists:
        items.append((f"<path {_TICK}/>", tr("known good")))
    if any(data.get("score") for _, data in chart.nodes(data=True)):
        items.append(("", tr("darker: higher score")))
    if any(data["kind"] == "transfer" for *_, data in chart.edges(data=True)):
        items.append((f'<line x1="-12" x2="12" stroke="{LINE}" stroke-width="4"/>', tr("transfers, wider for more")))
        items.append(("", tr("larger account: more money passed it")))
    if without:
        items.append(("", tr("no room to write the amounts of {n:arrow|arrows}", n=without)))
    return _in_rows(items, left + 30 * sheet.mark, top + 10 * sheet.mark, wide, sheet)


def _in_rows(
    items: Iterable[tuple[str, str]], left: float, top: float, wide: float, sheet: Sheet
) -> tuple[list[str], int]:
    size, grown = sheet.legend, sheet.legend / SCREEN.legend
    lines = []
    x = left
    y = top + 12 * grown
    for shape, words in items:
        room = ((44 if shape else 0) + 16) * grown + WIDE * size * len(words)
        if x + room > left + wide - 40 * grown and x > left:
            x, y = left, y + 38 * grown
        if shape.startswith("<text"):
            lines.append(f'<g transform="translate({x:.1f} {y:.1f})">{shape}</g>')
        elif shape:
            lines.append(f'<g transform="translate({x:.1f} {y:.1f}) scale({0.8 * grown:.3f})">{shape}</g>')
        lines.append(_text(x + (22 if shape else -12) * grown, y + 0.38 * size, words, size, INK, "start"))
        x += room
    return lines, round(y - top + LEGEND * grown)
