"""`mulegraph report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mulegraph.cli.options import HERE, Reveal, WorkspaceFolder, opened
from mulegraph.watch.pictures import write_report

commands = typer.Typer()


@commands.command("report")
def report_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the report and its pictures.")],
    workspace: WorkspaceFolder = HERE,
    reveal: Reveal = None,
) -> None:
    """Write the latest run as pages that open with no network."""
    typer.echo(write_report(opened(workspace, reveal), output)[0])
