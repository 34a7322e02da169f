"""Layouts, groups and the static drawing: the same graph gives the same picture, and nothing covers anything."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from mulegraph.views import layout
from mulegraph.views.chart import Clock, Pen, bundles, charted, in_words
from mulegraph.views.drawing import drawing
from mulegraph.views.grouping import groups
from mulegraph.views.node_styles import KINDS, LETTERS, kind_of

BEGIN = datetime(2026, 1, 12, 6)
SVG = "{http://www.w3.org/2000/svg}"
LAYOUTS = {
    "flow": layout.flow,
    "time": lambda graph: layout.by_time(graph, str),
    "banks": layout.banks,
    "force": layout.force,
}


def graph_of(edges: list[tuple[str, str]], uses: list[tuple[str, str]] = ()) -> nx.MultiDiGraph:  # type: ignore[assignment]
    """Transfers of 10 EUR, an hour apart, and uses of devices."""
    graph: nx.MultiDiGraph = nx.MultiDiGraph()
    for number, (source, target) in enumerate(edges):
        for end in (source, target):
            if end not in graph:
                graph.add_node(end, kind="account", role="")
        at = BEGIN + timedelta(hours=number)
        graph.add_edge(
            source,
            target,
            key=f"T{number}",
            kind="transfer",
            amount=Decimal(10),
            currency="EUR",
            at=at,
            channel="instant",
        )
    for account, device in uses:
        if account not in graph:
            graph.add_node(account, kind="account", role="")
        graph.add_node(f"device {device}", kind="device", role="")
        graph.add_edge(account, f"device {device}", key=f"device {device}", kind="used")
    return graph


names = st.sampled_from([f"a{number}" for number in range(12)])
graphs = st.builds(
    graph_of,
    st.lists(st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]), max_size=30),
    st.lists(st.tuples(names, st.sampled_from("xyz")), max_size=8),
)


@pytest.mark.parametrize("name", LAYOUTS)
@settings(deadline=None, max_examples=30)
@given(graph=graphs)
def test_no_node_stands_on_another(name, graph):
    """In every layout every node has a place, and no two are nearer than their shapes are wide."""
    place = LAYOUTS[name](graph).place
    assert set(place) == set(graph)
    spots = np.array([place[node] for node in graph]).reshape(-1, 2)
    for number, spot in enumerate(spots):
        others = np.delete(spots, number, axis=0)
        assert not len(others) or np.hypot(*(others - spot).T).min() >= 30


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_order_of_rows_changes_nothing(name):
    """The same transfers give the same places, in whatever order they come."""
    chance = random.Random(3)  # noqa: S311 (no secret)
    edges = [(f"a{chance.randrange(40)}", f"a{chance.randrange(40)}") for _ in range(90)]
    graph = graph_of([pair for pair in edges if pair[0] != pair[1]], [(f"a{number}", "x") for number in range(5)])
    other: nx.MultiDiGraph = nx.MultiDiGraph()
    nodes, arrows = list(graph.nodes(data=True)), list(graph.edges(keys=True, data=True))
    chance.shuffle(nodes)
    chance.shuffle(arrows)
    other.add_nodes_from(nodes)
    other.add_edges_from(arrows)
    assert LAYOUTS[name](graph).place == LAYOUTS[name](other).place


def test_money_runs_from_left_to_right():
    """Each hop of a split that merges again is a column further; who pays late stands beside his payee."""
    graph = graph_of([("v", "c"), ("c", "m1"), ("c", "m2"), ("m1", "k"), ("m2", "k"), ("late", "k"), ("k", "out")])
    assert layout.generations(graph) == {"v": 0, "c": 1, "m1": 2, "m2": 2, "k": 3, "late": 2, "out": 4}


def test_money_that_comes_back_orders_nobody():
    """A circle begins where its money came from first, and a refunded victim stays at the left."""
    graph = graph_of([("a", "b"), ("b", "c"), ("c", "a")])
    graph.nodes["a"]["role"] = "victim"
    assert layout.generations(graph) == {"a": 0, "b": 1, "c": 2}


def test_a_bank_has_a_row():
    """In the layout of banks, accounts of one bank share a lane, and lanes do not meet."""
    graph = graph_of([("a", "b"), ("b", "c"), ("a", "d")])
    for node, bank in zip("abcd", ("NORD", "SUED", "NORD", "SUED"), strict=True):
        graph.nodes[node]["bank"] = bank
    made = layout.banks(graph)
    lanes = {name: (top, bottom) for top, bottom, name in made.lanes}
    assert list(lanes) == ["NORD", "SUED"] and lanes["NORD"][1] <= lanes["SUED"][0]
    for node, (_, y) in made.place.items():
        top, bottom = lanes[graph.nodes[node]["bank"]]
        assert top < y < bottom


@settings(deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=30))
def test_rows_are_as_near_as_they_may_be(wanted):
    """Rows keep their order and a distance of one, and miss what they want as little as possible: SciPy agrees."""
    found = np.array(layout._apart(wanted, [object()] * len(wanted), 1))
    steps = np.arange(len(wanted))
    best = isotonic_regression(np.array(wanted) - steps).x + steps
    np.testing.assert_allclose(found, best, atol=1e-9)


def test_groups_share_no_node_and_fold_enough():
    """Every node is in one group at most, and what is folded brings the picture under the limit."""
    edges = [("hub", f"r{number}") for number in range(60)] + [(f"a{n}", f"a{n + 1}") for n in range(100)]
    graph = graph_of(edges, [(f"a{n}", f"d{n % 7}") for n in range(50)])
    for most in (1_000, 150, 100, 40):
        found = groups(graph, most)
        members = [node for group in found for node in group.members]
        assert len(members) == len(set(members))
        drawn = len(graph) - sum(len(group.members) - 1 for group in found if group.folded)
        assert drawn <= most
        if most >= len(graph):
            assert not any(group.folded for group in found)


def test_cash_stands_beside_who_takes_it():
    """One cash node of a graph is one beside each account in the picture, and no path runs through it."""
    graph = graph_of([("a", "CASH-OUT"), ("b", "CASH-OUT")])
    graph.nodes["CASH-OUT"]["kind"] = "cash"
    chart = charted(graph)
    assert {data["label"] for node, data in chart.nodes(data=True) if data["kind"] == "cash"} == {"cash taken out"}
    assert len(chart) == 4 and nx.number_weakly_connected_components(chart) == 2


def test_transfers_of_a_pair_are_one_arrow():
    """Its words are their exact sum by currency and their number; the largest arrow is the thickest."""
    graph = graph_of([("a", "b"), ("a", "b"), ("b", "c")])
    graph["a"]["b"]["T1"]["amount"] = Decimal("0.05")
    first, second = bundles(graph)
    assert (in_words(first), in_words(second)) == ("10.05 EUR (2×)", "10.00 EUR")
    pen = Pen([first, second])
    assert pen.width(first) > pen.width(second)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.sampled_from(["Europe/Amsterdam", "Asia/Ho_Chi_Minh"])
)
def test_times_are_local(at, zone):
    """A UTC time is written as a clock on that zone's wall shows it."""
    local = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert Clock(ZoneInfo(zone)).short(at) == f"{local.day} {local:%b %H:%M}"


def test_a_drawing_shows_everything(workspace):
    """The static SVG is well-formed, holds every account and a legend of just what is in it, the same each time."""
    graph = workspace.case(workspace.cases()["case"][0]).graph()
    text = drawing(graph)
    root = ElementTree.fromstring(text)  # noqa: S314 (made here)
    words = [each.text for each in root.iter(f"{SVG}text")]
    assert {node for node, data in graph.nodes(data=True) if data["kind"] == "account"} <= set(words)
    chart = charted(graph)
    kinds = {kind_of(data) for _, data in chart.nodes(data=True)}
    roles = {data["role"] for _, data in chart.nodes(data=True)} & LETTERS.keys()
    assert {kind.title for kind in KINDS.values()} & set(words) == {KINDS[name].title for name in kinds}
    assert set(LETTERS) & set(words) == roles
    assert text == drawing(workspace.case(workspace.cases()["case"][0]).graph())


@pytest.mark.parametrize("name", ["</svg><script>alert(1)</script>", "a&b<c", '"', "\u202egnp.exe", "y" * 500])
def test_a_hostile_name_in_a_drawing_is_text(name):
    """Names are escaped, signs that turn text are made visible, long ones are cut."""
    root = ElementTree.fromstring(drawing(graph_of([(name, "b")])))  # noqa: S314 (made here)
    assert not list(root.iter(f"{SVG}script"))
    written = [each.text or "" for each in root.iter(f"{SVG}text")]
    assert any(each.startswith(name.replace("\u202e", "\ufffd")[:20]) for each in written)
    assert max(map(len, written)) < 60


def test_an_empty_graph_is_an_empty_drawing():
    """No account, no fault."""
    for made in LAYOUTS.values():
        assert made(nx.MultiDiGraph()).place == {}
    assert math.isfinite(float(ElementTree.fromstring(drawing(nx.MultiDiGraph())).get("height", "nan")))  # noqa: S314
