"""What tests share: `ledger_of` draws a ledger, `workspace` is the sample data, loaded and scanned once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mulegraph.graph.neo4j.address import Address
from mulegraph.graph.neo4j.graph import Neo4jGraph
from mulegraph.ingest.load import load
from mulegraph.ledger.ledger import Ledger
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.workspace.workspace import Workspace
from tests import neo4j_server
from tests.drawing import draw

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_data"


@pytest.fixture
def ledger_of(tmp_path: Path) -> Callable[..., Ledger]:
    return lambda drawing, **tables: draw(tmp_path, drawing, **tables)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> NotebookWorkspace:
    """The sample data, loaded and scanned, as `mulegraph.open` gives it; tests must not change it."""
    folder = tmp_path_factory.mktemp("sample") / "workspace"
    load(SAMPLE, folder)
    space = NotebookWorkspace(folder)
    space.scan()
    return space


@pytest.fixture(scope="session")
def plain(workspace: NotebookWorkspace) -> Workspace:
    """The same workspace, unmasked."""
    return Workspace(workspace.folder)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The address of a real Neo4j, one for all tests."""
    with neo4j_server.running(tmp_path_factory.mktemp("neo4j")) as address:
        yield address


@pytest.fixture
def neo4j(server: Address) -> Iterator[Neo4jGraph]:
    """A graph on the real server, with nothing in it."""
    neo4j_server.emptied(server)
    with Neo4jGraph(server) as graph:
        yield graph


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spark's tests run where they are asked for; a file's tests stay together, and all that need the Neo4j server."""
    if not config.option.markexpr:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("spark")])
        items[:] = [item for item in items if not item.get_closest_marker("spark")]
    for item in items:
        needs = {"server", "neo4j", "own"} & set(getattr(item, "fixturenames", ()))
        item.add_marker(pytest.mark.xdist_group("neo4j" if needs else item.path.name + str(item.path.parent)))


_status: list[int] = []


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    _status.append(int(exitstatus))


def pytest_unconfigure(config: pytest.Config) -> None:
    """End at once: engines that are still held print pages of notes when the interpreter takes them down."""
    if _status:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_status[-1])
