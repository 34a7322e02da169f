"""Flow matching on Spark's workers: an account's queue needs its own receipts and payments, and nobody else's.

Each transfer becomes two rows, a receipt of its payee and a payment of its payer. Spark brings the rows of an account
together and sorts them; the kernel of `matching` runs over blocks of whole accounts, and only links come back. An
account's queue is never divided. One with more rows than a task should have, a hub, would keep a task busy while the
others wait: the driver matches it meanwhile, by the same kernel, since its columns are there already. Five million rows
take it a quarter of a second; only to sort them takes Spark several.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mulegraph.flow.matching import Links, match
from mulegraph.flow.transfers import NOBODY, Transfers
from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.spark import ROWS_A_PARTITION, Grouped, by_key

FOLDER = "runs/.spark"
"""Beside the runs: every worker must see the workspace."""
ROWS = pa.schema(
    [
        ("account", pa.int64()),
        ("position", pa.int32()),
        ("is_payment", pa.bool_()),
        ("amount", pa.int64()),
        ("at", pa.int64()),
    ]
)
"""A transfer at one of its ends. `account` is the ledger's number times its accounts plus the account's number."""
FOUND = pa.schema([("ledger", pa.int32()), ("receipt", pa.int32()), ("payment", pa.int32()), ("amount", pa.int64())])
BLOCK = 1_000_000
"""Rows that are written, and matched, at a time: 30 MB."""
HUB_ROWS = ROWS_A_PARTITION


def match_on_spark(ledger: Ledger, several: Sequence[Transfers], window: int) -> list[Links]:
    """The links of each of these ledgers (the real one, or shuffled ones): what `match` gives, link by link."""
    hubs = [hubs_of(each) for each in several]
    with _shared_file(ledger.folder.parent / FOLDER) as path, ThreadPoolExecutor(1) as pool:
        beside = pool.submit(links_of_hubs, several, hubs, window)
        with pq.ParquetWriter(path, ROWS, compression="lz4", use_dictionary=False) as writer:
            rows = 0
            for table in rows_of(several, hubs):
                writer.write_table(table)
                rows += len(table)
        work = partial(matched, accounts=_accounts(several), window=window)
        found = by_key(ledger.engine, Grouped(path, rows, "account", ("position",)), work, FOUND)
        return links_of([found, beside.result()], len(several))


def hubs_of(transfers: Transfers, rows: int = HUB_ROWS) -> np.ndarray:
    """A mask over accounts: which have more rows than that."""
    count = np.zeros(transfers.accounts, np.int64)
    for end in (transfers.source, transfers.target):
        count += np.bincount(end[end >= 0], minlength=transfers.accounts)
    return count > rows


def links_of_hubs(several: Sequence[Transfers], hubs: Sequence[np.ndarray], window: int) -> pa.Table:
    """The links through hubs: all that the queues of other accounts do is left out."""
    found = [FOUND.empty_table()]
    for number, (transfers, is_hub) in enumerate(zip(several, hubs, strict=True)):
        if not is_hub.any():
            continue
        source, target = (_only(end, is_hub) for end in (transfers.source, transfers.target))
        at = np.flatnonzero((source >= 0) | (target >= 0))
        links = match(replace(transfers, source=source, target=target).only(at), window)
        of = np.full(len(links), number, np.int32)
        ends = at.astype(np.int32)
        columns = [of, ends[links.receipt], ends[links.payment], links.amount]
        found.append(pa.table([pa.array(column) for column in columns], schema=FOUND))
    return pa.concat_tables(found)


def rows_of(several: Sequence[Transfers], hubs: Sequence[np.ndarray]) -> Iterator[pa.Table]:
    """Every transfer at both of its ends, some at a time; without cash and hubs, and without transfers to oneself."""
    accounts = _accounts(several)
    for number, (transfers, is_hub) in enumerate(zip(several, hubs, strict=True)):
        came = transfers.came
        for low in range(0, len(transfers), BLOCK):
            part = slice(low, low + BLOCK)
            ends = transfers.source[part], transfers.target[part]
            moves = ends[0] != ends[1]
            for is_payment, end, amount in ((True, ends[0], transfers.amount), (False, ends[1], came)):
                at = np.flatnonzero(moves & (_only(end, ~is_hub) >= 0))
                columns = [
                    end[at].astype(np.int64) + number * accounts,
                    (at + low).astype(np.int32),
                    np.full(len(at), is_payment),
                    amount[part][at],
                    transfers.at[part][at],
                ]
                yield pa.table([pa.array(column) for column in columns], schema=ROWS)


def matched(batches: Iterator[pa.RecordBatch], *, accounts: int, window: int) -> Iterator[pa.RecordBatch]:
    """Links of the rows of some accounts, which come sorted by account and position."""
    for block in whole_accounts(batches):
        key = block["account"].to_numpy()
        begins = np.flatnonzero(np.diff(key, prepend=-1))
        number = np.repeat(np.arange(len(begins), dtype=np.int32), np.diff(begins, append=len(key)))
        is_payment = block["is_payment"].to_numpy(zero_copy_only=False)
        halves = Transfers(
            row=block["position"].to_numpy(),
            source=np.where(is_payment, number, NOBODY).astype(np.int32),
            target=np.where(is_payment, NOBODY, number).astype(np.int32),
            amount=block["amount"].to_numpy(),
            at=block["at"].to_numpy(),
            accounts=len(begins),
            tick=1,
        )
        links = match(halves, window)
        columns = [
            (key[links.payment] // accounts).astype(np.int32),
            halves.row[links.receipt],
            halves.row[links.payment],
            links.amount,
        ]
        yield pa.record_batch([pa.array(column) for column in columns], schema=FOUND)


def whole_accounts(batches: Iterator[pa.RecordBatch], size: int = BLOCK) -> Iterator[pa.RecordBatch]:
    """Sorted rows as blocks of whole accounts, of `size` rows or what its last account needs."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        if rows >= size and len(batch):
            # What goes on with the account that the block ends with belongs to the block.
            last = held[-1]["account"][-1].as_py()
            end = int(np.searchsorted(batch["account"].to_numpy(), last, side="right"))
            held.append(batch.slice(0, end))
            if end == len(batch):
                continue
            yield _one(held)
            batch, held, rows = batch.slice(end), [], 0
        if len(batch):
            held.append(batch)
            rows += len(batch)
    if held:
        yield _one(held)


def links_of(parts: Sequence[pa.Table], ledgers: int) -> list[Links]:
    """The links of each ledger in the order in which `match` gives them."""
    found = pa.concat_tables(parts)
    ledger, receipt, payment, amount = (found[name].to_numpy() for name in FOUND.names)
    order = np.lexsort((receipt, payment, ledger))
    ends = np.searchsorted(ledger[order], np.arange(ledgers + 1))
    places = [order[low:high] for low, high in zip(ends[:-1], ends[1:], strict=True)]
    return [Links(receipt[place], payment[place], amount[place]) for place in places]


def _only(end: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The accounts at one end, and nobody where one is not kept (a mask over accounts)."""
    # Nobody is −1, which NumPy takes for the last place.
    return np.where(np.append(kept, False)[end], end, NOBODY)


def _accounts(several: Sequence[Transfers]) -> int:
    return max((each.accounts for each in several), default=1)


def _one(held: list[pa.RecordBatch]) -> pa.RecordBatch:
    return pa.Table.from_batches(held).combine_chunks().to_batches()[0] if len(held) > 1 else held[0]


@contextmanager
def _shared_file(folder: Path) -> Iterator[Path]:
    """A file that is gone afterwards, and those that a killed scan left."""
    mine = f"{os.getpid()}-"
    for left in folder.glob("*.parquet") if folder.exists() else ():
        if not left.name.startswith(mine):
            left.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{mine}{uuid.uuid4().hex[:8]}.parquet"
    try:
        yield path
    finally:
        # The folder stays: the scan's other thread may be about to write into it.
        path.unlink(missing_ok=True)
