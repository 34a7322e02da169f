"""`mulegraph view`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
from mulegraph.ledger.store import write_atomically
from mulegraph.privacy.door import SharedGraph
from mulegraph.views.files import unwritable
from mulegraph.views.network_pages import picture, shared_picture

commands = typer.Typer()


@commands.command("view")
def view_command(
    subject: Annotated[str, typer.Argument(help="A case, a chain, an account, or a payment or report to trace.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.")],
    workspace: WorkspaceFolder = HERE,
    url: GraphUrl = EMBEDDED,
    password_file: GraphPasswordFile = None,
    database: GraphDatabase = DATABASE,
    insecure: Insecure = False,
    reveal: Reveal = None,
) -> None:
    """Draw a case, a chain, an account or a trace as a page to work in, which opens with no network."""
    server = server_of(url, password_file, database, insecure)
    space = opened(workspace, reveal, server=server)
    if server is None:
        text = picture(space, subject)
    else:
        with SharedGraph(space) as shared:
            text = shared_picture(shared, subject)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(output, text)
    except OSError as error:
        raise unwritable(output, error) from error
    typer.echo(output)
