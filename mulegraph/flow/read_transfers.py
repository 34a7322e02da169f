"""A ledger's transfers, read from its files, or from what a scan kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mulegraph.flow.kept_days import MIN_TRANSFERS, Day, KeptDays
from mulegraph.flow.order_in_day import in_order
from mulegraph.flow.transfers import Transfers
from mulegraph.ledger.ledger import Ledger, minor_units
from mulegraph.ledger.store import LedgerFile

COLUMNS = ["source", "target", "amount", "currency", "at"]


def read_transfers(ledger: Ledger, *, min_kept: int = MIN_TRANSFERS) -> Transfers:
    """All transfers of a ledger, in memory as integers: 28 bytes each. Of `min_kept` transfers up days are kept."""
    ledger.account_ids  # noqa: B018 (made here once, and not in both threads)
    files = ledger.snapshot.of("transfers")
    if ledger.rows("transfers") < min_kept:
        parts = [day for day, _ in _days(ledger, files)]
    else:
        kept = KeptDays(ledger)
        by_file = {file: kept.read(file) for file in files}
        fresh = [file for file, day in by_file.items() if day is None]
        for file, (day, unknown) in zip(fresh, _days(ledger, fresh), strict=True):
            by_file[file] = day
            kept.write(file, day, unknown=unknown)
        kept.sweep()
        parts = [day for day in by_file.values() if day is not None]
    source, target, amount, at = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    del parts
    ends = ledger.settled(source).astype(np.int32), ledger.settled(target).astype(np.int32)
    return in_order(*ends, amount, at, accounts=len(ledger.account_ids))


def _days(ledger: Ledger, files: Sequence[LedgerFile]) -> list[tuple[Day, int]]:
    """Days from the ledger's files, and how many ids in each are no account's; looked up together."""
    if not files:
        return []
    # Ids are read as they are: almost every day has almost every account, so dictionaries a day are long, and hashing
    # them took longer than looking every id up.
    paths = [ledger.store.data / file.path for file in files]
    table = pa.concat_tables([pq.read_table(path, columns=COLUMNS, read_dictionary=["currency"]) for path in paths])
    whole, lacking = in_numbers(ledger, table)
    ends = np.cumsum([file.rows for file in files])[:-1]
    days = zip(*(np.split(column, ends) for column in whole), strict=True)
    return [(Day(*day), int(each.sum())) for day, each in zip(days, np.split(lacking, ends), strict=True)]


def in_numbers(ledger: Ledger, table: pa.Table) -> tuple[Day, np.ndarray]:
    """Rows of `COLUMNS` as integers, and of each how many of its ids are no account's."""
    with ThreadPoolExecutor(2) as pool:
        source, target = pool.map(ledger.account_numbers_of, [table.column("source"), table.column("target")])
    given = [table.column(name).is_valid().to_numpy() for name in ("source", "target")]
    lacking = sum(((each < 0) & there).astype(np.int8) for each, there in zip((source, target), given, strict=True))
    amount = minor_units(table.column("amount"), table.column("currency").cast("string"))
    at = table.column("at").cast("int64").to_numpy()
    return Day(source.astype(np.int32), target.astype(np.int32), amount, at), lacking
