"""Links to flagged accounts: who is within a few transfers of a listed account, and by which path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mulegraph.flow.by_account import TransfersByAccount, distinct_partners
from mulegraph.lazy import networkx as nx
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

    def moved(self, account: int, direction: str) -> np.ndarray:
        """Positions of the transfers out of (`to`) or into (`from`) an account, in time order; none of cash."""
        side = self.sides.payments if direction == FORWARD else self.sides.receipts
        mine = slice(side.start[account], side.start[account + 1])
        return np.asarray(side.position[mine][side.party[mine] >= 0])

    def around(self, account: int, direction: str, hops: int) -> nx.MultiDiGraph[int]:
        """Transfers within `hops` of an account along the money (`to`) or against it, keyed by position."""
        graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
        graph.add_node(account)
        ring = [account]
        for hop in range(hops):
            following: set[int] = set()
            for member in ring:
                if hop and self.is_hub[member]:
                    continue
                positions = self.moved(member, direction)
                source, target = self.transfers.source[positions], self.transfers.target[positions]
                graph.add_edges_from(zip(source.tolist(), target.tolist(), positions.tolist(), strict=True))
                following.update((target if direction == FORWARD else source).tolist())
                if graph.number_of_edges() > MAX_TRANSFERS:
                    return graph
            ring = sorted(following)
        return graph

    def paths(
        self, account: int, flagged: set[int], *, hops: int, direction: str, time_respecting: bool
    ) -> Iterator[Path]:
        """Paths between an account and flagged ones, shortest first, for each pair of neighbours its best transfer.

        Along the money (`to`), or against it (`from`). Time-respecting paths never go back in time: each
        transfer is the earliest that can follow (or, against the money, the latest that can precede).
        """
        graph = self.around(account, direction, hops)
        view = graph if direction == FORWARD else graph.reverse(copy=False)
        found = 0
        frontier: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((account,), ())]
        for _ in range(hops):
            following = []
            for accounts, transfers in frontier:
                if len(transfers) and self.is_hub[accounts[-1]]:
                    continue
                for neighbour in sorted(view.successors(accounts[-1])):
                    if neighbour in accounts:
                        continue
                    last = transfers[-1] if transfers else None
                    chosen = _next(sorted(view[accounts[-1]][neighbour]), last, direction, time_respecting)
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
