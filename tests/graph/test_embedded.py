"""The embedded graph file: made, swapped, read by several at once, killed, damaged, and asked for too much."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from mulegraph.errors import DataError, EngineError, UsageError
from mulegraph.graph.base import GraphInput
from mulegraph.graph.embedded import EmbeddedGraph
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.tables import CASH_IN, CASH_OUT

from .conftest import SPLIT, cases_of, finding, findings_of, input_of, listing, use

GraphOf = Callable[..., EmbeddedGraph]
ACCOUNTS = "MATCH (a:Account) RETURN a.account_id AS account ORDER BY account"
PAIRS = "MATCH (a:Account)-[:TRANSFER]->(b:Account) RETURN a.account_id AS payer ORDER BY payer"
NEVER_ENDING = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(a * b) AS n"

READ = """
import sys
from pathlib import Path
from mulegraph.graph.embedded import EmbeddedGraph
with EmbeddedGraph(Path(sys.argv[1])) as graph:
    for line in sys.stdin:
        answer = graph.query("MATCH (a:Account) RETURN count(*) AS n", {}, row_cap=1, timeout_seconds=30)
        print(answer.rows[0]["n"], flush=True)
"""
REBUILD_KILLED = """
import os, signal, sys
from pathlib import Path
from mulegraph.graph.embedded import EmbeddedGraph
from tests.graph.conftest import SPLIT, input_of
source = input_of(SPLIT + "mule_a new 1.00 11:00")
transfers = source.tables["transfers"]
asked = []
def kill():
    asked.append(1)
    if len(asked) == 2:  # accounts have been written by then
        os.kill(os.getpid(), signal.SIGKILL)
    return transfers()
EmbeddedGraph(Path(sys.argv[1])).rebuild(type(source)({**source.tables, "transfers": kill}))
"""


def values(graph: EmbeddedGraph, statement: str, **parameters: object) -> list[object]:
    """The first column of an answer."""
    answer = graph.query(statement, parameters, row_cap=1000, timeout_seconds=30)
    return [row[answer.columns[0]] for row in answer.rows]


def python(code: str, path: Path) -> subprocess.Popen[str]:
    """A process of its own that is given the graph's path."""
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def asked(reader: subprocess.Popen[str]) -> str:
    """What a reading process answers now."""
    assert reader.stdin and reader.stdout
    reader.stdin.write("\n")
    reader.stdin.flush()
    return reader.stdout.readline().strip()


# Made


def test_rebuild_counts_what_it_wrote(graph: EmbeddedGraph) -> None:
    """Cash is two accounts; holders and devices that only another table names are nodes too."""
    counts = graph.rebuild(
        input_of(
            SPLIT,
            listings=[listing("mule_a"), listing("phone", kind="device"), listing("nobody")],
            device_use=[use("mule_a", "phone"), use("mule_a", "phone", "9:00"), use("mule_b", "phone")],
            findings=findings_of(finding("f1", "mule_a", ["mule_a", "victim", "victim"])),
            cases=cases_of({"case": "CASE-1", "accounts": ["mule_a"], "findings": ["f1"]}),
        ),
        stamp="a stamp",
    )
    nodes = {"Account": 6, "Holder": 4, "Device": 1, "Listing": 3, "Finding": 1, "Case": 1}
    relationships = {"OWNS": 4, "USED": 2, "TRANSFER": 5, "LISTED": 2, "ABOUT": 2, "PART_OF": 2}
    assert counts == {**nodes, **relationships}
    status = graph.status()
    assert (status.nodes, status.relationships, status.stamp) == (nodes, relationships, "a stamp")
    assert status.size_bytes == graph.path.stat().st_size


def test_graph_of_a_loaded_ledger(ledger_of: Callable[..., Ledger], graph: EmbeddedGraph) -> None:
    """`GraphInput.of` reads what a ledger holds; tables that were never loaded are empty."""
    counts = graph.rebuild(GraphInput.of(ledger_of(SPLIT)))
    assert (counts["Account"], counts["TRANSFER"], counts["Device"], counts["Finding"]) == (6, 5, 0, 0)
    assert values(graph, PAIRS) == ["collector", "mule_a", "mule_b", "victim", "victim"]


def test_transfers_of_a_ledger_are_streamed(ledger_of: Callable[..., Ledger]) -> None:
    """They come as record batches, every time they are asked for, and not as one table."""
    source = GraphInput.of(ledger_of(SPLIT))
    for _ in range(2):
        reader = source.tables["transfers"]()
        assert isinstance(reader, pa.RecordBatchReader)
        assert sum(len(batch) for batch in reader) == 5


def test_no_path_runs_through_cash(graph_of: GraphOf) -> None:
    """Cash paid in and cash taken out are different accounts."""
    graph = graph_of("a cash 5.00 9:00\n cash b 5.00 9:10")
    through = "MATCH (a:Account)-[:TRANSFER]->(m:Account)-[:TRANSFER]->(b:Account) RETURN m.account_id"
    assert values(graph, through) == []
    assert values(graph, PAIRS) == [CASH_IN, "a"]
    assert values(graph, "MATCH (a:Account) WHERE a.kind = 'cash' RETURN a.account_id ORDER BY a.account_id") == [
        CASH_IN,
        CASH_OUT,
    ]


def test_account_knows_how_many_transfers_it_is_an_end_of(graph_of: GraphOf) -> None:
    """One to itself counts once, and one that deals with nobody has none."""
    accounts = [
        {"account_id": name, "bank": "NORD", "kind": "personal", "currency": "EUR"} for name in ("a", "b", "idle")
    ]
    graph = graph_of("a b 1.00 9:00\n b a 1.00 9:01\n a a 1.00 9:02\n a cash 1.00 9:03", accounts=accounts)
    rows = graph.query(
        "MATCH (a:Account) RETURN a.account_id AS a, a.transfers AS n", {}, row_cap=9, timeout_seconds=9
    ).rows
    assert {row["a"]: row["n"] for row in rows} == {"a": 4, "b": 2, "idle": 0, CASH_OUT: 1, CASH_IN: 0}


def test_account_named_as_cash_is_refused_and_the_old_graph_stays(graph_of: GraphOf) -> None:
    """A bank's account must not be taken for cash."""
    graph = graph_of(SPLIT)
    with pytest.raises(DataError, match="reserved for cash"):
        graph.rebuild(input_of(f"{CASH_IN} b 1.00 9:00"))
    assert len(values(graph, ACCOUNTS)) == 6


# Findings replaced


def test_replace_findings_leaves_the_ledger_part_alone(graph_of: GraphOf) -> None:
    """New findings and cases take the old ones' place; accounts, transfers and the stamp are as they were."""
    graph = graph_of(SPLIT, findings=findings_of(finding("old", "mule_a", ["mule_a"])))
    before = graph.status()
    counts = graph.replace_findings(
        findings_of(finding("new", "mule_b", ["mule_b", "victim"])),
        cases_of({"case": "CASE-1", "accounts": ["mule_b"], "findings": ["new"]}),
    )
    assert {name: counts[name] for name in ("TRANSFER", "Finding", "Case", "ABOUT", "PART_OF")} == {
        "TRANSFER": before.relationships["TRANSFER"],
        "Finding": 1,
        "Case": 1,
        "ABOUT": 2,
        "PART_OF": 2,
    }
    assert values(graph, "MATCH (f:Finding) RETURN f.finding_id") == ["new"]
    assert graph.status().stamp == before.stamp


def test_findings_can_be_taken_away(graph_of: GraphOf) -> None:
    """A scan that finds nothing leaves no finding of the last one, and may leave its own stamp."""
    graph = graph_of(SPLIT, findings=findings_of(finding("old", "mule_a", ["mule_a"])))
    assert graph.replace_findings(None, None, stamp="later")["Finding"] == 0
    assert graph.status().stamp == "later"


def test_replacing_without_a_graph_says_how_to_make_one(graph: EmbeddedGraph) -> None:
    """There is nothing to copy yet."""
    with pytest.raises(UsageError, match="no graph has been built") as error:
        graph.replace_findings(None, None)
    assert "mulegraph graph rebuild" in error.value.hint
    assert not graph.status().exists


# Several processes


def test_reader_sees_the_new_graph_after_a_swap(graph_of: GraphOf) -> None:
    """A process that holds the old file open answers from the new one at its next question."""
    graph = graph_of(SPLIT)
    with python(READ, graph.path) as reader:
        assert asked(reader) == "6"
        graph.rebuild(input_of(SPLIT + "mule_a new 1.00 11:00"))
        assert asked(reader) == "7"
        assert reader.communicate() == ("", "")


def test_two_processes_read_at_once_and_print_nothing_of_their_own(graph_of: GraphOf) -> None:
    """Readers do not shut each other out, and nothing shows on standard error when they end."""
    graph = graph_of(SPLIT)
    with python(READ, graph.path) as one, python(READ, graph.path) as other:
        assert [asked(each) for each in (one, other, one, other)] == ["6"] * 4
        assert [each.communicate() for each in (one, other)] == [("", "")] * 2
    assert (one.returncode, other.returncode) == (0, 0)


def test_killed_rebuild_leaves_the_old_graph_and_the_next_sweeps_up(graph_of: GraphOf) -> None:
    """A rebuild that dies half way changes nothing that can be asked."""
    graph = graph_of(SPLIT)
    with python(REBUILD_KILLED, graph.path) as killed:
        killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert len(values(graph, ACCOUNTS)) == 6
    assert list(graph.path.parent.glob("*.new*"))
    graph.rebuild(input_of(SPLIT + "mule_a new 1.00 11:00"))
    assert len(values(graph, ACCOUNTS)) == 7
    assert not list(graph.path.parent.glob("*.new*"))


def test_second_writer_is_told_to_wait(graph_of: GraphOf) -> None:
    """Two rebuilds at once would write one file; the later gives up before it does anything."""
    graph = graph_of(SPLIT)
    source = input_of(SPLIT)
    troubles: list[EngineError] = []

    def rebuild_meanwhile() -> pa.Table:
        with pytest.raises(EngineError, match="another process is writing") as error:
            EmbeddedGraph(graph.path).rebuild(source)
        troubles.append(error.value)
        return source.tables["accounts"]()

    graph.rebuild(GraphInput({**source.tables, "accounts": rebuild_meanwhile}))
    assert troubles
    assert len(values(graph, ACCOUNTS)) == 6


# Asked for too much, or for what must not be


def test_row_cap_gives_the_first_rows_and_says_that_there_are_more(graph_of: GraphOf) -> None:
    """Exactly as many rows as the cap is no cut."""
    graph = graph_of(SPLIT)
    cut = graph.query(ACCOUNTS, {}, row_cap=5, timeout_seconds=30)
    assert (len(cut.rows), cut.capped) == (5, True)
    exact = graph.query(ACCOUNTS, {}, row_cap=6, timeout_seconds=30)
    assert (len(exact.rows), exact.capped) == (6, False)


def test_question_that_takes_too_long_is_stopped(graph_of: GraphOf) -> None:
    """The message names the question and its time-out, and the graph answers the next one."""
    graph = graph_of(SPLIT)
    with pytest.raises(EngineError, match=r"query 'slow' was stopped after its time-out of 0.2 seconds") as error:
        graph.query(NEVER_ENDING, {}, row_cap=1, timeout_seconds=0.2, name="slow")
    assert "raise the time-out" in error.value.hint
    assert len(values(graph, ACCOUNTS)) == 6


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE (a:Account {account_id: 'x'})",
        "MATCH (a:Account) SET a.kind = 'x'",
        "MATCH (a:Account) DETACH DELETE a",
        "// a remark\nDROP TABLE Finding",
        "MERGE (a:Account {account_id: 'x'}) RETURN a",
        "MATCH (a:Account) RETURN a.account_id; MATCH (a:Account) DETACH DELETE a",
        "COPY Account TO 'accounts.csv'",
        "CALL enable_semi_mask = false",
        "",
    ],
)
def test_writing_is_refused(statement: str, graph_of: GraphOf) -> None:
    """Whatever a question says, it changes neither the graph nor the disk."""
    graph = graph_of(SPLIT)
    before = graph.path.read_bytes()
    with pytest.raises((UsageError, EngineError)):
        graph.query(statement, {}, row_cap=1, timeout_seconds=30)
    assert graph.path.read_bytes() == before


def test_no_file_can_be_written_behind_a_question(graph_of: GraphOf, tmp_path: Path) -> None:
    """A second statement that copies to the disk is refused before the first runs."""
    target = tmp_path / "accounts.csv"
    statement = f"MATCH (a:Account) RETURN a.account_id; COPY (MATCH (a:Account) RETURN a.account_id) TO '{target}'"
    with pytest.raises(EngineError):
        graph_of(SPLIT).query(statement, {}, row_cap=1, timeout_seconds=30)
    assert not target.exists()


def test_statement_that_does_not_parse_is_named(graph_of: GraphOf) -> None:
    """The engine's own words say where."""
    with pytest.raises(EngineError, match="could not answer query 'odd'"):
        graph_of(SPLIT).query("MATCH (a:Account RETURN a", {}, row_cap=1, timeout_seconds=30, name="odd")


# Damaged


def damaged(path: Path, how: str) -> None:
    """Spoil a graph file: cut it, overwrite it, or put another's bytes in its place."""
    size = path.stat().st_size
    if how == "cut":
        os.truncate(path, size // 3)
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "another file":
        path.write_bytes(b"account_id,bank\n" * 1000)
    else:
        with path.open("r+b") as file:
            file.write(os.urandom(4096))


@pytest.mark.parametrize("how", ["cut", "empty", "another file", "first page overwritten"])
def test_damaged_file_says_to_rebuild(how: str, graph_of: GraphOf) -> None:
    """The graph is an index: a rebuild brings it back."""
    graph = graph_of(SPLIT)
    graph.close()
    damaged(graph.path, how)
    with pytest.raises(EngineError) as error:
        values(graph, ACCOUNTS)
    assert "mulegraph graph rebuild" in error.value.hint
    graph.rebuild(input_of(SPLIT))
    assert len(values(graph, ACCOUNTS)) == 6
