"""A graph made ready to be drawn: cash beside who takes it, transfers bundled, words for amounts and local times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import log10
from typing import Any
from zoneinfo import ZoneInfo

from mulegraph.lazy import networkx as nx
from mulegraph.schema.language import later, month, tr
from mulegraph.schema.nodes import BANK, subject_of
from mulegraph.schema.tables import CASH_IN, CASH_OUT, minor_exponents

DAY = 86_400.0
THINNEST, THICKEST = 1.2, 6.5
CASH_TITLES = {CASH_IN: later("cash paid in"), CASH_OUT: later("cash taken out")}
"""Cash is one node in a graph, for its paths' sake; in a picture it is one beside everybody who deals in it."""


@dataclass(frozen=True)
class Sum:
    """What transfers of one currency carry together: from `low` to `high`, over the rules of tracing."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Bundle:
    """All transfers between the same two, in order of time; drawn as one arrow. `sums` are by currency."""

    source: str
    target: str
    transfers: list[tuple[str, dict[str, Any]]]
    sums: dict[str, Sum]


@dataclass(frozen=True)
class Clock:
    """Writes UTC times of a ledger as people of a zone read them; only days, where the ledger knows only days."""

    zone: ZoneInfo
    coarse: bool = False

    def local(self, at: datetime) -> datetime:
        """The local time. A day stays that day: it is nobody's midnight."""
        return at if self.coarse else at.replace(tzinfo=UTC).astimezone(self.zone)

    def short(self, at: datetime) -> str:
        """Such as `12 Jan 07:05`."""
        local = self.local(at)
        day = f"{local.day} {month(local.month)}"
        return day if self.coarse else f"{day} {local:%H:%M}"

    def span(self, first: datetime, last: datetime) -> str:
        """Such as `12 Jan 07:05–09:10`, or both days where they differ."""
        one, other = self.short(first), self.short(last)
        if one == other:
            return one
        same = self.local(first).date() == self.local(last).date()
        return f"{one}–{self.local(last):%H:%M}" if same else f"{one} – {other}"


def clock_of(graph: nx.MultiDiGraph[Any]) -> Clock:
    """The clock that the graph's makers have put beside it: `zone`, and `tick_seconds` of the ledger."""
    return Clock(ZoneInfo(graph.graph.get("zone", "UTC")), graph.graph.get("tick_seconds", 1.0) >= DAY)


def charted(graph: nx.MultiDiGraph[Any]) -> nx.MultiDiGraph[Any]:
    """The same graph with cash split by who deals in it; `label` of a node is what is written under it."""
    made: nx.MultiDiGraph[Any] = nx.MultiDiGraph(**graph.graph)
    for node, data in graph.nodes(data=True):
        if node not in CASH_TITLES:
            made.add_node(node, **{"label": _label(node, data), **data})
    for source, target, key, data in graph.edges(keys=True, data=True):
        ends = _beside(source, target), _beside(target, source)
        for end, own in zip(ends, (source, target), strict=True):
            if end not in made:
                made.add_node(end, **graph.nodes[own], label=tr(CASH_TITLES[own]) if own in CASH_TITLES else str(end))
        made.add_edge(*ends, key=key, **data)
    return made


def _label(node: Any, data: dict[str, Any]) -> str:
    return str(node) if data["kind"] == BANK else subject_of(data["kind"], str(node))


def _beside(end: Any, other: Any) -> Any:
    return f"{end} of {other}" if end in CASH_TITLES else end


def bundles(graph: nx.MultiDiGraph[Any]) -> list[Bundle]:
    """Transfers by who pays whom, in order of their first."""
    found: dict[tuple[Any, Any], list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for source, target, key, data in graph.edges(keys=True, data=True):
        if data["kind"] == "transfer":
            found[source, target].append((key, data))
    made = []
    for (source, target), transfers in found.items():
        transfers.sort(key=lambda each: (each[1]["at"], str(each[0])))
        sums = sums_of([data for _, data in transfers], graph.graph.get("traced"))
        made.append(Bundle(source, target, transfers, sums))
    return sorted(made, key=lambda each: (each.transfers[0][1]["at"], str(each.transfers[0][0])))


def sums_of(transfers: Iterable[Mapping[str, Any]], traced: Sequence[Decimal] | None = None) -> dict[str, Sum]:
    """What transfers carry together, by currency.

    A trace knows what each transfer carried by every rule, in `carried`. The rules are summed apart, since the most by
    one rule and the most by another are never true at once; the range is over the sums. The same money can pass an
    arrow twice, when it went round, so no sum is above what was `traced` by its rule.
    """
    found: dict[str, list[Decimal]] = {}
    for data in transfers:
        carried = data.get("carried") or [data["amount"]]
        so_far = found.get(data["currency"], [Decimal(0)] * len(carried))
        found[data["currency"]] = [total + each for total, each in zip(so_far, carried, strict=True)]
    if traced:
        found = {money: list(map(min, totals, traced)) for money, totals in found.items()}
    return {money: Sum(min(totals), max(totals)) for money, totals in sorted(found.items())}


def amounts_in_words(sums: Mapping[str, Sum]) -> str:
    """Such as `1,614.25 EUR`, or `80.00–100.00 EUR` where the rules differ, with the decimals of each currency."""
    told = []
    for currency, each in sums.items():
        digits = minor_exponents().get(currency, 2)
        low, high = f"{each.low:,.{digits}f}", f"{each.high:,.{digits}f}"
        told.append(f"{low if low == high else f'{low}–{high}'} {currency}")
    return " + ".join(told)


def visible(words: str) -> str:
    """Words in which signs that hide or turn text are made visible."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in words)


def in_words(bundle: Bundle) -> str:
    """Such as `1,614.25 EUR` or `4,000.00 EUR (3×)`."""
    text = amounts_in_words(bundle.sums)
    return f"{text} ({len(bundle.transfers)}×)" if len(bundle.transfers) > 1 else text


class Pen:
    """Width of an arrow by its amount: by orders of magnitude, the largest of its currency in the picture thickest."""

    def __init__(self, drawn: list[Bundle]) -> None:
        self._most: dict[str, float] = defaultdict(float)
        for bundle in drawn:
            for currency, each in bundle.sums.items():
                self._most[currency] = max(self._most[currency], float(each.high))

    def width(self, bundle: Bundle) -> float:
        """In pixels."""
        shares = [float(each.high) / self._most[money] for money, each in bundle.sums.items() if each.high]
        share = max(shares, default=0.0)
        return THICKEST if share <= 0 else max(THINNEST, THICKEST + 2.0 * log10(share))
