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
# # Out of Neo4j: pandas and NetworkX
#
# The graph on a server, asked from a notebook. `make neo4j` starts a server to try, and prints what to export;
# `NEO4J_URI` is its address. The sample data are loaded and scanned first, as a night batch would.

# %%
import os
import tempfile
from pathlib import Path

import networkx as nx

import mulegraph
from mulegraph.ingest.load import load

url = os.environ["NEO4J_URI"]
sample = next(folder for folder in (Path("sample_data"), Path("../sample_data")) if folder.is_dir())
folder = Path(tempfile.mkdtemp()) / "workspace"
load(sample, folder)
ws = mulegraph.open(folder, graph=url)
ws.scan().findings

# %% [markdown]
# ## Tables
#
# Every file in `cypher/` is a question, and its answer a data frame. Amounts are exact decimals, times are in UTC. From
# here on nothing but the server is asked; the workspace is there to mask what it answers.

# %%
graph = mulegraph.connect(url, folder)
receivers = graph.ask("top_receivers_from_listed")
receivers.head()

# %%
account = receivers["account"].iloc[0]
dealings = graph.ask("account_neighbourhood", account=account)
dealings.pivot_table(index="kind", columns="direction", values="transfers", aggfunc="sum", fill_value=0)

# %%
graph.ask("paths_from_flagged", account=account, hops=3)[["hops", "accounts", "least_amount", "first_at"]].head()

# %% [markdown]
# ## Networks
#
# A case with its roles, evidence and shared devices is a NetworkX graph: every algorithm there is at hand.

# %%
case = ws.cases()["case"].iloc[0]
network = graph.network(case)
money = nx.DiGraph((a, b) for a, b, data in network.edges(data=True) if data["kind"] == "transfer")
between = nx.betweenness_centrality(money)
sorted(between, key=between.get, reverse=True)[:3]

# %%
{role: sum(each == role for _, each in network.nodes(data="role")) for role in {"victim", "relay", "cash-out"}}

# %% [markdown]
# A whole answer becomes a graph in one line.

# %%
links = graph.ask("transfers_of_case", id=case)
whole = nx.from_pandas_edgelist(links, "source", "target", ["amount", "at"], nx.MultiDiGraph, edge_key="transfer_id")
whole.number_of_nodes(), whole.number_of_edges()

# %% [markdown]
# ## A picture to keep

# %%
page = folder / "case.html"
page.write_text(graph.picture(case), encoding="utf-8")
f"{page.name}: {page.stat().st_size // 1024} KiB"
