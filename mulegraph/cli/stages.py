"""The stages that commands call, each loaded when a command first uses it: help and completion need none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mulegraph.lazy import Lazy

__all__ = [
    "acts",
    "holds",
    "identity",
    "list_files",
    "lists",
    "load",
    "mapping",
    "network_pages",
    "own",
    "queries",
    "rejects",
    "reports",
    "requests",
    "scan",
    "shared_graph",
    "simulate",
    "tables",
    "tracing",
    "workspace",
]

if TYPE_CHECKING:
    from mulegraph import simulate
    from mulegraph.cases import identity
    from mulegraph.casework import acts, holds, list_files, lists, requests
    from mulegraph.flow import tracing
    from mulegraph.graph import queries
    from mulegraph.ingest import load, mapping, rejects
    from mulegraph.signs import own
    from mulegraph.views import network_pages, reports, tables
    from mulegraph.workspace import scan, shared_graph, workspace
else:
    identity = Lazy("mulegraph.cases.identity")
    acts = Lazy("mulegraph.casework.acts")
    holds = Lazy("mulegraph.casework.holds")
    list_files = Lazy("mulegraph.casework.list_files")
    lists = Lazy("mulegraph.casework.lists")
    requests = Lazy("mulegraph.casework.requests")
    tracing = Lazy("mulegraph.flow.tracing")
    queries = Lazy("mulegraph.graph.queries")
    load = Lazy("mulegraph.ingest.load")
    mapping = Lazy("mulegraph.ingest.mapping")
    rejects = Lazy("mulegraph.ingest.rejects")
    own = Lazy("mulegraph.signs.own")
    simulate = Lazy("mulegraph.simulate")
    network_pages = Lazy("mulegraph.views.network_pages")
    reports = Lazy("mulegraph.views.reports")
    tables = Lazy("mulegraph.views.tables")
    scan = Lazy("mulegraph.workspace.scan")
    shared_graph = Lazy("mulegraph.workspace.shared_graph")
    workspace = Lazy("mulegraph.workspace.workspace")
