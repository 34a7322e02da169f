"""A workspace: one folder with a ledger and its runs, and every question that can be asked of it.

The command line and notebooks both ask here, so that they give the same answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import BadUse
from mulegraph.feed.ledger import Ledger
from mulegraph.flow.matching import read_transfers
from mulegraph.graph.base import Answer, GraphInput, GraphStatus
from mulegraph.graph.hops import BACKWARD, FORWARD, Neighbours
from mulegraph.graph.queries import ask
from mulegraph.settings import Settings, read_settings
from mulegraph.triage.cases import add_transfers, case_graph
from mulegraph.watch.graphs import embedded, fill_graph, fill_server, is_current, shared
from mulegraph.watch.listing import Moment, cut, frame_of, near, stamp, sums
from mulegraph.watch.run import Run, Runs
from mulegraph.watch.scan import ScanResult, scan

if TYPE_CHECKING:
    from mulegraph.graph.neo4j_address import Address
    from mulegraph.graph.neo4j_import import ImportFiles
    from mulegraph.graph.neo4j_load import GraphLoad

MOST_IN_A_PICTURE = 400
"""Transfers of an account's neighbourhood that a picture shows, the latest first."""


class Case:
    """One case of a run."""

    def __init__(self, workspace: Workspace, row: dict[str, Any]) -> None:
        self.workspace, self.row = workspace, row
        self.id: str = row["case"]

    @property
    def accounts(self) -> pd.DataFrame:
        """account_id and role."""
        return pd.DataFrame({"account_id": self.row["accounts"], "role": self.row["roles"]})

    @property
    def findings(self) -> pd.DataFrame:
        """The findings that make the case, best first."""
        table = self.workspace.run.table("findings")
        return frame_of(table.filter(pc.is_in(table["finding"], value_set=pa.array(self.row["findings"], pa.string()))))

    @property
    def chains(self) -> pd.DataFrame:
        """The chains of the case, best first."""
        table = self.workspace.run.table("chains")
        return frame_of(table.filter(pc.is_in(table["chain"], value_set=pa.array(self.row["chains"], pa.string()))))

    @property
    def transfers(self) -> pd.DataFrame:
        """Evidence of its findings, in time order."""
        ids = sorted({each for evidence in self.findings["evidence"] for each in evidence})
        return self.workspace.transfers(ids)

    def graph(self) -> nx.MultiDiGraph[str]:
        """Accounts with their roles, the evidence between them, and the devices that they share."""
        return case_graph(self.row, self.transfers, self.workspace.devices_of(self.row["accounts"]))

    def __repr__(self) -> str:
        return f"<{self.id}: {len(self.row['accounts'])} accounts, score {self.row['score']:.2f}>"


class Workspace:
    """A folder with a ledger. Listings are data frames, best first; `since` and `until` keep what overlaps them.

    Questions in Cypher go to its embedded graph, or to the `server` that is given.
    """

    def __init__(
        self, folder: Path | str, *, told: Callable[[str], None] | None = None, server: Address | None = None
    ) -> None:
        self.folder, self.server = Path(folder), server
        self._told = told or (lambda _: None)

    @cached_property
    def ledger(self) -> Ledger:
        """Raises BadUse when nothing is loaded yet."""
        return Ledger(self.folder / "ledger")

    @cached_property
    def settings(self) -> Settings:
        """From `mulegraph.toml`, or the defaults."""
        return read_settings(self.folder)

    @cached_property
    def run(self) -> Run:
        """The latest run over the ledger as it is now; scans first when there is none."""
        found = Runs(self.folder).latest(self.ledger.hash)
        if found is None:
            self._told("no scan of this ledger yet; scanning first")
            found = scan(self.folder, server=self.server).run
        return found

    def scan(self, *, progress: Callable[[str], None] | None = None) -> ScanResult:
        """Scan now; later questions ask the new run."""
        result = scan(self.folder, progress=progress, server=self.server)
        self.__dict__["run"] = result.run
        return result

    def chains(
        self,
        *,
        min_surprise: float | None = None,
        account: str | None = None,
        top: int | None = None,
        since: Moment = None,
        until: Moment = None,
    ) -> pd.DataFrame:
        """Chains at or above `min_surprise` nats (default: where 5 % are expected to be coincidence)."""
        table = self.run.table("chains")
        least = self.run.threshold if min_surprise is None else min_surprise
        table = table.filter(pc.greater_equal(table["surprise"], least))
        return self._listed(table, account, top, since, until)

    def findings(
        self,
        *,
        sign: str | None = None,
        account: str | None = None,
        top: int | None = None,
        since: Moment = None,
        until: Moment = None,
    ) -> pd.DataFrame:
        """Findings of the latest run; `facts` as dictionaries."""
        table = self.run.table("findings")
        if sign is not None:
            known = self.run.manifest["findings"]
            if sign not in known:
                raise BadUse(f"sign '{sign}' was not run", do="Expected one of " + ", ".join(known) + ".")
            table = table.filter(pc.equal(table["sign"], sign))
        order = pc.sort_indices(table, [("score", "descending"), ("finding", "ascending")])
        frame = self._listed(table.take(order), account, top, since, until)
        frame["facts"] = [json.loads(each) for each in frame["facts"]]
        return frame

    def cases(
        self,
        *,
        account: str | None = None,
        top: int | None = None,
        since: Moment = None,
        until: Moment = None,
    ) -> pd.DataFrame:
        """Cases, best first; `made_of` as dictionaries."""
        frame = self._listed(self.run.table("cases"), account, top, since, until)
        frame["made_of"] = [json.loads(each) for each in frame["made_of"]]
        return frame

    def case(self, case: str) -> Case:
        """One case. Raises BadUse for an id that the latest run does not have."""
        table = self.run.table("cases")
        rows = table.filter(pc.equal(table["case"], case)).to_pylist()
        if not rows:
            raise BadUse(f"case '{case}' is unknown", do=near(case, table["case"], "mulegraph case list"))
        return Case(self, rows[0])

    def devices(
        self,
        *,
        account: str | None = None,
        top: int | None = None,
        since: Moment = None,
        until: Moment = None,
    ) -> pd.DataFrame:
        """Shared-device clusters, most holders first."""
        table = self.run.table("devices")
        return self._listed(
            table.rename_columns({"account_ids": "accounts", "accounts": "account_count"}),
            account,
            top,
            since,
            until,
        )

    def hub_devices(self) -> pd.DataFrame:
        """Devices of so many holders that they were set aside."""
        return frame_of(self.run.table("hubs"))

    def devices_of(self, accounts: list[str]) -> pd.DataFrame:
        """account_id and device_id of the devices that these accounts share, hubs left out."""
        use = self.ledger.arrow("device_use", ["account_id", "device_id"])
        mine = use.filter(pc.is_in(use["account_id"], value_set=pa.array(accounts, pa.string())))
        pairs = mine.to_pandas().drop_duplicates().sort_values(["device_id", "account_id"], ignore_index=True)
        pairs = pairs[~pairs["device_id"].isin(self.hub_devices()["device_id"])]
        return pairs[pairs.groupby("device_id")["account_id"].transform("size") > 1].reset_index(drop=True)

    def links(
        self,
        account: str,
        *,
        hops: int | None = None,
        on: str = "suspicion",
        time_respecting: bool = True,
        top: int | None = None,
        since: Moment = None,
        until: Moment = None,
    ) -> pd.DataFrame:
        """Paths between an account and accounts on a list, both along the money and against it, shortest first.

        Columns: flagged, direction (`to` the flagged account or `from` it), hops, accounts, transfers, amount
        (the least on the path), first_at, last_at.
        """
        number = int(self.ledger.account_numbers([self.known_account(account)])[0])
        listed = self.ledger.listed("account", on=on).subject_id.to_pandas().tolist()
        flagged = {int(each) for each in self.ledger.account_numbers(sorted(listed)) if each >= 0} - {number}
        found = [
            path
            for direction in (FORWARD, BACKWARD)
            for path in self._neighbours.paths(
                number,
                flagged,
                hops=hops or self.settings.hops.hops,
                direction=direction,
                time_respecting=time_respecting,
            )
        ]
        return cut(self._named_paths(found), top, since, until)

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(read_transfers(self.ledger), self.settings.hops)

    def _named_paths(self, paths: list[Any]) -> pd.DataFrame:
        moved, ids = self._neighbours.transfers, self.ledger.account_ids
        used = sorted({each for path in paths for each in path.transfers})
        known = self.ledger.transfer_rows(moved.row[np.array(used, np.int64)]).to_dict("records")
        of = dict(zip(used, known, strict=True))
        columns = "flagged direction hops accounts transfers amount currency first_at last_at".split()
        rows = []
        for path in paths:
            steps = [of[each] for each in path.transfers]
            names = [ids[number].as_py() for number in path.accounts]
            times = [step["at"] for step in steps]
            rows.append(
                (
                    ids[path.flagged].as_py(), path.direction, len(steps), names,
                    [step["transfer_id"] for step in steps], min(step["amount"] for step in steps),
                    steps[0]["currency"], min(times), max(times),
                )
            )  # fmt: skip
        frame = pd.DataFrame(rows, columns=columns)
        return frame.sort_values(["hops", "first_at", "flagged"], kind="stable", ignore_index=True)

    def account(self, account: str) -> dict[str, Any]:
        """What is known of one account: its row, its holder, its traffic, and every finding about it."""
        self.known_account(account)
        row = self._row("accounts", "account_id", account)
        transfers = self.transfers_of(account)
        findings = self.findings(account=account)
        return {
            **row,
            "holder": self._row("holders", "holder_id", row["holder_id"]),
            "received": sums(transfers[transfers["target"] == account]),
            "paid": sums(transfers[transfers["source"] == account]),
            "counterparties": int(pd.concat([transfers["source"], transfers["target"]]).nunique()) - 1,
            "listed_on": self._listings(account),
            "findings": findings,
            "chains": self.chains(account=account),
            "cases": self.cases(account=account),
        }

    def transfers(self, transfer_ids: list[str]) -> pd.DataFrame:
        """Transfers by id, in time order; ids that the ledger does not hold are left out."""
        rows = sorted(self.ledger.row_of(transfer_ids).values())
        return self.ledger.transfer_rows(np.array(rows, np.int64)).drop(columns="row")

    def transfers_of(self, account: str, *, since: Moment = None, until: Moment = None) -> pd.DataFrame:
        """All transfers of an account in time order."""
        chosen = self.ledger.between(stamp(since), stamp(until))
        chosen = chosen.filter((chosen.source == account) | (chosen.target == account))
        return chosen.order_by([chosen["at"], chosen.transfer_id]).to_pandas()

    def account_graph(self, account: str) -> nx.MultiDiGraph[str]:
        """An account and its latest transfers with its counterparties, and the devices that they share."""
        self.known_account(account)
        transfers = self.transfers_of(account).tail(MOST_IN_A_PICTURE)
        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(account=account)
        graph.add_node(account, kind="account", role="subject")
        add_transfers(graph, transfers)
        known = [name for name, data in graph.nodes(data=True) if data["kind"] == "account"]
        for row in self.devices_of(known).itertuples():
            device = f"device {row.device_id}"
            graph.add_node(device, kind="device", role="")
            graph.add_edge(row.account_id, device, key=device, kind="used")
        return graph

    def query(
        self,
        name: str,
        parameters: Mapping[str, str],
        *,
        row_cap: int | None = None,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Ask `cypher/NAME.cypher` of the server, or of the embedded graph, which is brought up to date first."""
        if self.server is not None:
            with shared(self.server) as far:
                return ask(far, name, parameters, row_cap=row_cap, timeout_seconds=timeout_seconds)
        graph = embedded(self.folder)
        if not is_current(graph, self.ledger):
            self._told("the graph is not of this ledger; rebuilding it first")
            self.rebuild_graph()
        with graph:
            return ask(graph, name, parameters, row_cap=row_cap, timeout_seconds=timeout_seconds)

    def update_graph(self) -> None:
        """Bring the embedded graph up to the ledger, with the findings of a run over it if there is one."""
        if not is_current(embedded(self.folder), self.ledger):
            self.rebuild_graph()

    def fill_server(self, **how: Any) -> GraphLoad:
        """Bring the server's graph up to the ledger and the latest run over it; `how` as `Neo4jGraph.load` takes it."""
        if self.server is None:
            raise BadUse("this workspace has no server", do="Give its address, as --graph does.")
        return fill_server(self.server, self.ledger, Runs(self.folder).latest(self.ledger.hash), **how)

    def write_import(self, folder: Path) -> ImportFiles:
        """Write the ledger's part of the graph as files for a server's own importer, into a new folder."""
        from mulegraph.graph.neo4j_import import write_import
        from mulegraph.graph.neo4j_portions import portions_of

        ledger = self.ledger
        return write_import(folder, GraphInput.of(ledger), portions_of(ledger), stamp=ledger.hash)

    def graph_status(self) -> GraphStatus:
        """What the graph holds, the server's or the embedded one."""
        with shared(self.server) if self.server is not None else embedded(self.folder) as graph:
            return graph.status()

    def rebuild_graph(self) -> dict[str, int]:
        """Write the embedded graph anew from the ledger and the latest run."""
        run = Runs(self.folder).latest(self.ledger.hash)
        tables = (run.table("findings"), run.table("cases")) if run else (None, None)
        return fill_graph(self.folder, self.ledger, *tables, anew=True)

    def known_account(self, account: str) -> str:
        """The account's id. Raises BadUse for one that the ledger does not hold."""
        if self.ledger.account_numbers([account])[0] < 0:
            raise BadUse(
                f"account '{account}' is not in the ledger",
                do="Give its number as it stands in accounts.csv.",
            )
        return account

    def _row(self, table: str, key: str, value: str | None) -> dict[str, Any]:
        if value is None:
            return {}
        rows = self.ledger.arrow(table)
        found = rows.filter(pc.equal(rows[key], value)).to_pylist()
        return dict(found[0]) if found else {}

    def _listings(self, account: str) -> list[str]:
        rows = self.ledger.arrow("listings")
        mine = pc.and_(pc.equal(rows["subject_kind"], "account"), pc.equal(rows["subject_id"], account))
        return sorted(f"{row['list']} ({row['source']})" for row in rows.filter(mine).to_pylist())

    def _listed(
        self, table: pa.Table, account: str | None, top: int | None, since: Moment, until: Moment
    ) -> pd.DataFrame:
        if account is not None:
            self.known_account(account)
            lists = table["accounts"].combine_chunks()
            parents = pc.list_parent_indices(lists).filter(pc.equal(pc.list_flatten(lists), account))
            table = table.take(pc.unique(parents))
        return cut(frame_of(table), top, since, until)
