"""Scores as a model has them, in the tables that a run keeps."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mulegraph.cases.score import BASE, PLACES
from mulegraph.learn.features import Features
from mulegraph.learn.model import Model, Said, said
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.findings import CASES, SCORES, Role


def learned_scores(model: Model, features: Features, ledger: Ledger, scores: pa.Table) -> pa.Table:
    """The accounts of `scores`, scored by the model, best first; parts are shares of the log odds, and add up."""
    accounts = np.sort(ledger.account_numbers_of(scores["account"].combine_chunks()))
    told = said(model, features, accounts)
    score = np.round(1 / (1 + np.exp(-told.total)), PLACES)
    order = np.lexsort((accounts, -score))
    ids = ledger.account_ids.take(pa.array(accounts[order]))
    parts = _parts(told, score)
    return SCORES.table({"account": ids, "score": score[order], "parts": [parts[each] for each in order]})


def _parts(told: Said, score: np.ndarray) -> list[list[tuple[str, float]]]:
    """Along the straight path from the base, each group has its share of the sum (Aumann & Shapley 1974)."""
    base = round(float(1 / (1 + np.exp(-told.base))), PLACES)
    total = told.nats.sum(axis=1)
    # Where groups cancel each other the path has no length, and the slope of the curve takes its place.
    short = np.abs(total) < 1e-6
    factor = np.where(short, base * (1 - base), (score - base) / np.where(short, 1.0, total))
    shares = np.round(told.nats * factor[:, None], PLACES)
    found = []
    for row, mine in enumerate(shares.tolist()):
        kept = [(group, share) for group, share in zip(told.groups, mine, strict=True) if share]
        lacking = round(float(score[row]) - sum(share for _, share in kept), PLACES)
        found.append([(BASE, lacking), *kept])
    return found


def rescored(cases: pa.Table, scores: pa.Table) -> pa.Table:
    """Cases as sure as the surest of their accounts that is no victim, best first; one without any keeps its score."""
    known = {row["account"]: row for row in scores.to_pylist()}
    rows = cases.to_pylist()
    for row in rows:
        pairs = zip(row["accounts"], row["roles"], strict=True)
        mine = [known[name] for name, role in pairs if role != Role.VICTIM and name in known]
        if mine:
            best = min(mine, key=lambda each: (-each["score"], each["account"]))
            row["score"], row["made_of"] = best["score"], best["parts"]
    rows.sort(key=lambda row: (-row["score"], -(row["amount"] or 0), row["case"]))
    return pa.Table.from_pylist(rows, CASES.arrow)
