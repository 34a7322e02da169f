"""The `mulegraph` command: finds the command files of this folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

import typer

from mulegraph import cli
from mulegraph.cli.options import forget_opened

app = typer.Typer(
    name="mulegraph",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Finds mule networks: load a folder of bank files, scan it, and look at the cases.",
    epilog=(
        "Exit codes: 0 done, 1 findings above --fail-over, 2 bad use, 3 bad data, 4 engine or disk trouble."
        " --debug anywhere shows tracebacks."
    ),
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # a seventh of a start, which only this option needs

        typer.echo(version("mulegraph"))
        raise typer.Exit


@app.callback()
def _options(
    _shown: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""
    forget_opened()


for _module in sorted(each.name for each in pkgutil.iter_modules(cli.__path__, cli.__name__ + ".")):
    _commands = getattr(importlib.import_module(_module), "commands", None)
    if _commands is not None:
        app.add_typer(_commands)


@cache
def entry() -> Callable[..., Any]:
    """The commands as they are called; made of `app` once a process, which takes a twentieth of a second."""
    return typer.main.get_command(app)
