"""The transfers of a ledger that has grown, read on from what was read of it before: its new days, and its last one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from mulegraph.flow.flow_on import Changes
from mulegraph.flow.order_in_day import clock_tick, settled
from mulegraph.flow.read_transfers import days_of
from mulegraph.flow.transfers import Transfers
from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.numbers import places_of
from mulegraph.ledger.statistics import count_missing, holds_anything, only_value
from mulegraph.ledger.store import LedgerFile


@dataclass(frozen=True)
class Read:
    """A ledger's transfers, the files that they were read of, and its accounts, whose places are their numbers."""

    transfers: Transfers
    files: tuple[LedgerFile, ...]
    accounts: pa.Table
    account_files: tuple[LedgerFile, ...]
    names_all: bool
    """Whether every id in the transfers is an account's: else one may become an account's, and its number change."""

    @classmethod
    def of(cls, ledger: Ledger, transfers: Transfers) -> Read:
        """What was read of a whole ledger."""
        files = tuple(ledger.snapshot.of("transfers"))
        names_all = _names_all(ledger.paths("transfers"), transfers)
        return cls(transfers, files, ledger.arrow("accounts"), tuple(ledger.snapshot.of("accounts")), names_all)


class ReadOn(NamedTuple):
    """What is read by now, what of it is not as it was, and each account's new number by its old one, if it has one."""

    read: Read
    changes: Changes
    numbers: np.ndarray | None


def read_on(ledger: Ledger, before: Read, window: int) -> ReadOn | None:
    """What `read_transfers` gives, without reading the days that are as they were.

    None where that cannot be told from the new days alone: rows have come that are older than the last one by more than
    the window, an account is gone or another than it was, money is in several currencies, accounts settle on others, or
    the clock has another step. All of it is to be read then.
    """
    if is_beyond(ledger):
        return None
    known = _accounts(ledger, before)
    if known is None:
        return None
    accounts, account_files, numbers = known
    old = before.transfers
    if numbers is not None:
        with_cash = np.append(numbers, -1).astype(np.int32)
        old = replace(old, source=with_cash[old.source], target=with_cash[old.target], accounts=len(accounts))
    files = tuple(ledger.snapshot.of("transfers"))
    same = next((n for n, pair in enumerate(zip(files, before.files, strict=False)) if pair[0] != pair[1]), None)
    same = min(len(files), len(before.files)) if same is None else same
    start = sum(file.rows for file in files[:same])
    tail = _tail(ledger, files[same:], old.tick, start)
    if tail is None:
        return None
    transfers = old if not len(tail) and start == len(old) else _joined(old, tail, start)
    changes = _changes(old, transfers, start)
    if changes.first < len(transfers) and transfers.at[changes.first] < old.at[-1] - window:
        return None
    names_all = before.names_all and _names_all([ledger.store.data / file.path for file in files[same:]], tail)
    read = Read(transfers, files, accounts, account_files, names_all)
    return ReadOn(read, changes, numbers)


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


def _tail(ledger: Ledger, files: Sequence[LedgerFile], tick: int, start: int) -> Transfers | None:
    """The transfers of these days in the order of money, from row `start` on; None where their clock is another."""
    parts = [day for day, _ in days_of(ledger, files)]
    accounts = len(ledger.account_ids)
    if not parts:
        none = np.zeros(0, np.int32)
        return Transfers(none, none, none, np.zeros(0, np.int64), np.zeros(0, np.int64), accounts, tick)
    source, target, amount, at = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if clock_tick(at) != tick:
        return None
    found = settled(source, target, amount, at, accounts=accounts, tick=tick)
    return replace(found, row=(found.row + start).astype(np.int32))


def _joined(old: Transfers, tail: Transfers, start: int) -> Transfers:
    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(old, name)[:start], getattr(tail, name)])

    return replace(
        tail,
        row=column("row"),
        source=column("source"),
        target=column("target"),
        amount=column("amount"),
        at=column("at"),
    )


def _changes(old: Transfers, new: Transfers, start: int) -> Changes:
    """From where on the transfers differ, and whom those that differ touch; before `start` they are the same."""
    size = min(len(old), len(new))
    names = ("row", "source", "target", "amount", "at")
    same = np.all([getattr(old, name)[start:size] == getattr(new, name)[start:size] for name in names], axis=0)
    place = size if same.all() else start + int(np.argmin(same))
    times = [int(each.at[place]) for each in (old, new) if place < len(each)]
    touched = np.zeros(new.accounts + 1, np.bool_)  # the last one is cash
    if not times:
        return Changes(len(new), touched[:-1])
    # From the beginning of its tick on: inside one a new row may change the order of all.
    since = min(times) // new.tick * new.tick
    for each in (old, new):
        begin = int(np.searchsorted(each.at, since))
        touched[each.source[begin:]] = True
        touched[each.target[begin:]] = True
    return Changes(int(np.searchsorted(new.at, since)), touched[:-1])


def _names_all(paths: Sequence[Path], transfers: Transfers) -> bool:
    """Whether every id in these files is an account's: who has no number is cash, of which the file says nothing."""
    ends = {"source": transfers.source, "target": transfers.target}
    return all(count_missing(paths, name) == int((each < 0).sum()) for name, each in ends.items())
