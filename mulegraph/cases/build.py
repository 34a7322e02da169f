"""Cases: findings' accounts joined into a graph, its connected parts, and Louvain communities where they are big.

Louvain: Blondel, Guillaume, Lambiotte & Lefebvre, Fast unfolding of communities in large networks (2008).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import pandas as pd
import pyarrow as pa

from mulegraph.cases.roles import roles_by_sign, roles_of
from mulegraph.cases.score import CASE_CURVE, case_pieces, parted
from mulegraph.lazy import community as louvain
from mulegraph.lazy import networkx as nx
from mulegraph.schema.tables import ARROW_TYPE, CASH_IN, CASH_OUT, Kind
from mulegraph.settings import CaseSettings
from mulegraph.signs.base import Sign

CASES = pa.schema(
    [
        ("case", pa.string()),
        ("score", pa.float64()),
        ("made_of", pa.string()),
        ("accounts", pa.list_(pa.string())),
        ("roles", pa.list_(pa.string())),
        ("findings", pa.list_(pa.string())),
        ("chains", pa.list_(pa.string())),
        ("first_at", ARROW_TYPE[Kind.TIME]),
        ("last_at", ARROW_TYPE[Kind.TIME]),
        ("amount", ARROW_TYPE[Kind.AMOUNT]),
        ("currency", pa.string()),
    ]
)
"""One row a case, best first; `roles` goes with `accounts`, `made_of` is JSON: the parts that add up to the score."""

CASH = {CASH_IN, CASH_OUT}
DEVICE_NATS, HOLDER_NATS, LISTED_NATS = 5.0, 5.0, 2.0
"""What joins two accounts beside money, on the scale of a strong link's surprise."""

Nats = Callable[[list[str]], list[float]]


def build_cases(
    findings: pa.Table,
    chains: pa.Table,
    *,
    account_nats: Nats,
    holders: dict[str, str],
    settings: CaseSettings,
    signs: Mapping[str, Sign] | None = None,
) -> pa.Table:
    """Cases in `CASES` from findings and chains above the threshold.

    `account_nats` says how unlikely a meeting at each account is by chance: those under `min_link_nats` (shops,
    exchanges) are named in a case and join nobody to it. `holders` gives the holder of accounts that have one. `signs`
    are those that the findings are of, by code; all where none are given.
    """
    rows = [row for row in findings.to_pylist() if row["score"] >= settings.min_score]
    graph = _joined(rows, chains, account_nats, holders, settings.min_link_nats)
    part_of: dict[str, int] = {}
    for number, members in enumerate(_parts(graph, settings)):
        part_of.update(dict.fromkeys(members, number))
    by_part: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        home = _home(row["accounts"], part_of)
        if home is not None:
            by_part[home].append(row)
    of_chain = {row["chain"]: row for row in chains.to_pylist()}
    cases = [_case(part, of_chain, signs) for part in by_part.values()]
    cases.sort(key=lambda case: (-case["score"], -(case["amount"] or 0), case["case"]))
    return pa.Table.from_pylist(cases, CASES)


def _joined(
    rows: list[dict[str, Any]], chains: pa.Table, account_nats: Nats, holders: dict[str, str], least: float
) -> nx.Graph[str]:
    """Accounts of findings, joined by money, devices, holders and listed neighbours."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(dict.fromkeys(name for row in rows for name in row["accounts"] if name not in CASH))
    members = list(graph)
    nats = dict(zip(members, account_nats(members), strict=True))
    of_chain = set(chains["chain"].to_pylist())
    for path in chains["accounts"].to_pylist():
        for one, other in pairwise(path):
            weight = min(nats.get(one, 0.0), nats.get(other, 0.0))
            if weight >= least:
                _join(graph, one, other, weight)
    for row in rows:
        if row["subject_kind"] in ("device", "cluster"):
            _star(graph, row["accounts"], DEVICE_NATS)
        elif row["subject_kind"] == "account" and row["pattern"] not in of_chain:
            quiet = [name for name in row["accounts"] if nats.get(name, 0.0) >= least]
            _star(graph, sorted(quiet, key=lambda name: (name != row["subject_id"], name)), LISTED_NATS)
    owned: dict[str, list[str]] = defaultdict(list)
    for account in members:
        if account in holders:
            owned[holders[account]].append(account)
    for accounts in owned.values():
        _star(graph, accounts, HOLDER_NATS)
    return graph


def _join(graph: nx.Graph[str], one: str, other: str, weight: float) -> None:
    if one != other:
        before = graph.get_edge_data(one, other, {"weight": 0.0})["weight"]
        graph.add_edge(one, other, weight=max(before, weight))


def _star(graph: nx.Graph[str], accounts: list[str], weight: float) -> None:
    for other in accounts[1:]:
        _join(graph, accounts[0], other, weight)


def _parts(graph: nx.Graph[str], settings: CaseSettings) -> Iterable[set[str]]:
    """Connected parts, the big ones split into communities; in an order that does not change between runs."""
    for part in sorted(nx.connected_components(graph), key=min):
        if len(part) <= settings.split_above:
            yield part
            continue
        # The order of nodes and edges decides ties in Louvain, and a set's order changes between runs.
        ordered: nx.Graph[str] = nx.Graph()
        ordered.add_nodes_from(sorted(part))
        edges = sorted((*sorted((one, other)), data["weight"]) for one, other, data in graph.edges(part, data=True))
        ordered.add_weighted_edges_from(edges)
        communities: dict[int, set[str]] = defaultdict(set)
        for account, number in louvain.best_partition(ordered, random_state=settings.seed).items():
            communities[number].add(account)
        yield from sorted(communities.values(), key=min)


def _home(accounts: list[str], part_of: dict[str, int]) -> int | None:
    """The part that most of a finding's accounts are in; the first of them where two have as many."""
    votes: dict[int, int] = defaultdict(int)
    for account in accounts:
        if account in part_of:
            votes[part_of[account]] += 1
    return max(votes, key=lambda part: (votes[part], -part)) if votes else None


def _case(
    rows: list[dict[str, Any]], of_chain: dict[str, dict[str, Any]], signs: Mapping[str, Sign] | None
) -> dict[str, Any]:
    patterns = dict.fromkeys(row["pattern"] for row in rows)
    chains = [of_chain[pattern] for pattern in patterns if pattern in of_chain]
    accounts = sorted({name for row in rows for name in row["accounts"]} - CASH)
    roles = roles_by_sign(rows) | roles_of([(chain["accounts"], chain["transfers"]) for chain in chains])
    score, parts = parted(case_pieces(rows, signs), CASE_CURVE)
    entered = {chain["transfers"][0]: chain["amount_in"] for chain in chains}
    times = [row[name] for row in rows for name in ("first_at", "last_at") if row[name] is not None]
    findings = sorted(row["finding"] for row in rows)
    return {
        "case": "CASE-" + hashlib.blake2b(findings[0].encode(), digest_size=4).hexdigest(),
        "score": score,
        "made_of": json.dumps(parts),
        "accounts": accounts,
        "roles": [roles.get(account, "named") for account in accounts],
        "findings": findings,
        "chains": [chain["chain"] for chain in chains],
        "first_at": min(times, default=None),
        "last_at": max(times, default=None),
        "amount": sum(entered.values()) if entered else None,
        "currency": chains[0]["currency"] if chains else None,
    }


def case_graph(case: dict[str, Any], transfers: pd.DataFrame, devices: pd.DataFrame) -> nx.MultiDiGraph[str]:
    """A case as a graph: accounts with their role, transfers between them, and the devices that they share.

    `transfers` needs transfer_id, source, target, amount, currency, at, channel; `devices` device_id, account_id.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(case=case["case"], score=case["score"])
    for account, role in zip(case["accounts"], case["roles"], strict=True):
        graph.add_node(account, kind="account", role=role)
    add_transfers(graph, transfers)
    for row in devices.itertuples():
        device = f"device {row.device_id}"
        graph.add_node(device, kind="device", role="")
        graph.add_edge(row.account_id, device, key=device, kind="used")
    return graph


def add_transfers(graph: nx.MultiDiGraph[str], transfers: pd.DataFrame) -> None:
    """Add transfers as edges keyed by their id; accounts that are new get no role, cash its own node."""
    for row in transfers.to_dict("records"):
        source = row["source"] if isinstance(row["source"], str) else CASH_IN
        target = row["target"] if isinstance(row["target"], str) else CASH_OUT
        for end in (source, target):
            if end not in graph:
                graph.add_node(end, kind="cash" if end in CASH else "account", role="")
        shown = {name: row[name] for name in ("amount", "currency", "at", "channel")}
        graph.add_edge(source, target, key=row["transfer_id"], kind="transfer", **shown)
