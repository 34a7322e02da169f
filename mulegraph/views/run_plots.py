"""The plots of a run: how scores are spread, what share of false alarms each threshold has, and how runs compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mulegraph.schema.language import month, tr
from mulegraph.views.paper import SMALLEST
from mulegraph.views.plots import BLUE, GREEN, MUTED, SKY, VERMILLION, figure, money, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 20
MAX_RUNS = 120
"""Runs in a trend, the latest."""
SIGN_COLUMNS = 7


@plotted
def chains_plot(nats: Sequence[float], shares: Sequence[float], threshold: float | None, accepted: float) -> Figure:
    """Above, how many chains are at least so surprising; below, what share of them is expected to be coincidence."""
    drawn = figure(270)
    above, below = drawn.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    order = np.argsort(nats)
    x, share = np.asarray(nats, float)[order], np.asarray(shares, float)[order]
    above.step(x, np.arange(len(x), 0, -1), where="pre", color=BLUE, linewidth=1.8)
    above.set_yscale("log")
    above.set_ylabel(tr("chains at\nor above"))
    above.yaxis.set_major_formatter(lambda value, _: money(value))
    below.step(x, share, where="pre", color=VERMILLION, linewidth=1.8)
    below.axhline(accepted, color=MUTED, linewidth=0.9, linestyle=(0, (4, 2)))
    below.annotate(
        tr("accepted: {share}", share=f"{accepted:.0%}"),
        (1, accepted),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=SMALLEST,
        color=MUTED,
    )
    _share_axis(below, max([accepted, *share]))
    below.set_xlabel(tr("surprise in nats"))
    if threshold is not None:
        for axes in (above, below):
            axes.axvline(threshold, color=GREEN, linewidth=1.4)
        above.annotate(
            tr("threshold {nats}", nats=f"{threshold:.1f}"),
            (threshold, 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -10),
            textcoords="offset points",
            fontsize=SMALLEST,
            color=GREEN,
        )
    return drawn


@plotted
def scores_plot(kinds: Mapping[str, Sequence[float]]) -> Figure:
    """By kind (accounts, cases): how many have which score, and the share of false alarms above each threshold."""
    drawn = figure(250)
    grid = drawn.subplots(2, len(kinds), squeeze=False, sharex=True, height_ratios=(3, 2))
    for column, (name, scores) in enumerate(kinds.items()):
        above, below = grid[0][column], grid[1][column]
        above.hist(scores, bins=np.linspace(0, 1, BINS + 1), color=SKY, edgecolor=BLUE, linewidth=0.8)
        above.set_title(f"{len(scores):,} {name}")
        above.set_ylabel(tr("how many") if column == 0 else "")
        if len(scores):
            above.set_yscale("log")
            above.set_ylim(bottom=0.7)
            above.yaxis.set_major_formatter(lambda value, _: money(value))
        ordered = np.sort(np.asarray(scores, float))
        share = np.cumsum(1 - ordered[::-1]) / np.arange(1, len(ordered) + 1)
        if len(ordered):
            below.step([0, *ordered], [*share[::-1], *share[:1]], where="post", color=VERMILLION, linewidth=1.8)
        below.set_xlabel(tr("score, or threshold"))
        _share_axis(below, max(share, default=1.0), named=column == 0)
    return drawn


def _share_axis(axes: Axes, highest: float, *, named: bool = True) -> None:
    """From nothing to the highest share: the small ones are what a threshold is chosen among."""
    axes.set_ylim(0, max(highest, 0.01) * 1.15)
    axes.locator_params(axis="y", nbins=3)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    axes.set_ylabel(tr("expected\nfalse") if named else "")


@plotted
def trend_plot(names: Sequence[str], totals: Mapping[str, Sequence[float]], chosen: int) -> Figure:
    """Totals by run, a panel each; the report's run is marked."""
    drawn = figure(130)
    for axes, (title, values) in zip(drawn.subplots(1, len(totals)), totals.items(), strict=True):
        _line(axes, values, chosen)
        axes.set_title(title)
        axes.set_xticks([0, len(names) - 1], [_short(names[0]), _short(names[-1])])
    return drawn


@plotted
def signs_plot(signs: Mapping[str, Sequence[float]], chosen: int) -> Figure:
    """Findings by run, a small panel for each sign."""
    rows = -(-len(signs) // SIGN_COLUMNS)
    drawn = figure(66 * rows)
    panels = drawn.subplots(rows, SIGN_COLUMNS, squeeze=False).flat
    for axes, (code, values) in zip(panels, signs.items(), strict=False):
        _line(axes, values, chosen)
        axes.set_title(code, pad=2)
        axes.set_xticks([])
    for axes in drawn.axes[len(signs) :]:
        axes.set_visible(False)
    return drawn


def _line(axes: Axes, values: Sequence[float], chosen: int) -> None:
    axes.plot(
        range(len(values)), values, color=BLUE, linewidth=1.4, marker="o" if len(values) < 15 else "", markersize=3
    )
    axes.plot([chosen], [values[chosen]], marker="D", markersize=5, color=VERMILLION)
    highest = max((value for value in values if value == value), default=0)
    axes.set_ylim(0, (highest or 1) * 1.25)
    axes.set_yticks([0, highest] if highest else [0])
    axes.yaxis.set_major_formatter(lambda value, _: money(value))
    beside = 0.12 * max(len(values) - 1, 1)
    axes.set_xlim(-beside, len(values) - 1 + beside)  # also where the first runs have no value


def _short(run: str) -> str:
    """When a run was: 24 Nov 23:56 of 20261124T235604Z-642cc2."""
    return f"{run[6:8]} {month(int(run[4:6]))}\n{run[9:11]}:{run[11:13]}"
