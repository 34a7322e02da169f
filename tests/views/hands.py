"""What tests of the network page see and do there, and the networks that they draw."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from decimal import Decimal

import networkx as nx
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from mulegraph.views.network import LAYOUTS

BEGIN = datetime(2026, 1, 12, 6)


def graph_of(*transfers: tuple[str, str, str], devices: dict[str, list[str]] | None = None) -> nx.MultiDiGraph:
    """A graph from (payer, payee, amount), an hour apart."""
    graph: nx.MultiDiGraph = nx.MultiDiGraph()
    for number, (source, target, amount) in enumerate(transfers):
        for end in (source, target):
            if end not in graph:
                graph.add_node(end, kind="cash" if end.startswith("CASH") else "account", role="")
        at = BEGIN + timedelta(hours=number)
        known = {"amount": Decimal(amount), "currency": "EUR", "at": at, "channel": "instant"}
        graph.add_edge(source, target, key=f"T{number}", kind="transfer", **known)
    for device, accounts in (devices or {}).items():
        graph.add_node(f"device {device}", kind="device", role="")
        for account in accounts:
            graph.add_edge(account, f"device {device}", key=f"device {device}", kind="used")
    return graph


FAN = graph_of(
    ("victim", "collector", "900.00"),
    ("collector", "mule one", "400.00"),
    ("collector", "mule two", "300.00"),
    ("collector", "mule two", "150.00"),
    ("mule one", "CASH-OUT", "390.00"),
    ("mule two", "CASH-OUT", "440.00"),
    devices={"phone": ["mule one", "mule two"]},
)


def seen(browser: webdriver.Chrome) -> list[str]:
    """Labels of the nodes that are drawn."""
    return sorted(browser.execute_script("return picture.body.nodeIndices.map(labelOf)"))


def drawn(browser: webdriver.Chrome) -> list[list[str]]:
    """Ids of the transfers of each arrow that is drawn."""
    return sorted(browser.execute_script("return [...view.arrows.values()].map(a => a.transfers.map(t => t.id))"))


def panel(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.ID, "panel").text


def at(browser: webdriver.Chrome, spot: str) -> ActionChains:
    """The mouse at a place of the picture, given as an expression for x and y there."""
    box = browser.find_element(By.ID, "picture")
    x, y = browser.execute_script(
        f"const [x, y] = {spot}, at = picture.canvasToDOM({{x, y}}), c = picture.canvas.frame.canvas;"
        "return [Math.round(at.x - c.clientWidth / 2), Math.round(at.y - c.clientHeight / 2)]"
    )
    return ActionChains(browser, duration=0).move_to_element_with_offset(box, x, y)


def node(label: str) -> str:
    return f"placeNow(chart.nodes.findIndex(n => n.label === {json.dumps(label)}))"


def click(browser: webdriver.Chrome, label: str) -> None:
    at(browser, node(label)).click().perform()
    WebDriverWait(browser, 5).until(lambda _: panel(browser).startswith(label))


def press(browser: webdriver.Chrome, *keys: str) -> None:
    browser.find_element(By.ID, "picture").send_keys(*keys)


def press_button(browser: webdriver.Chrome, text: str) -> None:
    browser.find_element(By.XPATH, f"//aside//button[text()='{text}']").click()


def geometry_of(browser: webdriver.Chrome) -> tuple[dict[tuple[str, str], list[list[float]]], dict[str, list[float]]]:
    """Every arrow that is drawn as a line of points, by its ends, and the places of nodes."""
    lines, places = browser.execute_script(
        "return [[...view.arrows.values()].map(a => [String(a.source), String(a.target), lineOf(a)]),"
        " [...view.nodes].map(id => [String(id), placeNow(id)])]"
    )
    return {(source, target): line for source, target, line in lines}, dict(places)


def random_steps(seed: int, count: int) -> list[str]:
    """What people do with a page, as its scripts do it: zoom, move, fold, filter, choose a span, undo."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    near = [f"near({number})" for number in (3, 9, 20)]
    layouts = [f"change('layout', (now) => {{ now.layout = '{name}'; }})" for name in LAYOUTS]
    moves = ["zoom(1.25)", "zoom(0.8)", "zoom(1.6)", "pan(-1, 0)", "pan(1, 0)", "pan(0, -1)", "pan(0, 1)", "fit()"]
    folds = ["chart.groups.length && toggle('group 0')", "state.open[0] && fold(chart.groups[0].members[0])"]
    filters = ["change('~s', (now) => { now.by = { score: 0.5 }; })", "change('~s', (now) => { now.by = {}; })"]
    spans = ["setUntil(9)", "setSpan(2, 30)", "zoomToSpan()", "wholeTime()", "undoAll()", "redoAll()"]
    every = moves + folds + filters + spans + layouts + near
    return ["fit()", layouts[2], near[2]] + [chance.choice(every) for _ in range(count - 3)]


def lost_nodes(browser: webdriver.Chrome, steps: list[str]) -> list[list[str]]:
    """Who should be in sight after a step and is not drawn, read from the canvas; and steps that raised an error."""
    return list(browser.execute_async_script(LOST, steps))


NEAR = """
const near = (id) => {
  if (!chart.nodes[id]) return;
  const [x, y] = placeNow(standIn(id));
  picture.moveTo({ position: { x, y }, scale: 0.9 });
};
"""
LOOK = """
const look = () => {
  picture.renderer._redraw();
  const dots = picture.canvas.pixelRatio, box = picture.canvas.frame.canvas, ctx = box.getContext("2d");
  return [...view.nodes].filter((id) => {
    const [x, y] = placeNow(id), r = radiusOf(id), at = picture.canvasToDOM({ x, y: y - r * 0.95 });
    if (at.x < 3 || at.y < 3 || at.x > box.clientWidth - 3 || at.y > box.clientHeight - 3) return false;
    const pixels = ctx.getImageData(at.x * dots - 3, at.y * dots - 3, 7, 7).data;
    return pixels.every((value, place) => place % 4 === 3 || value > 235);
  }).map(labelOf);
};
"""
"""`look()` gives who should be in sight and is not drawn, read from the canvas."""
LOST = f"""
{NEAR}{LOOK}
const [steps, done] = arguments, lost = [];
for (const step of steps) {{
  try {{ eval(step); }} catch (error) {{ lost.push([step, String(error)]); }}
  for (const label of look()) lost.push([step, label]);
}}
done(lost);
"""
