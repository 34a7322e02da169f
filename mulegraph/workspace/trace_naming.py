"""A trace in the ledger's words: numbers and positions become accounts, transfers, banks and exact amounts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from mulegraph.flow.sub_accounts import SubAccounts
from mulegraph.flow.tracing import CONSERVED, CONSERVING, METHODS, Bounds, Trace
from mulegraph.flow.tracing_account import (
    BEYOND,
    EXCHANGED,
    LATE,
    MOVED,
    OVERDRAFT,
    RETURNED,
    SHOP,
    SMALL,
    SWEEP,
    UNBOOKED,
    VICTIM,
    WAGES,
)
from mulegraph.flow.transfers import NOBODY, NOT_EXCHANGED, Transfers
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.choices import CASH_CHANNELS
from mulegraph.schema.results import ENDS, TRACED_EXCHANGES
from mulegraph.schema.tables import minor_exponents
from mulegraph.workspace.own_banks import OwnBanks
from mulegraph.workspace.trace import ranged_methods

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
    EXCHANGED: "exchanged",
    VICTIM: "victim",
}


@dataclass(frozen=True)
class StepRows:
    """Of a trace's steps: the ledger's columns, times, account at a bank to ask (−1: none), and where they lead to."""

    texts: dict[str, np.ndarray]
    at: np.ndarray
    far: np.ndarray
    ends: np.ndarray


@dataclass(frozen=True)
class Naming:
    """Puts a trace in one currency, the one at place `code` of `sub`, into the ledger's words.

    `balances_at` are the times of known balances.
    """

    ledger: Ledger
    transfers: Transfers
    sub: SubAccounts
    banks: OwnBanks
    back: bool
    methods: tuple[str, ...]
    code: int
    balances_at: np.ndarray

    @property
    def currency(self) -> str:
        """Its code."""
        return self.sub.names[self.code]

    @property
    def places(self) -> int:
        """Decimal places of its amounts."""
        return minor_exponents()[self.currency]

    def money(self, minor: Any) -> Decimal:
        """Minor units as an exact decimal."""
        return Decimal(int(minor)).scaleb(-self.places)

    def accounts(self, found: Trace, listed: np.ndarray, between: Bounds, known: np.ndarray) -> pd.DataFrame:
        """One row an account, by generation, then by what is there at most."""
        account = found.account[listed]
        left = found.left[listed][:, [METHODS.index(method) for method in self.ranged]]
        went = found.went[listed][:, [METHODS.index(method) for method in self.ranged]]
        columns: dict[str, Any] = {
            "account": self._ids(account),
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

    def read(self, found: Trace, listed: np.ndarray) -> StepRows:
        """What the ledger holds of the steps in this mask, in one look: files of many days take long to open."""
        position = found.step
        is_row = listed & (position >= 0)
        names = ["transfer_id", "source", "target", "at", "channel", "place"]
        rows = self.ledger.rows_of(self.transfers.row[position[is_row]], names)
        texts = {name: np.full(len(position), None, object) for name in names if name != "at"}
        for name, column in texts.items():
            column[is_row] = rows[name].to_pylist()
        # As in the table of accounts: a virtual number holds no money, the account behind it does.
        for name in ("source", "target"):
            texts[name][is_row] = self._settled_ids(rows[name])
        at = np.zeros(len(position), "datetime64[us]")
        at[is_row] = rows["at"].to_numpy().astype("datetime64[us]")
        gone = listed & (position < 0)
        at[gone] = self.balances_at[-1 - position[gone]]
        # What is gone by a balance, and what repays an overdraft, leaves an account and comes to none that we know.
        own = np.flatnonzero(gone | (listed & (found.kind == OVERDRAFT)))
        texts["source"][own] = self._ids(found.holder[own])
        texts["target"][own] = None
        far = np.where((found.kind == BEYOND) & is_row, self.transfers.target[np.maximum(position, 0)], NOBODY)
        return StepRows(texts, at, far, self._ends(found.kind, far, texts["channel"]))

    def _settled_ids(self, ids: pa.ChunkedArray) -> list[str | None]:
        """Ids of the accounts that money for the given ones ends on; none for none."""
        numbers = self.ledger.settling_numbers_of(ids)
        found: list[str | None] = self.ledger.account_ids.take(pa.array(numbers, mask=numbers < 0)).to_pylist()
        return found

    def steps(self, found: Trace, rows: StepRows, listed: np.ndarray, amounts: np.ndarray) -> pd.DataFrame:
        """One row a transfer that carries traced money; `amounts` are what its columns say, by step and method.

        `bank` is whom to ask, null inside our sight and for cash; `whole` is all that the transfer moved. What a
        balance shows to be gone is no transfer.
        """
        taken = amounts[listed]
        ranged = taken[:, [METHODS.index(method) for method in self.ranged]]
        columns: dict[str, Any] = {
            "transfer": rows.texts["transfer_id"][listed],
            "bank": self.banks.named(rows.far[listed]),
            "end": rows.ends[listed],
            "at": pd.to_datetime(rows.at[listed]),
            "generation": found.hop[listed],
            **{name: rows.texts[name][listed] for name in ("source", "target", "channel", "place")},
            "whole": self._all(np.maximum(self._moved(found.step[listed]), ranged.max(axis=1, initial=0))),
            "minimum": self._all(ranged.min(axis=1, initial=2**62)),
            "maximum": self._all(ranged.max(axis=1, initial=0)),
        }
        for method in self.methods:
            columns[f"{method}_amount"] = self._all(taken[:, METHODS.index(method)])
        return pd.DataFrame(columns)

    def exchanges(self, found: Trace, rows: StepRows, listed: np.ndarray) -> pd.DataFrame:
        """One row a payment by which traced money went on in another currency, and what came of it there."""
        conserving = [METHODS.index(method) for method in self.ranged]
        carried, arrived = found.carried[listed][:, conserving], found.arrived[listed][:, conserving]
        into = [self.sub.names[each] for each in self.sub.currency[self.transfers.target[found.step[listed]]].tolist()]
        places = minor_exponents()
        columns: dict[str, Any] = {
            "transfer": rows.texts["transfer_id"][listed],
            "at": pd.to_datetime(rows.at[listed]),
            **{name: rows.texts[name][listed] for name in ("source", "target")},
            "minimum": self._all(carried.min(axis=1, initial=2**62)),
            "maximum": self._all(carried.max(axis=1, initial=0)),
            "into": into,
        }
        for name, amounts in (("minimum", arrived.min(axis=1, initial=2**62)), ("maximum", arrived.max(axis=1))):
            exact = zip(amounts.tolist(), into, strict=True)
            columns[f"arrived_{name}"] = [Decimal(each).scaleb(-places[code]) for each, code in exact]
        return pd.DataFrame(columns, columns=list(TRACED_EXCHANGES.fields))

    def _moved(self, step: np.ndarray) -> np.ndarray:
        """What transfers moved in this currency; of what is no transfer nothing."""
        moved, row = self.transfers, np.maximum(step, 0)
        amount = moved.amount[row]
        if moved.arrived is not None:
            payee = moved.target[row]
            comes = (moved.arrived[row] != NOT_EXCHANGED) & (payee >= 0) & (self.sub.currency[payee] == self.code)
            amount = np.where(comes, moved.arrived[row], amount)
        return np.where(step >= 0, amount, 0)

    def _ids(self, numbers: np.ndarray) -> list[str]:
        """Ids of accounts by number of their sub-accounts."""
        found: list[str] = self.ledger.account_ids.take(pa.array(self.sub.accounts_of(numbers))).to_pylist()
        return found

    @staticmethod
    def _ends(kind: np.ndarray, far: np.ndarray, channel: np.ndarray) -> np.ndarray:
        """Where each step leads to."""
        ends = np.array(list(END_OF_KIND.values()), object)[kind]
        nobody = (kind == BEYOND) & (far == NOBODY)
        ends[nobody] = np.where(np.isin(channel[nobody].astype(str), CASH_CHANNELS), CASH, NO_ACCOUNT)
        return np.asarray(ends)

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

    def sums(self, found: Trace, ends: np.ndarray, came_back: np.ndarray) -> pd.DataFrame:
        """By method that conserves money: what was traced, and where all of it is, to the minor unit.

        `came_back` is by method what came back by exchange of what was exchanged.
        """
        cash = ends == CASH
        parts = {
            "cash": cash,
            "left_our_sight": found.ends & ~cash,
            "returned": found.kind == RETURNED,
            "stopped": found.stops,
            "exchanged": found.kind == EXCHANGED,
        }
        columns: dict[str, Any] = {"method": list(self._conserving)}
        places = [METHODS.index(method) for method in self._conserving]
        columns["traced"] = self._all(found.traced[places])
        columns["still_there"] = self._all(found.left[:, places].sum(axis=0))
        for name, which in parts.items():
            amounts = found.net[which][:, places].sum(axis=0)
            columns[name] = self._all(amounts - came_back[places] if name == "exchanged" else amounts)
        return pd.DataFrame(columns)

    @property
    def _conserving(self) -> tuple[str, ...]:
        return tuple(method for method in self.methods if method in CONSERVING)

    @property
    def ranged(self) -> tuple[str, ...]:
        """Methods that minimum and maximum are over: those asked for that conserve money, or poison if it is alone."""
        return ranged_methods(self.methods)

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
