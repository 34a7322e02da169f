"""A folder of banks' files with a workspace of its own, and four accounts of two banks."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from mulegraph.ingest.load import load
from mulegraph.ingest.mapping import read_mapping
from mulegraph.ledger.ledger import Ledger

from .readers.writers import iban

NOON = dt.datetime(2026, 2, 3, 12, 0, tzinfo=dt.UTC)
ANN, BEN = iban("NL", "TSTA", 11), iban("NL", "TSTA", 22)
CEM, DOT = iban("NL", "TSTB", 33), iban("NL", "TSTB", 44)


class Files:
    """A folder of banks' files and a workspace of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workspace = folder / "files", folder / "workspace"
        self.folder.mkdir()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def load(self, mapping: str = ""):
        path = self.folder.parent / "mapping.toml"
        path.write_text(mapping, encoding="utf-8")
        return load(self.folder, self.workspace, mapping=read_mapping(path))

    def rows(self, table: str = "transfers") -> list[dict]:
        return Ledger(self.workspace / "ledger").arrow(table).to_pylist()

    def moved(self) -> list[tuple]:
        return sorted((row["source"], row["target"], row["amount"], row["at"]) for row in self.rows())
