"""Scores: evidence counted once, parts that add up, victims not held to account."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulegraph.cases.evidence import read_evidence
from mulegraph.cases.score import (
    ACCOUNT_CURVE,
    BASE,
    CASE_CURVE,
    PEERS,
    WEIGHT_NATS,
    Pieces,
    Sums,
    Unlike,
    account_scores,
    add_up,
    parted,
    probability,
    said,
    with_peers,
)
from mulegraph.settings import Settings
from mulegraph.signs.base import all_signs
from mulegraph.signs.found import run_sign
from mulegraph.signs.inputs import SignInputs
from tests.signs.inputs import background

SIGNS = ["A2", "A3", "A7", "N1", "N3"]
Piece = tuple[str, float, frozenset[int]]
"""A finding as it bears on somebody: its sign, what it is worth in nats, and the transfers that it rests on."""

pieces = st.lists(
    st.tuples(
        st.sampled_from(["A3", "N1", "N3", "A7"]),
        st.floats(0.01, 9),
        st.frozensets(st.integers(0, 9), max_size=5),
    ),
    max_size=12,
)


def columns(*owners: list[Piece]) -> Pieces:
    """The pieces of each owner as rows."""
    rows = [
        (owner, transfer, nats / max(len(transfers), 1), SIGNS.index(sign))
        for owner, mine in enumerate(owners)
        for sign, nats, transfers in mine
        for transfer in transfers or [-1]
    ]
    owner, transfer, nats, sign = (
        (np.array(each) for each in zip(*rows, strict=True)) if rows else [np.empty(0, int)] * 4
    )
    return Pieces(owner, transfer, nats, sign, SIGNS)


def summed(mine: list[Piece]) -> dict[str, float]:
    """Nats by sign of one owner."""
    found = add_up(columns(mine))
    return {SIGNS[sign]: nats for sign, nats in zip(found.sign.tolist(), found.nats.tolist(), strict=True)}


def slowly_summed(mine: list[Piece]) -> dict[str, float]:
    """The same, one by one: each transfer, or else the sign, counts for the piece that makes most of it."""
    best: dict[object, tuple[float, str]] = {}
    for sign, nats, transfers in mine:
        for key in transfers or [sign]:
            best[key] = max(best.get(key, (0.0, sign)), (nats / max(len(transfers), 1), sign))
    total: dict[str, float] = {}
    for nats, sign in best.values():
        total[sign] = total.get(sign, 0.0) + nats
    return total


@settings(deadline=None)
@given(owners=st.lists(pieces, min_size=1, max_size=4))
def test_columns_give_what_one_piece_after_another_gives(owners):
    """For every owner at once, and whatever the others have."""
    found = add_up(columns(*owners))
    for number, mine in enumerate(owners):
        at = found.owner == number
        given_by = dict(zip([SIGNS[each] for each in found.sign[at]], found.nats[at].tolist(), strict=True))
        assert given_by == pytest.approx(slowly_summed(mine))


def test_the_same_transfers_count_once():
    """A3 inside N1: what the chain has said, the pass-through does not say again."""
    chain, same = ("N1", 8.0, frozenset({1, 2})), ("A3", 7.0, frozenset({1, 2}))
    assert summed([chain, same]) == {"N1": 8.0}
    assert summed([chain, ("A3", 7.0, frozenset({1, 2, 3, 4}))]) == {"N1": 8.0, "A3": 3.5}


def test_without_transfers_each_sign_counts_once():
    """Two devices are one habit; a list is another matter."""
    found = summed([("A7", 2.0, frozenset()), ("A7", 3.0, frozenset()), ("A2", 4.0, frozenset())])
    assert found == {"A7": 3.0, "A2": 4.0}


@settings(deadline=None)
@given(mine=pieces)
def test_parts_add_up_to_the_score(mine):
    """To the last digit, whatever the evidence; none is below nought."""
    made = parted(add_up(columns(mine)), np.arange(1), ACCOUNT_CURVE)
    score, parts = float(made.score[0]), dict(made.parts[0].as_py())
    assert sum(round(each * 1e6) for each in parts.values()) == round(score * 1e6)
    assert min(parts.values()) >= 0 and BASE in parts
    assert 0 <= score <= 1


@settings(deadline=None)
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
    given_by = probability(nats, curve).tolist()
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
    scores = {row["account"]: dict(row["parts"]) for row in plain.run.table("scores").to_pylist()}
    harmed = [row for row in table if row["victim"] and row["subject_kind"] == "account"]
    assert harmed
    subjects = {(row["sign"], row["subject_id"]) for row in harmed}
    accused = {(row["sign"], name) for row in table for name in row["accounts"] if name != row["subject_id"]}
    for sign, account in subjects - accused:
        assert sign not in scores.get(account, {})


def ranked_with_peers(held: dict[int, float], peers: list[float]) -> tuple[dict[int, float], float]:
    """Nats for being unlike its peers by account, where these accounts are held with so many nats by N1."""
    owners = np.array(sorted(held), np.int64)
    sums = Sums(owners, np.full(len(owners), SIGNS.index("N1")), np.array([held[each] for each in sorted(held)]), SIGNS)
    none = np.empty(0, np.int64)
    found, usual = with_peers(sums, Unlike(np.array(peers), np.ones(len(peers), np.int64), none, none.astype(float)))
    mine = found.sign == list(found.signs).index(PEERS)
    return dict(zip(found.owner[mine].tolist(), found.nats[mine].tolist(), strict=True)), usual


def test_on_a_silent_ledger_accounts_come_in_the_order_of_their_peers():
    """Nothing is held against anybody: a counting rule is what is left; who is like most has no part."""
    nats, usual = ranked_with_peers({}, [0.2, 1.0, 3.0, 9.0, 8.0])
    assert sorted(nats, key=lambda each: nats[each]) == [1, 2, 4, 3]
    assert usual == pytest.approx(np.log(2))


def test_being_busy_says_little_where_launderers_are_like_everybody():
    """Two hundred are held, and are like all: the part is next to nothing; where they are busy it is not."""
    everybody = [1.0] * 200 + [6.0]
    like = ranked_with_peers(dict.fromkeys(range(200), 12.0), everybody)[0][200]
    busy = ranked_with_peers(dict.fromkeys(range(200), 12.0), [5.0] * 200 + [6.0])[0][200]
    assert like < 0.5 < 2.5 < busy


def test_a_weak_hold_does_not_say_what_launderers_are_like():
    """Less than a nat is nobody that a sign holds."""
    assert ranked_with_peers(dict.fromkeys(range(99), 0.9), [4.0] * 99)[1] == pytest.approx(np.log(2))


busy_and_found = st.tuples(st.integers(3, 12), st.floats(0, 6), st.lists(st.floats(0, 3), max_size=3))
"""How many transfers an account has, what being unlike its peers is worth, and what findings say of some of them."""


@settings(deadline=None)
@given(accounts=st.lists(busy_and_found, min_size=1, max_size=5), more=st.floats(0, 3))
def test_each_transfer_counts_for_being_busy_or_for_its_finding_whichever_says_more(accounts, more):
    """So no finding lowers a sum, however weak it is."""
    transfers = np.array([each[0] for each in accounts])
    worth = np.array([each[1] for each in accounts])
    owner = np.array([number for number, each in enumerate(accounts) for _ in each[2]], np.int64)
    best = np.array([nats for each in accounts for nats in each[2]], float)

    left = Unlike(worth, transfers, owner, best).beside(worth)

    for number, (count, busy, found) in enumerate(accounts):
        by_hand = sum(max(busy / count - nats, 0.0) for nats in found) + busy / count * (count - len(found))
        assert left[number] == pytest.approx(by_hand, abs=1e-9)
    stronger = Unlike(worth, transfers, owner, best + more).beside(worth)
    gained = np.bincount(owner, np.full(len(owner), more), len(worth))
    assert np.all(stronger + gained >= left - 1e-9)


@pytest.mark.parametrize(("payers", "named"), [(40, True), (60, False)])
def test_a_finding_that_names_dozens_is_held_against_none_of_them(ledger_of, payers, named):
    """Who pays a hub together with forty others is named beside it; of sixty payers nobody is, and the hub stays."""
    crowd = "".join(f"s{n} hub {100 + n} 3+{9 + n // 6}:{n % 6}1\n" for n in range(payers))
    inputs = SignInputs(ledger_of(crowd + background()), Settings())
    findings = run_sign(all_signs()["N3"], inputs, {}).findings
    evidence = read_evidence(findings, inputs.ledger, inputs.sides)

    scores = account_scores(findings, evidence, np.zeros(inputs.transfers.accounts)).to_pylist()

    held = {row["account"] for row in scores if "N3" in dict(row["parts"])}
    assert "hub" in held
    assert ("s7" in held) == named


def test_what_decoys_measured_is_taken_as_it_is():
    """A worth replaces score times weight, and is scaled for who is named beside; without one the weight counts."""
    findings = pa.table({"score": [0.5, 0.5], "worth": pa.array([3.0, None], pa.float64())})
    assert said(findings, np.array([8.0, 8.0]), np.array([8.0, 8.0])).tolist() == [3.0, 4.0 * WEIGHT_NATS]
    assert said(findings, np.array([2.0, 2.0]), np.array([8.0, 8.0])).tolist() == [0.75, 1.0 * WEIGHT_NATS]
