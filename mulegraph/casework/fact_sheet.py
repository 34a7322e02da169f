"""A fact sheet on one account of a case: what speaks for its holder knowing, and what against. No verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from mulegraph.cases.benign import PASSED, all_benign_tests
from mulegraph.lazy import pandas as pd
from mulegraph.schema.disclosure import OURS, Words, declared
from mulegraph.signs.base import all_signs

FOR, AGAINST = "for", "against"
QUICK_MINUTES = 60
FEE_SHARE = Decimal("0.02")
YOUNG_DAYS = 90


@declared
@dataclass(frozen=True)
class Fact:
    """What speaks for or against an account's holder knowing: a sentence of counts, sums, times and open names."""

    speaks: Annotated[str, Words((FOR, AGAINST))]
    fact: Annotated[str, OURS]


@dataclass(frozen=True)
class Known:
    """What is known of the account: since when, its part of the trace, its transfers, and the findings that name it.

    `tainted` are ids of transfers that carry traced money; `victims` are accounts; `sharers` counts other holders'
    accounts on its devices.
    """

    account: str
    opened_on: date | None
    came: Decimal
    left: Decimal
    transfers: pd.DataFrame
    tainted: set[str]
    victims: set[str]
    sharers: int
    listed_on: list[str]
    findings: pd.DataFrame


def fact_sheet(known: Known) -> list[Fact]:
    """What speaks for and against, those for first."""
    return sorted((Fact(speaks, fact) for speaks, fact in _facts(known)), key=lambda each: each.speaks != FOR)


def _facts(of: Known) -> Iterator[tuple[str, str]]:
    moved = of.transfers
    inside = moved["transfer_id"].isin(of.tainted)
    received = moved[inside & (moved["target"] == of.account)]
    # Who exchanges money on his own account has passed nothing on.
    paid = moved[inside & (moved["source"] == of.account) & (moved["target"] != of.account)]
    payers = set(received["source"].dropna()) & of.victims
    if len(payers) > 1:
        yield FOR, f"{len(payers)} victims paid it"
    elif len(received) == 1:
        yield AGAINST, "traced money came once"
    yield from _speed(received, paid)
    if of.came:
        kept = of.left / of.came
        if kept >= FEE_SHARE:
            yield FOR, f"{kept:.0%} of the traced money stayed, which may be a fee or not yet passed on"
        elif len(paid):
            yield AGAINST, "next to none of the traced money stayed, so it was paid nothing that we see"
    cash = paid[paid["target"].isna()]
    if len(cash):
        yield FOR, f"traced money was taken out as cash {len(cash)} times, in person or with the card"
    back = moved[(moved["source"] == of.account) & moved["target"].isin(of.victims)]
    if len(back):
        yield AGAINST, f"it paid {len(back)} times to victims, which may be money given back"
    yield from _history(of, inside)
    if of.sharers:
        yield FOR, f"its devices are used for {of.sharers} accounts of other holders in the case"
    for each in of.listed_on:
        yield FOR, f"it is on a list: {each}"
    yield from _signs(of.findings)


def _speed(received: pd.DataFrame, paid: pd.DataFrame) -> Iterator[tuple[str, str]]:
    waits = []
    for at in received["at"]:
        if (paid["at"] >= at).any():
            waits.append((paid["at"][paid["at"] >= at].min() - at).total_seconds() / 60)
    if not waits:
        if len(received):
            yield AGAINST, "traced money was not passed on"
        return
    middle = sorted(waits)[len(waits) // 2]
    if middle <= QUICK_MINUTES:
        yield FOR, f"traced money was passed on within {max(middle, 1):.0f} minutes, at the middle"
    else:
        yield AGAINST, f"traced money lay for {middle / 60:.0f} hours, at the middle"


def _history(of: Known, inside: pd.Series[bool]) -> Iterator[tuple[str, str]]:
    others = of.transfers[~inside]
    first = of.transfers["at"][inside].min() if inside.any() else None
    before = others[others["at"] < first] if first is not None else others
    if len(before) >= 10:
        yield AGAINST, f"{len(before)} other transfers went before, so the account was in ordinary use"
    elif first is not None:
        yield FOR, f"only {len(before)} other transfers went before"
    if isinstance(of.opened_on, date) and first is not None:
        days = (first.date() - of.opened_on).days
        if 0 <= days < YOUNG_DAYS:
            yield FOR, f"it was opened {days} days before"


def _signs(findings: pd.DataFrame) -> Iterator[tuple[str, str]]:
    for sign in all_signs().values():
        if sign.speaks_for_holder and (findings["sign"] == sign.code).any():
            yield AGAINST, sign.speaks_for_holder
    passed: dict[str, str] = {}
    for outcomes, reasons in zip(findings["benign"], findings["benign_why"], strict=True):
        mine = [name for name, outcome in outcomes.items() if outcome == PASSED]
        passed.update({name: reasons[name] for name in mine if all_benign_tests()[name].says_innocent})
    for name, why in sorted(passed.items()):
        yield AGAINST, f"an innocent explanation fits, {name.replace('_', ' ')}: {why}"
