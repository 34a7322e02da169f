# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Measuring: how good are scores, and which threshold fits a team?
#
# With labels: precision and recall by threshold, average precision, calibration. Without labels, which is how real
# ledgers come: the expected share of false alarms, held against the true one. The ledger is simulated, and its labels
# are read by this notebook only.

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import mulegraph
from mulegraph.ingest.load import load
from mulegraph.simulate import simulate

top = Path(tempfile.mkdtemp())
simulate(top / "files", accounts=5_000, seed=11, hard=True)
load(top / "files", top / "workspace")
ws = mulegraph.open(top / "workspace", reveal="measuring on simulated data")
ws.scan()

# %% [markdown]
# ## Accounts: precision and recall by threshold
#
# An account counts as right when it is a mule's. Look-alikes are innocent accounts that were made to look guilty.

# %%
labels = pd.read_csv(top / "files" / "labels" / "accounts.csv").set_index("account_id")["role"]
frame = pd.DataFrame({"account": ws.ledger.account_ids.to_pandas()})
frame["score"] = frame["account"].map(ws.ranking().set_index("account")["score"]).fillna(0.0)
frame["role"] = frame["account"].map(labels).fillna("bystander")
frame["mule"] = frame["role"] == "mule"
frame = frame.sort_values(["score", "account"], ascending=[False, True], ignore_index=True)


def at(threshold):
    hit = frame[frame["score"] >= threshold]
    return {
        "accounts": len(hit),
        "precision": hit["mule"].mean(),
        "recall": hit["mule"].sum() / frame["mule"].sum(),
        "look-alikes": int((hit["role"] == "look_alike").sum()),
    }


thresholds = [0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.3]
pd.DataFrame([at(each) for each in thresholds], index=pd.Index(thresholds, name="score from")).round(3)

# %% [markdown]
# Average precision is the mean of the precision at each mule as the list is read from the top: one figure for the
# whole ranking. Chance gives the share of mules among all accounts, so a figure means nothing without it. As a peer:
# the number of transfers, which finds busy accounts.


# %%
def average_precision(order):
    truth = order["mule"].to_numpy()
    return (np.cumsum(truth) / np.arange(1, len(truth) + 1))[truth].mean()


moved = ws.ledger.arrow("transfers", ["source", "target"]).to_pandas()
degree = pd.concat([moved["source"], moved["target"]]).value_counts()
by_degree = frame.assign(degree=frame["account"].map(degree).fillna(0)).sort_values("degree", ascending=False)
pd.Series(
    {"score": average_precision(frame), "transfers": average_precision(by_degree), "chance": frame["mule"].mean()}
).round(3)

# %% [markdown]
# ## Calibration
#
# Of accounts at 0.8, about eight in ten should be mules'. The curve behind the score was fitted on other simulated
# ledgers, so here it can be held to that; on a bank's own ledger only decided cases can tell (`mulegraph case
# alarms`).

# %%
bins = pd.cut(frame["score"], [0, 0.05, 0.2, 0.4, 0.6, 0.75, 0.85, 0.95, 1.01], right=False)
calibration = frame.groupby(bins, observed=True).agg(
    accounts=("mule", "size"), score=("score", "mean"), mules=("mule", "mean")
)
calibration.round(3)

# %% [markdown]
# ## Chains: expected and true share of false alarms
#
# The scan deals the transfers to each other's times and counts again: what it finds there is coincidence. So each
# threshold comes with the share that is expected to be coincidence, and no label is needed. The labels show whether
# it is so: a chain is false when nothing in it is planted, and a look-alike is no coincidence.

# %%
told = pd.read_csv(top / "files" / "labels" / "labelled_transfers.csv").set_index("transfer_id")["label"]
chains = ws.chains(min_surprise=0)
kinds = [set(told.reindex(each).dropna()) for each in chains["transfers"]]
chains["kind"] = [
    "planted" if kind & {"planted", "planted_sign"} else "look-alike" if kind else "coincidence" for kind in kinds
]


def shares(nats):
    hit = chains[chains["surprise"] >= nats]
    return {
        "chains": len(hit),
        "expected": hit["expected_false_share"].max(),
        "true": (hit["kind"] == "coincidence").mean(),
        "look-alikes": (hit["kind"] == "look-alike").mean(),
    }


nats = [20, 15, 12, 10, 8, 7, 6, 5, 4, 3]
by_nats = pd.DataFrame([shares(each) for each in nats], index=pd.Index(nats, name="nats"))
by_nats.round(3)

# %%
worst = (by_nats["expected"] - by_nats["true"]).abs().max()
f"threshold of the scan {ws.run.threshold:.1f} nats; expected and true are at most {worst:.3f} apart"

# %% [markdown]
# Expected shares lie on the safe side: some of what chance makes of a ledger with networks in it never happens in the
# ledger itself. Look-alikes are another matter: they are innocent and no coincidence, and no shuffling can tell.
#
# ## A threshold for a team
#
# Four people look at five accounts a day each, and a scan is looked at for a week: a hundred accounts. The best
# hundred say where the threshold lies, and what to expect of it; the next hundred what one more team would find.

# %%
capacity = 4 * 5 * 5


def team(teams):
    hit = frame.head(teams * capacity)
    last = frame.iloc[(teams - 1) * capacity : teams * capacity]
    return {
        "accounts": len(hit),
        "threshold": hit["score"].min(),
        "expected mules": hit["score"].sum(),
        "true mules": hit["mule"].sum(),
        "recall": hit["mule"].sum() / frame["mule"].sum(),
        "precision of the last team": last["mule"].mean(),
    }


pd.DataFrame([team(each) for each in range(1, 11)], index=pd.Index(range(1, 11), name="teams")).round(3)

# %% [markdown]
# The expected number is the sum of the scores, which needs no labels: it is good as far as the calibration above is.
#
# Where cases are what a team works on, `scan --fail-over 0.8` tells a night batch that there is one, and
# `[cases] min_score` in `mulegraph.toml` sets from where findings make cases.

# %%
cases = ws.cases()
cases["mules"] = [frame.set_index("account")["mule"].reindex(each).mean() for each in cases["accounts"]]
cases.groupby(pd.cut(cases["score"], [0, 0.5, 0.8, 0.95, 1.01], right=False), observed=True).agg(
    cases=("case", "size"), score=("score", "mean"), with_a_mule=("mules", lambda share: (share > 0).mean())
).round(3)

# %% [markdown]
# ## The strongest case, to keep

# %%
page = ws.case(cases["case"][0]).view().save(top / "case.html")
f"{page.name}: {page.stat().st_size // 1024} KiB"
