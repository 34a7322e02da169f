"""What every question starts from: the ledger, the latest run, the settings and the journal of one folder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import UsageError
from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.dated_payments import DayOrder
from mulegraph.flow.hops import Neighbours
from mulegraph.flow.read_transfers import read_transfers
from mulegraph.flow.sub_accounts import SubAccounts
from mulegraph.flow.transfers import Transfers
from mulegraph.graph.neo4j.address import Address
from mulegraph.journal.journal import Journal
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.disclosure import Identified
from mulegraph.schema.tables import Mask
from mulegraph.settings import Settings, read_settings
from mulegraph.workspace.latest import Latest
from mulegraph.workspace.own_banks import OwnBanks
from mulegraph.workspace.run import Run, Runs
from mulegraph.workspace.scan import changed_since, scan
from mulegraph.workspace.trace import TraceResult
from mulegraph.workspace.trace_payments import Source
from mulegraph.workspace.trace_terms import order_of, returning_rows

Notify = Callable[[str], None]
ACCOUNTS_KEPT, TRACES_KEPT = 64, 4


class WorkspaceBase:
    """A folder with a ledger and its runs. `notify` hears of what is done unasked, such as a first scan.

    Threads may ask at the same time: each has a ledger of its own, since an engine's connection answers one at a time.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        notify: Notify | None = None,
        server: Address | None = None,
        run: Run | None = None,
    ) -> None:
        self.folder, self.server = Path(folder), server
        self.notify = notify or (lambda _: None)
        self._chosen_run = run
        self._own = threading.local()
        self._first = threading.Lock()

    def at(self, run: Run) -> Any:
        """The same workspace, asked about one of its runs, whichever is the latest."""
        return type(self)(self.folder, notify=self.notify, server=self.server, run=run)

    @property
    def ledger(self) -> Ledger:
        """Raises UsageError when nothing is loaded yet."""
        found: Ledger | None = getattr(self._own, "ledger", None)
        if found is None:
            found = self._own.ledger = Ledger(self.folder / "ledger")
        return found

    def forget_ledger(self) -> None:
        """Read the ledger anew: it was written to."""
        self._own = threading.local()
        for name in (
            "run",
            "told_of_older",
            "own_banks",
            "asked_transfers",
            "traced",
            "moved",
            "_divided",
            "_returning",
            "neighbours",
        ):
            self.__dict__.pop(name, None)

    @cached_property
    def settings(self) -> Settings:
        """From `mulegraph.toml`, or the defaults."""
        return read_settings(self.folder)

    @cached_property
    def journal(self) -> Journal:
        """What people did here."""
        return Journal(self.folder, notify=self.notify)

    @cached_property
    def own_banks(self) -> OwnBanks:
        """Whose payments the ledger holds."""
        return OwnBanks.of(self.ledger, self.settings.banks)

    @cached_property
    def run(self) -> Run:
        """The latest run over the ledger as it is now; scans first when there is none."""
        if self._chosen_run is not None:
            return self._chosen_run
        with self._first:  # two threads that ask first scan once
            found = Runs(self.folder).latest(self.ledger.hash)
            if found is None:
                self.notify("no scan of this ledger yet; scanning first")
                return scan(self.folder, server=self.server).run
        if changed := changed_since(found, self.folder, self.settings):
            self.notify(f"{changed} changed since run {found.name}, which is shown; 'mulegraph scan' applies it")
        return found

    @cached_property
    def moved(self) -> Transfers:
        """All transfers as the kernels read them."""
        return read_transfers(self.ledger)

    @cached_property
    def _divided(self) -> tuple[DayOrder, SubAccounts]:
        return order_of(self.ledger, self.moved)

    @cached_property
    def _returning(self) -> np.ndarray:
        return returning_rows(self.ledger)

    @cached_property
    def opened_cases(self) -> dict[tuple[str, ...], pa.Table]:
        """Cases that somebody opened, as they were asked for before, by id and payments: each takes a trace."""
        return {}

    @cached_property
    def asked_transfers(self) -> Latest[pd.DataFrame]:
        """Transfers of accounts. Facts and holds of a case ask three times for them, 1.3 s each at 10M transfers."""
        return Latest(ACCOUNTS_KEPT)

    @cached_property
    def traced(self) -> Latest[TraceResult]:
        """Traces of cases. Who plans holds, writes requests and says what comes next asks four times for one."""
        return Latest(TRACES_KEPT)

    @cached_property
    def told_of_older(self) -> set[str]:
        """Whether somebody heard that findings, or cases, of earlier days are left out."""
        return set()

    @property
    def traceable(self) -> Source:
        """What a trace reads of the ledger as it is."""
        return Source(self.ledger, *self._divided, self.own_banks, returning=self._returning)

    @cached_property
    def neighbours(self) -> Neighbours:
        """Who paid whom."""
        return Neighbours(TransfersByAccount(self.moved), self.settings.hops)

    def holds_account(self, account: str) -> bool:
        """Whether the ledger holds an account of this id."""
        return bool(self.ledger.account_numbers([account])[0] >= 0)

    def check_account(self, account: str) -> str:
        """The account's id. Raises UsageError for one that the ledger does not hold."""
        if not self.holds_account(account):
            raise UsageError(
                "account '{account}' is not in the ledger",
                hint="Give its number as it stands in accounts.csv.",
                account=account,
            )
        return account

    def row(self, table: str, key: str, value: str | None) -> dict[str, Any]:
        """The row of a ledger table with this key; an empty one where there is none."""
        if value is None:
            return {}
        rows = self.ledger.arrow(table)
        found = rows.filter(pc.equal(rows[key], value)).to_pylist()
        return dict(found[0]) if found else {}


def an_account(account: str) -> Identified:
    """An account inside a message."""
    return Identified(account, Mask.ACCOUNT)
