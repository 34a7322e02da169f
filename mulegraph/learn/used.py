"""The model that a workspace uses: a file, and an entry of the journal that holds its hash."""

from __future__ import annotations

from pathlib import Path

from mulegraph.errors import DataError, EngineError, UsageError
from mulegraph.files import write_atomically
from mulegraph.journal.journal import Journal
from mulegraph.learn.model import Model

FILE = "model.json"
USED, FORGOTTEN = "model used", "model forgotten"


def used_hash(workspace: Path) -> str | None:
    """The hash of the model in use, by the journal; None where none is."""
    last = [entry for entry in Journal(workspace).entries() if entry.what in (USED, FORGOTTEN)][-1:]
    return str(last[0].facts["model"]) if last and last[0].what == USED else None


def used_model(workspace: Path) -> Model | None:
    """The model in use. Raises DataError where its file is missing, or is not the one that was put to use."""
    known = used_hash(workspace)
    if known is None:
        return None
    try:
        model = Model.parse((workspace / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, KeyError):
        model = None
    if model is None or model.hash != known:
        raise DataError(
            f"{workspace / FILE}: is not the model that was put to use",
            hint="Restore the file, or run: mulegraph learn --forget",
        )
    return model


def use(workspace: Path, model: Model) -> None:
    """Write a model, and put on record that scans use it from now on. Raises EngineError where the disk fails."""
    try:
        write_atomically(workspace / FILE, model.text)
    except OSError as error:
        raise EngineError(f"{workspace / FILE}: cannot be written ({error})", hint="Check free disk space.") from error
    Journal(workspace).append(USED, model=model.hash, guilty=model.guilty, innocent=model.innocent)


def forget(workspace: Path) -> str:
    """Scans use no model from now on; gives the hash of the last. Raises UsageError where there is none."""
    known = used_hash(workspace)
    if known is None:
        raise UsageError("no model is in use", hint="See: mulegraph learn")
    Journal(workspace).append(FORGOTTEN, model=known)
    (workspace / FILE).unlink(missing_ok=True)
    return known
