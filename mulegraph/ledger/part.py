"""A ledger with some accounts' rows alone, for signs that look at each account by itself."""

from __future__ import annotations

import pyarrow as pa

from mulegraph.lazy import ibis
from mulegraph.ledger.ledger import Ledger


class PartLedger(Ledger):
    """The same snapshot, in which the tables of device use and of transfers hold what is of these accounts only.

    `transfers` are all that the accounts pay or are paid. What does not go through these two tables is the whole's.
    """

    def __init__(self, whole: Ledger, accounts: pa.Array, transfers: pa.Table) -> None:
        super().__init__(whole.folder, whole.choice)
        self.snapshot = whole.snapshot
        chosen = ibis.memtable(pa.table({"account_id": accounts}))
        use = super().table("device_use").semi_join(chosen, "account_id")
        self._tables["device_use"] = self.engine.create_table("device_use_of_some", use, temp=True)
        self._tables["transfers"] = self.engine.create_table("transfers_of_some", ibis.memtable(transfers), temp=True)
