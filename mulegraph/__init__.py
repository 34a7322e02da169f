"""Finds networks of money mules in bank data.

In a notebook: `import mulegraph; ws = mulegraph.open("workspace")`, then `ws.chains()`, `ws.findings()` and
`ws.cases()` give pandas data frames, `ws.case(id).graph()` a NetworkX graph. Accounts, people and devices are shown
as tokens; `mulegraph.open("workspace", reveal="why")` shows them, and the journal keeps the reason.
`mulegraph.connect("bolt://localhost")` asks a graph that many share.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mulegraph.views.notebook import NotebookGraph, NotebookWorkspace

__all__ = ["connect", "open"]


def open(
    workspace: str | Path = "workspace", *, reveal: str | None = None, graph: str = "embedded", **how: Any
) -> NotebookWorkspace:
    """Open a workspace. Raises UsageError on first use when nothing is loaded there yet.

    What identifies a person is masked, unless a reason to `reveal` it is given, which the journal keeps. `graph` is
    its own, or the address of a server, such as `neo4j+s://host`; user and password are then in the environment, and
    `how` are `password_file`, `database` and `insecure`.
    """
    # Imported here, so that `mulegraph --help` and the schema do not wait for the engines.
    from mulegraph.graph.neo4j.address import Address
    from mulegraph.views.notebook import NotebookWorkspace

    server = None if graph == "embedded" else Address.read(graph, **how)
    return NotebookWorkspace(workspace, reveal=reveal, server=server)


def connect(graph: str, workspace: str | Path = "workspace", **how: Any) -> NotebookGraph:
    """The graph on a server, asked for tables and networks; `workspace` and `how` as for `open`.

    Answers are masked as the workspace's are. Raises UsageError for an address that is none or not safe.
    """
    from mulegraph.views.notebook import NotebookGraph

    return NotebookGraph(open(workspace, graph=graph, **how))
