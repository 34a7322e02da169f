"""Alerts night after night, on ledgers as their bank had them: how many were false, and whether the budget was kept.

    python -m benchmarks.nights --seeds 50 --every 10

A seed is a neutral ledger (`benchmarks/neutral.py`, its recipes in turn) of 150 days. From the sixtieth day on, the
first on which anybody is alerted, it is loaded up to each tenth night and scanned anew, and accounts are alerted under
the default budget. Every account that does not launder counts as false, with wages, rents, shops and firms among them.
Of a run the *worst* is the largest share of false ones among all alerts up to any night.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import neutral
from benchmarks.prefixes import scores_by_night
from mulegraph.cases.alerts import alerted, e_values
from mulegraph.settings import BASE_RATE, AlertSettings

BUDGET = AlertSettings()
DAYS, ACCOUNTS, SHARE = 150, 3_000, 0.05


def main() -> None:
    """Print a row a seed, and in how many the budget was kept."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=50)
    options.add_argument("--first", type=int, default=1, help="the first seed")
    options.add_argument("--every", type=int, default=10, help="days between scans")
    chosen = options.parse_args()
    rows = []
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        recipe = neutral.RECIPES[seed % len(neutral.RECIPES)]
        rows.append({"seed": seed, "recipe": recipe.name, **told(recipe, seed, chosen.every)})
        print(", ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    table = pd.DataFrame(rows)
    print(
        f"\n{table.groupby('recipe')[['alerts', 'worst', 'last', 'recall']].agg(['mean', 'max']).round(3).to_string()}"
    )
    for name in ("worst", "last"):
        print(
            f"{name} false share at most {BUDGET.false_share}: {(table[name] <= BUDGET.false_share).mean():.0%} of runs"
        )


def told(recipe: neutral.Recipe, seed: int, every: int) -> dict[str, float]:
    """One ledger, night after night."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        made = replace(recipe, accounts=ACCOUNTS, days=DAYS, share=SHARE)
        neutral.write(folder, made, seed)
        ends = [neutral.BEGINS + pd.Timedelta(days=day) for day in range(BUDGET.min_days, DAYS + 1, every)]
        scores = scores_by_night(folder / "files", ends)
        labels = pd.read_csv(folder / "labels.csv", dtype={"account": str}).set_index("account")
    truth = labels["suspicious"].to_numpy().astype(bool)
    shares, flags = false_shares(scores.reindex(labels.index).fillna(0.0), truth)
    return {
        "alerts": int(flags.sum()),
        "worst": round(max(shares), 3),
        "last": round(shares[-1], 3),
        "recall": round(float(flags[truth].mean()), 3),
    }


def false_shares(scores: pd.DataFrame, truth: np.ndarray) -> tuple[list[float], np.ndarray]:
    """The share of false ones among the alerts up to each night (a column of `scores`), and all alerts, as flags."""
    flags, shares = np.zeros(len(truth), bool), []
    for night in scores:
        open_ = np.flatnonzero(~flags)
        evidence = e_values(scores[night].to_numpy()[open_], BASE_RATE, len(truth))
        flags[open_[alerted(evidence, len(truth), BUDGET.false_share, int(flags.sum()))]] = True
        shares.append(float((flags & ~truth).sum() / max(flags.sum(), 1)))
    return shares, flags


if __name__ == "__main__":
    main()
