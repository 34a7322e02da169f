"""How a scan tells a scheduler what it does: a log in text or JSON on standard error, with a line on its health."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import err, shown_error
from mulegraph.errors import MulegraphError, UsageError
from mulegraph.lazy import structlog

if TYPE_CHECKING:
    from mulegraph.workspace.facts import ScanFacts

MEMORY = re.compile(r"[1-9]\d*(\.\d+)?\s?(MB|GB|TB|MiB|GiB|TiB)")


class LogFormat(StrEnum):
    """How a job's log is written."""

    TEXT = "text"
    JSON = "json"


class JobLog:
    """Events of a job. In text only what people need is written, since a terminal shows steps as they run."""

    def __init__(self, how: LogFormat) -> None:
        self._json = None
        if how is LogFormat.JSON:
            self._json = structlog.wrap_logger(
                structlog.PrintLogger(sys.stderr),
                processors=[
                    structlog.processors.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                    structlog.processors.JSONRenderer(),
                ],
            )

    @property
    def is_json(self) -> bool:
        """Whether each line is an object."""
        return self._json is not None

    def step(self, name: str) -> None:
        """A step begins."""
        if self._json is not None:
            self._json.info("step", step=name)

    def remark(self, event: str, text: str, facts: Mapping[str, Any]) -> None:
        """Something that whoever reads the findings must know first."""
        if self._json is not None:
            self._json.warning(event, **facts)
        else:
            err.print(f"{event}: {text}", soft_wrap=True)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """An error is a line of the log like any other, and the exit code stays its own."""
        try:
            yield
        except MulegraphError as error:
            if self._json is None:
                raise
            shown = shown_error(error)
            self._json.error("failed", problem=shown.problem, hint=shown.hint, exit_code=error.exit_code)
            raise typer.Exit(error.exit_code) from error

    def health(self, **facts: Any) -> None:
        """The last line: how it went, in numbers."""
        if self._json is not None:
            self._json.info("health", **facts)
        else:
            told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items())
            err.print(f"health: {told}", soft_wrap=True)


def check_memory(text: str) -> None:
    """Raise UsageError for what is no amount of memory."""
    if not MEMORY.fullmatch(text):
        raise UsageError("--max-memory is '{text}'", hint="Expected an amount such as 8GB or 500MB.", text=text)


@contextmanager
def scan_events(path: Path | None, workspace: Path) -> Iterator[Callable[[ScanFacts], None]]:
    """OpenLineage events around a scan; gives what is to be told when it has ended well."""
    if path is None:
        yield lambda _: None
        return
    lineage = stages.lineage.Lineage(path, workspace)
    try:
        yield lineage.complete
    except BaseException:
        lineage.fail()
        raise
