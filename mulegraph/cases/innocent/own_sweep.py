"""Own sweep: money between accounts of one holder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mulegraph.cases.benign import Outcome, benign_test
from mulegraph.cases.evidence import Evidence
from mulegraph.schema.language import tr
from mulegraph.signs import facts
from mulegraph.signs.base import Topic

MIN_SHARE, MIN_TRANSFERS = 0.5, 2


def sentence(values: Mapping[str, Any]) -> str:
    """How much stays with one holder."""
    return tr("{share} of the transfers between own accounts", share=f"{values['inside']:.0%}")


@benign_test(
    explains=(Topic.MONEY,),
    reduction=0.7,
    words="a sweep between own accounts",
    values=(facts.number("inside", "transfers between accounts of one holder", unit="share"),),
    sentence=sentence,
)
def own_sweep(of: Evidence) -> Outcome:
    """Money between accounts of one holder, or inside the bank between a customer's own accounts."""
    holder = of.accounts.holder
    own = (of.source >= 0) & (of.target >= 0) & (holder[of.source] == holder[of.target])
    share = of.share(own | of.channel.among("internal"))
    return Outcome((share >= MIN_SHARE) & (of.count() >= MIN_TRANSFERS), {"inside": share})
