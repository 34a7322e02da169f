"""mulegraph takes mule networks apart.

In a notebook: `import mulegraph; ws = mulegraph.open("workspace")`, then `ws.chains()`, `ws.findings()` and
`ws.cases()` give pandas data frames, `ws.case(id).graph()` a NetworkX graph. `mulegraph.connect("bolt://localhost")`
asks a graph that many share.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mulegraph.watch.shared_graph import SharedGraph
    from mulegraph.watch.workspace import Workspace

__all__ = ["connect", "open"]


def open(workspace: str | Path = "workspace", *, graph: str = "embedded", **how: Any) -> Workspace:
    """Open a workspace, with its own graph or one on a server (`graph` is its address, `how` as for `connect`).

    Raises BadUse on first use when nothing is loaded there yet.
    """
    # Imported here, so that `mulegraph --help` and the schema do not wait for the engines.
    from mulegraph.graph.neo4j_address import Address
    from mulegraph.watch.workspace import Workspace

    return Workspace(workspace, server=None if graph == "embedded" else Address.read(graph, **how))


def connect(graph: str, **how: Any) -> SharedGraph:
    """A graph on a Neo4j server, such as `neo4j+s://host`; user and password are in the environment.

    `how`: `password_file`, `database`, `insecure`. Raises BadUse for an address that is none or not safe.
    """
    from mulegraph.graph.neo4j_address import Address
    from mulegraph.watch.shared_graph import SharedGraph

    return SharedGraph(Address.read(graph, **how))
