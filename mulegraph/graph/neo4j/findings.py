"""The findings and cases of a run in a shared graph: replaced in one transaction, which writes only what differs."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from neo4j import ManagedTransaction

from mulegraph.graph.base import NODES, Known, finding_nodes, finding_relationships
from mulegraph.graph.neo4j.difference import difference
from mulegraph.graph.neo4j.load import BATCH_ROWS, read_table, write_rows
from mulegraph.graph.neo4j.rows import Shape, node_shape, relationship_shape, wire

STAMP = "UNWIND $values AS v MERGE (m:Meta {name: v[0]}) SET m.value = v[1]"


def replace_all(
    tx: ManagedTransaction, findings: pa.Table | None, cases: pa.Table | None, stamps: dict[str, str]
) -> None:
    """Make the graph's findings and cases these, and its stamps. Raises EngineError where ends are missing."""
    write_stamp(tx, stamps)  # takes the stamps' locks, so that two scans replace one after the other
    parts = []
    for shape, rows in _parts(tx, findings, cases):
        parts.append((shape, difference(rows, read_table(tx, shape.read, {}, shape.columns), shape.key)))
    for shape, found in reversed(parts):  # relationships before their ends
        _write(tx, shape.delete, found.vanished)
    for shape, found in parts:
        _write(tx, shape.create, found.new)
        _write(tx, shape.merge, found.changed)


def write_stamp(tx: ManagedTransaction, values: dict[str, str]) -> None:
    """Keep what the graph is of, by name."""
    tx.run(STAMP, values=[list(pair) for pair in values.items()]).consume()


def _parts(
    tx: ManagedTransaction, findings: pa.Table | None, cases: pa.Table | None
) -> Iterator[tuple[Shape, pa.Table]]:
    """Findings and cases, then the relationships between them and to what the graph holds."""
    for nodes in finding_nodes(findings, cases):
        yield node_shape(nodes.label), nodes.rows
    for part in finding_relationships(findings, cases, Known(_known(tx, findings, cases))):
        yield relationship_shape(part.type, part.source, part.target), part.rows


def _known(tx: ManagedTransaction, findings: pa.Table | None, cases: pa.Table | None) -> dict[str, pa.Array]:
    """Which of the keys that findings and cases name are those of nodes."""
    named = [] if findings is None else [findings["subject_id"], pc.list_flatten(findings["accounts"])]
    named += [] if cases is None else [pc.list_flatten(cases["accounts"])]
    keys = pc.unique(pa.chunked_array([chunk for each in named for chunk in each.chunks], pa.string()))
    known = {}
    for label in ("Account", "Holder", "Device"):
        key = NODES[label].key
        found = tx.run(f"UNWIND $keys AS key MATCH (n:`{label}` {{`{key}`: key}}) RETURN key", keys=keys.to_pylist())
        known[label] = pa.array(found.value(), pa.string())
    return known


def _write(tx: ManagedTransaction, statement: str, rows: pa.Table) -> None:
    for start in range(0, len(rows), BATCH_ROWS):
        write_rows(tx, statement, wire(rows.slice(start, BATCH_ROWS)))
