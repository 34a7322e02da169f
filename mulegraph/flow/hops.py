"""Links to flagged accounts: who is within a few transfers of a listed account, and by which path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mulegraph.flow.by_account import Side, TransfersByAccount, distinct_partners, lists_of
from mulegraph.lazy import sparse
from mulegraph.settings import HopSettings

MAX_PATHS = 10_000
MAX_TRANSFERS = 200_000
"""Bounds on one question; an account that needs more is near everything, and the answer says that it was cut."""
FORWARD, BACKWARD = "to", "from"


class Path(NamedTuple):
    """A path between an account and a flagged one, along the money: account numbers and transfer positions."""

    flagged: int
    direction: str
    accounts: tuple[int, ...]
    transfers: tuple[int, ...]


@dataclass(frozen=True)
class Reach:
    """How near each account is to flagged ones, in either direction and any order of time, not through hubs.

    `flagged` counts flagged accounts within the set number of transfers, oneself left out. `ways[h]` counts the
    distinct counterparties that are flagged or lead to a flagged account within h more transfers, `expected[h]` how
    many would by chance: one counterparty who knows ten is one way, and says no more than that.
    """

    flagged: np.ndarray
    ways: list[np.ndarray]
    expected: list[np.ndarray]


class Neighbours:
    """Who pays whom, as a sparse matrix over account numbers; built once and asked many times."""

    def __init__(self, sides: TransfersByAccount, settings: HopSettings) -> None:
        self.sides, self.settings = sides, settings
        self.transfers = sides.transfers

    @cached_property
    def partners(self) -> sparse.csr_array:
        """1 where two accounts have dealt with each other, symmetric."""
        other, start = distinct_partners(self.sides.payments, self.sides.receipts)
        size = self.transfers.accounts
        return sparse.csr_array((np.ones(len(other), np.int32), other, start), shape=(size, size))

    @cached_property
    def counterparties(self) -> np.ndarray:
        """Distinct counterparties by account."""
        return np.asarray(np.diff(self.partners.indptr))

    @cached_property
    def is_hub(self) -> np.ndarray:
        """Accounts with so many counterparties that a path through them says nothing."""
        return self.counterparties > self.settings.hub_counterparties

    def reach(self, flagged: np.ndarray) -> Reach:
        """How near every account is to the flagged ones (account numbers)."""
        size = self.transfers.accounts
        ones = np.ones(len(flagged), np.int32)
        step = sparse.csr_array((ones, flagged, np.arange(len(flagged) + 1)), shape=(len(flagged), size))
        near = step * 0
        leads = np.zeros(size)
        leads[flagged] = 1
        chance = np.full(size, len(flagged) / max(int((self.counterparties > 0).sum()), 1))
        ways, expected = [], []
        for hop in range(self.settings.hops):
            if hop:
                # Nothing goes on through a hub. Rows of few flagged accounts are cheaper to cut than all partners.
                step = _without(step, self.is_hub)
                leads, chance = np.where(self.is_hub, 0.0, leads), np.where(self.is_hub, 0.0, chance)
            step = step @ self.partners
            near = near + step
            ways.append(self.partners @ leads)
            expected.append(self.partners @ chance)
            leads = np.maximum(leads, ways[-1] > 0)
            chance = -np.expm1(-expected[-1])
        found = near.tocoo()
        other = found.col != flagged[found.row]
        return Reach(np.bincount(found.col[other], minlength=size), ways, expected)

    def nearest(self, flagged: np.ndarray, direction: str) -> np.ndarray:
        """By account, the fewest transfers along the money (`to`), or against it, that lead to a flagged account.

        Nothing goes on through a hub. `settings.hops` + 1 where none lead there.
        """
        ends = self.transfers.source, self.transfers.target
        here, there = ends if direction == FORWARD else ends[::-1]
        inside = (here >= 0) & (there >= 0)
        here, there = here[inside], there[inside]
        leads = np.zeros(self.transfers.accounts, bool)
        leads[flagged] = True
        found = np.full(self.transfers.accounts, self.settings.hops + 1)
        for steps in range(1, self.settings.hops + 1):
            reached = np.zeros(self.transfers.accounts, bool)
            reached[here[leads[there]]] = True
            found[reached & (found > steps)] = steps
            leads = reached & ~self.is_hub
        return found

    def _side(self, direction: str) -> Side:
        return self.sides.payments if direction == FORWARD else self.sides.receipts

    def _rings(self, account: int, direction: str, hops: int) -> Iterator[np.ndarray]:
        """By hops from an account, those whose transfers are looked at: no hubs, and up to MAX_TRANSFERS in all."""
        side = self._side(direction)
        looked_at = 0
        seen = np.empty(0, np.int64)
        ring = np.array([account], np.int64)
        for _ in range(hops):
            party, start = lists_of(side.party, side.start, ring)
            of_accounts = np.concatenate([[0], np.cumsum(party >= 0)])[start]  # cash leads nowhere
            more = np.where(np.isin(ring, seen), 0, np.diff(of_accounts))
            total = looked_at + np.cumsum(more)
            full = np.flatnonzero(total > MAX_TRANSFERS)
            if len(full):
                ring, party = ring[: full[0] + 1], party[:0]
            yield ring
            seen, looked_at = np.concatenate([seen, ring]), looked_at + int(more.sum())
            following = np.unique(party[party >= 0])
            ring = following[~self.is_hub[following]].astype(np.int64)

    def _dealings(self, account: int, direction: str) -> list[tuple[int, list[int]]]:
        """Whom an account paid (`to`), or who paid it (`from`), in order, each with the transfers in order of time."""
        side = self._side(direction)
        mine = slice(side.start[account], side.start[account + 1])
        with_whom: dict[int, list[int]] = {}
        for party, position in zip(side.party[mine].tolist(), side.position[mine].tolist(), strict=True):
            if party >= 0:
                with_whom.setdefault(party, []).append(position)
        return sorted(with_whom.items())

    def paths(
        self, account: int, flagged: set[int], *, hops: int, direction: str, time_respecting: bool
    ) -> Iterator[Path]:
        """Paths between an account and flagged ones, shortest first, for each pair of neighbours its best transfer.

        Along the money (`to`), or against it (`from`). Time-respecting paths never go back in time: each
        transfer is the earliest that can follow (or, against the money, the latest that can precede).
        """
        found, looked_at = 0, set()  # type: int, set[int]
        dealings: dict[int, list[tuple[int, list[int]]]] = {}
        frontier: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((account,), ())]
        for ring in self._rings(account, direction, hops):
            looked_at.update(ring.tolist())
            following = []
            for accounts, transfers in frontier:
                here = accounts[-1]
                if here not in looked_at:
                    continue
                if here not in dealings:
                    dealings[here] = self._dealings(here, direction)
                for neighbour, positions in dealings[here]:
                    if neighbour in accounts:
                        continue
                    last = transfers[-1] if transfers else None
                    chosen = _next(positions, last, direction, time_respecting)
                    if chosen is None:
                        continue
                    path = ((*accounts, neighbour), (*transfers, chosen))
                    following.append(path)
                    if neighbour in flagged:
                        yield _along(path, direction)
                        found += 1
            if found >= MAX_PATHS or len(following) >= MAX_TRANSFERS:
                return
            frontier = following


def _without(step: sparse.csr_array, hubs: np.ndarray) -> sparse.csr_array:
    """The same without the columns of hubs."""
    cut = step.tocoo()
    kept = ~hubs[cut.col]
    return sparse.coo_array((cut.data[kept], (cut.row[kept], cut.col[kept])), shape=step.shape).tocsr()


def _next(positions: list[int], last: int | None, direction: str, time_respecting: bool) -> int | None:
    """The transfer to go on with: positions stand in time order, so comparing them compares times."""
    if direction == FORWARD:
        fits = [each for each in positions if last is None or not time_respecting or each > last]
        return fits[0] if fits else None
    fits = [each for each in positions if last is None or not time_respecting or each < last]
    return fits[-1] if fits else None


def _along(path: tuple[tuple[int, ...], tuple[int, ...]], direction: str) -> Path:
    """The path in the direction of the money."""
    accounts, transfers = path
    if direction == FORWARD:
        return Path(accounts[-1], direction, accounts, transfers)
    return Path(accounts[-1], direction, accounts[::-1], transfers[::-1])
