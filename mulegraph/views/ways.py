"""The way of an arrow between columns: level beside every column, a curve in the channels between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from mulegraph.views.layout import STUB

Point = tuple[float, float]
Piece = tuple[Point, Point, Point, Point]
"""A cubic Bézier curve: start, two control points, end."""
BACK_X = 84
BACK_Y = 36
BACK_FAN = 28
"""Where the stub of money that comes back ends, right of and above its payer; over how many pixels several fan out."""


def pieces(points: Sequence[Point]) -> Iterator[Piece]:
    """The curves through points in columns, from left to right: nothing leaves its row within `STUB` of a column."""
    for (x, y), (to_x, to_y) in pairwise(points):
        leave, arrive = (x + STUB, y), (to_x - STUB, to_y)
        middle = (leave[0] + arrive[0]) / 2
        yield (x, y), (x, y), leave, leave
        yield leave, (middle, y), (middle, to_y), arrive
        yield arrive, arrive, (to_x, to_y), (to_x, to_y)


def back_stub(payer: Point, turn: int, of: int) -> Point:
    """Where the stub of the `turn`-th of so many payments back ends: right of the payer, inside its own row."""
    return payer[0] + BACK_X, payer[1] - BACK_Y + (BACK_FAN * turn / (of - 1) if of > 1 else 0)


def on(piece: Piece, along: float) -> Point:
    """The point of a curve at a share of it."""
    weights = ((1 - along) ** 3, 3 * (1 - along) ** 2 * along, 3 * (1 - along) * along**2, along**3)
    x = sum(weight * point[0] for weight, point in zip(weights, piece, strict=True))
    return x, sum(weight * point[1] for weight, point in zip(weights, piece, strict=True))
