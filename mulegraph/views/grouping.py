"""What a picture draws as one: partners that are alike, and, where that leaves too many marks, what matters least.

A combo's members stand in one column of the money layout, so it can be opened in its place, and no arrow changes its
direction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from mulegraph.lazy import networkx as nx
from mulegraph.schema.language import later, tr
from mulegraph.views.chart import amounts_in_words, sums_of
from mulegraph.views.columns import Columns, columns_of
from mulegraph.views.node_styles import GOOD, LETTERS

MAX_MARKS = 60
"""Nodes and combos at first sight; more cannot be told apart on a screen."""
MAX_NODES = 1_500
"""Nodes that may be drawn at once when combos are opened."""
MIN_ALIKE = 6
"""Partners that are alike are drawn as one from so many on: five can still be read one by one."""


TIED = {
    "device": (later("{n} devices"), later("devices used alike, or of less weight here")),
    "holder": (later("{n} holders"), later("holders used alike, or of less weight here")),
    "": (later("{n} devices and holders"), later("devices and holders used alike, or of less weight here")),
}
"""What is tied to accounts, drawn as one: its name, and why."""


@dataclass(frozen=True)
class Combo:
    """Nodes that one mark stands for until it is opened. No node is in two. `why` says what they have in common."""

    label: str
    why: str
    members: list[Any]


@dataclass(frozen=True)
class ComboKey:
    """A combo in the place of its members, as a node of a contracted graph."""

    number: int


def combos(chart: nx.MultiDiGraph[Any], most: int = MAX_MARKS) -> list[Combo]:
    """The combos of a chart, so that no more than `most` marks are drawn.

    First only partners that are alike in all. Where too many marks are left, those of the same partners and column
    whatever they are; then all but the most important of each column; at last all but the first.
    """
    columns = columns_of(chart)
    levels: list[Callable[[], list[list[Any]]]] = [
        lambda: _alike(chart, columns, _look, MIN_ALIKE),
        lambda: _alike(chart, columns, _place_only, 2),
        *(lambda kept=kept: _rest(chart, columns, kept) for kept in _steps(most)),
        lambda: _all_but(chart, columns, most - 1),
    ]
    for level in levels:
        found = level()
        if len(chart) - sum(len(each) - 1 for each in found) <= most:
            break
    return [_combo(chart, members) for members in found]


def contracted(chart: nx.MultiDiGraph[Any], made: list[Combo]) -> nx.MultiDiGraph[Any]:
    """The chart with each combo as one node, a `ComboKey`; what is moved inside one is left out."""
    stands = {member: ComboKey(number) for number, combo in enumerate(made) for member in combo.members}
    small: nx.MultiDiGraph[Any] = nx.MultiDiGraph(**chart.graph)
    for node, data in chart.nodes(data=True):
        if node not in stands:
            small.add_node(node, **data)
    for number, combo in enumerate(made):
        of = {chart.nodes[member]["kind"] for member in combo.members}
        bank = {chart.nodes[member].get("bank") for member in combo.members}
        shared = {"of": of.pop() if len(of) == 1 else "several", "bank": bank.pop() if len(bank) == 1 else None}
        small.add_node(ComboKey(number), kind="group", role="", label=combo.label, size=len(combo.members), **shared)
    for source, target, key, data in chart.edges(keys=True, data=True):
        one, other = stands.get(source, source), stands.get(target, target)
        if one != other or source == target:
            small.add_edge(one, other, key=key, **data)
    return small


def _steps(most: int) -> list[int]:
    """How many are kept apart, tried in turn."""
    return sorted({round(most * part / 10) for part in range(8, 0, -1)}, reverse=True)


def _is_subject(chart: nx.MultiDiGraph[Any], node: Any) -> bool:
    return node == chart.graph.get("account") or chart.nodes[node].get("role") == "subject"


def _look(data: Mapping[str, Any]) -> Hashable:
    """What a mark shows of a node, besides its name."""
    lists = set(data.get("lists") or ())
    role = data.get("role") if data.get("role") in LETTERS else ""
    return data["kind"], data.get("own"), role, bool(lists - {GOOD}), GOOD in lists


def _place_only(data: Mapping[str, Any]) -> Hashable:
    return data["kind"]


def _alike(
    chart: nx.MultiDiGraph[Any], columns: Columns, look: Callable[[Mapping[str, Any]], Hashable], least: int
) -> list[list[Any]]:
    """Nodes of one column with the same payers, payees, devices and look, where there are `least` of them.

    Cash beside each of twelve mules is twelve nodes: once the mules are one, so is their cash, so it is asked again
    until nothing changes.
    """
    stands: dict[Any, Hashable] = {}
    found: dict[Hashable, list[Any]] = {}
    while True:
        by_partners: dict[Hashable, list[Any]] = defaultdict(list)
        for node in _all_in_order(chart, columns):
            if not _is_subject(chart, node) and node not in stands:
                near = _partners(chart, node, stands)
                by_partners[columns.column.get(node), look(chart.nodes[node]), near].append(node)
        fresh = {key: members for key, members in by_partners.items() if len(members) >= least}
        if not fresh:
            return list(found.values())
        for members in fresh.values():
            key = ("together", len(found))
            found[key] = members
            stands.update(dict.fromkeys(members, key))


def _partners(chart: nx.MultiDiGraph[Any], node: Any, stands: Mapping[Any, Hashable]) -> Hashable:
    """Who pays a node, whom it pays and what it is tied to; cash beside it is just cash until it is drawn as one."""

    def named(other: Any) -> Hashable:
        cash = chart.nodes[other]["kind"] == "cash" and chart.nodes[node]["kind"] != "cash"
        return stands.get(other, ("cash", chart.nodes[other]["label"]) if cash else other)

    sides: list[frozenset[Hashable]] = []
    for edges, far in ((chart.in_edges(node, data=True), 0), (chart.out_edges(node, data=True), 1)):
        sides.append(frozenset(named(edge[far]) for edge in edges if edge[2]["kind"] == "transfer"))
    ties = frozenset(each for each in _tied(chart, node) if chart.nodes[node]["kind"] in ("device", "holder"))
    return (*sides, ties)


def _tied(chart: nx.MultiDiGraph[Any], node: Any) -> list[Any]:
    pairs = [*chart.in_edges(node, data=True), *chart.out_edges(node, data=True)]
    return [a if b == node else b for a, b, data in pairs if data["kind"] != "transfer"]


def _all_in_order(chart: nx.MultiDiGraph[Any], columns: Columns) -> list[Any]:
    """What takes part in transfers by time and amount, then the rest as the graph has it."""
    return columns.order + [node for node in chart if node not in columns.column]


def importance(data: Mapping[str, Any], moved: float) -> tuple[float, ...]:
    """How much a node matters in a picture: its role, its lists, its score, its money."""
    role = {"subject": 9, "victim": 6, "collector": 5, "cash-out": 4, "consolidator": 4, "beneficiary": 3, "relay": 2}
    listed = bool(set(data.get("lists") or ()) - {GOOD})
    return (
        role.get(data.get("role") or "", 0),
        listed,
        data["kind"] in ("bank", "device"),
        data.get("score") or 0,
        moved,
    )


def _rest(chart: nx.MultiDiGraph[Any], columns: Columns, kept: int) -> list[list[Any]]:
    """All but the most important, by column and kind; of each of these, one alone stays as it is."""
    moved: dict[Any, float] = defaultdict(float)
    for source, target, data in chart.edges(data=True):
        if data["kind"] == "transfer":
            moved[source] += float(data["amount"])
            moved[target] += float(data["amount"])
    order = _all_in_order(chart, columns)
    ranked = sorted(order, key=lambda node: importance(chart.nodes[node], moved[node]), reverse=True)
    stay = set(ranked[:kept]) | {node for node in order if _is_subject(chart, node)}
    others: dict[Hashable, list[Any]] = defaultdict(list)
    for node in order:
        if node not in stay:
            others[columns.column.get(node), chart.nodes[node]["kind"]].append(node)
    return [members for members in others.values() if len(members) > 1]


def _all_but(chart: nx.MultiDiGraph[Any], columns: Columns, kept: int) -> list[list[Any]]:
    """The first by time, the subject among them, and one combo of all others: what a very long chain leaves."""
    order = _all_in_order(chart, columns)
    first = sorted(order, key=lambda node: not _is_subject(chart, node))[:kept]
    return [[node for node in order if node not in set(first)]]


def _combo(chart: nx.MultiDiGraph[Any], members: list[Any]) -> Combo:
    """Its number, what its members are, and the money that they pay or that comes to them."""
    inside = set(members)
    traced = chart.graph.get("traced")
    came = [data for a, b, data in chart.in_edges(members, data=True) if data["kind"] == "transfer" and a not in inside]
    went = []
    for _, b, data in chart.out_edges(members, data=True):
        if data["kind"] == "transfer" and b not in inside:
            went.append(data)
    kinds = {chart.nodes[node]["kind"] for node in members}
    if kinds <= {"device", "holder"}:
        label, why = TIED.get("".join(kinds), TIED[""])
        return Combo(tr(label, n=str(len(members))), tr(why), members)
    sums = sums_of(came or went, traced)
    money = f", {amounts_in_words(sums)}" if sums else ""
    if kinds == {"cash"}:
        return Combo(
            f"{len(members)} × {chart.nodes[members[0]]['label']}{money}", tr("cash of several accounts"), members
        )
    if kinds == {"bank"}:
        label, why = later("{n} banks to ask"), later("banks that the money left to")
    elif not came and not went:
        label, why = later("{n} accounts"), later("accounts without transfers here")
    elif not came:
        label, why = later("{n} payers"), later("they pay, and nothing is seen coming to them here")
    elif not went:
        label, why = later("{n} payees"), later("they are paid, and nothing is seen going on from them here")
    else:
        label, why = later("{n} accounts between"), later("money comes to them and goes on")
    same = len({_partners(chart, node, {}) for node in members}) == 1
    told = tr("{why}; all with the same payers and payees", why=tr(why)) if same else tr(why)
    return Combo(tr(label, n=str(len(members))) + money, told, members)
