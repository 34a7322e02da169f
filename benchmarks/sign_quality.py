"""How well each sign finds what is planted, how many look-alikes it raises, and how well the score ranks accounts.

`benchmarks/quality.py` runs this; labels are read here only. A finding counts as raised from the score that makes
cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest

from mulegraph.flow.read_transfers import read_transfers
from mulegraph.flow.transfers import Transfers
from mulegraph.ledger.ledger import Ledger
from mulegraph.settings import CaseSettings
from mulegraph.signs.base import all_signs
from mulegraph.workspace.scan import scan

BINS = (0.0, 0.05, 0.2, 0.4, 0.6, 0.75, 0.85, 0.95, 1.01)
GOAL = 0.9


@dataclass(frozen=True)
class Scanned:
    """A ledger that was scanned, and what is planted in it."""

    ids: pd.Series
    transfers: Transfers
    tables: dict[str, pd.DataFrame]
    signs: pd.DataFrame | None
    roles: pd.Series

    @classmethod
    def of(cls, workspace: Path, labels: Path) -> Scanned:
        """Scan a workspace; `labels` is the folder beside its files."""
        run = scan(workspace, graph=False).run
        told = pd.read_csv(labels / "accounts.csv").set_index("account_id")["role"]
        planted = pd.read_csv(labels / "signs.csv") if (labels / "signs.csv").exists() else None
        ledger = Ledger(workspace / "ledger")
        tables = {name: run.table(name).to_pandas() for name in ("findings", "scores", "cases")}
        return cls(ledger.account_ids.to_pandas(), read_transfers(ledger), tables, planted, told)


def by_sign(scanned: Scanned) -> pd.DataFrame:
    """One row a sign: planted, found, recall, precision (and with everything else as false), look-alikes raised.

    Precision counts as wrong what is about nobody planted; findings about mules that were planted for another sign, and
    look-alikes, are counted apart.
    """
    findings = scanned.tables["findings"]
    raised = findings[findings["score"] >= CaseSettings().min_score]
    rows = []
    for code in all_signs():
        labels = scanned.signs[scanned.signs["sign"] == code]
        planted, alike = (set(labels["subject_id"][labels["planted"] == kind]) for kind in ("mule", "look_alike"))
        found = set(raised["subject_id"][raised["sign"] == code])
        right, others = found & planted, found - planted
        mules = {each for each in others if scanned.roles.get(each) == "mule"}
        wrong = others - mules - alike
        rows.append(
            {
                "sign": code,
                "planted": len(planted),
                "found": len(right),
                "recall": len(right) / max(len(planted), 1),
                "precision": len(right) / max(len(right) + len(wrong), 1),
                "wrong": len(wrong),
                "strict": len(right) / max(len(found), 1),
                "other mules": len(mules),
                "alike": len(alike),
                "alike raised": len((found & alike) - planted),
            }
        )
    return pd.DataFrame(rows).set_index("sign")


def ranking(scanned: Scanned) -> dict[str, float]:
    """Average precision of mules' accounts: by score, by total degree, by an isolation forest on aggregates."""
    ids = scanned.ids
    truth = (ids.map(scanned.roles) == "mule").to_numpy()
    scores = scanned.tables["scores"].set_index("account")["score"]
    score = ids.map(scores).fillna(0.0).to_numpy()
    table = aggregates(scanned.transfers)
    forest = IsolationForest(random_state=1).fit(table)
    return {
        "base": float(truth.mean()),
        "score": average_precision(score, truth),
        "degree": average_precision((table["paid"] + table["received"]).to_numpy(), truth),
        "forest": average_precision(-forest.score_samples(table), truth),
    }


def calibration(scanned: Scanned) -> pd.DataFrame:
    """Accounts by score, and the share of mules among them: 0.8 should mean eight in ten."""
    ids = scanned.ids
    scores = scanned.tables["scores"].set_index("account")["score"]
    frame = pd.DataFrame({"score": ids.map(scores).fillna(0.0), "mule": ids.map(scanned.roles) == "mule"})
    frame["bin"] = pd.cut(frame["score"], BINS, right=False)
    return frame.groupby("bin", observed=True).agg(
        accounts=("mule", "size"), score=("score", "mean"), mules=("mule", "mean")
    )


def aggregates(transfers: Transfers) -> pd.DataFrame:
    """What an isolation forest sees of an account: counts, sums, means and distinct counterparties, both ways."""
    columns: dict[str, np.ndarray] = {}
    for name, mine, other in (
        ("paid", transfers.source, transfers.target),
        ("received", transfers.target, transfers.source),
    ):
        used = mine >= 0
        columns[name] = np.bincount(mine[used], minlength=transfers.accounts).astype(float)
        columns[f"{name}_sum"] = np.bincount(mine[used], transfers.amount[used].astype(float), transfers.accounts)
        columns[f"{name}_mean"] = columns[f"{name}_sum"] / np.maximum(columns[name], 1)
        pairs = np.unique(mine[used].astype(np.int64) * (transfers.accounts + 1) + other[used] + 1)
        columns[f"{name}_others"] = np.bincount(pairs // (transfers.accounts + 1), minlength=transfers.accounts).astype(
            float
        )
    return pd.DataFrame(columns)


def average_precision(score: np.ndarray, truth: np.ndarray) -> float:
    """Mean precision at the place of each positive, equal scores in the order of the worst case."""
    order = np.lexsort((truth, -score))
    hits = truth[order]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean()) if truth.any() else float("nan")
