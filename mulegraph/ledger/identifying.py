"""What identifies people in a ledger: every account, holder, device and name, each once."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.tables import TABLES, Mask


class LedgerValues:
    """The distinct values of a ledger that identify somebody, by kind; read when they are first asked for.

    `folder` is the workspace's.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.folder = ledger.folder.parent
        self._values: dict[Mask, pa.Array] = {}

    def __call__(self, mask: Mask) -> pa.Array:
        """All values of one kind, each once."""
        if mask not in self._values:
            words = [each for table, column in _held_in(mask) for each in self._words(table, column)]
            self._values[mask] = pc.unique(pa.chunked_array(words, pa.string())).drop_null()
        return self._values[mask]

    def hash_of(self, mask: Mask) -> str:
        """Names the values of one kind: the content of the tables that they are read from."""
        # Not the whole ledger's: each minute brings transfers, and few bring anybody new.
        files = self._ledger.snapshot.files
        tables = {table for table, _ in _held_in(mask)}
        return " ".join(sorted(f"{file.table} {file.sha256}" for file in files if file.table in tables))

    def _words(self, table: str, column: str) -> Iterator[pa.Array]:
        """Values of a column, read as dictionaries so that long tables cost little."""
        for path in self._ledger.paths(table):
            read = pq.read_table(path, columns=[column], read_dictionary=[column], partitioning=None)
            yield from (chunk.dictionary for chunk in read.column(0).chunks)


def _held_in(mask: Mask) -> Iterator[tuple[str, str]]:
    """Tables and columns that hold the values of one kind, and do not refer to them only."""
    for table in TABLES.values():
        for column in table.columns:
            if column.masked is mask and not column.references:
                yield table.name, column.name
