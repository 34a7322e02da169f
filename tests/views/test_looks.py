"""How a node is drawn says how sure, how much and what role: fill, size and ring."""

from __future__ import annotations

import re

import pytest

from mulegraph.views.chart import charted
from mulegraph.views.drawing import drawing
from mulegraph.views.looks import LARGEST, RING, SMALLEST, looks_of
from mulegraph.views.node_styles import RINGS
from tests.views.geometry import WIDEST
from tests.views.hands import graph_of


def light(colour: str) -> float:
    """Luminance of a colour (WCAG 2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_higher_score_is_darker_and_its_letter_can_be_read():
    """On one scale, so that a copy in grey ranks them as well; every letter has a contrast of four to one."""
    graph = graph_of(*[(f"a{place}", "b", "10.00") for place in range(101)])
    for place in range(101):
        graph.nodes[f"a{place}"]["score"] = place / 100
    looks = looks_of(charted(graph))
    fills = [light(looks[f"a{place}"].fill) for place in range(101)]
    inks = [light(looks[f"a{place}"].ink) for place in range(101)]
    assert fills == sorted(fills, reverse=True) and fills[0] > fills[-1] + 0.5
    contrast = [(max(pair) + 0.05) / (min(pair) + 0.05) for pair in zip(fills, inks, strict=True)]
    assert min(contrast) > 4


def test_twice_the_money_is_twice_the_area_more():
    """By what came or went, the larger; whom no money passed is smallest, and none reaches into the way of an arrow."""
    graph = graph_of(("a", "b", "100.00"), ("b", "c", "25.00"), devices={"phone": ["c", "d"]})
    graph.add_node("d", kind="account", role="")
    looks = looks_of(charted(graph))
    assert looks["a"].radius == looks["b"].radius == LARGEST
    assert looks["c"].radius == pytest.approx(SMALLEST + (LARGEST - SMALLEST) / 2)
    assert looks["d"].radius == SMALLEST
    assert LARGEST + RING < WIDEST


def test_only_a_role_that_is_told_has_a_ring():
    """Known good has none, whatever a case says of it; nor has a tracing's number."""
    graph = graph_of(("a", "b", "1.00"), ("b", "c", "1.00"))
    graph.nodes["a"]["role"] = graph.nodes["b"]["role"] = "relay"
    graph.nodes["b"]["lists"] = ["known_good"]
    graph.nodes["c"]["generation"] = 2
    looks = looks_of(charted(graph))
    assert (looks["a"].ring, looks["b"].ring, looks["c"].ring) == (RINGS["relay"], "", "")


def test_the_page_draws_a_node_as_the_drawing_does(page):
    """One definition: radius, fill and ring of the page are those of the report."""
    graph = graph_of(("a", "b", "100.00"), ("b", "c", "30.00"))
    graph.nodes["b"].update(role="collector", score=0.8)
    told = page(graph).execute_script("return chart.looks.map((each) => [each.radius, each.fill])")
    shown = re.findall(r'<circle r="([\d.]+)" fill="(#\w+)" stroke="#0072b2"', drawing(graph))
    assert [[float(radius), fill] for radius, fill in shown[:3]] == told
    assert RINGS["collector"] in drawing(graph)


def test_words_on_paper_are_not_struck_through_by_their_arrow():
    """A level arrow runs between its amount and its time, and is seen; on a curved one both stand on paper."""
    text = drawing(graph_of(("a", "b", "100.00"), ("c", "d", "30.00"), ("c", "e", "20.00")))
    for amount in ("30.00 EUR", "20.00 EUR"):
        assert re.search(rf'<rect [^>]+ fill="#ffffff"/><text [^>]+>{amount}<', text)
    (level,) = re.findall(r"translate\(\d+ (\d+)\)[^>]*>(?:<circle [^>]+>)+\s*</g><text [^>]+>a<", text)
    (over,) = re.findall(r'(?<!/>)<text x="[\d.]+" y="([\d.]+)" [^>]+>100.00 EUR<', text)
    assert float(over) < float(level) - 1
