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

    `folder` is the workspace's, `hash` names the ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.folder, self.hash = ledger.folder.parent, ledger.hash
        self._values: dict[Mask, pa.Array] = {}

    def __call__(self, mask: Mask) -> pa.Array:
        """All values of one kind, each once."""
        if mask not in self._values:
            words: list[pa.Array] = []
            for table in TABLES.values():
                for column in table.columns:
                    if column.masked is mask and not column.references:
                        words.extend(self._words(table.name, column.name))
            self._values[mask] = pc.unique(pa.chunked_array(words, pa.string())).drop_null()
        return self._values[mask]

    def _words(self, table: str, column: str) -> Iterator[pa.Array]:
        """Values of a column, read as dictionaries so that long tables cost little."""
        for path in self._ledger.paths(table):
            read = pq.read_table(path, columns=[column], read_dictionary=[column], partitioning=None)
            yield from (chunk.dictionary for chunk in read.column(0).chunks)
