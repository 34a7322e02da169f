"""The beginning of a file as text."""

from __future__ import annotations

import gzip
from pathlib import Path


def text_start(path: Path, size: int) -> tuple[bytes, bool]:
    """The first bytes of a file, and whether that is all of it."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    opened = gzip.open(path) if packed else path.open("rb")
    with opened as stream:
        start = stream.read(size)
        return start, not stream.read(1)
