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
from mulegraph.views.formats import Format

commands = typer.Typer()
HEADS = {
    "surprise": "nats",
    "expected_false_share": "false",
    "amount_in": "in",
    "amount_out": "out",
    "first_at": "from (UTC)",
    "last_at": "to",
    "accounts": "accounts",
}


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
    show(rows, how, HEADS, empty="No chain is so surprising; lower it with --min-surprise.")
