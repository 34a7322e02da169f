"""A case's network for paper: one picture for each part that hangs together, its accounts by number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mulegraph.lazy import networkx as nx
from mulegraph.schema.language import later, tr
from mulegraph.views.chart import charted
from mulegraph.views.columns import columns_of
from mulegraph.views.document import Block, Picture, Text
from mulegraph.views.drawing import Sheet, drawn, size_of, title_of
from mulegraph.views.grouping import Combo, ComboKey, combos, contracted
from mulegraph.views.layout import SIDE, STEP_Y, Layout, components, flow
from mulegraph.views.paper import PAPER_HEIGHT, PAPER_WIDTH, SMALLEST

MARK = 0.55
"""Marks are drawn smaller than on the page by this, so that a name of a number stands between two rows."""
MARKS = (60, 40, 26, 16)
"""How many marks a picture may have, tried in turn until its rows are far enough apart."""
ROW = 34
"""Points between two rows at least: a mark, its number, and room above."""
EDGES = 100
"""Points beside the marks of the first and the last column, together: half a name each."""
WIDEST, TALLEST = 0.75, 0.6
"""By what a small picture is stretched at most: it is not blown up to fill the page."""


def network_pictures(graph: nx.MultiDiGraph[Any], numbers: Mapping[str, int], zone: str) -> list[Block]:
    """The pictures of a graph as `Case.network()` gives it, the largest part first; `numbers` are by account.

    Accounts that no money and no device joins to another have no picture; they are told at the end.
    """
    whole = charted(graph)
    parts = [whole.subgraph(nodes) for nodes in components(whole, columns_of(whole))]
    large = [part for part in parts if len(part) > 1]
    told: list[Block] = []
    for place, part in enumerate(large, 1):
        which = tr("Picture {place} of {all}.", place=place, all=len(large)) + " " if len(large) > 1 else ""
        told.append(_picture(part, numbers, zone, which))
    alone = [numbers[node] for part in parts for node in part if len(part) == 1 and node in numbers]
    if alone:
        several = later("Accounts {numbers} have no money or device of the case in common with another and no picture.")
        single = later("Account {numbers} has no money or device of the case in common with another and no picture.")
        told.append(Text(tr(several if len(alone) > 1 else single, numbers=ranges(alone)), tr("Alone.")))
    return told


def _picture(part: nx.MultiDiGraph[Any], numbers: Mapping[str, int], zone: str, place: str) -> Picture:
    made, chart, layout = _fitting(part)
    names: dict[Any, str] = {node: str(numbers[node]) for node in chart if node in numbers}
    names |= {ComboKey(place): f"{_mark(place)}: {combo.label.split(', ')[0]}" for place, combo in enumerate(made)}
    sheet = _sheet(layout, names)
    local = tr("Times in it are in {zone}.", zone=zone) + " " if zone != "UTC" else ""
    runs = tr("Money runs from left to right. Numbers are those of the table of accounts.")
    every = tr("The table of transfers holds every amount.")
    caption = f"{place}{runs} {local}{every}{''.join(_members(made, numbers))}"
    title = title_of(part)
    svg = drawn(chart, layout, sheet, PAPER_WIDTH, title, least=PAPER_WIDTH)
    return Picture(svg, tr("{title}, money from left to right", title=title), caption)


def _fitting(part: nx.MultiDiGraph[Any]) -> tuple[list[Combo], nx.MultiDiGraph[Any], Layout]:
    """The part with as many marks as have room on paper."""
    for most in MARKS:
        made = combos(part, most)
        chart = contracted(part, made)
        layout = flow(chart)
        if STEP_Y * PAPER_HEIGHT / size_of(layout)[1] >= ROW:
            break
    return made, chart, layout


def _sheet(layout: Layout, names: Mapping[Any, str]) -> Sheet:
    wide, high = size_of(layout)
    size = SMALLEST
    return Sheet(
        mark=MARK,
        letter=size,
        name=size,
        amount=size,
        time=size,
        legend=size,
        across=min(WIDEST, PAPER_WIDTH / wide, (PAPER_WIDTH - EDGES) / max(wide - 2 * SIDE, 1)),
        down=min(TALLEST, PAPER_HEIGHT / high),
        names=names,
    )


def _members(made: list[Combo], numbers: Mapping[str, int]) -> Iterator[str]:
    """Which accounts are drawn as one, by number."""
    told = later("{mark}: {what}, accounts {numbers}.")
    for place, combo in enumerate(made):
        inside = [numbers[member] for member in combo.members if member in numbers]
        if inside:
            yield " " + tr(told, mark=_mark(place), what=combo.label, numbers=ranges(inside))


def _mark(place: int) -> str:
    """A letter for what is drawn as one, since two of it may have the same words; after z come aa, ab."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return letters[place] if place < len(letters) else _mark(place // len(letters) - 1) + letters[place % len(letters)]


def ranges(numbers: list[int]) -> str:
    """Numbers in order, runs of them by their ends: `2, 4–7`."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(_run(run[0], run[-1]) for run in runs)


def _run(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first}, {last}" if last == first + 1 else f"{first}–{last}"
