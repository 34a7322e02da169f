"""`mulegraph devices`."""

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
    err,
    opened,
    show,
)
from mulegraph.schema import listings
from mulegraph.views.formats import Format

commands = typer.Typer()


@commands.command("devices")
def devices_command(
    workspace: WorkspaceFolder = HERE,
    account: Account = None,
    hubs: Annotated[bool, typer.Option("--hubs", help="List the hub devices that were set aside.")] = False,
    top: Top = None,
    since: Since = None,
    until: Until = None,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Accounts of different holders joined by shared devices, most holders first."""
    space = opened(workspace, reveal)
    set_aside = space.hub_devices()
    if hubs:
        show(stages.tables.rows_of(set_aside.head(top) if top is not None else set_aside), how, listings.HUBS)
        return
    found = space.devices(account=account, top=top, since=since, until=until)
    show(stages.tables.rows_of(found), how, listings.DEVICE_CLUSTERS)
    if len(set_aside):
        limit = space.run.manifest["settings"]["devices"]["hub_holders"]
        note = f"Set aside as hubs, with more than {limit} holders: {len(set_aside)} devices; see --hubs"
        (typer.echo if how is Format.TABLE else err.print)(note)
