"""Public device: many use it who have nothing to do with each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mulegraph.cases.benign import Outcome, benign_test
from mulegraph.cases.evidence import MANY_PAYERS, NO_ACCOUNT, PERSONS, Evidence
from mulegraph.flow.by_account import Side
from mulegraph.schema.language import tr
from mulegraph.signs import facts
from mulegraph.signs.base import Topic

MIN_HOLDERS = 10
"""Herders run three to a dozen accounts from one phone, and a dozen of theirs has dealt with each other by then."""
MAX_RELATED = 0.25
"""In a small town a seventh of a terminal's 35 visitors may have paid another one; of a herd nearly all have."""
MIN_DEALING = 0.5
"""Of accounts that have not moved money yet, nobody can say that none joins them: so begins a herd."""
FEW, MIN_WHO_DEAL = 10, 3
"""A person whom few know, and whom three of them deal with, is no coincidence; a friend of two is. Of an account at
another bank only a part is seen, so that a landlord there seems to be known to few."""


def sentence(values: Mapping[str, Any]) -> str:
    """Holders, and how many of the accounts have to do with another one; or that too few have moved money."""
    if values["dealing"] < MIN_DEALING:
        return tr(
            "{holders} holders; only {share} of the accounts have moved money yet",
            holders=str(values["holders"]),
            share=f"{values['dealing']:.0%}",
        )
    return tr(
        "{holders} holders; {share} of the accounts deal with another of them, or three with one whom few know",
        holders=str(values["holders"]),
        share=f"{values['related']:.0%}",
    )


@benign_test(
    explains=(Topic.DEVICES,),
    reduction=0.9,
    words="a public device",
    values=(
        facts.count("holders", "holders named"),
        facts.number("dealing", "accounts that deal with anybody", unit="share"),
        facts.number("related", "of these, those that have something to do with another one", unit="share"),
    ),
    sentence=sentence,
)
def public_device(of: Evidence) -> Outcome:
    """Many accounts were used from it that no money joins: a branch's, a library's, or a number that devices share."""
    holders = of.homes.holders
    asked = (holders >= MIN_HOLDERS) & (of.subject == NO_ACCOUNT) & (of.count() == 0)
    related, dealing = np.zeros(len(of)), np.ones(len(of))
    starts = np.searchsorted(of.named_by, np.arange(len(of) + 1))
    about = Others(of.sides.distinct_payers + of.sides.distinct_payees, of.accounts.kind.among(*PERSONS))
    for finding in np.flatnonzero(asked).tolist():
        named = np.unique(of.named[starts[finding] : starts[finding + 1]])
        dealing[finding], related[finding] = _related(of, named, about)
    passed = asked & (dealing >= MIN_DEALING) & (related <= MAX_RELATED)
    return Outcome(passed, {"holders": holders, "dealing": dealing, "related": related})


class Others(NamedTuple):
    """By account number: how many it deals with, and whether it is a person's."""

    known: np.ndarray
    is_person: np.ndarray


def _related(of: Evidence, named: np.ndarray, about: Others) -> tuple[float, float]:
    """Share of the accounts that deal with anybody, and of these the share that has to do with another one.

    Two have to do with each other where one pays the other, or where they and a third deal with somebody whom few know.
    """
    pairs = [_deals(side, named) for side in (of.sides.payments, of.sides.receipts)]
    who, party = np.unique(np.concatenate(pairs), axis=0).T
    dealing = len(np.unique(who))
    # A landlord among a terminal's visitors is paid by others of them, too: he has something to do with everybody.
    direct = np.isin(party, named) & (party != who) & (about.known[party] < MANY_PAYERS)
    third, several = np.unique(party, return_counts=True)
    # Whom hardly anybody else deals with is the herd's own, be it one account of a dozen's, at whatever bank.
    is_theirs = 2 * several >= about.known[third]
    joins = (several >= MIN_WHO_DEAL) & (is_theirs | (about.is_person[third] & (about.known[third] <= FEW)))
    related = len(np.unique(who[direct | np.isin(party, third[joins])]))
    return dealing / len(named), related / max(dealing, 1)


def _deals(side: Side, named: np.ndarray) -> np.ndarray:
    """Rows of an account and somebody whom it dealt with on this side; cash is nobody."""
    first, count = side.start[named], np.diff(side.start)[named]
    entry = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
    party = side.party[entry]
    return np.stack([np.repeat(named, count), party], axis=1)[party >= 0].astype(np.int64)
