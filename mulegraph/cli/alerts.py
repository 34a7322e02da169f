"""`mulegraph alerts`."""

from __future__ import annotations

from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, OutputFormat, Reveal, Top, WorkspaceFolder, opened, show
from mulegraph.schema import listings
from mulegraph.views.formats import Format

commands = typer.Typer()


@commands.command("alerts")
def alerts_command(
    workspace: WorkspaceFolder = HERE,
    every: Annotated[bool, typer.Option("--all", help="Also those of earlier nights.")] = False,
    top: Top = None,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Accounts alerted by the latest scan, so that few of all nights' alerts are false ([alerts] false_share)."""
    found = opened(workspace, reveal).alerts(every=every, top=top)
    rows = found.to_dict("records") if how is Format.TABLE else stages.tables.rows_of(found)
    show(rows, how, listings.ALERTS, empty="No account is alerted. Cases are listed all the same: mulegraph case list")
