"""What a plan of holds says in words: how sure each is, and whether they reach what was asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum

from mulegraph.schema.language import tr


def mixed_says(amount: Decimal) -> str:
    """Of an account that only payments mixed with others' money reached."""
    return tr(
        "hold {amount} and not the account: only mixed payments reached it, and every rule finds so much there",
        amount=f"{amount:,f}",
    )


def own_says(amount: Decimal, own: Decimal) -> str:
    """Of an account on which more is its holder's own than is traced."""
    return tr(
        "hold {amount} and not the account: {own} of what is on it is its holder's own, and no sign is strong on him",
        amount=f"{amount:,f}",
        own=f"{own:,f}",
    )


def how_sure(least: Decimal, most: Decimal, coming: Decimal) -> str:
    """How sure it is that a call keeps something."""
    if least > 0:
        return tr("money is there under every rule")
    if most > 0:
        return tr("money may be there: the rules differ")
    return tr("nothing is there yet; money is on its way") if coming else tr("too late")


class Gone(Enum):
    """Why nothing is held in a currency: it left, it went on in another one, or holds are dearer than was said."""

    AWAY = "away"
    EXCHANGED = "exchanged"
    BUDGET = "over the budget"


def whole_says(any_hold: bool, shares: list[float], asked: float, *, gone: Gone | None) -> str:
    """Whether the holds reach what was asked for, in words."""
    if not any_hold or not shares[1]:
        if gone is Gone.BUDGET:
            return tr("every hold that could keep something is over the budget")
        if gone is Gone.AWAY:
            return tr("too late or out of reach: it was taken in cash or went to banks that we do not see")
        if gone is Gone.EXCHANGED:
            return tr("nothing to hold in this currency: it was exchanged into another one")
        return tr("too late or out of reach: none is on an account")
    if shares[0] >= asked:
        return tr("reached under every rule")
    return tr("reached only if the rules are kind") if shares[1] >= asked else tr("not reached by holds")


def after_end(end: datetime, until: datetime | None) -> str:
    """That nothing is known of what was paid since the ledger ends, where the moment lies more than a day after it."""
    if until is None or until <= end + timedelta(days=1):
        return ""
    return tr("; NOT SURE: the ledger ends at {end} UTC, what was paid since is not known", end=f"{end:%Y-%m-%d %H:%M}")
