"""Payments' money followed through the ledger, or back to where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

import numpy as np
import pyarrow as pa

from mulegraph.errors import UsageError
from mulegraph.flow.balances import KnownBalances, find_pools
from mulegraph.flow.dated_payments import DayOrder, unsure_accounts
from mulegraph.flow.sub_accounts import SubAccounts
from mulegraph.flow.tracing import METHODS, Bounds, Limits, Returns, Terms, Trace, bounds, trace
from mulegraph.flow.tracing_account import EXCHANGED, RETURNED
from mulegraph.flow.transfers import DAY, Transfers
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.disclosure import Identified
from mulegraph.schema.language import later, tr
from mulegraph.schema.tables import Mask, minor_exponents
from mulegraph.workspace.own_banks import OwnBanks
from mulegraph.workspace.trace import TracedIn, TraceResult
from mulegraph.workspace.trace_currencies import Part, by_currency, currency_of, in_doubt
from mulegraph.workspace.trace_naming import MAX_STEPS, Naming, largest, listed
from mulegraph.workspace.trace_seen_again import Wanted, seen_again
from mulegraph.workspace.trace_terms import (
    innocent_stops,
    known_balances,
    known_returns,
    returning_rows,
    shop_stops,
    victim_stops,
)

FORWARD = (
    later(
        "An account held what a known balance says, and otherwise at least what the ledger proves: enough for all that"
        " it paid. 'At least' and 'at most' are over the rules, at that opening; 'whatever it held before' is over"
        " every opening balance that is not known as well: with more money of its own, more of the traced money is"
        " there still."
    ),
    later(
        "fifo: the oldest money is paid out first. haircut: a payment takes the same share of all. libr: own money is"
        " spent first, and later money does not make good what is gone. poison: all that comes after is tainted."
    ),
)
BACK = (
    later(
        "Read backwards from the payment: it is taken to have been made of what came in first of what was not yet paid"
        " on (fifo), of all that came in alike (haircut), of what paid nothing else (libr), or of anything (poison)."
    ),
    later("What remains on an account was its own: nothing was seen coming in that could have paid it."),
)
INNOCENT = later(
    "It stops at shops and banks' own accounts, at firms that pay wages and at the wages, where a firm pays itself, and"
    " back at who reported a payment of it; --through follows on."
)
DATED = later(
    "Of some transfers only the day is known: they may have been made at any time of it. The figures take the order in"
    " which nothing is still there that may have left; 'whatever it held before' holds for every order."
)


@dataclass(frozen=True)
class Following:
    """How far a trace follows: `days` after the last payment that it was asked for (0: without end), and nothing that
    carries less than `at_least` (None: a share of what is traced); `through` where innocent explanations fit, too."""

    days: int
    min_share: float
    at_least: Decimal | None = None
    through: bool = False


@dataclass(frozen=True)
class Times:
    """A trace ends before `until`; own money counts from `known_since` on, or else from the ledger's first transfer."""

    until: pd.Timestamp | None = None
    known_since: pd.Timestamp | None = None


@dataclass(frozen=True)
class Source:
    """What a trace reads: the ledger, its transfers in their order, and whose payments they are.

    Accounts in `order` are divided by currency: `sub` says how. `order` may lack payments of the ledger from
    `differs_from` on, as if accounts had been held then. What accounts
    held before is what the ledger itself proves of them, and later balances do not count.
    `returning` are its `returning_rows`, where somebody has read them before.
    """

    ledger: Ledger
    order: DayOrder
    sub: SubAccounts
    banks: OwnBanks
    differs_from: pd.Timestamp | None = None
    real: DayOrder | None = None
    returning: np.ndarray | None = None


def trace_payments(
    source: Source,
    payments: list[str],
    following: Following,
    times: Times,
    *,
    back: bool = False,
    methods: tuple[str, ...] = METHODS,
) -> TraceResult:
    """Trace payments by id, all in one pass. Back, everything is followed to the ledger's begin.

    Raises UsageError for payments that the ledger does not hold, that are not before `until`, or of several currencies.
    """
    ledger = source.ledger
    order, sub = source.order, source.sub
    banks = source.banks.divided(sub.account)
    rows = _chosen(ledger, payments)
    proof = (source.real or order).transfers
    balances, balances_at = known_balances(ledger, proof, sub)
    moved = order.transfers
    end = len(moved) if times.until is None else _place(moved, times.until)
    since = 0 if times.known_since is None else _place(moved, times.known_since)
    if back:
        order = order.before(end).backwards()
        moved, balances = order.transfers, _within(balances, end).backwards(end)
    chosen = np.flatnonzero(np.isin(moved.row[: end if not back else None], rows))
    if len(chosen) < len(rows):
        raise UsageError("a payment to trace is not before --until", hint="Give a later --until.")
    code = currency_of(moved, chosen, sub)
    places = minor_exponents()[sub.names[code]]
    first = int(chosen[0])
    pools = find_pools(moved if back else proof, first, since=min(since, first), balances=balances)
    if not back:
        known_until = end if source.differs_from is None else min(end, _place(moved, source.differs_from))
        pools = replace(pools, later=_within(pools.later, known_until))
        order = order.before(end)
        moved = order.transfers
    terms = Terms(pools)
    if not back:
        rows = source.returning if source.returning is not None else returning_rows(ledger)
        returns = _returns_before(known_returns(rows, source.order.transfers), end)
        limits = _limits(moved, chosen, following, places)
        if sub.divides:
            limits = replace(limits, any_sum=sub.currency != code)
        terms = Terms(pools, returns, limits)
    if back or following.through:
        found = trace(moved, chosen, banks.seen, terms)
    else:
        found, terms = _stopping(source, moved, chosen, terms)
    between = _bounds(order, chosen, banks, found, terms)
    doubted = ledger.account_ids.take(pa.array(in_doubt(found, moved, sub, pools, first))).to_pylist()
    asked = _Asked(source, moved, methods, back, balances_at, terms.limits, pools.known, between)
    first_part, *more = by_currency(found, moved, sub, code)
    others = [_in_currency(asked, each, None) for each in more]
    accounts, steps, only_poison = listed(found, methods)
    naming = asked.naming(code)
    return TraceResult(
        **vars(_in_currency(asked, first_part, payments)),
        only_poison=only_poison,
        left_out=len(accounts) < len(found.account) or bool((found.ends & ~steps).any()),
        several_currencies=sorted(doubted),
        assumptions=_assumptions(source, following, times, terms.limits.least, naming) + _currencies(doubted, others),
        others=[each for each in others if any(each.traced.values())],
    )


@dataclass(frozen=True)
class _Asked:
    """What a trace was asked for, and what it went by; `known` and `between` are by number of sub-accounts."""

    source: Source
    moved: Transfers
    methods: tuple[str, ...]
    back: bool
    balances_at: np.ndarray
    limits: Limits
    known: np.ndarray
    between: Bounds

    def naming(self, code: int) -> Naming:
        """Puts what was found in one currency into the ledger's words."""
        source, sub = self.source, self.source.sub
        banks = source.banks.divided(sub.account)
        return Naming(source.ledger, self.moved, sub, banks, self.back, self.methods, code, self.balances_at)


def _in_currency(asked: _Asked, part: Part, payments: list[str] | None) -> TracedIn:
    """What was found in one currency; of `payments`, or else of what was exchanged into it."""
    found, source = part.found, asked.source
    naming = asked.naming(part.currency)
    accounts, steps, _ = listed(found, asked.methods)
    rows = naming.read(found, steps)
    by_exchange = payments is None
    if payments is None:
        came = part.came[steps[part.came]]
        payments = list(dict.fromkeys(rows.texts["transfer_id"][came].tolist()))

    def frame(which: np.ndarray, amounts: np.ndarray) -> pd.DataFrame:
        return naming.steps(found, rows, which, amounts)

    wanted = _wanted(naming.currency, naming.places, asked.limits, asked.back)
    if by_exchange:
        wanted = replace(wanted, least=0)
    moved = source.sub.by_account(asked.moved)
    return TracedIn(
        currency=naming.currency,
        by_exchange=by_exchange,
        back=asked.back,
        methods=asked.methods,
        chosen=payments,
        traced={method: naming.money(found.traced[METHODS.index(method)]) for method in asked.methods},
        accounts=naming.accounts(found, accounts, asked.between, asked.known),
        frontier=frame(np.flatnonzero(steps & found.ends), found.net),
        stopped=frame(np.flatnonzero(steps & found.stops), found.net),
        returned=frame(np.flatnonzero(steps & (found.kind == RETURNED)), found.net),
        exchanged=naming.exchanges(found, rows, np.flatnonzero(steps & (found.kind == EXCHANGED))),
        seen_again=seen_again(source.ledger, moved, source.banks, found, wanted),
        steps=frame(largest(found, steps), found.carried),
        steps_left_out=max(0, int(steps.sum()) - MAX_STEPS),
        banks=naming.by_bank(found),
        sums=naming.sums(found, rows.ends, part.came_back),
    )


@dataclass(frozen=True)
class PaymentsOf:
    """All that an account paid (`back`: received) between two times."""

    account: str
    since: pd.Timestamp | None = None
    until: pd.Timestamp | None = None
    back: bool = False


def payments_to_trace(
    ledger: Ledger, payments: Sequence[str], *, reports: Sequence[str] = (), of: PaymentsOf | None = None
) -> list[str]:
    """Ids of the payments named, of those of victims' reports, and of an account's.

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
    if of is not None:
        moved = ledger.between(of.since, of.until)
        own, other = (moved.target, moved.source) if of.back else (moved.source, moved.target)
        mine = moved.filter((own == of.account) & ((other != of.account) | other.isnull()))
        found = mine.order_by([mine["at"], mine.transfer_id]).transfer_id.to_pandas().tolist()
        if not found:
            raise UsageError(
                "account '{account}' {did} nothing {when}",
                hint="See --since and --until.",
                account=Identified(of.account, Mask.ACCOUNT),
                did="received" if of.back else "paid",
                when="between these times" if of.until is not None else "since then",
            )
        chosen += found
    return list(dict.fromkeys(chosen))


def _chosen(ledger: Ledger, payments: list[str]) -> np.ndarray:
    """Row numbers of payments by id."""
    found = ledger.row_of(payments)
    missing = [each for each in payments if each not in found]
    if missing or not payments:
        what = "transfer '{transfer}' is not in the ledger" if missing else "there is no payment to trace"
        hint = "Give transfer ids as they stand in transfers.csv."
        raise UsageError(what, hint=hint, transfer=missing[0] if missing else "")
    return np.array(sorted(found.values()), np.int64)


def _stopping(source: Source, moved: Transfers, chosen: np.ndarray, terms: Terms) -> tuple[Trace, Terms]:
    """Trace as far as innocent explanations let it; once more, where they explain an account that was reached."""
    sub = source.sub
    seen, between = source.banks.seen[sub.account], sub.by_account(moved)
    stop = shop_stops(source.ledger, between, chosen)
    terms = replace(terms, limits=replace(terms.limits, stop=stop))
    found = trace(moved, chosen, seen, terms)
    reached = replace(found, account=sub.accounts_of(found.account))
    more = innocent_stops(source.ledger, between, reached, chosen, stop)
    code = currency_of(moved, chosen, sub)
    more = victim_stops(source.ledger, between, sub, found, chosen, more, code)
    carries = found.step[found.step >= 0]
    if (more[carries] == stop[carries]).all():
        return found, terms
    terms = replace(terms, limits=replace(terms.limits, stop=more))
    return trace(moved, chosen, seen, terms), terms


def _assumptions(source: Source, following: Following, times: Times, least: int, naming: Naming) -> tuple[str, ...]:
    """What a reader must know of the figures, in sentences."""
    if naming.back:
        return (*map(tr, BACK), source.banks.assumption)
    said = [*map(tr, FORWARD)]
    if times.known_since is not None:
        said.append(tr("What came before {at} UTC does not count.", at=f"{times.known_since:%Y-%m-%d %H:%M}"))
    said.append(source.banks.assumption)
    until = tr("to the end")
    if following.days:
        until = tr("until {n:day|days} after the last payment traced", n=following.days)
    followed = tr("Money is followed {until}.", until=until)
    if least:
        small = later("Money is followed {until}, and no transfer that carries under {amount}.")
        followed = tr(small, until=until, amount=str(naming.money(least)))
    said.append(followed if following.through else f"{followed} {tr(INNOCENT)}")
    if source.order.dated is not None:
        said.append(tr(DATED))
    return tuple(said)


def _currencies(doubted: list[str], others: list[TracedIn]) -> tuple[str, ...]:
    """What a reader must know of money in several currencies."""
    said = []
    if others:
        text = later("What was exchanged goes on in {currencies}; sums of two currencies are never added up.")
        said.append(tr(text, currencies=", ".join(each.currency for each in others)))
    if doubted:
        text = later(
            "NOT SURE: {n:account|accounts} of this trace paid in another currency, from money that the ledger does not"
            " show coming in. What is said to be still there may have been exchanged without a payment that says so."
        )
        said.append(tr(text, n=len(doubted)))
    return tuple(said)


def _limits(moved: Transfers, chosen: np.ndarray, following: Following, places: int) -> Limits:
    last = len(moved)
    if following.days:
        last = int(np.searchsorted(moved.at, moved.at[chosen[-1]] + following.days * DAY, side="right"))
    if following.at_least is not None:
        least = int((following.at_least.scaleb(places)).to_integral_value(ROUND_CEILING))
    else:
        least = int(following.min_share * int(moved.amount[chosen].sum()))
    return Limits(None, last, least)


def _wanted(currency: str, places: int, limits: Limits, back: bool) -> Wanted:
    """Payments that come back into our sight, within what is followed; a trace back asks where money came from."""
    return Wanted(currency, places, 0 if back else limits.last, limits.least)


def _bounds(order: DayOrder, chosen: np.ndarray, banks: OwnBanks, found: Trace, terms: Terms) -> Bounds:
    moved = order.transfers
    reached = np.zeros(moved.accounts, np.bool_)
    reached[found.account[~found.only_poison]] = True
    unsure = unsure_accounts(order, int(chosen[0]), reached)
    return bounds(moved, chosen, banks.seen, found, terms, day=order.day, unsure=unsure)


def _returns_before(found: Returns, end: int) -> Returns:
    """Returns among the transfers before a position."""
    return Returns(found.given[found.given < end], found.original[found.given < end])


def _within(balances: KnownBalances, end: int) -> KnownBalances:
    kept = balances.position <= end
    return KnownBalances(*(column[kept] for column in balances))


def _place(transfers: Transfers, at: pd.Timestamp) -> int:
    """The first position that is not before a time."""
    return int(np.searchsorted(transfers.at, at.to_datetime64().astype("datetime64[us]").astype(np.int64)))
