"""Whether the money of a case that was put aside has moved on from the accounts that it was on then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import UsageError
from mulegraph.flow.tracing import CONSERVING
from mulegraph.journal.case_states import Left, Watch
from mulegraph.journal.state import CaseState
from mulegraph.lazy import pandas as pd
from mulegraph.settings import TraceSettings
from mulegraph.workspace.trace import OVERDRAFT, TracedIn, TraceResult
from mulegraph.workspace.trace_payments import Following, Source, Times, trace_payments

WITHOUT_END = 0
"""A case may be put aside for longer than a trace follows money."""
NOTHING = Left({}, [])


@dataclass(frozen=True)
class MoneyWatch:
    """What puts a case on watch, and says what became of its money since; `source` is made where it is needed."""

    source: Callable[[], Source]
    settings: TraceSettings

    def begin(self, payments: list[str], but: Iterable[str] = ()) -> Watch | None:
        """What to wait for: the accounts on which the money of these payments is, and by what it left them so far.

        None where none is anywhere. Accounts in `but` are not waited for.
        """
        found = self._traced(payments)
        parts = found.in_currencies if found is not None else []
        there = {name for part in parts for name in part.accounts["account"][part.accounts["maximum"] > 0]}
        accounts = sorted(there - set(but))
        if not accounts:
            return None
        known = sorted({key for part in parts for key, _, _ in _left(part, accounts)})
        return {"payments": sorted(payments), "accounts": accounts, "transfers": known, "rows": self._rows(accounts)}

    def left(self, watch: Watch, state: CaseState) -> Left:
        """What moved on from the watched accounts since, in a file that came late, too, and by what payments.

        Payments that somebody put into the case since count from their begin.
        """
        payments = sorted((set(watch["payments"]) | set(state.opened_with)) - set(state.left_out))
        is_same = payments == watch["payments"]
        let_go = {*state.removed, *(name for name, how in state.disposed.items() if how in ("innocent", "victim"))}
        accounts = sorted(set(watch["accounts"]) - let_go)
        # Most nights nothing moved, and then nothing is traced.
        if is_same and self._rows(watch["accounts"]) == watch["rows"]:
            return NOTHING
        found = self._traced(payments)
        if found is None:
            return NOTHING
        amounts, moved = dict[str, str](), list[str]()
        for part in found.in_currencies:
            whose = accounts if is_same else sorted(set(part.accounts["account"]) - let_go)
            new = [each for each in _left(part, whose) if each[0] not in watch["transfers"]]
            if new:
                # The same money may leave one watched account for another, and that one, too.
                most = min(sum((amount for _, amount, _ in new), Decimal(0)), max(part.traced.values()))
                amounts[part.currency] = str(most)
                moved += [key for key, _, is_payment in new if is_payment]
        return Left(amounts, sorted(set(moved)))

    def _traced(self, payments: list[str]) -> TraceResult | None:
        """The trace of those of the payments that the ledger holds: a load may have been taken back."""
        source = self._source
        here = sorted(source.ledger.row_of(payments))
        if not here:
            return None
        following = Following(WITHOUT_END, self.settings.min_share)
        try:
            return trace_payments(source, here, following, Times(), methods=tuple(CONSERVING))
        except UsageError:  # of two currencies, which only a case from before can have
            return None

    def _rows(self, accounts: list[str]) -> int:
        """How many payments the accounts made, and how many balances are known of them."""
        ledger = self._source.ledger
        made = self._made[ledger.account_numbers(accounts)].sum()
        if not ledger.rows("balances"):
            return int(made)
        known = ledger.arrow("balances", ["account_id"])["account_id"]
        of = pa.array(ledger.account_numbers_of(known))
        return int(made) + int(pc.sum(pc.is_in(of, value_set=pa.array(ledger.account_numbers(accounts)))).as_py() or 0)

    @cached_property
    def _source(self) -> Source:
        return self.source()

    @cached_property
    def _made(self) -> np.ndarray:
        """Payments by account number."""
        order = self._source.order.transfers
        payer = self._source.sub.accounts_of(order.source)
        return np.bincount(payer[payer >= 0], minlength=len(self._source.ledger.account_ids))


def _left(part: TracedIn, accounts: list[str]) -> list[tuple[str, Decimal, bool]]:
    """Steps by which money left these accounts: what each is called, its amount at most, and if it is a payment.

    What an account exchanges on itself stays with it. A balance may show that money is gone without a payment, or
    that it repaid an overdraft when it came.
    """
    steps = part.steps
    away = (steps["source"] != steps["target"]) & (steps["maximum"] > 0) & steps["source"].isin(accounts)
    found = []
    is_chosen = steps["transfer"].isin(part.chosen) & (steps["end"] != OVERDRAFT)
    for row in steps[away & ~is_chosen].to_dict("records"):
        is_payment = isinstance(row["transfer"], str) and row["end"] != OVERDRAFT
        key = row["transfer"] if is_payment else f"{row['end']} {pd.Timestamp(row['at']).isoformat()}"
        found.append((key, row["maximum"], is_payment))
    return found
