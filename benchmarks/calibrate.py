"""Fits the two logistic curves of `mulegraph/cases/score.py` on simulated ledgers whose seeds nothing else uses.

    python benchmarks/calibrate.py

Platt's method: the label's log-likelihood over intercept and slope, with his prior-corrected targets. Both clocks and
both difficulties weigh the same. An account is positive when it is a mule; a case when at least half of the
accounts that
have a role in it are mules.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from benchmarks.sign_quality import Scanned
from mulegraph.cases.score import ACCOUNT_CURVE, CASE_CURVE
from mulegraph.ingest.load import load
from mulegraph.simulate import simulate
from mulegraph.simulate.scenario import Scenario

SEEDS = {(False, "second"): 900_001, (True, "second"): 900_002, (False, "day"): 900_003, (True, "day"): 900_004}
ACCOUNTS = 20_000


def main() -> None:
    """Print the fitted curves beside those in force."""
    accounts, cases = [], []
    for (hard, clock), seed in SEEDS.items():
        with tempfile.TemporaryDirectory() as folder:
            files, workspace = Path(folder) / "files", Path(folder) / "workspace"
            simulate(files, accounts=ACCOUNTS, seed=seed, hard=hard, scenario=Scenario(clock=clock))
            load(files, workspace)
            scanned = Scanned.of(workspace, files / "labels")
            accounts.append(of_accounts(scanned))
            cases.append(of_cases(scanned))
    for name, parts, now in (("ACCOUNT_CURVE", accounts, ACCOUNT_CURVE), ("CASE_CURVE", cases, CASE_CURVE)):
        nats, truth, weight = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        print(f"{name}: fitted {tuple(round(each, 2) for each in fitted(nats, truth, weight))}, in force {now}")


def of_accounts(scanned: Scanned) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nats of evidence, whether a mule, and a weight by account; accounts that nothing is known of are the base."""
    ids = scanned.ids
    table = scanned.tables["scores"].set_index("account")
    nats = ids.map(back(table["score"], ACCOUNT_CURVE)).fillna(0.0).to_numpy()
    return nats, (ids.map(scanned.roles) == "mule").to_numpy(), np.full(len(ids), 1 / len(ids))


def of_cases(scanned: Scanned) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same by case."""
    table = scanned.tables["cases"]
    members = [[scanned.roles.get(account) for account in case] for case in table["accounts"]]
    told = [[role for role in roles if isinstance(role, str)] for roles in members]
    truth = np.array([len(roles) > 0 and 2 * roles.count("mule") >= len(roles) for roles in told])
    return back(table["score"], CASE_CURVE).to_numpy(), truth, np.full(len(table), 1 / max(len(table), 1))


def back(score, curve: tuple[float, float]):  # type: ignore[no-untyped-def]
    """Nats that gave a score under a curve."""
    inside = score.clip(1e-9, 1 - 1e-9)
    return (np.log(inside / (1 - inside)) - curve[0]) / curve[1]


def fitted(nats: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Intercept and slope of greatest likelihood; targets (n₊+1)/(n₊+2) and 1/(n₋+2), as Platt has them."""
    positive, negative = truth.sum(), (~truth).sum()
    target = np.where(truth, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(curve: np.ndarray) -> float:
        at = curve[0] + curve[1] * nats
        return float((weight * (np.logaddexp(0, at) - target * at)).sum())

    found = minimize(loss, np.array([-3.0, 0.5]), method="Nelder-Mead")
    return float(found.x[0]), float(found.x[1])


if __name__ == "__main__":
    main()
    print(json.dumps({"seeds": sorted(SEEDS.values()), "accounts": ACCOUNTS}))
