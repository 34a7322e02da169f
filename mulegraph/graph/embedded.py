"""The embedded graph: one LadybugDB file, written whole and swapped in, read by any number of processes.

The file is never changed in place. A rebuild writes a new one beside it and renames it over the old, so that
readers see the old graph or the new one, and a rebuild that is killed leaves the old.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from mulegraph.errors import EngineError, UsageError
from mulegraph.files import sync_folder
from mulegraph.graph.base import (
    FINDING_LABELS,
    FINDING_RELATIONSHIPS,
    NODES,
    RELATIONSHIPS,
    Answer,
    GraphInput,
    GraphStatus,
    Known,
    NodeLabel,
    Nodes,
    Relationships,
    RelationshipType,
    finding_nodes,
    finding_relationships,
    ledger_nodes,
    ledger_relationships,
)
from mulegraph.graph.reading import check_reads, only_reads
from mulegraph.lazy import filelock, ladybug
from mulegraph.schema.disclosure import Foreign

MIB = 1 << 20
WRITE_POOL_BYTES = 4096 * MIB
READ_POOL_BYTES = 2048 * MIB
MAX_FILE_BYTES = 1 << 38
"""Address space that an open file reserves; the engine's own default (8 TiB) is refused under memory limits."""

MANY_ROWS = 100_000
"""Copied at once, they are put on the disk before the next: else all pages wait in memory until the end."""

FORMAT = "3"
"""Changes with labels or properties, so that a file of an older shape is rebuilt and not misread."""

REBUILD = "Run 'mulegraph graph rebuild': the graph is an index, and the ledger holds everything in it."


class EmbeddedGraph:
    """A graph in the file `path`. Keep one object for many queries: it holds the file open, and follows swaps.

    Not for use by several threads at once; open one object a thread or process.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._open: tuple[tuple[int, int], ladybug.Database, ladybug.Connection] | None = None

    def __enter__(self) -> EmbeddedGraph:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; the next query opens it again."""
        if self._open is not None:
            _, database, connection = self._open
            self._open = None
            connection.close()
            database.close()

    def rebuild(self, source: GraphInput, *, stamp: str = "") -> dict[str, int]:
        """Write the whole graph anew and swap it in; gives numbers by label and relationship.

        `stamp` is kept for the caller, such as the ledger's hash. Raises EngineError when another rebuild is
        under way or the engine fails, DataError when an account carries a key kept for cash; the old graph stays.
        """
        with self._swapped_in(copied=False) as connection:
            _create(connection, NODES.values(), RELATIONSHIPS.values())
            known: dict[str, pa.Array] = {}
            for nodes in ledger_nodes(source):
                _copy_nodes(connection, nodes)
                known[nodes.label] = nodes.rows[NODES[nodes.label].key].combine_chunks()
            _copy_relationships(connection, ledger_relationships(source, Known(known)))
            _copy_findings(connection, source.findings, source.cases, Known(known))
            _write_stamp(connection, stamp)
            return _counts(connection)

    def replace_findings(
        self, findings: pa.Table | None, cases: pa.Table | None, *, stamp: str | None = None
    ) -> dict[str, int]:
        """Replace findings, cases and their relationships in a copy of the graph, and swap that in.

        `stamp` stays as it was unless given. Raises UsageError where there is no graph, EngineError as `rebuild`.
        """
        self._check_exists()
        with self._swapped_in(copied=True) as connection:
            self._check_format(connection)
            for name in (*FINDING_RELATIONSHIPS, *FINDING_LABELS):
                connection.execute(f"DROP TABLE `{name}`")
            _create(
                connection,
                [NODES[name] for name in FINDING_LABELS],
                [RELATIONSHIPS[name] for name in FINDING_RELATIONSHIPS],
            )
            known = {name: _keys(connection, label) for name, label in NODES.items() if name not in FINDING_LABELS}
            _copy_findings(connection, findings, cases, Known(known))
            if stamp is not None:
                _write_stamp(connection, stamp)
            return _counts(connection)

    def status(self) -> GraphStatus:
        """Numbers, size and stamp; `exists` is False when there is no file. Raises EngineError when unreadable."""
        if not self.path.exists():
            return GraphStatus(exists=False)
        connection = self._connection()
        with self._trouble("counting"):
            counts = _counts(connection)
            stamp = str(_rows(connection, "MATCH (m:Meta {name: 'stamp'}) RETURN m.value")[0][0])
        return GraphStatus(
            exists=True,
            nodes={name: counts[name] for name in NODES},
            relationships={name: counts[name] for name in RELATIONSHIPS},
            size_bytes=self.path.stat().st_size,
            stamp=stamp,
        )

    def query(
        self,
        statement: str,
        parameters: Mapping[str, Any],
        *,
        row_cap: int,
        timeout_seconds: float,
        name: str = "",
    ) -> Answer:
        """Ask the graph, opened read-only; at most `row_cap` rows come back, `name` is for messages.

        Raises UsageError when there is no graph or the statement is not a reading one, EngineError on a time-out, an
        unreadable file or a statement that the engine refuses.
        """
        check_reads(statement, name)
        self._check_exists()
        connection = self._connection()
        asked = f"query '{name}'" if name else "the query"
        connection.set_query_timeout(max(1, int(timeout_seconds * 1000)))
        with self._trouble(asked, timeout_seconds):  # noqa: SIM117 (what the engine raises on opening is also its trouble)
            # Statements with parameters are prepared, and the engine prepares one statement only: with a
            # parameter too many, `MATCH …; COPY … TO 'file'` is refused before any of it runs.
            with closing(_execute(connection, statement, {**parameters, "single_statement": True})) as result:
                columns = result.get_column_names()
                rows = [dict(zip(columns, row, strict=True)) for row in _first(result, row_cap + 1)]
        return Answer(columns, rows[:row_cap], capped=len(rows) > row_cap)

    def _check_exists(self) -> None:
        if not self.path.exists():
            raise UsageError(
                "no graph has been built yet", hint="Run 'mulegraph graph rebuild' to make it from the ledger."
            )

    def _connection(self) -> ladybug.Connection:
        """The open read-only connection, made anew when the file was swapped since."""
        found = self.path.stat()
        version = (found.st_ino, found.st_mtime_ns)
        if self._open is not None and self._open[0] == version:
            return self._open[2]
        self.close()
        with self._unreadable():
            database = ladybug.Database(
                self.path, read_only=True, buffer_pool_size=READ_POOL_BYTES, max_db_size=MAX_FILE_BYTES
            )
            connection = ladybug.Connection(database)
        self._check_format(connection)
        self._open = (version, database, connection)
        return connection

    def _check_format(self, connection: ladybug.Connection) -> None:
        with self._unreadable():
            rows = _rows(connection, "MATCH (m:Meta {name: 'format'}) RETURN m.value")
        if rows != [[FORMAT]]:
            raise EngineError(f"{self.path}: this graph was made by another version of mulegraph", hint=REBUILD)

    @contextmanager
    def _unreadable(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # damaged files surface as RuntimeError, ValueError and others
            raise self._unread(_first_line(error)) from error

    @contextmanager
    def _trouble(self, asked: str, timeout_seconds: float = 0) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # the engine raises RuntimeError, and others on damaged pages
            raise self._said(asked, timeout_seconds, _first_line(error)) from error

    def _said(self, asked: str, timeout_seconds: float, line: str) -> UsageError | EngineError:
        if line.startswith("Interrupted"):
            return EngineError(
                f"{asked} was stopped after its time-out of {timeout_seconds:g} seconds",
                hint="Limit the query (fewer hops, a later 'since'), or raise the time-out.",
            )
        if "read-only database" in line:
            return only_reads(asked)
        if "Buffer manager" in line:
            self.close()  # a query that ran out of memory leaves some of it taken for as long as the file is open
            return EngineError(
                f"{asked} needs more memory than the {READ_POOL_BYTES // MIB} MiB that a query may use",
                hint="Limit the query: fewer hops, a lower 'hub', a shorter time.",
            )
        if re.search(r"checksum|corrupt|_M_|out of range|database file", line, re.IGNORECASE):
            return self._unread(line)
        # What the engine says may quote a row.
        return EngineError("the graph engine could not answer {asked}: {why}", asked=asked, why=Foreign(line))

    def _unread(self, line: str) -> EngineError:
        return EngineError("{path}: the graph cannot be read ({why})", hint=REBUILD, path=self.path, why=Foreign(line))

    @contextmanager
    def _swapped_in(self, *, copied: bool) -> Iterator[ladybug.Connection]:
        """A connection to a new file, which takes the graph's place when the block ends well."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(self.path.name + ".new")
        try:
            with filelock.FileLock(self.path.with_name(self.path.name + ".lock"), timeout=0):
                self._sweep()
                if copied:
                    shutil.copyfile(self.path, new)
                try:
                    with self._writing(new) as connection:
                        yield connection
                    _swap(new, self.path)
                finally:
                    self._sweep()
        except filelock.Timeout:
            raise EngineError(
                f"{self.path}: another process is writing the graph", hint="Try again when it is done."
            ) from None
        except OSError as error:
            raise EngineError(
                f"{self.path}: the graph cannot be written ({error.strerror or error})",
                hint="Make its folder writable, and remove anything there with the graph's name that is not a file.",
            ) from error

    @contextmanager
    def _writing(self, new: Path) -> Iterator[ladybug.Connection]:
        try:
            with (
                closing(_new(new)) as database,
                closing(ladybug.Connection(database)) as connection,
            ):
                yield connection
                connection.execute("CHECKPOINT")
        except RuntimeError as error:
            raise EngineError(
                "{path}: the graph could not be written ({why})",
                hint="The graph is unchanged. Check free disk space and memory, and try again.",
                path=self.path,
                why=Foreign(_first_line(error)),
            ) from error

    def _sweep(self) -> None:
        """Remove what a killed rebuild left; only called by the one process that may write."""
        for left in self.path.parent.glob(self.path.name + ".new*"):
            left.unlink()


def _new(path: Path) -> ladybug.Database:
    """A file to write, which is put on the disk at the end and after many rows; the engine would at each statement."""
    return ladybug.Database(path, buffer_pool_size=WRITE_POOL_BYTES, max_db_size=MAX_FILE_BYTES, auto_checkpoint=False)


def _swap(new: Path, path: Path) -> None:
    """Put `new` in the place of `path`, and both on the disk before returning."""
    sync_folder(new)
    new.replace(path)
    sync_folder(path.parent)


def _execute(
    connection: ladybug.Connection, statement: str, parameters: dict[str, Any] | None = None
) -> ladybug.QueryResult:
    result = connection.execute(statement, parameters)
    if isinstance(result, list):
        raise RuntimeError("more than one statement")
    return result


def _rows(connection: ladybug.Connection, statement: str) -> list[list[Any]]:
    with closing(_execute(connection, statement)) as result:
        return [list(row) for row in result]


def _first(result: ladybug.QueryResult, count: int) -> Iterator[list[Any]]:
    for _ in range(count):
        if not result.has_next():
            return
        yield list(result.get_next())


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _column(each: pa.Field) -> str:
    return f"`{each.name}` {_engine_type(each.type)}"


def _engine_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return _engine_type(kind.value_type) + "[]"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    names = {
        pa.string(): "STRING",
        pa.date32(): "DATE",
        pa.timestamp("us"): "TIMESTAMP",
        pa.float64(): "DOUBLE",
        pa.int64(): "INT64",
    }
    return names[kind]


def _create(connection: ladybug.Connection, labels: Iterable[NodeLabel], types: Iterable[RelationshipType]) -> None:
    for label in labels:
        columns = ", ".join(_column(each) for each in label.properties)
        connection.execute(f"CREATE NODE TABLE `{label.name}` ({columns}, PRIMARY KEY (`{label.key}`))")
    for kind in types:
        pairs = [f"FROM `{source}` TO `{target}`" for source, target in kind.pairs]
        columns = ", ".join([*pairs, *(_column(each) for each in kind.properties)])
        connection.execute(f"CREATE REL TABLE `{kind.name}` ({columns})")


def _copy_nodes(connection: ladybug.Connection, nodes: Nodes) -> None:
    if len(nodes.rows):
        _copy(connection, f"COPY `{nodes.label}` FROM $rows", nodes.rows)


def _copy(connection: ladybug.Connection, statement: str, rows: pa.Table) -> None:
    # One chunk: the engine stops reading a table at its first empty chunk.
    connection.execute(statement, {"rows": rows.combine_chunks()})
    if len(rows) >= MANY_ROWS:
        connection.execute("CHECKPOINT")


def _copy_relationships(connection: ladybug.Connection, parts: Iterable[Relationships]) -> None:
    for part in parts:
        if len(part.rows):
            pair = f"(from = '{part.source}', to = '{part.target}')"
            _copy(connection, f"COPY `{part.type}` FROM $rows {pair}", part.rows)


def _copy_findings(
    connection: ladybug.Connection, findings: pa.Table | None, cases: pa.Table | None, known: Known
) -> None:
    for nodes in finding_nodes(findings, cases):
        _copy_nodes(connection, nodes)
    _copy_relationships(connection, finding_relationships(findings, cases, known))


def _keys(connection: ladybug.Connection, label: NodeLabel) -> pa.Array:
    with closing(_execute(connection, f"MATCH (n:`{label.name}`) RETURN n.`{label.key}`")) as result:
        return pa.array(result.get_as_arrow(1_000_000).column(0).combine_chunks(), pa.string())


def _write_stamp(connection: ladybug.Connection, stamp: str) -> None:
    connection.execute("CREATE NODE TABLE IF NOT EXISTS Meta (name STRING PRIMARY KEY, value STRING)")
    for name, value in (("format", FORMAT), ("stamp", stamp)):
        connection.execute("MERGE (m:Meta {name: $name}) SET m.value = $value", {"name": name, "value": value})


def _counts(connection: ladybug.Connection) -> dict[str, int]:
    nodes = {name: f"MATCH (n:`{name}`) RETURN count(*)" for name in NODES}
    relationships = {name: f"MATCH ()-[r:`{name}`]->() RETURN count(*)" for name in RELATIONSHIPS}
    return {name: int(_rows(connection, text)[0][0]) for name, text in (nodes | relationships).items()}
