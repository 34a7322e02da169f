"""Learn from what the bank has decided: what would change first, and only then a model that scans use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np

from mulegraph.cases.evidence import read_evidence
from mulegraph.errors import UsageError
from mulegraph.journal.case_states import states
from mulegraph.journal.state import CLOSED
from mulegraph.learn import used
from mulegraph.learn.features import Features, read_features
from mulegraph.learn.labels import Labels, from_cases, from_file, from_lists, labels_of
from mulegraph.learn.model import Model, learned
from mulegraph.learn.scores import rescored
from mulegraph.schema import results
from mulegraph.schema.disclosure import OURS, Each, declared, record_of
from mulegraph.schema.findings import SCORES
from mulegraph.signs.inputs import SignInputs
from mulegraph.signs.own import signs_of
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.questions import question

ALERT = 0.5
"""What scores from here up say is compared, and which cases come and go."""


@declared
@dataclass(frozen=True)
class Trial:
    """What a model would change. Precisions and shares are of accounts that it had not seen, nor their networks.

    `false_share` is of decided accounts that score 0.5 and more; none where no such account is decided.
    """

    model: Annotated[str, results.DIGEST]
    guilty: int
    innocent: int
    networks: int
    said_by: Annotated[dict[str, int], OURS]
    base_rate: float
    precision: float
    precision_today: float
    precision_counting: float
    false_share: float | None
    false_share_today: float | None
    cases_in: Annotated[list[str], Each(results.CASE)]
    cases_out: Annotated[list[str], Each(results.CASE)]
    weights: Annotated[dict[str, float], OURS]
    used: bool


@question(record_of(Trial))
def learn(space: WorkspaceBase, labels: Path | None = None, *, put_to_use: bool = False) -> Trial:
    """Fit a model to closed cases, lists and a file, and say what it would change; `put_to_use`: scans use it.

    Raises UsageError where too little is decided, where LightGBM is not installed, and where a model that ranks no
    better than today's score is to be used.
    """
    model, trial = fitted(space, labels)
    if put_to_use:
        if trial.precision < trial.precision_today:
            raise UsageError("the model ranks worse than today's score, so it is not used", hint="Decide more cases.")
        used.use(space.folder, model)
    return replace(trial, used=put_to_use)


def fitted(space: WorkspaceBase, labels: Path | None) -> tuple[Model, Trial]:
    """A model of what is decided, and what it would change."""
    inputs, findings = SignInputs(space.ledger, space.settings), space.run.every_finding
    signs, found = signs_of(space.folder), _labels(space, inputs, labels)
    evidence = read_evidence(findings, space.ledger, inputs.sides)
    features = read_features(findings, evidence, inputs.peers, signs, from_lists="lists" in found.said_by)
    busy = np.diff(inputs.sides.receipts.start) + np.diff(inputs.sides.payments.start)
    active = np.flatnonzero(busy)
    rate = max(space.settings.score.base_rate, float(found.guilty.sum()) / max(len(active), 1))
    model, odds = learned(features, found, active, rate)
    return model, _trial(space, found, features, model, odds, busy)


@question(OURS)
def forget_model(space: WorkspaceBase) -> str:
    """Take the model back; the next scan scores as before it. Gives its hash."""
    return used.forget(space.folder)


def _labels(space: WorkspaceBase, inputs: SignInputs, file: Path | None) -> Labels:
    known = states(space.folder)
    rows = space.run.table("cases").to_pylist()
    roles = {row["case"]: dict(zip(row["accounts"], row["roles"], strict=True)) for row in rows}
    decisions = from_lists(space.ledger)
    if file is not None:
        decisions |= from_file(file, space.ledger.account_ids.to_pylist())
    decisions |= from_cases(known, roles)
    still_open = [case for case in roles if case not in known or known[case].status != CLOSED]
    undecided = [account for case in still_open for account in roles[case]]
    return labels_of(space.ledger, inputs.transfers, decisions, undecided)


def _trial(
    space: WorkspaceBase, labels: Labels, features: Features, model: Model, odds: np.ndarray, busy: np.ndarray
) -> Trial:
    scores = space.run.table("scores")
    cases = space.run.table("cases")
    ids = space.ledger.account_ids
    today = np.zeros(len(odds))
    today[space.ledger.account_numbers_of(scores["account"].combine_chunks())] = scores["score"].to_numpy()
    new = 1 / (1 + np.exp(-odds))
    judged = np.setdiff1d(np.flatnonzero(busy), labels.undecided)
    truth = np.isin(judged, labels.account[labels.guilty])
    parts = [[("base", float(each))] for each in new]
    after = rescored(cases, SCORES.table({"account": ids, "score": new, "parts": parts}))
    before, later = (set(t.filter(t["score"].to_numpy() >= ALERT)["case"].to_pylist()) for t in (cases, after))
    weights = dict(zip(model.signs, model.weights, strict=True))
    seen = features.nats.max(axis=0, initial=0) > 0
    return Trial(
        model=model.hash,
        guilty=model.guilty,
        innocent=model.innocent,
        networks=len(np.unique(labels.network)),
        said_by=labels.said_by,
        base_rate=model.base_rate,
        precision=average_precision(truth, new[judged]),
        precision_today=average_precision(truth, today[judged]),
        precision_counting=average_precision(truth, busy[judged]),
        false_share=_false_share(labels, new),
        false_share_today=_false_share(labels, today),
        cases_in=sorted(later - before),
        cases_out=sorted(before - later),
        weights={code: round(weights[code], 3) for code, here in zip(model.signs, seen, strict=True) if here},
        used=False,
    )


def average_precision(truth: np.ndarray, score: np.ndarray) -> float:
    """Mean of the precision at each guilty one, best first; of equal scores the last one's counts for all."""
    order = np.argsort(-score, kind="stable")
    hits, ordered = np.cumsum(truth[order]), score[order]
    ends = np.flatnonzero(np.diff(ordered, append=np.nan) != 0)
    gained = np.diff(hits[ends], prepend=0)
    return float((gained * hits[ends] / (ends + 1)).sum() / max(truth.sum(), 1))


def _false_share(labels: Labels, score: np.ndarray) -> float | None:
    up = score[labels.account] >= ALERT
    return float((~labels.guilty[up]).mean()) if up.any() else None
