"""The pages of a folder and the links between them: relative, and never to a file that is not there."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from mulegraph.errors import UsageError
from mulegraph.schema.language import later, tr
from mulegraph.views.page import page

INDEX, RUN_REPORT = "index.html", "report.html"
OURS = '<meta name="generator" content="mulegraph">'
"""Stands in the head of an index that was written here, which may be written again."""
CASE = re.compile(r"CASE-[0-9a-f]+")
WHAT = {
    ".html": later("page"),
    "-report.html": later("report"),
    "-report.pdf": later("report to print"),
    ".page.json": later("work kept on its page"),
}
"""What a file of a case is, by what follows the case in its name; any other is called by its name."""


def report_name(case: str) -> str:
    """The name of a case's report, beside the page, which is called as the case is."""
    return f"{case}-report"


def page_links(folder: Path, case: str, own: str, coming: Collection[str] = ()) -> dict[str, str]:
    """What the file `own` of a case leads to, by what that is called: files of its folder, or `coming` with it.

    Other cases are called by their ids; a page leads to them from the accounts that it shares with them.
    """
    here = {*coming, *_names(folder)}
    fixed = {"folder": INDEX, "run": RUN_REPORT, "page": f"{case}.html", "report": f"{report_name(case)}.html"}
    others = sorted(name.removesuffix(".html") for name in here if CASE.fullmatch(name.removesuffix(".html")))
    links = {name: file for name, file in fixed.items() if file in here and file != own}
    return links | {other: f"{other}.html" for other in others if other != case}


def check_index(folder: Path) -> None:
    """Raise UsageError where the folder has an index page that somebody else has written."""
    path = folder / INDEX
    if path.exists() and OURS not in path.read_text(encoding="utf-8", errors="replace")[:2_000]:
        raise UsageError(
            "{path} is a page that mulegraph has not written", hint="Name another folder with -o.", path=path
        )


def folder_page(folder: Path) -> str:
    """The index of a folder: every file of each case, and the run's report."""
    cases: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(_names(folder)):
        if found := CASE.match(name):
            cases.setdefault(found[0], []).append((tr(WHAT.get(name[found.end() :], name)), name))
    run = RUN_REPORT if RUN_REPORT in _names(folder) else ""
    return page("folder.html", cases=cases, run=run)


def _names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir() if each.is_file()} if folder.is_dir() else set()
