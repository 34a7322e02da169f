"""`mulegraph browse`: the cases in a terminal, by keyboard. Needs Textual, which only this command imports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mulegraph.cli.options import HERE, Reveal, WorkspaceFolder, opened, steps_bar
from mulegraph.errors import UsageError

commands = typer.Typer()


@commands.command("browse")
def browse_command(
    workspace: WorkspaceFolder = HERE,
    pages: Annotated[
        Path | None, typer.Option("--pages", help="Folder for pages that are opened (default: a temporary one).")
    ] = None,
    reveal: Reveal = None,
) -> None:
    """Look through cases, signs and transfers in the terminal, and act on cases, by keyboard; ? shows the keys."""
    try:
        from mulegraph.cli.browse.app import Browser
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "textual":
            raise
        raise UsageError(
            "this needs Textual, which is not installed", hint="Run: pip install 'mulegraph[browse]'"
        ) from error
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("this needs a terminal", hint="In a pipe use mulegraph case list --format json.")
    space = opened(workspace, reveal)
    with steps_bar() as step:
        step("reading the latest run")
        space.cases(top=1, every=True)
    Browser(space, pages=pages).run()
