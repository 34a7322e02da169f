"""A network as a chart of i2 Analyst's Notebook (.anx), written by `anxwritter`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from mulegraph.graph.plain_values import Value, plain_graph
from mulegraph.lazy import anxwritter
from mulegraph.lazy import networkx as nx
from mulegraph.views.chart import amounts_in_words, sums_of
from mulegraph.views.node_styles import KINDS, kind_of

TIES = {"used": "uses", "owns": "owns"}
UTC_ID = 1
"""The program's number of the zone UTC."""


def i2_chart(network: nx.MultiDiGraph[Any]) -> bytes:
    """The chart: an icon for every node, a link for every transfer with its amount, date and time in UTC.

    The program knows no link from an icon to itself: such transfers are told in the icon's attributes.
    """
    plain = plain_graph(network)
    traced = "traced " if network.graph.get("amount_name") == "traced" else ""
    chart = anxwritter.ANXChart()
    to_itself: dict[str, list[str]] = defaultdict(list)
    for source, _, key, data in nx.selfloop_edges(network, keys=True, data=True):
        to_itself[str(source)].append(f"{key} {_amount(data)}")
    for node, data in network.nodes(data=True):
        told = _attributes(plain.nodes[str(node)])
        if to_itself[str(node)]:
            told["transfers to itself"] = "; ".join(to_itself[str(node)])
        chart.add_icon(id=str(node), type=KINDS[kind_of(data)].title, label=str(node), attributes=told)
    for source, target, key, data in network.edges(keys=True, data=True):
        if source != target:
            told = _attributes(plain.edges[str(source), str(target), str(key)])
            chart.add_link(from_id=str(source), to_id=str(target), attributes=told, **_link(data, traced))
    return b"".join(chart.iter_anx_bytes())


def _link(data: dict[str, Any], traced: str) -> dict[str, Any]:
    """A transfer with its time, or a tie to a device or holder. Links of one pair stand beside each other."""
    if data["kind"] != "transfer":
        return {"type": TIES.get(data["kind"], data["kind"])}
    when = {"date": f"{data['at']:%Y-%m-%d}", "time": f"{data['at']:%H:%M:%S}"}
    zone = anxwritter.TimeZone(id=UTC_ID, name="Coordinated Universal Time")
    looks = {"type": "transfer", "label": traced + _amount(data), "arrow": "head", "multiplicity": "multiple"}
    return {**looks, **when, "timezone": zone}


def _amount(data: dict[str, Any]) -> str:
    return amounts_in_words(sums_of([data])) if data["kind"] == "transfer" else data["kind"]


def _attributes(row: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in row.items() if name not in ("label", "kind")}
