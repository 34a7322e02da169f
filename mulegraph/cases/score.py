"""How sure an account or a case is: evidence added up, each piece counted once, and turned into a probability.

Evidence is in nats (weights of evidence: Good, Studies in the History of Probability and Statistics XXXVII, Biometrika
66, 1979). What a finding of a sign with decoys is worth is measured on the ledger itself (`flow.calibration`); of other
signs it is the score times the sign's weight. It is spread over the transfers that the finding rests on. Findings that
rest on the same transfers say the same thing, so each transfer counts once, for the finding that makes most of it; of
findings without transfers, and of those that name somebody beside their subject, each sign's best counts. Beside them
counts how unlike its peers an account is, as far as no finding has counted its transfers, and as much as the accounts
that findings hold are unlike theirs. The sum becomes a probability by a logistic curve: it begins at the base rate
(`[score] base_rate`), and what is measured has slope one. The other signs' weights are fitted on simulated ledgers
(Platt, Probabilistic outputs for support vector machines, 1999; `benchmarks/calibrate.py`). Its parts are the shares
of the sum (Aumann & Shapley, Values of Non-Atomic Games, 1974: for a function of a sum along the straight path,
proportional to the terms), so that they add up to the score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mulegraph.cases.evidence import MANY_PAYERS, Evidence
from mulegraph.flow.by_account import TransfersByAccount, distinct_values
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.columns import REAL, TEXT
from mulegraph.schema.findings import SCORES
from mulegraph.settings import BASE_RATE
from mulegraph.signs.base import Sign, all_signs

BASE, LISTED = "base", "listed"
MIN_NATS = 0.25
"""Who is named beside a subject counts from so many nats up: everybody on a payroll is named in a lowered finding."""
LISTED_WEIGHT = 7.0
"""Weight of a place on a suspicion list with full confidence."""
ACCOUNT_CURVE = (float(np.log(BASE_RATE / (1 - BASE_RATE))), 1.0)
CASE_CURVE = (-2.7, 0.84)
"""Intercept and slope of the logistic curve; fitted by `benchmarks/calibrate.py`."""
WEIGHT_NATS = 1.2
"""Nats of evidence in a unit of a sign's weight; fitted there, too. What decoys measure needs no weight."""
PEERS = "N9"
"""The sign whose part comes from ranks among peers, of every account, and not from its findings."""
TYPICAL = float(np.log(2))
"""Accounts less unlike their peers than this, the half of all, have no part for it."""
PRIOR_MEAN, PRIOR_ACCOUNTS = 2.0, 10
"""How unlike their peers launderers are where no sign says it: what counting rules live on. So many accounts say so."""
MOST_UNLIKE = 4.0
"""What a mean says of its tail ends about here, one account in fifty; beyond, the unlike ones are only put in order."""
LEAST_PEERS = 0.05
"""Of accounts of which nothing else is known, the unlike ones come first all the same."""
MIN_HELD = 1.0
"""Nats from which on an account counts as one that other signs hold."""
PLACES = 6


@dataclass(frozen=True)
class Pieces:
    """Evidence about owners (accounts or cases), one row a finding and transfer, or a finding without transfers.

    `owner` is a number, `transfer` the transfer's number (−1: none), `nats` what this row is worth, `sign` a place in
    `signs`, whose order is the alphabet's.
    """

    owner: np.ndarray
    transfer: np.ndarray
    nats: np.ndarray
    sign: np.ndarray
    signs: Sequence[str]


@dataclass(frozen=True)
class Sums:
    """Nats by owner and sign, in order of both; only what is above nought."""

    owner: np.ndarray
    sign: np.ndarray
    nats: np.ndarray
    signs: Sequence[str]


@dataclass(frozen=True)
class Parted:
    """Scores by owner, in order, and the parts that add up to each, to the last digit shown, as a map by sign."""

    owner: np.ndarray
    score: np.ndarray
    parts: pa.MapArray


def probability(nats: np.ndarray, curve: tuple[float, float]) -> np.ndarray:
    """The logistic curve at so many nats of evidence."""
    return np.asarray(1 / (1 + np.exp(-(curve[0] + curve[1] * np.asarray(nats, float)))))


def add_up(pieces: Pieces) -> Sums:
    """Nats by owner and sign. Each transfer counts once, for the row that makes most of it; so does each sign of rows
    without transfers. More evidence never lowers a sum.
    """
    signs = len(pieces.signs)
    key = np.where(pieces.transfer >= 0, pieces.transfer + signs, pieces.sign).astype(np.int64)
    pair = pieces.owner.astype(np.int64) * (int(key.max(initial=0)) + 1) + key
    order = np.argsort(pair, kind="stable")
    starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
    if not len(starts):
        return Sums(pieces.owner[:0], pieces.sign[:0], pieces.nats[:0], pieces.signs)
    nats, sign = pieces.nats[order], pieces.sign[order]
    best = np.maximum.reduceat(nats, starts)
    # Of two that say the same the last by name counts, whatever order they come in.
    is_best = nats == np.repeat(best, np.diff(starts, append=len(nats)))
    by = np.maximum.reduceat(np.where(is_best, sign, -1), starts)
    owner_sign = pieces.owner[order][starts].astype(np.int64) * signs + by
    distinct, place = np.unique(owner_sign, return_inverse=True)
    total = np.bincount(place, weights=best)
    kept = total > 0
    return Sums(distinct[kept] // signs, distinct[kept] % signs, total[kept], pieces.signs)


def parted(sums: Sums, owners: np.ndarray, curve: tuple[float, float]) -> Parted:
    """The score of each owner's evidence, and its parts. `owners` are in order; one without evidence has the base."""
    place = np.searchsorted(owners, sums.owner)
    total = np.bincount(place, weights=sums.nats, minlength=len(owners))
    base = round(float(probability(np.zeros(1), curve)[0]), PLACES)
    score = np.round(probability(total, curve), PLACES)
    share = np.round((score - base)[place] * sums.nats / total[place], PLACES)
    # The base is a part, too, and the first.
    every = np.concatenate([np.arange(len(owners)), place])
    name = np.concatenate([np.zeros(len(owners), np.int64), sums.sign + 1])
    order = np.lexsort((name, every))
    every, name = every[order], name[order]
    part = np.concatenate([np.full(len(owners), base), share])[order]
    starts = np.searchsorted(every, np.arange(len(owners) + 1))
    lacking = np.round(score - np.bincount(every, weights=part, minlength=len(owners)), PLACES)
    largest = _first_largest(part, starts)
    part[largest] = np.round(part[largest] + lacking, PLACES)
    names = pa.array([BASE, *sums.signs], TEXT).take(pa.array(name))
    return Parted(owners, score, pa.MapArray.from_arrays(pa.array(starts, pa.int32()), names, pa.array(part, REAL)))


def _first_largest(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The place of the first largest value of each stretch; none is empty."""
    if len(starts) == 1:
        return np.empty(0, np.int64)
    largest = np.repeat(np.maximum.reduceat(values, starts[:-1]), np.diff(starts))
    places = np.where(values == largest, np.arange(len(values)), len(values))
    return np.asarray(np.minimum.reduceat(places, starts[:-1]))


def expected_false(scores: Iterable[float], least: float) -> float | None:
    """The share of false alarms to expect among scores of `least` and more; none where there are none.

    A score is a probability, so each alarm is false with 1 − score, and their share is the mean of that.
    """
    reached = [score for score in scores if score >= least]
    return 1 - sum(reached) / len(reached) if reached else None


def account_scores(
    findings: pa.Table,
    evidence: Evidence,
    peers: np.ndarray,
    signs: Mapping[str, Sign] | None = None,
    base_rate: float = BASE_RATE,
) -> pa.Table:
    """Every account that findings name, that stands on a suspicion list, or that is busier than most of its peers.

    Best first, in `SCORES`. `peers` says by account number how unlike its peers each is (`flow.peers`). Of that, as
    much counts as findings have not said of the same transfers. `base_rate` is the share of accounts that launder.
    """
    curve = (float(np.log(base_rate / (1 - base_rate))), ACCOUNT_CURVE[1])
    pieces = account_pieces(findings, evidence, signs or all_signs())
    sums, usual = with_peers(add_up(pieces), Unlike.of(peers, pieces, evidence.sides), curve)
    owners = distinct_values(np.concatenate([pieces.owner, sums.owner]))
    made = parted(sums, owners, (curve[0] - usual, curve[1]))
    # Numbers of accounts are in the order of their ids.
    order = np.lexsort((owners, -made.score))
    ids = evidence.ledger.account_ids.take(pa.array(owners[order]))
    return SCORES.table({"account": ids, "score": made.score[order], "parts": made.parts.take(pa.array(order))})


@dataclass(frozen=True)
class Unlike:
    """How unlike its peers every account is, by number, beside what findings say of each of its transfers.

    `transfers` is how many each account has. A row of `owner` and `best` is a transfer on which a finding against the
    account rests, and the most nats that any says of it.
    """

    nats: np.ndarray
    transfers: np.ndarray
    owner: np.ndarray
    best: np.ndarray

    @classmethod
    def of(cls, nats: np.ndarray, pieces: Pieces, sides: TransfersByAccount) -> Unlike:
        """Read what findings say of transfers."""
        rests = pieces.transfer >= 0
        owner = pieces.owner[rests]
        transfer = pieces.transfer[rests]
        said = pieces.nats[rests]
        pair = owner.astype(np.int64) * (int(transfer.max(initial=0)) + 1) + transfer
        order = np.argsort(pair, kind="stable")
        starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
        best = np.maximum.reduceat(said[order], starts) if len(starts) else said
        transfers = np.diff(sides.receipts.start) + np.diff(sides.payments.start)
        return cls(nats, transfers, owner[order][starts], best)

    @property
    def uncounted(self) -> np.ndarray:
        """`nats` for the share of each account's transfers on which no finding rests.

        A burst of ten payments makes an account busy: how busy launderers are is measured without it.
        """
        counted = np.bincount(self.owner, self.best > 0, len(self.nats))
        return self.nats * np.clip(1 - counted / np.maximum(self.transfers, 1), 0.0, 1.0)

    def beside(self, worth: np.ndarray) -> np.ndarray:
        """What is left of `worth`, nats by account for being unlike, where each transfer counts once.

        It is spread over the account's transfers; of one on which a finding rests only what is more than the finding
        says of it is left. So a finding that is worth little takes little away, and more evidence never lowers a sum.
        """
        each = worth / np.maximum(self.transfers, 1)
        said = np.bincount(self.owner, np.minimum(each[self.owner], self.best), len(worth))
        return np.maximum(worth - said, 0.0)


def with_peers(sums: Sums, unlike: Unlike, curve: tuple[float, float] = ACCOUNT_CURVE) -> tuple[Sums, float]:
    """What is held against accounts, and beside it that they are unlike their peers; and what all are lowered by.

    How unlike an account is has an exponential distribution of mean one where nothing is held against it. The mean *m*
    of those that other signs hold is measured (soft counts, as in one step of Dempster, Laird & Rubin, JRSS B 39,
    1977), together with some accounts of mean `PRIOR_MEAN`, so that a silent ledger has the prior. Then nats of
    evidence are (1 − 1/m) for each by which an account is unlike, up to `MOST_UNLIKE`, less ln m. Where launderers are
    like everybody, m is near one and being busy says nothing.
    """
    held = np.bincount(sums.owner, sums.nats, len(unlike.nats))
    sure = np.where(held >= MIN_HELD, probability(held, curve), 0.0)
    mean = max((sure @ unlike.uncounted + PRIOR_ACCOUNTS * PRIOR_MEAN) / (sure.sum() + PRIOR_ACCOUNTS), 1.0)
    near = np.minimum(unlike.nats, MOST_UNLIKE)
    worth = max(1 - 1 / mean, LEAST_PEERS) * near + LEAST_PEERS * (unlike.nats - near)
    nats = unlike.beside(np.where(unlike.nats >= TYPICAL, worth, 0.0))
    above = np.flatnonzero(nats > 0)
    codes = [*sums.signs] if PEERS in sums.signs else [*sums.signs, PEERS]
    sign = np.concatenate([sums.sign, np.full(len(above), codes.index(PEERS))])
    owner, every = np.concatenate([sums.owner, above]), np.concatenate([sums.nats, nats[above]])
    return Sums(owner, sign, every, codes), float(np.log(mean))


def account_pieces(findings: pa.Table, evidence: Evidence, signs: Mapping[str, Sign]) -> Pieces:
    """What is held against each account, by its number, before it is added up."""
    names = sorted([*signs, LISTED])
    of = {code: number for number, code in enumerate(names)}
    sign = np.array([of[code] for code in evidence.sign.words], np.int64)[evidence.sign.code]
    weights = np.array([signs[code].weight if code in signs else 0.0 for code in names])
    party_weights = np.array([signs[code].party_weight if code in signs else 0.0 for code in names])
    parts = [
        _as_subject(findings, evidence, sign, said(findings, weights[sign], weights[sign])),
        _as_party(evidence, sign, said(findings, party_weights[sign], weights[sign])),
        _listed(evidence.ledger, of[LISTED]),
    ]
    owner, transfer = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    nats, by = (np.concatenate([part[place] for part in parts]) for place in (2, 3))
    return Pieces(owner, transfer, nats, by, names)


Columns = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Owner, transfer, nats and sign, as in `Pieces`."""


def said(findings: pa.Table, weight: np.ndarray, subject_weight: np.ndarray) -> np.ndarray:
    """Nats that findings say of accounts for whom their signs have this weight; `subject_weight` is their subjects'.

    What decoys measured is taken as it is; the weights only say how much less it means for who is named beside.
    """
    measured = findings["worth"].to_numpy(zero_copy_only=False).astype(float)
    by_weight = findings["score"].to_numpy() * weight * WEIGHT_NATS
    return np.where(np.isnan(measured), by_weight, measured * weight / np.maximum(subject_weight, 1e-9))


def _as_subject(findings: pa.Table, of: Evidence, sign: np.ndarray, nats: np.ndarray) -> Columns:
    """What findings say of their subjects, in `nats`; what harmed the subject does not speak against it.

    A finding that decoys make worth nothing still gives its subject a score: the base.
    """
    harmed = findings["victim"].to_numpy(zero_copy_only=False)
    measured = findings["worth"].is_valid().to_numpy()
    speaks = (of.subject >= 0) & ((nats > 0) | measured) & ~harmed
    mine = (of.inward | of.outward) & speaks[of.of]
    finding, transfer = of.of[mine], of.position[mine]
    count = np.bincount(finding, minlength=len(of))
    alone = np.flatnonzero(speaks & (count == 0))
    owner = np.concatenate([of.subject[finding], of.subject[alone]])
    worth = np.concatenate([nats[finding] / count[finding], nats[alone]])
    return owner, np.concatenate([transfer, np.full(len(alone), -1)]), worth, sign[np.concatenate([finding, alone])]


def _as_party(of: Evidence, sign: np.ndarray, nats: np.ndarray) -> Columns:
    """What findings say of those whom they name beside their subject, in `nats`.

    Who is named beside many subjects is no worse than who is named beside the worst of them, so each sign's best
    counts; and shops are named often. A finding that names so many as only a hub deals with names nobody: its hub is
    what it tells of, and a payroll that looks like a burst would be held against each of the staff.
    """
    few = np.bincount(of.named_by, minlength=len(of)) < MANY_PAYERS
    beside = of.subject[of.named_by] != of.named
    chosen = beside & few[of.named_by] & ~of.paid_by_many[of.named] & (nats[of.named_by] >= MIN_NATS)
    by = of.named_by[chosen]
    return of.named[chosen], np.full(len(by), -1), nats[by], sign[by]


def _listed(ledger: Ledger, sign: int) -> Columns:
    """What a place on a suspicion list says."""
    listed = ledger.listed("account", on="suspicion").to_pyarrow()
    numbers = ledger.account_numbers_of(listed["subject_id"].cast(TEXT).combine_chunks())
    known = numbers >= 0
    nats = listed["confidence"].to_numpy()[known] * LISTED_WEIGHT * WEIGHT_NATS
    size = len(nats)
    return numbers[known], np.full(size, -1), nats, np.full(size, sign)
