"""What would have been kept had a case's accounts been held at each moment: replayed, moment by moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from mulegraph.casework.case_money import case_trace, moves_of, stolen_of
from mulegraph.casework.claims import NOTHING, Move, mostly_traced, victims_of
from mulegraph.casework.closed_accounts import closed_before
from mulegraph.casework.hold_replay import bounds, kept, replayed
from mulegraph.errors import UsageError
from mulegraph.lazy import pandas as pd
from mulegraph.schema.disclosure import CURRENCY, Each, declared, record_of
from mulegraph.workspace.questions import AccountId, Word, question
from mulegraph.workspace.workspace import Workspace

AFTER_MINUTES = (0, 15, 30, 60, 120, 240, 480, 1_440, 2_880, 10_080)
"""Moments of the case's clock, since its first and its last payment: recovery schemes set deadlines around them."""
MAX_EVENTS = 40
"""Moments of one account's clock: after each of its first payments."""


@declared
@dataclass(frozen=True)
class Kept:
    """What a hold at a moment would have kept by the ledger's end, over the rules; `share` of it is the least.

    `left_out` are accounts that only payments of mostly others' money had reached by then: none of them is held.
    """

    at: datetime
    after_minutes: int
    kept_least: Decimal
    kept_most: Decimal
    share: float
    accounts: int
    currency: Annotated[str, CURRENCY]
    left_out: int


@question(Each(record_of(Kept)))
def hold_clock(space: Workspace, case: Word, *, account: AccountId | None = None) -> list[Kept]:
    """The case's clock, with all accounts held that traced money had reached by then; or one account's own.

    Only accounts that a payment brought of which half is traced count as reached: nobody holds a shop for one mule's
    shopping. A row a moment and currency, the stolen money's own first. Raises UsageError for an account that the
    case's money did not reach.
    """
    found = case_trace(space, case)
    every = [each for part in found.in_currencies for each in moves_of(space, part) if each.payee]
    moves = [each for each in every if mostly_traced(each)]
    start = min(each.at for each in moves)
    stolen = {part.currency: stolen_of(part) for part in found.in_currencies}
    victims = victims_of(moves, ())
    if account is None:
        # What was stolen weeks after the first payment has its own first hours.
        starts = {start, max(each.at for each in moves if each.chosen)}
        moments = sorted(
            {each + pd.Timedelta(minutes=minutes, microseconds=1) for each in starts for minutes in AFTER_MINUTES}
        )
    else:
        moments = _events(moves, account, any(account == each.payee for each in every))
    end = pd.Timestamp(space.ledger.until)
    rows: dict[str, list[Kept]] = {currency: [] for currency in stolen}
    for at in moments:
        if at > end + pd.Timedelta(microseconds=1):
            break
        held = {account} if account is not None else {each.payee for each in moves if each.at < at}
        mixed = set() if account is not None else {each.payee for each in every if each.at < at} - held
        there = {name for name in held if name} - victims
        names = sorted(there - closed_before(space, there, at).keys())
        then = replayed(space, found.chosen, names, at)
        minutes = int((at - start).total_seconds() // 60)
        for currency, whole in stolen.items():
            part = then.in_currency(currency)
            least, most = bounds(kept(part, names)) if part else (NOTHING, NOTHING)
            share = float(least / whole) if whole else 0.0
            moment = at.to_pydatetime(warn=False)
            rows[currency].append(Kept(moment, minutes, least, most, share, len(names), currency, len(mixed)))
    return [row for mine in rows.values() for row in mine]


def _events(moves: list[Move], account: str, is_mixed: bool) -> list[pd.Timestamp]:
    """Just after each payment to or from an account; `is_mixed` where some of the money reached it at all."""
    mine = sorted({each.at for each in moves if account in (each.payer, each.payee)})
    if not mine and is_mixed:
        raise UsageError(
            "only payments of mostly others' money reached '{account}'",
            hint="It is not held as a whole, so it has no clock; mulegraph case holds CASE proposes an amount.",
            account=account,
        )
    if not mine:
        raise UsageError(
            "account '{account}' got none of the case's money",
            hint="See: mulegraph case holds CASE",
            account=account,
        )
    return [pd.Timestamp(at) + pd.Timedelta(microseconds=1) for at in mine[:MAX_EVENTS]]
