"""`mulegraph view`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from mulegraph.cli.options import HERE, PageLanguage, Reveal, WorkspaceFolder, opened
from mulegraph.errors import UsageError
from mulegraph.files import write_output

if TYPE_CHECKING:
    from mulegraph.privacy.door import MaskedWorkspace

commands = typer.Typer()
SUBJECTS = "Cases, chains, accounts, devices, holders; or one payment or report to trace."
PAGES = ("", ".html", ".htm")


@commands.command("view")
def view_command(
    subjects: Annotated[list[str], typer.Argument(help=SUBJECTS, metavar="SUBJECT...")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Page to write: .html; or .graphml, .gexf, .cyjs, .anx, .ftm.json.")
    ],
    workspace: WorkspaceFolder = HERE,
    url: GraphUrl = EMBEDDED,
    password_file: GraphPasswordFile = None,
    database: GraphDatabase = DATABASE,
    insecure: Insecure = False,
    reveal: Reveal = None,
    to: Annotated[str | None, typer.Option("--to", help="Ways of money from SUBJECT to this account.")] = None,
    language: PageLanguage = None,
) -> None:
    """Draw cases, chains, accounts, devices, holders, ways or a trace as an interactive page that opens offline.

    A file named .graphml, .gexf, .cyjs, .anx (i2) or .ftm.json (FollowTheMoney) holds the same for other programs.
    """
    page = output.suffix.lower() in PAGES
    if not page:
        stages.exchange.ending_of(output)
    server = server_of(url, password_file, database, insecure)
    space = opened(workspace, reveal, server=server)
    if (to is not None or server is not None) and len(subjects) > 1:
        raise UsageError("this takes one subject", hint="Leave out the others, or --to and --graph.")
    if server is not None and to is not None:
        raise UsageError("--to asks the workspace's own ledger", hint="Leave --graph out.")
    # A file for another program says the same whatever language people read.
    with stages.pictures.spoken_by(space, language) if page else nullcontext():
        text = _drawn(space, subjects, to, output, page) if server is None else _far(space, subjects[0], output, page)
    write_output(output, text)
    typer.echo(output)


def _drawn(space: MaskedWorkspace, subjects: list[str], to: str | None, output: Path, page: bool) -> str | bytes:
    """A page, or a file for another program."""
    draw, first = stages.pictures, subjects[0]
    if to is not None:
        made = draw.path_picture(space, first, to).page() if page else ""
        return made or stages.exchange.exchanged(space.path_network(first, to), output)
    if len(subjects) > 1:
        made = draw.joined_picture(space, subjects).page() if page else ""
        return made or stages.exchange.exchanged(draw.joined_network(space, subjects), output)
    return draw.picture(space, first) if page else stages.exchange.exchanged(draw.network_of(space, first), output)


def _far(space: MaskedWorkspace, subject: str, output: Path, page: bool) -> str | bytes:
    """The same of a server's graph."""
    with stages.shared_graph.SharedGraph(space) as shared:
        if page:
            return stages.pictures.shared_picture(shared, subject).page()
        return stages.exchange.exchanged(shared.network(subject), output)
