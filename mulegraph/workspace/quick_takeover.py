"""Take-overs (T1) among the accounts that have just paid, by the sign's own code over their rows alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.flow.flow_on import Changes
from mulegraph.flow.places import Places
from mulegraph.flow.transfers import Transfers
from mulegraph.lazy import ibis
from mulegraph.ledger.ledger import Ledger, amounts
from mulegraph.ledger.part import PartLedger
from mulegraph.ledger.statistics import only_value
from mulegraph.schema.tables import ARROW_TYPE, Kind
from mulegraph.settings import Settings
from mulegraph.signs.base import Sign
from mulegraph.signs.found import Found, as_found, run_sign
from mulegraph.signs.inputs import SignInputs

SIGN = "T1"
WITHIN = "within_hours"
"""The sign's threshold: a payment so long after a device event may be its drain."""
DIGITS = 12


def find_takeovers(
    ledger: Ledger, settings: Settings, sign: Sign, transfers: Transfers, changes: Changes, places: Places
) -> Found:
    """What the sign finds of accounts that the changes touch and that a device was used for within its hours before.

    It looks at each account by itself, so that their rows are all it needs. What older events lead to by now, such as
    where a usual payment has become smaller, is left to a look at the whole ledger.
    """
    if sign.missing(ledger) or changes.first >= len(transfers):
        return as_found(sign, pa.table({}))
    changed = settings.signs.get(sign.code, {})
    since = _time(int(transfers.at[changes.first])) - timedelta(hours=changed.get(WITHIN, sign.thresholds[WITHIN]))
    use = ledger.table("device_use")
    used = use.filter(use["at"] >= ibis.timestamp(since.isoformat())).select("account_id").distinct().to_pyarrow()
    number = ledger.account_numbers_of(used["account_id"])
    chosen = np.zeros(transfers.accounts, np.bool_)
    chosen[number[number >= 0]] = True
    chosen &= changes.touched
    accounts = ledger.account_ids.take(pa.array(np.flatnonzero(chosen)))
    if not len(accounts):
        return as_found(sign, pa.table({}))
    theirs = places.in_order(transfers, chosen)
    part = PartLedger(ledger, accounts, _rows(ledger, transfers.only(theirs)))
    found = run_sign(sign, SignInputs(part, settings), changed)
    return Found(_with_ids(ledger, found.findings), found.facts)


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).replace(tzinfo=None)


def _rows(ledger: Ledger, transfers: Transfers) -> pa.Table:
    """Transfers as the ledger has them, with the row for an id: both give the same order, and only the row is known."""
    currency = pa.repeat(pa.scalar(only_value(ledger.paths("transfers"), "currency"), pa.string()), len(transfers))
    ends = [_ids(ledger, ends) for ends in (transfers.source, transfers.target)]
    numbers = pc.utf8_lpad(pa.array(transfers.row).cast(pa.string()), DIGITS, "0")
    return pa.table(
        {
            "transfer_id": numbers,
            "source": ends[0],
            "target": ends[1],
            "amount": amounts(transfers.amount, currency),
            "currency": currency,
            "at": pa.array(transfers.at, ARROW_TYPE[Kind.TIME]),
        }
    )


def _ids(ledger: Ledger, numbers: np.ndarray) -> pa.Array:
    return ledger.account_ids.take(pa.array(numbers, mask=numbers < 0))


def _with_ids(ledger: Ledger, findings: pa.Table) -> pa.Table:
    """The findings with ids of transfers in the place of rows, in the order of the ids."""
    lists = findings["evidence"].combine_chunks()
    rows = pc.list_flatten(lists).cast(pa.int64()).to_numpy()
    ids = ledger.rows_of(rows, ["transfer_id"])["transfer_id"].combine_chunks()
    of = pc.list_parent_indices(lists)
    order = pc.sort_indices(pa.table({"of": of, "id": ids}), [("of", "ascending"), ("id", "ascending")])
    ends = np.cumsum(np.concatenate([[0], pc.list_value_length(lists).to_numpy()]))
    named = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), ids.take(order))
    return findings.set_column(findings.schema.get_field_index("evidence"), findings.schema.field("evidence"), named)
