"""The scripts of pages as one file, as a browser gets them, for `tsc --checkJs`: npm's TypeScript reads them in CI."""

from __future__ import annotations

import sys
from pathlib import Path

import jinja2

TEMPLATES = Path(__file__).parents[1] / "mulegraph" / "views" / "templates"
PAGES = {
    "network": "state draw panel save keep timebar filters served notebook controls",
    "serve": "ask cases",
}
GIVEN = "declare const vis: any;\n"


def main(folder: Path) -> None:
    """Write one script a page into a folder, and what pyvis' library declares."""
    made = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=False)  # noqa: S701 (scripts, no page)
    (folder / "given.d.ts").write_text(GIVEN, encoding="utf-8")
    for page, names in PAGES.items():
        parts = [made.get_template(f"{page}/{name}.js").render() for name in names.split()]
        (folder / f"{page}.js").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
