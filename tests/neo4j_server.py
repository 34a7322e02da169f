"""A real Neo4j for tests: `NEO4J_URI`, else the launcher of tools/neo4j, else Docker; never a mock of it.

Where there is none, its tests are skipped in one loud line; with MULEGRAPH_REQUIRE_NEO4J=1 they fail.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mulegraph.graph.neo4j.address import PASSWORD, USERNAME, Address
from mulegraph.graph.neo4j.graph import Neo4jGraph
from mulegraph.graph.neo4j.session import connect
from tools.neo4j.server import USER, VERSION, Server, free_port, missing_tools

REQUIRED = "MULEGRAPH_REQUIRE_NEO4J"
MEMORY = {"db.memory.transaction.max": "256m", "db.tx_log.preallocate": "false"}
PLANS = {"dbms.cypher.min_replan_interval": "1h"}
"""Each test fills an emptied graph: as its numbers of nodes change, the server would plan each question anew."""
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""A server that lives for a minute is not worth its optimizing compiler: a start takes 7 seconds of CPU and not 11."""
EMPTY = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"


@contextmanager
def running(home: Path) -> Iterator[Address]:
    """A server of whichever kind there is, for as long as the block lasts."""
    if "NEO4J_URI" in os.environ:
        yield Address.read(os.environ["NEO4J_URI"], insecure=True)
    elif not missing_tools():
        server = launched(home)
        try:
            yield address_of(server)
        finally:
            server.kill()  # nothing of it is kept, and an orderly stop takes ten seconds
    elif _docker():
        with _container() as address:
            yield address
    else:
        said = "NEO4J IS NOT TESTED: no NEO4J_URI, no java and mvn, no Docker"
        if os.environ.get(REQUIRED):
            pytest.fail(said)
        pytest.skip(said)


def launched(home: Path, **more_conf: str) -> Server:
    """A server of our own launcher, started."""
    conf = {**MEMORY, **PLANS, **{name.replace("__", "."): value for name, value in more_conf.items()}}
    server = Server(home, free_port(), heap="768m", page_cache="128m", more_conf=conf, java=QUICK)
    server.prepare()
    server.start()
    return server


def address_of(server: Server, **changed: Any) -> Address:
    """How to reach a server that was launched here."""
    return Address(**{"url": server.uri, "user": USER, "password": server.password, **changed})


def emptied(address: Address) -> None:
    """Take every node and relationship out of the graph."""
    with connect(address) as driver, driver.session(database=address.database) as session:
        session.run(EMPTY).consume()


def without_schema(address: Address) -> None:
    """Take every constraint and index out of the graph."""
    with connect(address) as driver, driver.session(database=address.database) as session:
        for name in session.run("SHOW CONSTRAINTS YIELD name").value():
            session.run(f"DROP CONSTRAINT `{name}`").consume()
        for name in session.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'").value():
            session.run(f"DROP INDEX `{name}`").consume()


def values(graph: Neo4jGraph, statement: str, **parameters: object) -> list[object]:
    """The first column of an answer."""
    answer = graph.query(statement, parameters, row_cap=10_000, timeout_seconds=30)
    return [row[answer.columns[0]] for row in answer.rows]


def environment(address: Address) -> dict[str, str]:
    """Environment in which the command finds user and password."""
    return {**os.environ, USERNAME: address.user, PASSWORD: address.password}


def _docker() -> bool:
    if shutil.which("docker") is None or importlib.util.find_spec("testcontainers") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


@contextmanager
def _container() -> Iterator[Address]:
    from testcontainers.neo4j import Neo4jContainer

    with Neo4jContainer(f"neo4j:{VERSION}") as container:
        yield Address(container.get_connection_url(), container.username, container.password)
