"""Numbers of what is named by an id: accounts by their place among all, transfers by file and row."""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mulegraph.lazy import duckdb

FEW_IDS = 4
"""Up to one in so many of all account ids are few: a sixth of them takes half as long so, and all take longer."""
VERY_FEW_IDS = 1_000
"""Up to one in so many: each is sought by some twenty looks at a known one."""
ROWS_OF_IDS = """
    SELECT number, filename, file_row_number AS row
    FROM read_parquet(?, file_row_number = true, filename = true, hive_partitioning = false)
    JOIN wanted USING (transfer_id)"""


def places_of(ids: pa.Array | pa.ChunkedArray, known: pa.Array) -> np.ndarray:
    """The place of each id among known ones, which are distinct; −1 for an unknown one and for none.

    Arrow hashes what is looked up in at each call. Where few distinct ids are asked these are hashed, and not all that
    are known: one id of 1.7M takes 0.02 s and not 0.55.
    """
    given = (ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids).dictionary_encode()
    distinct = given.dictionary.cast(known.type)
    if FEW_IDS * len(distinct) > len(known):
        return np.asarray(pc.fill_null(pc.index_in(ids, value_set=known), -1))
    asked = pc.index_in(known, value_set=distinct)
    place = np.full(len(distinct) + 1, -1, np.int32)
    place[asked.drop_null().to_numpy()] = np.flatnonzero(asked.is_valid().to_numpy(zero_copy_only=False))
    return np.asarray(place[given.indices.fill_null(len(distinct)).to_numpy()])


def places_in_order(ids: pa.Array | pa.ChunkedArray, known: pa.Array) -> np.ndarray:
    """The same among known ones that are in order: very few are sought there, and none of the known is looked at twice.

    A hundred of 5M take a thousandth of a second, and not a tenth.
    """
    given = (ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids).dictionary_encode()
    distinct = given.dictionary
    if VERY_FEW_IDS * len(distinct) > len(known):
        return places_of(ids, known)
    place = np.full(len(distinct) + 1, -1, np.int32)
    for number, text in enumerate(distinct.to_pylist()):
        found = bisect_left(known, text, key=_text)
        if found < len(known) and known[found].as_py() == text:
            place[number] = found
    return np.asarray(place[given.indices.fill_null(len(distinct)).to_numpy()])


def _text(value: pa.Scalar) -> str:
    return str(value)


def rows_of_ids(engine: duckdb.DuckDBPyConnection, paths: list[str], transfer_ids: pa.Array) -> pa.Table:
    """Place among the ids, file and row in it, of each transfer that one of the files holds; ends the connection.

    One hash join over all files. Arrow's index_in made its hash table anew for each: seven times the work at 10M.
    """
    with engine:
        engine.register("wanted", pa.table({"transfer_id": transfer_ids, "number": np.arange(len(transfer_ids))}))
        return engine.sql(ROWS_OF_IDS, params=[paths]).to_arrow_table()


def rows_of_file(path: Path, numbers: np.ndarray, columns: list[str] | None) -> pa.Table:
    """The rows of a Parquet file with these ascending numbers; parts of it that hold none of them are not read.

    A minute's rows are the last of their day, and a large bank's day has dozens of parts.
    """
    with pq.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        of = np.searchsorted(starts, numbers, side="right") - 1
        groups = np.unique(of)
        table = file.read_row_groups(groups.tolist(), columns=columns)
        # Where each part that was read begins in what was read.
        begins = np.zeros(len(sizes), np.int64)
        begins[groups] = np.cumsum([0, *(sizes[group] for group in groups[:-1])])
        names = columns or file.schema_arrow.names
    return table.select(names).take(pa.array(numbers - starts[of] + begins[of]))
