"""The first fill through the server's own importer: the same graph as a load through the driver makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mulegraph.errors import UsageError
from mulegraph.graph.neo4j.graph import Neo4jGraph
from mulegraph.graph.neo4j.importer import write_import
from mulegraph.graph.neo4j.portions import portions_of_tables
from tests.graph.conftest import SPLIT
from tests.graph.neo4j.test_load import NEXT_DAY, contents, full, written
from tests.neo4j_server import Server, address_of, values

AWKWARD = [
    {"holder_id": "h_mule_a", "name": 'Ann "the, mule"', "address": "Line 1\nLine 2", "occupation": "; DROP 'x' \\"},
    {"holder_id": "h_mule_b", "name": "Nguyễn Văn A", "address": "", "occupation": None},
    {"holder_id": "h_victim", "name": "  =1+1\ttab", "address": "ends with \\"},
]


def test_imported_graph_is_the_loaded_one(own_server: Server, neo4j: Neo4jGraph, tmp_path: Path) -> None:
    """Quotes, commas, line ends and empty values arrive; the next load finds nothing to do, and goes on from there."""
    source = full(NEXT_DAY, holders=AWKWARD)
    made = write_import(tmp_path / "new", source, portions_of_tables(source), stamp="a stamp")
    own_server.kill()
    own_server.more_conf.pop("server.databases.default_to_read_only", None)
    own_server.prepare()
    own_server.admin("database", "import", "full", "neo4j", "--overwrite-destination", f"@{made.argument_file}")
    own_server.start()
    neo4j.load(source, stamp="a stamp")
    with Neo4jGraph(address_of(own_server)) as imported:
        assert imported.status() == neo4j.status()
        assert contents(imported) == contents(neo4j)
        assert written(imported.load(source)) == {}
        assert written(imported.load(source, every_row=True)) == {}
        imported.load(full(NEXT_DAY + "\nnew victim 3.00 2+9:00", holders=AWKWARD))
        assert len(values(imported, "MATCH ()-[t:TRANSFER]->() RETURN t.transfer_id AS id")) == 7


def test_folder_in_use_is_refused(tmp_path: Path) -> None:
    """Nothing of another fill is mixed in."""
    (tmp_path / "old.csv").touch()
    source = full(SPLIT)
    with pytest.raises(UsageError, match="is not an empty folder"):
        write_import(tmp_path, source, portions_of_tables(source), stamp="")
