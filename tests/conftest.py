"""What tests share: `ledger_of` draws a ledger; `workspace` is the sample data, scanned once for all workers.

Who needs a workspace to change takes a copy of it, or of `few_cases`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from mulegraph.graph.neo4j.address import Address
from mulegraph.graph.neo4j.graph import Neo4jGraph
from mulegraph.ingest.load import load
from mulegraph.ledger.ledger import Ledger
from mulegraph.simulate import simulate
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.workspace.workspace import Workspace
from tests import neo4j_server, thorough
from tests.drawing import draw
from tests.schedule import SERVER, ByFile, group_of, place_of

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_data"


@pytest.fixture
def ledger_of(tmp_path: Path) -> Callable[..., Ledger]:
    return lambda drawing, **tables: draw(tmp_path, drawing, **tables)


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker who asks makes, and that all workers read."""
    here = factory.getbasetemp()
    folder = (here.parent if "PYTEST_XDIST_WORKER" in os.environ else here) / name
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            new = folder.with_suffix(".new")
            make(new)
            new.rename(folder)
    return folder


def scanned(files: Path, folder: Path) -> None:
    """Load and scan; a listing makes what masking keeps, so that readers write nothing at the same time."""
    load(files, folder)
    space = NotebookWorkspace(folder)
    space.scan()
    space.chains(top=1)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> NotebookWorkspace:
    """The sample data, loaded and scanned, as `mulegraph.open` gives it; tests must not change it."""
    return NotebookWorkspace(once(tmp_path_factory, "sample", lambda folder: scanned(SAMPLE, folder)))


@pytest.fixture(scope="session")
def few_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scanned workspace with a few cases, whose reports are soon written; tests must not change it."""

    def make(folder: Path) -> None:
        files = folder.with_name("few_files")
        simulate(files, accounts=120, days=5, seed=5)
        scanned(files, folder)

    return once(tmp_path_factory, "few_cases", make)


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


def pytest_configure(config: pytest.Config) -> None:
    """The order of groups is ours, and not by their number of tests. Property tests have our settings."""
    config.option.loadscopereorder = False
    thorough.settle()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """With several workers a file's tests stay together."""
    return ByFile(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spark's tests run where they are asked for; tests that need the server are where one worker gets them all."""
    if not config.option.markexpr:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("spark")])
        items[:] = [item for item in items if not item.get_closest_marker("spark")]
    for item in items:
        if {"server", "neo4j", "own_server"} & set(getattr(item, "fixturenames", ())) and group_of(
            item.nodeid
        ) != SERVER:
            raise pytest.UsageError(f"{item.nodeid} needs the server: name its file in tests/schedule.py")
    items.sort(key=lambda item: place_of(item.nodeid))


_status: list[int] = []


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    _status.append(int(exitstatus))


def pytest_unconfigure(config: pytest.Config) -> None:
    """End at once: engines that are still held print pages of notes when the interpreter takes them down."""
    if _status:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_status[-1])
