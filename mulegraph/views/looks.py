"""How each node of a chart is drawn: filled by its score, as large as the money that passed it, ringed by its role.

Page and drawing have it from here. A score is on one scale of lightness, which the colour-blind and a copy in grey
read, too; size is by area, so twice the money is twice the ink.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mulegraph.lazy import networkx as nx
from mulegraph.views.chart import sums_of
from mulegraph.views.node_styles import INK, KINDS, LETTERS, OTHER, OWN, PAPER, RINGS, Kind, kind_of, letter_of

LIGHTEST, DARKEST = (201, 223, 238), (0, 80, 125)
"""Fill of scores 0 and 1."""
DARK_FROM = 0.63
"""From this score on a letter is white: below, dark ink has the better contrast (4 to 1 at the change)."""
SMALLEST, LARGEST = 11.0, 19.0
"""Radius without money and with the most; 34 pixels around a node are kept free of foreign arrows."""
RING = 4.5
"""What a ring adds to a radius."""


@dataclass(frozen=True)
class Look:
    """How one node is drawn. `ring` is the colour of its role, or nothing."""

    radius: float
    fill: str
    ink: str
    ring: str = ""

    @property
    def reach(self) -> float:
        """From the middle to the edge of all that is drawn."""
        return self.radius + (RING if self.ring else 0.0)


def plain_look(kind: Kind) -> Look:
    """A kind by itself."""
    return Look(kind.radius, *((PAPER, kind.colour) if kind.hollow else (kind.colour, PAPER)))


def looks_of(chart: nx.MultiDiGraph[Any]) -> dict[Any, Look]:
    """The look of every node; accounts of other banks are hollow, whatever their score."""
    passed = _passed(chart)
    return {node: _look(data, passed.get(node, 0.0)) for node, data in chart.nodes(data=True)}


def _look(data: Mapping[str, Any], share: float) -> Look:
    name = kind_of(data)  # type: ignore[arg-type]
    kind = KINDS[name]
    if name not in (OWN, OTHER):
        return plain_look(kind)
    radius = round(SMALLEST + (LARGEST - SMALLEST) * math.sqrt(share), 1)
    role = data.get("role") or ""
    ring = RINGS.get(role, "") if LETTERS.get(role) == letter_of(data) else ""  # type: ignore[arg-type]
    if kind.hollow:
        return Look(radius, PAPER, kind.colour, ring)
    score = min(max(float(data.get("score") or 0), 0.0), 1.0)
    mixed = (round(a + (b - a) * score) for a, b in zip(LIGHTEST, DARKEST, strict=True))
    return Look(radius, "#" + "".join(f"{each:02x}" for each in mixed), PAPER if score >= DARK_FROM else INK, ring)


def _passed(chart: nx.MultiDiGraph[Any]) -> dict[Any, float]:
    """What came to a node or left it, the larger, as a share of the most at any account; by currency, the largest."""
    came, went = defaultdict(list), defaultdict(list)
    for source, target, data in chart.edges(data=True):
        if data["kind"] == "transfer":
            went[source].append(data)
            came[target].append(data)
    found: dict[Any, dict[str, float]] = defaultdict(dict)
    most: dict[str, float] = defaultdict(float)
    for moved in (came, went):
        for node, transfers in moved.items():
            for money, each in sums_of(transfers, chart.graph.get("traced")).items():
                found[node][money] = max(found[node].get(money, 0.0), float(each.high))
    accounts = {node: of for node, of in found.items() if kind_of(chart.nodes[node]) in (OWN, OTHER)}
    for of in accounts.values():
        for money, amount in of.items():
            most[money] = max(most[money], amount)
    shares = {}
    for node, of in accounts.items():
        shares[node] = [amount / most[money] for money, amount in of.items() if most[money]]
    return {node: max(each, default=0.0) for node, each in shares.items()}
