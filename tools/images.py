"""The pictures of the docs, made anew from the demo: python tools/images.py [DEMO] (after make demo, with Chromium).

Each page is taken as it first opens, or after what somebody would do, in a wide and in a tall window.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from mulegraph.privacy.door import MaskedWorkspace  # noqa: E402
from mulegraph.views.pictures import picture  # noqa: E402
from mulegraph.workspace.workspace import Workspace  # noqa: E402
from tests.views.browser import started  # noqa: E402

OUT = ROOT / "docs" / "images"
SIZES = {"wide": (1400, 900), "tall": (900, 1200)}
SMALL, STORY = 32, {"victim", "collector", "relay", "cash-out"}
"""The picture that the README opens with is of a case of so few accounts in which all of the story is seen."""
CHOOSE = "goTo(chart.nodes.findIndex(n => n.role === 'collector' && n.findings.length)); fit()"


def layout(name: str) -> str:
    """What choosing a layout does."""
    return f"const s = $('layout'); s.value = '{name}'; s.dispatchEvent(new Event('change'))"


def section(name: str) -> str:
    """What following a link to a section does."""
    return f"document.getElementById('{name}').scrollIntoView()"


@dataclass(frozen=True)
class Shot:
    """A page of the demo, and a script of what is done on it before it is taken."""

    name: str
    page: str
    act: str = ""


def shots(demo: Path) -> list[Shot]:
    """What is taken; pages that the demo does not hold are made beside it."""
    space = MaskedWorkspace(demo / "workspace")
    case = space.cases(top=1)["case"].iloc[0]
    reported = Workspace(demo / "workspace").ledger.arrow("reports")["transfer_id"][6].as_py()
    chain = space.chains(top=1)["chain"].iloc[0]
    told = ((row["case"], row["accounts"], set(row["roles"])) for row in space.cases().to_dict("records"))
    hero = next(name for name, accounts, roles in told if len(accounts) <= SMALL and roles >= STORY)
    made = {
        "hero": picture(space, hero),
        "chain": picture(space, chain),
        "account": picture(space, space.ranking(top=1)["account"].iloc[0]),
        "trace": picture(space, reported),
    }
    for name, text in made.items():
        (demo / f"{name}.html").write_text(text, encoding="utf-8")
    view = f"{case}.html"
    return [
        Shot("case", view),
        Shot("case-chosen", view, CHOOSE),
        Shot("case-half", view, "setUntil(Math.round(times.length * 0.6))"),
        Shot("case-banks", view, layout("banks")),
        Shot("case-time", view, layout("time")),
        *(Shot(name, f"{name}.html") for name in made),
        Shot("report-run", "report.html"),
        Shot("report-run-scores", "report.html", section("scores")),
        Shot("report-case", f"{case}-report.html"),
        Shot("report-case-money", f"{case}-report.html", section("balances")),
    ]


def small(path: Path) -> None:
    """Few colours do: a picture of the docs is a third as large."""
    with Image.open(path) as image:
        image.convert("RGB").quantize(200, Image.Quantize.FASTOCTREE).save(path, optimize=True)


def main(demo: Path) -> None:
    """Take them all."""
    if not (demo / "report.html").is_file():
        sys.exit(f"{demo}/report.html is missing; run: make demo")
    OUT.mkdir(exist_ok=True)
    taken = shots(demo)
    for size, (wide, high) in SIZES.items():
        browser = started(wide, high)
        frame = high - browser.execute_script("return innerHeight")
        browser.set_window_size(wide, high + frame)
        for shot in taken:
            browser.get((demo / shot.page).resolve().as_uri())
            if shot.act:
                browser.execute_script(shot.act)
            browser.execute_async_script("setTimeout(arguments[0], 300)")
            browser.save_screenshot(str(OUT / f"{shot.name}-{size}.png"))
            small(OUT / f"{shot.name}-{size}.png")
            print(OUT / f"{shot.name}-{size}.png")
        browser.quit()
    pdf = next(demo.glob("*-report.pdf"))
    if shutil.which("pdftoppm"):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                ["pdftoppm", "-png", "-r", "60", "-f", "1", "-l", "2", str(pdf), f"{folder}/page"], check=True
            )
            for page in sorted(Path(folder).glob("page*.png")):
                number = int(page.stem.rpartition("-")[2])
                shutil.copy(page, OUT / f"report-case-pdf-{number}.png")
                small(OUT / f"report-case-pdf-{number}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "demo")
