"""What a workspace asks of its graph, its own file or a server's, and how it fills either."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from mulegraph.errors import UsageError
from mulegraph.graph.base import Answer, GraphInput, GraphStatus
from mulegraph.graph.neo4j.address import Address
from mulegraph.graph.queries import ask, known_query
from mulegraph.schema.choices import LISTS
from mulegraph.schema.disclosure import Each, Says
from mulegraph.schema.tables import CASH_IN, CASH_OUT
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.graph_store import embedded, fill_graph, is_current, is_of_journal, shared
from mulegraph.workspace.graph_store import fill_server as fill_far
from mulegraph.workspace.listing import between
from mulegraph.workspace.questions import SubjectId, Word, question
from mulegraph.workspace.run import Runs

if TYPE_CHECKING:
    from mulegraph.graph.neo4j.graph import Neo4jGraph
    from mulegraph.graph.neo4j.importer import ImportFiles
    from mulegraph.graph.neo4j.load import GraphLoad


def answer_says(asked: Mapping[str, Any]) -> Says:
    """What the rows of an answer say, as the question's header declares."""
    return Each(known_query(asked["name"]).record)


@question(answer_says)
def query(
    space: WorkspaceBase,
    name: Word,
    parameters: Mapping[Word, SubjectId],
    *,
    row_cap: int | None = None,
    timeout_seconds: float | None = None,
) -> Answer:
    """Ask `cypher/NAME.cypher` of the server, or of the embedded graph, which is brought up to date first."""
    known_query(name).bind(parameters)
    if space.server is not None:
        with far_graph(space) as far:
            if far.is_of(space.ledger.hash):
                _check(space, parameters)
            return ask(far, name, parameters, row_cap=row_cap, timeout_seconds=timeout_seconds)
    _check(space, parameters)
    graph = embedded(space.folder)
    if not is_current(graph, space.ledger):
        space.notify("the graph is not of this ledger; rebuilding it first")
        rebuild_graph(space)
    elif not is_of_journal(space.folder) and (run := Runs(space.folder).latest(space.ledger.hash)):
        fill_graph(space.folder, space.ledger, run.told_findings(), run.table("cases"))
    with graph:
        return ask(graph, name, parameters, row_cap=row_cap, timeout_seconds=timeout_seconds)


def far_graph(space: WorkspaceBase) -> Neo4jGraph:
    """The server's graph, to be asked."""
    return shared(_server(space))


def is_of_ledger(space: WorkspaceBase) -> bool:
    """Whether the server's graph holds this ledger and nothing else."""
    with far_graph(space) as graph:
        return graph.is_of(space.ledger.hash)


def graph_status(space: WorkspaceBase) -> GraphStatus:
    """What the graph holds, the server's or the embedded one."""
    with shared(space.server) if space.server is not None else embedded(space.folder) as graph:
        return graph.status()


def update_graph(space: WorkspaceBase) -> None:
    """Bring the embedded graph up to the ledger, with the findings of a run over it if there is one."""
    if not is_current(embedded(space.folder), space.ledger):
        rebuild_graph(space)


def rebuild_graph(space: WorkspaceBase) -> dict[str, int]:
    """Write the embedded graph anew from the ledger and the latest run."""
    run = Runs(space.folder).latest(space.ledger.hash)
    tables = (run.told_findings(), run.table("cases")) if run else (None, None)
    return fill_graph(space.folder, space.ledger, *tables, anew=True)


def fill_server(space: WorkspaceBase, **how: Any) -> GraphLoad:
    """Bring the server's graph up to the ledger and the latest run over it; `how` as `Neo4jGraph.load` takes it."""
    run = Runs(space.folder).latest(space.ledger.hash)
    return fill_far(space.folder, _server(space), space.ledger, run, **how)


def write_import(space: WorkspaceBase, folder: Path) -> ImportFiles:
    """Write the ledger's part of the graph as files for a server's own importer, into a new folder."""
    from mulegraph.graph.neo4j.importer import write_import
    from mulegraph.graph.neo4j.portions import portions_of

    return write_import(folder, GraphInput.of(space.ledger), portions_of(space.ledger), stamp=space.ledger.hash)


def _server(space: WorkspaceBase) -> Address:
    if space.server is None:
        raise UsageError("this workspace has no server", hint="Give its address, as --graph does.")
    return space.server


def _check(space: WorkspaceBase, parameters: Mapping[str, str]) -> None:
    """Raises UsageError for an account, device or list that there is not, which an empty answer would not tell."""
    for name in ("account", "one", "other"):
        if name in parameters and parameters[name] not in (CASH_IN, CASH_OUT):
            space.check_account(parameters[name])
    for each in filter(None, map(str.strip, parameters.get("accounts", "").split(","))):
        space.check_account(each)
    named = parameters.get("list", LISTS[0])
    if named not in LISTS:
        raise UsageError("list '{list}' is unknown", hint=f"Expected one of {', '.join(LISTS)}.", list=named)
    if "device" in parameters:
        use = space.ledger.arrow("device_use", ["device_id"])
        if not pc.any(pc.equal(use["device_id"], parameters["device"])).as_py():
            raise UsageError(
                "device '{device}' is not in the ledger",
                hint="Give its id as in device_use.csv.",
                device=parameters["device"],
            )
    if {"since", "until"} <= parameters.keys():
        between(parameters["since"], parameters["until"])
