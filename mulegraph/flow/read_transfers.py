"""A ledger's transfers, read from its files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mulegraph.flow.order_in_day import in_order
from mulegraph.flow.transfers import Transfers
from mulegraph.ledger.ledger import Ledger, minor_units


def read_transfers(ledger: Ledger) -> Transfers:
    """All transfers of a ledger, in memory as integers: 28 bytes each."""
    # Ids are read as they are: almost every day has almost every account, so dictionaries a day are long, and hashing
    # them took longer than looking every id up.
    columns = ["source", "target", "amount", "currency", "at"]
    parts = [pq.read_table(path, columns=columns, read_dictionary=["currency"]) for path in ledger.paths("transfers")]
    table = pa.concat_tables(parts)
    del parts
    ledger.account_ids  # noqa: B018 (made here once, and not in both threads)
    with ThreadPoolExecutor(2) as pool:
        source, target = pool.map(ledger.settling_numbers_of, [table.column("source"), table.column("target")])
    amount = minor_units(table.column("amount"), table.column("currency").cast("string"))
    at = table.column("at").cast("int64").to_numpy()
    del table
    ends = source.astype(np.int32), target.astype(np.int32)
    return in_order(*ends, amount, at, accounts=len(ledger.account_ids))
