"""Known good: the account is on a list of accounts known to be good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc

from mulegraph.cases.benign import Outcome, benign_test
from mulegraph.cases.evidence import Evidence
from mulegraph.schema.choices import KNOWN_GOOD
from mulegraph.schema.columns import TEXT
from mulegraph.schema.language import tr
from mulegraph.signs import facts
from mulegraph.signs.base import Topic


def sentence(values: Mapping[str, Any]) -> str:
    """Whether a list holds it."""
    return tr("on a known-good list") if values["listed"] else tr("on no known-good list")


@benign_test(
    explains=(Topic.MONEY, Topic.DEVICES),
    reduction=0.9,
    words="on a known-good list",
    values=(facts.flag("listed", "a list holds it"),),
    sentence=sentence,
)
def known_good(of: Evidence) -> Outcome:
    """The account is on a list of accounts known to be good."""
    listed = of.ledger.listed("account", on=KNOWN_GOOD).subject_id.to_pyarrow().cast(TEXT)
    on_it = pc.is_in(of.subject_id, value_set=listed).to_numpy(zero_copy_only=False)
    return Outcome(on_it, {"listed": on_it})
