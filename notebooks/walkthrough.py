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
# # A walk through the demo
#
# Load the sample data, scan it, and take the strongest case apart. Needs nothing but `pip install .` and Jupyter with
# jupytext (open this file as a notebook). Everything lands in a temporary folder.

# %%
import tempfile
from pathlib import Path

import mulegraph
from mulegraph.feed.ingest import load

# %% [markdown]
# ## Files → ledger
#
# Bad rows would go to `rejects/`; the sample has none.

# %%
sample = next(folder for folder in (Path("sample_data"), Path("../sample_data")) if folder.is_dir())
folder = Path(tempfile.mkdtemp()) / "workspace"
report = load(sample, folder)
{name: tally.taken for name, tally in report.tables.items()}

# %% [markdown]
# ## Scan
#
# Every sign, cases, and how sure chains are at which score. The share of false alarms is estimated with no labels, by
# dealing the transfers to each other's times.

# %%
ws = mulegraph.open(folder)
result = ws.scan()
result.findings

# %%
chains = ws.chains()
chains[["surprise", "expected_false_share", "amount_in", "amount_out", "first_at", "last_at"]].head(10)

# %% [markdown]
# Lower the threshold and the expected share of coincidence rises:

# %%
every = ws.chains(min_surprise=0)
every.groupby(every["surprise"] // 2 * 2)["expected_false_share"].agg(["count", "max"]).iloc[::-1]

# %% [markdown]
# ## The strongest case

# %%
case = ws.case(ws.cases()["case"][0])
case.accounts.groupby("role")["account_id"].agg(list)

# %%
for reason in case.findings["reason"].head(5):
    print("-", reason)

# %% [markdown]
# Its graph is a NetworkX graph, so every algorithm there is at hand. Who stands between the victim and the cash?

# %%
import networkx as nx

graph = case.graph()
money = nx.DiGraph((a, b) for a, b, data in graph.edges(data=True) if data["kind"] == "transfer")
between = nx.betweenness_centrality(money)
sorted(between, key=between.get, reverse=True)[:3]

# %% [markdown]
# ## Neighbours
#
# Paths between one of its accounts and accounts on a suspicion list, and a question to the embedded graph.

# %%
relay = case.accounts.query("role == 'relay'")["account_id"].iloc[0]
ws.links(relay, hops=2)[["direction", "hops", "flagged", "amount", "first_at"]].head()

# %%
answer = ws.query("holders_of_cluster", {"account": relay})
answer.rows[:3]

# %% [markdown]
# ## A picture to keep
#
# One HTML file that opens with no network.

# %%
from mulegraph.watch.pictures import picture

page = folder / "case.html"
page.write_text(picture(ws, case.id), encoding="utf-8")
f"{page.name}: {page.stat().st_size // 1024} KiB"
