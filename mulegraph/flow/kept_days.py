"""A cache of transfers as integers, one file a day, so that a night reads only the days that are new or changed.

A day's file is named by the hash of the day's part of the ledger, in a folder that is named by the hash of the
accounts, since these say which number an account has. Where accounts have come, days are numbered anew from the numbers
that they had, which is much cheaper than to look ids up. Nothing is lost with the cache; what is damaged is read from
the ledger.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
import zlib
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.numbers import places_of
from mulegraph.ledger.store import LedgerFile

FOLDER = "cache"
ACCOUNTS = "accounts"
FORMAT = "1"
"""Of the files; part of every name, so that another version's are not read."""
CHECK, UNKNOWN = b"check", b"unknown"
MIN_TRANSFERS = 100_000
"""Smaller ledgers are read in a blink."""


class Day(NamedTuple):
    """A day's transfers in the ledger's order: numbers of the accounts that they name (−1: none), amount and time.

    A virtual account has its own number here; on which one it settles is not the day's to say.
    """

    source: np.ndarray
    target: np.ndarray
    amount: np.ndarray
    at: np.ndarray


class KeptDays:
    """The cache of one ledger's days."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._cache = ledger.folder.parent / FOLDER
        accounts = " ".join(file.sha256 for file in ledger.snapshot.of("accounts"))
        self._folder = self._cache / _name(f"accounts {accounts}")
        self._has_written = False

    def read(self, file: LedgerFile) -> Day | None:
        """A day as it was kept, under these accounts or those of before; None where it was not, or is damaged."""
        name = _name(file.sha256)
        kept = _read(self._folder / name)
        if kept is not None:
            return kept[0]
        for folder, numbers in self._numbered_before.items():
            day, unknown = _read(folder / name) or (None, 0)
            # An id that no account had may be one's now, and an account may be gone: then ids are looked up.
            if day is None or unknown or _are_gone(day.source, numbers) or _are_gone(day.target, numbers):
                continue
            found = day._replace(source=numbers[day.source], target=numbers[day.target])
            self.write(file, found, unknown=0)
            return found
        return None

    def write(self, file: LedgerFile, day: Day, *, unknown: int) -> None:
        """Keep a day; `unknown` is how many ids in it are no account's. A disk that does not take it is no error."""
        columns = [pa.array(each) for each in day]
        check = {CHECK: str(_check(day)).encode(), UNKNOWN: str(unknown).encode()}
        table = pa.table(columns, schema=_SCHEMA.with_metadata(check))
        self._has_written = True
        with suppress(OSError):
            if not (self._folder / ACCOUNTS).exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                _write(self._folder / ACCOUNTS, pa.table({"account_id": self._ledger.account_ids}))
            _write(self._folder / _name(file.sha256), table)

    def sweep(self) -> None:
        """Where something was kept anew, remove what is of other accounts, and days that the ledger no longer has so.

        A watch changes the last day with each batch: left, its files would fill the disk within a day.
        """
        if not self._has_written:
            return
        names = {ACCOUNTS, *(_name(file.sha256) for file in self._ledger.snapshot.of("transfers"))}
        with suppress(OSError):
            for folder in self._cache.iterdir():
                if folder != self._folder:
                    shutil.rmtree(folder, ignore_errors=True)
            for path in self._folder.iterdir():
                if path.name not in names:
                    path.unlink(missing_ok=True)

    @cached_property
    def _numbered_before(self) -> dict[Path, np.ndarray]:
        """By folder of other accounts, the number that each account has now; −1 for one that is gone, and for none."""
        found = {}
        with suppress(OSError):
            for folder in sorted(self._cache.iterdir()):
                with suppress(OSError, pa.ArrowException):
                    if folder != self._folder:
                        ids = _table(folder / ACCOUNTS)["account_id"]
                        # Number −1 stands for none: it is the last one here.
                        found[folder] = np.append(places_of(ids, self._ledger.account_ids), -1).astype(np.int32)
        return found


def forget(workspace: Path) -> None:
    """Delete the cache: the next scan reads everything from the ledger, and keeps it anew."""
    shutil.rmtree(workspace / FOLDER, ignore_errors=True)


_SCHEMA = pa.schema([("source", pa.int32()), ("target", pa.int32()), ("amount", pa.int64()), ("at", pa.int64())])


def _name(made_of: str) -> str:
    return hashlib.sha256(f"{FORMAT} {made_of}".encode()).hexdigest()[:32]


def _are_gone(before: np.ndarray, numbers: np.ndarray) -> bool:
    """Whether an account that had a number before has none now."""
    return bool(((numbers[before] < 0) & (before >= 0)).any())


def _check(day: Day) -> int:
    """A checksum: a disk that gives back other numbers would change findings in silence."""
    found = 0
    for column in day:
        found = zlib.crc32(np.ascontiguousarray(column).data, found)
    return found


def _read(path: Path) -> tuple[Day, int] | None:
    """A day, and how many ids in it are no account's."""
    try:
        table = _table(path)
        day = Day(*(table[name].to_numpy() for name in _SCHEMA.names))
        told = table.schema.metadata
        return (day, int(told[UNKNOWN])) if int(told[CHECK]) == _check(day) else None
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException):
        return None


def _table(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as stream, pa.ipc.open_file(stream) as reader:
        return reader.read_all()


def _write(path: Path, table: pa.Table) -> None:
    """Whole or not at all: it is renamed into place."""
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    with pa.OSFile(str(new), "wb") as stream, pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    os.replace(new, path)
