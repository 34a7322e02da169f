"""A workspace: one folder with a ledger and its runs, and every question that can be asked of it, unmasked.

The command line and notebooks ask the same questions through `mulegraph.privacy.door`, which masks the answers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from mulegraph.schema.choices import DUCKDB, EngineChoice
from mulegraph.workspace import (
    account_page,
    case,
    graph_questions,
    ledger_tables,
    listings,
    network_graphs,
    run_difference,
    shared_graph,
    tracing,
)
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.scan import ScanResult, scan


class Workspace(WorkspaceBase):
    """A folder with a ledger. Listings are data frames, best first; `since` and `until` keep what overlaps them.

    Everything is as it stands in the ledger: who asks here sees whom it is about.
    """

    chains = listings.chains
    findings = listings.findings
    cases = listings.cases
    devices = listings.devices
    hub_devices = listings.hub_devices
    devices_of = listings.devices_of
    links = listings.links
    transfers = listings.transfers
    transfers_of = listings.transfers_of
    ranking = listings.ranking
    alerts = listings.alerts
    difference = run_difference.difference
    case = case.find_case
    account = account_page.account_page
    explain = account_page.explain
    account_network = network_graphs.account_network
    chain_network = network_graphs.chain_network
    path_network = network_graphs.path_network
    device_network = network_graphs.device_network
    holder_network = network_graphs.holder_network
    trace_network = network_graphs.trace_network
    trace = tracing.trace
    query = graph_questions.query
    graph_status = graph_questions.graph_status
    update_graph = graph_questions.update_graph
    rebuild_graph = graph_questions.rebuild_graph
    fill_server = graph_questions.fill_server
    write_import = graph_questions.write_import
    far_table = shared_graph.far_table
    far_network = shared_graph.far_network
    ledger_rows = ledger_tables.ledger_rows
    loads = ledger_tables.loads
    forget_load = ledger_tables.forget_load

    def scan(
        self,
        *,
        progress: Callable[[str], None] | None = None,
        choice: EngineChoice = DUCKDB,
        since: date | None = None,
    ) -> ScanResult:
        """Scan now; later questions ask the new run, listings from the day `since` on. `choice` is the engine."""
        result = scan(self.folder, progress=progress, choice=choice, server=self.server, since=since)
        self.__dict__["run"] = result.run
        return result
