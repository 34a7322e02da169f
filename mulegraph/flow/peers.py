"""Unlike its peers: how few accounts of the same kind receive and pay as much, as often, to and from as many.

Ranks, not distances: sums are spread over six powers of ten, and a rank needs no scale. −ln of the share of peers
with at least as much is what a rule that counts can say at most (under no difference it has the mean one). The
aggregates are alike (who pays often pays many), so that their mean is taken, and not their sum: nine of them say no
more than one. Half of the mean is how many transfers there are at all: where launderers are only busy, that alone tells
them, and eight others beside it would drown it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from mulegraph.flow.by_account import Side, TransfersByAccount
from mulegraph.ledger.ledger import Ledger

UNKNOWN_KIND = "unknown"
AGGREGATES = (
    "transfers",
    "transfers received",
    "sum received",
    "payers",
    "largest receipt",
    "transfers paid",
    "sum paid",
    "payees",
    "largest payment",
)


@dataclass(frozen=True)
class Peers:
    """Every account, by number, beside those of its kind and currency.

    `group` numbers kind and currency, `size` how many of the group have any transfer. `share[a, i]` is the share of
    them whose aggregate i is at least as large as account a's, `nats[a]` the mean of −ln of these, half of it of the
    first: 1 on average, and 0 for an account without transfers.
    """

    group: np.ndarray
    size: np.ndarray
    share: np.ndarray
    nats: np.ndarray


def beside_peers(ledger: Ledger, sides: TransfersByAccount) -> Peers:
    """Rank every account among those of its kind and currency; amounts of two currencies are never compared."""
    received = _aggregates(sides.receipts, sides.distinct_payers)
    paid = _aggregates(sides.payments, sides.distinct_payees)
    transfers = received[0] + paid[0]
    return ranked(groups_of(ledger), np.stack([transfers, *received, *paid], axis=1), transfers > 0)


def groups_of(ledger: Ledger) -> np.ndarray:
    """By account the number of its kind and currency; −1 where one of them is unknown."""
    known = ledger.arrow("accounts", ["kind", "currency"])
    names = pc.binary_join_element_wise(known["kind"].cast("string"), known["currency"].cast("string"), " ")
    group = pc.fill_null(names.combine_chunks().dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)
    return np.asarray(group.astype(np.int64))


def of_unknown_kind(ledger: Ledger) -> np.ndarray:
    """By account, whether its kind is not known although that of others is: an account at a bank that sends us none.

    It may be a shop, of whose customers we see a few. Where no kind is known at all, nobody is apart.
    """
    unknown = pc.equal(ledger.arrow("accounts", ["kind"])["kind"].cast("string"), UNKNOWN_KIND)
    mask = pc.fill_null(unknown, True).combine_chunks().to_numpy(zero_copy_only=False)
    return mask if not mask.all() else np.zeros(len(mask), bool)


def tells_kinds(ledger: Ledger) -> bool:
    """Whether the ledger knows people from firms: at least two kinds of accounts are known."""
    known = set(pc.unique(ledger.arrow("accounts", ["kind"])["kind"].cast("string")).to_pylist())
    return len(known - {UNKNOWN_KIND, None}) > 1


def ranked(group: np.ndarray, aggregates: np.ndarray, active: np.ndarray) -> Peers:
    """Shares and nats of the active accounts, a row each, among those of their group."""
    share = np.ones(aggregates.shape)
    size = np.zeros(len(group), np.int64)
    for each in np.unique(group[active]):
        mine = np.flatnonzero(active & (group == each))
        size[mine] = len(mine)
        for column in range(aggregates.shape[1]):
            values = aggregates[mine, column]
            order = np.argsort(values)
            # Where each run of equal values begins: a search for each value waits for memory at every step.
            begins = np.flatnonzero(np.diff(values[order], prepend=values[order[0]] - 1))
            lower = np.repeat(begins, np.diff(begins, append=len(mine)))
            share[mine[order], column] = 1 - lower / len(mine)
    said = -np.log(share)
    return Peers(group, size, share, (said[:, 0] + said[:, 1:].mean(axis=1)) / 2)


def _aggregates(side: Side, others: np.ndarray) -> list[np.ndarray]:
    """How many, their sum, how many others, and the largest, by account."""
    count = np.diff(side.start)
    total = np.concatenate([[0], np.cumsum(side.amount)])
    largest = np.zeros(len(count), np.int64)
    some = np.flatnonzero(count)
    if len(some):
        largest[some] = np.maximum.reduceat(side.amount, side.start[some])
    return [count, np.diff(total[side.start]), others.astype(np.int64), largest]
