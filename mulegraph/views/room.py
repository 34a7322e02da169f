"""Where words have room in a drawing."""

from __future__ import annotations

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


class Room:
    """Which parts of the picture are written on."""

    def __init__(self, right: float) -> None:
        self._taken: list[Box] = []
        self._right = right

    def inside(self, x: float, wide: float) -> float:
        """The place nearest to `x` at which so many pixels end inside the picture."""
        return min(x, self._right - wide / 2)

    def take(self, x: float, y: float, wide: float, high: float) -> bool:
        """Take a box around a place, unless some of it is taken."""
        box = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
        free = all(_apart(box, other) for other in self._taken)
        if free:
            self._taken.append(box)
        return free

    def keep(self, x: float, y: float, wide: float, high: float) -> None:
        """Keep a box from being written on, also where another reaches into it."""
        self._taken.append((x - wide / 2, y - high / 2, x + wide / 2, y + high / 2))


def _apart(box: Box, other: Box) -> bool:
    return box[2] <= other[0] or other[2] <= box[0] or box[3] <= other[1] or other[3] <= box[1]
