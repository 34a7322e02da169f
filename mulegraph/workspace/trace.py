"""A trace in the ledger's own words: accounts by generation, what is probably still there, and whom to ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import UsageError
from mulegraph.flow.tracing import CONSERVING, METHODS, Trace, backwards, paying, trace
from mulegraph.flow.transfers import Transfers
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema import results
from mulegraph.schema.disclosure import AMOUNT, CURRENCY, NUMBER, OURS, ByKey, Each, Identified, Words, declared
from mulegraph.schema.tables import Mask, minor_exponents
from mulegraph.settings import TraceSettings

POISON = "poison"
MAX_ONLY_POISON = 10_000
"""So many accounts or frontier transfers that nothing but poison reaches are listed; poison alone lists them all."""
MAX_STEPS = 10_000
FORWARD = (
    "Balances are unknown. An account's own money is what was seen coming in since {since} UTC; what it paid beyond"
    " that was its own from before. Whatever else it had leaves more of the traced money there.",
    "fifo: the oldest money is paid out first. haircut: a payment takes the same share of all. libr: own money is"
    " spent first, and later money does not make good what is gone. poison: all that comes after is tainted.",
)
BACK = (
    "Read backwards from the payment: it is taken to have been made of what came in last before it (fifo), of all"
    " that came in alike (haircut), of what paid nothing else (libr), or of anything (poison).",
    "What remains on an account was its own: nothing was seen coming in that could have paid it.",
)


Methods = Annotated[tuple[str, ...], Each(results.METHOD)]


@declared
@dataclass(frozen=True)
class TraceResult:
    """What became of some payments' money, or where it came from (`back`). Amounts are exact decimals of `currency`.

    `accounts` have for each method M the columns `M_in`, `M_out`, `M_remaining`, `frontier` and `steps` `M_amount`;
    `minimum` and `maximum` are over the methods that conserve money. `steps` are the largest transfers that carry
    traced money, those of the frontier included. `only_poison` counts what nothing but poison reaches; `left_out`
    says that it is not listed.
    """

    currency: Annotated[str, CURRENCY]
    back: bool
    methods: Methods
    chosen: Annotated[list[str], Each(results.TRANSFER)]
    traced: Annotated[dict[str, Decimal], ByKey(results.METHOD, AMOUNT)]
    accounts: Annotated[pd.DataFrame, results.TRACED_ACCOUNTS]
    frontier: Annotated[pd.DataFrame, results.TRACED_STEPS]
    steps: Annotated[pd.DataFrame, results.TRACED_STEPS]
    banks: Annotated[pd.DataFrame, results.TRACED_BANKS]
    only_poison: Annotated[dict[str, int], ByKey(Words(("accounts", "frontier")), NUMBER)]
    left_out: bool
    assumptions: Annotated[tuple[str, ...], Each(OURS)]

    def as_object(self) -> dict[str, Any]:
        """What `mulegraph trace --format json` promises; amounts by method and part."""

        def nested(rows: pd.DataFrame, parts: tuple[str, ...]) -> list[dict[str, Any]]:
            return [
                {
                    **{name: value for name, value in row.items() if name.partition("_")[0] not in METHODS},
                    **{method: {part: row[f"{method}_{part}"] for part in parts} for method in self.methods},
                }
                for row in rows.to_dict("records")
            ]

        return {
            "currency": self.currency,
            "direction": "back" if self.back else "forward",
            "methods": list(self.methods),
            "transfers": self.chosen,
            "traced": self.traced,
            "accounts": nested(self.accounts, ("in", "out", "remaining")),
            "frontier": nested(self.frontier, ("amount",)),
            "banks": self.banks.to_dict("records"),
            "only_poison": {**self.only_poison, "left_out": self.left_out},
            "assumptions": list(self.assumptions),
        }


def ranged_methods(methods: tuple[str, ...]) -> tuple[str, ...]:
    """The rules that a range of amounts is over: those asked for that conserve money, or poison if it is alone."""
    return tuple(method for method in methods if method in CONSERVING) or methods


@dataclass(frozen=True)
class Banks:
    """Banks of accounts: `place` are places in `names`, by account number; `own` says whose payments we see."""

    place: np.ndarray
    names: np.ndarray
    own: np.ndarray

    @classmethod
    def of(cls, ledger: Ledger, transfers: Transfers, settings: TraceSettings) -> Banks:
        """Our own banks are those in the settings; where none are named, those whose accounts pay in the ledger.

        Raises UsageError when one is named that has no account here.
        """
        banks = ledger.arrow("accounts", ["bank"]).column(0).combine_chunks().dictionary_encode()
        place, names = banks.indices.to_numpy(), np.array(banks.dictionary.to_pylist(), object)
        unknown = sorted(set(settings.own_banks) - set(names))
        if unknown:
            raise UsageError(
                "mulegraph.toml: trace.own_banks names '{bank}', which has no account in this ledger",
                hint=f"The banks of this ledger are: {', '.join(sorted(names)[:20])}.",
                bank=unknown[0],
            )
        if settings.own_banks:
            seen = np.isin(names, settings.own_banks)
        else:
            seen = np.bincount(place, paying(transfers), len(names)) > 0
        return cls(place, names, seen[place])

    def named(self, accounts: np.ndarray) -> list[str | None]:
        """The banks of accounts by number; none for cash."""
        return [self.names[self.place[each]] if each >= 0 else None for each in accounts.tolist()]


def trace_payments(
    ledger: Ledger,
    transfers: Transfers,
    settings: TraceSettings,
    payments: list[str],
    *,
    back: bool = False,
    methods: tuple[str, ...] = METHODS,
    until: pd.Timestamp | None = None,
    known_since: pd.Timestamp | None = None,
) -> TraceResult:
    """Trace payments by id, all in one pass. `until` ends it; own money counts from `known_since` on.

    Raises UsageError for payments that the ledger does not hold, that are not before `until`, or of several currencies.
    """
    rows, currency = _chosen(ledger, payments)
    banks = Banks.of(ledger, transfers, settings)
    moved = _before(transfers, until)
    moved, since = (backwards(moved), None) if back else (moved, _place(moved, known_since))
    chosen = np.flatnonzero(np.isin(moved.row, rows))
    if len(chosen) < len(rows):
        raise UsageError("a payment to trace is not before --until", hint="Give a later --until.")
    found = trace(moved, chosen, banks.own, since=since)
    listed_accounts, listed_steps, only_poison = _listed(found, methods)
    naming = _Naming(ledger, moved, banks, back, methods, minor_exponents()[currency])
    start = pd.Timestamp(int(moved.at[chosen[0]]), unit="us")
    start = min(start, known_since) if known_since is not None else start
    return TraceResult(
        currency=currency,
        back=back,
        methods=methods,
        chosen=payments,
        traced={method: naming.money(found.traced[METHODS.index(method)]) for method in methods},
        accounts=naming.accounts(found, listed_accounts),
        frontier=naming.steps(found, np.flatnonzero(listed_steps & found.ends)),
        steps=naming.steps(found, _largest(found, listed_steps)),
        banks=naming.by_bank(found),
        only_poison=only_poison,
        left_out=len(listed_accounts) < len(found.account) or bool((found.ends & ~listed_steps).any()),
        assumptions=tuple(each.format(since=f"{start:%Y-%m-%d %H:%M}") for each in (BACK if back else FORWARD)),
    )


def payments_to_trace(
    ledger: Ledger,
    payments: Sequence[str],
    *,
    reports: Sequence[str] = (),
    account: str | None = None,
    since: pd.Timestamp | None = None,
    back: bool = False,
) -> list[str]:
    """Ids of the payments named, those of victims' reports, and all that an account paid (back: received) since then.

    Raises UsageError for a report that is not in the ledger, and where an account paid nothing.
    """
    chosen = list(payments)
    if reports:
        table = ledger.arrow("reports", ["report_id", "transfer_id"])
        known = dict(zip(table["report_id"].to_pylist(), table["transfer_id"].to_pylist(), strict=True))
        for report in reports:
            if report not in known:
                raise UsageError(
                    "report '{report}' is not in the ledger",
                    hint="Give its id as it stands in reports.csv.",
                    report=report,
                )
            chosen.append(known[report])
    if account is not None:
        moved = ledger.between(since, None)
        own, other = (moved.target, moved.source) if back else (moved.source, moved.target)
        mine = moved.filter((own == account) & ((other != account) | other.isnull()))
        found = mine.order_by([mine["at"], mine.transfer_id]).transfer_id.to_pandas().tolist()
        if not found:
            raise UsageError(
                "account '{account}' {did} nothing since then",
                hint="See --since.",
                account=Identified(account, Mask.ACCOUNT),
                did="received" if back else "paid",
            )
        chosen += found
    return list(dict.fromkeys(chosen))


def _chosen(ledger: Ledger, payments: list[str]) -> tuple[np.ndarray, str]:
    """Row numbers and the currency of payments by id."""
    found = ledger.row_of(payments)
    missing = [each for each in payments if each not in found]
    if missing or not payments:
        what = "transfer '{transfer}' is not in the ledger" if missing else "there is no payment to trace"
        hint = "Give transfer ids as they stand in transfers.csv."
        raise UsageError(what, hint=hint, transfer=missing[0] if missing else "")
    rows = np.array(sorted(found.values()), np.int64)
    currencies = sorted(pc.unique(ledger.rows_of(rows, ["currency"])["currency"]).to_pylist())
    if len(currencies) > 1:
        raise UsageError(
            "the payments are in {currencies}",
            hint="Trace payments of one currency at a time.",
            currencies=" and ".join(currencies),
        )
    return rows, currencies[0]


def _before(transfers: Transfers, until: pd.Timestamp | None) -> Transfers:
    if until is None:
        return transfers
    end = _place(transfers, until)
    columns = ("row", "source", "target", "amount", "at")
    return replace(transfers, **{name: getattr(transfers, name)[:end] for name in columns})


def _place(transfers: Transfers, at: pd.Timestamp | None) -> int | None:
    """The first position that is not before a time."""
    return (
        None
        if at is None
        else int(np.searchsorted(transfers.at, at.to_datetime64().astype("datetime64[us]").astype(np.int64)))
    )


def _listed(found: Trace, methods: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """What is listed: places of accounts, a mask of steps; and how many of either nothing but poison reaches."""
    only, conserving = found.only_poison, [METHODS.index(method) for method in CONSERVING]
    carried = np.asarray((found.carried[:, conserving] > 0).any(axis=1))
    count = {"accounts": int(only.sum()), "frontier": int((found.ends & ~carried).sum())}
    if methods == (POISON,) or (POISON in methods and max(count.values()) <= MAX_ONLY_POISON):
        return np.arange(len(found.account)), np.ones(len(found.step), np.bool_), count
    return np.flatnonzero(~only), np.asarray(carried), count


def _largest(found: Trace, listed: np.ndarray) -> np.ndarray:
    """The steps that carry most, in order of that."""
    conserving = [METHODS.index(method) for method in CONSERVING]
    carried = np.where(listed, found.carried[:, conserving].max(axis=1, initial=0), -1)
    return np.argsort(-carried, kind="stable")[: min(MAX_STEPS, int(listed.sum()))]


@dataclass(frozen=True)
class _Naming:
    """Puts a trace into the ledger's words."""

    ledger: Ledger
    transfers: Transfers
    banks: Banks
    back: bool
    methods: tuple[str, ...]
    places: int

    def money(self, minor: Any) -> Decimal:
        """Minor units as an exact decimal."""
        return Decimal(int(minor)).scaleb(-self.places)

    def accounts(self, found: Trace, listed: np.ndarray) -> pd.DataFrame:
        """One row an account, by generation, then by what is there at most."""
        account = found.account[listed]
        columns: dict[str, Any] = {
            "account": self.ledger.account_ids.take(pa.array(account)).to_pylist(),
            "bank": self.banks.named(account),
            "generation": found.generation[listed],
        }
        conserving = [METHODS.index(method) for method in self._ranged]
        left = found.left[listed][:, conserving]
        columns["minimum"], columns["maximum"] = self._all(left.min(axis=1)), self._all(left.max(axis=1))
        columns["dead_end"] = (found.went[listed][:, conserving] == 0).all(axis=1)
        for method in self.methods:
            number = METHODS.index(method)
            for part, amounts in (("in", found.came), ("out", found.went), ("remaining", found.left)):
                columns[f"{method}_{part}"] = self._all(amounts[listed, number])
        frame = pd.DataFrame(columns)
        order = np.lexsort((columns["account"], -left.max(axis=1), found.generation[listed]))
        return frame.iloc[order].reset_index(drop=True)

    def steps(self, found: Trace, listed: np.ndarray) -> pd.DataFrame:
        """One row a transfer that carries traced money; `bank` is whom to ask, null inside our sight and for cash."""
        position, ends = found.step[listed], found.ends[listed]
        rows = self.ledger.rows_of(
            self.transfers.row[position], ["transfer_id", "source", "target", "channel", "place"]
        )
        carried = found.carried[listed]
        conserving = carried[:, [METHODS.index(method) for method in self._ranged]]
        far = np.where(ends, self.transfers.target[position], -1)
        columns: dict[str, Any] = {
            "transfer": rows["transfer_id"].to_pylist(),
            "bank": self.banks.named(far),
            "at": pd.to_datetime(self.transfers.at[position], unit="us"),
            "generation": found.hop[listed],
            **{name: rows[name].to_pylist() for name in ("source", "target", "channel", "place")},
            "minimum": self._all(conserving.min(axis=1, initial=2**62)),
            "maximum": self._all(conserving.max(axis=1, initial=0)),
        }
        for method in self.methods:
            columns[f"{method}_amount"] = self._all(carried[:, METHODS.index(method)])
        return pd.DataFrame(columns)

    def by_bank(self, found: Trace) -> pd.DataFrame:
        """What is probably still there by bank, the most first; over the methods that conserve money."""
        place = self.banks.place[found.account]
        sums = {}
        for bank in np.unique(place).tolist():
            left = found.left[place == bank][:, [METHODS.index(method) for method in self._ranged]].sum(axis=0)
            sums[self.banks.names[bank]] = (int(left.min()), int(left.max()))
        ordered = sorted(sums.items(), key=lambda each: (-each[1][1], each[0]))
        rows = [(bank, self.money(low), self.money(high)) for bank, (low, high) in ordered if high]
        return pd.DataFrame(rows, columns=["bank", "minimum", "maximum"])

    @property
    def _ranged(self) -> tuple[str, ...]:
        """Methods that minimum and maximum are over."""
        return ranged_methods(self.methods)

    def _all(self, minor: np.ndarray) -> list[Decimal]:
        return [Decimal(each).scaleb(-self.places) for each in minor.tolist()]
