"""What a chart's things look like, in one place for page, drawing and legend.

Shape and colour are by kind, letter and ring by role.

Colours are Okabe & Ito's for the colour-blind (2008), darkened where white paper needs it; no two kinds differ by
colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mulegraph.schema.choices import KNOWN_GOOD

OWN = "own"
OTHER = "other"
HOLDER = "holder"
DEVICE = "device"
CASH = "cash"
FRONTIER = "frontier"
GROUP = "group"
"""Kinds of nodes, as a chart tells them apart."""

Corners = tuple[tuple[float, float], ...]
SQUARE: Corners = ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85))
DIAMOND: Corners = ((0.0, -1.15), (1.15, 0.0), (0.0, 1.15), (-1.15, 0.0))
HEXAGON: Corners = ((-0.55, -0.95), (0.55, -0.95), (1.1, 0.0), (0.55, 0.95), (-0.55, 0.95), (-1.1, 0.0))
ARROW: Corners = ((-1.0, -0.8), (0.45, -0.8), (1.2, 0.0), (0.45, 0.8), (-1.0, 0.8))


@dataclass(frozen=True)
class Kind:
    """How one kind is drawn: `corners` in units of its radius (none: a circle), hollow or filled, its line dashed."""

    title: str
    colour: str
    corners: Corners = ()
    hollow: bool = False
    dashed: bool = False
    radius: int = 15


KINDS = {
    OWN: Kind("account", "#0072b2"),
    OTHER: Kind("account at another bank", "#0072b2", hollow=True),
    HOLDER: Kind("holder of several", "#8f3f71", HEXAGON, hollow=True),
    DEVICE: Kind("device", "#9a6200", SQUARE, radius=12),
    CASH: Kind("cash", "#00795a", DIAMOND, radius=13),
    FRONTIER: Kind("ask this bank", "#c04000", ARROW, hollow=True, dashed=True),
    GROUP: Kind("several drawn as one", "#4a4a4a", hollow=True, radius=20),
}
"""Every kind; the order is the legend's."""

LETTERS = {
    "victim": "V",
    "collector": "C",
    "relay": "R",
    "consolidator": "K",
    "cash-out": "X",
    "beneficiary": "B",
    "subject": "S",
}
"""The badge of a role, written into the node."""

RINGS = {
    "victim": "#e69f00",
    "collector": "#b00020",
    "relay": "#4b9cd3",
    "consolidator": "#cc79a7",
    "cash-out": "#00795a",
    "beneficiary": "#8f3f71",
    "subject": "#1a202c",
}
"""The ring of a role around its node."""

GOOD = KNOWN_GOOD
"""The list whose mark is a tick; every other list's is a flag."""
INK = "#1a202c"
PAPER = "#ffffff"
LINE = "#5b6675"
FLAG = "#b00020"
TICK = "#00795a"


def kind_of(data: dict[str, Any]) -> str:
    """The kind of a node of a graph such as `Case.network()` gives."""
    kind = data["kind"]
    if kind == "account":
        return OTHER if data.get("own") is False else OWN
    return {"bank": FRONTIER}.get(kind, kind)


def letter_of(data: dict[str, Any]) -> str:
    """What is written into a node: its role's letter, a combo's number, a trace's generation; of known good nothing."""
    if data["kind"] == "group":
        return str(data["size"])
    if GOOD in (data.get("lists") or ()):
        return ""
    generation = data.get("generation")
    return LETTERS.get(data.get("role") or "", "") or ("" if generation is None else str(generation))
