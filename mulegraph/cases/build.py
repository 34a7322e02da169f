"""Cases: stories, and Louvain communities of the accounts of big ones.

Louvain: Blondel, Guillaume, Lambiotte & Lefebvre, Fast unfolding of communities in large networks (2008).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.roles import roles_by_sign, roles_of
from mulegraph.cases.score import CASE_CURVE, Pieces, add_up, parted
from mulegraph.cases.stories import NOWHERE, Rows, most_voted, stories
from mulegraph.lazy import community as louvain
from mulegraph.lazy import csgraph, sparse
from mulegraph.lazy import networkx as nx
from mulegraph.lazy import pandas as pd
from mulegraph.schema.columns import TEXT
from mulegraph.schema.findings import CASES, Role
from mulegraph.schema.nodes import node_id
from mulegraph.schema.tables import CASH_IN, CASH_OUT
from mulegraph.settings import CaseSettings
from mulegraph.signs.base import Sign, all_signs

CASH = {CASH_IN, CASH_OUT}
DEVICE_NATS = 5.0
HOLDER_NATS = 5.0
LISTED_NATS = 2.0
"""What joins two accounts beside money, on the scale of a strong link's surprise."""

Nats = Callable[[pa.Array], np.ndarray]


@dataclass(frozen=True)
class Members:
    """Accounts that may join a case, and a number for each: its place in `ids`, which is sorted.

    `nats` says how unlikely a meeting at each is by chance, `holder` is a code for its holder (−1: none known).
    """

    ids: pa.Array
    nats: np.ndarray
    holder: np.ndarray

    def numbers(self, names: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """The number of each name; −1 for cash and for who is no member."""
        found = pc.index_in(names, value_set=self.ids)
        return np.asarray(pc.fill_null(found, NOWHERE).to_numpy(zero_copy_only=False))


@dataclass(frozen=True)
class Lists:
    """Lists of members: `member[i]` stands in list `of[i]`, in the order of the lists."""

    of: np.ndarray
    member: np.ndarray

    @classmethod
    def of_column(cls, column: pa.ChunkedArray, members: Members) -> Lists:
        """The lists of a column of account ids."""
        lists = column.combine_chunks()
        return cls(pc.list_parent_indices(lists).to_numpy(), members.numbers(pc.list_flatten(lists)))

    def where(self, chosen: np.ndarray) -> Lists:
        """Those of its places that are chosen."""
        return Lists(self.of[chosen], self.member[chosen])


@dataclass(frozen=True)
class Edges:
    """What joins two members, and how strongly."""

    one: np.ndarray
    other: np.ndarray
    weight: np.ndarray


def build_cases(
    findings: pa.Table,
    chains: pa.Table,
    *,
    account_nats: Nats,
    holders: Mapping[str, str],
    settings: CaseSettings,
    signs: Mapping[str, Sign] | None = None,
    reported: frozenset[str] = frozenset(),
) -> pa.Table:
    """Cases in `CASES` from findings and chains above the threshold.

    `account_nats` says how unlikely a meeting at each account is by chance: those under `min_link_nats` (shops,
    exchanges) are named in a case and join nobody to it. `holders` gives the holder of accounts that have one. `signs`
    are those that the findings are of, by code; all where none are given. `reported` are payments that victims told of.
    """
    chosen = findings.filter(pc.greater_equal(findings["score"], settings.min_score))
    if not len(chosen):
        return CASES.empty()
    members = _members(chosen, account_nats, holders)
    named = Lists.of_column(chosen["accounts"], members)
    story = stories(chosen, _meetings(chosen, named, members, settings.min_link_nats), chains["chain"])
    home = np.where(np.bincount(named.of, named.member >= 0, len(chosen)) > 0, story, NOWHERE)
    fresh = int(story.max()) + 1
    for big in _big(story, named, settings.split_above):
        inside = np.flatnonzero(home == big)
        communities = _communities_of(chosen.take(pa.array(inside)), chains, account_nats, holders, settings)
        home[inside] = np.where(communities >= 0, fresh + communities, NOWHERE)
        fresh += int(communities.max()) + 1
    numbers, case = np.unique(home[home >= 0], return_inverse=True)
    return _cases(chosen.filter(pa.array(home >= 0)), case, len(numbers), chains, signs or all_signs(), reported)


def _meetings(findings: pa.Table, named: Lists, members: Members, least: float) -> Rows:
    """Where findings meet: quiet accounts, and every account of a device; accounts of one holder are one place."""
    place = np.arange(len(members.ids))
    owned = np.flatnonzero(members.holder >= 0)
    _, begins, number = np.unique(members.holder[owned], return_index=True, return_inverse=True)
    place[owned] = owned[begins][number]
    anyhow = pc.not_equal(findings["subject_kind"], "account").to_numpy()
    known = named.where(named.member >= 0)
    quiet = known.where((members.nats[known.member] >= least) | anyhow[known.of])
    return Rows(quiet.of, place[quiet.member])


def _big(story: np.ndarray, named: Lists, most: int) -> list[int]:
    """Stories of more than so many accounts."""
    known = named.where(named.member >= 0)
    pairs = np.unique(np.stack([story[known.of], known.member]), axis=1)
    return np.flatnonzero(np.bincount(pairs[0]) > most).tolist()


def _communities_of(
    findings: pa.Table, chains: pa.Table, account_nats: Nats, holders: Mapping[str, str], settings: CaseSettings
) -> np.ndarray:
    """The community of each finding of a big story; −1 where it names nobody."""
    members = _members(findings, account_nats, holders)
    named = Lists.of_column(findings["accounts"], members)
    mine = chains.filter(pc.is_in(chains["chain"], value_set=findings["pattern"].combine_chunks()))
    edges = _edges(findings, named, mine, members, settings.min_link_nats)
    return _homes(named, _parts(members, edges, settings), len(findings))


def _members(findings: pa.Table, account_nats: Nats, holders: Mapping[str, str]) -> Members:
    """Accounts of findings; cash is nobody."""
    names = pc.unique(pc.list_flatten(findings["accounts"].combine_chunks()))
    names = names.filter(pc.invert(pc.is_in(names, value_set=pa.array(sorted(CASH), TEXT))))
    ids = names.take(pc.sort_indices(names))
    owner = pa.array([holders.get(name) for name in ids.to_pylist()], TEXT).dictionary_encode().indices
    return Members(ids, np.asarray(account_nats(ids), float), pc.fill_null(owner, NOWHERE).to_numpy())


def _edges(findings: pa.Table, named: Lists, chains: pa.Table, members: Members, least: float) -> Edges:
    """Members joined by money, devices, holders and listed neighbours."""
    path = Lists.of_column(chains["accounts"], members)
    follows = (np.diff(path.of, append=NOWHERE) == 0) & (path.member >= 0)
    one = np.flatnonzero(follows)
    one = one[path.member[one + 1] >= 0]
    payer, payee = path.member[one], path.member[one + 1]
    money = np.minimum(members.nats[payer], members.nats[payee])
    strong = money >= least
    kind = findings["subject_kind"]
    by_device = pc.is_in(kind, value_set=pa.array(["device", "cluster"])).to_numpy()
    in_chain = pc.is_in(findings["pattern"], value_set=chains["chain"].combine_chunks()).to_numpy()
    listed = pc.equal(kind, "account").to_numpy() & ~in_chain
    known = named.where(named.member >= 0)
    quiet = known.where(listed[known.of] & (members.nats[known.member] >= least))
    subject = members.numbers(findings["subject_id"])
    # The subject is the middle of its star where it is quiet itself, else the first by name.
    order = np.lexsort((quiet.member, quiet.member != subject[quiet.of], quiet.of))
    owned = np.flatnonzero(members.holder >= 0)
    owned = owned[np.argsort(members.holder[owned], kind="stable")]
    stars = [
        _stars(known.where(by_device[known.of]), DEVICE_NATS),
        _stars(Lists(quiet.of[order], quiet.member[order]), LISTED_NATS),
        _stars(Lists(members.holder[owned], owned), HOLDER_NATS),
    ]
    joined = [Edges(payer[strong], payee[strong], money[strong]), *stars]
    columns = ([getattr(each, name) for each in joined] for name in ("one", "other", "weight"))
    return Edges(*(np.concatenate(each) for each in columns))


def _stars(lists: Lists, weight: float) -> Edges:
    """The first of each list joined to its others."""
    starts = np.flatnonzero(np.diff(lists.of, prepend=NOWHERE - 1))
    sizes = np.diff(starts, append=len(lists.of))
    middle = np.repeat(lists.member[starts], sizes)
    others = np.ones(len(lists.of), bool)
    others[starts] = False
    others &= middle != lists.member
    return Edges(middle[others], lists.member[others], np.full(int(others.sum()), weight))


def _parts(members: Members, edges: Edges, settings: CaseSettings) -> np.ndarray:
    """The part of each member: connected parts, the big ones split into communities, numbered by their first member."""
    size = len(members.ids)
    joined = sparse.coo_array((np.ones(len(edges.one), np.int8), (edges.one, edges.other)), shape=(size, size))
    _, part = csgraph.connected_components(joined, directed=False)
    part = part.astype(np.int64)
    sizes = np.bincount(part)
    fresh = len(sizes)
    for big in np.flatnonzero(sizes > settings.split_above):
        inside = np.flatnonzero(part == big)
        within = part[edges.one] == big
        mine = Edges(edges.one[within], edges.other[within], edges.weight[within])
        for community in _communities(inside, mine, settings.seed):
            part[community] = fresh
            fresh += 1
    # Parts in order of their first member, communities of one in order among themselves where it stood.
    first = np.full(fresh, size)
    np.minimum.at(first, part, np.arange(size))
    whole = np.arange(fresh)
    parent = np.full(fresh, size)
    _, before = csgraph.connected_components(joined, directed=False)
    lowest = np.full(len(sizes), size)
    np.minimum.at(lowest, before, np.arange(size))
    used = np.unique(part)
    parent[used] = lowest[before[first[used]]]
    rank = np.empty(fresh, np.int64)
    rank[np.lexsort((whole, first, parent))] = np.arange(fresh)
    return rank[part]


def _communities(inside: np.ndarray, edges: Edges, seed: int) -> list[list[int]]:
    """Louvain communities of one connected part."""
    # The order of nodes and edges decides ties in Louvain.
    ordered: nx.Graph[int] = nx.Graph()
    ordered.add_nodes_from(inside.tolist())
    pairs = np.sort(np.stack([edges.one, edges.other]), axis=0)
    order = np.lexsort((edges.weight, pairs[1], pairs[0]))
    # Of several joins of a pair the last, and strongest, counts.
    rows = zip(pairs[0][order].tolist(), pairs[1][order].tolist(), edges.weight[order].tolist(), strict=True)
    ordered.add_weighted_edges_from(rows)
    communities: dict[int, list[int]] = defaultdict(list)
    for account, number in louvain.best_partition(ordered, random_state=seed).items():
        communities[number].append(account)
    return sorted(communities.values(), key=min)


def _homes(named: Lists, part: np.ndarray, findings: int) -> np.ndarray:
    """The part that most of each finding's accounts are in, the first where two have as many; −1 where in none."""
    known = named.where(named.member >= 0)
    return most_voted(known.of, part[known.member], findings)


def _cases(
    findings: pa.Table,
    case: np.ndarray,
    size: int,
    chains: pa.Table,
    signs: Mapping[str, Sign],
    reported: frozenset[str],
) -> pa.Table:
    """One row a case, best first, from findings and the number of each one's case."""
    made = parted(add_up(_pieces(findings, case, signs)), np.arange(size), CASE_CURVE)
    ids = _grouped(case, findings["finding"], size)
    lists = findings["accounts"].combine_chunks()
    names = pc.list_flatten(lists)
    accounts = _grouped(case[pc.list_parent_indices(lists).to_numpy()], names, size, distinct=True)
    of_chain = _chains_of(findings, case, size, chains)
    by_sign = roles_by_sign(findings, case)
    told = _told(findings, case, size, reported)
    rows: list[dict[str, Any]] = []
    for number in range(size):
        mine = of_chain[number]
        members = [name for name in accounts[number] if name not in CASH]
        roles = by_sign.get(number, {}) | roles_of([each["accounts"] for each in mine])
        amounts = entered(mine)
        rows.append(
            {
                "case": "CASE-" + hashlib.blake2b(ids[number][0].encode(), digest_size=4).hexdigest(),
                "accounts": members,
                "roles": [str(roles.get(account, Role.NAMED)) for account in members],
                "findings": ids[number],
                "chains": [each["chain"] for each in mine],
                "amount": next(iter(amounts.values()), None),
                "currency": next(iter(amounts), None),
                "amounts": list(amounts.items()),
                "seeds": sorted(told[number] | {each["transfers"][0] for each in mine}),
            }
        )
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    times = pa.table({"case": case, "first_at": findings["first_at"], "last_at": findings["last_at"]})
    spans = times.group_by("case").aggregate([("first_at", "min"), ("last_at", "max")]).sort_by("case")
    columns["first_at"] = spans["first_at_min"]
    columns["last_at"] = spans["last_at_max"]
    table = CASES.table({**columns, "score": made.score, "made_of": made.parts})
    order = sorted(range(size), key=lambda each: (-made.score[each], -(rows[each]["amount"] or 0), rows[each]["case"]))
    return table.take(pa.array(order))


def score_of(findings: pa.Table, signs: Mapping[str, Sign]) -> tuple[float, Any]:
    """The score of one case of all these findings, and what adds up to it."""
    made = parted(add_up(_pieces(findings, np.zeros(len(findings), np.int64), signs)), np.arange(1), CASE_CURVE)
    return float(made.score[0]), made.parts[0].as_py()


def _told(findings: pa.Table, case: np.ndarray, size: int, reported: frozenset[str]) -> list[set[str]]:
    """Reported payments among the evidence, by case."""
    lists = findings["evidence"].combine_chunks()
    names = pc.list_flatten(lists)
    is_told = pc.is_in(names, value_set=pa.array(sorted(reported), TEXT)).to_numpy(zero_copy_only=False)
    of = case[pc.list_parent_indices(lists).to_numpy()]
    found: list[set[str]] = [set() for _ in range(size)]
    for number, name in zip(of[is_told].tolist(), names.filter(pa.array(is_told)).to_pylist(), strict=True):
        found[number].add(name)
    return found


def entered(chains: list[dict[str, Any]]) -> dict[str, Decimal]:
    """What entered chains, by currency: each first payment once. The currency of most chains comes first.

    Amounts of two currencies are never added: dong and euro make no sum that anybody could ask for.
    """
    first = {each["transfers"][0]: (each["currency"], each["amount_in"]) for each in chains}
    many = Counter(currency for currency, _ in first.values())
    found = {currency: Decimal(0) for currency in sorted(many, key=lambda code: (-many[code], code))}
    for currency, amount in first.values():
        found[currency] += amount
    return found


def _pieces(findings: pa.Table, case: np.ndarray, signs: Mapping[str, Sign]) -> Pieces:
    """What the findings of each case say."""
    names = sorted(signs)
    weights = np.array([max(signs[code].weight, signs[code].party_weight) for code in names])
    sign = pc.index_in(findings["sign"].combine_chunks(), value_set=pa.array(names, TEXT)).to_numpy()
    lists = findings["evidence"].combine_chunks()
    of = pc.list_parent_indices(lists).to_numpy()
    transfer = pc.list_flatten(lists).dictionary_encode().indices.to_numpy()
    worth = findings["score"].to_numpy() * weights[sign]
    count = np.bincount(of, minlength=len(findings))
    alone = np.flatnonzero(count == 0)
    by = np.concatenate([of, alone])
    nats = np.concatenate([worth[of] / count[of], worth[alone]])
    return Pieces(case[by], np.concatenate([transfer, np.full(len(alone), NOWHERE)]), nats, sign[by], names)


def _grouped(case: np.ndarray, texts: Any, size: int, *, distinct: bool = False) -> list[list[str]]:
    """Texts by case, sorted."""
    table = pa.table({"case": case, "text": texts})
    if distinct:
        table = table.group_by(["case", "text"]).aggregate([])
    table = table.sort_by([("case", "ascending"), ("text", "ascending")])
    starts = np.searchsorted(table["case"].to_numpy(), np.arange(size + 1)).tolist()
    words = table["text"].to_pylist()
    return [words[low:high] for low, high in zip(starts, starts[1:], strict=False)]


def _chains_of(findings: pa.Table, case: np.ndarray, size: int, chains: pa.Table) -> list[list[dict[str, Any]]]:
    """The chains of each case that its findings name, in the order in which they name them."""
    place = pc.index_in(findings["pattern"].combine_chunks(), value_set=chains["chain"].combine_chunks())
    known = place.is_valid().to_numpy(zero_copy_only=False) & findings["pattern"].is_valid().to_numpy()
    used = chains.select(["chain", "accounts", "transfers", "amount_in", "currency"])
    numbers = pc.fill_null(place, 0).to_numpy()
    wanted, back = np.unique(numbers[known], return_inverse=True)
    rows = used.take(pa.array(wanted)).to_pylist()
    found: list[dict[str, dict[str, Any]]] = [{} for _ in range(size)]
    for number, row in zip(case[known].tolist(), back.tolist(), strict=True):
        found[number].setdefault(rows[row]["chain"], rows[row])
    return [list(each.values()) for each in found]


def case_graph(case: dict[str, Any], transfers: pd.DataFrame, devices: pd.DataFrame) -> nx.MultiDiGraph[str]:
    """A case as a graph: accounts with their role, transfers between them, and the devices that they share.

    `transfers` needs transfer_id, source, target, amount, currency, at, channel; `devices` device_id, account_id.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(case=case["case"], score=case["score"])
    for account, role in zip(case["accounts"], case["roles"], strict=True):
        graph.add_node(account, kind="account", role=role)
    add_transfers(graph, transfers)
    for row in devices.itertuples():
        device = node_id("device", row.device_id)
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
