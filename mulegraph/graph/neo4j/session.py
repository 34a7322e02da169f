"""A driver for one server, and what its errors mean: each becomes one clear line with what to do about it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from neo4j import Driver, GraphDatabase
from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    DatabaseUnavailable,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
)

from mulegraph.errors import DataError, EngineError, MulegraphError, UsageError
from mulegraph.graph.neo4j.address import PASSWORD, USERNAME, Address
from mulegraph.graph.reading import only_reads
from mulegraph.schema.disclosure import Foreign

MIN_VERSION = (5, 7)
"""The first with unique keys of relationships."""

CONNECT_SECONDS = 10.0
RETRY_SECONDS = 30.0
"""How long a transaction that was cut short is tried again: a server that restarts is back by then."""

RELOAD = "Run the same command again when it is back: what was written stays, and the rest follows."
MEMORY = re.compile(r"OutOfMemory|MemoryLimit|MemoryPool")
TIMED_OUT = re.compile(r"TransactionTimedOut|Transaction\.Terminated")
ONLY_READ = re.compile(r"ReadOnly|WriteOnRead|General\.ReadOnly|Security\.Forbidden")

logging.getLogger("neo4j").addHandler(logging.NullHandler())
"""The server's notifications go to the log `neo4j.notifications`, and not to people's screens."""


def connect(address: Address, *, retry_seconds: float = RETRY_SECONDS, least: tuple[int, int] = MIN_VERSION) -> Driver:
    """A driver that has spoken to the server.

    Raises UsageError for a password or database that is not known there, EngineError for a server that does not
    answer or is older than `least`.
    """
    with trouble(address, "connecting"):
        driver = GraphDatabase.driver(
            address.url,
            auth=(address.user, address.password),
            connection_timeout=CONNECT_SECONDS,
            max_transaction_retry_time=retry_seconds,
            telemetry_disabled=True,
            notifications_disabled_classifications=["UNRECOGNIZED"],  # of an empty graph it knows no property
            user_agent="mulegraph",
        )
        try:
            with driver.session(database=address.database) as session:
                info = session.run("RETURN 1").consume().server
            check_version(info.agent, least)
        except BaseException:
            driver.close()
            raise
    return driver


def check_version(agent: str, least: tuple[int, int] = MIN_VERSION) -> None:
    """Raises EngineError when a server that names itself so, such as `Neo4j/5.26.30`, is older than `least`."""
    found = re.match(r"Neo4j/(\d+)\.(\d+)", agent)
    if found is None or (int(found[1]), int(found[2])) < least:
        raise EngineError(
            f"the server is {agent or 'of an unknown kind'}, and mulegraph needs Neo4j {least[0]}.{least[1]} or later",
            hint="Name another server with --graph, or upgrade this one.",
        )


@contextmanager
def trouble(address: Address, doing: str, *, timeout_seconds: float = 0) -> Iterator[None]:
    """Turn what driver and server raise while `doing` something into errors that a user can act on."""
    try:
        yield
    except (Neo4jError, DriverError) as error:
        raise meaning(error, address, doing, timeout_seconds) from error


def meaning(error: Exception, address: Address, doing: str, timeout_seconds: float = 0) -> MulegraphError:
    """The error as its user should read it."""
    if isinstance(error, (ServiceUnavailable, SessionExpired, DatabaseUnavailable)):
        return _unreachable(error, address, doing)
    if isinstance(error, ConfigurationError):
        return UsageError("{url}: {why}", hint="Correct --graph.", url=address.url, why=Foreign(_line(error)))
    code = getattr(error, "code", None) or ""
    if isinstance(error, AuthError) and "Forbidden" not in code:
        return UsageError(
            f"{address.url} rejects this user and password",
            hint=f"Check {USERNAME} and {PASSWORD}, or the file given with --graph-password-file.",
        )
    if "DatabaseNotFound" in code:
        return UsageError(
            f"{address.url} has no database '{address.database}'", hint="Name another with --graph-database."
        )
    if "Schema." in code:
        return _schema(error)
    if "Statement.AccessMode" in code:
        return only_reads(doing)
    if ONLY_READ.search(code):
        return EngineError(
            f"{address.url}: this user or database is read-only, so {doing} is not possible",
            hint="Use another user, or change its rights. Nothing was written.",
        )
    if MEMORY.search(code):
        return EngineError(
            f"{doing} needs more memory than the server gives",
            hint="Limit the query (fewer hops, lower 'hub', shorter time), or raise db.memory.transaction.max there.",
        )
    if TIMED_OUT.search(code):
        return EngineError(
            f"{doing} was stopped after its time-out of {timeout_seconds:g} seconds",
            hint="Limit the query (fewer hops, a later 'since'), or raise the time-out.",
        )
    # What a server says may quote a row.
    why = Foreign(_line(error))
    return EngineError("{url} could not do {doing}: {why}", url=address.url, doing=doing, why=why)


def is_memory(error: Neo4jError) -> bool:
    """Whether the server ran out of memory, which trying again does not mend."""
    return bool(MEMORY.search(error.code or ""))


def _unreachable(error: Exception, address: Address, doing: str) -> EngineError:
    if doing == "connecting":
        return EngineError(
            f"{address.url} does not answer",
            hint="Start the server (make neo4j starts one to try), or check host, port and firewall.",
        )
    why = Foreign(_line(error))
    return EngineError("{url} went away while {doing} ({why})", hint=RELOAD, url=address.url, doing=doing, why=why)


def _schema(error: Exception) -> DataError:
    """Older data in the graph breaks a rule, or an older index stands in its way."""
    return DataError(
        "the graph holds older data that does not fit: {why}",
        hint="Remove the duplicates or the older index from the server, or use another database. Then run again.",
        why=Foreign(_line(error)),
    )


def _line(error: Exception) -> str:
    """The error's own first line, without what people's data may stand in: the values in quotes."""
    text = str(getattr(error, "message", None) or error).strip().partition("\n")[0]
    return re.sub(r"'[^']*'", "'…'", text)
