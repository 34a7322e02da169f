"""What ledger and run know of the accounts in a graph, put beside them so that a picture can tell it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.lazy import networkx as nx
from mulegraph.lazy import pandas as pd
from mulegraph.schema.choices import KNOWN_GOOD
from mulegraph.schema.findings import Role
from mulegraph.schema.language import spoken
from mulegraph.schema.nodes import node_id, subject_of
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.listing import frame_of
from mulegraph.workspace.listings import with_sentences
from mulegraph.workspace.run import Run, Runs

MAX_FINDINGS = 1_000
"""Findings that a picture tells, the strongest first."""


def with_known(
    space: WorkspaceBase,
    graph: nx.MultiDiGraph[str],
    *,
    findings: pd.DataFrame | None = None,
) -> nx.MultiDiGraph[str]:
    """The same graph, with what is known of its accounts.

    Transfers get their `reference`, where they have one. Accounts get `bank`, `own` (whether its bank's payments are
    here), `holder`, `lists`, `score`, `cases`, the `roles` that they have in them, `opened_on`; known good loses its
    role. Holders of several of them become nodes. The graph gets `zone`, `tick_seconds`, `least_nats`, `findings` (by
    default all that are about its accounts) and `findings_cut`.
    """
    accounts = [node for node, data in graph.nodes(data=True) if data["kind"] == "account"]
    about = _accounts(space, accounts)
    for node in accounts:
        graph.nodes[node].update(about.get(node, {}))
    _add_holders(graph, about)
    _add_references(space, graph)
    for node, lists in _lists(space, graph).items():
        graph.nodes[node]["lists"] = lists
        if KNOWN_GOOD in lists and graph.nodes[node]["role"] != "subject":
            graph.nodes[node]["role"] = ""
    run = Runs(space.folder).latest(space.ledger.hash)
    graph.graph["zone"] = space.settings.views.zone
    if run is not None:
        _add_scores(run, graph)
        graph.graph["least_nats"] = run.manifest["flow"]["threshold"]
        graph.graph["tick_seconds"] = run.manifest["flow"]["tick_seconds"]
        found = _about(run, accounts) if findings is None else findings
        told = with_sentences(run, found.head(MAX_FINDINGS), spoken()) if "benign_why" not in found else found
        graph.graph["findings"] = _pictured(run, told.head(MAX_FINDINGS))
        graph.graph["findings_cut"] = max(len(found) - MAX_FINDINGS, 0)
    return graph


def _accounts(space: WorkspaceBase, accounts: list[str]) -> dict[str, dict[str, Any]]:
    """bank, own, holder_id, holder, opened_on by account."""
    ledger = space.ledger
    rows = ledger.arrow("accounts", ["account_id", "bank", "holder_id", "opened_on"])
    rows = rows.filter(pc.is_in(rows["account_id"], value_set=pa.array(accounts, pa.string()))).to_pylist()
    holders = ledger.arrow("holders", ["holder_id", "name"])
    wanted = pa.array({row["holder_id"] for row in rows if row["holder_id"] is not None}, pa.string())
    holders = holders.filter(pc.is_in(holders["holder_id"], value_set=wanted))
    names = dict(zip(holders["holder_id"].to_pylist(), holders["name"].to_pylist(), strict=True))
    seen = space.own_banks.seen
    ours = dict(zip(accounts, seen[space.ledger.account_numbers(accounts)].tolist(), strict=True)) if accounts else {}
    made = {}
    for row in rows:
        made[row["account_id"]] = {
            "bank": row["bank"],
            "own": ours[row["account_id"]],
            "holder_id": row["holder_id"],
            "holder": names.get(row["holder_id"]),
            "opened_on": row["opened_on"],
        }
    return made


def _add_holders(graph: nx.MultiDiGraph[str], about: dict[str, dict[str, Any]]) -> None:
    """A node for every holder of two or more of the accounts."""
    owned: dict[str, list[str]] = defaultdict(list)
    for account, known in about.items():
        if known["holder_id"] is not None:
            owned[known["holder_id"]].append(account)
    for holder, accounts in sorted(owned.items()):
        if len(accounts) > 1:
            node = node_id("holder", holder)
            graph.add_node(node, kind="holder", role="", holder=about[accounts[0]]["holder"])
            for account in sorted(accounts):
                graph.add_edge(node, account, key=node, kind="owns")


def _add_references(space: WorkspaceBase, graph: nx.MultiDiGraph[str]) -> None:
    """What payers wrote with their transfers."""
    edges = {key: data for _, _, key, data in graph.edges(keys=True, data=True) if data["kind"] == "transfer"}
    rows = space.ledger.row_of(list(edges))
    written = space.ledger.rows_of(np.array(list(rows.values()), np.int64), ["reference"])["reference"].to_pylist()
    for transfer, reference in zip(rows, written, strict=True):
        if reference:
            edges[transfer]["reference"] = reference


def _lists(space: WorkspaceBase, graph: nx.MultiDiGraph[str]) -> dict[str, list[str]]:
    """Lists by node: its own, and its holder's."""
    on: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in space.ledger.arrow("listings").to_pylist():
        if row["expires_at"] is None or row["expires_at"] > space.ledger.until:
            on[row["subject_kind"], row["subject_id"]].add(row["list"])
    found = {}
    for node, data in graph.nodes(data=True):
        mine = on.get((data["kind"], subject_of(data["kind"], node)), set())
        mine = mine | on.get(("holder", data.get("holder_id") or ""), set())
        if mine:
            found[node] = sorted(mine)
    return found


def _add_scores(run: Run, graph: nx.MultiDiGraph[str]) -> None:
    """`score` of accounts, the `cases` that they are of, and their `roles` there."""
    columns = (run.table("cases")[name].to_pylist() for name in ("case", "accounts", "roles"))
    for case, accounts, roles in zip(*columns, strict=True):
        for account, role in zip(accounts, roles, strict=True):
            if account in graph:
                graph.nodes[account].setdefault("cases", []).append(case)
                if role != Role.NAMED:
                    graph.nodes[account].setdefault("roles", []).append({"role": role, "case": case})
    scores = run.table("scores")
    mine = scores.filter(pc.is_in(scores["account"], value_set=pa.array(list(graph), pa.string())))
    for account, score in zip(mine["account"].to_pylist(), mine["score"].to_pylist(), strict=True):
        graph.nodes[account]["score"] = score


def _about(run: Run, accounts: list[str]) -> pd.DataFrame:
    """Findings about any of these accounts, the strongest first."""
    table = run.table("findings")
    table = table.filter(pc.is_in(table["subject_id"], value_set=pa.array(accounts, pa.string())))
    return frame_of(table.sort_by([("score", "descending"), ("finding", "ascending")]))


def _benign(finding: Mapping[str, Any]) -> list[dict[str, Any]]:
    why = finding["benign_why"]
    return [{"test": name, "result": result, "why": why[name]} for name, result in finding["benign"].items()]


def _pictured(run: Run, findings: pd.DataFrame) -> list[dict[str, Any]]:
    """Findings as a page tells them: why, value beside threshold, innocent or not."""
    thresholds = run.manifest["thresholds"]
    made = []
    for row in findings.to_dict("records"):
        made.append(
            {
                "finding": row["finding"],
                "sign": row["sign"],
                "title": run.signs[row["sign"]]["title"],
                "score": row["score"],
                "reason": row["reason"],
                "phase": row["phase"],
                "surprise": None if pd.isna(row["surprise"]) else row["surprise"],
                "facts": row["facts"],
                "thresholds": dict(thresholds.get(row["sign"], {})),
                "benign": _benign(row),
                "subject_kind": row["subject_kind"],
                "subject_id": row["subject_id"],
                "accounts": list(row["accounts"]),
                "evidence": list(row["evidence"]),
                "amount": row["amount"],
                "currency": row["currency"],
            }
        )
    return made
