"""One case of a run, and what belongs to it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.build import case_graph
from mulegraph.cases.journey import journey
from mulegraph.errors import UsageError
from mulegraph.journal.case_states import opened_with, reshaped, states
from mulegraph.journal.state import CaseState
from mulegraph.lazy import networkx as nx
from mulegraph.lazy import pandas as pd
from mulegraph.schema import results
from mulegraph.schema.acts import CASE_STATE
from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.language import spoken
from mulegraph.workspace import listings
from mulegraph.workspace.annotate import with_known
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.listing import frame_of, near
from mulegraph.workspace.opened import with_called
from mulegraph.workspace.questions import Word, question
from mulegraph.workspace.run import Run, Runs
from mulegraph.workspace.scan import RUNS_REMEMBERED


class Case:
    """One case of a run. `row` is as the run holds it, `made_of` and `amounts` as dictionaries."""

    def __init__(self, workspace: WorkspaceBase, row: dict[str, Any], run: Run) -> None:
        self.workspace, self.run = workspace, run
        self.id: str = row["case"]
        state = states(workspace.folder).get(self.id, CaseState())
        self._row = reshaped({**row, "made_of": dict(row["made_of"]), "amounts": dict(row["amounts"])}, state)

    @property
    @question(results.CASES)
    def row(self) -> dict[str, Any]:
        """The case as the run holds it."""
        return self._row

    @property
    @question(CASE_STATE)
    def state(self) -> dict[str, Any]:
        """What people did with it: status, assignee, disposition, notes, requests and replies."""
        return asdict(states(self.workspace.folder).get(self.id, CaseState()))

    @property
    @question(results.CASE_ACCOUNTS)
    def accounts(self) -> pd.DataFrame:
        """account_id and role."""
        return pd.DataFrame({"account_id": self._row["accounts"], "role": self._row["roles"]})

    @property
    @question(results.FINDINGS)
    def findings(self) -> pd.DataFrame:
        """The findings that make the case, best first, in English."""
        return self.findings_in()

    @question(results.FINDINGS)
    def findings_in(self, language: Word = LANGUAGES[0]) -> pd.DataFrame:
        """The findings with reasons in a language; facts and benign tests as dictionaries."""
        table = self.run.every_finding
        mine = table.filter(pc.is_in(table["finding"], value_set=pa.array(self._row["findings"], pa.string())))
        order = pc.sort_indices(mine, [("score", "descending"), ("finding", "ascending")])
        return listings.with_sentences(self.run, frame_of(mine.take(order)), language)

    @property
    @question(results.JOURNEY)
    def journey(self) -> pd.DataFrame:
        """Every phase of the fraud's journey: found here, not found, or blind, and who could raise which barrier."""
        return pd.DataFrame(journey(self.findings["phase"]))

    @property
    @question(results.CHAINS)
    def chains(self) -> pd.DataFrame:
        """The chains of the case, best first."""
        table = self.run.table("chains")
        return frame_of(table.filter(pc.is_in(table["chain"], value_set=pa.array(self._row["chains"], pa.string()))))

    @property
    @question(results.TRANSFERS)
    def transfers(self) -> pd.DataFrame:
        """Its seeds and the evidence of its findings, in time order."""
        ids = sorted({each for evidence in self.findings["evidence"] for each in evidence} | set(self._row["seeds"]))
        return listings.transfers(self.workspace, ids)

    @question(results.GRAPH)
    def network(self) -> nx.MultiDiGraph[str]:
        """Accounts with their roles, the evidence between them, shared devices, and what is known of all of them."""
        devices = listings.devices_of(self.workspace, self._row["accounts"])
        made = case_graph(self._row, self.transfers, devices)
        return with_known(self.workspace, made, findings=self.findings_in(spoken()))


def find_case(space: WorkspaceBase, case: str) -> Case:
    """One case, of the latest run that has it; also one that has gone quiet. Raises UsageError when none has it."""
    for run in (space.run, *reversed(Runs(space.folder).all()[-RUNS_REMEMBERED:])):
        table = run.table("cases")
        mine = table.filter(pc.equal(table["case"], case))
        if len(mine):
            if case in opened_with(space.folder):
                mine = with_called(mine, {case: listings.opened(space, case)})
            return Case(space, mine.to_pylist()[0], run)
    if case in opened_with(space.folder):
        return Case(space, listings.opened(space, case).to_pylist()[0], space.run)
    known = space.run.table("cases")["case"]
    raise UsageError("case '{case}' is unknown", hint=near(case, known, "mulegraph case list"), case=case)
