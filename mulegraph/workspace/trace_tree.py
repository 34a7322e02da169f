"""A trace as a graph: who was reached, on which transfers, with how much of the traced money."""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import Any

from mulegraph.lazy import networkx as nx
from mulegraph.schema.nodes import node_id
from mulegraph.schema.tables import CASH_IN, CASH_OUT
from mulegraph.workspace.trace import OVERDRAFT, POISON, UNBOOKED, TraceResult, ranged_methods

MAX_IN_A_PICTURE = 5_000
"""Transfers that a tree holds: those that lead on with most, from where the money is."""


def dispersal_tree(found: TraceResult) -> nx.MultiDiGraph[str]:
    """The dispersal tree: accounts, cash, banks to ask, and the transfers that carry traced money.

    Edges have what they `carried` by each rule that the range is over, and its most as `amount`; the graph has what
    was `traced` by each. Accounts have their `generation` and what is still there, `minimum` to `maximum`. Nobody
    gets a role: a trace tells where money went, not what anybody did with it. The graph's `cut` says how many
    transfers are left out of a large tree; what is in it is what the money reaches on transfers that are in it.
    """
    # Who exchanges money on one account pays nobody.
    inside = found.steps["source"] == found.steps["target"]
    moved = found.steps[~found.steps["end"].isin((UNBOOKED, OVERDRAFT)) & ~inside]
    steps = moved[[each > 0 for each in moved["maximum"]]]
    rows = steps.to_dict("records")
    drawn = _reached(rows, set(found.chosen), found.back)[:MAX_IN_A_PICTURE]
    ranged = ranged_methods(found.methods)
    traced = [found.traced[method] for method in ranged] if POISON not in ranged else []
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(
        currency=found.currency, cut=len(rows) - len(drawn), traced=traced, back=found.back
    )
    for row in drawn:
        source = row["source"] if isinstance(row["source"], str) else CASH_IN
        target = row["target"] if isinstance(row["target"], str) else CASH_OUT
        asked = ""
        if isinstance(row["bank"], str):
            asked = node_id("bank", row["bank"])
            source, target = (asked, target) if found.back else (source, asked)
        for end in (source, target):
            if end not in graph:
                kind = "cash" if end in (CASH_IN, CASH_OUT) else "bank" if end == asked else "account"
                graph.add_node(end, kind=kind, role="")
        if row["transfer"] in found.chosen and not found.back and graph.nodes[source]["kind"] == "account":
            graph.nodes[source]["generation"] = 0
        carried = [row[f"{method}_amount"] for method in ranged]
        known = {"amount": row["maximum"], "currency": found.currency, "at": row["at"], "channel": row["channel"]}
        graph.add_edge(source, target, key=row["transfer"], kind="transfer", **known, carried=carried)
    for row in found.accounts.to_dict("records"):
        if row["account"] in graph:
            node = graph.nodes[row["account"]]
            node.setdefault("generation", row["generation"])
            node.update(minimum=row["minimum"], maximum=row["maximum"])
    return graph


def _reached(steps: list[dict[str, Any]], chosen: set[str], back: bool) -> list[dict[str, Any]]:
    """Transfers in the order in which the money is followed: of all that lead on from here, the largest first.

    So however many are taken from the front, they hang together: each begins where one before it has brought money.
    """
    near, far = ("target", "source") if back else ("source", "target")
    leads: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(steps):
        if row["transfer"] not in chosen and isinstance(row[near], str):
            leads[row[near]].append(place)
    waiting = [(-row["maximum"], place) for place, row in enumerate(steps) if row["transfer"] in chosen]
    heapq.heapify(waiting)
    found = []
    while waiting:
        _, place = heapq.heappop(waiting)
        row = steps[place]
        found.append(row)
        end = row[far]
        if not isinstance(end, str) or isinstance(row["bank"], str) or end not in leads:
            continue
        later = []
        for each in leads[end]:
            if steps[each]["at"] <= row["at"] if back else steps[each]["at"] >= row["at"]:
                later.append(each)
        for each in later:
            heapq.heappush(waiting, (-steps[each]["maximum"], each))
        taken = set(later)
        leads[end] = [each for each in leads[end] if each not in taken]
    return found
