"""What a workspace asks of its graph, its own file or a server's, and how it fills either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from mulegraph.errors import UsageError
from mulegraph.graph.base import Answer, GraphInput, GraphStatus
from mulegraph.graph.queries import ask, known_query
from mulegraph.privacy.door import Outward, outward
from mulegraph.schema.tables import CASH_IN, CASH_OUT, LISTS
from mulegraph.workspace.graph_store import embedded, fill_graph, fill_server, is_current, is_of_journal, shared
from mulegraph.workspace.listing import between
from mulegraph.workspace.run import Runs

if TYPE_CHECKING:
    from mulegraph.graph.neo4j.address import Address
    from mulegraph.graph.neo4j.graph import Neo4jGraph
    from mulegraph.graph.neo4j.importer import ImportFiles
    from mulegraph.graph.neo4j.load import GraphLoad


class GraphQuestions(Outward):
    """A workspace whose questions in Cypher go to its embedded graph, or to the `server` that is given."""

    def __init__(
        self,
        folder: Path | str,
        *,
        told: Callable[[str], None] | None = None,
        reveal: str | None = None,
        server: Address | None = None,
    ) -> None:
        super().__init__(folder, told=told, reveal=reveal)
        self.server = server

    @outward
    def query(
        self,
        name: str,
        parameters: Mapping[str, str],
        *,
        row_cap: int | None = None,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Ask `cypher/NAME.cypher` of the server, or of the embedded graph, which is brought up to date first."""
        known_query(name).bind(parameters)
        if self.server is not None:
            with self.far() as far:
                if far.is_of(self.ledger.hash):
                    self._check(parameters)
                return ask(far, name, parameters, row_cap=row_cap, timeout_seconds=timeout_seconds)
        self._check(parameters)
        graph = embedded(self.folder)
        if not is_current(graph, self.ledger):
            self.told("the graph is not of this ledger; rebuilding it first")
            self.rebuild_graph()
        elif not is_of_journal(self.folder) and (run := Runs(self.folder).latest(self.ledger.hash)):
            fill_graph(self.folder, self.ledger, run.told_findings(), run.table("cases"))
        with graph:
            return ask(graph, name, parameters, row_cap=row_cap, timeout_seconds=timeout_seconds)

    def _check(self, parameters: Mapping[str, str]) -> None:
        """Raises UsageError for an account, device or list that there is not, which an empty answer would not tell."""
        for name in ("account", "one", "other"):
            if name in parameters and parameters[name] not in (CASH_IN, CASH_OUT):
                self.known_account(parameters[name])
        for each in filter(None, map(str.strip, parameters.get("accounts", "").split(","))):
            self.known_account(each)
        if parameters.get("list", LISTS[0]) not in LISTS:
            raise UsageError(
                f"list '{parameters['list']}' is unknown", hint="Expected one of " + ", ".join(LISTS) + "."
            )
        if "device" in parameters:
            use = self.ledger.arrow("device_use", ["device_id"])
            if not pc.any(pc.equal(use["device_id"], parameters["device"])).as_py():
                raise UsageError(
                    f"device '{parameters['device']}' is not in the ledger", hint="Give its id as in device_use.csv."
                )
        if {"since", "until"} <= parameters.keys():
            between(parameters["since"], parameters["until"])

    def known_account(self, account: str) -> str:
        """The account's id. Raises UsageError for one that the ledger does not hold."""
        raise NotImplementedError

    def far(self) -> Neo4jGraph:
        """The server's graph, to be asked.

        Values are masked by looking them up in the ledger, so a graph that holds more than it is not asked, unless
        there is a reason to reveal: UsageError.
        """
        if self.server is None:
            raise UsageError("this workspace has no server", hint="Give its address, as --graph does.")
        graph = shared(self.server)
        if self.reveal is None and not graph.is_of(self.ledger.hash):
            graph.close()
            raise UsageError(
                f"{self.server.url} is not of the ledger in {self.folder}, or holds more, which could not be masked",
                hint="Run 'mulegraph load FOLDER --graph URL' (--prune deletes the rest), or --reveal WHY.",
            )
        return graph

    def graph_status(self) -> GraphStatus:
        """What the graph holds, the server's or the embedded one."""
        with shared(self.server) if self.server is not None else embedded(self.folder) as graph:
            return graph.status()

    def update_graph(self) -> None:
        """Bring the embedded graph up to the ledger, with the findings of a run over it if there is one."""
        if not is_current(embedded(self.folder), self.ledger):
            self.rebuild_graph()

    def rebuild_graph(self) -> dict[str, int]:
        """Write the embedded graph anew from the ledger and the latest run."""
        run = Runs(self.folder).latest(self.ledger.hash)
        tables = (run.told_findings(), run.table("cases")) if run else (None, None)
        return fill_graph(self.folder, self.ledger, *tables, anew=True)

    def fill_server(self, **how: Any) -> GraphLoad:
        """Bring the server's graph up to the ledger and the latest run over it; `how` as `Neo4jGraph.load` takes it."""
        if self.server is None:
            raise UsageError("this workspace has no server", hint="Give its address, as --graph does.")
        return fill_server(self.folder, self.server, self.ledger, Runs(self.folder).latest(self.ledger.hash), **how)

    def write_import(self, folder: Path) -> ImportFiles:
        """Write the ledger's part of the graph as files for a server's own importer, into a new folder."""
        from mulegraph.graph.neo4j.importer import write_import
        from mulegraph.graph.neo4j.portions import portions_of

        return write_import(folder, GraphInput.of(self.ledger), portions_of(self.ledger), stamp=self.ledger.hash)
