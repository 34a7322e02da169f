"""A scan in progress on disk: what its finished steps gave, so that a killed one goes on, and who is scanning."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from mulegraph.errors import EngineError
from mulegraph.files import sync_folder, write_atomically
from mulegraph.journal.journal import user
from mulegraph.lazy import filelock

FOLDER = ".unfinished"
LOCK, HOLDER = "running.lock", "running"
MADE_OF = "made_of"
SECONDS = "seconds"


@dataclass(frozen=True)
class Kept:
    """What a finished step gave, and how long it took."""

    tables: dict[str, pa.Table]
    seconds: float


class UnfinishedScan:
    """Tables of the finished steps of one scan, one folder a step, each renamed into place when it is whole.

    They count only for a scan of the same ledger under the same settings, signs, code and engines: `made_of` says
    which. Arrow files, since these give back the very chunks that were written, and so the run's Parquet the same
    bytes as if nothing had happened in between.
    """

    def __init__(self, runs: Path, made_of: Mapping[str, Any]) -> None:
        self.folder = runs / FOLDER
        digest = hashlib.sha256(json.dumps(made_of, sort_keys=True, default=str).encode()).hexdigest()
        with _told(self.folder):
            if _content(self.folder / MADE_OF) != digest:
                shutil.rmtree(self.folder, ignore_errors=True)
                self.folder.mkdir(parents=True)
                write_atomically(self.folder / MADE_OF, digest)
            for left in self.folder.glob(".*"):
                shutil.rmtree(left, ignore_errors=True)

    def read(self, step: str) -> Kept | None:
        """What a step gave before; None where it did not finish, or where its files cannot be read."""
        folder = self.folder / step
        try:
            seconds = float((folder / SECONDS).read_text(encoding="ascii"))
            tables = {path.stem: _read(path) for path in sorted(folder.glob("*.arrow"))}
        except (OSError, ValueError, pa.ArrowException):
            shutil.rmtree(folder, ignore_errors=True)
            return None
        return Kept(tables, seconds)

    def write(self, step: str, kept: Kept) -> None:
        """Keep what a step gave. Raises EngineError where the disk does not take it."""
        new, place = self.folder / f".{step}.new", self.folder / step
        with _told(new):
            new.mkdir()
            for name, table in kept.tables.items():
                _write(new / f"{name}.arrow", table)
            (new / SECONDS).write_text(str(kept.seconds), encoding="ascii")
            # After a power cut a renamed folder must not hold files that were never written.
            sync_folder(new / SECONDS)
            sync_folder(new)
            os.replace(new, place)

    def forget(self) -> None:
        """The run is written: nothing of its steps is needed any more."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def only_one(runs: Path, doing: str) -> Iterator[None]:
    """Hold the right to write in this folder. Raises EngineError that says who is `doing` so, and since when."""
    with _told(runs):
        runs.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(runs / LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise EngineError(
            "{folder}: {holder} is {doing} this workspace",
            hint="Wait until it has ended; one that was killed holds nothing, and the next goes on from where it was.",
            folder=runs.parent,
            holder=_content(runs / HOLDER) or "another process",
            doing=doing,
        ) from error
    except OSError as error:
        raise _not_written(runs, error) from error
    try:
        # Beside the lock and not inside: who only tries to take a lock empties its file.
        now = datetime.now(UTC).isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")
        with _told(runs):
            write_atomically(
                runs / HOLDER, f"process {os.getpid()} of {user()} on {platform.node()}, since {now},", sync=False
            )
        yield
    finally:
        lock.release()


def _content(path: Path) -> str:
    """What stands in a small file; nothing where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _read(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as stream, pa.ipc.open_file(stream) as reader:
        return reader.read_all()


def _write(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    sync_folder(path)


@contextmanager
def _told(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _not_written(place, error) from error


def _not_written(place: Path, error: OSError) -> EngineError:
    return EngineError(
        "{place}: the run cannot be written ({why})",
        hint="Check free disk space.",
        place=place,
        why=error.strerror or error,
    )
