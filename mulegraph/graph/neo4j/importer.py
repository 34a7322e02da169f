"""Files for the server's own `database import full`: the quickest first fill, into a database that is not running.

Each label and relationship type is one CSV file with its header in another; `import.args` names them all. The `Load`
nodes are among them, so that the next `load --graph` finds everything as it should be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from mulegraph.errors import EngineError, UsageError
from mulegraph.graph.base import NODES, GraphInput, Known, Nodes, ledger_nodes, ledger_relationships
from mulegraph.graph.neo4j.load import MADE_FROM
from mulegraph.graph.neo4j.portions import TRANSFERS, Portion, combined, transfers_of
from mulegraph.graph.neo4j.rows import iso_text

ARGUMENTS = "import.args"
TYPES = {
    pa.string(): "string",
    pa.date32(): "date",
    pa.timestamp("us"): "localdatetime",
    pa.float64(): "double",
    pa.int64(): "long",
    pa.bool_(): "boolean",
}
LOAD = pa.schema(
    [
        ("part", pa.string()),
        ("hash", pa.string()),
        ("rows", pa.int64()),
        ("vanished", pa.int64()),
        ("next", pa.int64()),
        ("batches", pa.int64()),
        ("creating", pa.bool_()),
        ("done", pa.bool_()),
    ]
)
META = pa.schema([("name", pa.string()), ("value", pa.string())])


@dataclass
class ImportFiles:
    """What was written: rows by label and relationship type, and the file of arguments."""

    folder: Path
    rows: dict[str, int] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    has_lines: bool = False
    """Whether a text runs over lines: the server then reads each file with one thread."""

    @property
    def argument_file(self) -> Path:
        """Give it to `neo4j-admin database import full` with an @ before it."""
        return self.folder / ARGUMENTS


def write_import(folder: Path, source: GraphInput, portions: Sequence[Portion], *, stamp: str) -> ImportFiles:
    """Write the ledger's part of the graph into a new or empty folder.

    Raises UsageError when there is something in it, EngineError when the disk fails.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"{folder}: exists and is not an empty folder", hint="Name a new folder with --offline-import."
        )
    made = ImportFiles(folder.resolve())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(made, source, portions, stamp)
        if made.has_lines:
            made.arguments.append("--multiline-fields=true")
        made.argument_file.write_text("\n".join(made.arguments) + "\n", encoding="utf-8")
    except OSError as error:
        raise EngineError(f"{folder}: cannot be written ({error.strerror})", hint="Check free disk space.") from error
    return made


def _write(made: ImportFiles, source: GraphInput, portions: Sequence[Portion], stamp: str) -> None:
    known: dict[str, pa.Array] = {}
    states: dict[str, tuple[str, int]] = {}
    for nodes in ledger_nodes(source):
        key = NODES[nodes.label].key
        known[nodes.label] = nodes.rows[key].combine_chunks()
        _nodes(made, nodes, key)
        states[nodes.label] = (combined(portions, *MADE_FROM[nodes.label]), len(nodes.rows))
    without = GraphInput({name: read for name, read in source.tables.items() if name != TRANSFERS})
    for part in ledger_relationships(without, Known(known)):
        name = part.type if part.type in MADE_FROM else f"{part.type} {part.source} {part.target}"
        _relationships(made, name, part.type, (part.source, part.target), [part.rows])
        states[name] = (combined(portions, *MADE_FROM[name]), len(part.rows))
    days = [each for each in portions if each.table == TRANSFERS]

    def transfers() -> Iterable[pa.Table]:
        for day in days:
            rows = transfers_of(day)
            states[f"{TRANSFERS} {day.day}"] = (day.sha256, len(rows))
            yield rows

    _relationships(made, "TRANSFER", "TRANSFER", ("Account", "Account"), transfers())
    loads = []
    for name, (digest, count) in states.items():
        loads.append(
            {
                "part": name,
                "hash": digest,
                "rows": count,
                "vanished": 0,
                "next": 0,
                "batches": 0,
                "creating": False,
                "done": True,
            }
        )
    _nodes(made, Nodes("Load", pa.Table.from_pylist(loads, LOAD)), "part")
    stamps = [{"name": "format", "value": "1"}, {"name": "stamp", "value": stamp}]
    _nodes(made, Nodes("Meta", pa.Table.from_pylist(stamps, META)), "name")


def _nodes(made: ImportFiles, nodes: Nodes, key: str) -> None:
    head = [f"{key}:ID({nodes.label})"] + [_typed(each) for each in nodes.rows.schema if each.name != key]
    made.rows[nodes.label] = _file(made, nodes.label, head, [nodes.rows], f"--nodes={nodes.label}")


def _relationships(made: ImportFiles, name: str, kind: str, ends: tuple[str, str], tables: Iterable[pa.Table]) -> None:
    rows = iter(tables)
    first = next(rows, None)
    if first is None:
        return
    head = [f":START_ID({ends[0]})", f":END_ID({ends[1]})", *map(_typed, list(first.schema)[2:])]

    def every() -> Iterable[pa.Table]:
        yield first
        yield from rows

    made.rows[name] = _file(made, name.replace(" ", "-"), head, every(), f"--relationships={kind}")


def _file(made: ImportFiles, name: str, head: list[str], tables: Iterable[pa.Table], argument: str) -> int:
    """Write a header and a file of rows, and the argument that names both."""
    header, data = made.folder / f"{name}-header.csv", made.folder / f"{name}.csv"
    header.write_text(",".join(head) + "\n", encoding="utf-8")
    count = 0
    with data.open("wb") as stream:
        for table in tables:
            count += len(table)
            made.has_lines |= _has_lines(table)
            if len(table):
                csv.write_csv(_as_text(table), stream, csv.WriteOptions(include_header=False, quoting_style="needed"))
    made.arguments.append(f'"{argument}={header},{data}"')
    return count


def _as_text(rows: pa.Table) -> pa.Table:
    """Times as ISO text with a T; everything else is written as the server reads it.

    In one chunk: Arrow's writer fills the file with zero bytes where the first of several is empty.
    """
    return pa.table([iso_text(each) for each in rows.columns], rows.column_names).combine_chunks()


def _has_lines(rows: pa.Table) -> bool:
    """Whether a text runs over more than one line, such as an address."""
    texts = [each for each in rows.columns if pa.types.is_string(each.type)]
    return any(pc.any(pc.match_substring_regex(each, "[\\r\\n]")).as_py() for each in texts)


def _typed(each: pa.Field) -> str:
    return f"{each.name}:{'double' if pa.types.is_decimal(each.type) else TYPES[each.type]}"
