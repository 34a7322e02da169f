"""Headless Chromium as tests and the script of the docs' images use it."""

from __future__ import annotations

import shutil
from pathlib import Path

from selenium import webdriver

NOWHERE = "--proxy-server=127.0.0.1:9"
"""Whatever a page would ask of another host fails, and is logged."""


def started(width: int, height: int) -> webdriver.Chrome:
    """A browser with a window of so many pixels."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", NOWHERE)
    for each in (*flags, f"--window-size={width},{height}"):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver") or ""))


def opened(browser: webdriver.Chrome, path: Path) -> None:
    """Open a file, with the logs of what was before forgotten."""
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(path.as_uri())
