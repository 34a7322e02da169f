"""The transfers of a ledger that has grown, read on from what was read of it before: its new days, and its last one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mulegraph.flow.flow_on import Changes
from mulegraph.flow.order_in_day import settled
from mulegraph.flow.read_transfers import COLUMNS, in_numbers
from mulegraph.flow.transfers import NOBODY, Transfers
from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.numbers import places_of, rows_of_file
from mulegraph.ledger.statistics import count_missing, holds_anything, only_value
from mulegraph.ledger.store import LedgerFile

ROOM = 1.05
"""How much longer than the ledger the columns are made: a copy of all of them each minute took half a second of 10M."""


@dataclass(frozen=True)
class Read:
    """A ledger's transfers, the files that they were read of, and its accounts, whose places are their numbers.

    `room` are the columns that the transfers are the beginning of, where they were read on: reading on from this writes
    into them, so that these transfers are no longer what they were.
    """

    transfers: Transfers
    files: tuple[LedgerFile, ...]
    accounts: pa.Table
    account_files: tuple[LedgerFile, ...]
    names_all: bool
    """Whether every id in the transfers is an account's: else one may become an account's, and its number change."""
    room: Room | None = None

    @classmethod
    def of(cls, ledger: Ledger, transfers: Transfers) -> Read:
        """What was read of a whole ledger."""
        files = tuple(ledger.snapshot.of("transfers"))
        nulls = sum(count_missing(ledger.paths("transfers"), end) for end in ("source", "target"))
        cash = int((transfers.source < 0).sum()) + int((transfers.target < 0).sum())
        account_files = tuple(ledger.snapshot.of("accounts"))
        return cls(transfers, files, ledger.arrow("accounts"), account_files, names_all=nulls == cash)


class Room(NamedTuple):
    """Columns of transfers that have room for more."""

    row: np.ndarray
    source: np.ndarray
    target: np.ndarray
    amount: np.ndarray
    at: np.ndarray


class ReadOn(NamedTuple):
    """What is read by now, what of it is not as it was, and each account's new number by its old one, if it has one."""

    read: Read
    changes: Changes
    numbers: np.ndarray | None


def read_on(ledger: Ledger, before: Read, window: int) -> ReadOn | None:
    """What `read_transfers` gives, without reading what comes before the first new row. The ledger has lost none.

    None where that cannot be told from the new rows alone: some are older than the last one by more than the window, an
    account is gone or another than it was, money is in several currencies, accounts settle on others, or the clock has
    another step. All of it is to be read then.
    """
    if is_beyond(ledger):
        return None
    known = _accounts(ledger, before)
    if known is None:
        return None
    accounts, account_files, numbers = known
    old = before.transfers
    if numbers is not None:
        with_cash = np.append(numbers, NOBODY).astype(np.int32)
        old = replace(old, source=with_cash[old.source], target=with_cash[old.target], accounts=len(accounts))
    files = tuple(ledger.snapshot.of("transfers"))
    same = next((place for place, pair in enumerate(zip(files, before.files, strict=False)) if pair[0] != pair[1]), -1)
    same = min(len(files), len(before.files)) if same < 0 else same
    start = sum(file.rows for file in files[:same])
    if same == len(files) and start == len(old):
        none = np.zeros(len(accounts), np.bool_)
        read = replace(before, transfers=old, accounts=accounts, account_files=account_files)
        return ReadOn(read, Changes(len(old), none), numbers)
    paths = [ledger.store.data / file.path for file in files[same:]]
    since = _first_change(old.at[start:], _times(paths), old.tick)
    if since is None or since < old.at[-1] - window:
        return None
    first = int(np.searchsorted(old.at, since))
    if first >= sum(file.rows for file in files):
        return None
    day, lacking = in_numbers(ledger, _rows_from(paths, first - start))
    if (day.at % old.tick).any():
        return None
    tail = settled(*day, accounts=len(accounts), tick=old.tick)
    tail = replace(tail, row=(tail.row + first).astype(np.int32))
    changes = Changes(first, _touched(old.only(slice(first, None)), tail))
    room = _with_room(old, before.room, first, tail)
    names_all = before.names_all and not lacking.any()
    size = first + len(tail)
    transfers = replace(tail, **{name: column[:size] for name, column in room._asdict().items()})
    return ReadOn(Read(transfers, files, accounts, account_files, names_all, room), changes, numbers)


def is_beyond(ledger: Ledger) -> bool:
    """Whether a ledger is of a kind that is always read whole: of several currencies, or with virtual accounts."""
    paths = ledger.paths("transfers")
    several = only_value(paths, "currency") is None or holds_anything(paths, "original_currency")
    return several or holds_anything(ledger.paths("accounts"), "settles_on")


def _accounts(ledger: Ledger, before: Read) -> tuple[pa.Table, tuple[LedgerFile, ...], np.ndarray | None] | None:
    """The accounts, of which files, and their new numbers; None where one is gone or is not as it was."""
    files = tuple(ledger.snapshot.of("accounts"))
    if files == before.account_files:
        return before.accounts, files, None
    accounts = ledger.arrow("accounts")
    numbers = places_of(before.accounts["account_id"], ledger.account_ids)
    if not before.names_all or (numbers < 0).any():
        return None
    if not accounts.take(pa.array(numbers)).equals(before.accounts):
        return None
    return accounts, files, numbers


def _times(paths: Sequence[Path]) -> np.ndarray:
    """When the transfers of these files were made, in the ledger's order."""
    parts = [pq.read_table(path, columns=["at"], partitioning=None)["at"].cast("int64").to_numpy() for path in paths]
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _first_change(old: np.ndarray, new: np.ndarray, tick: int) -> int | None:
    """From which time on rows have come, as far back as its tick began: inside one a new row may change the order.

    A new row stands before all of later times, so that the first time that differs is not before the first new row's.
    None where as many rows at the same times are not the same file: that is no row that has come.
    """
    size = min(len(old), len(new))
    same = old[:size] == new[:size]
    place = size if same.all() else int(np.argmin(same))
    times = [int(each[place]) for each in (old, new) if place < len(each)]
    return min(times) // tick * tick if times else None


def _rows_from(paths: Sequence[Path], first: int) -> pa.Table:
    """The rows of these files from this one on; parts of a file that end before it are not read."""
    parts = []
    for path in paths:
        rows = pq.read_metadata(path).num_rows
        if first < rows:
            parts.append(rows_of_file(path, np.arange(max(first, 0), rows), COLUMNS))
        first -= rows
    return pa.concat_tables(parts)


def _touched(gone: Transfers, come: Transfers) -> np.ndarray:
    """A mask of the accounts that pay or are paid in these."""
    touched = np.zeros(come.accounts + 1, np.bool_)  # the last one is cash
    for each in (gone, come):
        touched[each.source] = True
        touched[each.target] = True
    return touched[:-1]


def _with_room(old: Transfers, room: Room | None, first: int, tail: Transfers) -> Room:
    """The old transfers before position `first`, and the tail after them, in columns with room for more."""
    size = first + len(tail)
    made = []
    for place, name in enumerate(Room._fields):
        known, more = getattr(old, name), getattr(tail, name)
        column = None if room is None or len(room[place]) < size else room[place]
        if column is None:
            column = np.empty(int(size * ROOM), known.dtype)
        if known.base is not column:
            column[:first] = known[:first]
        column[first:size] = more
        made.append(column)
    return Room(*made)
