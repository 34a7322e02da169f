"""Chains in the ledger's own words: ids of transfers and accounts, amounts and times."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.flow.layering import Flow
from mulegraph.ledger.ledger import Ledger
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
        ("first_at", ARROW_TYPE[Kind.TIME]),
        ("last_at", ARROW_TYPE[Kind.TIME]),
    ]
)
"""One row a chain, best first. `accounts` has one more than `transfers`; `network` is null below the threshold."""


@dataclass(frozen=True)
class NamedChains:
    """All chains as a table in `CHAINS`, and the default threshold in nats (infinite: none is sure enough)."""

    table: pa.Table
    threshold: float

    @property
    def above(self) -> pa.Table:
        """Those that reach the default threshold."""
        return self.table.filter(pc.greater_equal(self.table["surprise"], self.threshold))


def name_chains(ledger: Ledger, flow: Flow) -> NamedChains:
    """Look every chain's transfers up in the ledger."""
    chains = flow.chains
    position, first = chains.position, chains.start[:-1]
    last = chains.start[1:] - 1
    columns = ["transfer_id", "amount", "currency", "at"]
    rows = ledger.rows_of(flow.transfers.row[position], columns)
    ids = rows["transfer_id"].combine_chunks()
    names = _chain_ids(ids, chains.start)
    networks = flow.networks(flow.threshold)[position[first]]
    network_names = dict(zip(*_network_names(networks, names), strict=True))
    table = pa.table(
        [
            names,
            flow.surprise,
            flow.false_share,
            pa.array([network_names.get(number) for number in networks.tolist()], pa.string()),
            pa.ListArray.from_arrays(pa.array(chains.start, pa.int32()), ids),
            _account_lists(ledger, flow),
            rows["amount"].take(pa.array(first)),
            rows["amount"].take(pa.array(last)),
            rows["currency"].take(pa.array(first)),
            rows["at"].take(pa.array(first)),
            rows["at"].take(pa.array(last)),
        ],
        schema=CHAINS,
    )
    return NamedChains(table, flow.threshold)


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


def _account_lists(ledger: Ledger, flow: Flow) -> pa.ListArray:
    """For each chain the payer of its first transfer, then the receiver of each."""
    chains, transfers = flow.chains, flow.transfers
    lengths = np.diff(chains.start) + 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    size = len(ledger.account_ids)
    numbers = np.full(int(offsets[-1]), size + 1, np.int64)
    others = np.ones(len(numbers), bool)
    others[offsets[:-1]] = False
    payers = transfers.source[chains.position[chains.start[:-1]]]
    receivers = transfers.target[chains.position]
    numbers[offsets[:-1]] = np.where(payers < 0, size, payers)
    numbers[others] = np.where(receivers < 0, size + 1, receivers)
    ids = pa.concat_arrays([ledger.account_ids, pa.array([CASH_IN, CASH_OUT], pa.string())])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), ids.take(pa.array(numbers)))
