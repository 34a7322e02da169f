"""Options that several commands share, and how output and progress are written."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mulegraph.cli import stages
from mulegraph.errors import MulegraphError, UsageError
from mulegraph.schema.choices import LANGUAGES
from mulegraph.views.formats import WIDTH, Format

if TYPE_CHECKING:
    from mulegraph.graph.neo4j.address import Address
    from mulegraph.privacy.door import MaskedWorkspace

WorkspaceFolder = Annotated[
    Path, typer.Option("--workspace", "-w", envvar="MULEGRAPH_WORKSPACE", help="Folder with ledger and runs.")
]
OutputFormat = Annotated[Format, typer.Option("--format", "-f", help="table for people, json and csv for pipes.")]
Top = Annotated[int | None, typer.Option("--top", min=0, help="At most so many rows.")]
Every = Annotated[
    bool, typer.Option("--all", help="Also what ended before the days that the scan reports ([scan] window_days).")
]
Since = Annotated[
    str | None, typer.Option("--since", help="Only what ended at or after this time (ISO 8601; UTC without a zone).")
]
Until = Annotated[str | None, typer.Option("--until", help="Only what began before this time.")]
Account = Annotated[str | None, typer.Option("--account", "-a", help="Only what names this account.")]
PageLanguage = Annotated[
    str | None,
    typer.Option("--lang", help="Language: " + ", ".join(LANGUAGES) + " (default: the settings' [views] language)."),
]
Language = Annotated[str, typer.Option("--lang", help="Language of reasons: " + ", ".join(LANGUAGES) + ".")]
Reveal = Annotated[
    str | None,
    typer.Option("--reveal", metavar="REASON", help="Show accounts and people unmasked; the journal keeps why."),
]
HERE = Path("workspace")

err = Console(stderr=True, highlight=False, markup=False)


_open: list[MaskedWorkspace] = []
"""The workspaces of this command; the last one shows the values of errors that arise outside of it."""


def opened(folder: Path, reveal: str | None = None, *, server: Address | None = None) -> MaskedWorkspace:
    """The workspace, whose graph is the server's if one is given; notes go to stderr.

    What it gives is masked unless there is a reason to reveal it.
    """

    def notify(text: str) -> None:
        err.print(f"note: {text}", soft_wrap=True)

    _open.append(stages.door.MaskedWorkspace(folder, notify=notify, reveal=reveal, server=server))
    return _open[-1]


def amount_of(option: str, text: str | None) -> Decimal | None:
    """An amount of an option. Raises UsageError for what is none."""
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise UsageError("{option} is '{text}'", hint="Give an amount such as 50 or 0.01.", option=option, text=text)
    return amount


def forget_opened() -> None:
    """Begin a command: what an earlier one of this process opened shows none of its errors."""
    _open.clear()


def shown_error(error: MulegraphError) -> MulegraphError:
    """An error whose values are shown as the workspace of this command may show them."""
    return _open[-1].show_error(error) if _open else error


def is_revealed() -> bool:
    """Whether everything may be shown: what an engine says may quote any row."""
    return bool(_open) and _open[-1].is_revealed


def show(
    rows: Sequence[Mapping[str, Any]],
    how: Format,
    columns: Mapping[str, str],
    *,
    title: str = "",
    empty: str = "",
) -> None:
    """Write a listing to stdout; `empty` tells people what it means that there is nothing."""
    width = shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH
    typer.echo(stages.tables.written(rows, how, columns=columns, title=title, width=width))
    if not rows and empty and how is Format.TABLE:
        typer.echo(empty)


def pairs(values: list[str], option: str) -> dict[str, str]:
    """`k=v` options as a mapping. Raises UsageError for one without '='."""
    found = {}
    for value in values:
        name, equals, content = value.partition("=")
        if not equals or not name:
            hint = f"Expected {option} name=value."
            raise UsageError("{option} is '{value}'", hint=hint, option=option, value=value)
        found[name] = content
    return found


def moment(text: str | None, option: str) -> datetime | None:
    """An ISO time or date in UTC. Raises UsageError for anything else."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        hint = "Expected a time such as 2026-03-01T09:30, or a date."
        raise UsageError("{option} is '{text}'", hint=hint, option=option, text=text) from error
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


@contextmanager
def steps_bar() -> Iterator[Any]:
    """Gives a function that is told each step; shown on a terminal only, and gone when done."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    ) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda name: bar.update(task, description=name)


@contextmanager
def bytes_bar() -> Iterator[Any]:
    """Gives a function that is told file, bytes read and bytes in all; shown on a terminal only."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    ) as bar:
        tasks: dict[str, Any] = {}

        def told(name: str, read: int, size: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=size)
            bar.advance(tasks[name], read)

        yield told
