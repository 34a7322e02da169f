"""Every text that pages and reports may say: of the code, of the templates and scripts, and of vocabularies."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mulegraph.cases.benign import all_benign_tests
from mulegraph.cases.journey import JOURNEY
from mulegraph.cases.score import BASE, LISTED
from mulegraph.casework.not_held import INSTEAD, Unheld
from mulegraph.casework.request_states import STATES
from mulegraph.journal.state import CLOSED, DISPOSITIONS, OPEN, SNOOZED
from mulegraph.schema.acts import PAGE_KEPT
from mulegraph.schema.choices import ACCOUNT_DISPOSITIONS, LISTS
from mulegraph.schema.findings import SUBJECTS, Phase, Role
from mulegraph.schema.language import MONTHS
from mulegraph.schema.tables import ACCOUNT_KINDS, CHANNELS
from mulegraph.signs.base import Sign, all_signs
from mulegraph.views.node_styles import KINDS, LETTERS
from mulegraph.views.run_report import ORDER

PACKAGE = Path(__file__).parents[2] / "mulegraph"
ASKED = ("tr", "later", "word", "timed", "named")
IN_SCRIPT = re.compile(r'\b(?:tr|word)\("((?:[^"\\]|\\.)*)"')


def all_texts() -> set[str]:
    """Every English text that a page or report may show in another language."""
    return {*_of_code(), *_of_templates(), *_vocabulary()} - {""}


@cache
def trees() -> list[tuple[Path, ast.Module]]:
    """Every module of the package, read once."""
    return [(path, ast.parse(path.read_text("utf-8"))) for path in sorted(PACKAGE.rglob("*.py"))]


def _of_code() -> Iterator[str]:
    for _, tree in trees():
        for node in ast.walk(tree):
            name = getattr(getattr(node, "func", None), "id", "")
            if name in ASKED:
                yield from _constants(node.args[:1])
            elif name == "heads":
                yield from (each.removesuffix(" #").removesuffix(" *") for each in _constants(node.args))


def _constants(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _of_templates() -> Iterator[str]:
    for path in sorted((PACKAGE / "views" / "templates").rglob("*.*")):
        if path.suffix in (".html", ".js"):
            yield from (ast.literal_eval(f'"{each}"') for each in IN_SCRIPT.findall(path.read_text("utf-8")))


def _vocabulary() -> Iterator[str]:
    """Words of fixed lists, which code shows without naming each."""
    yield from (name.replace("_", " ") for name in (*Phase, *LISTS, *all_benign_tests(), *SUBJECTS, *Role))
    yield from (*LETTERS, *ACCOUNT_KINDS, *CHANNELS, *DISPOSITIONS, *ACCOUNT_DISPOSITIONS, *STATES, *ORDER, *MONTHS)
    yield from (OPEN, SNOOZED, CLOSED, PAGE_KEPT, *Unheld, *INSTEAD.values())
    yield from ("found", "not found", "blind", "silent", "empty", "count", "drift", "d", "h", "min", "s")
    yield from (BASE, LISTED, "amount", "traced", "those before the latest", "those that carried least")
    yield from ("folder", "run", "page", "report", "cases", "case", "bank", "role", "sign", "list", "channel", "score")
    yield from ("amber", "pink", "green", "blue", "device", "holder", "account", "transfer", "Device", "Holder")
    yield from (kind.title for kind in KINDS.values())
    for step in JOURNEY:
        yield from (step.what, *step.barriers, *step.barriers.values())
    for sign in all_signs().values():
        yield from (sign.title, sign.innocent_when, *_measured(sign))


def _measured(sign: Sign) -> Iterator[str]:
    """Names of what a sign measured and of its thresholds, as reports write them."""
    yield from (name.replace("_", " ") for name in (*(each.name for each in sign.facts), *sign.thresholds))
