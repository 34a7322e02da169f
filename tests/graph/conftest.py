"""What graph tests share: `tables_of` draws ledger tables by hand, `graph_of` makes a graph file of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mulegraph.graph.base import NODES, GraphInput
from mulegraph.graph.embedded import EmbeddedGraph
from mulegraph.graph.neo4j.graph import Neo4jGraph
from mulegraph.schema.tables import TABLES
from tests.drawing import MONDAY, accounts_of, transfers_of
from tests.neo4j_server import Server, launched, missing_tools

Rows = list[dict[str, Any]]
GraphOf = Callable[..., EmbeddedGraph | Neo4jGraph]

SPLIT = """
    victim    mule_a    600.00  9:00
    victim    mule_b    400.00  9:02
    mule_a    collector 580.00  9:40
    mule_b    collector 390.00  9:55
    collector cash      950.00  10:30
"""
"""Five transfers t001 … t005 among four accounts: split over two mules, brought together, cashed out."""


def at(clock: str) -> datetime:
    """A time of the day on which drawings begin, such as `9:40`."""
    hour, minute = map(int, clock.split(":"))
    return MONDAY.replace(hour=hour, minute=minute)


def rows_of(name: str, rows: Rows) -> pa.Table:
    """Rows of the ledger table of that name; what a row leaves out is empty."""
    return pa.Table.from_pylist(rows, schema=TABLES[name].arrow_schema)


def tables_of(drawing: str, **tables: Rows) -> dict[str, pa.Table]:
    """Accounts and transfers as drawn (see `tests.drawing`), and more tables, or others of these, by name."""
    drawn = transfers_of(drawing)
    accounts: Rows = [dict(row) for row in accounts_of(drawn)]
    transfers: Rows = [
        {
            **row,
            "source": row["source"] or None,
            "target": row["target"] or None,
            "amount": Decimal(row["amount"]),
            "at": datetime.fromisoformat(row["at"]).replace(tzinfo=None),
        }
        for row in drawn
    ]
    every = {"accounts": accounts, "transfers": transfers, **tables}
    return {name: rows_of(name, rows) for name, rows in every.items()}


def input_of(
    drawing: str, *, findings: pa.Table | None = None, cases: pa.Table | None = None, **tables: Rows
) -> GraphInput:
    """What a graph is filled from: a drawing, more tables by name, findings and cases."""
    drawn = tables_of(drawing, **tables)
    return GraphInput({name: (lambda table=table: table) for name, table in drawn.items()}, findings, cases)


def listing(account: str, on: str = "suspicion", source: str = "bank", kind: str = "account") -> dict[str, Any]:
    """A row of `listings`."""
    return {
        "subject_kind": kind,
        "subject_id": account,
        "list": on,
        "source": source,
        "listed_at": MONDAY,
        "confidence": 0.9,
    }


def use(account: str, device: str, clock: str = "8:00", action: str = "login") -> dict[str, Any]:
    """A row of `device_use`."""
    return {"account_id": account, "device_id": device, "at": at(clock), "action": action, "outcome": "ok"}


def finding(name: str, subject: str, accounts: list[str], **changed: Any) -> dict[str, Any]:
    """A finding as a scan writes it: of sign A4 and about an account unless `changed`."""
    plain = {
        "sign": "A4",
        "pattern": f"CH-{name}",
        "subject_kind": "account",
        "score": 0.5,
        "surprise": 3.0,
        "first_at": at("9:00"),
        "last_at": at("10:00"),
        "amount": Decimal("100.00"),
        "currency": "EUR",
        "reason": f"reason of {name}",
        "evidence": ["t001"],
    }
    return {**plain, "finding": name, "subject_id": subject, "accounts": accounts, **changed}


def findings_of(*rows: dict[str, Any]) -> pa.Table:
    """Findings as a scan writes them."""
    return _keyed("Finding", "finding", list(rows))


def cases_of(*rows: dict[str, Any]) -> pa.Table:
    """Cases as a scan writes them: `case`, `accounts` and `findings` are what tests give."""
    plain = {"score": 0.7, "roles": [], "first_at": at("9:00"), "last_at": at("10:00"), "amount": Decimal("100.00")}
    return _keyed("Case", "case", [{**plain, **row} for row in rows])


def _keyed(label: str, key: str, rows: Rows) -> pa.Table:
    fields = list(NODES[label].properties)
    schema = pa.schema([pa.field(key, pa.string()), *fields[1:]])
    return pa.Table.from_pylist(rows, schema=schema)


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[EmbeddedGraph]:
    """A graph that is not made yet."""
    with EmbeddedGraph(tmp_path / "graph.lbug") as made:
        yield made


@pytest.fixture
def graph_of(graph: EmbeddedGraph) -> Callable[..., EmbeddedGraph]:
    """Makes the graph of a drawing."""

    def make(drawing: str, **tables: Any) -> EmbeddedGraph:
        graph.rebuild(input_of(drawing, **tables))
        return graph

    return make


@pytest.fixture(scope="session")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tests may kill and start again; each begins with whatever the last left."""
    if missing_tools():
        pytest.skip("NO SERVER TO KILL: java and mvn are missing")
    server = launched(tmp_path_factory.mktemp("own"))
    yield server
    server.kill()


@pytest.fixture(params=["embedded", "neo4j"])
def graph_of_each(request: pytest.FixtureRequest) -> GraphOf:
    """Makes the graph of a drawing, on each engine."""
    graph = request.getfixturevalue("graph" if request.param == "embedded" else "neo4j")

    def make(drawing: str, **tables: object) -> EmbeddedGraph | Neo4jGraph:
        graph.rebuild(input_of(drawing, **tables))
        return graph

    return make
