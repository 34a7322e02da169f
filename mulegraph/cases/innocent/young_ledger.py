"""Young ledger: the ledger is too young to tell a burst from what comes once a month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mulegraph.cases.benign import Outcome, benign_test
from mulegraph.cases.evidence import Evidence
from mulegraph.flow.transfers import DAY
from mulegraph.ledger.statistics import covered
from mulegraph.schema.language import tr
from mulegraph.signs import facts

MONTH = 35
"""Days in which what comes once a month has come again, also where a weekend or a holiday moved it."""

LATER = 2**62
"""After all times, in microseconds."""


def sentence(values: Mapping[str, Any]) -> str:
    """How many days the ledger covers before and after."""
    return tr(
        "the ledger covers {before} days before it and {after} after: what comes once a month looks alike",
        before=str(values["before"]),
        after=str(values["after"]),
    )


@benign_test(
    explains=(),
    reduction=0.6,
    words="a ledger too young to tell",
    values=(
        facts.count("before", "days covered before the first transfer", unit="days"),
        facts.count("after", "days covered after the last transfer", unit="days"),
    ),
    sentence=sentence,
    says_innocent=False,
)
def young_ledger(of: Evidence) -> Outcome:
    """All of it is the subject's own payments or receipts, and neither the month before nor the month after is here."""
    day, rows = _days(of.transfers.at)
    full = day[covered(rows)]
    at = of.transfers.at[of.position]
    first, last = np.full(len(of), LATER), np.full(len(of), -LATER)
    np.minimum.at(first, of.of, at)
    np.maximum.at(last, of.of, at)
    before = np.searchsorted(full, first // DAY)
    after = len(full) - np.searchsorted(full, last // DAY, side="right")
    # Two who meet through several others are no round of payments, at whatever time of the month.
    alone = of.share(of.inward | of.outward) == 1
    # Nor is it one to collect from several and pay several within a day. Where times are dates, bills meet the wages.
    both_ways = (of.share(of.inward) < 1) & (of.share(of.outward) < 1)
    is_collected_and_paid_on = both_ways & (last - first <= DAY) & (of.transfers.tick < DAY)
    alone &= ~is_collected_and_paid_on
    return Outcome(alone & (before < MONTH) & (after < MONTH), {"before": before, "after": after})


def _days(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The days that have transfers, and how many each; times are in order, so that each day's begin is looked up."""
    if not len(at):
        return at, at
    every = np.arange(at[0] // DAY, at[-1] // DAY + 2)
    rows = np.diff(np.searchsorted(at, every * DAY))
    return every[:-1][rows > 0], rows[rows > 0]
