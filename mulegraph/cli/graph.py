"""`mulegraph graph`."""

from __future__ import annotations

import typer

from mulegraph.cli.graph_options import (
    DATABASE,
    EMBEDDED,
    GraphDatabase,
    GraphPasswordFile,
    GraphUrl,
    Insecure,
    Prune,
    load_rows,
    rows_bar,
    server_of,
    tell_load,
)
from mulegraph.cli.options import HERE, OutputFormat, WorkspaceFolder, opened, show, steps_bar
from mulegraph.errors import UsageError
from mulegraph.schema import listings
from mulegraph.views.formats import Format

commands = typer.Typer()
graph = typer.Typer(help="The graph, embedded or on a server: an index that can always be rebuilt.")
commands.add_typer(graph, name="graph")


@graph.command("rebuild")
def rebuild_command(
    workspace: WorkspaceFolder = HERE,
    url: GraphUrl = EMBEDDED,
    password_file: GraphPasswordFile = None,
    database: GraphDatabase = DATABASE,
    insecure: Insecure = False,
    prune: Prune = False,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Write the embedded graph anew, or compare every row on the server; with findings of the latest run."""
    server = server_of(url, password_file, database, insecure)
    space = opened(workspace, server=server)
    if server is not None:
        with rows_bar() as told:
            loaded = space.fill_server(every_row=True, prune=prune, told=told)
        show(load_rows(loaded), how, listings.GRAPH_LOAD)
        tell_load(loaded)
        return
    if prune:
        raise UsageError(
            "--prune is for a server",
            hint="The embedded graph is always written whole. Name a server with --graph, or leave --prune out.",
        )
    with steps_bar() as progress:
        progress("graph")
        counts = space.rebuild_graph()
    show([{"what": name, "number": number} for name, number in counts.items()], how, listings.GRAPH_COUNTS)


@graph.command("status")
def status_command(
    workspace: WorkspaceFolder = HERE,
    url: GraphUrl = EMBEDDED,
    password_file: GraphPasswordFile = None,
    database: GraphDatabase = DATABASE,
    insecure: Insecure = False,
    how: OutputFormat = Format.TABLE,
) -> None:
    """What the graph holds, and whether it matches the current ledger."""
    server = server_of(url, password_file, database, insecure)
    space = opened(workspace, server=server)
    status = space.graph_status()
    rebuild = "mulegraph graph rebuild" if server is None else "mulegraph graph rebuild --graph URL"
    current = "yes" if status.stamp == space.ledger_facts().hash else f"no: {rebuild}"
    rows: list[dict[str, object]] = [{"what": "current", "number": current if status.exists else "no graph yet"}]
    rows += [{"what": name, "number": number} for name, number in (status.nodes | status.relationships).items()]
    if server is None:
        rows.append({"what": "bytes", "number": status.size_bytes})
    show(rows, how, listings.GRAPH_COUNTS)
