"""`mulegraph watch`."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, Reveal, WorkspaceFolder, err, opened, steps_bar
from mulegraph.errors import EngineError, UsageError
from mulegraph.lazy import watchfiles
from mulegraph.views.formats import Format

if TYPE_CHECKING:
    from mulegraph.privacy.door import MaskedWorkspace
    from mulegraph.watch.told import Line
    from mulegraph.watch.watch import Watch

commands = typer.Typer()
WAKE_MILLISECONDS = 1_000
"""A file that is not renamed in is taken when it has stood still so long, of which no event tells."""


@commands.command("watch")
def watch_command(
    folder: Annotated[Path, typer.Argument(help="Folder into which files are renamed as they come.")],
    workspace: WorkspaceFolder = HERE,
    output: Annotated[
        Path | None, typer.Option(help="Append what is new to this file, as JSON lines; else to watch/told.jsonl.")
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="TOML file that maps foreign names (docs/mapping.md).")] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone of times that name none, such as Europe/Berlin.")] = None,
    max_rejects: Annotated[
        str | None, typer.Option(help="Refuse a file with more bad rows than this: 250, 5% or 0.05.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Take what is there, tell what is new, and end.")] = False,
    reveal: Reveal = None,
    how: Annotated[
        Format, typer.Option("--format", "-f", help="table for people, json for a line of JSON each.")
    ] = Format.TABLE,
) -> None:
    """Load files as they come, and tell what is new within the minute: findings, chains, where money is now."""
    space = opened(workspace, reveal)
    chosen = stages.mapping.read_mapping(mapping, zone=zone)
    limit = stages.rejects.Limit.parse(max_rejects) if max_rejects is not None else None
    inbox = stages.inbox.Inbox(folder)
    with stages.unfinished.only_one(workspace / stages.look.FOLDER, "watching"), _until_signal() as stop:
        tellings = stages.told.Tellings(workspace / stages.look.FOLDER, output)
        watch = stages.watch.Watch(space, inbox, tellings, stages.watch.Reading(chosen, limit))
        if once:
            _tell(space, how, watch.batch)
            # What a watch that looked quickly had not made good when it was killed.
            _tell(space, how, partial(watch.catch_up, rest=True))
            return
        err.print(f"watching {folder}; what is new goes to {tellings.output}", soft_wrap=True)
        _go_on(space, watch, how, folder, stop)
    err.print("stopped; the next watch goes on from here")


def _go_on(space: MaskedWorkspace, watch: Watch, how: Format, folder: Path, stop: threading.Event) -> None:
    """A batch whenever something stirs, and every second; a lock or a disk that is in the way is tried again."""
    trouble = ""
    wakes = watchfiles.watch(
        folder,
        recursive=False,
        watch_filter=None,
        stop_event=stop,
        rust_timeout=WAKE_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    for _ in _first_at_once(wakes):
        if stop.is_set():
            break
        try:
            _tell(space, how, watch.batch)
            with _as_trouble(space):
                _tell(space, how, watch.catch_up)
            trouble = ""
        except EngineError as error:
            if str(error) != trouble:
                err.print(f"note: {space.show_error(error).problem}; trying again", soft_wrap=True)
            trouble = str(error)
    try:
        _tell(space, how, partial(watch.catch_up, rest=True))
    except EngineError as error:
        note = "the next watch looks at the whole ledger first"
        err.print(f"note: {space.show_error(error).problem}; {note}", soft_wrap=True)


@contextmanager
def _as_trouble(space: MaskedWorkspace) -> Iterator[None]:
    """Settings that somebody has half written end no watch while no file comes: that is tried again, too."""
    try:
        yield
    except UsageError as error:
        shown = space.show_error(error)
        raise EngineError(shown.problem, hint=shown.hint) from error


def _first_at_once(wakes: Iterator[object]) -> Iterator[object]:
    """What came before the watch began needs no event."""
    yield None
    yield from wakes


def _tell(space: MaskedWorkspace, how: Format, new: Callable[[Callable[[str], None]], list[Line]]) -> None:
    start = time.perf_counter()
    with steps_bar() as progress:
        lines = new(progress)
    for line in lines:
        if how is Format.JSON:
            typer.echo(json.dumps(line, ensure_ascii=False))
        elif text := stages.told_lines.sentence(line, space.min_score):
            typer.echo(text)
    if lines:
        err.print(f"{len(lines):,} lines in {time.perf_counter() - start:.1f} s")


@contextmanager
def _until_signal() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set: a batch that has begun is ended, and then the watch."""
    stop = threading.Event()
    names = (signal.SIGINT, signal.SIGTERM)
    before = {name: signal.signal(name, lambda *_: stop.set()) for name in names}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
