"""Surprise and chance: the formula, the day of an account, and what a shuffled ledger says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mulegraph.flow.chains import Chains
from mulegraph.flow.decoys import false_shares, innocent, shuffled
from mulegraph.flow.layering import find_flow
from mulegraph.flow.order_in_day import in_order
from mulegraph.flow.surprise import DEFAULT_FIT, Traffic, estimate_fit, link_scores, traffic
from mulegraph.flow.transfers import DAY, HOUR
from mulegraph.settings import FlowSettings
from tests.flow.reference import surprise

EVEN_DAY = np.full(24, 1 / 24)


def random_ledger(seed: int, transfers: int = 20_000, accounts: int = 2_000, days: int = 30):
    """Payments between anybody at any time: no chain in it means anything."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.integers(0, days * DAY // 1_000_000, transfers)) * 1_000_000
    source, target = rng.integers(0, accounts, (2, transfers)).astype(np.int32)
    return in_order(source, target, rng.integers(100, 20_000, transfers), at, accounts=accounts)


def test_the_formula_is_the_designs():
    """−ln(1 − exp(−q·c·√(λin·λout))), in whole micronats."""
    accounts = Traffic(np.array([4, 60]), np.array([9, 60]), np.array([1.0, 2.5]), 120.0, EVEN_DAY)

    nats = link_scores(accounts.rate, 0.12) / 1e6

    assert nats == pytest.approx([surprise(0.12, 1, 4, 9, 120), surprise(0.12, 2.5, 60, 60, 120)], abs=1e-6)


def test_a_students_pass_through_surprises_and_a_shops_does_not():
    """The same link is worth more through the quieter account."""
    accounts = Traffic(np.array([2, 5_000]), np.array([2, 5_000]), np.ones(2), 120.0, EVEN_DAY)

    student, shop = link_scores(accounts.rate, 0.12) / 1e6

    assert student > 6
    assert shop < 0.01


def test_a_till_that_pays_every_evening_what_came_in_by_day_meets_more_than_chance_of_the_even_day():
    """Receipts at 18, payments at 21: within six hours they meet nearly always, and c says so."""
    days = 60
    receipts, payments = np.arange(days) * DAY + 18 * HOUR, np.arange(days) * DAY + 21 * HOUR
    noise = np.arange(days * 24) * HOUR
    at = np.concatenate([receipts, payments, noise])
    source = np.concatenate([np.full(days, 2), np.full(days, 0), np.full(days * 24, 3)]).astype(np.int32)
    target = np.concatenate([np.full(days, 0), np.full(days, 2), np.full(days * 24, 4)]).astype(np.int32)
    order = np.argsort(at, kind="stable")
    ledger = in_order(source[order], target[order], np.full(len(at), 100), at[order], accounts=5)

    found = traffic(ledger, 6 * HOUR)

    assert found.received.tolist() == [60, 0, 60, 0, 1440]
    assert 2.0 < found.meeting[0] < 4.0
    assert found.meeting[2] < 0.6


def test_where_the_clock_knows_only_days_the_hour_says_nothing():
    """On a dated ledger c is one."""
    ledger = in_order(
        np.array([0, 1], np.int32),
        np.array([1, 2], np.int32),
        np.array([5, 5]),
        np.array([0, DAY]),
        accounts=3,
    )

    assert traffic(ledger, DAY).meeting.tolist() == [1.0, 1.0, 1.0]


def test_q_is_found_again():
    """Links counted by the formula with some q give that q back."""
    rng = np.random.default_rng(3)
    accounts = Traffic(rng.integers(0, 40, 500), rng.integers(0, 40, 500), rng.uniform(0.5, 2, 500), 120.0, EVEN_DAY)
    counted = float((accounts.trials * -np.expm1(-0.2 * accounts.rate)).sum())

    assert estimate_fit(accounts, counted) == pytest.approx(0.2, rel=1e-4)
    assert estimate_fit(accounts, 3) == DEFAULT_FIT


def test_shuffling_keeps_who_paid_whom_what_and_at_which_hour():
    """Only days and minutes change: the times are the same, and so is each transfer's hour of the day."""
    ledger = random_ledger(1)

    dealt = shuffled(ledger, [1, 0])

    assert (dealt.at == ledger.at).all()

    def rows(each):
        return sorted(
            zip(
                each.source.tolist(),
                each.target.tolist(),
                each.amount.tolist(),
                (each.at // HOUR % 24).tolist(),
                strict=True,
            )
        )

    assert rows(dealt) == rows(ledger)
    assert (dealt.source != ledger.source).any()


def test_a_ledger_of_chance_has_no_threshold_and_says_so():
    """On random payments the expected share of false alarms is near one at every score (five seeds)."""
    for seed in range(5):
        flow = find_flow(random_ledger(seed), FlowSettings(seed=seed))
        often = flow.chains_from(5.0)
        assert often > 20
        assert flow.false_share[often - 1] > 0.5  # a few dozen chains: Poisson noise is a sixth
        assert flow.surprise[0] < flow.threshold or flow.chains_from(flow.threshold) < 5


def test_the_share_never_rises_with_the_score():
    """By hand: scores 9, 7, 7, 2 and chance 8, 3, 1 in one shuffled ledger."""
    scores, chance = np.array([9, 7, 7, 2]), [np.array([8, 3, 1])]

    assert false_shares(scores, chance).tolist() == [0, 1 / 3, 1 / 3, 0.5]


def test_the_same_settings_give_the_same_flow():
    """Threads do not change a number."""
    one, other = (find_flow(random_ledger(2), FlowSettings()) for _ in range(2))

    assert one.fit == other.fit
    assert (one.chains.position == other.chains.position).all()
    assert (one.false_share == other.false_share).all()


def test_the_flow_keeps_the_shuffled_ledger_that_signs_measure_chance_on():
    """It is the one that a sign would deal by itself with the settings' seed."""
    ledger = random_ledger(3)
    kept, dealt = find_flow(ledger, FlowSettings(seed=7)).dealt, shuffled(ledger, [7, 0])

    assert all((getattr(kept, name) == getattr(dealt, name)).all() for name in ("row", "source", "target", "amount"))


def test_small_ledgers_are_shuffled_more_often():
    """Chance is looked at on three million transfers, at most twenty times and at least once."""
    assert [FlowSettings().shuffles(size) for size in (100, 1_000_000, 2_000_000, 50_000_000)] == [
        20,
        3,
        2,
        1,
    ]


def test_a_quiet_account_is_finite():
    """An account that never both receives and pays has no rate; its score is large and not infinite."""
    accounts = Traffic(np.array([0]), np.array([3]), np.ones(1), 10.0, EVEN_DAY)

    assert math.isfinite(link_scores(accounts.rate, 0.1)[0])


def test_what_is_explained_is_not_called_chance():
    """Of a shuffled ledger's chains those that touch a network above the threshold are set aside, others stay."""
    chains = Chains(np.array([0, 1, 2, 3, 4, 5, 6, 7, 8]), np.array([0, 3, 6, 9]), np.array([9, 8, 3]), np.zeros(9))
    explained = np.zeros(20, bool)
    explained[[12, 18]] = True

    assert innocent(chains, np.arange(10, 19), explained, least=5).tolist() == [8, 3]
