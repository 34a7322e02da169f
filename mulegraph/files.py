"""Files written whole or not at all: a reader, or a power cut, finds the old content or the new, never half."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

from mulegraph.errors import UsageError


def write_atomically(path: Path, content: str | bytes, *, sync: bool = True) -> Path:
    """Replace a file in one rename; text is written as UTF-8.

    With `sync` it is on the disk before the rename, and the rename before this returns. Raises OSError.
    """
    data = content.encode() if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with beside.open("wb") as stream:
        stream.write(data)
        stream.flush()
        if sync:
            os.fsync(stream.fileno())
    beside.replace(path)
    if sync:
        sync_folder(path.parent)
    return path


def output_folder(path: Path, *, hint: str = "Name another folder with -o.") -> Path:
    """A folder that somebody named, made before the work for it begins. Raises UsageError where it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_be_written(path, error, hint) from error
    return path


def write_output(path: Path, content: str | bytes, *, hint: str = "Name another file with -o.") -> Path:
    """Write a file that somebody named, and the folders above it. Raises UsageError where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_atomically(path, content, sync=False)
    except OSError as error:
        raise _cannot_be_written(path, error, hint) from error


def _cannot_be_written(path: Path, error: OSError, hint: str) -> UsageError:
    return UsageError("{path}: cannot be written ({why})", hint=hint, path=path, why=error.strerror)


def sync_folder(path: Path) -> None:
    """Put a folder's entries, or a file's content, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@cache
def code_hash() -> str:
    """Hash of the package's own source, so that a manifest says which code ran, and workers that theirs is the same."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
