"""Unique keys and indexes of a shared graph, made where they are missing."""

from __future__ import annotations

from neo4j import Session

from mulegraph.graph.base import NODES

INDEX_SECONDS = 600
KEYS = {name: label.key for name, label in NODES.items()} | {"Load": "part", "Meta": "name"}


def schema() -> dict[str, str]:
    """Statements by the name of what each makes: unique keys of nodes and of transfers, and two indexes."""
    made = {}
    for label, key in KEYS.items():
        made[f"mulegraph_{label.lower()}"] = f"CREATE CONSTRAINT {{}} FOR (n:`{label}`) REQUIRE n.`{key}` IS UNIQUE"
    made["mulegraph_transfer"] = "CREATE CONSTRAINT {} FOR ()-[r:TRANSFER]-() REQUIRE r.transfer_id IS UNIQUE"
    made["mulegraph_list"] = "CREATE INDEX {} FOR (n:Listing) ON (n.list)"
    made["mulegraph_sign"] = "CREATE INDEX {} FOR (n:Finding) ON (n.sign)"
    return {name: statement.format(f"{name} IF NOT EXISTS") for name, statement in made.items()}


def ensure_schema(session: Session) -> None:
    """Make what is missing, and wait until it is in use. Raises the driver's error where older data are in the way."""
    there = set(session.run("SHOW INDEXES YIELD name").value())
    missing = [statement for name, statement in schema().items() if name not in there]
    for statement in missing:
        session.run(statement).consume()
    if missing:
        session.run(f"CALL db.awaitIndexes({INDEX_SECONDS})").consume()
