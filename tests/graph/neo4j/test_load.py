"""The shared graph filled: once, again, by two at once, through crashes, and beside what others left in it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mulegraph.errors import DataError, EngineError
from mulegraph.graph.base import GraphInput
from mulegraph.graph.neo4j.graph import Neo4jGraph
from mulegraph.graph.neo4j.load import GraphLoad
from mulegraph.graph.neo4j.session import connect
from tests.graph.conftest import SPLIT, cases_of, finding, findings_of, input_of, listing, tables_of, use
from tests.neo4j_server import environment, values, without_schema

ROOT = Path(__file__).parents[3]
TIME_ORDER = "MATCH (a:Account)-[t:TRANSFER]->(b:Account) RETURN t.transfer_id AS id ORDER BY t.at, id"
NEXT_DAY = SPLIT + "mule_a new 1.00 1+9:00"

LOAD_KILLED = """
import os, signal, sys
from mulegraph.graph.neo4j.graph import Neo4jGraph
from mulegraph.graph.neo4j.address import Address
from tests.graph.conftest import input_of
from tests.graph.neo4j.test_load import many
parts = []
def told(name, rows):
    if rows:
        parts.append(name)
    if parts.count(sys.argv[2]) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
Neo4jGraph(Address.read(sys.argv[1], insecure=True)).load(input_of(many(60)), batch_rows=5, told=told)
"""


def many(count: int) -> str:
    """So many transfers among ten accounts, a quarter of an hour apart."""
    lines = []
    for number in range(count):
        day, minutes = divmod(number * 15, 1440)
        ends = f"a{number % 10} a{number * 3 % 10 + number // 30}"
        lines.append(f"{ends} {number + 1}.00 {day}+{minutes // 60}:{minutes % 60:02}")
    return "\n".join(lines)


def written(loaded: GraphLoad) -> dict[str, tuple[int, int, int, int]]:
    """What a load did where it did something."""
    every = {name: (t.new, t.changed, t.vanished, t.deleted) for name, t in loaded.tallies.items()}
    return {name: numbers for name, numbers in every.items() if any(numbers)}


def run(graph: Neo4jGraph, *statements: str) -> None:
    """Change the graph by hand, as others who share it may."""
    with connect(graph.address) as driver, driver.session(database=graph.address.database) as session:
        for statement in statements:
            session.run(statement).consume()


def contents(graph: Neo4jGraph) -> list[str]:
    """Every node of ours and every relationship with its ends, all with their properties, in a set order."""
    nodes = "MATCH (n) WHERE NOT n:Load AND NOT n:Meta RETURN [labels(n)[0], properties(n)]"
    ends = "MATCH (a)-[r]->(b) RETURN [type(r), properties(r), properties(a), properties(b)]"
    rows = [row for statement in (nodes, ends) for row in values(graph, statement)]
    return sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)


def full(drawing: str = SPLIT, **changed: Any) -> GraphInput:
    """A drawing with devices, listings, findings and a case."""
    tables: dict[str, Any] = {
        "listings": [listing("mule_a"), listing("phone", kind="device"), listing("h_victim", kind="holder")],
        "device_use": [use("mule_a", "phone"), use("mule_a", "phone", "9:00"), use("mule_b", "phone")],
        "holders": [{"holder_id": "h_mule_a", "name": "Ann", "monthly_income": Decimal("1234.560")}],
        "findings": findings_of(finding("f1", "mule_a", ["mule_a", "victim", "victim"])),
        "cases": cases_of({"case": "CASE-1", "accounts": ["mule_a"], "findings": ["f1"]}),
    }
    return input_of(drawing, **{**tables, **changed})


# Once, and again


def test_first_load_writes_what_the_embedded_engine_writes(neo4j: Neo4jGraph, graph: Any) -> None:
    """The two engines count the same nodes and relationships of the same ledger."""
    assert neo4j.rebuild(full(), stamp="a stamp") == graph.rebuild(full(), stamp="a stamp")
    assert neo4j.status().stamp == graph.status().stamp


def test_second_load_changes_nothing(neo4j: Neo4jGraph) -> None:
    """Neither when hashes say so nor when every row is compared."""
    neo4j.load(full())
    before = contents(neo4j)
    assert written(neo4j.load(full())) == {}
    assert written(neo4j.load(full(), every_row=True)) == {}
    assert contents(neo4j) == before


def test_load_says_what_it_wrote(neo4j: Neo4jGraph) -> None:
    """By label and relationship, as many as there are."""
    assert written(neo4j.load(full())) == {
        "Account": (6, 0, 0, 0),
        "Holder": (4, 0, 0, 0),
        "Device": (1, 0, 0, 0),
        "Listing": (3, 0, 0, 0),
        "OWNS": (4, 0, 0, 0),
        "USED": (2, 0, 0, 0),
        "LISTED": (3, 0, 0, 0),
        "TRANSFER": (5, 0, 0, 0),
    }


def test_another_day_is_added_and_accounts_count_it(neo4j: Neo4jGraph) -> None:
    """Only what is new or differs is written: a transfer, its new account and holder, and two counts."""
    neo4j.load(full())
    assert written(neo4j.load(full(NEXT_DAY))) == {
        "Account": (1, 1, 0, 0),
        "Holder": (1, 0, 0, 0),
        "OWNS": (1, 0, 0, 0),
        "TRANSFER": (1, 0, 0, 0),
    }
    assert len(values(neo4j, TIME_ORDER)) == 6
    assert values(neo4j, "MATCH (a:Account {account_id: 'mule_a'}) RETURN a.transfers") == [3]


def test_a_day_that_grew_is_compared(neo4j: Neo4jGraph) -> None:
    """A transfer that comes late, for a day that is loaded, is the only one written."""
    neo4j.load(full())
    loaded = written(neo4j.load(full(SPLIT + "mule_b victim 5.00 11:00")))
    assert loaded["TRANSFER"] == (1, 0, 0, 0)
    assert len(values(neo4j, TIME_ORDER)) == 6


def test_changed_attributes_are_updated(neo4j: Neo4jGraph) -> None:
    """Also one that is empty now."""
    neo4j.load(full(holders=[{"holder_id": "h_mule_a", "name": "Ann", "address": "Here 1"}]))
    loaded = written(neo4j.load(full(holders=[{"holder_id": "h_mule_a", "name": "Anna"}])))
    assert loaded == {"Holder": (0, 1, 0, 0)}
    held = "MATCH (h:Holder {holder_id: 'h_mule_a'}) RETURN h.name + coalesce(h.address, '') AS n"
    assert values(neo4j, held) == ["Anna"]


def test_changed_device_use_is_updated(neo4j: Neo4jGraph) -> None:
    """A relationship without an id of its own is known by its ends, and stays one."""
    neo4j.load(full())
    more = [use("mule_a", "phone", clock) for clock in ("8:00", "9:00", "11:00")] + [use("mule_b", "phone")]
    assert written(neo4j.load(full(device_use=more))) == {"USED": (0, 1, 0, 0)}
    used = "MATCH (:Account {account_id: 'mule_a'})-[u:USED]->() RETURN u.uses"
    assert values(neo4j, used) == [3]


def test_a_transfer_that_another_ledger_tells_otherwise_is_written_anew(neo4j: Neo4jGraph) -> None:
    """Other ends, another amount and another day, under the same id: one relationship, as the last ledger has it."""
    neo4j.load(full(NEXT_DAY))
    moved = SPLIT.replace("victim    mule_b    400.00  9:02", "victim    mule_a    401.00  2+9:02")
    loaded = written(neo4j.load(full(moved + "mule_a new 1.00 1+9:00")))
    assert loaded["TRANSFER"] == (0, 1, 0, 0)
    row = "MATCH (a)-[t:TRANSFER {transfer_id: 't002'}]->(b) RETURN [b.account_id, t.amount, t.at.day] AS r"
    assert values(neo4j, row) == [["mule_a", 401.0, 7]]
    assert written(neo4j.load(full(moved + "mule_a new 1.00 1+9:00"), every_row=True)) == {}


def test_vanished_rows_are_reported_and_stay(neo4j: Neo4jGraph) -> None:
    """Each time, until they are pruned; a whole day that is gone counts, too."""
    neo4j.load(full(NEXT_DAY))
    for _ in range(2):
        loaded = neo4j.load(full())
        assert {name: t.vanished for name, t in loaded.tallies.items() if t.vanished} == {
            "Account": 1,
            "Holder": 1,
            "OWNS": 1,
            "TRANSFER": 1,
        }
        assert len(values(neo4j, TIME_ORDER)) == 6


def test_prune_deletes_what_vanished_and_nothing_else(neo4j: Neo4jGraph) -> None:
    """Then graph and ledger hold the same, and the next load finds nothing to do."""
    neo4j.load(full())
    before = contents(neo4j)
    neo4j.load(full(NEXT_DAY))
    neo4j.load(full())
    deleted = {name: t.deleted for name, t in neo4j.load(full(), prune=True).tallies.items() if t.deleted}
    assert deleted == {"Account": 1, "Holder": 1}  # with what hung on them
    assert contents(neo4j) == before
    assert written(neo4j.load(full(), prune=True)) == {}


def test_a_day_that_came_back_is_whole_again(neo4j: Neo4jGraph) -> None:
    """Left out by one ledger and in the next: nothing stands twice."""
    neo4j.load(full(NEXT_DAY))
    before = contents(neo4j)
    neo4j.load(full())
    assert neo4j.load(full(NEXT_DAY)).vanished == 0
    assert contents(neo4j) == before


def test_a_graph_that_holds_more_than_its_ledger_says_so(neo4j: Neo4jGraph) -> None:
    """Masked output rests on it: of another ledger, or with rows that the ledger no longer has, it is not of it."""
    neo4j.load(full(NEXT_DAY), stamp="one")
    assert (neo4j.is_of("one"), neo4j.is_of("other")) == (True, False)
    neo4j.load(full(), stamp="other")
    assert not neo4j.is_of("other")
    neo4j.load(full(), stamp="other", prune=True)
    assert neo4j.is_of("other")


# What others did to the graph


@pytest.mark.parametrize(
    "harm",
    [
        "MATCH (n) DETACH DELETE n",
        "MATCH (n) WHERE NOT n:Load DETACH DELETE n",
        "MATCH ()-[t:TRANSFER {transfer_id: 't003'}]->() DELETE t",
        "MATCH ()-[o:OWNS]->() DELETE o",
        "MATCH (a:Account {account_id: 'victim'}) DETACH DELETE a",
    ],
)
def test_what_was_deleted_by_hand_comes_back_with_the_next_load(harm: str, neo4j: Neo4jGraph) -> None:
    """The counts betray it, though the hashes are as they were."""
    neo4j.load(full())
    before = contents(neo4j)
    run(neo4j, harm)
    neo4j.load(full())
    neo4j.load(full())
    assert contents(neo4j) == before


def test_comparing_every_row_mends_what_was_changed_by_hand(neo4j: Neo4jGraph) -> None:
    """Values of another type, other values, and none; what is not ours is left alone."""
    neo4j.load(full())
    before = contents(neo4j)
    run(
        neo4j,
        "MATCH (a:Account {account_id: 'victim'}) SET a.bank = 5, a.currency = null",
        "MATCH (a:Account {account_id: 'mule_a'}) SET a.transfers = 'many', a.opened_on = 'never'",
        "MATCH ()-[t:TRANSFER {transfer_id: 't001'}]->() SET t.amount = 'much', t.at = date('2026-01-01')",
        "MATCH ()-[u:USED]->() SET u.first_at = null",
    )
    assert written(neo4j.load(full(), every_row=True)) == {
        "Account": (0, 2, 0, 0),
        "TRANSFER": (0, 1, 0, 0),
        "USED": (0, 2, 0, 0),
    }
    assert contents(neo4j) == before


def test_older_data_that_breaks_a_key_is_named(neo4j: Neo4jGraph) -> None:
    """Two accounts of one number, from before: bad data, said in a line that names no account."""
    without_schema(neo4j.address)
    run(neo4j, "CREATE (:Account {account_id: 'secret-1'}), (:Account {account_id: 'secret-1'})")
    with pytest.raises(DataError, match="older data") as error:
        neo4j.load(full())
    assert "secret-1" not in str(error.value)
    run(neo4j, "MATCH (a:Account) DETACH DELETE a")
    assert neo4j.load(full()).changed


# Findings


def test_findings_are_replaced_whole(neo4j: Neo4jGraph) -> None:
    """New findings and cases take the old ones' place, and what they are about stays."""
    neo4j.rebuild(full())
    counts = neo4j.replace_findings(
        findings_of(finding("new", "mule_b", ["mule_b", "victim"])),
        cases_of({"case": "CASE-2", "accounts": ["mule_b"], "findings": ["new"]}),
        run="a run",
    )
    assert {name: counts[name] for name in ("Account", "TRANSFER", "Finding", "Case", "ABOUT", "PART_OF")} == {
        "Account": 6,
        "TRANSFER": 5,
        "Finding": 1,
        "Case": 1,
        "ABOUT": 2,
        "PART_OF": 2,
    }
    assert values(neo4j, "MATCH (f:Finding) RETURN f.finding_id") == ["new"]
    assert neo4j.run() == "a run"


def test_readers_never_see_half_a_run(neo4j: Neo4jGraph) -> None:
    """While runs of different sizes replace each other, a reader finds the one or the other."""
    runs = [
        (
            findings_of(*(finding(f"f{run}-{i}", "mule_a", ["mule_a"], sign=f"S{run}") for i in range(50 * (run + 1)))),
            run,
        )
        for run in range(2)
    ]
    neo4j.rebuild(input_of(SPLIT, findings=runs[0][0]))
    ended, seen = threading.Event(), set()

    def read() -> None:
        with Neo4jGraph(neo4j.address) as reader:
            while not ended.is_set():
                seen.add(tuple(values(reader, "MATCH (f:Finding) RETURN count(f) AS n")))

    watching = threading.Thread(target=read)
    watching.start()
    for _ in range(5):
        for findings, _run in reversed(runs):
            neo4j.replace_findings(findings, None)
    ended.set()
    watching.join()
    assert seen <= {(50,), (100,)}


# Two at once, and crashes


def test_two_loads_at_once_write_each_row_once(neo4j: Neo4jGraph) -> None:
    """They share the batches, whoever is first, and neither fails."""
    source = input_of(many(300))
    loads: list[GraphLoad] = []

    def load() -> None:
        with Neo4jGraph(neo4j.address) as graph:
            loads.append(graph.load(source, batch_rows=5))

    workers = [threading.Thread(target=load) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert len(loads) == 2
    assert sum(each.tallies["TRANSFER"].new for each in loads) == 300
    assert len(values(neo4j, TIME_ORDER)) == 300
    assert written(neo4j.load(source, every_row=True)) == {}


def test_two_loads_of_a_later_day_at_once(neo4j: Neo4jGraph) -> None:
    """Where both compare and both would write the same rows, none stands twice and nobody fails."""
    neo4j.load(input_of(many(60)))
    source, trouble = input_of(many(300)), []

    def load() -> None:
        try:
            with Neo4jGraph(neo4j.address) as graph:
                graph.load(source, batch_rows=20)
        except Exception as error:
            trouble.append(error)

    workers = [threading.Thread(target=load) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert trouble == []
    assert written(neo4j.load(source, every_row=True)) == {}


@pytest.mark.parametrize("part", ["Account", "TRANSFER"])
def test_killed_load_goes_on_where_it_was(part: str, neo4j: Neo4jGraph) -> None:
    """The process is killed between two batches; the next load writes the rest, and each row stands once."""
    command = [sys.executable, "-c", LOAD_KILLED, neo4j.address.url, part]
    killed = subprocess.run(command, cwd=ROOT, env=environment(neo4j.address), capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    loaded = neo4j.load(input_of(many(60)), batch_rows=5)
    assert 0 < loaded.tallies[part].new < {"Account": 14, "TRANSFER": 60}[part]
    assert len(values(neo4j, TIME_ORDER)) == 60
    assert written(neo4j.load(input_of(many(60)), every_row=True)) == {}


def test_batch_whose_ends_are_missing_is_refused(neo4j: Neo4jGraph) -> None:
    """A relationship is never dropped in silence; the batch leaves nothing behind."""
    drawn = tables_of(SPLIT)

    def without(rows: pa.Table) -> pa.Table:
        return rows.filter(pa.compute.field("account_id") != "collector")

    tables = {**drawn, "accounts": without(drawn["accounts"])}
    with pytest.raises(EngineError, match="lacks an end of 3 relationships"):
        neo4j.load(GraphInput({name: (lambda rows=rows: rows) for name, rows in tables.items()}))
    assert values(neo4j, TIME_ORDER) == []
