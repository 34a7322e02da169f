"""Plots: the same bytes for the same figures, nothing that runs or is fetched, and lines that are what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.cases.balance import balance
from mulegraph.views.case_plots import (
    CASH_LANE,
    MAX_LANES,
    OTHERS_LANE,
    balances_plot,
    lanes_of,
    lines_of,
    payments_plot,
)
from mulegraph.views.plots import LARGEST_PAUSE, Clock, label, longest_pause, money, pause
from mulegraph.views.run_plots import chains_plot, scores_plot, signs_plot, trend_plot
from tests.conftest import ROOT

START = datetime(2026, 1, 5, 9)
EVIL = "</svg><script>x</script>$\\frac{a}{b}$&\u202e\x07"


def moved(source: str | None, target: str | None, amount: str, minutes: float) -> dict:
    return {"source": source, "target": target, "amount": Decimal(amount), "at": START + timedelta(minutes=minutes)}


MOVES = [
    moved("victim", "mule", "900.00", 0),
    moved("mule", "relay", "500.00", 4),
    moved("mule", None, "380.00", 9),
    moved("relay", "relay", "1.00", 9),
    moved("relay", None, "450.00", 60 * 24 * 9),
]


def all_plots(name: str = "mule") -> list[str]:
    moves = [{**row, **{side: name for side in ("source", "target") if row[side] == "mule"}} for row in MOVES]
    return [
        payments_plot(moves, {"victim": "victim", name: "collector"}, [{"at": START, "account": "victim"}]),
        balances_plot([(name, "collector", balance(name, moves)), ("relay", "named", balance("relay", moves))]),
        chains_plot([3.0, 9.0, 12.0], [0.3, 0.02, 0.0], 9.0, 0.05),
        scores_plot({"accounts": [0.1, 0.5, 0.99], "cases": []}),
        trend_plot(["20260105T090000Z-0", "20260106T090000Z-1"], {"cases": [1, 3], "seconds": [0.0, 0.0]}, 1),
        signs_plot({"A1": [float("nan"), 4.0], "N1": [float("nan"), float("nan")]}, 1),
    ]


@pytest.mark.parametrize("number", range(6))
def test_a_plot_is_bare_svg(number):
    """Well-formed, no script, no address but those that name formats, no size, no id that another plot would have."""
    text = all_plots(EVIL)[number]
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("}svg") and "width" not in root.attrib and "viewBox" in root.attrib
    assert "<script" not in text and "<metadata" not in text and "<style" not in text
    assert re.findall(r"https?://(?!www\.w3\.org/)", text) == []
    ids = [each.attrib["id"] for each in root.iter() if "id" in each.attrib]
    assert all(re.fullmatch(r"[a-zA-Z][0-9a-f]{10}", each) for each in ids)


def test_a_hostile_name_is_text_in_a_plot():
    """Markup and formulas are written as they are, what cannot be seen as a question mark, long names cut."""
    root = ElementTree.fromstring(payments_plot([moved(EVIL, None, "1.00", 0)], {}, []))
    texts = [each.text for each in root.iter() if each.tag.endswith("}text")]
    assert label(EVIL) in texts
    root = ElementTree.fromstring(payments_plot([moved("$x_1$", "a&b", "1.00", 0)], {}, []))
    assert {"$x_1$", "a&b"} <= {each.text for each in root.iter() if each.tag.endswith("}text")}
    assert "\u202e" not in label(EVIL) and len(label("x" * 500)) <= 26


def test_the_same_figures_are_the_same_bytes():
    """Also in another process, whose hashes and clock differ."""
    code = (
        "import sys; sys.path.insert(0, '.'); from tests.views.test_plots import all_plots; print(''.join(all_plots()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "".join(all_plots()) + "\n"


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 10**7), st.integers(0, 30)), min_size=1, max_size=20))
def test_plotted_lines_are_in_and_out_at_every_step(drawn):
    """In less out is what remains at each moment; the end is drawn on, and nothing before the first."""
    rows = [
        moved("a", "b", f"{cents / 100:.2f}", at) if out else moved("b", "a", f"{cents / 100:.2f}", at)
        for out, cents, at in drawn
    ]
    steps = balance("a", rows)
    x, came, went = lines_of(steps, Clock([step.at for step in steps]))

    assert x == sorted(x) and (came[0], went[0]) == (0, 0)
    assert (came[-1], went[-1]) == (came[-2], went[-2])
    for place, step in enumerate(steps, 1):
        assert came[place] - went[place] == pytest.approx(float(step.left))
        assert (came[place], went[place]) == (float(step.came), float(step.went))


@given(st.lists(st.integers(0, 10**8), min_size=1, max_size=40))
def test_no_pause_takes_more_than_its_share(seconds):
    """The axis keeps the order of time, runs from 0 to 1, and tells of every pause that it cuts."""
    times = [START + timedelta(seconds=each) for each in seconds]
    clock = Clock(times)
    places = [clock(each) for each in sorted(set(times))]

    assert places == sorted(places) and places[0] == 0 and len(set(places)) == len(places)
    gaps = [(b - a).total_seconds() for a, b in zip(clock.times, clock.times[1:], strict=False)]
    share = max(LARGEST_PAUSE, 1.5 / max(len(gaps), 1))
    assert all(b - a <= share + 1e-9 for a, b in zip(places, places[1:], strict=False))
    longest = longest_pause(gaps)
    assert [length.total_seconds() for _, length in clock.cuts] == [gap for gap in gaps if gap > longest]


def test_lanes_stand_as_money_reaches_them():
    """Payers before payees, cash last; of very many accounts the smallest share a lane, those with a role do not."""
    assert lanes_of(MOVES, {}) == ["victim", "mule", "relay", CASH_LANE]
    many = [moved("rich", f"mule{number:02}", "5.00", number) for number in range(40)]
    many += [moved("poor", "mule00", "0.01", 50)]
    lanes = lanes_of(many, {"poor": "relay"})
    assert len(lanes) == MAX_LANES + 1 and lanes[-1] == OTHERS_LANE and {"rich", "poor"} <= set(lanes)


def test_axes_are_in_words_that_fit():
    """Amounts and pauses in their largest unit."""
    assert [money(each) for each in (0, 950, 1200, 3.4e6, -2e9)] == ["0", "950", "1.2k", "3.4M", "-2G"]
    assert [pause(timedelta(seconds=each)) for each in (5, 600, 7200, 9 * 86_400)] == ["5 s", "10 min", "2 h", "9 d"]
