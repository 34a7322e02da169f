"""Alerts night after night: the published rule, one budget, and nobody told twice."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from online_fdr.e_values.batch import e_bh

from mulegraph.cases.alerts import LOOK_ALIKES, alerted, e_values, tonight
from mulegraph.casework.acts import dispose
from mulegraph.schema.findings import ALERTS
from mulegraph.settings import FILE
from mulegraph.workspace.alerting import covered_days
from mulegraph.workspace.listings import all_cases
from mulegraph.workspace.scan import scan
from mulegraph.workspace.workspace import Workspace
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


def test_alerts_of_a_larger_budget_buy_nothing_under_a_smaller_one():
    """Under 0.05 a hundred alerts that were made under 1.0 count as if they had not been."""
    rule = {"accounts": 1_000, "base_rate": 0.01}
    loose = tonight(scores(**{f"x{n}": 0.5 for n in range(100)}), ALERTS.empty(), 1, false_share=1.0, **rule)
    tonights = scores(a=0.99, b=0.999)

    strict = tonight(tonights, loose, 2, false_share=0.05, **rule)
    alone = tonight(tonights, ALERTS.empty(), 2, false_share=0.05, **rule)

    assert strict["account"].to_pylist()[len(loose) :] == alone["account"].to_pylist()


def test_whoever_was_cleared_is_not_alerted(tmp_path, few_cases):
    """Nor who is a victim in all his cases; and days that hold a stray row only are not covered."""
    folder = shutil.copytree(few_cases, tmp_path / "workspace")
    (folder / FILE).write_text("[alerts]\nfalse_share = 1.0\nmin_days = 0\n", encoding="utf-8")
    space = Workspace(folder)
    cases = all_cases(space).to_pylist()
    roles = {name: role for row in cases for name, role in zip(row["accounts"], row["roles"], strict=True)}
    cleared = next(name for row in cases for name in row["accounts"] if roles[name] not in ("victim", ""))
    case = next(row["case"] for row in cases if cleared in row["accounts"])
    dispose(space, case, cleared, "innocent", "his own money")

    scan(folder, graph=False)

    told = Workspace(folder).run.table("alerts")
    assert cleared not in told["account"].to_pylist() and len(told) > 0
    named = [pair for row in cases for pair in zip(row["accounts"], row["roles"], strict=True)]
    victims = {name for name, role in named if role == "victim"} - {name for name, role in named if role != "victim"}
    assert victims and not victims & set(told["account"].to_pylist())
    assert told["until"].null_count == 0 and set(told["share"].to_pylist()) == {1.0}
    assert covered_days(space.ledger) <= 8
