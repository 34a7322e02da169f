"""The notebook API: data frames and graphs, the same answers as on the command line."""

from __future__ import annotations

import networkx as nx
import pandas as pd
import pytest

import mulegraph
from mulegraph.errors import UsageError


@pytest.fixture(scope="module")
def ws(workspace):
    return mulegraph.open(workspace.folder)


def test_chains_are_a_data_frame_best_first(ws):
    """One row a chain; accounts are one more than transfers."""
    chains = ws.chains()

    assert isinstance(chains, pd.DataFrame)
    assert chains["surprise"].is_monotonic_decreasing
    assert (chains["accounts"].map(len) == chains["transfers"].map(len) + 1).all()
    assert (chains["surprise"] >= ws.run.threshold).all()
    assert (chains["expected_false_share"] <= 0.05).all()


def test_a_lower_threshold_gives_more_chains_and_the_same_ones_first(ws):
    """`min_surprise` sets another threshold."""
    assert len(ws.chains(min_surprise=0)) >= len(ws.chains())
    assert ws.chains(min_surprise=0)["chain"].head(5).tolist() == ws.chains(top=5)["chain"].tolist()


def test_no_chain_lies_inside_another(ws):
    """As the contract says."""
    texts = [" " + " ".join(path) + " " for path in ws.chains(min_surprise=0)["transfers"]]
    assert not any(one is not other and one in other for one in texts for other in texts)


def test_since_and_until_keep_what_overlaps(ws):
    """What ended before `since` or began at `until` or later is left out."""
    chains = ws.chains()
    middle = chains["first_at"].sort_values().iloc[len(chains) // 2]

    after, before = ws.chains(since=middle), ws.chains(until=middle)

    assert (after["last_at"] >= middle).all()
    assert (before["first_at"] < middle).all()
    assert set(after["chain"]) | set(before["chain"]) == set(chains["chain"])
    assert ws.chains(since=str(middle)).equals(after)


def test_an_account_narrows_every_listing(ws):
    """Chains, findings, cases and devices of one account all name it."""
    account = ws.case(ws.cases()["case"][0]).accounts["account_id"][0]

    for listing in (ws.chains, ws.findings, ws.cases):
        assert all(account in names for names in listing(account=account)["accounts"])
    assert ws.account(account).account_id == account


def test_a_case_is_a_graph(ws):
    """Accounts with roles, transfers between them, devices that they share, holders of several."""
    cases = (ws.case(name) for name in ws.cases()["case"])
    kinds = {"transfer", "used", "owns"}
    case = next(each for each in cases if {data["kind"] for *_, data in each.network().edges(data=True)} == kinds)
    graph = case.network()

    assert isinstance(graph, nx.MultiDiGraph)
    assert set(case.row["accounts"]) <= set(graph)
    assert {data["role"] for _, data in graph.nodes(data=True)} >= set(case.row["roles"])
    assert {data["kind"] for *_, data in graph.edges(data=True)} == {"transfer", "used", "owns"}
    assert case.id in repr(case)


def test_links_give_paths_along_the_money(ws):
    """From an account next to a listed one: every path ends at it or begins there, in order of time."""
    account = ws.findings(sign="N5")["subject_id"][0]
    links = ws.links(account, hops=2)

    assert len(links)
    for row in links.itertuples():
        assert row.accounts[-1 if row.direction == "to" else 0] == row.flagged
        assert row.accounts[0 if row.direction == "to" else -1] == account
        assert row.hops == len(row.transfers) <= 2
        assert row.first_at <= row.last_at


def test_the_graph_answers_what_the_listing_says(ws):
    """The embedded graph and the run agree on an account's best chain; the graph has those that findings tell of."""
    account = ws.chains()["accounts"][0][1]

    answer = ws.query("chains_through_account", {"account": account})

    every = ws.chains(account=account, min_surprise=0.0)
    assert answer.rows[0]["chain"] == every["chain"][0]
    assert {row["chain"] for row in answer.rows} <= set(every["chain"])


@pytest.mark.parametrize(
    ("ask", "named"),
    [
        (lambda ws: ws.case("CASE-00000000"), "CASE-00000000"),
        (lambda ws: ws.account("nobody"), "nobody"),
        (lambda ws: ws.chains(account="nobody"), "nobody"),
        (lambda ws: ws.findings(sign="Z1"), "Z1"),
        (lambda ws: ws.chains(since="yesterday"), "yesterday"),
        (lambda ws: ws.query("chains", {}), "chains"),
    ],
)
def test_what_does_not_exist_is_named(ws, ask, named):
    """Errors say what was asked for, and what to do."""
    with pytest.raises(UsageError, match=named) as error:
        ask(ws)
    assert error.value.hint


def test_an_empty_folder_says_what_to_do(tmp_path):
    """Nothing loaded yet is bad use with a way out."""
    with pytest.raises(UsageError) as error:
        mulegraph.open(tmp_path).chains()
    assert "mulegraph load" in error.value.hint
