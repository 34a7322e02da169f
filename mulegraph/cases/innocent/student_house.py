"""Student house: several holders at one address, or equal shares of neighbours that go to a landlord."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mulegraph.cases.benign import Outcome, benign_test
from mulegraph.cases.evidence import Evidence
from mulegraph.schema.language import tr
from mulegraph.signs import facts
from mulegraph.signs.base import Topic

MIN_HOLDERS, MIN_PAYERS = 4, 2
MIN_NEIGHBOURS = 0.8


def sentence(values: Mapping[str, Any]) -> str:
    """Holders, addresses, and how many of the payers live with the subject."""
    return tr(
        "{holders} holders at {addresses} addresses; {payers} payers, {share} of them at its address",
        holders=str(values["holders"]),
        addresses=str(values["addresses"]),
        payers=str(values["payers"]),
        share=f"{values['neighbours']:.0%}",
    )


@benign_test(
    explains=(Topic.MONEY, Topic.DEVICES),
    reduction=0.7,
    words="a student house",
    values=(
        facts.count("holders", "holders named"),
        facts.count("addresses", "their known addresses"),
        facts.count("payers", "accounts that paid it"),
        facts.number("neighbours", "payers who live at its address", unit="share"),
    ),
    sentence=sentence,
)
def student_house(of: Evidence) -> Outcome:
    """Several holders at one address; or equal shares from people at the subject's address go to a landlord."""
    homes = of.homes
    house = (homes.holders >= MIN_HOLDERS) & homes.together
    shares, neighbours = of.shares, _at_home(of)
    rent = shares.equal & shares.paid_on & (of.payers_count >= MIN_PAYERS) & (neighbours >= MIN_NEIGHBOURS)
    people = {"holders": homes.holders, "addresses": homes.addresses}
    return Outcome(house | rent, {**people, "payers": of.payers_count, "neighbours": neighbours})


def _at_home(of: Evidence) -> np.ndarray:
    """Share of the subject's payers who live at its address."""
    finding, payer = of.payers_here
    mine = of.accounts.address[of.subject[finding]]
    same = (payer >= 0) & (mine >= 0) & (of.accounts.address[payer] == mine)
    return np.asarray(np.bincount(finding[same], minlength=len(of)) / np.maximum(of.payers_count, 1))
