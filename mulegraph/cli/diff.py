"""`mulegraph diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, OutputFormat, Reveal, WorkspaceFolder, opened, show
from mulegraph.schema import listings
from mulegraph.views.formats import Format

commands = typer.Typer()


@commands.command("diff")
def diff_command(
    before: Annotated[str | None, typer.Argument(metavar="RUN", help="The earlier run.")] = None,
    now: Annotated[str | None, typer.Argument(metavar="RUN", help="The later run (default: the last two).")] = None,
    workspace: WorkspaceFolder = HERE,
    every: Annotated[bool, typer.Option("--all", help="Also unchanged cases.")] = False,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """How cases changed between two runs: new, grown, shrunk, merged, split, quiet."""
    rows = []
    for row in opened(workspace, reveal).difference(before, now):
        if every or row["change"] != stages.run_difference.SAME:
            rows.append(row)
    for row in rows if how is Format.TABLE else []:
        row["size"] = len(row["accounts"])
    show(rows, how, listings.CHANGES, empty="No case changed.")
