"""Arrow tables ↔ rows on the wire, and the Cypher that writes and reads each kind of them.

Neo4j has no decimal. The ledger's amounts have at most 15 digits, and every such number is another double, so that
amounts are stored as doubles, compare as they should, and come back exact. Times travel as ISO text, which the
server parses, because that is twice as fast as the driver's own packing; they are stored as LocalDateTime in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.graph.base import NODES, RELATIONSHIPS

ROW = "row"
SEPARATOR = "\x1f"
"""Parts the members of a list, and the columns of a key of two; ids are printable text, which the ledger checks."""

LOOSE = {pa.float64(): (int, float), pa.int64(): (int,)}

Wire = list[list[Any]]


@dataclass(frozen=True)
class Shape:
    """Nodes of one label, or relationships of one type and pair: what identifies a row, and how it is written.

    `columns` are as the rows come: a node's properties, or `from`, `to` and the relationship's properties.
    """

    name: str
    columns: pa.Schema
    key: tuple[str, ...]
    create: str
    merge: str
    read: str
    delete: str
    count: str
    locks: tuple[str, ...]
    """Columns that name the nodes that a write locks; rows are written in their order."""


def node_shape(label: str) -> Shape:
    """How nodes of a label are written."""
    properties, key = NODES[label].properties, NODES[label].key
    places = range(len(properties))
    filled = ", ".join(f"`{name}`: {_value(i, properties)}" for i, name in zip(places, properties.names, strict=True))
    returned = ", ".join(_returned("n", each) for each in properties)
    return Shape(
        name=label,
        columns=properties,
        key=(key,),
        create=f"UNWIND $rows AS {ROW} CREATE (n:`{label}` {{{filled}}})",
        merge=f"UNWIND $rows AS {ROW} MERGE (n:`{label}` {{`{key}`: {ROW}[0]}}) SET n += {{{filled}}}",
        read=f"MATCH (n:`{label}`) RETURN {returned}",
        delete=f"UNWIND $rows AS {ROW} MATCH (n:`{label}` {{`{key}`: {ROW}[0]}}) DETACH DELETE n",
        count=f"MATCH (n:`{label}`) RETURN count(*)",
        locks=(key,),
    )


def relationship_shape(kind: str, source: str, target: str) -> Shape:
    """How relationships of a type between two labels are written; one with an id of its own is known by that."""
    properties = RELATIONSHIPS[kind].properties
    columns = pa.schema([pa.field("from", pa.string()), pa.field("to", pa.string()), *properties])
    own = [name for name in properties.names if name.endswith("_id")]
    filled = ", ".join(f"`{name}`: {_value(i + 2, columns)}" for i, name in enumerate(properties.names))
    ends = (
        f"MATCH (a:`{source}` {{`{NODES[source].key}`: {ROW}[0]}})"
        f" MATCH (b:`{target}` {{`{NODES[target].key}`: {ROW}[1]}})"
    )
    between = f"(a)-[r:`{kind}`]->(b)"
    matched = f"(a:`{source}`)-[r:`{kind}`]->(b:`{target}`)"
    returned = [f"a.`{NODES[source].key}`", f"b.`{NODES[target].key}`"]
    returned += [_returned("r", each) for each in properties]
    found = f"MATCH ()-[r:`{kind}` {{`{own[0]}`: {ROW}[2]}}]->()" if own else f"{ends} MATCH {between}"
    return Shape(
        name=kind if len(RELATIONSHIPS[kind].pairs) == 1 else f"{kind} {source} {target}",
        columns=columns,
        key=tuple(own[:1]) or ("from", "to"),
        create=f"UNWIND $rows AS {ROW} {ends} CREATE (a)-[:`{kind}` {{{filled}}}]->(b)",
        merge=f"UNWIND $rows AS {ROW} {ends} MERGE {between} SET r += {{{filled}}}",
        read=f"MATCH {matched} RETURN {', '.join(returned)}",
        delete=f"UNWIND $rows AS {ROW} {found} DELETE r",
        count=f"MATCH {matched if len(RELATIONSHIPS[kind].pairs) > 1 else f'()-[r:`{kind}`]->()'} RETURN count(*)",
        locks=("from", "to"),
    )


def wire(rows: pa.Table) -> Wire:
    """Rows as the statements take them: amounts as doubles, times and dates as ISO text."""
    return [list(row) for row in zip(*(_sent(column).to_pylist() for column in rows.columns), strict=True)]


def compared(rows: pa.Table) -> pa.Table:
    """Rows as `received` gives them: amounts as doubles, lists as one text."""
    return pa.table([_comparable(each) for each in rows.columns], rows.column_names)


def received(rows: Wire, columns: pa.Schema) -> pa.Table:
    """What a `read` statement gave. A value of another type than ours counts as none, so that it is written anew."""
    cells = zip(*rows, strict=True) if rows else ([] for _ in columns)
    arrays = [_column(list(values), each.type) for values, each in zip(cells, columns, strict=True)]
    return compared(pa.table(arrays, columns.names))


def _value(place: int, columns: pa.Schema) -> str:
    kind = columns.field(place).type
    if pa.types.is_timestamp(kind):
        return f"localdatetime({ROW}[{place}])"
    return f"date({ROW}[{place}])" if pa.types.is_date(kind) else f"{ROW}[{place}]"


def _returned(of: str, each: pa.Field) -> str:
    name = f"{of}.`{each.name}`"
    return f"toString({name})" if pa.types.is_temporal(each.type) else name


def _sent(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_decimal(column.type):
        return _doubles(column)
    return pc.cast(column, pa.string()) if pa.types.is_date(column.type) else iso_text(column)


def iso_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times as ISO text, to the microsecond; other columns as they are."""
    return pc.strftime(column, "%Y-%m-%dT%H:%M:%S") if pa.types.is_timestamp(column.type) else column


def _comparable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_list(column.type):
        return pc.binary_join(column, SEPARATOR)
    return _doubles(column) if pa.types.is_decimal(column.type) else column


def _doubles(amounts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The double nearest to each amount; Arrow's own cast from decimals gives 333.90000000000003 for 333.9."""
    return pc.cast(pc.cast(amounts, pa.string()), pa.float64())


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_decimal(kind):
        kind = pa.float64()
    if pa.types.is_temporal(kind):
        texts = pa.array([each if isinstance(each, str) else None for each in values], pa.string())
        try:
            return pc.cast(texts, kind)
        except pa.ArrowInvalid:
            return pa.nulls(len(values), kind)
    try:
        return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        fit = LOOSE.get(kind, (str,) if kind == pa.string() else (list,))
        fitting = (isinstance(each, fit) and not isinstance(each, bool) for each in values)
        return pa.array([each if fits else None for each, fits in zip(values, fitting, strict=True)], kind)
