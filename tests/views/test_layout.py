"""Layouts, groups and the static drawing: the same graph gives the same picture, and nothing covers anything."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from mulegraph.views import layered, layout
from mulegraph.views.chart import Clock, Pen, bundles, charted, in_words
from mulegraph.views.columns import columns_of
from mulegraph.views.document import Picture
from mulegraph.views.drawing import drawing
from mulegraph.views.node_styles import KINDS, LETTERS, kind_of, letter_of
from mulegraph.views.printed import network_pictures, ranges
from tests.views.geometry import against, arrows, crossed, small_of

BEGIN = datetime(2026, 1, 12, 6)
SVG = "{http://www.w3.org/2000/svg}"
LAYOUTS = {"flow": layout.flow, "time": layout.by_time, "banks": layout.banks}


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


@settings(deadline=None, max_examples=300)
@given(graph=graphs, banks=st.lists(st.sampled_from(["NORD", "SUED", None]), min_size=12, max_size=12))
def test_no_arrow_runs_through_a_foreign_node_or_against_the_money(graph, banks):
    """In whatever graph: an arrow touches its two ends only, and runs to the right everywhere; no node on another."""
    for number, bank in enumerate(banks):
        if f"a{number}" in graph:
            graph.nodes[f"a{number}"]["bank"] = bank
    small, _ = small_of(charted(graph))
    for lay_out in (layout.flow, layout.banks):
        made = lay_out(small)
        assert set(made.place) == set(small)
        lines = arrows(small, made)
        assert crossed(lines, made.place) == [] and against(lines) == []
        assert crossed(made.ties, made.place, within=16) == []
    for lay_out in LAYOUTS.values():
        spots = np.array(list(lay_out(small).place.values())).reshape(-1, 2)
        away = np.hypot(*(spots[:, None] - spots).transpose(2, 0, 1)) + np.eye(len(spots)) * 100
        assert away.min(initial=100) >= 40


def test_an_arrow_that_does_run_through_a_node_is_seen():
    """What the tests of arrows rely on: a straight line over a third node is found, and one to the left."""
    place = {"a": (0, 0), "b": (100, 3), "c": (200, 0)}
    assert crossed({("a", "c"): [(0, 0), (200, 0)]}, place) == [(("a", "c"), "b")]
    assert against({("c", "a"): [(200, 0), (0, 0)], ("a", "c"): [(0, 0), (200, 0)]}) == [("c", "a")]


@settings(deadline=None, max_examples=30)
@given(graph=graphs)
def test_on_the_time_axis_all_nodes_stand_beside_it(graph):
    """Transfers are drawn level with their time, right of every node that has any, so they cross none."""
    small, _ = small_of(charted(graph))
    made = layout.by_time(small)
    if made.axis:
        money = {end for a, b, data in small.edges(data=True) if data["kind"] == "transfer" for end in (a, b)}
        assert all(made.place[node][0] == 0 for node in money) and made.axis[0] > 100


@settings(deadline=None, max_examples=30)
@given(graph=graphs, most=st.integers(3, 10))
def test_no_more_marks_than_asked_for(graph, most):
    """However large a graph is; nobody is in two combos, and whom the picture is about stands alone."""
    graph.graph["account"] = "a1"
    chart = charted(graph)
    small, made = small_of(chart, most)
    members = [node for each in made for node in each.members]
    assert len(small) <= most and len(members) == len(set(members)) and "a1" not in members


@settings(deadline=None, max_examples=40)
@given(graph=graphs)
def test_names_decide_nothing(graph):
    """Masked and revealed, the same network is the same picture: places, ways and combos, all but the names."""
    names = {node: f"z{(number * 7) % 31}-{number}" for number, node in enumerate(graph)}
    other = nx.relabel_nodes(graph, names)
    one, two = charted(graph), charted(other)
    (small, made), (small_two, made_two) = small_of(one), small_of(two)
    assert [each.label for each in made] == [each.label for each in made_two]
    for lay_out in LAYOUTS.values():
        assert lay_out(small_two).place == {names.get(a, a): at for a, at in lay_out(small).place.items()}


def test_partners_that_are_alike_are_one():
    """Eighteen payers are one mark with their sum, and twelve that scatter and gather are a bundle; five stay five."""
    payers = graph_of([(f"p{number}", "hub") for number in range(18)])
    (combo,) = small_of(charted(payers))[1]
    assert combo.label == "18 payers, 180.00 EUR" and len(combo.members) == 18
    scatter = [("p", f"m{number}") for number in range(12)] + [(f"m{number}", "c") for number in range(12)]
    small, made = small_of(charted(graph_of(scatter)))
    assert [each.label for each in made] == ["12 accounts between, 120.00 EUR"] and len(small) == 3
    assert layout.flow(small).back == []
    assert small_of(charted(graph_of([(f"p{number}", "hub") for number in range(5)])))[1] == []


def test_cash_of_partners_that_are_alike_is_one_too():
    """Twelve mules who each take their own cash are one mark, and so is the cash."""
    edges = [("c", f"m{number}") for number in range(12)] + [(f"m{number}", "CASH-OUT") for number in range(12)]
    graph = graph_of(edges)
    graph.nodes["CASH-OUT"]["kind"] = "cash"
    labels = [each.label for each in small_of(charted(graph))[1]]
    assert labels == ["12 accounts between, 120.00 EUR", "12 × cash taken out, 120.00 EUR"]


def test_parts_that_nothing_joins_stand_in_frames_of_their_own():
    """Frames do not meet, and hold their nodes."""
    graph = graph_of([("a", "b"), ("c", "d"), ("d", "e"), ("f", "g")])
    made = layout.flow(graph)
    assert len(made.frames) == 3
    for one, other in combinations(made.frames, 2):
        apart_x = one.right <= other.left or other.right <= one.left
        assert apart_x or one.bottom <= other.top or other.bottom <= one.top
    for x, y in made.place.values():
        assert sum(each.left < x < each.right and each.top < y < each.bottom for each in made.frames) == 1


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
    assert columns_of(graph).column == {"v": 0, "c": 1, "m1": 2, "m2": 2, "k": 3, "late": 2, "out": 4}


def test_money_that_comes_back_orders_nobody():
    """A circle begins where its money came from first, and a refunded victim stays at the left."""
    graph = graph_of([("a", "b"), ("b", "c"), ("c", "a")])
    graph.nodes["a"]["role"] = "victim"
    found = columns_of(graph)
    assert (found.column, found.back) == ({"a": 0, "b": 1, "c": 2}, [("c", "a")])


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
    found = np.array(layered._apart(wanted, [object()] * len(wanted)))
    steps = np.arange(len(wanted))
    best = isotonic_regression(np.array(wanted) - steps).x + steps
    np.testing.assert_allclose(found, best, atol=1e-9)


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
    """The static SVG is well-formed, holds every mark and a legend of just what is in it, the same each time."""
    graph = workspace.case(workspace.cases()["case"][0]).network()
    text = drawing(graph)
    root = ElementTree.fromstring(text)  # noqa: S314 (made here)
    words = [each.text for each in root.iter(f"{SVG}text")]
    chart, _ = small_of(charted(graph))
    labels = [str(data["label"]) for _, data in chart.nodes(data=True)]
    assert {each if len(each) <= 22 else each[:21] + "…" for each in labels} <= set(words)
    kinds = {kind_of(data) for _, data in chart.nodes(data=True)}
    roles = {
        role for role, letter in LETTERS.items() if letter in map(letter_of, dict(chart.nodes(data=True)).values())
    }
    assert {kind.title for kind in KINDS.values()} & set(words) == {KINDS[name].title for name in kinds}
    assert set(LETTERS) & set(words) == roles
    assert text == drawing(workspace.case(workspace.cases()["case"][0]).network())


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


def test_paper_has_a_picture_for_each_part_and_numbers_for_names():
    """The largest part first; who is joined to nobody is told in words, and who is drawn as one by number."""
    many = [(f"payer-{number}", "hub") for number in range(8)]
    graph = graph_of([("one", "other"), *many])
    graph.add_node("lonely", kind="account", role="named")
    numbers = {name: place for place, name in enumerate(graph, 1)}
    large, small, alone = network_pictures(graph, numbers, "UTC")
    assert isinstance(large, Picture) and "Picture 1 of 2." in large.caption and "accounts 3" in large.caption
    assert alone.text.startswith(f"Account {numbers['lonely']} has no money")
    written = [each.text for each in ElementTree.fromstring(small.svg).iter(f"{SVG}text")]  # noqa: S314 (made here)
    assert {str(numbers["one"]), str(numbers["other"])} <= set(written) and "one" not in written


def test_numbers_are_told_in_runs():
    """Each number once, in order."""
    assert ranges([7, 2, 4, 5, 6, 2, 9, 10]) == "2, 4–7, 9, 10"
