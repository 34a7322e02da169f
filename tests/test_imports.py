"""The stages are a road with one direction: a stage imports only stages before it, and no file itself by a detour."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
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
    "learn",
    "workspace",
    "casework",
    "privacy",
    "views",
    "watch",
    "serve",
    "cli",
]
FIRST = ["errors", "files", "lazy", "settings", "toml"]
LONGEST = 400
FILES = sorted(PACKAGE.rglob("*.py"))
LATE = {
    "mulegraph.cli": "commands are found by being there",
    "mulegraph.signs": "signs are found by being there",
}
"""Packages that are imported by the names of their files."""


LATE_INSIDE = {
    "mulegraph.__init__": "`import mulegraph` and the schema do not wait for the engines",
    "mulegraph.__main__": "an installation that lacks something also gets two lines and no traceback",
    "mulegraph.casework.lists": "readers of bank files, which only a list that comes in needs: a seventh of a start",
    "mulegraph.cli.browse": "Textual is an extra, which only this command needs",
    "mulegraph.cli.graph_options": "Neo4j's driver, which only a server needs",
    "mulegraph.cli.serve": "Starlette and uvicorn are an extra, which only this command needs",
    "mulegraph.views.notebook": "anywidget is an extra, which only a widget needs",
    "mulegraph.workspace.graph_questions": "Neo4j's driver, which only a server needs",
    "mulegraph.workspace.graph_store": "Neo4j's driver, which only a server needs",
}
"""Files that import others of the package inside a function, and why; heavy libraries stand in `mulegraph/lazy.py`."""


def module_of(path: Path) -> str:
    """The name that a file is imported by."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Modules of the package that a file imports, anywhere in it; and whether inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    inside = {each for node in functions for each in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{each.name}" for each in node.names]
        else:
            continue
        for name in names:
            known = name if name in MODULES else name.rpartition(".")[0]
            if known in MODULES:
                yield known, node in inside


def stage_of(module: str) -> str:
    """The folder below the package, or the file."""
    return module.partition(".")[2].partition(".")[0]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_only_what_comes_before_it(stage):
    """The order of `STAGES` is the order in which data passes; imports inside functions and for types count, too."""
    allowed = {*FIRST, *STAGES[: STAGES.index(stage) + 1]}
    for path in (PACKAGE / stage).rglob("*.py"):
        assert {stage_of(module) for module, _ in imports_of(path)} - {""} <= allowed, path


@pytest.mark.parametrize("module", FIRST)
def test_what_all_share_imports_no_stage(module):
    """Errors and settings stand before all stages."""
    assert {stage_of(each) for each, _ in imports_of(PACKAGE / f"{module}.py")} <= set(FIRST)


def test_no_file_imports_itself_by_a_detour():
    """There is no circle of files, also not one that an import inside a function hides."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name, path in MODULES.items():
        for module, _ in imports_of(path):
            if module != name and not name.startswith(module + ".") and module not in LATE:
                graph.add_edge(name, module)
    assert list(nx.simple_cycles(graph)) == []


def test_imports_inside_functions_have_a_reason():
    """Only what is heavy and seldom used is imported late."""
    late = {name for name, path in MODULES.items() if any(inside for _, inside in imports_of(path))}
    assert {"mulegraph.__init__" if name == "mulegraph" else name for name in late} == set(LATE_INSIDE)


def test_every_folder_is_a_stage():
    """No folder stands outside the order."""
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders == set(STAGES)


def test_comprehensions_fit_on_a_line():
    """What needs more is a loop, or its parts have names."""
    comprehensions = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    long = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, comprehensions) and node.lineno != node.end_lineno:
                long.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert not long


def test_no_module_is_too_long_to_see():
    """A module that outgrows its screen is split."""
    long = {path.name: size for path in PACKAGE.rglob("*.py") if (size := len(path.read_text().splitlines())) > LONGEST}
    assert not long
