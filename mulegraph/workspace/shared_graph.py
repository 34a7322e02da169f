"""What a shared graph holds, asked of the server: tables, networks and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mulegraph.cases.build import add_transfers, case_graph
from mulegraph.errors import UsageError
from mulegraph.graph.base import Graph
from mulegraph.graph.queries import in_decimals, known_query
from mulegraph.lazy import networkx as nx
from mulegraph.privacy.door import outward
from mulegraph.views.network import network_page
from mulegraph.views.tables import shown
from mulegraph.workspace.annotate import with_known
from mulegraph.workspace.network_graphs import notes_of

if TYPE_CHECKING:
    from mulegraph.graph.neo4j.graph import Neo4jGraph
    from mulegraph.workspace.workspace import Workspace

MAX_IN_A_PICTURE = 400
HUB_ACCOUNTS = 40


class SharedGraph:
    """The graph on a workspace's server: answers as data frames, networks as NetworkX graphs.

    They are masked as the workspace is, and every question takes a token for an account.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._graph: Neo4jGraph | None = None

    def __enter__(self) -> SharedGraph:
        return self

    def __exit__(self, *_: object) -> None:
        if self._graph is not None:
            self._graph.close()
            self._graph = None

    def ask(self, name: str, **values: Any) -> pd.DataFrame:
        """The answer to `cypher/NAME.cypher`; `values` are as Python has them, defaults filled in."""
        texts = {key: value for key, value in values.items() if isinstance(value, str)}
        return self._asked(name, parameters=texts, others={key: values[key] for key in values.keys() - texts.keys()})

    @outward
    def _asked(self, name: str, *, parameters: dict[str, str], others: dict[str, Any]) -> pd.DataFrame:
        return frame(self._far(), name, **parameters, **others)

    def network(self, subject: str) -> nx.MultiDiGraph[str]:
        """A case, a chain or an account as a graph, told apart by their ids. Raises UsageError when it is not there."""
        if subject.startswith("CASE-"):
            return self._case(subject)
        return self._chain(subject) if subject.startswith("CH-") else self._account(subject)

    @outward
    def _case(self, case: str) -> nx.MultiDiGraph[str]:
        return with_known(self.workspace, case_network(self._far(), case))

    @outward
    def _chain(self, chain: str) -> nx.MultiDiGraph[str]:
        return with_known(self.workspace, chain_network(self._far(), chain))

    @outward
    def _account(self, account: str) -> nx.MultiDiGraph[str]:
        return with_known(self.workspace, account_network(self._far(), account))

    def picture(self, subject: str) -> str:
        """The same as a page that opens with no network."""
        network = self.network(subject)
        if subject.startswith("CASE-"):
            facts = {"score": shown(network.graph["score"]), "accounts": str(len(network.graph["accounts"]))}
            return network_page(network, title=subject, facts=facts, notes=notes_of(self.workspace, network))
        transfers = str(sum(data["kind"] == "transfer" for *_, data in network.edges(data=True)))
        title = subject if subject.startswith("CH-") else f"Account {network.graph['account']}"
        notes = notes_of(self.workspace, network)
        return network_page(network, title=title, facts={"latest transfers": transfers}, notes=notes)

    def _far(self) -> Neo4jGraph:
        if self._graph is None:
            self._graph = self.workspace.far()
        return self._graph


def case_network(graph: Graph, case: str) -> nx.MultiDiGraph[str]:
    """A case's accounts with their roles, its evidence and shared devices. Raises UsageError when it is not there."""
    found = frame(graph, "case_summary", id=case).to_dict("records")
    if not found:
        raise UsageError(
            f"case '{case}' is not in the graph", hint="See: mulegraph case list; then mulegraph scan --graph URL"
        )
    row = {**found[0], "case": case, "roles": found[0]["roles"] or ["named"] * len(found[0]["accounts"])}
    made = case_graph(row, frame(graph, "transfers_of_case", id=case), devices(graph, row["accounts"]))
    made.graph["accounts"] = row["accounts"]
    return made


def chain_network(graph: Graph, chain: str) -> nx.MultiDiGraph[str]:
    """The transfers of a chain. Raises UsageError when it is not there."""
    transfers = frame(graph, "transfers_of_chain", id=chain)
    if transfers.empty:
        raise UsageError(
            f"chain '{chain}' is not in the graph", hint="See: mulegraph query chains_through_account --list"
        )
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    add_transfers(made, transfers)
    return made


def account_network(graph: Graph, account: str) -> nx.MultiDiGraph[str]:
    """An account with its latest transfers, and the devices it shares. Raises UsageError when it is not there."""
    transfers = frame(graph, "transfers_of_account", account=account)
    latest = transfers.sort_values(["at", "transfer_id"], ignore_index=True).tail(MAX_IN_A_PICTURE)
    if latest.empty:
        raise UsageError(
            f"account '{account}' has no transfer in the graph", hint="Give its number as it stands in accounts.csv."
        )
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph(account=account)
    made.add_node(account, kind="account", role="subject")
    add_transfers(made, latest)
    for row in devices(graph, [name for name, data in made.nodes(data=True) if data["kind"] == "account"]).itertuples():
        device = f"device {row.device_id}"
        made.add_node(device, kind="device", role="")
        made.add_edge(row.account_id, device, key=device, kind="used")
    return made


def devices(graph: Graph, accounts: list[str]) -> pd.DataFrame:
    """device_id and account_id of the devices that these accounts share, hubs left out."""
    return frame(graph, "devices_in_common", accounts=accounts, hub=HUB_ACCOUNTS)


def frame(graph: Graph, name: str, **values: Any) -> pd.DataFrame:
    """The answer to a question as a data frame; `values` are as the engine takes them, defaults filled in.

    Raises UsageError for a question that there is not, or a parameter that it lacks or does not know.
    """
    query = known_query(name)
    usual = {each.name: each.parse(each.default) for each in query.parameters if each.default is not None}
    asked = {each.name for each in query.parameters}
    if wrong := sorted(asked ^ (usual | values).keys()):
        raise UsageError(
            f"query '{name}' lacks or does not know: {', '.join(wrong)}", hint="See: mulegraph query --list"
        )
    answer = graph.query(
        query.statement, usual | values, row_cap=query.row_cap, timeout_seconds=query.timeout_seconds, name=name
    )
    return pd.DataFrame([in_decimals(row) for row in answer.rows], columns=list(query.columns))
