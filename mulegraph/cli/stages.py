"""The stages that commands call, each loaded when a command first uses it: help and completion need none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mulegraph.lazy import Lazy

__all__ = [
    "case_summary",
    "door",
    "exchange",
    "kept_page",
    "list_files",
    "load",
    "mapping",
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
    "simulate",
    "tables",
    "tracing",
]

if TYPE_CHECKING:
    from mulegraph import simulate
    from mulegraph.casework import kept_page, list_files
    from mulegraph.flow import tracing
    from mulegraph.graph import queries
    from mulegraph.ingest import load, mapping, preview, propose, readers, rejects
    from mulegraph.privacy import door
    from mulegraph.signs import near_flagged, own
    from mulegraph.views import case_summary, exchange, pictures, reports, request, tables
    from mulegraph.workspace import run_difference, scan
else:
    case_summary = Lazy("mulegraph.views.case_summary")
    door = Lazy("mulegraph.privacy.door")
    exchange = Lazy("mulegraph.views.exchange")
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
    simulate = Lazy("mulegraph.simulate")
    tables = Lazy("mulegraph.views.tables")
    tracing = Lazy("mulegraph.flow.tracing")
