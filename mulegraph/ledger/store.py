"""The ledger on disk: immutable Parquet files, and one small file that says which of them are the ledger.

A load writes new files beside the old ones and then replaces `CURRENT` in one rename. Killed before the
rename it leaves the old ledger, killed after it the new one; what nothing names is swept by the next load.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from mulegraph.errors import EngineError, UsageError
from mulegraph.files import sync_folder, write_atomically
from mulegraph.lazy import filelock
from mulegraph.schema.tables import TABLES
from mulegraph.schema.versions import ALL_TABLES

LOCK_SECONDS = 5


@dataclass(frozen=True)
class LedgerFile:
    """One Parquet file of the ledger. `day` is empty for every table but transfers."""

    table: str
    path: str
    rows: int
    sha256: str
    day: str = ""


@dataclass(frozen=True)
class LoadRecord:
    """One load that changed the ledger: when, from which files, and how many rows were new and how many known."""

    at: str
    files: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    known: int = 0


@dataclass(frozen=True)
class Snapshot:
    """What the ledger consists of: its files, and the content of the source files already loaded."""

    number: int = 0
    files: tuple[LedgerFile, ...] = ()
    loaded: dict[str, str] = field(default_factory=dict)
    """sha256 of a source file and how it was read → its name."""
    refused: dict[str, int] = field(default_factory=dict)
    """Table and source file → rows refused when it was last read; files without any are left out."""
    loads: dict[str, LoadRecord] = field(default_factory=dict)
    """Loads that changed the ledger, by id, the oldest first."""
    zone: str = ""
    """The time zone that days and nights are in; '' where none was said."""
    zones: dict[str, str] = field(default_factory=dict)
    """The zones of banks that have another one, by bank."""

    @property
    def rejected(self) -> int:
        """Rows that the loads so far refused, each file's as it was last read."""
        return sum(self.refused.values())

    def of(self, table: str) -> list[LedgerFile]:
        """A table's files; those of transfers in order of their day."""
        return sorted((file for file in self.files if file.table == table), key=lambda file: file.day)

    @property
    def hash(self) -> str:
        """Names the content: the same tables and rows give the same hash, however they were loaded."""
        # What was before is history: it changes no answer about the ledger as it is.
        lines = sorted(f"{file.table} {file.day} {file.sha256}" for file in self.files if file.table in TABLES)
        lines += [f"zone {bank} {zone}" for bank, zone in (("", self.zone), *sorted(self.zones.items())) if zone]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Store:
    """The folder that holds the ledger of one workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._current = folder / "CURRENT"

    def current(self) -> Snapshot:
        """The snapshot in force; an empty one where nothing was loaded yet."""
        try:
            raw = json.loads(self._current.read_text(encoding="utf-8"))
            files = tuple(LedgerFile(**file) for file in raw["files"])
            loads = {}
            for name, record in raw.get("loads", {}).items():
                read = LoadRecord(**record)
                loads[name] = replace(read, files=tuple(read.files), marks=tuple(read.marks))
            return Snapshot(
                int(raw["number"]),
                files,
                dict(raw["loaded"]),
                dict(raw.get("refused", {})),
                loads,
                str(raw.get("zone", "")),
                dict(raw.get("zones", {})),
            )
        except FileNotFoundError:
            return Snapshot()
        except (OSError, ValueError, TypeError, LookupError) as error:
            raise EngineError(
                f"{self._current}: cannot be read ({error})", hint="Restore the workspace from its backup."
            ) from error

    def of_this_version(self) -> Snapshot:
        """The snapshot in force. Raises UsageError where an earlier version wrote it: its tables lack columns."""
        snapshot = self.current()
        for name, table in ALL_TABLES.items():
            for file in snapshot.of(name)[:1]:
                if not set(table.column_names) <= set(pq.read_schema(self.data / file.path).names):
                    raise UsageError(
                        f"{self.folder.parent}: was loaded by an earlier version of mulegraph",
                        hint="Load the files again, into a new workspace.",
                    )
        return snapshot

    def keys_of(self, load: str) -> Path:
        """The folder with the keys of the rows that a load added, TABLE.STEP.parquet."""
        return self.folder / "loads" / load

    @property
    def scratch(self) -> Path:
        """Where a load may put what does not fit in memory; gone after the next one."""
        return self.data / "scratch"

    @contextmanager
    def writing(self) -> Iterator[Snapshot]:
        """Hold the ledger's write lock; sweeps what a killed load left. Readers need no lock."""
        try:
            self.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"{self.folder}: cannot be created ({error.strerror})", hint="Choose another --workspace."
            ) from error
        lock = filelock.FileLock(self.folder / "lock", timeout=LOCK_SECONDS)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise EngineError(
                f"{self.folder}: another load is running", hint="Wait until it has finished, and try again."
            ) from error
        except OSError as error:
            raise UsageError(
                f"{self.folder}: is not writable ({error.strerror})", hint="Choose another --workspace."
            ) from error
        try:
            snapshot = self.of_this_version()
            self._sweep(snapshot)
            yield snapshot
        except OSError as error:
            raise EngineError(
                f"{error.filename or self.folder}: {error.strerror or error}",
                hint="Check whether the disk is full or read-only. The ledger is unchanged.",
            ) from error
        finally:
            lock.release()

    def commit(self, snapshot: Snapshot, before: Snapshot) -> None:
        """Make `snapshot` the ledger: its files are on disk before the rename that names them."""
        new = {self.data / file.path for file in snapshot.files} - {self.data / f.path for f in before.files}
        for folder in {parent for path in new for parent in path.relative_to(self.folder).parents}:
            sync_folder(self.folder / folder)
        write_atomically(self._current, json.dumps(_plain(snapshot), indent=1))

    def _sweep(self, snapshot: Snapshot) -> None:
        """Delete files that the ledger does not name, but for those of running readers (last snapshot)."""
        keep = {file.path for file in snapshot.files}
        previous = self.folder / "PREVIOUS"
        # An unreadable list of the last snapshot's files only means that their readers must start again.
        with suppress(FileNotFoundError, ValueError, TypeError):
            keep |= set(json.loads(previous.read_text(encoding="utf-8")))
        for path in sorted(self.data.rglob("*"), reverse=True):
            if path.is_dir():
                with suppress(OSError):  # it still holds files
                    path.rmdir()
            elif path.relative_to(self.data).as_posix() not in keep:
                path.unlink()
        for folder in (self.folder / "loads").glob("*"):
            if folder.name not in snapshot.loads:
                shutil.rmtree(folder)
        for unfinished in self.folder.glob(".*.tmp"):
            unfinished.unlink()
        write_atomically(previous, json.dumps(sorted(file.path for file in snapshot.files)))

    def describe(self, path: Path, table: str, rows: int, day: str = "") -> LedgerFile:
        """The record of a file just written, which is synced to disk here."""
        sync_folder(path)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return LedgerFile(table, path.relative_to(self.data).as_posix(), rows, digest, day)


def _plain(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "number": snapshot.number,
        "files": [asdict(file) for file in snapshot.files],
        "loaded": snapshot.loaded,
        "refused": snapshot.refused,
        "loads": {name: asdict(record) for name, record in snapshot.loads.items()},
        "zone": snapshot.zone,
        "zones": snapshot.zones,
    }
