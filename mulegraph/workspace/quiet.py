"""Cases of earlier runs that the latest one does not find, and that nobody has closed: they stay on the list."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.identity import seeds_of
from mulegraph.journal.case_states import opened_with, states
from mulegraph.journal.state import CLOSED
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.run import Runs
from mulegraph.workspace.scan import RUNS_REMEMBERED


def quiet_cases(space: WorkspaceBase) -> list[pa.Table]:
    """One row each, as the latest earlier run has it: cases that somebody worked on, or that hold a reported payment.

    A reported payment with which a case of the latest run begins is told there. Closed cases are left out.
    """
    known, tonight = states(space.folder), space.run.table("cases")
    opened = opened_with(space.folder)
    reported = set(space.ledger.arrow("reports", ["transfer_id"])["transfer_id"].to_pylist())
    reported -= {each for seeds in (*seeds_of(tonight).values(), *opened.values()) for each in seeds}
    seen = {*tonight["case"].to_pylist(), *opened}
    seen |= {case for case, state in known.items() if state.status == CLOSED}
    found = []
    for run in reversed([run for run in Runs(space.folder).all() if run.name < space.run.name][-RUNS_REMEMBERED:]):
        table = run.table("cases")
        seeds = seeds_of(table)
        fresh = [case for case in table["case"].to_pylist() if case not in seen]
        seen.update(fresh)
        wanted = [case for case in fresh if case in known or seeds.get(case, frozenset()) & reported]
        if wanted:
            mine = table.filter(pc.is_in(table["case"], value_set=pa.array(wanted, pa.string())))
            found.append(mine.select(tonight.column_names).cast(tonight.schema))
    return found
