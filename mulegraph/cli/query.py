"""`mulegraph query`."""

from __future__ import annotations

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
from mulegraph.cli.options import HERE, OutputFormat, Reveal, WorkspaceFolder, err, opened, pairs, show
from mulegraph.errors import UsageError
from mulegraph.views.formats import Format

commands = typer.Typer()


@commands.command("query")
def query_command(
    name: Annotated[str | None, typer.Argument(help="Which question: a file in cypher/.")] = None,
    workspace: WorkspaceFolder = HERE,
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="name=value; may be repeated.")] = None,
    known: Annotated[bool, typer.Option("--list", help="List the questions and what each asks for.")] = False,
    top: Annotated[int | None, typer.Option("--top", min=1, help="At most so many rows.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.001, help="Time-out.")] = None,
    url: GraphUrl = EMBEDDED,
    password_file: GraphPasswordFile = None,
    database: GraphDatabase = DATABASE,
    insecure: Insecure = False,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Ask the graph one of the questions in cypher/."""
    if known:
        rows = []
        for each in stages.queries.catalogue().values():
            rows.append({"name": each.name, "asks": each.title, "parameters": [str(part) for part in each.parameters]})
        show(rows, how, {"name": "name", "asks": "asks", "parameters": "parameters"})
        return
    if name is None:
        raise UsageError("which query?", hint="Give a name; see: mulegraph query --list")
    space = opened(workspace, reveal, server=server_of(url, password_file, database, insecure))
    answer = space.query(name, pairs(param or [], "--param"), row_cap=top, timeout_seconds=seconds)
    rows = answer.rows if how is Format.TABLE else [stages.tables.plain(row) for row in answer.rows]
    show(rows, how, {column: column for column in answer.columns})
    if answer.capped:
        err.print(f"note: more than {len(rows)} rows; the rest is left out")
