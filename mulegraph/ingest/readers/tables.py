"""Parquet and Arrow files (file, stream, Feather): a schema and batches. A module without `matches`:

what such a file means, a table's name or the mapping says, as with CSV.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from mulegraph.ingest.kinds import Kind, kind_of

BATCH_ROWS = 131_072
_DAY = 86_400


class ColumnFile:
    """A file with typed columns: its schema, and its rows as batches of one array a column."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_parquet = kind_of(path) is Kind.PARQUET
        if self.is_parquet:
            self.schema = pq.read_schema(path)
        else:
            self.schema = self._opened()[0]

    def _opened(self) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        source = pa.memory_map(str(self.path))
        head = source.read(8)
        source.seek(0)
        if head[:4] == b"FEA1":
            table = feather.read_table(self.path)
            return table.schema, iter(table.to_batches(BATCH_ROWS))
        if head[:6] == b"ARROW1":
            file = ipc.open_file(source)
            return file.schema, map(partial(_batch, file), range(file.num_record_batches))
        stream = ipc.open_stream(source)
        return stream.schema, iter(stream)

    def batches(self, places: list[int]) -> Iterator[list[pa.Array]]:
        """The columns at these places (from 0), some rows at a time."""
        if self.is_parquet:
            names = [self.schema.names[place] for place in places]
            for batch in pq.ParquetFile(self.path).iter_batches(BATCH_ROWS, columns=names):
                yield [batch.column(name) for name in names]
        else:
            for batch in self._opened()[1]:
                yield [batch.column(place) for place in places]

    def of_days(self, places: list[int]) -> frozenset[int]:
        """Of these columns, those of times without a zone that all are midnight: pandas writes a day so."""
        return frozenset(place for place in places if self._is_of_days(place))

    def _is_of_days(self, place: int) -> bool:
        kind = self.schema.field(place).type
        if not pa.types.is_timestamp(kind) or kind.tz is not None:
            return False
        unit = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        seen = False
        for (column,) in self.batches([place]):
            whole = pc.divide(column.cast(pa.int64()), unit * _DAY)
            same = pc.all(pc.equal(pc.multiply(whole, unit * _DAY), column.cast(pa.int64()))).as_py()
            if same is False:
                return False
            seen = seen or bool(same)
        return seen


def _batch(file: ipc.RecordBatchFileReader, number: int) -> pa.RecordBatch:
    return file.get_batch(number)
