"""`mulegraph ledger`."""

from __future__ import annotations

from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, OutputFormat, Reveal, Top, WorkspaceFolder, moment, opened, show
from mulegraph.views.formats import Format

commands = typer.Typer()
ledger = typer.Typer(help="The ledger: rows as they were loaded, and the loads themselves.")
commands.add_typer(ledger, name="ledger")
LOAD_HEADS = {"load": "load", "at": "at (UTC)", "files": "files", "rows": "new rows", "known": "known"}
TOP = 20


@ledger.command("show")
def show_command(
    table: Annotated[str, typer.Argument(help="A table of the ledger, such as transfers, or account_versions.")],
    workspace: WorkspaceFolder = HERE,
    at: Annotated[str | None, typer.Option("--at", help="As it was said to be at this time (ISO, UTC).")] = None,
    top: Top = TOP,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Rows of a table as they were loaded, in the ledger's order; 20 of them, or --top."""
    space = opened(workspace, reveal)
    found = space.ledger_rows(table, at=moment(at, "--at"), top=top)
    show(stages.tables.rows_of(found), how, {name: name for name in found.columns}, empty=f"{table} holds no rows.")


@ledger.command("loads")
def loads_command(workspace: WorkspaceFolder = HERE, how: OutputFormat = Format.TABLE) -> None:
    """Loads that changed the ledger, the latest first."""
    show([vars(each) for each in opened(workspace).loads()], how, LOAD_HEADS, empty="Nothing was loaded here yet.")


@ledger.command("forget")
def forget_command(
    load: Annotated[str, typer.Argument(help="The load, as 'ledger loads' lists it.")],
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Take a load back: its rows leave the ledger, and records are as they were before it. The journal keeps it."""
    space = opened(workspace)
    gone = space.forget_load(load)
    for table, rows in gone.rows.items():
        typer.echo(f"{table}: {rows:,} rows taken out")
    for name in gone.load_again:
        typer.echo(f"{name}: some of its rows were known from that load; load it again")
    typer.echo("Next: mulegraph scan")
