"""A look of the watch: the signs that can be told at once, over the ledger as it is this minute."""

from __future__ import annotations

import shutil
from collections.abc import Container
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.flow.transfers import DAY
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema import results
from mulegraph.schema.disclosure import OURS, Each
from mulegraph.schema.tables import ARROW_TYPE, Kind
from mulegraph.settings import read_settings
from mulegraph.signs.own import signs_of
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.listing import frame_of
from mulegraph.workspace.money_left import LARGEST_FIRST, MONEY, last_moved, left_by_chains
from mulegraph.workspace.own_banks import OwnBanks
from mulegraph.workspace.questions import question
from mulegraph.workspace.quick_look import Standing, quick_look
from mulegraph.workspace.run import Run, Runs
from mulegraph.workspace.scan_steps import Progress, SignRun, Timed, made_of
from mulegraph.workspace.trace_payments import Following, Source, Times, trace_payments
from mulegraph.workspace.trace_terms import order_of

SIGNS = ("A2", "A4", "A5", "A7", "C3", "N1", "N4", "N5", "T1")
"""Those that say something the minute a payment or an event comes; the others speak of days."""
FOLDER = "watch"
LOOKS_KEPT = 2
QUICK = "quick"


class Looks:
    """The looks of one watch at a workspace's ledger, each a run of its own.

    A whole look runs the signs that can be told at once with the same code over the same ledger as a scan. A quick one
    goes on from the look before, which this keeps in memory; both raise UsageError when nothing is loaded or a setting
    does not fit, EngineError when the disk fails.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._runs = Runs(workspace / FOLDER)
        self._standing: Standing | None = None

    def forget(self) -> None:
        """Let go of what the look before has left."""
        self._standing = None

    def whole(self, *, progress: Progress | None = None) -> Run:
        """Look at the whole ledger."""
        # Let go before the ledger is read anew: both together would take twice the memory.
        self._standing = None
        of = SignRun(self._workspace, self._runs.folder, progress or (lambda _: None), only=SIGNS)
        with of.steps.step("money"):
            money = _money_now(of)
        with of.steps.step("write"):
            parts, counted = of.told()
            run = self._write({**parts, "money": money}, {**of.manifest, **counted})
            of.steps.unfinished.forget()
        if of.settings.watch.quick_from <= len(of.inputs.transfers):
            self._standing = Standing.of(of)
        return run

    def quick(self, told: Container[str], *, progress: Progress | None = None) -> Run | None:
        """What is new since the look before; None where that cannot be told without looking at the whole ledger.

        `told` are the ids of the findings that are known, of which its run is silent.
        """
        # Let go until this one stands: it writes into the columns that the look before has left.
        before, self._standing = self._standing, None
        if before is None:
            return None
        ledger, settings = Ledger(self._workspace / "ledger"), read_settings(self._workspace)
        signs, steps = signs_of(self._workspace), Timed(progress or (lambda _: None))
        now = made_of(self._workspace, ledger, settings, signs)
        seen = quick_look(ledger, before, signs, settings, told, steps) if before.is_made_of(now) else None
        if seen is None:
            return None
        more = {"look": QUICK, **seen.counted, "seconds": steps.seconds, "rejects": ledger.rejects}
        with steps.step("write"):
            run = self._write(seen.parts, {**before.manifest, "ledger": now["ledger"], **more})
        self._standing = seen.standing
        return run

    def _write(self, parts: dict[str, pa.Table], manifest: dict[str, Any]) -> Run:
        run = self._runs.write(parts, manifest)
        for older in self._runs.all()[:-LOOKS_KEPT]:
            shutil.rmtree(older.folder, ignore_errors=True)
        return run


@question(Each(OURS))
def finding_ids(space: WorkspaceBase) -> list[str]:
    """Ids of the findings of the run that is asked."""
    return list(space.run.table("findings")["finding"].to_pylist())


@question(Each(OURS))
def chain_ids(space: WorkspaceBase) -> list[str]:
    """Ids of its chains at and above the threshold."""
    table = space.run.table("chains")
    return list(table.filter(pc.greater_equal(table["surprise"], space.run.threshold))["chain"].to_pylist())


@question(results.MONEY_NOW)
def money_now(space: WorkspaceBase) -> pd.DataFrame:
    """Where traced and suspected money is, as the look that is asked saw it; largest first."""
    return frame_of(space.run.table("money"))


def _money_now(of: SignRun) -> pa.Table:
    ids = of.inputs.chains.table["chain"]
    by_chains = left_by_chains(of.ledger, of.inputs.flow, lambda places: ids.take(pa.array(places)))
    return pa.concat_tables([by_chains, *_left_of_reports(of)]).sort_by(LARGEST_FIRST)


def _left_of_reports(of: SignRun) -> list[pa.Table]:
    """What is still there of payments that victims reported, by currency; as old as a trace follows money."""
    ledger, settings = of.ledger, of.settings.trace
    reported = ledger.row_of(pc.unique(ledger.arrow("reports", ["transfer_id"])["transfer_id"]).drop_null().to_pylist())
    if not reported:
        return []
    rows = ledger.rows_of(np.array(list(reported.values())), ["transfer_id", "currency", "at"])
    oldest = last_moved(of.inputs.transfers) - (settings.days or 36_500) * DAY
    rows = rows.filter(pc.greater_equal(rows["at"].cast(pa.int64()), oldest))
    banks = OwnBanks.of(ledger, of.settings.banks)
    source = Source(ledger, *order_of(ledger, of.inputs.transfers), banks)
    following = Following(settings.days, settings.min_share)
    found = []
    for currency in sorted(pc.unique(rows["currency"]).to_pylist()):
        mine = rows.filter(pc.equal(rows["currency"], currency))
        payments = sorted(mine["transfer_id"].to_pylist())
        parts = trace_payments(source, payments, following, Times(), methods=("fifo",)).in_currencies
        accounts = pd.concat([each.accounts.assign(currency=each.currency) for each in parts])
        accounts = accounts[accounts["fifo_remaining"] > 0]
        size = len(accounts)
        columns = [
            pa.array(accounts["account"].tolist(), pa.string()),
            pa.array(accounts["fifo_remaining"].tolist(), ARROW_TYPE[Kind.AMOUNT]),
            pa.array(accounts["currency"].tolist(), pa.string()),
            pa.repeat(pc.min(mine["at"]), size),
            pa.repeat("reports", size),
            pa.nulls(size, pa.string()),
        ]
        found.append(pa.table(columns, schema=MONEY))
    return found
