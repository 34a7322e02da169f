"""Scores: evidence counted once, parts that add up, victims not held to account."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.cases.score import ACCOUNT_CURVE, BASE, CASE_CURVE, Piece, parted, probability, summed

pieces = st.lists(
    st.builds(
        Piece,
        st.sampled_from(["A3", "N1", "N3", "A7"]),
        st.floats(0.01, 9),
        st.frozensets(st.integers(0, 9), max_size=5),
    ),
    max_size=12,
)


def test_the_same_transfers_count_once():
    """A3 inside N1: what the chain has said, the pass-through does not say again."""
    chain, same = Piece("N1", 8.0, frozenset({1, 2})), Piece("A3", 7.0, frozenset({1, 2}))
    assert summed([chain, same]) == {"N1": 8.0}
    assert summed([chain, Piece("A3", 7.0, frozenset({1, 2, 3, 4}))]) == {"N1": 8.0, "A3": 3.5}


def test_without_transfers_each_sign_counts_once():
    """Two devices are one habit; a list is another matter."""
    found = summed([Piece("A7", 2.0, frozenset()), Piece("A7", 3.0, frozenset()), Piece("A2", 4.0, frozenset())])
    assert found == {"A7": 3.0, "A2": 4.0}


@given(mine=pieces)
def test_parts_add_up_to_the_score(mine):
    """To the last digit, whatever the evidence; none is below nought."""
    score, parts = parted(summed(mine), ACCOUNT_CURVE)
    assert sum(round(each * 1e6) for each in parts.values()) == round(score * 1e6)
    assert min(parts.values()) >= 0 and BASE in parts
    assert 0 <= score <= 1


@given(mine=pieces, more=pieces)
def test_more_evidence_never_lowers_what_is_known(mine, more):
    """In whatever order it comes."""
    before, after = (sum(summed(each).values()) for each in (mine, [*mine, *more]))
    assert after >= before - 1e-9
    assert summed([*more, *mine]) == pytest.approx(summed([*mine, *more]))


@pytest.mark.parametrize("curve", [ACCOUNT_CURVE, CASE_CURVE])
def test_the_curve_is_platts(curve):
    """1 / (1 + exp(−(a + b·x))), rising."""
    nats = np.linspace(0, 20, 50)
    given_by = [probability(each, curve) for each in nats]
    assert given_by == pytest.approx(1 / (1 + np.exp(-(curve[0] + curve[1] * nats))))
    assert np.all(np.diff(given_by) > 0)


def test_scores_of_the_sample_are_ordered_and_add_up(workspace):
    """The ranking is what the parts say, best first."""
    ranked = workspace.ranking()
    assert ranked["score"].is_monotonic_decreasing
    for score, parts in zip(ranked["score"], ranked["parts"], strict=True):
        assert sum(parts.values()) == pytest.approx(score, abs=1e-9)
    cases = workspace.cases()
    for score, parts in zip(cases["score"], cases["made_of"], strict=True):
        assert sum(parts.values()) == pytest.approx(score, abs=1e-9)


def test_a_victim_is_not_held_to_account(plain):
    """Findings that say that their subject was harmed add nothing to its own score."""
    table = plain.run.table("findings").to_pylist()
    scores = {row["account"]: json.loads(row["parts"]) for row in plain.run.table("scores").to_pylist()}
    harmed = [row for row in table if row["victim"] and row["subject_kind"] == "account"]
    assert harmed
    subjects = {(row["sign"], row["subject_id"]) for row in harmed}
    accused = {(row["sign"], name) for row in table for name in row["accounts"] if name != row["subject_id"]}
    for sign, account in subjects - accused:
        assert sign not in scores.get(account, {})
