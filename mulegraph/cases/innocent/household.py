"""Household: few holders at one address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mulegraph.cases.benign import Outcome, benign_test
from mulegraph.cases.evidence import Evidence
from mulegraph.schema.language import tr
from mulegraph.signs import facts
from mulegraph.signs.base import Topic

MIN_HOLDERS, MAX_HOLDERS = 2, 3


def sentence(values: Mapping[str, Any]) -> str:
    """Holders and addresses."""
    return tr("{n} holders at {m} known addresses", n=str(values["holders"]), m=str(values["addresses"]))


@benign_test(
    explains=(Topic.MONEY, Topic.DEVICES),
    reduction=0.8,
    words="a household",
    values=(facts.count("holders", "holders named"), facts.count("addresses", "their known addresses")),
    sentence=sentence,
)
def household(of: Evidence) -> Outcome:
    """All holders live at one address, and there are few of them."""
    homes = of.homes
    passed = (homes.holders >= MIN_HOLDERS) & (homes.holders <= MAX_HOLDERS) & homes.together
    return Outcome(passed, {"holders": homes.holders, "addresses": homes.addresses})
