"""Files for people, written whole or not at all, with a clear error where that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

from mulegraph.errors import UsageError


def written(path: Path, content: str | bytes) -> Path:
    """Write a file and the folders above it; returns its path. Raises UsageError where it cannot be written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(beside, path)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def unwritable(path: Path, error: OSError) -> UsageError:
    """Why a file cannot be written, and what to do."""
    hint = "Name another one with -o."
    return UsageError("{path}: cannot be written ({why})", hint=hint, path=path, why=str(error.strerror))
