"""What a pattern is worth as evidence, measured on the ledger at hand against its decoys, without labels.

Three numbers are read off. The local false share: of the patterns of just this strength, how many are coincidence (the
local false discovery rate of Efron, Large-Scale Inference, 2010; the step function of Barlow and others, Statistical
Inference under Order Restrictions, 1972). The look-elsewhere term: what the strongest coincidence of a whole ledger
reaches. And the rarity: how few accounts hold a pattern of this sign beyond chance. A habit that a quarter of all
accounts have is no coincidence either, and says little of each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mulegraph.flow.decoys import shares_of
from mulegraph.lazy import optimize

EVEN = 0.5
"""From this local false share on a pattern says nothing: it is as likely coincidence as not."""
TOLD_FROM = 0.05
"""The score from which on a pattern is told although it is worth nothing: somebody may know why it is none."""
MIN_TAIL = 10
"""Fewer decoys do not tell how fast chance falls."""
PRIOR_ACCOUNTS = 10
"""Of a kind of few accounts so many more are taken to hold a pattern as often as all accounts do."""
LEAST_TRIALS = 4.0
"""Nats taken off at least for having looked everywhere: searches keep nothing that surprises less."""


class Calibrated(NamedTuple):
    """Patterns beside decoys: nats less the look-elsewhere term, share of chance just so strong, and from there up."""

    nats: np.ndarray
    false_share: np.ndarray
    tail_share: np.ndarray


def look_elsewhere(log_trials: float, by_chance: np.ndarray) -> float:
    """Nats to take off for the places looked at: ln of their number, or what the decoys' strongest pattern reaches.

    Places overlap and are not alike, so their number is an upper bound. Pairs that meet at the same receivers reach 7
    nats by chance where ln of the pairs is 14, and half of what is planted was lost between the two.
    """
    return float(min(log_trials, max(by_chance.max(initial=0.0), LEAST_TRIALS)))


def local_false_share(nats: np.ndarray, by_chance: np.ndarray, decoys: int = 1) -> np.ndarray:
    """Of the patterns just as strong as each, the share that are coincidence, never rising with the strength.

    `by_chance` are the strengths in so many decoys, of which each counts as its share of them. The strongest is counted
    twice, since the best step is chosen afterwards (as Barber & Candès, Annals of Statistics 43, 2015, add one). Beyond
    it one pattern is expected by chance, as where both come from one distribution, and fewer as fast as the decoys'
    strongest ones get fewer.
    """
    if not len(nats):
        return np.empty(0)
    # A decoy without any may hold one of the least strength that searches keep.
    strongest = by_chance.max() if len(by_chance) else LEAST_TRIALS
    by_chance = np.append(by_chance, strongest)
    strength = np.concatenate([nats, by_chance])
    is_real = np.repeat([1.0, 0.0], [len(nats), len(by_chance)])
    counts = np.repeat([1.0, 1 / decoys], [len(nats), len(by_chance)])
    counts[-1] = 1.0
    order = np.lexsort((-is_real, strength))  # of equal ones the real come first, so that they are one step
    real = np.empty(len(strength))
    real[order] = optimize.isotonic_regression(is_real[order], weights=counts[order]).x
    here = real[: len(nats)]
    share = np.minimum((1 - here) / np.maximum(here, 1e-9), 1.0)
    beyond = nats - strongest
    above = beyond > 0
    if above.any():
        # The one, as dense as chance is there, beside the real ones, spread over as many nats as they are.
        scale = _tail_scale(by_chance)
        spread = max(float(beyond[above].mean()) / scale, 1.0)
        share[above] = np.minimum(spread / above.sum() * np.exp(-beyond[above] / scale), 1.0)
    # Of so few patterns none can be surer than Laplace's rule of succession has it.
    share = np.maximum(share, 1 / (len(nats) + 2))
    order = np.argsort(nats, kind="stable")
    share[order] = np.minimum.accumulate(share[order])
    return np.asarray(share)


def _tail_scale(by_chance: np.ndarray) -> float:
    """In how many nats chance falls by e at its upper end: one if surprise is right, more where decoys say so.

    The mean excess of the upper √n of n decoys (the exponential tail's maximum likelihood).
    """
    if len(by_chance) < MIN_TAIL:
        return 1.0
    upper = np.sort(by_chance)[-int(np.sqrt(len(by_chance))) - 1 :]
    return max(float((upper[1:] - upper[0]).mean()), 1.0)


def by_group(
    group: np.ndarray,
    real: tuple[np.ndarray, np.ndarray],
    chance: tuple[np.ndarray, np.ndarray],
    log_trials: float | None = None,
) -> Calibrated:
    """Calibrate the patterns of each group of accounts against the decoys' of the same group.

    `log_trials` is ln of the places looked at; without it one is counted for each pattern.

    A group of fewer than `MIN_TAIL` decoys says nothing of chance: it is held against those of all. One looks for the
    strongest among all groups, so that many groups give chance no more than one.
    """
    (account, nats), (decoy_account, decoy_nats) = real, chance
    made = Calibrated(np.empty(len(nats)), np.empty(len(nats)), np.empty(len(nats)))
    of, by_chance = group[account], group[decoy_account]
    looked_at = np.log(max(len(nats), 1)) if log_trials is None else log_trials
    found, counts = np.unique(by_chance, return_counts=True)
    is_own = np.isin(of, found[counts >= MIN_TAIL])
    parts = [(of == each, of == each, decoy_nats[by_chance == each]) for each in np.unique(of[is_own])]
    if not is_own.all():
        parts.append((~is_own, np.ones(len(nats), dtype=bool), decoy_nats))
    for wanted, among, theirs in parts:
        mine = wanted[among]
        made.tail_share[wanted] = shares_of(nats[among], theirs)[mine]
        made.false_share[wanted] = local_false_share(nats[among], theirs)[mine]
        made.nats[wanted] = nats[wanted] - look_elsewhere(looked_at, theirs)
    return made


def rarity(accounts: int, account: np.ndarray, real_share: np.ndarray) -> float:
    """−ln of the share of all accounts that hold such a pattern beyond chance; a row an account and pattern."""
    counts = real_share > 1 - EVEN
    order = np.lexsort((-real_share[counts], account[counts]))
    of, best = account[counts][order], real_share[counts][order]
    held = best[np.flatnonzero(np.diff(of, prepend=-1))].sum() if len(of) else 0.0
    return float(np.log(max(accounts, 1) / min(max(held, 1.0), max(accounts, 1))))


def rarity_by_group(group: np.ndarray, account: np.ndarray, real_share: np.ndarray) -> np.ndarray:
    """The same of each pattern among the accounts of its own group (numbers by account): a row a pattern.

    A few accounts do not tell what is rare among them (the one business account of a file of people holds every pattern
    that it has), so `PRIOR_ACCOUNTS` more, which hold it as often as all accounts do, are counted with each group.
    """
    among_all = np.exp(-rarity(len(group), account, real_share))
    rare = np.zeros(len(account))
    of = group[account]
    for each in np.unique(of):
        mine = of == each
        size = int((group == each).sum())
        held = size * np.exp(-rarity(size, account[mine], real_share[mine]))
        rare[mine] = -np.log((held + PRIOR_ACCOUNTS * among_all) / (size + PRIOR_ACCOUNTS))
    return rare


def worth(nats: np.ndarray, false_share: np.ndarray, rare: float | np.ndarray, accounts: int) -> np.ndarray:
    """Nats of evidence that patterns are about their accounts; `nats` have the look-elsewhere term taken off.

    Two bounds are known. What is left of the surprise is right if nothing innocent makes such a pattern; ln of the
    accounts is the most that anything can say of one of them. The rarity is right if all that hold one are as likely
    to be launderers. The geometric mean of the two is taken, times the share that is no coincidence: a pattern that
    hardly surprises says nothing, however rare it is, since in a large ledger some habit of a few always stands out.
    """
    most = np.log(max(accounts, 2))
    both = np.sqrt(np.clip(nats, 0.0, most) * np.clip(rare, 0.0, most))
    return np.where(false_share < EVEN, (1 - false_share) * both, 0.0)


def says_something(score: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """Which patterns are told: not those that are worth nothing, since they are as likely coincidence as not.

    No account's score, and no case, has anything of them. Of 10M transfers they were a quarter of all findings.
    """
    return np.asarray((worth > 0) | (score >= TOLD_FROM))


def worth_beside_habits(nats: np.ndarray, false_share: np.ndarray, rare: float, accounts: int) -> np.ndarray:
    """The same where the decoys keep habits, so that what is no coincidence is no habit either: the mean of the odds.

    Of two patterns, one of which is coincidence, the other may tell all. Where times are shuffled the mean of the
    logarithms is taken instead: habits of the calendar are no coincidence there, and the false share says too little
    (with this mean for all signs, 0.02 of average precision was lost on synthfin-aml, and 0.03 on exact cycles). For
    the same reason the middle of surprise and rarity counts here: what is rare and no habit says something.
    """
    odds = false_share + (1 - false_share) * np.exp(_middle(nats, rare, accounts))
    return np.where(false_share < EVEN, np.log(odds), 0.0)


def _middle(nats: np.ndarray, rare: float, accounts: int) -> np.ndarray:
    most = np.log(max(accounts, 2))
    return np.asarray((np.clip(nats, 0.0, most) + min(rare, most)) / 2)


def measured_by_account(
    group: np.ndarray, real: tuple[np.ndarray, np.ndarray], chance: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """What the one pattern of each account is worth, in nats by account number; 0 for an account without one.

    `real` and `chance` are accounts and nats, each account once; `group` is by account, as in `by_group`.
    """
    account = real[0]
    made = by_group(group, real, chance)
    known = np.zeros(len(group))
    rare = rarity(len(group), account, 1 - made.false_share)
    known[account] = worth(made.nats, made.false_share, rare, len(group))
    return known
