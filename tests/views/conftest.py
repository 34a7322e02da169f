"""A real browser for pages, Debian's Chromium: without it these tests are skipped and say so; CI requires it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from selenium import webdriver

from tests.views.browser import started

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
