"""A trace in the ledger's own words: accounts by generation, what is probably still there, and whom to ask."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from mulegraph.flow.tracing import CONSERVING, METHODS
from mulegraph.lazy import pandas as pd
from mulegraph.schema import results
from mulegraph.schema.disclosure import AMOUNT, CURRENCY, NUMBER, TEXT, ByKey, Each, Words, declared

POISON = "poison"
UNBOOKED, OVERDRAFT = "unbooked", "overdraft"
"""Ends that are no transfers: what a balance shows to be gone, and what an overdrawn account owed its bank."""

Methods = Annotated[tuple[str, ...], Each(results.METHOD)]


@declared
@dataclass(frozen=True)
class TracedIn:
    """Where traced money of one `currency` is. Amounts are exact decimals of it, and money of two is never added up.

    `chosen` are the payments that were asked about, or (`by_exchange`) those that brought it into this currency.

    `accounts` have for each method M the columns `M_in`, `M_out`, `M_remaining`, `frontier` and `steps` `M_amount`;
    `minimum` and `maximum` are over the methods that conserve money, `lowest` and `highest` of accounts also over every
    opening balance that is not known. `frontier` are transfers to where we cannot see, `stopped` those where the trace
    was told to stop, `returned` those that gave a chosen payment back: what they carried and did not come back;
    `exchanged` are those that went on in another currency, and what came of it there.
    `seen_again` are payments to our accounts from those beyond our sight, after traced money had reached them: at most
    `most` of each may be it, and it is in no sum. `steps` are the largest transfers that carry traced money, those
    of the trace's ends included, and all that they carried. `sums` adds up, by method: traced = still there + cash
    + left our sight + returned + stopped + exchanged, less what came back by exchange.
    """

    currency: Annotated[str, CURRENCY]
    by_exchange: bool
    back: bool
    methods: Methods
    chosen: Annotated[list[str], Each(results.TRANSFER)]
    traced: Annotated[dict[str, Decimal], ByKey(results.METHOD, AMOUNT)]
    accounts: Annotated[pd.DataFrame, results.TRACED_ACCOUNTS]
    frontier: Annotated[pd.DataFrame, results.TRACED_STEPS]
    stopped: Annotated[pd.DataFrame, results.TRACED_STEPS]
    returned: Annotated[pd.DataFrame, results.TRACED_STEPS]
    exchanged: Annotated[pd.DataFrame, results.TRACED_EXCHANGES]
    seen_again: Annotated[pd.DataFrame, results.TRACED_AGAIN]
    steps: Annotated[pd.DataFrame, results.TRACED_STEPS]
    steps_left_out: int
    banks: Annotated[pd.DataFrame, results.TRACED_BANKS]
    sums: Annotated[pd.DataFrame, results.TRACED_SUMS]

    def as_object(self) -> dict[str, Any]:
        """The part of the money's JSON that every currency has."""
        return {
            "currency": self.currency,
            "by_exchange": self.by_exchange,
            "direction": "back" if self.back else "forward",
            "methods": list(self.methods),
            "transfers": self.chosen,
            "traced": self.traced,
            "accounts": self._nested(self.accounts, ("in", "out", "remaining")),
            "frontier": self._nested(self.frontier, ("amount",)),
            "stopped": self._nested(self.stopped, ("amount",)),
            "returned": self._nested(self.returned, ("amount",)),
            "exchanged": self.exchanged.to_dict("records"),
            "seen_again": self.seen_again.to_dict("records"),
            "steps": self._nested(self.steps, ("amount",)),
            "steps_left_out": self.steps_left_out,
            "banks": self.banks.to_dict("records"),
            "sums": self.sums.to_dict("records"),
        }

    def _nested(self, rows: pd.DataFrame, parts: tuple[str, ...]) -> list[dict[str, Any]]:
        """Rows with amounts by method and part."""
        made = []
        for row in rows.to_dict("records"):
            made.append(
                {
                    **{name: value for name, value in row.items() if name.partition("_")[0] not in METHODS},
                    **{method: {part: row[f"{method}_{part}"] for part in parts} for method in self.methods},
                }
            )
        return made


@declared
@dataclass(frozen=True)
class TraceResult(TracedIn):
    """What became of some payments' money, or where it came from (`back`), in the currency that they were paid in.

    `others` is what became of it in other currencies, one each: `traced` is what came of it by exchange. `only_poison`
    counts what nothing but poison reaches; `left_out` says that it is not listed. Accounts of `several_currencies` paid
    in another one from money that the ledger does not show coming in: some of it may have been exchanged without a
    payment that says so.
    """

    only_poison: Annotated[dict[str, int], ByKey(Words(("accounts", "frontier")), NUMBER)]
    left_out: bool
    several_currencies: Annotated[list[str], Each(results.ACCOUNT)]
    assumptions: Annotated[tuple[str, ...], Each(TEXT)]
    others: list[TracedIn]

    @property
    def in_currencies(self) -> list[TracedIn]:
        """All of it, a currency at a time, the payments' own first."""
        return [self, *self.others]

    def in_currency(self, currency: str) -> TracedIn | None:
        """What of it is in this currency."""
        return next((each for each in self.in_currencies if each.currency == currency), None)

    @property
    def reached(self) -> set[str]:
        """Accounts that traced money came to, in any currency."""
        return set[str]().union(*(each.accounts["account"] for each in self.in_currencies))

    def as_object(self) -> dict[str, Any]:
        """What `mulegraph trace --format json` promises; amounts by method and part."""
        return {
            **super().as_object(),
            "only_poison": {**self.only_poison, "left_out": self.left_out},
            "several_currencies": self.several_currencies,
            "assumptions": list(self.assumptions),
            "others": [each.as_object() for each in self.others],
        }


def ranged_methods(methods: tuple[str, ...]) -> tuple[str, ...]:
    """The rules that a range of amounts is over: those asked for that conserve money, or poison if it is alone."""
    return tuple(method for method in methods if method in CONSERVING) or methods
