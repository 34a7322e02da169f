"""What can go wrong with a server, provoked on a real one: each is one clear line, and the next run mends it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from neo4j.exceptions import Neo4jError

from mulegraph.errors import EXIT_BAD_USE, EXIT_ENGINE, EngineError, UsageError
from mulegraph.graph.neo4j.address import Address
from mulegraph.graph.neo4j.graph import Neo4jGraph
from mulegraph.graph.neo4j.session import check_version, connect, meaning
from tests.graph.conftest import SPLIT, finding, findings_of, input_of
from tests.graph.neo4j.test_load import TIME_ORDER, many, written
from tests.neo4j_server import Server, address_of, free_port, values

NEVER_ENDING = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(a * b) AS n"
TOO_MUCH = "UNWIND range(1, 100000000) AS a WITH collect(toString(a) + 'x') AS every RETURN size(every) AS n"


# Connecting


def test_wrong_password(server: Address) -> None:
    """Bad use; the password is not in the message."""
    wrong = "hunter2hunter2"
    with pytest.raises(UsageError, match="rejects this user and password") as error:
        Neo4jGraph(dataclasses.replace(server, password=wrong)).status()
    assert error.value.exit_code == EXIT_BAD_USE
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_no_server(scheme: str) -> None:
    """Engine trouble, said at once and not after half a minute of retries."""
    address = Address(f"{scheme}://127.0.0.1:{free_port()}", "neo4j", "secret")
    with pytest.raises(EngineError, match="does not answer") as error:
        Neo4jGraph(address, retry_seconds=0).query("RETURN 1 AS n", {}, row_cap=1, timeout_seconds=9)
    assert error.value.exit_code == EXIT_ENGINE
    assert "make neo4j" in error.value.hint


def test_missing_database(server: Address) -> None:
    """Bad use, with the option that names another."""
    with pytest.raises(UsageError, match="has no database 'elsewhere'") as error:
        Neo4jGraph(dataclasses.replace(server, database="elsewhere")).status()
    assert "--graph-database" in error.value.hint


def test_wrong_version(server: Address) -> None:
    """A server older than is needed is refused before anything is written."""
    with pytest.raises(EngineError, match=r"the server is Neo4j/\d+\.\d+.*needs Neo4j 9999\.1 or later"):
        connect(server, least=(9999, 1))


@pytest.mark.parametrize(
    ("agent", "fits"),
    [
        ("Neo4j/5.26.30", True),
        ("Neo4j/2026.08.1", True),
        ("Neo4j/5.6.0", False),
        ("Neo4j/4.4.38", False),
        ("Memgraph", False),
        ("", False),
    ],
)
def test_versions_are_told_apart(agent: str, fits: bool) -> None:
    """By the two first numbers; what is no Neo4j does not fit."""
    if fits:
        check_version(agent)
    else:
        with pytest.raises(EngineError):
            check_version(agent)


def test_routing_address_reaches_a_single_server(server: Address) -> None:
    """`neo4j://` asks the server for its members first; there is one."""
    routed = dataclasses.replace(server, url=server.url.replace("bolt", "neo4j", 1))
    with Neo4jGraph(routed) as graph:
        assert graph.query("UNWIND [1] AS n RETURN n", {}, row_cap=1, timeout_seconds=9).rows == [{"n": 1}]


def test_host_that_no_name_server_knows() -> None:
    """Also that is a server that does not answer."""
    with pytest.raises(EngineError, match="does not answer"):
        Neo4jGraph(Address("bolt+s://nowhere.invalid", "neo4j", "secret"), retry_seconds=0).status()


# Asking


def test_question_that_takes_too_long_is_stopped(neo4j: Neo4jGraph) -> None:
    """By the server; it answers the next one."""
    neo4j.load(input_of(SPLIT))
    with pytest.raises(EngineError, match=r"query 'slow' was stopped after its time-out of 0.5 seconds"):
        neo4j.query(NEVER_ENDING, {}, row_cap=1, timeout_seconds=0.5, name="slow")
    assert len(values(neo4j, TIME_ORDER)) == 5


def test_question_that_needs_too_much_memory_is_stopped(neo4j: Neo4jGraph) -> None:
    """Without half a minute of retries; the server answers the next one."""
    neo4j.load(input_of(SPLIT))
    with pytest.raises(EngineError, match="query 'big' needs more memory"):
        neo4j.query(TOO_MUCH, {}, row_cap=1, timeout_seconds=60, name="big")
    assert len(values(neo4j, TIME_ORDER)) == 5


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE (a:Account {account_id: 'x'})",
        "MATCH (a:Account) SET a.kind = 'x'",
        "MATCH (a) DETACH DELETE a",
        "MATCH (a) WITH a CREATE (b:Account {account_id: 'x'}) RETURN b",
        "DROP CONSTRAINT mulegraph_account",
        "",
    ],
)
def test_writing_is_refused(statement: str, neo4j: Neo4jGraph) -> None:
    """Whatever a question says, it changes nothing."""
    neo4j.load(input_of(SPLIT))
    with pytest.raises(UsageError, match="queries may only read"):
        neo4j.query(statement, {}, row_cap=1, timeout_seconds=30)
    assert values(neo4j, "MATCH (a:Account) WHERE a.kind = 'personal' RETURN count(a) AS n") == [4]


def test_statement_that_does_not_parse_is_named(neo4j: Neo4jGraph) -> None:
    """The server's own words say where."""
    with pytest.raises(EngineError, match="could not do query 'odd'"):
        neo4j.query("MATCH (a:Account RETURN a", {}, row_cap=1, timeout_seconds=30, name="odd")


def test_asking_where_nothing_is_loaded_says_so(neo4j: Neo4jGraph) -> None:
    """An empty answer from an empty server would look like innocence."""
    with pytest.raises(UsageError, match="there is no graph at") as error:
        values(neo4j, TIME_ORDER)
    assert "mulegraph load" in error.value.hint


# Rights


def test_user_without_the_right_to_write_reads_the_same_line(server: Address) -> None:
    """Community has no such users, so the driver's own error, as Enterprise sends it, is what is turned here."""
    sent = Neo4jError._hydrate_neo4j(
        code="Neo.ClientError.Security.Forbidden",
        message="Create node with labels 'Account' on database 'neo4j' is not allowed for user 'reader'.",
    )
    said = meaning(sent, server, "loading")
    assert isinstance(said, EngineError)
    assert "read-only" in said.problem


# Gone in mid-load


def test_server_that_dies_in_mid_load_is_filled_when_it_is_back(own_server: Server) -> None:
    """Killed between two batches: the load says what to do, and run again it writes the rest, each row once."""
    source = input_of(many(400))
    with Neo4jGraph(address_of(own_server)) as graph:
        graph.load(input_of(SPLIT), prune=True)
    told: list[str] = []

    def kill(name: str, rows: int) -> None:
        told.append(name)
        if rows and told.count("TRANSFER") == 4:
            own_server.kill()

    with (
        Neo4jGraph(address_of(own_server), retry_seconds=1) as graph,
        pytest.raises(EngineError, match="went away while loading") as error,
    ):
        graph.load(source, batch_rows=20, told=kill)
    assert "Run the same command again" in error.value.hint
    own_server.start()
    with Neo4jGraph(address_of(own_server)) as graph:
        loaded = graph.load(source, batch_rows=20, prune=True)
        assert 0 < loaded.tallies["TRANSFER"].new < 400
        assert len(values(graph, TIME_ORDER)) == 400
        assert written(graph.load(source, every_row=True)) == {}


def test_load_waits_for_a_server_that_is_back_in_time(own_server: Server) -> None:
    """A restart in mid-load that takes less than the driver's patience is no trouble at all."""
    source = input_of(many(200))
    restarted: list[str] = []

    def restart(name: str, rows: int) -> None:
        if rows and not restarted:
            restarted.append(name)
            own_server.kill()
            own_server.start()

    with Neo4jGraph(address_of(own_server)) as graph:
        graph.load(source, batch_rows=20, prune=True, told=restart)
        assert restarted
        assert len(values(graph, TIME_ORDER)) == 200


def test_database_that_may_only_be_read(own_server: Server) -> None:
    """Questions are answered, a load is refused with one line, and nothing is half done. Last: it stays so."""
    with Neo4jGraph(address_of(own_server)) as graph:
        graph.load(input_of(SPLIT), prune=True)
    own_server.kill()
    own_server.more_conf["server.databases.default_to_read_only"] = "true"
    own_server.prepare()
    own_server.start()
    with Neo4jGraph(address_of(own_server), retry_seconds=1) as graph:
        assert len(values(graph, TIME_ORDER)) == 5
        with pytest.raises(EngineError, match="read-only"):
            graph.load(input_of(SPLIT + "mule_a new 1.00 1+9:00"))
        with pytest.raises(EngineError, match="read-only"):
            graph.replace_findings(findings_of(finding("f1", "mule_a", ["mule_a"])), None)
        assert len(values(graph, TIME_ORDER)) == 5


# Addresses


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("http://localhost", "--graph is"),
        ("bolt://", "--graph is"),
        ("bolt://localhost:port", "--graph is"),
        ("neo4j", "--graph is"),
        ("bolt://neo4j:secret@localhost", "carries a user or a password"),
        ("bolt://db.bank.example", "unencrypted"),
        ("neo4j://10.0.0.7:7687", "unencrypted"),
        ("neo4j://127.evil.example", "unencrypted"),
    ],
)
def test_address_that_is_none_or_not_safe(url: str, named: str) -> None:
    """Refused before anything is sent; what may be a password is not repeated."""
    with pytest.raises(UsageError, match=named) as error:
        Address.read(url, environment={"NEO4J_PASSWORD": "x"})
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["bolt://localhost", "neo4j://127.0.0.1:7687", "bolt://[::1]", "neo4j+s://db.example", "bolt+ssc://10.0.0.7"]
)
def test_address_that_is_safe(url: str) -> None:
    """TLS, or a server on this machine."""
    assert Address.read(url, environment={"NEO4J_PASSWORD": "x"}).url == url


def test_insecure_is_said_aloud() -> None:
    """Who insists gets it."""
    assert Address.read("bolt://10.0.0.7", insecure=True, environment={"NEO4J_PASSWORD": "x"}).user == "neo4j"


@pytest.mark.parametrize(
    ("text", "expected"), [("pw\n", ("bob", "pw")), ("ann\npw\n", ("ann", "pw")), ("\npw", ("bob", "pw"))]
)
def test_password_from_a_file(text: str, expected: tuple[str, str], tmp_path: Path) -> None:
    """The password alone, or user and password."""
    path = tmp_path / "secret"
    path.write_text(text)
    address = Address.read("bolt://localhost", password_file=path, environment={"NEO4J_USERNAME": "bob"})
    assert (address.user, address.password) == expected
    assert "pw" not in repr(address)


def test_password_that_is_nowhere(tmp_path: Path) -> None:
    """The message says where it is looked for."""
    with pytest.raises(UsageError, match="no password") as error:
        Address.read("bolt://localhost", environment={})
    assert "NEO4J_PASSWORD" in error.value.hint
    with pytest.raises(UsageError, match="cannot be read"):
        Address.read("bolt://localhost", password_file=tmp_path / "none", environment={})
    (tmp_path / "empty").touch()
    with pytest.raises(UsageError, match="holds 0 lines"):
        Address.read("bolt://localhost", password_file=tmp_path / "empty", environment={})
