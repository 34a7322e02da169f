"""A graph on a Neo4j server, which many share: filled from ledgers, asked the same questions as the embedded one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import neo4j.time
import pyarrow as pa
from neo4j import READ_ACCESS, Driver, ManagedTransaction, Session, unit_of_work
from neo4j.exceptions import Neo4jError

from mulegraph.errors import UsageError
from mulegraph.graph.base import (
    NODES,
    RELATIONSHIPS,
    Answer,
    GraphInput,
    GraphStatus,
)
from mulegraph.graph.neo4j.address import Address
from mulegraph.graph.neo4j.constraints import ensure_schema
from mulegraph.graph.neo4j.findings import replace_all, write_stamp
from mulegraph.graph.neo4j.load import BATCH_ROWS, GraphLoad, Loader
from mulegraph.graph.neo4j.portions import Portion, portions_of_tables
from mulegraph.graph.neo4j.session import RETRY_SECONDS, connect, is_memory, meaning, trouble
from mulegraph.graph.reading import check_reads

FORMAT = "1"


class Neo4jGraph:
    """A graph on the server at `address`; connects at its first use. One object a thread."""

    def __init__(self, address: Address, *, retry_seconds: float = RETRY_SECONDS) -> None:
        self.address, self.retry_seconds = address, retry_seconds
        self._driver: Driver | None = None

    def __enter__(self) -> Neo4jGraph:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the server; the next question connects again."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    def load(
        self,
        source: GraphInput,
        portions: Sequence[Portion] | None = None,
        *,
        stamp: str = "",
        every_row: bool = False,
        prune: bool = False,
        batch_rows: int = BATCH_ROWS,
        told: Callable[[str, int], None] = lambda _name, _rows: None,
    ) -> GraphLoad:
        """Bring the ledger's part of the graph up to `source`, and say what that took.

        What `portions`' hashes say is unchanged is passed over unless `every_row`; what the ledger no longer holds is
        counted, and deleted only with `prune`. Killed at any moment, the next load goes on where it was. Raises
        EngineError when the server fails, DataError when older data in the graph break a unique key.
        """
        with self._session("loading") as session:
            ensure_schema(session)
            loader = Loader(session, source, portions or portions_of_tables(source), every_row, prune, batch_rows, told)
            loaded = loader.run()
            if _stamped(session, "stamp") != stamp or _stamped(session, "format") != FORMAT:
                session.execute_write(write_stamp, {"format": FORMAT, "stamp": stamp})
        return loaded

    def replace_findings(
        self, findings: pa.Table | None, cases: pa.Table | None, *, run: str = "", stamp: str | None = None
    ) -> dict[str, int]:
        """Replace findings, cases and their relationships in one transaction, and keep the name of their run.

        Only what differs is written, so that scanning the same ledger again writes nothing.
        """
        with self._session("replacing findings") as session:
            ensure_schema(session)
            stamps = {"run": run} if stamp is None else {"run": run, "stamp": stamp}
            session.execute_write(replace_all, findings, cases, stamps)
        status = self.status()
        return {**status.nodes, **status.relationships}

    def rebuild(self, source: GraphInput, *, stamp: str = "", prune: bool = False) -> dict[str, int]:
        """Compare every row of the ledger with the graph, correct what differs, and replace the findings."""
        self.load(source, stamp=stamp, every_row=True, prune=prune)
        return self.replace_findings(source.findings, source.cases)

    def status(self) -> GraphStatus:
        """Numbers by label and relationship, and the stamp; `exists` is False where nothing of ours was loaded."""
        with self._session("counting") as session:
            counts = {name: _count(session, f"MATCH (n:`{name}`) RETURN count(*) AS n") for name in NODES}
            kinds = {name: _count(session, f"MATCH ()-[r:`{name}`]->() RETURN count(*) AS n") for name in RELATIONSHIPS}
            stamp = _stamped(session, "stamp")
        return GraphStatus(
            exists=bool(stamp) or bool(counts["Account"]), nodes=counts, relationships=kinds, stamp=stamp
        )

    def run(self) -> str:
        """The name of the run whose findings are there; empty where there are none."""
        with self._session("reading the stamp") as session:
            return _stamped(session, "run")

    def is_of(self, stamp: str) -> bool:
        """Whether the graph is of the ledger with this stamp, and holds nothing that the ledger has not."""
        with self._session("reading the stamp") as session:
            more = _count(session, "MATCH (l:Load) RETURN coalesce(sum(l.vanished), 0) AS n")
            return not more and _stamped(session, "stamp") == stamp

    def query(
        self,
        statement: str,
        parameters: Mapping[str, Any],
        *,
        row_cap: int,
        timeout_seconds: float,
        name: str = "",
    ) -> Answer:
        """Ask the graph, read-only; at most `row_cap` rows come back, `name` is for messages.

        Raises UsageError when nothing is loaded there or the statement is not a reading one, EngineError on a time-out,
        a query that needs too much memory, a server that fails, or a statement that it refuses.
        """
        check_reads(statement, name)
        doing = f"query '{name}'" if name else "the query"

        @unit_of_work(timeout=timeout_seconds)
        def asked(tx: ManagedTransaction) -> tuple[list[str], list[dict[str, Any]]]:
            try:
                result = tx.run(statement, dict(parameters))
                columns = list(result.keys())
                found = [record.values() for record in result.fetch(row_cap + 1)]
                return columns, [dict(zip(columns, map(_plain, row), strict=True)) for row in found]
            except Neo4jError as error:
                if is_memory(error):  # the driver would try it again for half a minute
                    raise meaning(error, self.address, doing) from error
                raise

        with self._session(doing, timeout_seconds, default_access_mode=READ_ACCESS, fetch_size=1000) as session:
            columns, rows = session.execute_read(asked)
        if not rows and not self.status().exists:
            raise UsageError(
                f"there is no graph at {self.address.url} yet",
                hint="Run 'mulegraph load FOLDER --graph URL' to fill it.",
            )
        return Answer(columns, rows[:row_cap], capped=len(rows) > row_cap)

    @contextmanager
    def _session(self, doing: str, timeout_seconds: float = 0, **options: Any) -> Iterator[Session]:
        if self._driver is None:
            self._driver = connect(self.address, retry_seconds=self.retry_seconds)
        settings = {"fetch_size": BATCH_ROWS, **options}
        with (
            trouble(self.address, doing, timeout_seconds=timeout_seconds),
            self._driver.session(database=self.address.database, **settings) as session,
        ):
            yield session


def _stamped(session: Session, name: str) -> str:
    row = session.run("MATCH (m:Meta {name: $name}) RETURN m.value AS value", name=name).single()
    return str(row["value"]) if row else ""


def _count(session: Session, statement: str) -> int:
    row = session.run(statement).single()
    return int(row["n"]) if row else 0


def _plain(value: Any) -> Any:
    """A value as Python has it: the driver's own times and dates become those of the standard library."""
    if isinstance(value, (neo4j.time.DateTime, neo4j.time.Date)):
        return value.to_native()
    return [_plain(each) for each in value] if isinstance(value, list) else value
