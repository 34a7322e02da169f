"""The stages that commands call, each loaded when a command first uses it: help and completion need none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mulegraph.lazy import Lazy

__all__ = [
    "case_summary",
    "door",
    "exchange",
    "inbox",
    "kept_days",
    "kept_page",
    "lineage",
    "list_files",
    "load",
    "look",
    "mapping",
    "metrics",
    "near_flagged",
    "own",
    "pictures",
    "preview",
    "propose",
    "queries",
    "readers",
    "rejects",
    "reports",
    "request",
    "run_difference",
    "scan",
    "shared_graph",
    "simulate",
    "tables",
    "told",
    "told_lines",
    "tracing",
    "unfinished",
    "watch",
]

if TYPE_CHECKING:
    from mulegraph import simulate
    from mulegraph.casework import kept_page, list_files
    from mulegraph.flow import kept_days, tracing
    from mulegraph.graph import queries
    from mulegraph.ingest import load, mapping, preview, propose, readers, rejects
    from mulegraph.privacy import door, shared_graph
    from mulegraph.signs import near_flagged, own
    from mulegraph.views import case_summary, exchange, lineage, metrics, pictures, reports, request, tables, told_lines
    from mulegraph.watch import inbox, told, watch
    from mulegraph.workspace import look, run_difference, scan, unfinished
else:
    case_summary = Lazy("mulegraph.views.case_summary")
    door = Lazy("mulegraph.privacy.door")
    exchange = Lazy("mulegraph.views.exchange")
    kept_days = Lazy("mulegraph.flow.kept_days")
    kept_page = Lazy("mulegraph.casework.kept_page")
    list_files = Lazy("mulegraph.casework.list_files")
    load = Lazy("mulegraph.ingest.load")
    mapping = Lazy("mulegraph.ingest.mapping")
    near_flagged = Lazy("mulegraph.signs.near_flagged")
    pictures = Lazy("mulegraph.views.pictures")
    own = Lazy("mulegraph.signs.own")
    preview = Lazy("mulegraph.ingest.preview")
    propose = Lazy("mulegraph.ingest.propose")
    queries = Lazy("mulegraph.graph.queries")
    readers = Lazy("mulegraph.ingest.readers")
    rejects = Lazy("mulegraph.ingest.rejects")
    reports = Lazy("mulegraph.views.reports")
    request = Lazy("mulegraph.views.request")
    run_difference = Lazy("mulegraph.workspace.run_difference")
    scan = Lazy("mulegraph.workspace.scan")
    shared_graph = Lazy("mulegraph.privacy.shared_graph")
    simulate = Lazy("mulegraph.simulate")
    tables = Lazy("mulegraph.views.tables")
    tracing = Lazy("mulegraph.flow.tracing")
    inbox = Lazy("mulegraph.watch.inbox")
    told = Lazy("mulegraph.watch.told")
    watch = Lazy("mulegraph.watch.watch")
    look = Lazy("mulegraph.workspace.look")
    unfinished = Lazy("mulegraph.workspace.unfinished")
    told_lines = Lazy("mulegraph.views.told_lines")
    lineage = Lazy("mulegraph.views.lineage")
    metrics = Lazy("mulegraph.views.metrics")
