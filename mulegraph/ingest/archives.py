"""What stands inside .zip and .gz files of a folder, unpacked beside it for the time of a load, within limits."""

from __future__ import annotations

import gzip
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

from mulegraph.errors import DataError

ARCHIVES = (".zip", ".gz")

LARGEST_BYTES = 20 << 30
"""Of all members of a folder's archives together, unpacked."""

LARGEST_RATIO = 200
"""Unpacked to packed, for what is larger than `RATIO_FROM`. XML packs 20 to 40 times; a bomb, a thousand times."""

RATIO_FROM = 64 << 20
_BLOCK = 1 << 20
_HINT = "Unpack it yourself and load what is in it, or leave it out."


@contextmanager
def unpacked(folder: Path) -> Iterator[list[Path]]:
    """The folder, and one for each archive in it with what the archive holds (`export.zip` → a folder `export.zip`).

    Raises DataError for an archive that is damaged, encrypted, empty or far larger unpacked than any statement.
    """
    archives = []
    if folder.is_dir():
        archives = sorted(path for path in folder.iterdir() if is_archive(path))
    if not archives:
        yield [folder]
        return
    with tempfile.TemporaryDirectory(prefix="mulegraph-") as scratch:
        left = LARGEST_BYTES
        folders = [folder]
        for path in archives:
            into = Path(scratch) / path.name
            into.mkdir()
            left -= _unpack(path, into, left)
            folders.append(into)
        yield folders


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def is_archive(path: Path) -> bool:
    """Whether the beginning says so as well as the name. Tables in .csv.gz are streamed as they are."""
    name = path.name.lower()
    if not path.is_file() or name.startswith(".") or not name.endswith(ARCHIVES) or name.endswith(".csv.gz"):
        return False
    with path.open("rb") as stream:
        return stream.read(2) in (b"PK", b"\x1f\x8b")


def _unpack(path: Path, into: Path, left: int) -> int:
    try:
        if path.name.lower().endswith(".gz"):
            with gzip.open(path) as stream:
                return _copy(stream, into / path.name[:-3], path, path.stat().st_size, left)
        return _unzip(path, into, left)
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path.name}: cannot be unpacked ({error})", hint=_HINT) from None


def _unzip(path: Path, into: Path, left: int) -> int:
    taken = 0
    with zipfile.ZipFile(path) as archive:
        members = [each for each in archive.infolist() if not each.is_dir() and not _is_hidden(each.filename)]
        if not members:
            raise DataError(f"{path.name}: holds no file", hint="Ask for the export again, or leave it out.")
        for member in members:
            # The name alone: a path inside the archive may lead out of the folder.
            target = into / PurePosixPath(member.filename.replace("\\", "/")).name
            if target.exists():
                raise DataError(f"{path.name}: holds two files named {target.name}", hint=_HINT)
            with archive.open(member) as stream:
                taken += _copy(stream, target, path, member.compress_size, left - taken)
    return taken


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in parts)


def _copy(stream: _Readable, target: Path, path: Path, packed: int, left: int) -> int:
    size = 0
    with target.open("wb") as out:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > left or (size > RATIO_FROM and size > packed * LARGEST_RATIO):
                raise DataError(
                    f"{path.name}: unpacks to more than {size >> 20:,} MB, which no bank's file does: refused",
                    hint=_HINT,
                )
            out.write(block)
    shutil.copystat(path, target)
    return size
