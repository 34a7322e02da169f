"""Which graph a workspace's questions go to, its own embedded file or a server that many share, and what fills it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mulegraph.errors import EngineTrouble
from mulegraph.feed.ledger import Ledger
from mulegraph.graph.base import GraphInput
from mulegraph.graph.embedded import EmbeddedGraph
from mulegraph.watch.run import Run

if TYPE_CHECKING:  # the driver is loaded only where a server is asked
    from mulegraph.graph.neo4j import Neo4jGraph
    from mulegraph.graph.neo4j_address import Address
    from mulegraph.graph.neo4j_load import GraphLoad

GRAPH_FILE = "graph.lbug"


def embedded(workspace: Path) -> EmbeddedGraph:
    """The workspace's own graph."""
    return EmbeddedGraph(workspace / GRAPH_FILE)


def shared(address: Address) -> Neo4jGraph:
    """The graph on a server."""
    from mulegraph.graph.neo4j import Neo4jGraph

    return Neo4jGraph(address)


def is_current(graph: EmbeddedGraph, ledger: Ledger) -> bool:
    """Whether the graph is of this ledger; one that cannot be read is an index to be made again, and no trouble."""
    try:
        return graph.status().stamp == ledger.hash
    except EngineTrouble:
        return False


def fill_graph(
    workspace: Path, ledger: Ledger, findings: pa.Table | None, cases: pa.Table | None, *, anew: bool = False
) -> dict[str, int]:
    """Bring the embedded graph up to this ledger and these findings; gives numbers by label and relationship.

    The ledger's part is kept when it is current, unless `anew`.
    """
    with embedded(workspace) as graph:
        if not anew and is_current(graph, ledger):
            return graph.replace_findings(findings, cases)
        return graph.rebuild(GraphInput.of(ledger, findings, cases), stamp=ledger.hash)


def fill_server(address: Address, ledger: Ledger, run: Run | None, **how: Any) -> GraphLoad:
    """Bring the graph on a server up to this ledger, and to the findings of a run over it if it has not these yet.

    `how` is as `Neo4jGraph.load` takes it; with `every_row` the findings are written in any case.
    """
    from mulegraph.graph.neo4j_portions import portions_of

    with shared(address) as graph:
        loaded = graph.load(GraphInput.of(ledger), portions_of(ledger), stamp=ledger.hash, **how)
        if run is not None and (how.get("every_row") or graph.run() != run.name):
            graph.replace_findings(run.table("findings"), run.table("cases"), run=run.name)
    return loaded
