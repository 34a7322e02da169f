"""Whether the money of a case that was put aside has left the accounts that it was on then."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from mulegraph.errors import UsageError
from mulegraph.flow.tracing import CONSERVING
from mulegraph.journal.case_states import Left, Watch
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.ledger import Ledger
from mulegraph.settings import TraceSettings
from mulegraph.workspace.trace import TracedIn
from mulegraph.workspace.trace_payments import Following, Source, Times, trace_payments

WITHOUT_END = 0
"""A case may be put aside for longer than a trace follows money."""


def money_left(ledger: Ledger, source: Callable[[], Source], settings: TraceSettings, watch: Watch) -> Left:
    """Payments of the watched accounts since then that carry the case's money under a rule, and how much, at most."""
    since = pd.Timestamp(watch["since"]).tz_localize(None)
    paid = ledger.between(since, None)
    # Most nights nothing moved, and then nothing is traced.
    if not len(paid.filter((paid["at"] > since) & paid.source.isin(watch["accounts"])).limit(1).to_pandas()):
        return Left({}, [])
    following = Following(WITHOUT_END, settings.min_share)
    try:
        found = trace_payments(source(), watch["payments"], following, Times(), methods=tuple(CONSERVING))
    except UsageError:  # a load that was taken back may have held its payments
        return Left({}, [])
    amounts: dict[str, str] = {}
    payments: list[str] = []
    for part in found.in_currencies:
        left = _left(part, watch, since)
        if len(left):
            amounts[part.currency] = str(sum(left["maximum"], Decimal(0)))
            payments += left["transfer"].tolist()
    return Left(amounts, sorted(set(payments)))


def _left(part: TracedIn, watch: Watch, since: pd.Timestamp) -> pd.DataFrame:
    """Steps by which money left; what an account exchanges on itself stays with it."""
    steps = part.steps
    later = (steps["at"] > since) & (steps["source"] != steps["target"]) & (steps["maximum"] > 0)
    return steps[later & steps["source"].isin(watch["accounts"])]
