"""The stages are a road with one direction: a stage imports only stages before it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mulegraph"
STAGES = [
    "schema",
    "ledger",
    "ingest",
    "simulate",
    "flow",
    "graph",
    "signs",
    "cases",
    "journal",
    "workspace",
    "casework",
    "privacy",
    "views",
    "cli",
]
FIRST = ["errors", "files", "lazy", "settings", "toml"]
LONGEST = 400
STILL_BACKWARDS = {  # the masking door and the notebook's cards still stand inside the workspace
    "casework/lists.py",
    "casework/requests.py",
    "workspace/case.py",
    "workspace/graph_questions.py",
    "workspace/graph_store.py",
    "workspace/network_graphs.py",
    "workspace/scan.py",
    "workspace/shared_graph.py",
    "workspace/trace.py",
    "workspace/workspace.py",
}


def imported(path: Path) -> set[str]:
    """First part below `mulegraph` of every import in a file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[1] for name in names if name.startswith("mulegraph.")}
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_only_what_comes_before_it(stage):
    """The order of `STAGES` is the order in which data passes."""
    allowed = {*FIRST, *STAGES[: STAGES.index(stage) + 1]}
    for path in (PACKAGE / stage).rglob("*.py"):
        if path.relative_to(PACKAGE).as_posix() not in STILL_BACKWARDS:
            assert imported(path) <= allowed, path


@pytest.mark.parametrize("module", FIRST)
def test_what_all_share_imports_no_stage(module):
    """Errors and settings stand before all stages."""
    assert imported(PACKAGE / f"{module}.py") <= set(FIRST)


def test_every_folder_is_a_stage():
    """No folder stands outside the order."""
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders == set(STAGES)


def test_no_module_is_too_long_to_see():
    """A module that outgrows its screen is split."""
    long = {path.name: size for path in PACKAGE.rglob("*.py") if (size := len(path.read_text().splitlines())) > LONGEST}
    assert not long
