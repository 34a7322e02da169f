"""Amounts in pictures are what `mulegraph trace` says: ranges over its rules, never more than entered, that add up."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import networkx as nx
import pytest

from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.findings import Role
from mulegraph.views.chart import amounts_in_words, bundles, charted, in_words, sums_of
from mulegraph.views.columns import columns_of
from mulegraph.views.grouping import combos, contracted
from mulegraph.views.pictures import case_picture
from mulegraph.views.story import case_story, money_parts
from mulegraph.workspace import trace_tree
from mulegraph.workspace.trace import TraceResult
from mulegraph.workspace.trace_tree import dispersal_tree
from mulegraph.workspace.workspace import Workspace
from tests.drawing import CASH, draw

RULES = ("fifo", "haircut", "libr")
SEEDS = (1, 2)
WHOLE = {"through": True, "days": 0, "at_least": Decimal(0)}
"""Followed to its ends, so that what is drawn is all that there is."""


def drawing_of(seed: int) -> str:
    """Random transfers between few accounts and cash, so that money mixes, splits, meets and goes round."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    lines = []
    for minute in range(160):
        source, target = chance.sample([f"a{number}" for number in range(14)] + [CASH], 2)
        lines.append(f"{source} {target} {chance.randrange(1, 900)} {8 + minute // 60}:{minute % 60:02d}")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> list[TraceResult]:
    """Traces of many payments of three random ledgers, forward and back."""
    found = []
    for seed in SEEDS:
        folder: Path = tmp_path_factory.mktemp(f"ledger{seed}")
        ledger: Ledger = draw(folder, drawing_of(seed))
        space = Workspace(folder / "workspace")
        ids = ledger.arrow("transfers", ["transfer_id", "source"]).to_pylist()
        for number, row in enumerate(ids[:30]):
            if row["source"] is not None:
                found.append(space.trace([row["transfer_id"]], back=number % 5 == 4, **WHOLE))
    return found


def test_no_arrow_bears_more_than_was_traced(traces):
    """Transfers drawn as one arrow have the range of their sums by rule, and at most what entered."""
    merged = 0
    for trace in traces:
        chart = charted(dispersal_tree(trace))
        for graph in (chart, contracted(chart, combos(chart, 8))):
            for each in bundles(graph):
                (sums,) = each.sums.values()
                by_rule = [sum(data["carried"][rule] for _, data in each.transfers) for rule in range(len(RULES))]
                capped = [min(total, trace.traced[rule]) for total, rule in zip(by_rule, RULES, strict=True)]
                assert (sums.low, sums.high) == (min(capped), max(capped))
                assert 0 <= sums.low <= sums.high <= max(trace.traced[rule] for rule in RULES)
                merged += len(each.transfers) > 1
    assert merged > 50


def test_what_is_left_of_every_column_and_what_crosses_it_is_what_was_traced(traces):
    """By every rule: what stays up to a column, and what leads on from there less what comes back, add up exactly."""
    for trace in traces:
        if trace.back:
            continue
        chart = charted(dispersal_tree(trace))
        columns = columns_of(chart).column
        left = {row["account"]: row for row in trace.accounts.to_dict("records")}
        for place, rule in enumerate(RULES):
            edges = [(a, b, data["carried"][place]) for a, b, data in chart.edges(data=True)]
            for cut in range(max(columns.values())):
                stays = sum(
                    (left[node][f"{rule}_remaining"] for node in columns if columns[node] <= cut and node in left),
                    Decimal(0),
                )
                stays += sum(each for _, b, each in edges if columns[b] <= cut and chart.nodes[b]["kind"] == "cash")
                over = sum(each for a, b, each in edges if columns[a] <= cut < columns[b])
                over -= sum(each for a, b, each in edges if columns[b] <= cut < columns[a])
                assert stays + over == trace.traced[rule]


def test_the_money_bar_adds_up(traces):
    """Cash, what left our sight and what is still there are what was traced, by every rule and so in their shares."""
    for trace in traces:
        parts = money_parts(trace)
        assert abs(sum(part.share for part in parts) - 1) < 1e-9
        assert "not followed" not in [part.words for part in parts]
        assert sum(part.low for part in parts) <= max(trace.traced.values()) <= sum(part.high for part in parts)


def test_a_cut_leaves_nothing_that_the_money_does_not_reach(traces, monkeypatch):
    """However few transfers a tree holds, each begins where one before it brought money; `cut` says how many miss."""
    monkeypatch.setattr(trace_tree, "MAX_IN_A_PICTURE", 5)
    for trace in traces:
        graph = dispersal_tree(trace)
        assert graph.number_of_edges() == min(5, (trace.steps["maximum"] > 0).sum())
        assert graph.graph["cut"] == (trace.steps["maximum"] > 0).sum() - graph.number_of_edges()
        ends = {end for a, b, key in graph.edges(keys=True) if key in trace.chosen for end in (a, b)}
        for node in graph:
            whole = graph.reverse(copy=False) if trace.back else graph
            assert node in ends or any(nx.has_path(whole, end, node) for end in ends)


def test_a_trace_letters_nobody(traces):
    """It shows how far money is from the payment, and says of nobody what he did."""
    graph = dispersal_tree(traces[0])
    assert {data["role"] for _, data in graph.nodes(data=True)} == {""}
    generations = {data["generation"] for _, data in graph.nodes(data=True) if data["kind"] == "account"}
    assert generations == set(range(max(generations) + 1))


def test_the_hundred_that_two_arrows_carry_is_a_hundred(tmp_path):
    """One payment of 100 reaches D in two transfers, each of which may have carried all of it: together they did."""
    draw(tmp_path, "V A 100 10:00\nW A 100 10:10\nA D 100 10:20\nA D 100 10:30")
    graph = dispersal_tree(Workspace(tmp_path / "workspace").trace(["t001"]))
    assert [in_words(each) for each in bundles(graph)] == ["100.00 EUR", "100.00 EUR (2×)"]


def test_amounts_have_the_decimals_of_their_currency():
    """Dong has none, dinars have three."""
    rows = [{"amount": Decimal("5000.000"), "currency": "VND"}, {"amount": Decimal("1.5"), "currency": "KWD"}]
    assert amounts_in_words(sums_of(rows)) == "1.500 KWD + 5,000 VND"


def test_the_story_gives_each_collector_its_own_amount_and_doubts_a_paid_victim(tmp_path):
    """A joint sum is held against whoever is named first; a victim whom a relay paid before may be used himself."""
    draw(tmp_path, "V A 2000 10:00\nW B 90 10:05\nA C 1900 10:20\nB C 80 10:30\nC V 50 10:40")
    graph = dispersal_tree(Workspace(tmp_path / "workspace").trace(["t001", "t002"], **WHOLE))
    roles = {"V": Role.VICTIM, "W": Role.VICTIM, "A": Role.COLLECTOR, "B": Role.COLLECTOR, "C": Role.RELAY}
    nx.set_node_attributes(graph, {name: role for name, role in roles.items() if name in graph}, "role")

    taken, collected, passed, _ = case_story(graph, "CASE-00000000", None, "no trace", []).lines

    assert taken.words == "V: 2,000.00 EUR; W: 90.00 EUR; V was paid 50.00 EUR here as well: robbed, or used?"
    assert collected.words == "A: 2,000.00 EUR; B: 90.00 EUR"
    assert passed.words.endswith("the same money counts at each")


def test_a_page_says_whose_money_is_followed_where_it_is_not_every_victims(workspace):
    """Of two victims one reported: what is told as being somewhere now is hers alone; elsewhere nothing is added."""
    story = case_picture(workspace, "CASE-dd53a2d0").story
    told = {line.head: line.words for line in story.lines}
    one, other = (each.split(": ")[0] for each in told["Taken from"].split("; "))
    assert told["Whose money is followed"] == f"{one}: 11,944.68 EUR; not reported, so not followed: {other}"
    assert story.entered == "11,944.68 EUR"
    assert "not followed further (shops, wages; most to OSTB~" in told["Now"]
    # The largest place of all is a shop's account: a plan of holds names it, with the trace's own sums.
    plan = workspace.hold_plan("CASE-dd53a2d0")
    stopped = [row["stopped"] for row in map(vars, plan.sums)]
    assert f"most to {plan.not_followed[0].account})" in told["Now"]
    assert [each.why for each in plan.not_followed[:2]] == ["shop", "shop"]
    assert plan.not_followed[0].minimum <= min(stopped) and plan.not_followed[0].maximum <= max(stopped)
    assert sum(each.minimum for each in plan.not_followed) <= max(stopped)
    assert story.command == "mulegraph request make CASE-dd53a2d0 --to WEST" and "is still at WEST" in story.because
    alone = case_picture(workspace, "CASE-5e69b260").story
    assert [line.head for line in alone.lines] == ["Taken from", "Collected by", "Passed on by", "Now"]


def test_every_payment_of_a_case_says_how_much_of_it_is_followed(workspace):
    """All of what the victim who reported paid, nothing of the other's, and never more than the payment."""
    graph = case_picture(workspace, "CASE-dd53a2d0").graph
    paid = {key: data for _, _, key, data in graph.edges(keys=True, data=True) if data["kind"] == "transfer"}
    assert (paid["T000001429"]["followed"], paid["T000001410"]["followed"]) == ("11,944.68", "0")
    for data in paid.values():
        assert Decimal(data["followed"].split("–")[-1].replace(",", "")) <= data["amount"]


def test_the_next_step_is_not_a_request_for_next_to_nothing(workspace):
    """Where most is at a bank that no request can ask, and 0 to 5 euros at one that can be, it is to call."""
    story = case_picture(workspace, "CASE-295ecd70").story
    assert story.command == "mulegraph case holds CASE-295ecd70"
    assert story.because.startswith("most is at MITT, which no request can ask now: call it (")
