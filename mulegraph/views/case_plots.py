"""The plots of a case: who paid whom when, and what came into accounts, went out and remains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mulegraph.cases.balance import Step
from mulegraph.schema.language import later, tr, word
from mulegraph.views.paper import SMALLEST
from mulegraph.views.plots import BLUE, GREEN, INK, MUTED, SKY, VERMILLION, Clock, figure, label, money, plotted
from mulegraph.views.tables import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CASH_LANE, OTHERS_LANE = later("cash"), later("others")
MAX_LANES, MAX_PANELS = 30, 9
LANE = 15
PANEL = 112
FRAME = 70
"""Points: a lane's height, a panel's, and what stands around."""


@plotted
def payments_plot(
    moves: Sequence[Mapping[str, Any]], roles: Mapping[str, str], reported: Sequence[Mapping[str, Any]]
) -> Figure:
    """Each transfer as an arrow from its payer's lane to its payee's, in order of time; wider is more.

    `moves` need at, source, target (none: cash), amount; `reported` at and account.
    """
    lanes = lanes_of(moves, roles)
    place = {name: len(lanes) - 1 - number for number, name in enumerate(lanes)}
    drawn = figure(FRAME + LANE * len(lanes))
    axes = drawn.subplots()
    clock = Clock([*(move["at"] for move in moves), *(each["at"] for each in reported)])
    largest = float(max((move["amount"] for move in moves), default=1))
    for move in moves:
        ends = [place.get(_lane(move[side]), place.get(OTHERS_LANE, 0)) for side in ("source", "target")]
        width = 0.8 + 2.4 * (float(move["amount"]) / largest) ** 0.5
        _arrow(axes, clock(move["at"]), ends[0], ends[1], width)
    known = [each for each in reported if each["account"] in place]
    axes.scatter(
        [clock(each["at"]) for each in known],
        [place[each["account"]] for each in known],
        marker="*",
        s=70,
        color=VERMILLION,
        zorder=4,
        label=tr("reported as fraud"),
    )
    axes.set_yticks(range(len(lanes)), [_named(name, roles) for name in reversed(lanes)])
    axes.set_ylim(-0.7, len(lanes) - 0.3)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    clock.mark(axes, room=0.085)
    if known:
        drawn.legend(loc="outside lower right")
    return drawn


def lanes_of(moves: Sequence[Mapping[str, Any]], roles: Mapping[str, str]) -> list[str]:
    """Accounts in the order in which money reaches them, payers first; cash last; the smallest share one lane."""
    sums: dict[str, float] = {}
    for move in sorted(moves, key=lambda each: each["at"]):
        for side in ("source", "target"):
            name = _lane(move[side])
            sums[name] = sums.get(name, 0.0) + float(move["amount"])
    order = [name for name in sums if name != CASH_LANE]
    kept = sorted(order, key=lambda name: (roles.get(name, "named") == "named", -sums[name], name))[:MAX_LANES]
    lanes = [name for name in order if name in set(kept)]
    lanes += [OTHERS_LANE] if len(order) > len(lanes) else []
    return lanes + ([CASH_LANE] if CASH_LANE in sums else [])


def _lane(name: Any) -> str:
    return name if isinstance(name, str) else CASH_LANE


def _named(name: str, roles: Mapping[str, str]) -> str:
    role = roles.get(name, "")
    shown_as = tr(name) if name in (CASH_LANE, OTHERS_LANE) else label(name)
    return f"{shown_as} · {word(role)}" if role and role != "named" else shown_as


def _arrow(axes: Axes, at: float, source: int, target: int, width: float) -> None:
    axes.plot([at], [source], marker="o", markersize=2 + width, color=INK, zorder=3)
    if source == target:
        return
    shape = {"arrowstyle": f"-|>,head_length={0.25 + width / 12:.2f},head_width={0.12 + width / 20:.2f}"}
    axes.annotate(
        "",
        (at, target),
        (at, source),
        zorder=2,
        arrowprops={**shape, "color": BLUE, "linewidth": width, "shrinkA": 0, "shrinkB": 0},
    )


@plotted
def balances_plot(accounts: Sequence[tuple[str, str, Sequence[Step]]]) -> Figure:
    """Small multiples, one an account (name, role, steps): what came in, what went out, and what remains."""
    chosen = accounts[:MAX_PANELS]
    columns = min(3, max(len(chosen), 1))
    rows = -(-len(chosen) // columns)
    drawn = figure(34 + (PANEL + 16) * max(rows, 1))
    panels = drawn.subplots(max(rows, 1), columns, squeeze=False).flat
    for axes, (name, role, steps) in zip(panels, chosen, strict=False):
        _panel(axes, name, role, steps)
    for axes in drawn.axes[len(chosen) :]:
        axes.set_visible(False)
    if chosen:
        handles, names = drawn.axes[0].get_legend_handles_labels()
        drawn.legend(handles, names, loc="outside upper left", ncols=3)
    return drawn


def _panel(axes: Axes, name: str, role: str, steps: Sequence[Step]) -> None:
    clock = Clock([step.at for step in steps])
    x, came, went = lines_of(steps, clock)
    left = [a - b for a, b in zip(came, went, strict=True)]
    axes.fill_between(x, left, step="post", color=SKY, alpha=0.45, linewidth=0, label=tr("remains (in less out)"))
    axes.step(x, came, where="post", color=BLUE, linewidth=1.8, label=tr("came in"))
    axes.step(x, went, where="post", color=VERMILLION, linewidth=1.5, linestyle=(0, (4, 2)), label=tr("went out"))
    axes.plot([x[-1]], [left[-1]], marker="o", markersize=4, color=GREEN, clip_on=False)
    axes.annotate(
        shown(steps[-1].left),
        (x[-1], left[-1]),
        xytext=(-4, 4),
        textcoords="offset points",
        ha="right",
        fontsize=SMALLEST,
        color=INK,
        bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8},
    )
    axes.set_title(_named(name, {name: role}), pad=4)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.yaxis.set_major_formatter(lambda value, _: money(value))
    axes.locator_params(axis="y", nbins=4)
    clock.mark(axes, room=0.42, told=False)
    axes.set_xlim(-0.03, 1.08)


def lines_of(steps: Sequence[Step], clock: Clock) -> tuple[list[float], list[float], list[float]]:
    """Places, sums in and sums out as they are drawn: from nothing, a step at each moment, and on to the end."""
    x = [-0.03, *(clock(step.at) for step in steps), 1.08]
    came = [0.0, *(float(step.came) for step in steps), float(steps[-1].came)]
    went = [0.0, *(float(step.went) for step in steps), float(steps[-1].went)]
    return x, came, went
