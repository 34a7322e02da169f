"""Stories: findings about the same money at the same time.

Two networks that use one mule share an account and no transfer. So findings belong together when they rest on the same
transfer, or meet at a quiet account at the same time, and not because an account is named in both. A finding that is
stretched over weeks (receipts passed on, victims of months, a device) tells of its account and not of one story: it
follows the story that it has most in common with, and joins none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.flow.transfers import DAY
from mulegraph.lazy import csgraph, sparse

NOWHERE = -1


class Rows(NamedTuple):
    """Something that findings rest on or meet at: `thing[i]` is of finding `of[i]`."""

    of: np.ndarray
    thing: np.ndarray

    def where(self, chosen: np.ndarray) -> Rows:
        """Those rows that are chosen."""
        return Rows(self.of[chosen], self.thing[chosen])


def stories(findings: pa.Table, meetings: Rows, chains: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """The story of each finding, numbered by its first finding.

    `meetings` are quiet accounts that findings name, in the order of findings; `chains` are ids of chains. A finding
    joins others if it takes no longer than the longest chain, or a day; so near must two be that meet at an account.
    """
    size = len(findings)
    first, last = (_micros(findings[name]) for name in ("first_at", "last_at"))
    lists = findings["evidence"].combine_chunks()
    rests = Rows(pc.list_parent_indices(lists).to_numpy(), _codes(pc.list_flatten(lists)))
    timed = findings["first_at"].is_valid().to_numpy() & findings["last_at"].is_valid().to_numpy()
    timed &= np.bincount(rests.of, minlength=size) > 0
    is_chain = pc.is_in(findings["pattern"].combine_chunks(), value_set=pa.array(chains, pa.string())).to_numpy(
        zero_copy_only=False
    )
    longest = max(int((last - first)[timed & is_chain].max(initial=0)), DAY)
    tells = timed & (last - first <= longest)
    shared, met = rests.where(tells[rests.of]), meetings.where(tells[meetings.of])
    pairs = [_neighbours(shared), _met(met, first, last, longest)]
    story = _joined(np.concatenate(pairs, axis=1), size)
    for rows in (rests, meetings):
        # Who shares money follows the money, and only who shares none follows the accounts.
        home = _most_in_common(rows, tells, story, size)
        follows = ~tells & (home >= 0)
        story[follows] = home[follows]
        tells = tells | follows
    alone = meetings.where(~tells[meetings.of])
    among = _joined(_neighbours(alone), size)
    story = np.where(tells, story, size + among)
    _, begins, number = np.unique(story, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(begins, kind="stable"), kind="stable")[number])


def _micros(times: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.fill_null(times.cast(pa.int64()), 0).to_numpy())


def _codes(names: pa.Array) -> np.ndarray:
    return np.asarray(names.dictionary_encode().indices.to_numpy(), np.int64)


def _neighbours(rows: Rows) -> np.ndarray:
    """Pairs of findings that follow each other at the same thing: they join all of it."""
    order = np.lexsort((rows.of, rows.thing))
    of, same = rows.of[order], np.diff(rows.thing[order]) == 0
    return np.stack([of[:-1][same], of[1:][same]])


def _met(rows: Rows, first: np.ndarray, last: np.ndarray, near: int) -> np.ndarray:
    """Pairs of findings that meet at the same thing, one no later after the end of all before it than `near`."""
    order = np.lexsort((rows.of, first[rows.of], rows.thing))
    of, thing = rows.of[order], rows.thing[order]
    if not len(of):
        return np.empty((2, 0), np.int64)
    # The latest end so far at each thing: ends are lifted by the thing's number, so that no thing hears of another.
    begin = int(first.min())
    lift = (int(last.max()) - begin + near + 1) * np.unique(thing, return_inverse=True)[1]
    until = np.maximum.accumulate(last[of] - begin + lift)
    meets = (np.diff(thing) == 0) & ((first[of] - begin + lift)[1:] - until[:-1] <= near)
    return np.stack([of[:-1][meets], of[1:][meets]])


def _joined(pairs: np.ndarray, size: int) -> np.ndarray:
    """The connected part of each finding."""
    graph = sparse.coo_array((np.ones(pairs.shape[1], np.int8), (pairs[0], pairs[1])), shape=(size, size))
    return csgraph.connected_components(graph, directed=False)[1].astype(np.int64)


def _most_in_common(rows: Rows, tells: np.ndarray, story: np.ndarray, size: int) -> np.ndarray:
    """For each finding that tells no story the one it shares most things with, the first of several; −1 for none."""
    things = int(rows.thing.max(initial=-1)) + 1
    told = rows.where(tells[rows.of])
    held = np.unique(told.thing * np.int64(size) + story[told.of])
    starts = np.searchsorted(held // size, np.arange(things + 1))
    asks = rows.where(~tells[rows.of])
    count = (starts[1:] - starts[:-1])[asks.thing]
    place = np.repeat(starts[asks.thing] - np.cumsum(count) + count, count) + np.arange(count.sum())
    return most_voted(np.repeat(asks.of, count), held[place] % size, size)


def most_voted(of: np.ndarray, where: np.ndarray, size: int) -> np.ndarray:
    """By thing, of `size` things, the place that most of its rows name, the first of equals; −1 without rows."""
    places = np.int64(where.max(initial=0) + 1)
    pair, votes = np.unique(of * places + where, return_counts=True)
    thing, place = pair // places, pair % places
    order = np.lexsort((place, -votes, thing))
    best = order[np.diff(thing[order], prepend=NOWHERE) != 0]
    home = np.full(size, NOWHERE, np.int64)
    home[thing[best]] = place[best]
    return home
