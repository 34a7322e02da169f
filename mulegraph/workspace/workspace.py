"""A workspace: one folder with a ledger and its runs, and every question that can be asked of it.

The command line and notebooks both ask here, so that they give the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.casework.acts import states, with_state
from mulegraph.errors import UsageError
from mulegraph.flow.hops import BACKWARD, FORWARD, Neighbours
from mulegraph.flow.matching import Transfers, read_transfers
from mulegraph.flow.tracing import METHODS
from mulegraph.ingest.forget import Forgotten, forget
from mulegraph.ledger.ledger import Engine, Ledger
from mulegraph.ledger.store import Store
from mulegraph.privacy.door import outward
from mulegraph.schema.tables import ALL_TABLES
from mulegraph.settings import Settings, read_settings
from mulegraph.views.notebook_cards import AccountPage, View, view
from mulegraph.workspace.account_page import account_page, explained, ranking, told
from mulegraph.workspace.case import Case
from mulegraph.workspace.graph_questions import GraphQuestions
from mulegraph.workspace.listing import Moment, between, cut, frame_of, near, stamp
from mulegraph.workspace.network_graphs import account_network, chain_network, trace_network
from mulegraph.workspace.run import Run, Runs
from mulegraph.workspace.scan import RUNS_REMEMBERED, ScanResult, changed_since, scan
from mulegraph.workspace.trace import TraceResult, payments_to_trace, trace_payments


class Workspace(GraphQuestions):
    """A folder with a ledger. Listings are data frames, best first; `since` and `until` keep what overlaps them.

    Accounts, holders and devices are shown as tokens, and every question takes a token for an id; with a `reveal`
    reason, which the journal keeps, everything is shown.
    """

    @cached_property
    def ledger(self) -> Ledger:
        """Raises UsageError when nothing is loaded yet."""
        return Ledger(self.folder / "ledger")

    def forget_ledger(self) -> None:
        """Read the ledger anew: it was written to."""
        for name in ("ledger", "run", "masker", "own_banks", "_transfers", "_neighbours"):
            self.__dict__.pop(name, None)

    @outward
    def ledger_rows(self, table: str, *, at: datetime | None = None, top: int | None = None) -> pd.DataFrame:
        """Rows of a table as they were loaded; `at`: as they were said to be at that time (UTC)."""
        if table not in ALL_TABLES:
            raise UsageError(f"table '{table}' is unknown", hint="Expected one of " + ", ".join(ALL_TABLES) + ".")
        rows = self.ledger.arrow(table) if at is None else self.ledger.as_of(table, at)
        return frame_of(rows if top is None else rows.slice(0, top))

    def loads(self) -> list[dict[str, Any]]:
        """Loads that changed the ledger, the latest first: load, at, files, rows by table, known."""
        records = Store(self.folder / "ledger").current().loads
        return [
            {"load": name, "at": each.at[:16], "files": list(each.files), "rows": each.rows, "known": each.known}
            for name, each in reversed(records.items())
        ]

    def forget_load(self, load: str) -> Forgotten:
        """Take a load back; the journal keeps that it was there."""
        gone = forget(self.folder, load)
        self.forget_ledger()
        self.journal.append("forgot a load", about=load, rows=gone.rows)
        return gone

    @cached_property
    def settings(self) -> Settings:
        """From `mulegraph.toml`, or the defaults."""
        return read_settings(self.folder)

    @cached_property
    def own_banks(self) -> set[str]:
        """Banks whose accounts' payments are in the ledger: those in the settings, or else those of any payer."""
        if self.settings.trace.own_banks:
            return set(self.settings.trace.own_banks)
        accounts, transfers = self.ledger.table("accounts"), self.ledger.transfers
        paying = accounts.semi_join(transfers, [("account_id", "source")])
        return set(paying.bank.to_pandas().dropna())

    @cached_property
    def run(self) -> Run:
        """The latest run over the ledger as it is now; scans first when there is none."""
        found = Runs(self.folder).latest(self.ledger.hash)
        if found is None:
            self.told("no scan of this ledger yet; scanning first")
            return scan(self.folder, server=self.server).run
        if changed := changed_since(found, self.folder, self.settings):
            self.told(f"{changed} changed since run {found.name}, which is shown; 'mulegraph scan' applies it")
        return found

    @outward
    def scan(self, *, progress: Callable[[str], None] | None = None, engine: Engine = Engine.DUCKDB) -> ScanResult:
        """Scan now; later questions ask the new run. Set-based signs run on `engine`."""
        result = scan(self.folder, progress=progress, engine=engine, server=self.server)
        self.__dict__["run"] = result.run
        return result

    @outward
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

    @outward
    def findings(
        self,
        *,
        sign: str | None = None,
        account: str | None = None,
        top: int | None = None,
        since: Moment = None,
        until: Moment = None,
        language: str = "en",
    ) -> pd.DataFrame:
        """Findings of the latest run, best first; `facts` and `benign` as dictionaries, reasons in a language."""
        table = self.run.table("findings")
        if sign is not None:
            known = self.run.manifest["findings"]
            if sign not in known:
                needs = self.run.manifest["not_testable"].get(sign)
                hint = f"Load {', '.join(needs)}." if needs else "Expected one of " + ", ".join(known) + "."
                raise UsageError(f"sign '{sign}' {'is not testable' if needs else 'was not run'}", hint=hint)
            table = table.filter(pc.equal(table["sign"], sign))
        order = pc.sort_indices(table, [("score", "descending"), ("finding", "ascending")])
        return told(self.run, self._listed(table.take(order), account, top, since, until), language)

    @outward
    def cases(
        self,
        *,
        account: str | None = None,
        top: int | None = None,
        since: Moment = None,
        until: Moment = None,
    ) -> pd.DataFrame:
        """Cases, best first, with their state; `made_of` as dictionaries."""
        frame = with_state(self._listed(self.run.table("cases"), account, top, since, until), states(self.folder))
        return frame.assign(made_of=[dict(each) for each in frame["made_of"]])

    @outward
    def case(self, case: str) -> Case:
        """One case, of the latest run that has it; also one that has gone quiet. Raises UsageError when none has it."""
        for run in (self.run, *reversed(Runs(self.folder).all()[-RUNS_REMEMBERED:])):
            table = run.table("cases")
            rows = table.filter(pc.equal(table["case"], case)).to_pylist()
            if rows:
                return Case(self, {**rows[0], "made_of": dict(rows[0]["made_of"])}, run)
        known = self.run.table("cases")["case"]
        raise UsageError(f"case '{case}' is unknown", hint=near(case, known, "mulegraph case list"))

    @outward
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

    @outward
    def hub_devices(self) -> pd.DataFrame:
        """Devices of so many holders that they were set aside."""
        return frame_of(self.run.table("hubs"))

    @outward
    def devices_of(self, accounts: list[str]) -> pd.DataFrame:
        """account_id and device_id of the devices that these accounts share, hubs left out."""
        use = self.ledger.arrow("device_use", ["account_id", "device_id"])
        mine = use.filter(pc.is_in(use["account_id"], value_set=pa.array(accounts, pa.string())))
        pairs = mine.to_pandas().drop_duplicates().sort_values(["device_id", "account_id"], ignore_index=True)
        pairs = pairs[~pairs["device_id"].isin(self.hub_devices()["device_id"])]
        return pairs[pairs.groupby("device_id")["account_id"].transform("size") > 1].reset_index(drop=True)

    @outward
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
    def _transfers(self) -> Transfers:
        return read_transfers(self.ledger)

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(self._transfers, self.settings.hops)

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

    def account(self, account: str, *, language: str = "en") -> AccountPage:
        """Everything known of one account: who, since when, traffic, devices, signs with reasons, score and parts."""
        return AccountPage(self._account(account, language=language))

    @outward
    def _account(self, account: str, *, language: str) -> dict[str, Any]:
        return account_page(self, self.known_account(account), language)

    def view(self, subject: str | Case | TraceResult) -> View:
        """The interactive page of a case, a chain or an account by its id, or of a trace; to be shown or saved."""
        return view(self, subject)

    @outward
    def ranking(self, *, top: int | None = None) -> pd.DataFrame:
        """Accounts by score, best first: account, score, parts that add up to it."""
        return ranking(self, top)

    @outward
    def explain(self, finding: str, *, language: str = "en") -> dict[str, Any]:
        """One finding: the rule, its settings, the exact rows, the benign tests. UsageError when unknown."""
        return explained(self, finding, language)

    def frame(self, table: pa.Table) -> pd.DataFrame:
        """A table of a run as a data frame, not masked."""
        return frame_of(table)

    @outward
    def transfers(self, transfer_ids: list[str]) -> pd.DataFrame:
        """Transfers by id, in time order; ids that the ledger does not hold are left out."""
        rows = sorted(self.ledger.row_of(transfer_ids).values())
        return self.ledger.transfer_rows(np.array(rows, np.int64)).drop(columns="row")

    @outward
    def transfers_of(self, account: str, *, since: Moment = None, until: Moment = None) -> pd.DataFrame:
        """All transfers of an account in time order."""
        chosen = self.ledger.between(stamp(since), stamp(until))
        chosen = chosen.filter((chosen.source == account) | (chosen.target == account))
        return chosen.order_by([chosen["at"], chosen.transfer_id]).to_pandas()

    @outward
    def account_graph(self, account: str) -> nx.MultiDiGraph[str]:
        """An account and its latest transfers with its counterparties, and the devices that they share."""
        return account_network(self, self.known_account(account))

    @outward
    def chain_graph(self, chain: str) -> nx.MultiDiGraph[str]:
        """A chain, with the others of its layering network. Raises UsageError when it is unknown."""
        return chain_network(self, chain)

    @outward
    def trace_graph(self, found: TraceResult) -> nx.MultiDiGraph[str]:
        """The dispersal tree of a trace that this workspace gave, with what is known of its accounts."""
        return trace_network(self, found)

    @outward
    def trace(
        self,
        payments: Sequence[str] = (),
        *,
        reports: Sequence[str] = (),
        account: str | None = None,
        since: Moment = None,
        until: Moment = None,
        known_since: Moment = None,
        back: bool = False,
        methods: tuple[str, ...] = METHODS,
    ) -> TraceResult:
        """Where payments' money went, or came from; `account` adds all that it paid (back: received) since then."""
        if account is not None:
            self.known_account(account)
        chosen = payments_to_trace(
            self.ledger, payments, reports=reports, account=account, since=stamp(since), back=back
        )
        between(since, until)
        times = {"until": stamp(until), "known_since": stamp(known_since)}
        return trace_payments(
            self.ledger, self._transfers, self.settings.trace, chosen, back=back, methods=methods, **times
        )

    @outward
    def knows_account(self, account: str) -> bool:
        """Whether the ledger holds an account of this id or token."""
        return bool(self.ledger.account_numbers([account])[0] >= 0)

    @outward
    def known_account(self, account: str) -> str:
        """The account's id. Raises UsageError for one that the ledger does not hold."""
        if self.ledger.account_numbers([account])[0] < 0:
            raise UsageError(
                f"account '{account}' is not in the ledger",
                hint="Give its number as it stands in accounts.csv.",
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
