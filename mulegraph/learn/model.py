"""A model of what a bank decided: weights of signs that remember what decoys say, and boosted trees on top of them.

Log odds begin at the sum of what signs say, each times a weight. Weights have a normal prior around one (MAP of a
Bayesian logistic regression: Genkin, Lewis & Madigan, Technometrics 49, 2007), so that few decisions change little.
LightGBM begins there and corrects it (Friedman 2001; Ke and others 2017), as many trees as decisions can pay for;
a feature that speaks against an account may only raise. Reasons are the weights' terms and SHAP values of the trees
(Lundberg and others 2020), by sign; they add up. The curve is fitted out of fold (Platt 1999) and moved to the base
rate (King & Zeng 2001).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from mulegraph.errors import UsageError
from mulegraph.lazy import lightgbm, optimize
from mulegraph.learn.features import Features
from mulegraph.learn.labels import Labels

PRIOR_SPREAD, CURVE_SPREAD = 0.5, 0.25
FOLDS = 5
MAX_TREES = 300
MAX_BACKGROUND = 50_000
SEED = 1
FORMAT = 1
TREES = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.03,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "min_data_in_leaf": 20,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": SEED,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Model:
    """What scores are made with; `curve` is what is added to log odds, and what they are multiplied by."""

    features: tuple[str, ...]
    signs: tuple[str, ...]
    weights: tuple[float, ...]
    trees: str
    curve: tuple[float, float]
    base_rate: float
    guilty: int
    innocent: int
    from_lists: bool = False

    @property
    def text(self) -> str:
        """As it is written: JSON, and nothing that runs when it is read."""
        return json.dumps({"format": FORMAT, **vars(self)}, sort_keys=True)

    @property
    def hash(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def parse(cls, text: str) -> Model:
        """Raises ValueError for what is no model of this version."""
        raw: dict[str, Any] = json.loads(text)
        if raw.pop("format", None) != FORMAT:
            raise ValueError("another format")
        lists = {name: tuple(raw[name]) for name in ("features", "signs", "weights", "curve")}
        return cls(**{**raw, **lists})


@dataclass(frozen=True)
class Said:
    """By account: calibrated log odds, and what adds up to them beside `base`, a column a group."""

    base: float
    groups: tuple[str, ...]
    nats: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Log odds."""
        return np.asarray(self.base + self.nats.sum(axis=1))


@dataclass(frozen=True)
class Rows:
    """What is learned from: accounts, labels (1 guilty), weights, and the fold of each."""

    account: np.ndarray
    label: np.ndarray
    weight: np.ndarray
    fold: np.ndarray


def rows_of(labels: Labels, active: np.ndarray) -> Rows:
    """Decided accounts, and as innocent ones those that nobody doubts. A network is in one fold, large ones first."""
    rng = np.random.default_rng(SEED)
    background = np.setdiff1d(active, np.union1d(labels.account, labels.undecided))
    many = len(background)
    if many > MAX_BACKGROUND:
        background = np.sort(rng.choice(background, MAX_BACKGROUND, replace=False))
    fold = np.concatenate([folds(labels), rng.integers(0, FOLDS, len(background))])
    stands_for = many / max(len(background), 1)
    return Rows(
        np.concatenate([labels.account, background]),
        np.concatenate([labels.guilty, np.zeros(len(background))]).astype(float),
        np.concatenate([np.ones(len(labels.account)), np.full(len(background), stands_for)]),
        fold,
    )


def folds(labels: Labels) -> np.ndarray:
    """The fold of each decided account: a network is never on both sides, and guilty and innocent are dealt evenly."""
    fold, size = np.zeros(len(labels.account), np.int64), np.zeros((2, FOLDS))
    names, place, count = np.unique(labels.network, return_inverse=True, return_counts=True)
    bad = np.bincount(place, labels.guilty) > 0
    home = np.zeros(len(names), np.int64)
    for each in np.lexsort((names, -count)):
        home[each] = size[int(bad[each])].argmin()
        size[int(bad[each]), home[each]] += count[each]
    fold[:] = home[place]
    return fold


def learned(features: Features, labels: Labels, active: np.ndarray, base_rate: float) -> tuple[Model, np.ndarray]:
    """A model, and for every account its log odds as a model says that did not see it or its network.

    Raises UsageError where LightGBM is not installed.
    """
    rows, features = rows_of(labels, active), features.blind
    raw = np.zeros(len(features.values))
    unseen = np.zeros(len(features.values), bool)
    unseen[rows.account] = True
    for each in range(FOLDS):
        out = rows.account[rows.fold == each]
        part = _fitted(features, rows, rows.fold != each, base_rate)
        raw[out] = said(part, features, out).total
    whole = _fitted(features, rows, np.ones(len(rows.fold), bool), base_rate)
    raw[~unseen] = said(whole, features).total[~unseen]
    slope, place = _curve(raw[rows.account], rows)
    everybody = raw[active] * slope
    place = _moved_to(everybody, base_rate) if len(active) else place
    said_by_lists = bool(features.given)
    counts = {"guilty": int(labels.guilty.sum()), "innocent": int((~labels.guilty).sum())}
    model = Model(
        **{
            **vars(whole),
            "curve": (float(place + slope * whole.curve[0]), float(slope)),
            "base_rate": float(base_rate),
            **counts,
            "from_lists": said_by_lists,
        }
    )
    return model, place + slope * raw


def said(model: Model, features: Features, chosen: np.ndarray | None = None) -> Said:
    """What a model says of accounts (default: of all), by group. Raises UsageError for features of another version."""
    if model.features != features.names or model.signs != features.signs:
        raise UsageError(
            "the model was learned from other signs than are here",
            hint="Run: mulegraph learn --use, or mulegraph learn --forget.",
        )
    values, nats = features.values, features.nats
    if chosen is not None:
        values, nats = values[chosen], nats[chosen]
    place, slope = model.curve
    groups = tuple(sorted({*features.group, *features.signs}))
    told = np.zeros((len(values), len(groups)))
    told[:, [groups.index(code) for code in features.signs]] += nats * np.array(model.weights)
    base = 0.0
    if model.trees:
        shares = _engine().Booster(model_str=model.trees).predict(values, pred_contrib=True, num_threads=1)
        for column, group in enumerate(features.group):
            told[:, groups.index(group)] += shares[:, column]
        base = float(shares[0, -1]) if len(shares) else 0.0
    return Said(place + slope * base, groups, slope * told)


def _fitted(features: Features, rows: Rows, chosen: np.ndarray, base_rate: float) -> Model:
    account = rows.account[chosen]
    label = rows.label[chosen]
    weight = rows.weight[chosen]
    nats = features.nats[account]
    weights, place = _weights(nats, label, weight, features.fixed)
    trees = min(MAX_TREES, int(label.sum()))
    data = _engine().Dataset(
        features.values[account],
        label,
        weight=weight,
        init_score=place + nats @ weights,
        params={"verbosity": -1},
    )
    how = {**TREES, "monotone_constraints": [int(each) for each in features.rises]}
    text = _engine().train(how, data, trees).model_to_string()
    return Model(features.names, features.signs, tuple(weights.tolist()), text, (place, 1.0), base_rate, 0, 0)


def _weights(nats: np.ndarray, label: np.ndarray, weight: np.ndarray, fixed: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights of signs at the peak of their posterior, never below nought, and the intercept."""
    free = np.flatnonzero(~fixed & (nats.max(axis=0, initial=0) > 0))
    offset, terms = nats[:, fixed].sum(axis=1), nats[:, free]

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        odds = at[0] + offset + terms @ at[1:]
        wrong = weight * (1 / (1 + np.exp(-odds)) - label)
        beside = (at[1:] - 1) / PRIOR_SPREAD**2
        value = float(weight @ (np.logaddexp(0, odds) - label * odds) + beside @ (at[1:] - 1) / 2)
        return value, np.concatenate([[wrong.sum()], terms.T @ wrong + beside])

    start = np.concatenate([[-5.0], np.ones(len(free))])
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(-30, 30), *[(0, 10)] * len(free)])
    weights = np.ones(nats.shape[1])
    weights[free] = found.x[1:]
    return weights, float(found.x[0])


def _curve(raw: np.ndarray, rows: Rows) -> tuple[float, float]:
    """Slope, with a prior around one, and intercept of what was said of accounts that a model had not seen."""

    def loss(at: np.ndarray) -> float:
        odds = at[0] + at[1] * raw
        return float(rows.weight @ (np.logaddexp(0, odds) - rows.label * odds) + (at[1] - 1) ** 2 / 2 / CURVE_SPREAD**2)

    found = optimize.minimize(loss, np.array([0.0, 1.0]), method="L-BFGS-B", bounds=[(-30, 30), (0.05, 3)])
    return float(found.x[1]), float(found.x[0])


def _moved_to(odds: np.ndarray, base_rate: float) -> float:
    """What is added to log odds so that their probabilities are the base rate in the mean."""
    return float(optimize.brentq(lambda at: float(np.mean(1 / (1 + np.exp(-(at + odds))))) - base_rate, -200, 200))


def _engine() -> Any:
    try:
        return lightgbm.basic and lightgbm
    except ImportError as error:
        raise UsageError("LightGBM is not installed", hint="Run: pip install 'mulegraph[learn]'") from error
