"""A trace in the ledger's own words: accounts by generation, what is probably still there, and whom to ask."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from mulegraph.flow.tracing import METHODS
from mulegraph.lazy import networkx as nx
from mulegraph.lazy import pandas as pd
from mulegraph.schema import results
from mulegraph.schema.disclosure import AMOUNT, CURRENCY, NUMBER, TEXT, ByKey, Each, Words, declared
from mulegraph.schema.nodes import node_id
from mulegraph.schema.tables import CASH_IN, CASH_OUT

MAX_IN_A_PICTURE = 5_000
UNBOOKED, OVERDRAFT = "unbooked", "overdraft"
"""Ends that are no transfers: what a balance shows to be gone, and what an overdrawn account owed its bank."""

Methods = Annotated[tuple[str, ...], Each(results.METHOD)]


@declared
@dataclass(frozen=True)
class TraceResult:
    """What became of some payments' money, or where it came from (`back`). Amounts are exact decimals of `currency`.

    `accounts` have for each method M the columns `M_in`, `M_out`, `M_remaining`, `frontier` and `steps` `M_amount`;
    `minimum` and `maximum` are over the methods that conserve money, `lowest` and `highest` of accounts also over every
    opening balance that is not known. `frontier` are transfers to where we cannot see, `stopped` those where the trace
    was told to stop, `returned` those that gave a chosen payment back: what they carried and did not come back. `steps`
    are the largest transfers that carry traced money, those included, and all that they carried. `sums` adds up, by
    method: traced = still there + cash + left our sight + returned + stopped. `only_poison` counts what nothing but
    poison reaches; `left_out` says that it is not listed.
    """

    currency: Annotated[str, CURRENCY]
    back: bool
    methods: Methods
    chosen: Annotated[list[str], Each(results.TRANSFER)]
    traced: Annotated[dict[str, Decimal], ByKey(results.METHOD, AMOUNT)]
    accounts: Annotated[pd.DataFrame, results.TRACED_ACCOUNTS]
    frontier: Annotated[pd.DataFrame, results.TRACED_STEPS]
    stopped: Annotated[pd.DataFrame, results.TRACED_STEPS]
    returned: Annotated[pd.DataFrame, results.TRACED_STEPS]
    steps: Annotated[pd.DataFrame, results.TRACED_STEPS]
    steps_left_out: int
    banks: Annotated[pd.DataFrame, results.TRACED_BANKS]
    sums: Annotated[pd.DataFrame, results.TRACED_SUMS]
    only_poison: Annotated[dict[str, int], ByKey(Words(("accounts", "frontier")), NUMBER)]
    left_out: bool
    assumptions: Annotated[tuple[str, ...], Each(TEXT)]

    def as_object(self) -> dict[str, Any]:
        """What `mulegraph trace --format json` promises; amounts by method and part."""

        def nested(rows: pd.DataFrame, parts: tuple[str, ...]) -> list[dict[str, Any]]:
            return [
                {
                    **{name: value for name, value in row.items() if name.partition("_")[0] not in METHODS},
                    **{method: {part: row[f"{method}_{part}"] for part in parts} for method in self.methods},
                }
                for row in rows.to_dict("records")
            ]

        return {
            "currency": self.currency,
            "direction": "back" if self.back else "forward",
            "methods": list(self.methods),
            "transfers": self.chosen,
            "traced": self.traced,
            "accounts": nested(self.accounts, ("in", "out", "remaining")),
            "frontier": nested(self.frontier, ("amount",)),
            "stopped": nested(self.stopped, ("amount",)),
            "returned": nested(self.returned, ("amount",)),
            "steps": nested(self.steps, ("amount",)),
            "steps_left_out": self.steps_left_out,
            "banks": self.banks.to_dict("records"),
            "sums": self.sums.to_dict("records"),
            "only_poison": {**self.only_poison, "left_out": self.left_out},
            "assumptions": list(self.assumptions),
        }

    def graph(self, least: Decimal = Decimal(0)) -> nx.MultiDiGraph[str]:
        """The dispersal tree: accounts, cash, banks to ask; the largest transfers, with what they carried at most.

        Those that carried less than `least` are left out; the graph's `cut` says how many.
        """
        moved = self.steps[~self.steps["end"].isin((UNBOOKED, OVERDRAFT))]
        shown = moved[[each >= least for each in moved["maximum"]]].head(MAX_IN_A_PICTURE)
        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(currency=self.currency, cut=len(moved) - len(shown))
        generation = dict(zip(self.accounts["account"], self.accounts["generation"], strict=True))
        dead = set(self.accounts["account"][self.accounts["dead_end"]])
        # Money may come back to a victim; that makes him no relay.
        mine = shown["transfer"].isin(self.chosen)
        victims = set() if self.back else set(shown["source"][mine].dropna())
        for row in shown.to_dict("records"):
            source = row["source"] if isinstance(row["source"], str) else CASH_IN
            target = row["target"] if isinstance(row["target"], str) else CASH_OUT
            asked = ""
            if isinstance(row["bank"], str):
                asked = node_id("bank", row["bank"])
                source, target = (asked, target) if self.back else (source, asked)
            for end in (source, target):
                if end not in graph:
                    kind = "cash" if end in (CASH_IN, CASH_OUT) else "bank" if end == asked else "account"
                    role = _role(generation.get(end), end in dead) if kind == "account" else ""
                    graph.add_node(end, kind=kind, role="victim" if end in victims else role)
            carried = {"amount": row["maximum"], "currency": self.currency, "at": row["at"], "channel": row["channel"]}
            graph.add_edge(source, target, key=row["transfer"], kind="transfer", **carried)
        return graph


def _role(generation: int | None, dead_end: bool) -> str:
    """Who passed nothing on was reached, and is no relay; nor is who the trace stopped at."""
    if generation is None:
        return ""
    return "collector" if generation == 1 else "" if dead_end else "relay"
