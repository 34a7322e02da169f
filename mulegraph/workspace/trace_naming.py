"""A trace in the ledger's words: numbers and positions become accounts, transfers, banks and exact amounts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from mulegraph.flow.matching import NOBODY, Transfers
from mulegraph.flow.tracing import CONSERVED, CONSERVING, METHODS, Bounds, Trace
from mulegraph.flow.tracing_pass import BEYOND, LATE, MOVED, OVERDRAFT, RETURNED, SHOP, SMALL, SWEEP, UNBOOKED, WAGES
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.choices import CASH_CHANNELS
from mulegraph.schema.results import ENDS
from mulegraph.workspace.own_banks import OwnBanks

MAX_STEPS = 10_000
INSIDE, BANK, CASH, NO_ACCOUNT = ENDS[:4]
END_OF_KIND = {
    MOVED: INSIDE,
    BEYOND: BANK,
    UNBOOKED: "unbooked",
    OVERDRAFT: "overdraft",
    RETURNED: "returned",
    SHOP: "shop",
    WAGES: "wages",
    SWEEP: "own sweep",
    SMALL: "small",
    LATE: "late",
}


@dataclass(frozen=True)
class Naming:
    """Puts a trace into the ledger's words. `balances_at` are times of known balances, `openings` what accounts held
    before the ledger's first transfer, at least or (`known`) exactly."""

    ledger: Ledger
    transfers: Transfers
    banks: OwnBanks
    back: bool
    methods: tuple[str, ...]
    places: int
    balances_at: np.ndarray

    def money(self, minor: Any) -> Decimal:
        """Minor units as an exact decimal."""
        return Decimal(int(minor)).scaleb(-self.places)

    def accounts(self, found: Trace, listed: np.ndarray, between: Bounds, known: np.ndarray) -> pd.DataFrame:
        """One row an account, by generation, then by what is there at most."""
        account = found.account[listed]
        left = found.left[listed][:, [METHODS.index(method) for method in self.ranged]]
        went = found.went[listed][:, [METHODS.index(method) for method in self.ranged]]
        columns: dict[str, Any] = {
            "account": self.ledger.account_ids.take(pa.array(account)).to_pylist(),
            "bank": self.banks.named(account),
            "generation": found.generation[listed],
            "minimum": self._all(left.min(axis=1)),
            "maximum": self._all(left.max(axis=1)),
            "lowest": self._all(np.minimum(between.lowest[account], left.min(axis=1))),
            "highest": self._all(np.maximum(between.highest[account], left.max(axis=1))),
            "balance_known": known[account],
            "dead_end": (went == 0).all(axis=1),
        }
        for method in self.methods:
            number = METHODS.index(method)
            for part, amounts in (("in", found.came), ("out", found.went), ("remaining", found.left)):
                columns[f"{method}_{part}"] = self._all(amounts[listed, number])
        frame = pd.DataFrame(columns)
        order = np.lexsort((columns["account"], -left.max(axis=1), found.generation[listed]))
        return frame.iloc[order].reset_index(drop=True)

    def steps(self, found: Trace, listed: np.ndarray, amounts: np.ndarray) -> pd.DataFrame:
        """One row a transfer that carries traced money; `amounts` are what its columns say, by step and method.

        `bank` is whom to ask, null inside our sight and for cash. What a balance shows to be gone is no transfer.
        """
        position, kind = found.step[listed], found.kind[listed]
        is_row = position >= 0
        place = np.maximum(position, 0)
        rows = self.ledger.rows_of(
            self.transfers.row[place], ["transfer_id", "source", "target", "at", "channel", "place"]
        )
        texts = {name: np.array(rows[name].to_pylist(), object) for name in rows.column_names if name != "at"}
        for column in texts.values():
            column[~is_row] = None
        at = rows["at"].to_numpy().astype("datetime64[us]").copy()
        at[~is_row] = self.balances_at[-1 - position[~is_row]]
        holder = self.ledger.account_ids.take(pa.array(np.maximum(found.holder[listed], 0))).to_pylist()
        own = ~is_row | (kind == OVERDRAFT)
        texts["source"][own] = np.array(holder, object)[own]
        texts["target"][own] = None
        far = np.where(kind == BEYOND, self.transfers.target[place], NOBODY)
        taken = amounts[listed]
        ranged = taken[:, [METHODS.index(method) for method in self.ranged]]
        columns: dict[str, Any] = {
            "transfer": texts["transfer_id"],
            "bank": self.banks.named(far),
            "end": self._ends(kind, far, texts["channel"]),
            "at": pd.to_datetime(at),
            "generation": found.hop[listed],
            **{name: texts[name] for name in ("source", "target", "channel", "place")},
            "minimum": self._all(ranged.min(axis=1, initial=2**62)),
            "maximum": self._all(ranged.max(axis=1, initial=0)),
        }
        for method in self.methods:
            columns[f"{method}_amount"] = self._all(taken[:, METHODS.index(method)])
        return pd.DataFrame(columns)

    @staticmethod
    def _ends(kind: np.ndarray, far: np.ndarray, channel: np.ndarray) -> list[str]:
        """Where each step leads to."""
        ends = []
        for each, bank, how in zip(kind.tolist(), far.tolist(), channel, strict=True):
            end = END_OF_KIND[each]
            if end == BANK and bank == NOBODY:
                end = CASH if how in CASH_CHANNELS else NO_ACCOUNT
            ends.append(end)
        return ends

    def by_bank(self, found: Trace) -> pd.DataFrame:
        """What is probably still there by bank, the most first; over the methods that conserve money."""
        place = self.banks.place[found.account]
        sums = {}
        for bank in np.unique(place).tolist():
            left = found.left[place == bank][:, [METHODS.index(method) for method in self.ranged]].sum(axis=0)
            sums[self.banks.names[bank]] = (int(left.min()), int(left.max()))
        ordered = sorted(sums.items(), key=lambda each: (-each[1][1], each[0]))
        rows = [(bank, self.money(low), self.money(high)) for bank, (low, high) in ordered if high]
        return pd.DataFrame(rows, columns=["bank", "minimum", "maximum"])

    def sums(self, found: Trace) -> pd.DataFrame:
        """By method that conserves money: what was traced, and where all of it is, to the minor unit."""
        channel = np.full(len(found.step), None, object)
        beyond = np.flatnonzero((found.kind == BEYOND) & (self.transfers.target[np.maximum(found.step, 0)] == NOBODY))
        if len(beyond):
            rows = self.ledger.rows_of(self.transfers.row[found.step[beyond]], ["channel"])
            channel[beyond] = np.array(rows["channel"].to_pylist(), object)
        cash = np.isin(channel, CASH_CHANNELS)
        parts = {
            "cash": cash,
            "left_our_sight": found.ends & ~cash,
            "returned": found.kind == RETURNED,
            "stopped": found.stops,
        }
        columns: dict[str, Any] = {"method": list(self._conserving)}
        places = [METHODS.index(method) for method in self._conserving]
        columns["traced"] = self._all(found.traced[places])
        columns["still_there"] = self._all(found.left[:, places].sum(axis=0))
        for name, which in parts.items():
            columns[name] = self._all(found.net[which][:, places].sum(axis=0))
        return pd.DataFrame(columns)

    @property
    def _conserving(self) -> tuple[str, ...]:
        return tuple(method for method in self.methods if method in CONSERVING)

    @property
    def ranged(self) -> tuple[str, ...]:
        """Methods that minimum and maximum are over: those asked for that conserve money, or poison if it is alone."""
        return self._conserving or self.methods

    def _all(self, minor: np.ndarray) -> list[Decimal]:
        return [Decimal(each).scaleb(-self.places) for each in minor.tolist()]


def listed(found: Trace, methods: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Places of accounts, a mask of steps; and how many of either nothing but poison reaches, which are not named."""
    only = found.only_poison
    carried = np.asarray((found.carried[:, CONSERVED] > 0).any(axis=1))
    count = {"accounts": int(only.sum()), "frontier": int((found.ends & ~carried).sum())}
    if methods == ("poison",):
        return np.arange(len(found.account)), np.ones(len(found.step), np.bool_), count
    return np.flatnonzero(~only), carried, count


def largest(found: Trace, which: np.ndarray) -> np.ndarray:
    """The steps that carry most, in order of that."""
    carried = np.where(which, found.carried[:, CONSERVED].max(axis=1, initial=0), -1)
    return np.argsort(-carried, kind="stable")[: min(MAX_STEPS, int(which.sum()))]
