"""How runs compare: totals and findings of the runs before a run, as plots and a table of its report."""

from __future__ import annotations

from mulegraph.casework.run_file import RunFile
from mulegraph.schema.language import tr
from mulegraph.views.document import Block, Picture, Table, Text, cells, heads
from mulegraph.views.run_plots import MAX_RUNS, signs_plot, trend_plot

TREND_ROWS = 20


def trend(content: RunFile) -> list[Block]:
    """Totals and findings by sign over the runs up to this one."""
    runs = content.trend[-MAX_RUNS:]
    place = content.place - (len(content.trend) - len(runs))
    if len(content.trend) < 2 or place < 0:
        few = (
            tr("This is the only run; a trend needs two.")
            if len(content.trend) < 2
            else tr("It is too long ago for a trend.")
        )
        return [Text(few)]
    names = [each["run"] for each in runs]
    totals = {
        tr("cases"): [each["cases"] for each in runs],
        tr("findings"): [sum(each["findings"].values()) for each in runs],
        tr("rejected rows"): [each["rejects"] for each in runs],
        tr("seconds"): [each["seconds"] for each in runs],
    }
    signs = {code: [each["findings"].get(code, float("nan")) for each in runs] for code in content.signs}
    alt = "; ".join(_moved(name, f"{values[0]:,.0f}", f"{values[-1]:,.0f}") for name, values in totals.items())
    columns = heads("run", "transfers #", "cases #", "findings #", "rejected rows #", "seconds #")
    rows = []
    for each in reversed(runs[-TREND_ROWS:]):
        rows.append(
            cells(
                each["run"] + (f" ({tr('this report')})" if each["run"] == content.run else ""),
                f"{each['transfers']:,}",
                each["cases"],
                sum(each["findings"].values()),
                each["rejects"],
                f"{each['seconds']:.1f}",
            )
        )
    by_sign = "; ".join(_moved(code, _count(values[0]), _count(values[-1])) for code, values in signs.items())
    return [
        Picture(
            trend_plot(names, totals, place),
            alt,
            tr("{n:run|runs}; the diamond is the run of this report.", n=len(runs)),
        ),
        Picture(
            signs_plot(signs, place),
            by_sign,
            tr("Findings by sign, over the same runs; a gap is a run that could not test it."),
        ),
        Table(
            columns,
            rows,
            note=tr("The latest {n} of {all}.", n=TREND_ROWS, all=len(runs)) if len(runs) > TREND_ROWS else "",
        ),
    ]


def _moved(what: str, first: str, last: str) -> str:
    return tr("{what} from {first} to {last}", what=what, first=first, last=last)


def _count(value: float) -> str:
    return f"{value:.0f}" if value == value else tr("not testable")
