"""What can be read in the pictures of a workspace's cases at first sight, and whether an arrow lies.

    python -m benchmarks.pictures [WORKSPACE] [CASES]

Counted by geometry: arrows that run through an account that is not their end, or against the money, and pairs of arrows
that cross and have no end in common. Counted in headless Chromium at 1400 by 900: names and amounts that there is room
to write, how much of the stage is used, how soon a page is there, and nodes that are lost while it is zoomed, moved,
folded and filtered.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path

from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.views import layout
from mulegraph.views.chart import charted
from mulegraph.views.pictures import picture
from tests.views.browser import started
from tests.views.geometry import against, arrows, crossed, crossings, small_of
from tests.views.hands import lost_nodes, random_steps

READ = """
const [left, top, right, bottom] = boxOf(), box = picture.canvas.frame.canvas, scale = picture.getScale();
return {
  names: [view.nodes.size, written.names],
  amounts: [[...view.arrows.values()].filter((each) => each.source !== each.target).length, written.amounts],
  stage: (right - left) * (bottom - top) * scale * scale / (box.clientWidth * box.clientHeight),
};
"""

OPENED = "const [entry] = performance.getEntriesByType('navigation'); return entry.loadEventEnd / 1000"
PAGES, STEPS = 20, 200


def main(workspace: Path, count: int) -> None:
    """Count and print."""
    space = MaskedWorkspace(workspace)
    found: Counter[str] = Counter()
    stages: list[float] = []
    opened: list[float] = []
    lost = 0
    browser = started(1400, 900)
    browser.set_window_size(1400, 900 + 900 - browser.execute_script("return innerHeight"))
    with tempfile.TemporaryDirectory() as folder:
        for case in space.cases(top=count)["case"]:
            small, _ = small_of(charted(space.case(case).network()))
            for name, lay_out in (("money", layout.flow), ("banks", layout.banks)):
                made = lay_out(small)
                lines = arrows(small, made)
                found[f"{name}: arrows"] += len(lines)
                found[f"{name}: through a foreign node"] += len(crossed(lines, made.place))
                found[f"{name}: against the money"] += len(against(lines))
                found[f"{name}: pairs that cross"] += crossings(lines)
            page = Path(folder) / "page.html"
            page.write_text(picture(space, case), encoding="utf-8")
            browser.get(page.as_uri())
            browser.execute_async_script("fit(); requestAnimationFrame(() => setTimeout(arguments[0], 150))")
            seen = browser.execute_script(READ)
            for what in ("names", "amounts"):
                found[what] += seen[what][0]
                found[f"{what} written"] += seen[what][1]
            found["most marks"] = max(found["most marks"], len(small))
            stages.append(seen["stage"])
            opened.append(browser.execute_script(OPENED))
            if len(stages) <= PAGES:
                lost += len(lost_nodes(browser, random_steps(len(stages), STEPS)))
    browser.quit()
    for name, number in found.items():
        print(f"{name:32} {number:6,}")
    for what in ("names", "amounts"):
        print(f"{what} readable {found[f'{what} written'] / max(found[what], 1):.1%}")
    print(f"nodes lost in {STEPS} random steps on each of {min(PAGES, len(stages))} pages: {lost}")
    print(f"opened, median: {statistics.median(opened):.2f} s, slowest {max(opened):.2f} s")
    print(f"stage used, mean of {len(stages)} cases: {sum(stages) / max(len(stages), 1):.0%}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("demo/workspace"), int((sys.argv[2:] or ["50"])[0]))
