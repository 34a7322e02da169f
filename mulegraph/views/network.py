"""A network as one HTML file that opens with no network: pyvis brings vis-network, page and scripts are ours."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from mulegraph.lazy import networkx as nx
from mulegraph.lazy import pyvis
from mulegraph.schema.nodes import node_id
from mulegraph.schema.tables import minor_exponents
from mulegraph.views import layout
from mulegraph.views.chart import THICKEST, THINNEST, Clock, charted, clock_of, visible
from mulegraph.views.drawing import BEND, FLAG_MARK, LABEL_PLACES, MAX_BEND, TICK_MARK, icon
from mulegraph.views.grouping import MAX_NODES, Group, groups
from mulegraph.views.node_styles import FLAG, GOOD, INK, KINDS, LETTERS, LINE, PAPER, TICK, kind_of
from mulegraph.views.page import page
from mulegraph.views.tables import plain
from mulegraph.views.thresholds import measured

LIBRARY = "lib/vis-9.1.2/vis-network.min.js"
FOREIGN = re.compile(r"https?://(?!www\.w3\.org/)")
"""Addresses in the library's comments; those of w3.org are names of formats, which it needs."""
LAYOUTS = {
    "flow": "money, left to right",
    "time": "time, left to right",
    "banks": "banks in rows",
    "force": "who deals with whom",
}
FOLD_STEP = 26
"""Pixels between the nodes of a group that is folded at first, once it is unfolded."""


def network_page(
    graph: nx.MultiDiGraph[Any],
    *,
    title: str,
    facts: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    start: str = "flow",
    most: int = MAX_NODES,
) -> str:
    """The page for a graph as `cases.build.case_graph` and `workspace.annotate.with_known` make it.

    `facts` stand above the picture and `notes` under it (what is masked, what was cut); `start` is one of `LAYOUTS`.
    A graph of more than `most` nodes is drawn folded, and the page says so.
    """
    title = visible(title)
    chart = charted(graph)
    clock, folded = clock_of(graph), groups(chart, most)
    notes = [*notes, *_folding(len(chart), folded)]
    data = _data(chart, clock, folded)
    data |= {"title": title, "facts": dict(facts or {}), "notes": notes, "layout": start, "most": most}
    data["start"] = _number(chart, graph.graph.get("account"))
    data["amountName"] = graph.graph.get("amount_name", "amount")
    present = {kind_of(each) for _, each in chart.nodes(data=True)}
    roles = {each.get("role") for _, each in chart.nodes(data=True)}
    lists = {name for _, each in chart.nodes(data=True) for name in each.get("lists") or ()}
    marks = [(FLAG_MARK, "on a list")] if lists - {GOOD} else []
    return page(
        "network/page.html",
        title=title,
        facts={name: visible(str(value)) for name, value in (facts or {}).items()},
        notes=notes,
        ties=bool(data["ties"]),
        count=f"{len(data['transfers']):,}",
        layouts=LAYOUTS,
        legend={name: {"title": kind.title, "svg": icon(kind)} for name, kind in KINDS.items() if name in present},
        letters=[(letter, role) for role, letter in LETTERS.items() if role in roles],
        marks=[*marks, *([(TICK_MARK, "known good")] if GOOD in lists else [])],
        chart=data,
        library=library(),
    )


def _number(chart: nx.MultiDiGraph[Any], account: Any) -> int | None:
    """The number of the account that a picture is about."""
    return list(chart).index(account) if account in chart else None


def _data(chart: nx.MultiDiGraph[Any], clock: Clock, folded: list[Group]) -> dict[str, Any]:
    """What the page's scripts read: nodes by number, their places in every layout, transfers, findings, groups."""
    holder = pyvis.Network(directed=True, cdn_resources="in_line")
    findings = [_finding(each, chart.graph.get("least_nats")) for each in chart.graph.get("findings") or ()]
    about: dict[Any, list[int]] = {}
    for place, finding in enumerate(findings):
        # First what is about an account itself, then what names it.
        for name in dict.fromkeys([finding["subject_id"], node_id("device", finding["subject_id"])]):
            about.setdefault(name, []).append(place)
    for place, finding in enumerate(findings):
        for name in finding["accounts"]:
            if place not in about.setdefault(name, []):
                about[name].append(place)
    number = {node: place for place, node in enumerate(chart)}
    for node, data in chart.nodes(data=True):
        known = {name: data.get(name) for name in ("role", "bank", "holder", "lists", "score", "opened_on", "cases")}
        known = {name: value for name, value in known.items() if value not in (None, "", [])}
        holder.add_node(number[node], data["label"], kind=kind_of(data), findings=about.get(node, []), **known)
    transfers, ties = [], []
    for source, target, key, data in chart.edges(keys=True, data=True):
        ends = {"source": number[source], "target": number[target]}
        if data["kind"] != "transfer":
            ties.append({**ends, "kind": data["kind"]})
            continue
        amount = {"amount": f"{data['amount']:f}", "currency": data["currency"], "channel": data["channel"]}
        transfers.append({"id": key, **ends, "at": _microseconds(data["at"]), **amount})
    currencies = {each["currency"] for each in transfers}
    exponents = minor_exponents()
    return {
        "zone": str(clock.zone),
        "coarse": clock.coarse,
        "kinds": {name: asdict(kind) for name, kind in KINDS.items()},
        "letters": LETTERS,
        "good": GOOD,
        "colours": {"INK": INK, "PAPER": PAPER, "LINE": LINE, "FLAG": FLAG, "TICK": TICK},
        "pen": {
            "thinnest": THINNEST,
            "thickest": THICKEST,
            "bend": BEND,
            "mostBend": MAX_BEND,
            "labelPlaces": LABEL_PLACES,
        },
        "nodes": [{name: plain(value) for name, value in each.items() if name not in _PYVIS} for each in holder.nodes],
        "transfers": sorted(transfers, key=lambda each: (each["at"], str(each["id"]))),
        "ties": sorted(ties, key=lambda each: (each["source"], each["target"])),
        "findings": findings,
        "currencies": {name: exponents[name] for name in sorted(currencies & exponents.keys())},
        "groups": [
            {
                "label": each.label,
                "why": each.why,
                "members": [number[node] for node in each.members],
                "collapsed": each.folded,
            }
            for each in folded
        ],
        "layouts": {name: _placed(made, number) for name, made in _layouts(chart, clock, folded).items()},
    }


def _finding(found: Mapping[str, Any], least_nats: float | None) -> dict[str, Any]:
    """A finding with its values beside the thresholds that are about them."""
    single = {name: value for name, value in found["facts"].items() if not isinstance(value, (list, dict))}
    rows, others = measured({**found, "facts": single}, least_nats)
    kept = {name: value for name, value in found.items() if name not in ("facts", "thresholds", "amount", "currency")}
    benign = [[each["test"], each["result"], each["why"]] for each in found["benign"]]
    return {**kept, "benign": benign, "measured": rows, "other_thresholds": others}


_PYVIS = ("color", "shape", "font", "size")
"""What pyvis adds to a node, and the page takes from the kinds."""


def _microseconds(at: datetime) -> int:
    """Since 1970, of a UTC time."""
    return round(at.replace(tzinfo=UTC).timestamp() * 1e6)


def _layouts(chart: nx.MultiDiGraph[Any], clock: Clock, folded: list[Group]) -> dict[str, layout.Layout]:
    """Every layout. Of a folded chart the folded one is laid out, and who is in a group stands around its place."""
    stands = {node: each.members[0] for each in folded if each.folded for node in each.members}
    small = _contracted(chart, stands) if stands else chart
    made = {
        "flow": layout.flow(small),
        "time": layout.by_time(small, clock.short),
        "banks": layout.banks(small),
        "force": layout.force(small),
    }
    for each in made.values():
        for group in folded:
            if group.folded:
                x, y = each.place[group.members[0]]
                for turn, node in enumerate(group.members):
                    each.place[node] = _around(x, y, turn)
    return made


def _contracted(chart: nx.MultiDiGraph[Any], stands: Mapping[Any, Any]) -> nx.MultiDiGraph[Any]:
    small: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    small.add_nodes_from((node, data) for node, data in chart.nodes(data=True) if stands.get(node, node) == node)
    for source, target, key, data in chart.edges(keys=True, data=True):
        ends = stands.get(source, source), stands.get(target, target)
        if ends[0] != ends[1]:
            small.add_edge(*ends, key=key, **data)
    return small


def _around(x: int, y: int, turn: int) -> tuple[int, int]:
    """Places on a sunflower's spiral (Vogel, 1979): as close as they may be, whatever their number."""
    reach, angle = FOLD_STEP * 2 * math.sqrt(turn), turn * 2.399963
    return round(x + reach * math.cos(angle)), round(y + reach * math.sin(angle))


def _placed(made: layout.Layout, number: Mapping[Any, int]) -> dict[str, Any]:
    places: list[Any] = [None] * len(number)
    for node, place in number.items():
        places[place] = made.place[node]
    return {"place": places, "columns": made.columns, "lanes": made.lanes}


def _folding(nodes: int, folded: list[Group]) -> list[str]:
    hidden = [each for each in folded if each.folded]
    if not hidden:
        return []
    return [
        f"{nodes:,} nodes are too many to read: {sum(len(each.members) for each in hidden):,} of them are folded into"
        f" {len(hidden)} group{'s' if len(hidden) > 1 else ''}, drawn as circles with their number."
        " Double click a group to unfold it."
    ]


@cache
def library() -> Markup:
    """The script of vis-network as it stands in every page."""
    text = (files("pyvis") / "templates" / LIBRARY).read_text(encoding="utf-8")
    return Markup(FOREIGN.sub("", text).replace("</script", "<\\/script"))  # noqa: S704 (pyvis's own file)
