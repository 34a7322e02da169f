"""A look of the watch: the signs that can be told at once, over the ledger as it is this minute."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.flow.transfers import DAY
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.ledger import amounts, decimals
from mulegraph.schema import results
from mulegraph.schema.disclosure import OURS, Each
from mulegraph.schema.tables import ARROW_TYPE, Kind
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.listing import frame_of
from mulegraph.workspace.own_banks import OwnBanks
from mulegraph.workspace.questions import question
from mulegraph.workspace.run import Run, Runs
from mulegraph.workspace.scan_steps import Progress, SignRun
from mulegraph.workspace.trace_payments import Following, Source, Times, trace_payments
from mulegraph.workspace.trace_terms import order_of

SIGNS = ("A2", "A4", "A5", "A7", "C3", "N1", "N4", "N5", "T1")
"""Those that say something the minute a payment or an event comes; the others speak of days."""
FOLDER = "watch"
LOOKS_KEPT = 2
MONEY = pa.schema(
    [
        ("account", pa.string()),
        ("amount", ARROW_TYPE[Kind.AMOUNT]),
        ("currency", pa.string()),
        ("since", ARROW_TYPE[Kind.TIME]),
        ("why", pa.string()),
        ("chain", pa.string()),
    ]
)
"""Where money is now, largest first: what a strong chain left on its last account, and what is traced of reports."""


def look(workspace: Path, *, progress: Progress | None = None) -> Run:
    """The signs that can be told at once, with the same code over the same ledger as a scan, kept as a run of its own.

    Raises UsageError when nothing is loaded or a setting does not fit, EngineError when the disk fails.
    """
    runs = Runs(workspace / FOLDER)
    of = SignRun(workspace, runs.folder, progress or (lambda _: None), only=SIGNS)
    with of.steps.step("money"):
        money = _money_now(of)
    with of.steps.step("write"):
        parts, counted = of.told()
        run = runs.write({**parts, "money": money}, {**of.manifest, **counted})
        of.steps.unfinished.forget()
    for older in runs.all()[:-LOOKS_KEPT]:
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
    table = pa.concat_tables([_left_by_chains(of), *_left_of_reports(of)])
    order = [("currency", "ascending"), ("amount", "descending"), ("account", "ascending"), ("chain", "ascending")]
    return table.sort_by(order)


def _left_by_chains(of: SignRun) -> pa.Table:
    """What of strong chains' last transfers was not paid on yet, first in, first out; chains that ended in the window.

    Money that has lain for longer than the window is the night's to find: here it would hide what still moves.
    """
    flow = of.inputs.flow
    moved, chains = flow.transfers, flow.chains
    count = flow.chains_from(flow.threshold) if np.isfinite(flow.threshold) else 0
    last, place = np.unique(chains.position[chains.start[1 : count + 1] - 1], return_index=True)
    fresh = (moved.target[last] >= 0) & (moved.at[last] >= (int(moved.at.max()) if len(moved) else 0) - flow.window)
    last, place = last[fresh], place[fresh]
    ending = np.isin(flow.links.receipt, last)
    at = np.searchsorted(last, flow.links.receipt[ending])
    gone = np.bincount(at, weights=flow.links.amount[ending], minlength=len(last)).astype(np.int64)
    left = moved.amount[last] - gone
    kept = left > 0
    last = last[kept]
    place = place[kept]
    left = left[kept]
    rows = of.ledger.rows_of(moved.row[last], ["currency", "at"])
    currency = rows["currency"].combine_chunks()
    return pa.table(
        [
            of.ledger.account_ids.take(pa.array(moved.target[last])),
            amounts(left, currency) if len(left) else decimals(left),
            currency,
            rows["at"],
            pa.repeat("chain", len(last)),
            of.inputs.chains.table["chain"].take(pa.array(place)),
        ],
        schema=MONEY,
    )


def _left_of_reports(of: SignRun) -> list[pa.Table]:
    """What is still there of payments that victims reported, by currency; as old as a trace follows money."""
    ledger, settings = of.ledger, of.settings.trace
    reported = ledger.row_of(pc.unique(ledger.arrow("reports", ["transfer_id"])["transfer_id"]).drop_null().to_pylist())
    if not reported:
        return []
    rows = ledger.rows_of(np.array(list(reported.values())), ["transfer_id", "currency", "at"])
    oldest = int(of.inputs.transfers.at.max()) - (settings.days or 36_500) * DAY
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
