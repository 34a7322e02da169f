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
    import networkx as nx

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
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Only this account, device or holder, with what is between those named."),
    ] = None,
    language: PageLanguage = None,
) -> None:
    """Draw cases, chains, accounts, devices, holders, ways or a trace as an interactive page that opens offline.

    A file named .graphml, .gexf, .cyjs, .anx (i2) or .ftm.json (FollowTheMoney) holds the same for other programs.
    """
    page = output.suffix.lower() in PAGES
    if not page:
        stages.exchange.ending_of(output)
    elif only:
        hint = "Hide the others in the page, or name a file for another program: see --output."
        raise UsageError("--only is for files for other programs", hint=hint)
    server = server_of(url, password_file, database, insecure)
    space = opened(workspace, reveal, server=server)
    if (to is not None or server is not None) and len(subjects) > 1:
        raise UsageError("this takes one subject", hint="Leave out the others, or --to and --graph.")
    if server is not None and to is not None:
        raise UsageError("--to asks the workspace's own ledger", hint="Leave --graph out.")
    # A file for another program says the same whatever language people read.
    with stages.pictures.spoken_by(space, language) if page else nullcontext():
        text: str | bytes
        if page:
            text = _drawn(space, subjects, to) if server is None else _far(space, subjects[0])
        else:
            network = _network(space, subjects, to) if server is None else _far_network(space, subjects[0])
            text = stages.exchange.exchanged(stages.exchange.chosen(network, only) if only else network, output)
    write_output(output, text)
    typer.echo(output)


def _drawn(space: MaskedWorkspace, subjects: list[str], to: str | None) -> str:
    """A page."""
    draw, first = stages.pictures, subjects[0]
    if to is not None:
        return draw.path_picture(space, first, to).page()
    return draw.joined_picture(space, subjects).page() if len(subjects) > 1 else draw.picture(space, first)


def _network(space: MaskedWorkspace, subjects: list[str], to: str | None) -> nx.MultiDiGraph[str]:
    """The same for another program."""
    draw, first = stages.pictures, subjects[0]
    if to is not None:
        return space.path_network(first, to)
    return draw.joined_network(space, subjects) if len(subjects) > 1 else draw.network_of(space, first)


def _far(space: MaskedWorkspace, subject: str) -> str:
    """A page of a server's graph."""
    with stages.shared_graph.SharedGraph(space) as shared:
        return stages.pictures.shared_picture(shared, subject).page()


def _far_network(space: MaskedWorkspace, subject: str) -> nx.MultiDiGraph[str]:
    with stages.shared_graph.SharedGraph(space) as shared:
        return shared.network(subject)
