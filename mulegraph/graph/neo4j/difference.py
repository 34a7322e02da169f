"""What a table in the graph lacks, holds otherwise, and holds too much, beside the same table of the ledger."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.graph.neo4j.rows import SEPARATOR, compared


@dataclass(frozen=True)
class Difference:
    """Rows of the ledger that are new or changed, and rows of the graph that the ledger no longer holds."""

    new: pa.Table
    changed: pa.Table
    vanished: pa.Table


def difference(wanted: pa.Table, held: pa.Table, key: tuple[str, ...]) -> Difference:
    """Compare every row by its key, and every column of rows that both have; `held` is as `received` gives it."""
    wanted_keys, held_keys = _keys(wanted, key), _keys(held, key)
    places = pc.index_in(wanted_keys, value_set=held_keys)
    both = wanted.filter(pc.is_valid(places))
    ours, beside = compared(both), held.take(places.drop_null())
    differ = pa.array([False] * len(both), pa.bool_()) if not len(both) else None
    for name in wanted.column_names if len(both) else []:
        unlike = _unlike(ours[name].combine_chunks(), beside[name].combine_chunks())
        differ = unlike if differ is None else pc.or_(differ, unlike)
    return Difference(
        new=wanted.filter(pc.is_null(places)),
        changed=both.filter(differ),
        vanished=held.filter(pc.invert(pc.is_in(held_keys, value_set=wanted_keys))),
    )


def _keys(rows: pa.Table, key: tuple[str, ...]) -> pa.Array:
    columns = [rows[name].combine_chunks() for name in key]
    return columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, SEPARATOR)


def _unlike(ours: pa.Array, theirs: pa.Array) -> pa.Array:
    either = pc.xor(pc.is_null(ours), pc.is_null(theirs))
    return pc.or_(either, pc.fill_null(pc.not_equal(ours, theirs), False))
