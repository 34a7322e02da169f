"""A network with plain values only, as NetworkX writes it to files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mulegraph.lazy import networkx as nx

Value = str | int | float | bool


def plain_graph(network: nx.MultiDiGraph[Any]) -> nx.MultiDiGraph[str]:
    """The same graph with plain values only, as GraphML, GEXF and Cytoscape JSON hold them.

    Amounts are numbers, times ISO 8601 in UTC, lists texts with `; ` between; what is not known is left out. A finding
    is the text of its sign and reason, at the account that it is about. In a trace no transfer has an `amount`: what it
    carried of the traced money is no payment's amount, and is called `traced`.
    """
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph(**_plain_row(network.graph))
    signs: dict[Any, list[str]] = {}
    for finding in network.graph.get("findings") or ():
        signs.setdefault(finding["subject_id"], []).append(f"{finding['sign']} {finding['reason']}")
    for node, data in network.nodes(data=True):
        row = _plain_row({**data, "findings": signs.get(node, [])})
        made.add_node(str(node), **{"label": str(node), **row})
    name = network.graph.get("amount_name", "amount")
    for source, target, key, data in network.edges(keys=True, data=True):
        if name != "amount" and "amount" in data:
            data = {name: data["amount"], **{key: value for key, value in data.items() if key != "amount"}}
        made.add_edge(str(source), str(target), key=str(key), **{"transfer": str(key), **_plain_row(data)})
    return made


def _plain_row(row: Mapping[str, Any]) -> dict[str, Value]:
    told = {name: _plain(value) for name, value in row.items() if name != "findings" or isinstance(value, list)}
    return {name: value for name, value in told.items() if value is not None}


def _plain(value: Any) -> Value | None:
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
