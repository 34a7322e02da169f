"""A network as one HTML file that opens with no network: pyvis brings vis-network, page and scripts are ours."""

from __future__ import annotations

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
from mulegraph.privacy.tokens import HIDDEN
from mulegraph.schema.language import catalogue, later, spoken, tr, word
from mulegraph.schema.nodes import node_id
from mulegraph.schema.tables import minor_exponents
from mulegraph.views import layout
from mulegraph.views.chart import THICKEST, THINNEST, Clock, charted, clock_of, visible
from mulegraph.views.drawing import FLAG_MARK, LABEL_PLACES, TICK_MARK, icon, role_icon
from mulegraph.views.grouping import MAX_MARKS, MAX_NODES, Combo, ComboKey, combos, contracted
from mulegraph.views.looks import looks_of
from mulegraph.views.node_styles import FLAG, GOOD, INK, KINDS, LETTERS, LINE, PAPER, TICK, Kind, kind_of, letter_of
from mulegraph.views.page import page
from mulegraph.views.story import Part, Story
from mulegraph.views.tables import plain
from mulegraph.views.thresholds import measured
from mulegraph.views.ways import BACK_FAN, BACK_X, BACK_Y

LIBRARY = "lib/vis-9.1.2/vis-network.min.js"
FOREIGN = re.compile(r"https?://(?!www\.w3\.org/)")
"""Addresses in the library's comments; those of w3.org are names of formats, which it needs."""
LAYOUTS = {
    "flow": later("money, left to right"),
    "time": later("time axis"),
    "banks": later("banks in rows"),
}


def network_page(
    graph: nx.MultiDiGraph[Any],
    *,
    title: str,
    facts: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    story: Story | None = None,
    start: str = "flow",
    most: int = MAX_MARKS,
) -> str:
    """The page for a graph as `cases.build.case_graph` and `workspace.annotate.with_known` make it.

    `facts` stand above the picture, `story` at its left and `notes` under it (what is masked, what was cut); `start` is
    one of `LAYOUTS`. What somebody did on the page before is the graph's `kept`, as `casework.kept_page` keeps it, and
    its `subject` says what it is of in no language; `links` are pages that this one leads to, and `served` is what it
    asks a server with, where there is one.
    At first no more than `most` marks are drawn, the others in combos that open, and the page says so.
    """
    title = visible(title)
    chart = charted(graph)
    clock, folded = clock_of(graph), combos(chart, most)
    notes = [*notes, *_folding(folded)]
    data = _data(chart, clock, folded)
    data |= {"title": title, "facts": dict(facts or {}), "notes": notes, "layout": start, "most": MAX_NODES}
    data["words"] = catalogue(spoken())
    data["kept"] = graph.graph.get("kept")
    links, served = graph.graph.get("links") or {}, graph.graph.get("served")
    data |= {"links": links, "served": served, "subject": graph.graph.get("subject") or title}
    data["start"] = _number(chart, graph.graph.get("account"))
    data["story"] = _told(chart, story) if story else None
    data["amountName"] = graph.graph.get("amount_name", "amount")
    present = {kind_of(each) for _, each in chart.nodes(data=True)}
    written = {letter_of(each) for _, each in chart.nodes(data=True)}
    lists = {name for _, each in chart.nodes(data=True) for name in each.get("lists") or ()}
    currencies = {each["currency"] for each in data["transfers"]}
    marks = [(FLAG_MARK, tr("on a list"))] if lists - {GOOD} else []
    return page(
        "network/page.html",
        title=title,
        facts={name: visible(str(value)) for name, value in (facts or {}).items()},
        notes=notes,
        scores=any(each.get("score") for _, each in chart.nodes(data=True)),
        ties=bool(data["ties"]),
        currency=next(iter(currencies)) if len(currencies) == 1 else "",
        count=f"{len(data['transfers']):,}",
        layouts={name: tr(words) for name, words in LAYOUTS.items()},
        legend={name: _legend(kind) for name, kind in KINDS.items() if name in present},
        letters=[(role_icon(role), word(role)) for role, letter in LETTERS.items() if letter in written],
        marks=[*marks, *([(TICK_MARK, tr("known good"))] if GOOD in lists else [])],
        chart=data,
        links=links,
        served=served is not None,
        notebook=bool(graph.graph.get("in_notebook")),
        library=library(),
    )


def _number(chart: nx.MultiDiGraph[Any], account: Any) -> int | None:
    """The number of the account that a picture is about."""
    return list(chart).index(account) if account in chart else None


def _data(chart: nx.MultiDiGraph[Any], clock: Clock, folded: list[Combo]) -> dict[str, Any]:
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
        known = {name: data.get(name) for name in _KNOWN}
        known = {name: value for name, value in known.items() if value not in (None, "", [])}
        shown = {"kind": kind_of(data), "letter": letter_of(data), "findings": about.get(node, [])}
        holder.add_node(number[node], data["label"], name=str(node), **shown, **known)
    transfers, ties = [], []
    for source, target, key, data in chart.edges(keys=True, data=True):
        ends = {"source": number[source], "target": number[target]}
        if data["kind"] != "transfer":
            ties.append({**ends, "kind": data["kind"]})
            continue
        carried = [f"{each:f}" for each in data.get("carried") or [data["amount"]]]
        amount = {"carried": carried, "currency": data["currency"], "channel": data["channel"]}
        known = {"reference": data["reference"]} if data.get("reference") not in (None, HIDDEN) else {}
        known |= {"followed": data["followed"]} if "followed" in data else {}
        transfers.append({"id": key, **ends, "at": _microseconds(data["at"]), **amount, **known})
    currencies = {each["currency"] for each in transfers}
    exponents = minor_exponents()
    return {
        "zone": str(clock.zone),
        "coarse": clock.coarse,
        "kinds": {name: {**asdict(kind), "title": word(kind.title)} for name, kind in KINDS.items()},
        "letters": LETTERS,
        "good": GOOD,
        "colours": {"INK": INK, "PAPER": PAPER, "LINE": LINE, "FLAG": FLAG, "TICK": TICK},
        "pen": {
            "thinnest": THINNEST,
            "thickest": THICKEST,
            "labelPlaces": LABEL_PLACES,
            "stub": layout.STUB,
            "back": [BACK_X, BACK_Y, BACK_FAN],
            "row": layout.OPENED_ROW,
        },
        "traced": [f"{each:f}" for each in chart.graph.get("traced") or []],
        "looks": [asdict(each) for each in looks_of(chart).values()],
        "nodes": [{name: plain(value) for name, value in each.items() if name not in _PYVIS} for each in holder.nodes],
        "transfers": sorted(transfers, key=lambda each: (each["at"], str(each["id"]))),
        "ties": sorted(ties, key=lambda each: (each["source"], each["target"])),
        "findings": findings,
        "currencies": {name: exponents[name] for name in sorted(currencies & exponents.keys())},
        "groups": [_group(each, number) for each in folded],
        "layouts": {name: _placed(made, number) for name, made in _layouts(contracted(chart, folded)).items()},
    }


def _legend(kind: Kind) -> dict[str, str]:
    return {"title": word(kind.title), "svg": icon(kind)}


def _group(folded: Combo, number: Mapping[Any, int]) -> dict[str, Any]:
    """A group that can be opened; its members by their number."""
    return {"label": folded.label, "why": folded.why, "members": [number[node] for node in folded.members]}


def _told(chart: nx.MultiDiGraph[Any], story: Story) -> dict[str, Any]:
    """A story whose lines name nodes by their number, and transfers by their id."""
    number = {node: place for place, node in enumerate(chart)}
    lines = [{**asdict(each), "nodes": [number[node] for node in each.nodes if node in number]} for each in story.lines]
    parts = []
    for each in story.money:
        parts.append({"words": tr(each.words), "name": each.words, "amount": _range(each), "share": each.share})
    return {
        "lines": lines,
        "command": story.command,
        "because": story.because,
        "money": parts,
        "entered": story.entered,
    }


def _range(part: Part) -> str:
    return f"{part.low:,}" if part.low == part.high else f"{part.low:,}–{part.high:,}"


def _finding(found: Mapping[str, Any], least_nats: float | None) -> dict[str, Any]:
    """A finding with its values beside the thresholds that are about them."""
    single = {name: value for name, value in found["facts"].items() if not isinstance(value, (list, dict))}
    rows, others = measured({**found, "facts": single}, least_nats)
    kept = {name: value for name, value in found.items() if name not in ("facts", "thresholds", "amount", "currency")}
    benign = [[each["test"], each["result"], each["why"]] for each in found["benign"]]
    return {**kept, "benign": benign, "measured": rows, "other_thresholds": others}


_KNOWN = ("role", "bank", "holder", "lists", "score", "opened_on", "cases", "roles", "generation", "minimum", "maximum")
"""What is known of a node, besides its name and kind."""
_PYVIS = ("color", "shape", "font", "size")
"""What pyvis adds to a node, and the page takes from the kinds."""


def _microseconds(at: datetime) -> int:
    """Since 1970, of a UTC time."""
    return round(at.replace(tzinfo=UTC).timestamp() * 1e6)


def _layouts(small: nx.MultiDiGraph[Any]) -> dict[str, layout.Layout]:
    return {"flow": layout.flow(small), "time": layout.by_time(small), "banks": layout.banks(small)}


def _placed(made: layout.Layout, number: Mapping[Any, int]) -> dict[str, Any]:
    """A layout as the scripts read it; a mark is the number of its node, or `group 3`."""

    def mark(node: Any) -> str:
        return f"group {node.number}" if isinstance(node, ComboKey) else str(number[node])

    return {
        "place": {mark(node): at for node, at in made.place.items()},
        "routes": {f"{mark(payer)}>{mark(payee)}": way for (payer, payee), way in made.routes.items()},
        "ties": [[mark(head), mark(account), way] for (head, account), way in made.ties.items()],
        "frames": [asdict(each) for each in made.frames],
        "lanes": made.lanes,
        "axis": made.axis,
    }


def _folding(folded: list[Combo]) -> list[str]:
    if not folded:
        return []
    inside = sum(len(each.members) for each in folded)
    return [
        tr(
            "{n} nodes that are alike, or of less weight, are drawn as {m:combo|combos}: circles with their number."
            " A double click opens one.",
            n=inside,
            m=len(folded),
        )
    ]


@cache
def library() -> Markup:
    """The script of vis-network as it stands in every page."""
    text = (files("pyvis") / "templates" / LIBRARY).read_text(encoding="utf-8")
    return Markup(FOREIGN.sub("", text).replace("</script", "<\\/script"))  # noqa: S704 (pyvis's own file)
