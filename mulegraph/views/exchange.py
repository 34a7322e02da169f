"""A network as a file for other programs, by the ending of its name."""

from __future__ import annotations

import difflib
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mulegraph.errors import UsageError
from mulegraph.graph.plain_values import plain_graph
from mulegraph.lazy import networkx as nx
from mulegraph.schema.nodes import subject_of
from mulegraph.views.i2_chart import i2_chart
from mulegraph.views.money_entities import money_entities


def _graphml(network: nx.MultiDiGraph[Any]) -> str:
    return "\n".join(nx.generate_graphml(plain_graph(network), named_key_ids=True)) + "\n"


def _gexf(network: nx.MultiDiGraph[Any]) -> str:
    stream = io.BytesIO()
    nx.write_gexf(plain_graph(network), stream)
    return stream.getvalue().decode()


def _cytoscape(network: nx.MultiDiGraph[Any]) -> str:
    return json.dumps(nx.cytoscape_data(plain_graph(network)), ensure_ascii=False, indent=1) + "\n"


WRITERS: dict[str, Callable[[nx.MultiDiGraph[Any]], str | bytes]] = {
    ".graphml": _graphml,
    ".gexf": _gexf,
    ".cyjs": _cytoscape,
    ".anx": i2_chart,
    ".ftm.json": money_entities,
}
"""What writes a file, by its ending: Gephi, Cytoscape, i2 Analyst's Notebook, FollowTheMoney."""
EXTRAS = {".anx": "anxwritter", ".ftm.json": "followthemoney"}
"""The package that a format needs, of the extra `exchange`."""


def ending_of(path: Path) -> str:
    """The ending of a file's name. Raises UsageError for one that is none of these formats'."""
    name = path.name.lower()
    for ending in WRITERS:
        if name.endswith(ending):
            return ending
    raise UsageError(
        "no format has the ending '{ending}'",
        hint=f"Name the file .html for a page, or {', '.join(WRITERS)} for other programs.",
        ending=path.suffix.lower(),
    )


def chosen(network: nx.MultiDiGraph[Any], names: Sequence[str]) -> nx.MultiDiGraph[Any]:
    """These nodes of a network and what is between them. Raises UsageError for one that is not in it.

    Devices and holders may be named by their own ids.
    """
    known = {str(name): name for name in network}
    known |= {subject_of(data["kind"], str(name)): name for name, data in network.nodes(data=True)}
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, 3)
            raise UsageError(
                "--only names what is not in this network",
                hint=f"Give names as they stand in it{', such as ' + ', '.join(close) if close else ''}.",
            )
    return network.subgraph([known[name] for name in names]).copy()


def exchanged(network: nx.MultiDiGraph[Any], path: Path) -> str | bytes:
    """What the file holds. Raises UsageError for an ending that is none of these, or whose package is missing."""
    ending = ending_of(path)
    try:
        return WRITERS[ending](network)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != EXTRAS.get(ending):
            raise
        raise UsageError(
            "{ending} needs {package}, which is not installed",
            hint="Run: pip install 'mulegraph[exchange]'",
            ending=ending,
            package=error.name,
        ) from error
