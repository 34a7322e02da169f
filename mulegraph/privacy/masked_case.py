"""A case as it is shown from outside."""

from __future__ import annotations

from mulegraph.graph.plain_values import plain_graph
from mulegraph.lazy import networkx as nx
from mulegraph.privacy.through import Door, shown_property, through
from mulegraph.workspace.case import Case


class MaskedCase:
    """One case of a run, masked."""

    def __init__(self, door: Door, plain: Case) -> None:
        self._door, self._plain = door, plain
        self.id = plain.id

    row = shown_property(Case.row)
    state = shown_property(Case.state)
    accounts = shown_property(Case.accounts)
    findings = shown_property(Case.findings)
    findings_in = through(Case.findings_in)
    journey = shown_property(Case.journey)
    chains = shown_property(Case.chains)
    transfers = shown_property(Case.transfers)
    network = through(Case.network)

    def graph(self) -> nx.MultiDiGraph[str]:
        """The network with plain values only, which NetworkX writes as it is: amounts are numbers, times texts."""
        return plain_graph(self.network())

    def __repr__(self) -> str:
        row = self._plain.row
        return f"<{self.id}: {len(row['accounts'])} accounts, score {row['score']:.2f}>"
