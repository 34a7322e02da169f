"""A network as one HTML file that opens with no network: pyvis holds it, a template of ours draws it."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import networkx as nx
from markupsafe import Markup
from pyvis.network import Network

from mulegraph.views.layout import flow
from mulegraph.views.page import page
from mulegraph.views.tables import plain, shown

COLOURS = {
    "victim": "#2b6cb0",
    "collector": "#c53030",
    "consolidator": "#b83280",
    "relay": "#dd6b20",
    "cash-out": "#744210",
    "beneficiary": "#6b46c1",
    "subject": "#c53030",
    "cash": "#2f855a",
    "device": "#4a5568",
    "bank": "#2c7a7b",
    "named": "#a0aec0",
    "": "#a0aec0",
}
"""Colour by role; the legend and the nodes both read it. Darker than white paper by at least 3 : 1 where it matters."""
SHAPES = {"account": "dot", "cash": "diamond", "device": "square", "bank": "triangle"}
LIBRARY = "lib/vis-9.1.2/vis-network"
FOREIGN = re.compile(r"https?://(?!www\.w3\.org/)")
"""Addresses in the library's comments; those of w3.org are names of formats, which it needs."""
OPTIONS = {
    "physics": {"enabled": False},
    "interaction": {
        "hover": True,
        "navigationButtons": False,
        "keyboard": {"enabled": True, "bindToWindow": False},
    },
    "nodes": {"font": {"size": 15, "face": "sans-serif"}, "borderWidth": 1},
    "edges": {
        "font": {"size": 12, "align": "top", "face": "sans-serif"},
        "smooth": {"type": "curvedCW", "roundness": 0.12},
    },
}


def network_page(graph: nx.MultiDiGraph[Any], *, title: str, facts: dict[str, str] | None = None) -> str:
    """The page for a graph as `triage.cases.case_graph` makes it. `facts` stand beside the picture."""
    network = _network(graph)
    data = {
        "nodes": network.nodes,
        "edges": network.edges,
        "options": OPTIONS,
        "details": _details(graph),
    }
    roles = sorted({data["role"] or data["kind"] for _, data in graph.nodes(data=True)} & set(COLOURS))
    return page(
        "network.html",
        title=title,
        facts=facts or {},
        legend={role: COLOURS[role] for role in roles},
        data=data,
        library=_library("min.js"),
        library_style=_library("css"),
        rows=_rows(graph),
    )


def _network(graph: nx.MultiDiGraph[Any]) -> Network:
    network = Network(directed=True, cdn_resources="in_line")
    place = flow(graph).place
    for node, data in graph.nodes(data=True):
        role = data["role"] or (data["kind"] if data["kind"] != "account" else "")
        x, y = place[node]
        network.add_node(
            node,
            label=str(node),
            shape=SHAPES[data["kind"]],
            color=COLOURS[role],
            x=x,
            y=y,
            size=16,
            title=role or "account",
        )
    for (source, target, kind), keys in _bundles(graph).items():
        if kind == "used":
            network.add_edge(source, target, id=f"{source} {target}", color="#a0aec0", dashes=True, arrows="", width=1)
            continue
        label = _sum(graph, source, target, keys)
        network.add_edge(source, target, id=f"{source} {target}", label=label, color="#718096", width=1.5, title=label)
    return network


def _bundles(graph: nx.MultiDiGraph[Any]) -> dict[tuple[Any, Any, str], list[str]]:
    """Edge keys by ends and kind: transfers between the same two are drawn as one arrow."""
    found: dict[tuple[Any, Any, str], list[str]] = defaultdict(list)
    for source, target, key, data in graph.edges(keys=True, data=True):
        found[source, target, data["kind"]].append(key)
    return found


def _sum(graph: nx.MultiDiGraph[Any], source: Any, target: Any, keys: list[str]) -> str:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for key in keys:
        data = graph[source][target][key]
        sums[data["currency"]] += data["amount"]
    text = " + ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(sums.items()))
    return f"{text} ({len(keys)}×)" if len(keys) > 1 else text


def _transfers(graph: nx.MultiDiGraph[Any]) -> list[tuple[datetime, str, Any, Any, dict[str, Any]]]:
    edges = graph.edges(keys=True, data=True)
    return sorted((data["at"], str(key), a, b, data) for a, b, key, data in edges if data["kind"] == "transfer")


def _rows(graph: nx.MultiDiGraph[Any]) -> list[dict[str, str]]:
    """The table under the picture, for who cannot see it and for who wants to copy."""
    return [
        {
            "at": plain(at),
            "transfer": key,
            "from": str(source),
            "to": str(target),
            "amount": f"{shown(data['amount'])} {data['currency']}",
            "channel": data["channel"],
        }
        for at, key, source, target, data in _transfers(graph)
    ]


def _details(graph: nx.MultiDiGraph[Any]) -> dict[str, list[str]]:
    """Lines that the page shows when a node is chosen."""
    lines: dict[str, list[str]] = {str(node): [data["role"] or data["kind"]] for node, data in graph.nodes(data=True)}
    for at, _, source, target, data in _transfers(graph):
        text = f"{shown(at)}  {shown(data['amount'])} {data['currency']}"
        lines[str(source)].append(f"{text} → {target}")
        lines[str(target)].append(f"{text} ← {source}")
    for user, device, data in graph.edges(data=True):
        if data["kind"] == "used":
            lines[str(user)].append(str(device))
            lines[str(device)].append(f"used by {user}")
    return lines


@cache
def _library(ending: str) -> Markup:
    text = (files("pyvis") / "templates" / f"{LIBRARY}.{ending}").read_text(encoding="utf-8")
    return Markup(FOREIGN.sub("", text).replace("</script", "<\\/script"))  # noqa: S704 (pyvis's own file)
