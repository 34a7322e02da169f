"""A network as a file for other programs: GraphML, GEXF, Cytoscape JSON, by the ending of its name."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from mulegraph.errors import UsageError
from mulegraph.lazy import networkx as nx

Value = str | int | float | bool


def flat(graph: nx.MultiDiGraph[Any]) -> nx.MultiDiGraph[str]:
    """The same graph with plain values only, as these formats hold them; what is not known is left out.

    Amounts are numbers, times ISO 8601 in UTC, lists texts with `; ` between. A finding is the text of its sign and
    reason, with the accounts that it is about.
    """
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph(**_flat_row(graph.graph))
    signs: dict[Any, list[str]] = {}
    for finding in graph.graph.get("findings") or ():
        signs.setdefault(finding["subject_id"], []).append(f"{finding['sign']} {finding['reason']}")
    for node, data in graph.nodes(data=True):
        row = _flat_row({**data, "findings": signs.get(node, [])})
        made.add_node(str(node), **{"label": str(node), **row})
    for source, target, key, data in graph.edges(keys=True, data=True):
        made.add_edge(str(source), str(target), key=str(key), **{"transfer": str(key), **_flat_row(data)})
    return made


def _flat_row(row: Mapping[str, Any]) -> dict[str, Value]:
    told = {name: _flat(value) for name, value in row.items() if name != "findings" or isinstance(value, list)}
    return {name: value for name, value in told.items() if value is not None}


def _flat(value: Any) -> Value | None:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        texts = [_one(each) for each in value]
        return "; ".join(texts) if texts else None
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, (str, int, float, bool)) and value != "" else None


def _one(value: Any) -> str:
    """An item of a list: a finding by its sign and reason, a role with its case."""
    if isinstance(value, Mapping):
        names = ("sign", "reason") if "sign" in value else tuple(value)
        return " ".join(str(value[name]) for name in names)
    return str(value)


def _graphml(graph: nx.MultiDiGraph[str]) -> str:
    return "\n".join(nx.generate_graphml(graph, named_key_ids=True)) + "\n"


def _gexf(graph: nx.MultiDiGraph[str]) -> str:
    stream = io.BytesIO()
    nx.write_gexf(graph, stream)
    return stream.getvalue().decode()


def _cytoscape(graph: nx.MultiDiGraph[str]) -> str:
    return json.dumps(nx.cytoscape_data(graph), ensure_ascii=False, indent=1) + "\n"


WRITERS: dict[str, Callable[[nx.MultiDiGraph[str]], str]] = {".graphml": _graphml, ".gexf": _gexf, ".cyjs": _cytoscape}
"""What writes a file, by its ending."""


def check_ending(path: Path) -> str:
    """The ending of a file's name. Raises UsageError for one that is none of these formats'."""
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise UsageError(
            "no format has the ending '{ending}'",
            hint=f"Name the file .html for a page, or {', '.join(WRITERS)} for other programs.",
            ending=ending,
        )
    return ending


def exchanged(graph: nx.MultiDiGraph[Any], path: Path) -> str:
    """The text of the file. Raises UsageError for an ending that is none of these formats'."""
    return WRITERS[check_ending(path)](flat(graph))
