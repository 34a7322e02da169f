"""Options of every command that asks or fills a graph: the workspace's own, or one on a Neo4j server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mulegraph.cli.options import err, steps_bar

if TYPE_CHECKING:
    from mulegraph.graph.neo4j.address import Address
    from mulegraph.graph.neo4j.load import GraphLoad

EMBEDDED = "embedded"
DATABASE = "neo4j"

GraphUrl = Annotated[
    str,
    typer.Option(
        "--graph",
        envvar="MULEGRAPH_GRAPH",
        help="embedded, or a Neo4j server: neo4j+s://host, bolt://localhost:7687;"
        " user and password from NEO4J_USERNAME and NEO4J_PASSWORD.",
    ),
]
GraphPasswordFile = Annotated[
    Path | None, typer.Option("--graph-password-file", help="File with the password, or user and password.")
]
GraphDatabase = Annotated[str, typer.Option("--graph-database", help="Database on the server.")]
Insecure = Annotated[bool, typer.Option("--insecure", help="Allow a server elsewhere without TLS.")]
Prune = Annotated[bool, typer.Option("--prune", help="Delete from the server what the ledger no longer holds.")]


def server_of(url: str, password_file: Path | None, database: str, insecure: bool) -> Address | None:
    """The server that is meant; None for the embedded graph. Raises UsageError as `Address.read`."""
    if url == EMBEDDED:
        return None
    from mulegraph.graph.neo4j.address import Address

    return Address.read(url, password_file=password_file, database=database, insecure=insecure)


@contextmanager
def rows_bar() -> Iterator[Any]:
    """Gives a function that is told each part of the graph and how many of its rows were written."""
    with steps_bar() as step:
        written: dict[str, int] = {}

        def told(name: str, rows: int) -> None:
            written[name] = written.get(name, 0) + rows
            step(f"graph: {name} {written[name]:,}")

        yield told


def load_rows(loaded: GraphLoad) -> list[dict[str, Any]]:
    """What a load of the server did, one row a label or relationship."""
    made = []
    for name, each in loaded.tallies.items():
        made.append(
            {
                "graph": name,
                "new": each.new,
                "changed": each.changed,
                "vanished": each.vanished,
                "deleted": each.deleted,
            }
        )
    return made


def tell_load(loaded: GraphLoad) -> None:
    """The same in a line for people, on stderr."""
    made = []
    for name, each in loaded.tallies.items():
        if each.new or each.changed:
            made.append(f"{each.new:,} new and {each.changed:,} changed {name}")
    err.print("graph: " + (", ".join(made) or "unchanged"), soft_wrap=True)
    if deleted := sum(each.deleted for each in loaded.tallies.values()):
        err.print(f"graph: {deleted:,} deleted that the ledger no longer holds")
    if loaded.vanished:
        err.print(f"graph: {loaded.vanished:,} that the ledger no longer holds stay there; --prune deletes them")
