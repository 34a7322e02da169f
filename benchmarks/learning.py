"""What labels add: `mulegraph learn` on ledgers of others, five folds by network, beside LightGBM on aggregates.

    python -m benchmarks.learning ../shared/outside/*

Networks are communities of money among the suspicious, since these ledgers name none. LightGBM has the same folds.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.metrics import average_precision_score

from benchmarks.outside import aggregates
from mulegraph.flow.read_transfers import read_transfers
from mulegraph.ingest.load import load
from mulegraph.learn.labels import from_file, labels_of
from mulegraph.learn.model import FOLDS, folds
from mulegraph.workspace.learning import learn
from mulegraph.workspace.workspace import Workspace


def main() -> None:
    """Print a row a ledger."""
    for folder in map(Path, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as scratch:
            here = Path(scratch)
            load(folder / "files", here / "workspace")
            known = pd.read_csv(folder / "labels.csv", dtype=str).rename(
                columns={"account": "account_id", "suspicious": "label"}
            )
            known.to_csv(here / "labels.csv", index=False)
            space = Workspace(here / "workspace")
            space.scan()
            trial = learn(space, here / "labels.csv")
            plain = beside(space, folder, here / "labels.csv")
        print(
            f"{folder.name}: learn {trial.precision:.3f}, LightGBM on aggregates {plain:.3f}, "
            f"today {trial.precision_today:.3f}, counting {trial.precision_counting:.3f}",
            flush=True,
        )


def beside(space: Workspace, folder: Path, file: Path) -> float:
    """LightGBM on plain aggregates in the same folds."""
    ids = space.ledger.account_ids.to_pylist()
    labels = labels_of(space.ledger, read_transfers(space.ledger), from_file(file, ids), [])
    (transfers,) = (folder / "files").glob("transfers.csv*")
    table = aggregates(pd.read_csv(transfers, dtype={"source": str, "target": str}), pd.Index(ids)).to_numpy()
    table = table[labels.account]
    fold = folds(labels)
    said = np.zeros(len(labels.account))
    for each in range(FOLDS):
        train = fold != each
        model = LGBMClassifier(n_estimators=200, random_state=0, verbose=-1, n_jobs=1)
        model.fit(table[train], labels.guilty[train])
        said[~train] = model.predict_proba(table[~train])[:, 1]
    return float(average_precision_score(labels.guilty, said))


if __name__ == "__main__":
    main()
