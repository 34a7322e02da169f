"""How well accounts are ranked on ledgers that nobody here made, beside rules that only count: the worst one counts.

    pip install --no-deps synthfin-aml garg-aml-smurfing fraudstruct      # generators of others; any may be missing
    python -m benchmarks.outside ../shared/outside/*                      # ledgers in folders, then all generators
    python -m benchmarks.outside --only neutral-weeks synthfin-aml --seed 7

A folder holds `files/`, loaded and scanned as a user would, and `labels.csv`: account, suspicious (0 or 1) and, if it
is known, typology. Labels are read after the scan. Printed are the account average precision of the score, of total
degree, of an isolation forest on plain aggregates and, where LightGBM is installed, of LightGBM on these with labels
(five folds by account); precision among as many accounts as are suspicious; what scores from 0.5 and 0.8 up say and
what is true; and of each typology the share of its accounts in that first part of the list.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold

from benchmarks import early, neutral, others
from mulegraph.ingest.load import load
from mulegraph.workspace.scan import scan

SAID = (0.5, 0.8)
FIGURES = (
    *("base", "score", "above", "degree", "forest", "with labels", "first k"),
    *(f"{what} {least}" for least in SAID for what in ("said", "true")),
    "CPU s",
    *early.FIGURES,
)
"""Columns of the table; *above* is the score less the better of degree and forest. Others are typologies."""
FOLDS = 5
MIN_LABELLED = 20


def main() -> None:
    """Print a row a ledger, and how far the worst is above the better of both counting rules."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", type=Path, nargs="*", help="ledgers with labels.csv")
    options.add_argument("--only", nargs="*", help="of these generated ledgers only; none: of no generated one")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--nights", type=int, default=0, help="scan so many nights, too: how early networks are found")
    chosen = options.parse_args()
    rows = [measured(folder, chosen.nights) for folder in chosen.folders]
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, write in ledgers(chosen.only).items():
            try:
                write(Path(scratch) / name, chosen.seed)
            except Exception as error:  # a generator of others may break in any way; the other ledgers are still judged
                print(f"{name}: its generator failed: {error!r}", flush=True)
                failed.append(name)
            else:
                rows.append(measured(Path(scratch) / name, chosen.nights))
    table = pd.DataFrame(rows).set_index("ledger")
    table.insert(2, "above", table["score"] - table[["degree", "forest"]].max(axis=1))
    with_typologies = [name for name in table.columns if name not in FIGURES]
    print(f"\n{table[[name for name in FIGURES if name in table]].round(3).to_string()}")
    if with_typologies:
        found = table[with_typologies].dropna(how="all").round(2).to_string(na_rep="")
        print(f"\nof each typology, the share among the first k\n{found}")
    worst = table["above"].idxmin()
    print(f"\nworst: {worst}, {table.at[worst, 'above']:+.3f} beside the better of degree and forest")
    if failed:
        raise SystemExit(f"not judged, since their generators failed: {', '.join(failed)}")


def ledgers(only: list[str] | None) -> dict[str, Callable[[Path, int], None]]:
    """The neutral ledgers and those of others' generators that are installed, by name, and what writes each."""
    made = {recipe.name: partial(_neutral, recipe) for recipe in neutral.RECIPES}
    for name, is_here in others.installed().items():
        if is_here:
            made[name] = others.GENERATORS[name]
        elif only is None or name in only:
            print(f"{name}: not installed, left out")
    return {name: write for name, write in made.items() if only is None or name in only}


def _neutral(recipe: neutral.Recipe, folder: Path, seed: int) -> None:
    neutral.write(folder, recipe, seed)


def measured(folder: Path, nights: int = 0) -> dict[str, float | str]:
    """Load and scan a ledger, and compare with its labels; `nights` as in `early`."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as workspace:
        load(folder / "files", Path(workspace))
        scores = scan(Path(workspace), graph=False).run.table("scores").to_pandas()
    seconds = time.process_time() - began
    labels = pd.read_csv(folder / "labels.csv", dtype={"account": str, "typology": str}).set_index("account")
    (transfers,) = (folder / "files").glob("transfers.csv*")
    moved = pd.read_csv(transfers, dtype={"source": str, "target": str})
    truth = labels["suspicious"].to_numpy().astype(bool)
    score = scores.set_index("account")["score"].reindex(labels.index).fillna(0.0).to_numpy()
    table = aggregates(moved, labels.index)
    ranked = {"score": score, **counting(table), **with_labels(table, truth)}
    row: dict[str, float | str] = {"ledger": folder.name, "base": float(truth.mean())}
    row |= {name: float(average_precision_score(truth, values)) for name, values in ranked.items()}
    first = np.zeros(len(score), bool)
    first[np.argsort(-score, kind="stable")[: truth.sum()]] = True
    row["first k"] = float(truth[first].mean())
    for least in SAID:
        up = score >= least
        row[f"said {least}"], row[f"true {least}"] = (
            (float(score[up].mean()), float(truth[up].mean())) if up.any() else (np.nan, np.nan)
        )
    row["CPU s"] = seconds
    if nights:
        row |= early.how_early(early.planted(folder), early.scores_of_nights(folder, nights))
    if "typology" in labels:
        for name, mine in pd.Series(first, labels["typology"].to_numpy())[truth].groupby(level=0):
            row[str(name)] = float(mine.mean())
    told = ", ".join(f"{name} {value:.3f}" for name, value in row.items() if name != "ledger")
    print(f"{folder.name}: {told}", flush=True)
    return row


def aggregates(moved: pd.DataFrame, accounts: pd.Index) -> pd.DataFrame:
    """Counts, sums, means, largest, spread and distinct counterparties, in and out, by account."""
    parts = []
    for mine, other in (("source", "target"), ("target", "source")):
        by = moved.dropna(subset=[mine]).groupby(mine)
        part = by["amount"].agg(["size", "sum", "mean", "max", "std"]).assign(others=by[other].nunique())
        parts.append(part.add_suffix(f" {mine}"))
    return pd.concat(parts, axis=1).reindex(accounts).fillna(0.0)


def counting(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """The two rules that need no labels: total degree, and an isolation forest on logarithms of all aggregates."""
    logs = np.log1p(table)
    forest = IsolationForest(n_estimators=300, random_state=0).fit(logs)
    degree = (table["size source"] + table["size target"]).to_numpy()
    return {"degree": degree, "forest": -forest.score_samples(logs)}


def with_labels(table: pd.DataFrame, truth: np.ndarray) -> dict[str, np.ndarray]:
    """What LightGBM makes of the aggregates when it is told labels of other accounts; nothing where it is absent."""
    if importlib.util.find_spec("lightgbm") is None or truth.sum() < MIN_LABELLED:
        return {}
    from lightgbm import LGBMClassifier  # optional

    said = np.zeros(len(truth))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(table, truth):
        model = LGBMClassifier(n_estimators=200, random_state=0, verbose=-1).fit(table.to_numpy()[train], truth[train])
        said[test] = model.predict_proba(table.to_numpy()[test])[:, 1]
    return {"with labels": said}


if __name__ == "__main__":
    main()
