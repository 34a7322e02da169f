"""Treasurer: equal shares from several people, paid on to a firm as one sum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mulegraph.cases.benign import Outcome, benign_test
from mulegraph.cases.evidence import Evidence
from mulegraph.schema.language import later, tr
from mulegraph.signs import facts
from mulegraph.signs.base import Topic

MIN_PAYERS = 3


def sentence(values: Mapping[str, Any]) -> str:
    """Payers, how equal their shares are, and whether a firm got them."""
    on = later("{n} payers, largest share {spread} of the smallest, paid on to a firm")
    not_on = later("{n} payers, largest share {spread} of the smallest, not paid on to a firm")
    return tr(on if values["paid_on"] else not_on, n=str(values["payers"]), spread=f"{values['spread']:.2f}")


@benign_test(
    explains=(Topic.MONEY,),
    reduction=0.7,
    words="a treasurer or a collection",
    values=(
        facts.count("payers", "accounts that paid it"),
        facts.number("spread", "the largest share against the smallest", unit="times"),
        facts.flag("paid_on", "it went on to a firm"),
    ),
    sentence=sentence,
)
def treasurer(of: Evidence) -> Outcome:
    """Equal shares from several people, paid on to a firm as one sum: a club, a present, a trip."""
    shares = of.shares
    passed = shares.equal & shares.paid_on & (of.payers_count >= MIN_PAYERS)
    return Outcome(passed, {"payers": of.payers_count, "spread": shares.spread, "paid_on": shares.paid_on})
