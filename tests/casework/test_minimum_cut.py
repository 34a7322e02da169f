"""Holds: the fewest accounts that stop most of the flow, and rather those with few innocent payments."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulegraph.casework.minimum_cut import best_holds

FAN = [("v", "c", 100), ("c", "r1", 50), ("c", "r2", 50), ("r1", "", 50), ("r2", "", 50)]


@pytest.mark.parametrize(
    ("flows", "innocent", "held"),
    [
        ([("v", "c", 100), ("c", "r1", 50), ("c", "r2", 50), ("r1", "", 50), ("r2", "", 50)], {}, ["c"]),
        (
            [("v", "c", 100), ("c", "r1", 50), ("c", "r2", 50), ("r1", "", 50), ("r2", "", 50)],
            {"c": 5_000},
            ["r1", "r2"],
        ),
        ([("v", "a", 100), ("w", "b", 100), ("a", "x", 90), ("b", "x", 90), ("x", "", 180)], {}, ["x"]),
        ([("v", "a", 100)], {}, ["a"]),
        ([], {}, []),
    ],
)
def test_the_cut_is_where_it_costs_least(flows, innocent, held):
    """Where streams meet; beside a busy account, if that hits fewer innocent payments; nothing where nothing runs."""
    found = best_holds(flows, {"v", "w"}, Counter(innocent), share=0.9)
    assert found.accounts == held
    assert found.stopped == found.whole


def test_a_trickle_is_let_run():
    """One hold that stops 95 % is better than two that stop all, when 90 % is asked for."""
    flows = [("v", "a", 95), ("v", "b", 5), ("a", "", 95), ("b", "", 5)]
    assert best_holds(flows, {"v"}, Counter(), share=0.9).accounts == ["a"]
    assert best_holds(flows, {"v"}, Counter(), share=1.0).accounts == ["a", "b"]


one_flow = st.tuples(st.sampled_from(["v", *"abcde"]), st.sampled_from([*"abcde", ""]), st.integers(1, 50))


@settings(max_examples=80, deadline=None)
@given(st.lists(one_flow, min_size=1, max_size=12))
def test_no_smaller_set_stops_everything(flows):
    """Asked to stop all, it holds as few accounts as trying every set finds."""
    flows = [flow for flow in flows if flow[0] != flow[1]]
    found = best_holds(flows, {"v"}, Counter(), share=1.0)
    if not found.whole or found.stopped < found.whole:
        return
    payers, payees = {flow[0] for flow in flows}, {flow[1] for flow in flows}

    def runs(held):
        graph = nx.DiGraph()
        graph.add_nodes_from(["IN", "OUT"])
        for source, target, _ in flows:
            if source in held or target in held:
                continue
            graph.add_edge("IN" if source == "v" or source not in payees else source, target or "OUT")
            if target and target not in payers:
                graph.add_edge(target, "OUT")
        return nx.has_path(graph, "IN", "OUT")

    assert not runs(set(found.accounts))
    for size in range(len(found.accounts)):
        assert all(runs(set(held)) for held in combinations(sorted(payees - {""}), size))
