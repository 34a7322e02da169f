"""Readers of bank formats, one a file, found by being there: what a file is, its beginning decides, not its name."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import cast

from mulegraph.ingest.readers.base import HEAD_BYTES, Notes, Reader, StatementFile

__all__ = ["Notes", "Reader", "StatementFile", "formats", "reader_of", "readers"]


@cache
def readers() -> tuple[Reader, ...]:
    """Every module of this folder that says what it reads."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    return tuple(cast(Reader, module) for module in modules if hasattr(module, "matches"))


def formats() -> str:
    """What can be read, for messages."""
    names = [reader.FORMAT for reader in readers()]
    return ", ".join([*names, "CSV", "XLSX", "Parquet", "Arrow", "and these inside .zip and .gz"])


def reader_of(path: Path) -> Reader | None:
    """The reader that knows the file, by its beginning; None: no bank format."""
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    return next((reader for reader in readers() if reader.matches(head, path.name)), None)
