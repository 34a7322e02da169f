"""Links to flagged accounts: paths along the money and against it, against NetworkX's enumeration."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.hops import BACKWARD, FORWARD, Neighbours
from mulegraph.flow.order_in_day import in_order
from mulegraph.flow.transfers import MICROSECONDS, Transfers
from mulegraph.settings import HopSettings
from tests.thorough import examples

MINUTE = 60 * MICROSECONDS
A, B, C, D = range(4)


def neighbours(*rows: tuple[int, int], hub: int = 100) -> Neighbours:
    """One transfer a minute, in the order given."""
    source, target = (np.array([row[end] for row in rows], np.int32) for end in (0, 1))
    at = np.arange(len(rows)) * MINUTE
    made: Transfers = in_order(source, target, np.full(len(rows), 100), at, accounts=8)
    return Neighbours(TransfersByAccount(made), HopSettings(hub_counterparties=hub))


def found(
    near: Neighbours, account: int, flagged: set[int], *, hops: int = 2, direction: str = FORWARD, timed: bool = True
):
    paths = near.paths(account, flagged, hops=hops, direction=direction, time_respecting=timed)
    return [(path.accounts, path.transfers) for path in paths]


def test_money_is_followed_to_the_flagged_account():
    """A pays B pays C: C is two hops from A, along the money and in order of time."""
    assert found(neighbours((A, B), (B, C)), A, {C}) == [((A, B, C), (0, 1))]


def test_money_is_followed_back_too():
    """From C's side the same path, still written along the money."""
    assert found(neighbours((A, B), (B, C)), C, {A}, direction=BACKWARD) == [((A, B, C), (0, 1))]


def test_a_path_that_goes_back_in_time_counts_only_when_asked():
    """B paid C before A paid B: no money of A's can have reached C."""
    near = neighbours((B, C), (A, B))
    assert found(near, A, {C}) == []
    assert found(near, A, {C}, timed=False) == [((A, B, C), (1, 0))]


def test_no_further_than_asked():
    """Three hops are not two."""
    near = neighbours((A, B), (B, C), (C, D))
    assert found(near, A, {D}) == []
    assert found(near, A, {D}, hops=3) == [((A, B, C, D), (0, 1, 2))]


def test_no_path_runs_through_a_hub():
    """A hub is reached, and not run through."""
    near = neighbours((A, B), (C, B), (D, B), (B, 5), hub=3)
    assert found(near, A, {5}) == []
    assert found(near, A, {B}) == [((A, B), (0,))]


edges = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=14
)


@examples(300)
@given(edges, st.integers(1, 3), st.booleans(), st.sampled_from([FORWARD, BACKWARD]))
def test_who_is_reached_in_how_many_hops_is_what_trying_every_path_gives(rows, hops, timed, direction):
    """For every flagged account: reached or not, and the least number of hops, as NetworkX's paths say."""
    near = neighbours(*rows)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(6))
    graph.add_edges_from((source, target, number) for number, (source, target) in enumerate(rows))
    start, others = 0, set(range(1, 6))

    expected: dict[int, int] = {}
    for other in others:
        ends = (start, other) if direction == FORWARD else (other, start)
        for path in nx.all_simple_edge_paths(graph, *ends, cutoff=hops):
            numbers = [key for *_, key in path]
            if not timed or numbers == sorted(numbers):
                expected[other] = min(expected.get(other, 9), len(path))
    got: dict[int, int] = {}
    for path in near.paths(start, others, hops=hops, direction=direction, time_respecting=timed):
        got[path.flagged] = min(got.get(path.flagged, 9), len(path.transfers))
        pairs = list(zip(path.accounts, path.accounts[1:], strict=False))
        assert [rows[number] for number in path.transfers] == pairs
        assert not timed or list(path.transfers) == sorted(path.transfers)

    assert got == expected


@examples(200)
@given(edges, st.sets(st.integers(0, 5), min_size=1))
def test_reach_counts_the_flagged_within_two_hops(rows, flagged):
    """As counting neighbours, and their neighbours, by hand; nobody is near himself."""
    near = neighbours(*rows)
    graph = nx.Graph()
    graph.add_nodes_from(range(6))
    graph.add_edges_from(rows)

    reach = near.reach(np.array(sorted(flagged)))

    for account in range(6):
        close = set(nx.single_source_shortest_path_length(graph, account, cutoff=2)) - {account}
        assert reach.flagged[account] == len(close & flagged)
        if account not in flagged:
            known = {other: set(graph[other]) & flagged for other in graph[account]}
            assert reach.ways[0][account] == len(set(graph[account]) & flagged)
            assert reach.ways[1][account] == sum(other in flagged or bool(met) for other, met in known.items())


@examples(200)
@given(edges, st.sets(st.integers(1, 5), min_size=1), st.sampled_from([FORWARD, BACKWARD]), st.integers(2, 100))
def test_the_nearest_flagged_account_is_as_far_as_the_first_path(rows, flagged, direction, hub):
    """The search of all accounts at once agrees with the search for paths from each, hubs or not."""
    near = neighbours(*rows, hub=hub)
    known = near.nearest(np.array(sorted(flagged)), direction)
    for account in set(range(6)) - flagged:
        most = near.settings.hops
        paths = [
            next(near.paths(account, flagged, hops=hops, direction=direction, time_respecting=False), None)
            for hops in range(1, most + 1)
        ]
        first = next((hops for hops, path in enumerate(paths, 1) if path is not None), most + 1)
        assert known[account] == first
