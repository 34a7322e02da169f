"""One case of a run, and what belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.build import case_graph
from mulegraph.cases.journey import journey
from mulegraph.casework import acts as casework
from mulegraph.privacy.door import outward
from mulegraph.workspace.account_page import told
from mulegraph.workspace.annotate import with_known
from mulegraph.workspace.listing import frame_of
from mulegraph.workspace.run import Run

if TYPE_CHECKING:
    from mulegraph.views.notebook_cards import View
    from mulegraph.workspace.workspace import Workspace


class Case:
    """One case of a run."""

    def __init__(self, workspace: Workspace, row: dict[str, Any], run: Run) -> None:
        self.workspace, self._row, self.run = workspace, row, run
        self.id: str = row["case"]

    @property
    @outward
    def row(self) -> dict[str, Any]:
        """The case as the run holds it."""
        return self._row

    @property
    def state(self) -> dict[str, Any]:
        """What people did with it: status, assignee, disposition, notes, requests and replies."""
        return casework.told(self.workspace, self.id)

    @property
    @outward
    def accounts(self) -> pd.DataFrame:
        """account_id and role."""
        return pd.DataFrame({"account_id": self.row["accounts"], "role": self.row["roles"]})

    @property
    @outward
    def findings(self) -> pd.DataFrame:
        """The findings that make the case, best first."""
        table = self.run.table("findings")
        mine = table.filter(pc.is_in(table["finding"], value_set=pa.array(self.row["findings"], pa.string())))
        order = pc.sort_indices(mine, [("score", "descending"), ("finding", "ascending")])
        return frame_of(mine.take(order))

    @outward
    def told(self, language: str = "en") -> pd.DataFrame:
        """Its findings with reasons in a language, facts and benign tests as dictionaries."""
        return told(self.run, self.findings, language)

    @property
    def journey(self) -> pd.DataFrame:
        """Every phase of the fraud's journey: found here, not found, or blind, and who could raise which barrier."""
        return pd.DataFrame(journey(self.findings["phase"]))

    @property
    @outward
    def chains(self) -> pd.DataFrame:
        """The chains of the case, best first."""
        table = self.run.table("chains")
        return frame_of(table.filter(pc.is_in(table["chain"], value_set=pa.array(self.row["chains"], pa.string()))))

    @property
    @outward
    def transfers(self) -> pd.DataFrame:
        """Evidence of its findings, in time order."""
        ids = sorted({each for evidence in self.findings["evidence"] for each in evidence})
        return self.workspace.transfers(ids)

    @outward
    def graph(self) -> nx.MultiDiGraph[str]:
        """Accounts with their roles, the evidence between them, shared devices, and what is known of all of them."""
        made = case_graph(self.row, self.transfers, self.workspace.devices_of(self.row["accounts"]))
        return with_known(self.workspace, made, findings=self.findings)

    def view(self) -> View:
        """Its interactive page."""
        return self.workspace.view(self)

    def _repr_html_(self) -> str:
        from mulegraph.views.notebook_cards import case_card

        return case_card(self)

    def __repr__(self) -> str:
        return f"<{self.id}: {len(self.row['accounts'])} accounts, score {self.row['score']:.2f}>"
