"""Changing the ledger's lists in place: taking entries out, which loading files cannot."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.store import Store
from mulegraph.schema.tables import TABLES

TABLE = TABLES["listings"]


def take_out(workspace: Path, keys: set[tuple[str, ...]]) -> int:
    """Take entries with these keys out of the ledger; gives how many there were."""
    store = Store(workspace / "ledger")
    with store.writing() as before:
        rows = Ledger(workspace / "ledger").arrow(TABLE.name)
        have = list(zip(*(rows[name].to_pylist() for name in TABLE.key), strict=True))
        kept = rows.filter(pa.array([key not in keys for key in have], pa.bool_()))
        if len(kept) == len(rows):
            return 0
        path = store.data / TABLE.name / f"{uuid.uuid4().hex}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(kept, path, compression="zstd")
        others = tuple(file for file in before.files if file.table != TABLE.name)
        record = store.describe(path, TABLE.name, len(kept))
        # Files that were loaded stay so: loading them again must not bring back what people took out.
        after = replace(before, number=before.number + 1, files=(*others, record))
        store.commit(after, before)
    return len(rows) - len(kept)
