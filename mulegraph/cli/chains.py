"""`mulegraph chains`."""

from __future__ import annotations

from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import (
    HERE,
    Account,
    OutputFormat,
    Reveal,
    Since,
    Top,
    Until,
    WorkspaceFolder,
    opened,
    show,
)
from mulegraph.schema import listings
from mulegraph.views.formats import Format

commands = typer.Typer()


@commands.command("chains")
def chains_command(
    workspace: WorkspaceFolder = HERE,
    account: Account = None,
    min_surprise: Annotated[
        float | None,
        typer.Option(help="Least surprise in nats (default: where 5 % are expected to be false)."),
    ] = None,
    top: Top = None,
    since: Since = None,
    until: Until = None,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Layered pass-through chains, the most surprising first."""
    found = opened(workspace, reveal).chains(
        account=account, min_surprise=min_surprise, top=top, since=since, until=until
    )
    rows = found.to_dict("records") if how is Format.TABLE else stages.tables.rows_of(found)
    show(rows, how, listings.CHAINS, empty="No chain reaches the minimum surprise. Lower it with --min-surprise.")
