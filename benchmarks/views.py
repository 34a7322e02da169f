"""How fast a network page of 1,500 nodes and 5,000 arrows opens, and how smoothly it is moved, in headless Chromium.

    python -m benchmarks.views [--peer]

It is opened as people get it, with 60 marks and the rest behind combos, and with every node drawn. The peer is pyvis's
own page of the same network, with its own layout by physics in the browser: that one can take minutes to open, and is
given up after one. Frames are counted while the mouse drags the picture; a screen's limit is 60 a second.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import networkx as nx
from pyvis.network import Network
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By

from mulegraph.views.grouping import MAX_MARKS
from mulegraph.views.network import network_page
from tests.views.browser import started

NODES = 1_500
ARROWS = 5_000
ROUNDS = 3
SECONDS = 3
LONGEST = 60
"""Seconds that a page may take to open."""
COUNT = """
const done = arguments[arguments.length - 1], box = document.querySelector(arguments[0]).getBoundingClientRect();
const canvas = document.querySelector(arguments[0] + " canvas");
const x = box.left + box.width / 2, y = box.top + box.height / 2 + 7;
const send = (type, dx, buttons) => {
  const about = { bubbles: true, cancelable: true, pointerId: 1, pointerType: "mouse", button: 0, buttons };
  const event = new PointerEvent(type, { ...about, clientX: x + dx, clientY: y + dx / 3 });
  (type === "pointerdown" ? canvas : window).dispatchEvent(event);
};
send("pointerdown", 0, 1);
let frames = 0;
const start = performance.now();
function frame() {
  frames += 1;
  send("pointermove", 150 * Math.sin(frames / 9), 1);
  const passed = performance.now() - start;
  if (passed < arguments_seconds * 1000) requestAnimationFrame(frame);
  else { send("pointerup", 0, 0); done(1000 * frames / passed); }
}
requestAnimationFrame(frame);
"""

IDLE = """
const done = arguments[0], begun = performance.now();
let frames = 0;
function frame() {
  frames += 1;
  if (performance.now() - begun < 2000) requestAnimationFrame(frame);
  else done(1000 * frames / (performance.now() - begun));
}
requestAnimationFrame(frame);
"""


def network(seed: int) -> nx.MultiDiGraph[str]:
    """Accounts in a few hundred neighbourhoods, some devices, and arrows mostly within them."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    accounts = [f"BANK{number:09}" for number in range(NODES - 100)]
    for account in accounts:
        graph.add_node(account, kind="account", role=chance.choice(["", "", "relay", "victim", "collector"]))
    pairs: set[tuple[str, str]] = set()
    while len(pairs) < ARROWS - 300:
        at = chance.randrange(len(accounts))
        other = (
            (at + chance.randint(1, 12)) % len(accounts) if chance.random() < 0.9 else chance.randrange(len(accounts))
        )
        if at != other:
            pairs.add((accounts[at], accounts[other]))
    begin = datetime(2026, 1, 1)
    for number, (source, target) in enumerate(sorted(pairs)):
        amount = Decimal(chance.randint(100, 900_000)).scaleb(-2)
        at_time = begin + timedelta(minutes=chance.randrange(60_000))
        graph.add_edge(
            source,
            target,
            key=f"T{number}",
            kind="transfer",
            amount=amount,
            currency="EUR",
            at=at_time,
            channel="instant",
        )
    for number in range(100):
        device = f"device {number}"
        graph.add_node(device, kind="device", role="")
        for account in chance.sample(accounts, 3):
            graph.add_edge(account, device, key=device, kind="used")
    return graph


def peers_page(graph: nx.MultiDiGraph[str]) -> str:
    """The same network as pyvis draws it by default."""
    peer = Network(directed=True, cdn_resources="in_line", height="700px")
    for node in graph:
        peer.add_node(node, label=node)
    for source, target in graph.edges():
        peer.add_edge(source, target)
    return str(peer.generate_html())


def opening(browser: webdriver.Chrome, path: Path) -> float | None:
    """Seconds from asking for the page until its first picture is drawn; nothing where that takes too long."""
    browser.get("about:blank")
    begun = time.perf_counter()
    try:
        browser.get(path.as_uri())
        browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    except TimeoutException:
        return None
    return time.perf_counter() - begun


def frames(browser: webdriver.Chrome, element: str) -> float:
    """Frames a second while the picture is dragged."""
    browser.find_element(By.CSS_SELECTOR, element)
    return float(browser.execute_async_script(COUNT.replace("arguments_seconds", str(SECONDS)), element))


def measured(browser: webdriver.Chrome, path: Path, element: str) -> str:
    """A row's figures: medians of how soon it opens and how many frames a second it is dragged at."""
    opened = [each for _ in range(ROUNDS) if (each := opening(browser, path)) is not None]
    if not opened:
        return f"{'over ' + str(LONGEST):>12}{'-':>10}"
    try:
        moved = statistics.median(frames(browser, element) for _ in range(ROUNDS))
    except TimeoutException:
        return f"{statistics.median(opened):>12.2f}{'-':>10}"
    return f"{statistics.median(opened):>12.2f}{moved:>10.1f}"


def main(peer: bool) -> None:
    """Measure, and print a row as soon as it is there."""
    graph = network(random.SystemRandom().randrange(2**31))
    pages = {f"{MAX_MARKS} marks": MAX_MARKS, f"all {NODES:,}": NODES}
    with tempfile.TemporaryDirectory() as folder:
        browser = started(1400, 1043)
        browser.set_script_timeout(LONGEST)
        browser.set_page_load_timeout(LONGEST)
        try:
            browser.get("about:blank")
            blank = float(browser.execute_async_script(IDLE))
            print(
                f"{len(graph):,} nodes, {graph.number_of_edges():,} arrows and ties; a blank page: {blank:.0f} frames/s"
            )
            print(f"{'page':<14}{'MB':>6}{'made in s':>12}{'opens in s':>12}{'frames/s':>10}", flush=True)
            for name, most in pages.items():
                path, begun = Path(folder) / "ours.html", time.perf_counter()
                path.write_text(network_page(graph, title="benchmark", most=most), encoding="utf-8")
                made = time.perf_counter() - begun
                told = measured(browser, path, "#picture")
                print(f"{name:<14}{path.stat().st_size / 1e6:>6.1f}{made:>12.1f}{told}", flush=True)
            if peer:
                path = Path(folder) / "theirs.html"
                path.write_text(peers_page(graph), encoding="utf-8")
                told = measured(browser, path, "#mynetwork")
                print(f"{'pyvis':<14}{path.stat().st_size / 1e6:>6.1f}{'-':>12}{told}", flush=True)
        finally:
            browser.quit()


if __name__ == "__main__":
    main(peer="--peer" in sys.argv)
