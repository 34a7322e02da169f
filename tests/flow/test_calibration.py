"""What a pattern is worth: nothing on noise, something where there is more than chance makes, and never too much."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulegraph.flow.calibration import (
    EVEN,
    LEAST_TRIALS,
    by_group,
    local_false_share,
    look_elsewhere,
    measured_by_account,
    rarity,
    says_something,
    worth,
)

nats = st.lists(st.floats(0, 60), max_size=40).map(np.array)


def test_on_pure_noise_next_to_nothing_is_held():
    """Both come from one distribution: of two thousand patterns a handful are surer than even, over twenty ledgers."""
    random = np.random.default_rng(11)
    held = [(local_false_share(*random.exponential(2, (2, 2000))) < EVEN).sum() for _ in range(20)]
    assert np.mean(held) <= 10


def test_the_share_is_right_at_its_strength():
    """Two hundred patterns around 12 nats among chance: of those held, as many are false as is said."""
    random = np.random.default_rng(12)
    is_false = np.arange(2200) < 2000
    apart, found = [], []
    for _ in range(20):
        real = np.concatenate([random.exponential(2, 2000), random.normal(12, 3, 200)])
        share = local_false_share(real, random.exponential(2, 2000))
        apart.append(share[share < EVEN].mean() - is_false[share < EVEN].mean())
        found.append((share[200:] < EVEN).sum())
    assert abs(np.mean(apart)) < 0.04 and np.abs(apart).max() < 0.15
    assert np.mean(found) > 150


@settings(max_examples=300, deadline=None)
@given(real=nats, chance=nats)
def test_a_stronger_pattern_is_never_falser(real, chance):
    """Whatever decoys there are, also none; and every share is one."""
    share = local_false_share(real, chance)
    assert share.shape == real.shape
    assert ((share > 0) & (share <= 1)).all()
    assert (np.diff(share[np.argsort(real, kind="stable")]) <= 0).all()


def test_one_pattern_without_decoys_is_not_sure():
    """The rule of succession: one of one says two in three, however strong; one of least strength says nothing."""
    assert local_false_share(np.array([50.0]), np.empty(0)).tolist() == [pytest.approx(1 / 3)]
    assert local_false_share(np.array([LEAST_TRIALS]), np.empty(0)).tolist() == [1]


@pytest.mark.parametrize(("chance", "taken"), [([], LEAST_TRIALS), ([1.0, 7.0], 7.0), ([30.0], 12.0)])
def test_looking_everywhere_costs_what_chance_reaches(chance, taken):
    """And never more than ln of the places, here 12."""
    assert look_elsewhere(12.0, np.array(chance)) == taken


def test_rarity_counts_accounts_and_not_patterns():
    """One account of a thousand with ten patterns is as rare as with one; what is as likely chance is not counted."""
    one = rarity(1000, np.zeros(10, np.int64), np.ones(10))
    assert one == pytest.approx(np.log(1000))
    assert rarity(1000, np.arange(1000), np.ones(1000)) == 0
    assert rarity(1000, np.arange(500), np.full(500, 0.5)) == pytest.approx(np.log(1000))


@settings(max_examples=200, deadline=None)
@given(surprise=nats, share=st.floats(0.001, 1), rare=st.floats(0, 20), accounts=st.integers(1, 10**6))
def test_nothing_says_more_than_one_account_of_all(surprise, share, rare, accounts):
    """At most ln of the accounts; nothing where it is as likely chance; more surprise is never worth less."""
    found = worth(surprise, np.full(len(surprise), share), rare, accounts)
    assert ((found >= 0) & (found <= np.log(max(accounts, 2)))).all()
    assert share < EVEN or not found.any()
    assert (np.diff(found[np.argsort(surprise)]) >= 0).all()


def test_what_is_as_likely_chance_as_not_is_told_only_where_it_is_strong():
    """Of two that are worth nothing the stronger is told; whatever is worth something is."""
    told = says_something(np.array([0.049, 0.05, 0.0]), np.array([0.0, 0.0, 0.001]))
    assert told.tolist() == [False, True, True]


def test_what_firms_do_by_chance_does_not_hide_what_persons_do():
    """Thirty firms reach 20 nats among decoys as well; a person with 12, which no person has by chance, is sure."""
    random = np.random.default_rng(13)
    group = np.repeat([0, 1], [1000, 30])
    everybody = np.arange(len(group))
    chance = np.concatenate([random.exponential(1, 1000), random.normal(20, 1, 30)])
    real = np.concatenate([random.exponential(1, 995), np.full(5, 12.0), random.normal(20, 1, 30)])

    made = by_group(group, (everybody, real), (everybody, chance))

    assert made.false_share[995:1000].max() < 0.1 and made.tail_share[995:1000].max() < 0.1
    assert local_false_share(real, chance)[995:1000].min() > EVEN
    assert np.median(made.false_share[1000:]) > EVEN


def test_an_account_is_worth_its_pattern_beside_chance_of_its_kind():
    """Forty firms stand out among firms; as strong a pattern of a person is what chance makes of persons."""
    random = np.random.default_rng(14)
    group = np.repeat([0, 1], 1000)
    account = np.concatenate([np.arange(500), 1000 + np.arange(540)])
    nats = np.concatenate([random.exponential(5, 500), random.exponential(1, 500), np.full(40, 12.0)])
    chance = np.concatenate([random.exponential(5, 500), random.exponential(1, 500)])
    known = measured_by_account(group, (account, nats), (account[:1000], chance))
    assert (known[1500:1540] > 3).all()
    as_strong = (nats[:500] > 10) & (nats[:500] < 14)
    assert as_strong.sum() > 5
    assert (known[:500][as_strong] == 0).all()
    assert (known[np.setdiff1d(np.arange(2000), account)] == 0).all()
