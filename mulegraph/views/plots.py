"""What all plots share: Matplotlib drawing SVG with text as text, the same bytes for the same figures.

One SVG serves the page and the PDF. It holds no script and no address, its colours are Okabe and Ito's (Color Universal
Design, 2008), and nothing is told by colour alone. Matplotlib is imported when the first plot is drawn.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from mulegraph.schema.language import month, word
from mulegraph.views.paper import PAPER_WIDTH, SMALLEST
from mulegraph.views.tables import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
ORANGE = "#E69F00"
SKY = "#56B4E9"
INK = "#1a202c"
MUTED = "#4a5568"
GRID = "#e2e8f0"
FONT = "DejaVu Sans"
"""Comes with Matplotlib, so that widths are the same everywhere; the PDF is set in it, too."""
LONGEST_LABEL = 26
LARGEST_PAUSE = 0.12
"""Share of a time axis that one pause may take; longer ones are cut short."""
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mulegraph",
    "font.family": FONT,
    "font.size": SMALLEST,
    "axes.titlesize": SMALLEST,
    "axes.titlelocation": "left",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "legend.fontsize": SMALLEST,
}
KEPT_ID = re.compile(r"[a-zA-Z][0-9a-f]{10}")
"""Ids of what is drawn again by name are hashes; the others only count up, and would be the same in the next plot."""


def plotted(build: Callable[P, Figure]) -> Callable[P, str]:
    """Make a function that builds a figure give its SVG: no header, no date, no address, no size but its shape."""

    @wraps(build)
    def drawn(*arguments: P.args, **named: P.kwargs) -> str:
        with styled():
            stream = io.StringIO()
            nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
            build(*arguments, **named).savefig(stream, format="svg", metadata=nothing)
        return _bare(stream.getvalue())

    return drawn


@contextmanager
def styled() -> Iterator[None]:
    """The style of all plots; a sign that the font lacks is the reader's font's to draw, and no warning."""
    from matplotlib import rc_context

    with rc_context(STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def _bare(text: str) -> str:
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    # A style element would need a hash of its own in the page's policy; attributes of the root say the same.
    text = re.sub(r"<defs>\s*<style[^>]*>[^<]*</style>\s*</defs>\s*", "", text, count=1)
    text = text.replace("<svg", '<svg stroke-linejoin="round" stroke-linecap="butt"', 1)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    return re.sub(r' id="([^"]*)"', lambda each: each[0] if KEPT_ID.fullmatch(each[1]) else "", text)


def figure(height: float) -> Figure:
    """An empty figure as wide as all are, and so many points high."""
    from matplotlib.figure import Figure

    return Figure(figsize=(PAPER_WIDTH / 72, height / 72), layout="constrained")


def label(text: Any) -> str:
    """A name that fits beside an axis: long ones lose their middle."""
    name = shown(text)
    if len(name) <= LONGEST_LABEL:
        return name
    return f"{name[: LONGEST_LABEL // 2]}…{name[-(LONGEST_LABEL // 2 - 1) :]}"


def money(amount: float) -> str:
    """An amount at an axis: 950, 1.2k, 3.4M."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(amount) >= unit:
            return f"{amount / unit:.3g}{letter}"
    return f"{amount:.3g}"


def pause(length: timedelta) -> str:
    """A length of time in its largest unit: 3 d, 5 h, 12 min."""
    seconds = length.total_seconds()
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.0f} {word(name)}"
    return f"{seconds:.0f} s"


class Clock:
    """Places on a time axis on which no pause takes more than its share; what was cut stands in `cuts`.

    Where nothing happens for days between minutes of transfers, a straight axis would show a single line.
    """

    def __init__(self, times: Sequence[datetime]) -> None:
        self.times = sorted(set(times))
        gaps = [(b - a).total_seconds() for a, b in zip(self.times, self.times[1:], strict=False)]
        longest = longest_pause(gaps)
        self._place = {self.times[0]: 0.0} if self.times else {}
        self.cuts: list[tuple[float, timedelta]] = []
        at = 0.0
        for time, gap in zip(self.times[1:], gaps, strict=True):
            if gap > longest:
                self.cuts.append((at + longest / 2, timedelta(seconds=gap)))
            at += min(gap, longest)
            self._place[time] = at
        self.length = at or 1.0

    def __call__(self, time: datetime) -> float:
        """Where a time stands, from 0 to 1."""
        return self._place[time] / self.length

    def mark(self, axes: Axes, *, room: float, told: bool = True) -> None:
        """Label the axis where there is room (a share of it for each label), and mark what was cut."""
        ticks: list[tuple[float, datetime]] = []
        for time in self.times:
            if not ticks or self(time) - ticks[-1][0] >= room:
                ticks.append((self(time), time))
        axes.set_xticks(
            [place for place, _ in ticks], [f"{time:%d} {month(time.month)}\n{time:%H:%M}" for _, time in ticks]
        )
        axes.set_xlim(-0.02, 1.02)
        for place, length in self.cuts:
            axes.axvline(place / self.length, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
            if told:
                axes.annotate(
                    pause(length),
                    (place / self.length, 1),
                    xycoords=("data", "axes fraction"),
                    xytext=(0, 3),
                    textcoords="offset points",
                    ha="center",
                    fontsize=SMALLEST,
                    color=MUTED,
                    annotation_clip=False,
                )


def longest_pause(gaps: Sequence[float]) -> float:
    """The longest that a pause may be drawn, in seconds, so that none takes more than its share of the axis."""
    share = max(LARGEST_PAUSE, 1.5 / max(len(gaps), 1))
    for longest in sorted(set(gaps), reverse=True):
        if longest <= share * sum(min(gap, longest) for gap in gaps):
            return longest
    return max(gaps, default=1.0)
