"""`mulegraph view`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.graph_options import (
    DATABASE,
    EMBEDDED,
    GraphDatabase,
    GraphPasswordFile,
    GraphUrl,
    Insecure,
    server_of,
)
from mulegraph.cli.options import HERE, Reveal, WorkspaceFolder, opened
from mulegraph.files import write_output

commands = typer.Typer()
PAGES = ("", ".html", ".htm")


@commands.command("view")
def view_command(
    subject: Annotated[str, typer.Argument(help="A case, a chain, an account, or a payment or report to trace.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Page to write: .html; or .graphml, .gexf, .cyjs, .anx, .ftm.json.")
    ],
    workspace: WorkspaceFolder = HERE,
    url: GraphUrl = EMBEDDED,
    password_file: GraphPasswordFile = None,
    database: GraphDatabase = DATABASE,
    insecure: Insecure = False,
    reveal: Reveal = None,
) -> None:
    """Draw a case, a chain, an account or a trace as an interactive page, which opens without a network.

    A file named .graphml, .gexf, .cyjs, .anx (i2) or .ftm.json (FollowTheMoney) holds the same for other programs.
    """
    page = output.suffix.lower() in PAGES
    if not page:
        stages.exchange.ending_of(output)
    server = server_of(url, password_file, database, insecure)
    space = opened(workspace, reveal, server=server)
    if server is not None:
        with stages.door.SharedGraph(space) as shared:
            draw, graph = stages.pictures.shared_picture, shared.network
            text = draw(shared, subject) if page else stages.exchange.exchanged(graph(subject), output)
    elif page:
        text = stages.pictures.picture(space, subject)
    else:
        text = stages.exchange.exchanged(stages.pictures.network_of(space, subject), output)
    write_output(output, text)
    typer.echo(output)
