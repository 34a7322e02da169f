"""How sure an account or a case is: evidence added up, each piece counted once, and turned into a probability.

Evidence is in nats (weights of evidence: Good, Studies in the History of Probability and Statistics XXXVII, Biometrika
66, 1979). A finding is worth its score times its sign's weight, spread over the transfers that it rests on.
Findings that
rest on the same transfers say the same thing, so each transfer counts once, for the finding that makes most of it; of
findings without transfers, and of those that name somebody beside their subject, each sign's best counts. The sum
becomes a probability by a logistic curve fitted on simulated ledgers
(Platt, Probabilistic outputs for support vector machines, 1999; `benchmarks/calibrate.py`), so that of accounts at 0.8
about eight in ten are mules there. Its parts are the shares of the sum (Aumann & Shapley, Values of Non-Atomic Games,
1974: for a function of a sum along the straight path, proportional to the terms), so that they add up to the score.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from mulegraph.cases.benign import Evidence, paid_by_many
from mulegraph.ledger.ledger import Ledger
from mulegraph.signs.base import Sign, all_signs

BASE, LISTED = "base", "listed"
MIN_NATS = 0.25
"""Who is named beside a subject counts from so many nats up: everybody on a payroll is named in a lowered finding."""
LISTED_WEIGHT = 7.0
"""What a place on a suspicion list with full confidence says, in nats."""
ACCOUNT_CURVE = (-5.2, 1.2)
CASE_CURVE = (-2.7, 0.84)
"""Intercept and slope of the logistic curve; fitted by `benchmarks/calibrate.py`."""
PLACES = 6

SCORES = pa.schema([("account", pa.string()), ("score", pa.float64()), ("parts", pa.string())])
"""One row an account that any finding names or a list holds, best first; `parts` is JSON: what adds up to the score."""


@dataclass(frozen=True)
class Piece:
    """A finding as it bears on somebody: its sign, what it is worth in nats, and the transfers that it rests on."""

    sign: str
    nats: float
    transfers: frozenset[int]


def probability(nats: float, curve: tuple[float, float]) -> float:
    """The logistic curve at so many nats of evidence."""
    return float(1 / (1 + np.exp(-(curve[0] + curve[1] * nats))))


def summed(pieces: Iterable[Piece]) -> dict[str, float]:
    """Nats by sign. Each transfer counts once, for the piece that makes most of it; more never lowers the sum."""
    best: dict[object, tuple[float, str]] = {}
    for piece in pieces:
        keys: Iterable[object] = piece.transfers or (piece.sign,)
        share = piece.nats / max(len(piece.transfers), 1)
        for key in keys:
            # Of two that say the same the first by name counts, whatever order they come in.
            best[key] = max(best.get(key, (0.0, piece.sign)), (share, piece.sign))
    total: dict[str, float] = {}
    for nats, sign in best.values():
        total[sign] = total.get(sign, 0.0) + nats
    return {sign: total[sign] for sign in sorted(total) if total[sign] > 0}


def parted(nats: Mapping[str, float], curve: tuple[float, float]) -> tuple[float, dict[str, float]]:
    """The score of so much evidence, and its parts by sign, which add up to it to the last digit shown."""
    total = sum(nats.values())
    base = round(probability(0.0, curve), PLACES)
    score = round(probability(total, curve), PLACES)
    parts = {sign: round((score - base) * part / total, PLACES) for sign, part in sorted(nats.items())}
    parts = {BASE: base, **parts}
    largest = max(parts, key=lambda name: parts[name])
    parts[largest] = round(parts[largest] + score - sum(parts.values()), PLACES)
    return score, parts


def expected_false(scores: Iterable[float], least: float) -> float | None:
    """The share of false alarms to expect among scores of `least` and more; none where there are none.

    A score is a probability, so each alarm is false with 1 − score, and their share is the mean of that.
    """
    reached = [score for score in scores if score >= least]
    return 1 - sum(reached) / len(reached) if reached else None


def account_scores(findings: pa.Table, evidence: Evidence, signs: Mapping[str, Sign] | None = None) -> pa.Table:
    """Every account that findings name or that stands on a suspicion list, best first, in `SCORES`."""
    pieces = account_pieces(findings, evidence, signs)
    rows: list[dict[str, Any]] = []
    for account, mine in pieces.items():
        score, parts = parted(summed(mine), ACCOUNT_CURVE)
        rows.append({"account": account, "score": score, "parts": json.dumps(parts)})
    rows.sort(key=lambda row: (-row["score"], row["account"]))
    return pa.Table.from_pylist(rows, SCORES)


def account_pieces(
    findings: pa.Table, evidence: Evidence, known: Mapping[str, Sign] | None = None
) -> dict[str, list[Piece]]:
    """What is held against each account, before it is added up; by all signs where none are `known`."""
    signs, ids = known or all_signs(), evidence.ledger.account_ids
    pieces: dict[int, list[Piece]] = {}
    columns = (findings[name].to_pylist() for name in ("sign", "score", "victim"))
    own = zip(evidence.findings["number"].tolist(), _own_transfers(evidence), *columns, strict=True)
    for number, transfers, code, score, victim in own:
        # What harmed the subject does not speak against it.
        if number >= 0 and signs[code].weight and not victim:
            pieces.setdefault(number, []).append(Piece(code, score * signs[code].weight, transfers))
    for number, code, nats in _as_party(findings, evidence, signs):
        pieces.setdefault(number, []).append(Piece(code, nats, frozenset()))
    for number, confidence in _listed(evidence.ledger):
        pieces.setdefault(number, []).append(Piece(LISTED, confidence * LISTED_WEIGHT, frozenset()))
    return {ids[number].as_py(): mine for number, mine in pieces.items()}


def _as_party(findings: pa.Table, evidence: Evidence, signs: Mapping[str, Sign]) -> list[tuple[int, str, float]]:
    """Account number, sign and nats of the worst finding of each sign that an account is named in beside the subject.

    Who is named beside many subjects is no worse than who is named beside the worst of them; and shops are named often.
    """
    weights = {code: sign.party_weight for code, sign in signs.items()}
    frame = findings.select(["sign", "score"]).to_pandas()
    # Of no rows pandas 3 makes a column of text, which cannot be multiplied.
    nats = frame["score"] * frame["sign"].map(weights).astype(float)
    named = evidence.named[["f", "number"]]
    subject = evidence.findings["number"].to_numpy()[named["f"]] == named["number"].to_numpy()
    named = named[~subject & ~paid_by_many(evidence)[named["number"]] & (nats.to_numpy()[named["f"]] >= MIN_NATS)]
    named = named.assign(sign=frame["sign"].to_numpy()[named["f"]], nats=nats.to_numpy()[named["f"]])
    worst = named.groupby(["number", "sign"], sort=True)["nats"].max().reset_index()
    return list(zip(worst["number"].tolist(), worst["sign"].tolist(), worst["nats"].tolist(), strict=True))


def case_pieces(findings: Iterable[Mapping[str, Any]], known: Mapping[str, Sign] | None = None) -> dict[str, float]:
    """Nats by sign of a case's findings; rows of FINDINGS as dictionaries."""
    signs = known or all_signs()
    places: dict[str, int] = {}
    pieces = []
    for row in findings:
        transfers = frozenset(places.setdefault(each, len(places)) for each in row["evidence"])
        sign = signs[str(row["sign"])]
        pieces.append(Piece(sign.code, float(row["score"]) * max(sign.weight, sign.party_weight), transfers))
    return summed(pieces)


def _own_transfers(evidence: Evidence) -> list[frozenset[int]]:
    """Of each finding the transfers of its evidence that its subject is an end of."""
    rows = evidence.rows
    mine = rows[rows["inward"] | rows["outward"]]
    ends = np.searchsorted(mine["f"].to_numpy(), np.arange(len(evidence) + 1))
    numbers = mine["row"].tolist()
    return [frozenset(numbers[low:high]) for low, high in pairwise(ends.tolist())]


def _listed(ledger: Ledger) -> list[tuple[int, float]]:
    """Account numbers on a suspicion list, with the confidence."""
    listed = ledger.listed("account", on="suspicion").to_pandas().sort_values("subject_id")
    numbers = ledger.account_numbers(listed["subject_id"].tolist())
    return [(int(n), float(c)) for n, c in zip(numbers, listed["confidence"], strict=True) if n >= 0]
