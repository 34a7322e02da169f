"""Which graph a workspace's questions go to, its own embedded file or a server that many share, and what fills it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mulegraph.errors import EngineError
from mulegraph.files import write_atomically
from mulegraph.graph.base import GraphInput
from mulegraph.graph.embedded import EmbeddedGraph
from mulegraph.journal.case_states import last_decision, with_decisions
from mulegraph.ledger.ledger import Ledger
from mulegraph.workspace.run import Run

if TYPE_CHECKING:  # the driver is loaded only where a server is asked
    from mulegraph.graph.neo4j.address import Address
    from mulegraph.graph.neo4j.graph import Neo4jGraph
    from mulegraph.graph.neo4j.load import GraphLoad

GRAPH_FILE = "graph.lbug"
STATE_FILE = "graph.journal"
"""Beside the graph: the last entry about a case whose effect is in it."""


def embedded(workspace: Path) -> EmbeddedGraph:
    """The workspace's own graph."""
    return EmbeddedGraph(workspace / GRAPH_FILE)


def shared(address: Address) -> Neo4jGraph:
    """The graph on a server."""
    from mulegraph.graph.neo4j.graph import Neo4jGraph

    return Neo4jGraph(address)


def is_current(graph: EmbeddedGraph, ledger: Ledger) -> bool:
    """Whether the graph is of this ledger; one that cannot be read is an index to be made again, and no trouble."""
    try:
        return graph.status().stamp == ledger.hash
    except EngineError:
        return False


def fill_graph(
    workspace: Path, ledger: Ledger, findings: pa.Table | None, cases: pa.Table | None, *, anew: bool = False
) -> dict[str, int]:
    """Bring the embedded graph up to this ledger and these findings; gives numbers by label and relationship.

    The ledger's part is kept when it is current, unless `anew`.
    """
    mark = last_decision(workspace)
    findings, cases = with_decisions(workspace, findings, cases)
    with embedded(workspace) as graph:
        if not anew and is_current(graph, ledger):
            counts = graph.replace_findings(findings, cases)
        else:
            counts = graph.rebuild(GraphInput.of(ledger, findings, cases), stamp=ledger.hash)
    write_atomically(workspace / STATE_FILE, mark)
    return counts


def is_of_journal(workspace: Path) -> bool:
    """Whether what people decided about cases is in the embedded graph."""
    path = workspace / STATE_FILE
    return (path.read_text(encoding="ascii") if path.is_file() else "0") == last_decision(workspace)


def fill_server(workspace: Path, address: Address, ledger: Ledger, run: Run | None, **how: Any) -> GraphLoad:
    """Bring the graph on a server up to this ledger, and to the findings of a run over it if it has not these yet.

    `how` is as `Neo4jGraph.load` takes it; with `every_row` the findings are written in any case.
    """
    from mulegraph.graph.neo4j.portions import portions_of

    with shared(address) as graph:
        loaded = graph.load(GraphInput.of(ledger), portions_of(ledger), stamp=ledger.hash, **how)
        # What people decided belongs to the run: another decision is another state of the same findings.
        name = f"{run.name} {last_decision(workspace)}" if run is not None else ""
        if run is not None and (how.get("every_row") or graph.run() != name):
            findings, cases = with_decisions(workspace, run.told_findings(), run.table("cases"))
            graph.replace_findings(findings, cases, run=name)
    return loaded
