"""OpenLineage events of a scan: which tables it read and which run it wrote, one JSON object a line."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mulegraph.errors import UsageError
from mulegraph.lazy import openlineage

if TYPE_CHECKING:
    from mulegraph.workspace.facts import ScanFacts

NAMESPACE = "mulegraph"
JOB = "scan"


class Lineage:
    """Events of one scan, appended to a file as they come. Raises UsageError where library or file are missing."""

    def __init__(self, path: Path, workspace: Path) -> None:
        self._path, self._name = path, str(workspace.absolute())
        self._run = str(uuid.uuid4())
        try:
            self._event, self._serde = openlineage.event_v2, openlineage.serde.Serde
        except ImportError as error:
            raise UsageError(
                "--lineage: openlineage-python is not installed", hint="Run: pip install 'mulegraph[lineage]'"
            ) from error
        self._emit("START")

    def complete(self, result: ScanFacts) -> None:
        """The scan ended well: what it read and what it wrote."""
        manifest = result.run.manifest
        space = f"file://{self._name}"
        read = [self._event.InputDataset(space, f"ledger/{name}") for name in manifest["ledger"]["rows"]]
        self._emit("COMPLETE", read, [self._event.OutputDataset(space, f"runs/{result.run.name}")])

    def fail(self) -> None:
        """The scan ended with an error, which its log tells."""
        self._emit("FAIL")

    def _emit(self, state: str, read: list[Any] | None = None, written: list[Any] | None = None) -> None:
        event = self._event.RunEvent(
            eventTime=datetime.now(UTC).isoformat(timespec="milliseconds"),
            producer=f"https://pypi.org/project/mulegraph/{version('mulegraph')}",
            run=self._event.Run(self._run),
            job=self._event.Job(NAMESPACE, JOB),
            eventType=self._event.RunState[state],
            inputs=read or [],
            outputs=written or [],
        )
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(self._serde.to_json(event) + "\n")
        except OSError as error:
            raise UsageError(
                "{path}: cannot be written ({why})",
                hint="Name another --lineage file.",
                path=self._path,
                why=error.strerror,
            ) from error
