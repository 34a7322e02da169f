"""A hold as an event in time: the ledger is read again with the held accounts' payments blocked from then on.

What a hold keeps is then what the trace finds on the held accounts at the ledger's end. Arithmetic on a picture of the
flow would not do: what a held account no longer pays on is also missing where it would have gone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal

import numpy as np

from mulegraph.flow.dated_payments import DayOrder
from mulegraph.flow.tracing import CONSERVING
from mulegraph.lazy import pandas as pd
from mulegraph.workspace.trace import TracedIn, TraceResult
from mulegraph.workspace.trace_payments import Following, Source, Times, trace_payments
from mulegraph.workspace.workspace import Workspace

ByRule = dict[str, Decimal]
"""An amount by rule of tracing, of those that conserve money."""


def replayed(space: Workspace, chosen: list[str], held: Collection[str], at: pd.Timestamp) -> TraceResult:
    """The trace of payments in a ledger in which these accounts pay nothing from a moment on."""
    real = space.traceable
    order = _blocked(real, held, at)
    source = replace(real, order=order, differs_from=at, real=real.order)
    following = Following(space.settings.trace.days, space.settings.trace.min_share)
    return trace_payments(source, chosen, following, Times(), methods=tuple(CONSERVING))


def kept(found: TracedIn, accounts: Collection[str]) -> ByRule:
    """What is on these accounts at the end, by rule."""
    mine = found.accounts[found.accounts["account"].isin(set(accounts))]
    return {rule: sum(mine[f"{rule}_remaining"], Decimal(0)) for rule in CONSERVING}


def bounds(amounts: ByRule) -> tuple[Decimal, Decimal]:
    """The least and the most of an amount over the rules."""
    return min(amounts.values()), max(amounts.values())


def _blocked(source: Source, held: Collection[str], at: pd.Timestamp) -> DayOrder:
    order = source.order
    moved = order.transfers
    numbers = source.ledger.account_numbers(sorted(held))
    start = at.to_datetime64().astype("datetime64[us]").astype(np.int64)
    runs = ~(np.isin(source.sub.accounts_of(moved.source), numbers[numbers >= 0]) & (moved.at >= start))
    left = moved.only(runs)
    if order.dated is None:
        return replace(order, transfers=left)
    return DayOrder(left, order.day[runs], order.dated[runs])
