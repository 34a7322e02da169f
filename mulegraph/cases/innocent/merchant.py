"""Merchant: a shop, a bank's own account or an aggregator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mulegraph.cases.benign import Outcome, benign_test
from mulegraph.cases.evidence import MANY_PAYERS, PERSONS, TILLS, Evidence
from mulegraph.schema.language import later, tr, word
from mulegraph.schema.tables import ACCOUNT_KINDS
from mulegraph.signs import facts
from mulegraph.signs.base import Topic

MIN_OTHERS = 5
"""Who pays it elsewhere must be so many times those who pay it here: a collector's payers all stand in the finding."""


def sentence(values: Mapping[str, Any]) -> str:
    """Its kind, and by how many it is paid."""
    text = later("{kind} account, paid by {payers} in all and by {here} here")
    kind = word(values["kind"]) if values["kind"] else tr("no")
    return tr(text, kind=kind, payers=str(values["payers"]), here=str(values["here"]))


@benign_test(
    explains=(Topic.MONEY,),
    reduction=0.8,
    words="a shop, a bank's own account or an aggregator",
    values=(
        facts.word("kind", "kind of the subject's account; none where it is no account", ACCOUNT_KINDS),
        facts.count("payers", "accounts that ever paid it"),
        facts.count("here", "accounts that paid it in this finding"),
    ),
    sentence=sentence,
)
def merchant(of: Evidence) -> Outcome:
    """A shop, a bank's own account or an aggregator, whose business is to be paid by many; no personal account is."""
    is_account = of.subject >= 0
    payers = np.where(is_account, of.payers[of.subject], 0)
    here = of.payers_count
    # A busy launderer is paid by many, too: where the bank says that it is a person's account, it is no shop.
    by_count = (payers >= MANY_PAYERS) & (MIN_OTHERS * here <= payers) & ~of.is_kind(*PERSONS)
    passed = of.is_kind(*TILLS) | by_count
    return Outcome(passed, {"kind": of.kind.arrow(), "payers": payers, "here": here})
