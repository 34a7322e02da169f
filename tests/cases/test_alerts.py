"""Alerts night after night: the published rule, one budget, and nobody told twice."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from online_fdr.e_values.batch import e_bh

from mulegraph.cases.alerts import LOOK_ALIKES, alerted, e_values, tonight
from mulegraph.schema.findings import ALERTS
from tests.thorough import examples

evidence = st.lists(st.floats(0, 1e6), max_size=30).map(np.array)
shares = st.floats(0.01, 0.9)


@examples(200)
@given(evidence, shares)
def test_the_first_night_is_e_bh(found: np.ndarray, share: float):
    """As online-fdr has it (Wang & Ramdas, 2022), where every account has evidence."""
    assert alerted(found, len(found), share, 0).tolist() == e_bh(found.tolist(), share)


def slowly_alerted(found: list[float], accounts: int, share: float, before: int) -> list[bool]:
    """From all to none: the first number of best ones of whom each has enough evidence for so many alerts."""
    order = sorted(range(len(found)), key=lambda place: -found[place])
    for count in range(len(found), 0, -1):
        if all(found[place] * share * (before + count) >= accounts for place in order[:count]):
            return [place in order[:count] for place in range(len(found))]
    return [False] * len(found)


@examples(200)
@given(evidence, shares, st.integers(0, 50), st.integers(0, 100))
def test_later_nights_count_the_alerts_before(found: np.ndarray, share: float, before: int, quiet: int):
    """As many as have, each, evidence for the share of all alerts; accounts without evidence count, too."""
    accounts = len(found) + quiet
    slow = slowly_alerted(found.tolist(), accounts, share, before)
    assert alerted(found, accounts, share, before).tolist() == slow


def test_evidence_is_the_odds_over_the_base_rates_and_never_more_than_all_accounts():
    """A score of the base rate says nothing (one); half is taken off for innocents that look alike."""
    got = e_values(np.array([0.001, 0.5, 1.0]), 0.001, 10_000)
    assert got * LOOK_ALIKES == pytest.approx([1.0, 999.0, 10_000.0])


def scores(**of: float) -> pa.Table:
    """A table of scores, as a run keeps it, without parts."""
    return pa.table({"account": list(of), "score": list(of.values())})


def test_an_account_is_alerted_once_and_stays_so():
    """On a later night only others are new, whatever has become of its score."""
    rule = {"accounts": 10, "false_share": 0.5, "base_rate": 0.01}
    first = tonight(scores(a=0.99, b=0.98, c=0.99, d=0.99, e=0.02), ALERTS.empty(), 1, **rule)
    second = tonight(scores(a=0.2, b=0.99, c=0.99, d=0.99, e=0.9), first, 2, **rule)

    assert first["account"].to_pylist() == ["a", "b", "c", "d"]
    assert second["account"].to_pylist() == ["a", "b", "c", "d", "e"]
    assert second["night"].to_pylist() == [1, 1, 1, 1, 2]
    assert second["score"].to_pylist()[0] == 0.99


def test_ninety_nights_of_fair_evidence_keep_the_budget():
    """Likelihood ratios that grow night by night: in 50 runs the false share is the budget at most, on average."""
    rng = np.random.default_rng(4)
    accounts, guilty, share, rates = 1_000, 30, 0.2, []
    for _ in range(50):
        is_guilty, nats = np.arange(accounts) < guilty, np.zeros(accounts)
        told = np.zeros(accounts, bool)
        for _night in range(90):
            drawn = rng.normal(np.where(is_guilty, 0.5, 0.0))
            nats += 0.5 * drawn - 0.125
            open_ = np.flatnonzero(~told)
            told[open_[alerted(np.exp(nats[open_]), accounts, share, int(told.sum()))]] = True
        assert told[:guilty].any()
        rates.append((told & ~is_guilty).sum() / told.sum())
    assert np.mean(rates) <= share
