"""`mulegraph graph`."""

from __future__ import annotations

import typer

from mulegraph.cli.options import HERE, OutputFormat, WorkspaceFolder, opened, show, steps_bar
from mulegraph.graph.embedded import EmbeddedGraph
from mulegraph.views.tables import Format
from mulegraph.watch.scan import GRAPH_FILE

commands = typer.Typer()
graph = typer.Typer(help="The embedded graph: an index over ledger and findings that can always be rebuilt.")
commands.add_typer(graph, name="graph")
HEADS = {"what": "what", "number": "number"}


@graph.command("rebuild")
def rebuild_command(workspace: WorkspaceFolder = HERE, how: OutputFormat = Format.TABLE) -> None:
    """Write the graph anew from the ledger and the latest run."""
    with steps_bar() as progress:
        progress("graph")
        counts = opened(workspace).rebuild_graph()
    show([{"what": name, "number": number} for name, number in counts.items()], how, HEADS)


@graph.command("status")
def status_command(workspace: WorkspaceFolder = HERE, how: OutputFormat = Format.TABLE) -> None:
    """What the graph holds, and whether it is of the ledger as it is now."""
    space = opened(workspace)
    with EmbeddedGraph(space.folder / GRAPH_FILE) as found:
        status = found.status()
    current = "yes" if status.stamp == space.ledger.hash else "no: mulegraph graph rebuild"
    rows: list[dict[str, object]] = [{"what": "current", "number": current if status.exists else "no graph yet"}]
    rows += [{"what": name, "number": number} for name, number in (status.nodes | status.relationships).items()]
    show([*rows, {"what": "bytes", "number": status.size_bytes}], how, HEADS)
