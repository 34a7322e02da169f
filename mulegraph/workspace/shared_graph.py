"""What a shared graph holds, asked of the server: tables and networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mulegraph.cases.build import add_transfers, case_graph
from mulegraph.errors import UsageError
from mulegraph.graph.base import Graph
from mulegraph.graph.queries import asked_in_parts, known_query
from mulegraph.lazy import networkx as nx
from mulegraph.lazy import pandas as pd
from mulegraph.schema import results
from mulegraph.schema.disclosure import Identified, Says
from mulegraph.schema.nodes import node_id
from mulegraph.schema.tables import Mask
from mulegraph.workspace.annotate import with_known
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.graph_questions import far_graph
from mulegraph.workspace.questions import SubjectId, Word, question

MAX_IN_A_PICTURE = 400
HUB_ACCOUNTS = 40


def table_says(asked: Mapping[str, Any]) -> Says:
    """What the rows of a table say, as the question's header declares."""
    return known_query(asked["name"]).record


@question(table_says)
def far_table(space: WorkspaceBase, name: Word, values: Mapping[Word, SubjectId | Any]) -> pd.DataFrame:
    """The answer of the server to `cypher/NAME.cypher`; `values` are as Python has them, defaults filled in."""
    with far_graph(space) as graph:
        return table(graph, name, **values)


@question(results.GRAPH)
def far_network(space: WorkspaceBase, subject: SubjectId) -> nx.MultiDiGraph[str]:
    """A case, a chain or an account as a graph, told apart by their ids. Raises UsageError when it is not there."""
    with far_graph(space) as graph:
        if subject.startswith("CASE-"):
            return with_known(space, case_network(graph, subject))
        found = chain_network(graph, subject) if subject.startswith("CH-") else account_network(graph, subject)
        return with_known(space, found)


def case_network(graph: Graph, case: str) -> nx.MultiDiGraph[str]:
    """A case's accounts with their roles, its evidence and shared devices. Raises UsageError when it is not there."""
    found = table(graph, "case_summary", id=case).to_dict("records")
    if not found:
        raise UsageError(
            "case '{case}' is not in the graph",
            hint="See: mulegraph case list; then mulegraph scan --graph URL",
            case=case,
        )
    row = {**found[0], "case": case, "roles": found[0]["roles"] or ["named"] * len(found[0]["accounts"])}
    made = case_graph(row, table(graph, "transfers_of_case", id=case), devices(graph, row["accounts"]))
    made.graph["accounts"] = row["accounts"]
    return made


def chain_network(graph: Graph, chain: str) -> nx.MultiDiGraph[str]:
    """The transfers of a chain. Raises UsageError when it is not there."""
    transfers = table(graph, "transfers_of_chain", id=chain)
    if transfers.empty:
        raise UsageError(
            "chain '{chain}' is not in the graph",
            hint="See: mulegraph query chains_through_account --list",
            chain=chain,
        )
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    add_transfers(made, transfers)
    return made


def account_network(graph: Graph, account: str) -> nx.MultiDiGraph[str]:
    """An account with its latest transfers, and the devices it shares. Raises UsageError when it is not there."""
    transfers = table(graph, "transfers_of_account", account=account)
    latest = transfers.sort_values(["at", "transfer_id"], ignore_index=True).tail(MAX_IN_A_PICTURE)
    if latest.empty:
        raise UsageError(
            "account '{account}' has no transfer in the graph",
            hint="Give its number as it stands in accounts.csv.",
            account=Identified(account, Mask.ACCOUNT),
        )
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph(account=account)
    made.add_node(account, kind="account", role="subject")
    add_transfers(made, latest)
    for row in devices(graph, [name for name, data in made.nodes(data=True) if data["kind"] == "account"]).itertuples():
        device = node_id("device", row.device_id)
        made.add_node(device, kind="device", role="")
        made.add_edge(row.account_id, device, key=device, kind="used")
    return made


def devices(graph: Graph, accounts: list[str]) -> pd.DataFrame:
    """device_id and account_id of the devices that these accounts share, hubs left out."""
    return table(graph, "devices_in_common", accounts=accounts, hub=HUB_ACCOUNTS)


def table(graph: Graph, name: str, **values: Any) -> pd.DataFrame:
    """The answer to a question as a data frame; `values` are as the engine takes them, defaults filled in.

    Raises UsageError for a question that there is not, or a parameter that it lacks or does not know.
    """
    query = known_query(name)
    usual = {each.name: each.parse(each.default) for each in query.parameters if each.default is not None}
    asked = {each.name for each in query.parameters}
    if wrong := sorted(asked ^ (usual | values).keys()):
        raise UsageError(
            "query '{name}' lacks or does not know: {wrong}",
            hint="See: mulegraph query --list",
            name=name,
            wrong=", ".join(wrong),
        )
    answer = asked_in_parts(graph, query, usual | values)
    return pd.DataFrame(answer.rows, columns=list(query.columns))
