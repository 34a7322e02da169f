"""A real browser for pages, Debian's Chromium: without it these tests are skipped and say so; CI requires it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from selenium import webdriver

from mulegraph.views.network import network_page
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.views.pictures import picture
from tests.views.browser import opened, started

Opened = Callable[..., webdriver.Chrome]
REQUIRED = "MULEGRAPH_REQUIRE_BROWSER"


@pytest.fixture(scope="session")
def browser() -> Iterator[webdriver.Chrome]:
    """One headless Chromium for all tests of a worker; its console and its requests are recorded."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        told = "no browser: install chromium and chromium-driver (Debian) to test what pages do"
        assert not os.environ.get(REQUIRED), told
        pytest.skip(told)
    found = started(1400, 1000)
    yield found
    found.quit()


@pytest.fixture
def page(browser: webdriver.Chrome, tmp_path: Path) -> Opened:
    """Opens a page made of a graph, or given as text."""

    def open_it(what: nx.MultiDiGraph | str, **how: Any) -> webdriver.Chrome:
        path = tmp_path / "page.html"
        path.write_text(what if isinstance(what, str) else network_page(what, **{"title": "test", **how}), "utf-8")
        opened(browser, path)
        assert browser.execute_script("return document.documentElement.dataset.ready") == "yes"
        return browser

    return open_it


@pytest.fixture(scope="module")
def case(workspace: NotebookWorkspace) -> str:
    return str(workspace.cases()["case"][0])


@pytest.fixture(scope="module")
def case_page(workspace: NotebookWorkspace, case: str) -> str:
    return picture(workspace, case)
