"""Networks for other programs: each format read back by its own reader holds every node, transfer and amount."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pytest

from mulegraph.errors import UsageError
from mulegraph.views.exchange import WRITERS, exchanged, flat


def read_back(path: Path) -> nx.MultiDiGraph:
    if path.suffix == ".graphml":
        return nx.read_graphml(path, force_multigraph=True)
    if path.suffix == ".gexf":
        return nx.MultiDiGraph(nx.read_gexf(path))
    return nx.cytoscape_graph(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("ending", WRITERS)
def test_a_case_is_read_back_as_it_was(workspace, tmp_path, ending):
    """Nodes by token with role, bank, score and lists; transfers with exact amount, currency, time and channel."""
    case = workspace.case(workspace.cases()["case"][0])
    path = workspace.export(case, tmp_path / f"case{ending}")
    graph, found = case.graph(), read_back(path)
    assert {str(node) for node in graph} == set(found)
    moved = {row["transfer"]: row for *_, row in found.edges(data=True) if row["kind"] == "transfer"}
    known = [(key, data) for *_, key, data in graph.edges(keys=True, data=True) if data["kind"] == "transfer"]
    assert len(moved) == len(known)
    for key, data in known:
        row = moved[key]
        assert (row["amount"], row["currency"], row["channel"]) == (
            float(data["amount"]),
            data["currency"],
            data["channel"],
        )
        assert row["at"] == data["at"].isoformat() + "Z"
    for node, data in graph.nodes(data=True):
        row = found.nodes[node]
        assert (
            row["kind"] == data["kind"] and row.get("role", "") == data["role"] and row.get("bank") == data.get("bank")
        )
        assert row.get("score") == pytest.approx(data["score"]) if data.get("score") else True
        assert row.get("lists") == ("; ".join(data["lists"]) if data.get("lists") else None)


def test_a_graph_of_plain_values_is_written_by_networkx_itself(workspace, tmp_path):
    """In a notebook: nx.write_graphml(flat(ws.case(id).graph()), path)."""
    graph = flat(workspace.case(workspace.cases()["case"][0]).graph())
    nx.write_graphml(graph, tmp_path / "a.graphml")
    assert len(nx.read_graphml(tmp_path / "a.graphml")) == len(graph)


def test_another_ending_is_refused(workspace, tmp_path):
    """Nothing is guessed: the error names the endings that there are."""
    with pytest.raises(UsageError, match="anx") as error:
        exchanged(nx.MultiDiGraph(), tmp_path / "case.anx")
    assert ".graphml" in str(error.value.hint)
