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
# # A tour
#
# Load the sample data, scan it, and take the strongest case apart: pictures, chains, a trace, an account. Needs
# nothing but `pip install .` and Jupyter with jupytext (open this file as a notebook). Everything lands in a
# temporary folder, and nothing is asked of any network.

# %%
import tempfile
from pathlib import Path

import networkx as nx

import mulegraph
from mulegraph.ingest.load import load

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
ws.scan()

# %%
chains = ws.chains()
chains[["surprise", "expected_false_share", "amount_in", "amount_out", "first_at", "last_at"]].head(10)

# %% [markdown]
# Lower the threshold and the expected share of coincidence rises:

# %%
every = ws.chains(min_surprise=0)
every.groupby(every["surprise"] // 2 * 2)["expected_false_share"].agg(["count", "max"]).iloc[::-1]

# %% [markdown]
# ## A case
#
# Cases are what belongs together, the strongest first. A case shows itself: facts, who paid whom, roles, signs.
# Accounts and people are tokens; `mulegraph.open(folder, reveal="why")` shows them, and the journal keeps why.

# %%
cases = ws.cases()
cases[["case", "score", "amount", "currency", "last_at", "status"]].head()

# %%
case = ws.case(cases["case"][0])
case

# %% [markdown]
# The same as a page to work in. It runs in a frame of its own; `case.view().save("case.html")` keeps it as a file.

# %%
case.view()

# %% [markdown]
# In a widget (`pip install 'mulegraph[notebook]'`) the same page answers: click an account, an arrow or a line of the
# story, and the next cell has its transfers as a data frame. `widget.choose("…")` chooses in the page.

# %%
widget = case.widget()
widget

# %%
widget.choose(case.accounts["account_id"].iloc[0])
widget.selection.head()

# %% [markdown]
# Its graph is a NetworkX graph, so every algorithm there is at hand. Who stands between the victim and the cash?

# %%
graph = case.graph()
money = nx.DiGraph((a, b) for a, b, data in graph.edges(data=True) if data["kind"] == "transfer")
between = nx.betweenness_centrality(money)
sorted(between, key=between.get, reverse=True)[:3]

# %% [markdown]
# ## A chain
#
# One path of the money, with the others of its layering network.

# %%
chain = case.chains.iloc[0]
print(f"{chain['surprise']:.1f} nats:", " → ".join(chain["accounts"]))
ws.view(chain["chain"])

# %% [markdown]
# ## Where the money went
#
# All that the first account of the chain paid from then on, traced by four rules side by side: what is probably still
# there, and whom to ask.

# %%
trace = ws.trace(account=chain["accounts"][0], since=chain["first_at"])
trace

# %%
trace.frontier[["bank", "at", "channel", "minimum", "maximum"]].head()

# %% [markdown]
# ## An account
#
# Everything known of one account: what its score is made of, each sign with its reason, and which innocent
# explanations were tried.

# %%
relay = case.accounts.query("role == 'relay'")["account_id"].iloc[0]
ws.account(relay)

# %%
ws.links(relay, hops=2)[["direction", "hops", "flagged", "amount", "first_at"]].head()

# %%
ws.query("holders_of_cluster", {"account": relay}).rows[:3]

# %% [markdown]
# ## A picture to keep
#
# One HTML file that opens with no network.

# %%
page = case.view().save(folder / "case.html")
f"{page.name}: {page.stat().st_size // 1024} KiB"
