"""What the kernels find in the ledger's own words: ids of transfers and accounts, amounts and times."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.flow.bursts import positions_between
from mulegraph.flow.by_account import lists_of
from mulegraph.flow.habits import Moved
from mulegraph.flow.layering import Flow
from mulegraph.flow.transfers import Transfers
from mulegraph.ledger.ledger import Ledger, amounts, decimals
from mulegraph.ledger.statistics import only_value
from mulegraph.schema.tables import ARROW_TYPE, CASH_IN, CASH_OUT, Kind

CHAINS = pa.schema(
    [
        ("chain", pa.string()),
        ("surprise", pa.float64()),
        ("expected_false_share", pa.float64()),
        ("network", pa.string()),
        ("transfers", pa.list_(pa.string())),
        ("accounts", pa.list_(pa.string())),
        ("amount_in", ARROW_TYPE[Kind.AMOUNT]),
        ("amount_out", ARROW_TYPE[Kind.AMOUNT]),
        ("currency", pa.string()),
        ("currency_out", pa.string()),
        ("first_at", ARROW_TYPE[Kind.TIME]),
        ("last_at", ARROW_TYPE[Kind.TIME]),
    ]
)
"""One row a chain, best first. `accounts` has one more than `transfers`; `network` is null below the threshold.

`currency` is that of `amount_in`, `currency_out` that of `amount_out`, as it was paid.
"""


@dataclass(frozen=True)
class NamedChains:
    """All chains as a table in `CHAINS`, and the default threshold in nats (infinite: none is sure enough)."""

    table: pa.Table
    threshold: float

    @property
    def above(self) -> pa.Table:
        """Those that reach the default threshold."""
        return self.table.filter(pc.greater_equal(self.table["surprise"], self.threshold))


@dataclass(frozen=True)
class KnownIds:
    """Ids of some transfers of a flow, by position, ascending: a ledger's ids are half of it, and slow to read."""

    position: np.ndarray
    ids: pa.Array

    @classmethod
    def of(cls, flow: Flow, chains: NamedChains) -> KnownIds:
        """Those of the transfers of all chains."""
        position, first = np.unique(flow.chains.position, return_index=True)
        return cls(position, pc.list_flatten(chains.table["transfers"].combine_chunks()).take(pa.array(first)))

    def before(self, until: int) -> KnownIds:
        """Those before a position, from which on transfers may be others than they were."""
        count = int(np.searchsorted(self.position, self.position.dtype.type(until)))
        return KnownIds(self.position[:count], self.ids[:count])

    def rows_of(self, ledger: Ledger, transfers: Transfers, position: np.ndarray) -> pa.Table:
        """Id, amount, currency and time of the transfers at these positions, in one currency: others' ids are read."""
        is_known = np.isin(position, self.position)
        place = np.searchsorted(self.position, position)
        others = ledger.rows_of(transfers.row[position[~is_known]], ["transfer_id"])["transfer_id"].combine_chunks()
        place[~is_known] = len(self.position) + np.arange(len(others))
        code = only_value(ledger.paths("transfers"), "currency")
        currency = pa.repeat(pa.scalar(code, pa.string()), len(position))
        return pa.table(
            {
                "transfer_id": pa.concat_arrays([self.ids, others]).take(pa.array(place)),
                "amount": amounts(transfers.amount[position], currency),
                "currency": currency,
                "at": pa.array(transfers.at[position], ARROW_TYPE[Kind.TIME]),
            }
        )


def name_chains(
    ledger: Ledger, flow: Flow, chosen: np.ndarray | None = None, known: KnownIds | None = None
) -> NamedChains:
    """Look every chain's transfers up in the ledger; of the `chosen` ones alone (numbers, ascending), if given.

    What is `known` is not read again, of a ledger in one currency.
    """
    networks = flow.told_networks[flow.chains.position[flow.chains.start[:-1]]]
    wanted = np.arange(len(flow.chains)) if chosen is None else _with_namesakes(networks, chosen)
    table = _named(ledger, flow, wanted, networks[wanted], known)
    if chosen is not None:
        table = table.take(pa.array(np.searchsorted(wanted, chosen)))
    return NamedChains(table, flow.threshold)


def _with_namesakes(networks: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The chosen chains, and those that their networks are named after."""
    numbers, best = np.unique(networks, return_index=True)
    theirs = best[np.searchsorted(numbers, networks[chosen])]
    return np.union1d(chosen, theirs[networks[chosen] >= 0])


def _named(ledger: Ledger, flow: Flow, wanted: np.ndarray, networks: np.ndarray, known: KnownIds | None) -> pa.Table:
    position, start = lists_of(flow.chains.position, flow.chains.start, wanted)
    first, last = start[:-1], start[1:] - 1
    if known is None:
        rows = ledger.rows_of(flow.transfers.row[position], ["transfer_id", "amount", "currency", "at"])
    else:
        rows = known.rows_of(ledger, flow.transfers, position)
    ids = rows["transfer_id"].combine_chunks()
    names = _chain_ids(ids, start)
    network_names = dict(zip(*_network_names(networks, names), strict=True))
    return pa.table(
        [
            names,
            flow.surprise[wanted],
            flow.false_share[wanted],
            pa.array([network_names.get(number) for number in networks.tolist()], pa.string()),
            pa.ListArray.from_arrays(pa.array(start, pa.int32()), ids),
            _account_lists(ledger, flow.transfers, position, start),
            rows["amount"].take(pa.array(first)),
            rows["amount"].take(pa.array(last)),
            rows["currency"].take(pa.array(first)),
            rows["currency"].take(pa.array(last)),
            rows["at"].take(pa.array(first)),
            rows["at"].take(pa.array(last)),
        ],
        schema=CHAINS,
    )


def _chain_ids(transfer_ids: pa.Array, start: np.ndarray) -> pa.Array:
    """A chain is named by its transfers, so that it has the same name every night."""
    ids = transfer_ids.to_pylist()
    pairs = zip(start[:-1].tolist(), start[1:].tolist(), strict=True)
    return pa.array([_digest(" ".join(ids[low:high])) for low, high in pairs], pa.string())


def _digest(text: str) -> str:
    return "CH-" + hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _network_names(networks: np.ndarray, names: pa.Array) -> tuple[list[int], list[str]]:
    """A layering network is named after its most surprising chain."""
    numbers, best = np.unique(networks, return_index=True)
    named = [name.replace("CH-", "LN-") for name in names.take(pa.array(best)).to_pylist()]
    return [int(each) for each in numbers if each >= 0], named[int((numbers < 0).sum()) :]


def _account_lists(ledger: Ledger, transfers: Transfers, position: np.ndarray, start: np.ndarray) -> pa.ListArray:
    """For each chain the payer of its first transfer, then the receiver of each."""
    lengths = np.diff(start) + 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    size = len(ledger.account_ids)
    numbers = np.full(int(offsets[-1]), size + 1, np.int64)
    others = np.ones(len(numbers), bool)
    others[offsets[:-1]] = False
    payers = transfers.source[position[start[:-1]]]
    receivers = transfers.target[position]
    numbers[offsets[:-1]] = np.where(payers < 0, size, payers)
    numbers[others] = np.where(receivers < 0, size + 1, receivers)
    ids = pa.concat_arrays([ledger.account_ids, pa.array([CASH_IN, CASH_OUT], pa.string())])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), ids.take(pa.array(numbers)))


@dataclass(frozen=True)
class Stretch:
    """Some accounts' transfers from one position to another, both counted: three arrays of one length."""

    account: np.ndarray
    first: np.ndarray
    last: np.ndarray


def name_stretches(
    ledger: Ledger, transfers: Transfers, moved: Moved, stretch: Stretch, *, largest: int | None = None
) -> pa.Table:
    """What each account received in its stretch, from when to when, and its transfers, or only the `largest` so many.

    Columns: subject_id, amount (null: it received nothing), currency (the first of several), first_at, last_at,
    evidence. Each stretch must hold a transfer.
    """
    sides = [positions_between(side, stretch.account, stretch.first, stretch.last) for side in moved[:2]]
    number = np.concatenate([np.repeat(np.arange(len(start) - 1), np.diff(start)) for _, start in sides])
    position = np.concatenate([found for found, _ in sides])
    order = np.lexsort((position, number))
    is_receipt = (np.arange(len(position)) >= len(sides[0][0]))[order]
    number, position = number[order], position[order]
    start = sides[0][1] + sides[1][1]
    rows = ledger.rows_of(transfers.row[position], ["transfer_id", "currency", "at"])
    worth = transfers.amount[position] * (moved.units[position] if len(moved.units) > 1 else moved.units[0])
    at = rows["at"].cast("int64").to_numpy()
    received = _by_stretch(np.add, np.where(is_receipt, worth, 0), start)
    amount = pc.if_else(pa.array(received > 0), decimals(received), None)
    currency = rows["currency"].combine_chunks().dictionary_encode()
    by_name = currency.dictionary.take(pc.sort_indices(currency.dictionary))
    code = pc.index_in(currency.dictionary, value_set=by_name).to_numpy()[currency.indices.to_numpy()]
    times = [pa.array(_by_stretch(least, at, start), ARROW_TYPE[Kind.TIME]) for least in (np.minimum, np.maximum)]
    evidence = _evidence(rows["transfer_id"].combine_chunks(), number, worth, largest)
    subject, currencies = ledger.account_ids.take(pa.array(stretch.account)), by_name.take(_by_code(code, start))
    names = ["subject_id", "amount", "currency", "first_at", "last_at", "evidence"]
    return pa.table([subject, amount, currencies, *times, evidence], names=names)


def _by_code(code: np.ndarray, start: np.ndarray) -> pa.Array:
    return pa.array(_by_stretch(np.minimum, code, start))


def _by_stretch(ufunc: np.ufunc, values: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The values of each stretch taken together; `reduceat` would give an empty ledger an error."""
    return np.asarray(ufunc.reduceat(values, start[:-1])) if len(start) > 1 else values[:0]


def _evidence(ids: pa.Array, number: np.ndarray, worth: np.ndarray, largest: int | None) -> pa.ListArray:
    """The ids of each number, sorted; where `largest` is given only those of the largest amounts, ties by id."""
    by_id = np.empty(len(ids), np.int64)
    by_id[pc.sort_indices(ids).to_numpy()] = np.arange(len(ids))
    order = np.lexsort((by_id, number))
    if largest is not None:
        ranked = np.lexsort((by_id, -worth, number))
        place = np.arange(len(ranked)) - np.searchsorted(number[ranked], number[ranked])
        order = ranked[place < largest]
        order = order[np.lexsort((by_id[order], number[order]))]
    count = int(number.max()) + 1 if len(number) else 0
    start = np.searchsorted(number[order], np.arange(count + 1))
    return pa.ListArray.from_arrays(pa.array(start, pa.int32()), ids.take(pa.array(order)))
