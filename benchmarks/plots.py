"""Which library draws the reports' plots: file size, time, determinism, and whether a page with no script can hold it.

Each draws the same picture, nine accounts with two step lines of 60 points, in a process of its own:
`python benchmarks/plots.py` (needs `pip install -e '.[bench]'`).
Times are ratios to Matplotlib's in the same run; a share of 2 is twice as slow.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PANELS = 9
POINTS = 60
RUNS = 3
Drawn = tuple[str, str]
"""What stands in the page (SVG, or data and script), and the SVG alone for print, empty where there is none."""


def curves() -> list[tuple[list[float], list[float], list[float]]]:
    """x and two rising lines for each panel, the same in every run."""
    found = []
    for panel in range(PANELS):
        x = [float(point) for point in range(POINTS)]
        up = [float((panel + 1) * point) for point in range(POINTS)]
        found.append((x, up, [each * 0.8 for each in up]))
    return found


def matplotlib() -> Drawn:
    """SVG with text as text."""
    import io

    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "mulegraph"}):
        figure = Figure(figsize=(9, 6))
        for axes, (x, up, down) in zip(figure.subplots(3, 3).flat, curves(), strict=True):
            axes.step(x, up, where="post")
            axes.step(x, down, where="post")
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue(), stream.getvalue()


def altair() -> Drawn:
    """SVG by vl-convert, whose wheel holds a JavaScript engine."""
    import altair as alt
    import vl_convert

    rows = [
        {"panel": panel, "x": x, "y": y, "line": line}
        for panel, (xs, *lines) in enumerate(curves())
        for line, ys in zip(("in", "out"), lines, strict=True)
        for x, y in zip(xs, ys, strict=True)
    ]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(interpolate="step-after")
        .encode(x="x:Q", y="y:Q", color="line:N")
        .properties(width=240, height=150)
        .facet("panel:N", columns=3)
    )
    svg = vl_convert.vegalite_to_svg(chart.to_dict())
    return svg, svg


def plotly() -> Drawn:
    """A script in the page; its still pictures need a browser beside it (kaleido)."""
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=3, cols=3)
    for panel, (x, *lines) in enumerate(curves()):
        for y in lines:
            figure.add_scatter(x=x, y=y, line_shape="hv", row=panel // 3 + 1, col=panel % 3 + 1)
    return figure.to_html(include_plotlyjs=True, full_html=False, div_id="plot"), ""


def prints(svg: str) -> bool:
    """Whether Typst puts it into a PDF."""
    import typst

    if not svg:
        return False
    with TemporaryDirectory() as folder:
        (Path(folder) / "plot.svg").write_text(svg, encoding="utf-8")
        (Path(folder) / "main.typ").write_text('#image("plot.svg")', encoding="utf-8")
        return len(typst.compile(str(Path(folder) / "main.typ"), format="pdf")) > 1_000


def measured(name: str) -> dict[str, Any]:
    """One library, in this process, which has imported nothing of it yet."""
    start = time.perf_counter()
    page, svg = globals()[name]()
    first = time.perf_counter() - start
    again = []
    for _ in range(RUNS):
        start = time.perf_counter()
        globals()[name]()
        again.append(time.perf_counter() - start)
    digest = hashlib.sha256(page.encode()).hexdigest()[:12]
    return {
        "kB": len(page) / 1000,
        "first": first,
        "again": min(again),
        "hash": digest,
        "script": "<script" in page,
        "eval": "new Function(" in page or "eval(" in page,
        "prints": prints(svg),
    }


def told(name: str) -> dict[str, Any]:
    """One library in a fresh process."""
    done = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, check=True)
    return dict(eval(done.stdout))  # noqa: S307 (our own output)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(measured(sys.argv[1]))
    else:
        rows = {name: [told(name), told(name)] for name in ("matplotlib", "altair", "plotly")}
        base = rows["matplotlib"][0]
        print("library     kB in page  import + first  each further  same bytes  script  evals  in a PDF")
        for name, (one, other) in rows.items():
            print(
                f"{name:<11} {one['kB']:>10,.0f} {one['first'] / base['first']:>15.2f}"
                f" {one['again'] / base['again']:>13.2f}  {one['hash'] == other['hash']!s:<10}  {one['script']!s:<6}"
                f"  {one['eval']!s:<5}  {one['prints']}"
            )
        print(f"Matplotlib itself: {base['first']:.2f} s first, {base['again']:.2f} s each further")
