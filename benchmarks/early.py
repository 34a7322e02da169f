"""How early: of each planted network, the share of its money that had moved when its first account could be alerted.

    python -m benchmarks.early LEDGER … --nights 12

A ledger is loaded and scanned as it was on so many evenly spread nights. A network's money is what its transfers
moved; its first alert is the first of these nights on which one of its accounts scores 0.5. *Before* is the share of
those alerted before any of it moved: somebody in it was known already, or was alerted for nothing. Few nights make
an alert come late: what had gone is an upper bound, and 1 where all was over by the night of the alert.

Where the labels do not say which transfers are a network's, they are those between labelled accounts, joined where an
account has two within ten days; networks that share accounts may come out as one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd

from benchmarks.prefixes import nights, scores_by_night, times

FIGURES = ("networks", "alerted", "before", "gone, first quarter", "gone, median", "gone, mean")
GAP_DAYS = 10
LEAST = 0.5
"""A score from which an account could be alerted."""


def main() -> None:
    """Print a row a ledger: networks, those ever alerted, and of these the share of money gone at the first alert."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", type=Path, nargs="+", help="ledgers: files/ and labels.csv, or labels/ in files/")
    options.add_argument("--nights", type=int, default=12)
    chosen = options.parse_args()
    rows = []
    for folder in chosen.folders:
        early = how_early(planted(folder), scores_of_nights(folder, chosen.nights))
        rows.append({"ledger": folder.name, **early})
        print(", ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    print(f"\n{pd.DataFrame(rows).set_index('ledger').to_string()}")


def scores_of_nights(folder: Path, count: int) -> pd.DataFrame:
    """Scores by account, a column a night."""
    return scores_by_night(folder / "files", nights(folder / "files", count))


def planted(folder: Path) -> pd.DataFrame:
    """Transfers of planted networks: network, source, target, amount, at."""
    (path,) = (folder / "files").glob("transfers.csv*")
    moved = pd.read_csv(path, dtype={"source": str, "target": str, "transfer_id": str})
    moved["at"] = times(moved["at"])
    known = (folder / "planted.csv", folder / "files" / "labels" / "labelled_transfers.csv")
    for told in known:
        if not told.exists():
            continue
        labels = pd.read_csv(told)
        of = labels[labels["label"] == "planted"].set_index("transfer_id")["group"]
        return moved.assign(network=moved["transfer_id"].map(of)).dropna(subset=["network"])
    labelled = pd.read_csv(folder / "labels.csv", dtype={"account": str})
    guilty = set(labelled["account"][labelled["suspicious"] == 1])
    among = moved[moved["source"].isin(guilty) & moved["target"].isin(guilty)]
    graph = nx.Graph()
    for mine in ("source", "target"):
        for _, rows in among.sort_values("at").groupby(mine):
            near = rows["at"].diff() <= pd.Timedelta(days=GAP_DAYS)
            graph.add_nodes_from(rows.index)
            graph.add_edges_from(zip(rows.index[:-1][near[1:]], rows.index[1:][near[1:]], strict=True))
    # An account passes on within the gap, too: its last receipt before a payment is of the same network.
    received, paid = (among.sort_values("at").assign(account=among[name]) for name in ("target", "source"))
    met = pd.merge_asof(
        paid.reset_index(names="payment"),
        received.reset_index(names="receipt")[["at", "account", "receipt"]],
        on="at",
        by="account",
        tolerance=pd.Timedelta(days=GAP_DAYS),
    ).dropna(subset=["receipt"])
    graph.add_edges_from(zip(met["payment"], met["receipt"], strict=True))
    network = {each: number for number, part in enumerate(nx.connected_components(graph)) for each in part}
    return among.assign(network=among.index.map(network))


def how_early(moved: pd.DataFrame, scores: pd.DataFrame) -> dict[str, float]:
    """`scores` by account, a column a night."""
    gone = []
    for _, mine in moved.groupby("network"):
        members = scores.reindex(pd.unique(mine[["source", "target"]].to_numpy().ravel())).fillna(0.0)
        first = np.flatnonzero(members.max().to_numpy() >= LEAST)
        if len(first):
            gone.append(mine["amount"][mine["at"] < scores.columns[first[0]]].sum() / mine["amount"].sum())
    networks = moved["network"].nunique()
    told: dict[str, float] = {"networks": networks, "alerted": round(len(gone) / max(networks, 1), 2)}
    if gone:
        told["before"] = round(float(np.mean(np.array(gone) == 0)), 2)
        told["gone, first quarter"], told["gone, median"] = np.quantile(gone, (0.25, 0.5)).round(2).tolist()
        told["gone, mean"] = round(float(np.mean(gone)), 2)
    return told


if __name__ == "__main__":
    main()
