"""`mulegraph links`."""

from __future__ import annotations

from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, OutputFormat, Reveal, Since, Top, Until, WorkspaceFolder, opened, show
from mulegraph.errors import UsageError
from mulegraph.schema import listings
from mulegraph.schema.choices import LISTS
from mulegraph.views.formats import Format

commands = typer.Typer()


@commands.command("links")
def links_command(
    workspace: WorkspaceFolder = HERE,
    account: Annotated[str | None, typer.Option("--account", "-a", help="Paths of this account.")] = None,
    hops: Annotated[int | None, typer.Option(min=1, max=4, help="At most so many transfers.")] = None,
    on: Annotated[str | None, typer.Option(help="With --account: which list, " + ", ".join(LISTS) + ".")] = None,
    any_order: Annotated[bool, typer.Option("--any-order", help="Also paths that go back in time.")] = False,
    top: Top = None,
    since: Since = None,
    until: Until = None,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Links to flagged accounts: all paths of one account, or all accounts with more links than expected by chance."""
    space = opened(workspace, reveal)
    if on is not None and on not in LISTS:
        raise UsageError("--on is '{on}'", hint=f"Expected one of {', '.join(LISTS)}.", on=on)
    if account is None:
        if given := [name for name, value in (("--on", on), ("--hops", hops), ("--any-order", any_order)) if value]:
            hint = "Give --account, or leave {option} out."
            raise UsageError("{option} goes with --account", hint=hint, option=given[0])
        found, heads = (
            space.findings(sign=stages.near_flagged.near_flagged.code, top=top, since=since, until=until, every=True),
            listings.NEAR_FLAGGED,
        )
    else:
        found = space.links(
            account, hops=hops, on=on or "suspicion", time_respecting=not any_order, top=top, since=since, until=until
        )
        heads = listings.PATHS
    rows = found.to_dict("records") if how is Format.TABLE else stages.tables.rows_of(found)
    show(rows, how, heads, empty="No path. Try more --hops, or --any-order.")
