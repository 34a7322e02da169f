"""Reads one made-up file with the reader that knows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mulegraph.ingest.readers import Notes, reader_of
from mulegraph.ingest.readers.base import Booking

Read = Callable[..., tuple[list[Booking], Notes]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Give it a text or bytes: the bookings and the notes, of the format named."""

    def reading(content: str | bytes, expected: str) -> tuple[list[Booking], Notes]:
        path = tmp_path / "file.dat"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        reader = reader_of(path)
        assert reader is not None
        assert expected == reader.FORMAT
        notes = Notes()
        return list(reader.read(path, notes, lambda _: None)), notes

    return reading
