"""Which accounts are alerted tonight: of all alerts of all nights, no more than a share is to be false.

An e-value is evidence that is at most one on average where nothing is wrong (Vovk & Wang, Annals of Statistics 49,
2021). A likelihood ratio is one, and a score is one: the odds that it says, over the odds of the base rate. Night after
night it is one of a process, as long as what the ledger says of an innocent account drifts neither way (a likelihood
ratio over growing data is a martingale), so it may be looked at on any night, however nights and accounts depend.

The rule is e-BH (Wang & Ramdas, JRSS B 84, 2022) over such processes, as in Xu, Wang & Ramdas (A unified framework for
bandit multiple testing, NeurIPS 2021): with *R* alerts so far, the *k* best others are alerted where the least of their
e-values is at least N / (share · (R + k)). Each false alert then counts at most share · e/N in the false share, and the
innocents' e-values add up to N at most (compound e-values: Ignatiadis, Wang & Ramdas, 2024). What is alerted once stays
so: somebody was told.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mulegraph.schema.findings import ALERTS

LOOK_ALIKES = 2.0
"""Evidence counts half: scores do not know every innocent reason. On 26 labelled ledgers the innocents' odds add up to
1.0 to 1.7 times the number of accounts where no innocent looks alike, and to 2 to 11 times where some do."""
SUREST = 1 - 1e-6
"""Scores are rounded to so many places."""


def e_values(score: np.ndarray, base_rate: float, accounts: int) -> np.ndarray:
    """Evidence that each account launders. None says more than that it is the one among all `accounts`."""
    sure = np.minimum(score, SUREST)
    ratio = sure / (1 - sure) * (1 - base_rate) / base_rate
    return np.asarray(np.minimum(ratio, accounts) / LOOK_ALIKES)


def alerted(evidence: np.ndarray, accounts: int, false_share: float, before: int) -> np.ndarray:
    """A flag for each e-value: whether it is alerted now, when `before` others have been.

    `accounts` is the number of all that could be, also of those without evidence.
    """
    order = np.argsort(-evidence, kind="stable")
    so_far = before + np.arange(1, len(evidence) + 1)
    enough = np.flatnonzero(evidence[order] * false_share * so_far >= accounts)
    flags = np.zeros(len(evidence), bool)
    flags[order[: enough[-1] + 1 if len(enough) else 0]] = True
    return flags


def tonight(
    scores: pa.Table, earlier: pa.Table, night: int, accounts: int, false_share: float, base_rate: float
) -> pa.Table:
    """All alerts, the `earlier` ones first, in `ALERTS`; of those of this night the best first.

    Earlier ones of a larger share do not count: they were not made under this budget.
    """
    known = pa.compute.is_in(scores["account"], value_set=earlier["account"].combine_chunks())
    open_ = scores.filter(pa.compute.invert(known))
    score = open_["score"].to_numpy()
    before = int(np.sum(earlier["share"].to_numpy() <= false_share))
    flags = alerted(e_values(score, base_rate, accounts), accounts, false_share, before)
    new = ALERTS.table(
        {
            "account": open_["account"].filter(pa.array(flags)),
            "night": np.full(int(flags.sum()), night),
            "until": pa.nulls(int(flags.sum()), ALERTS["until"].type),
            "share": np.full(int(flags.sum()), false_share),
            "score": score[flags],
        }
    )
    return pa.concat_tables([earlier, new]).combine_chunks()
