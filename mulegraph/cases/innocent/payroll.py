"""Payroll: a firm pays several people, and most of it is wages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mulegraph.cases.benign import Outcome, benign_test
from mulegraph.cases.evidence import FIRMS, Evidence
from mulegraph.schema.language import later, tr
from mulegraph.signs import facts
from mulegraph.signs.base import Topic

MIN_PEOPLE = 3
MIN_SHARE = 0.5


def sentence(values: Mapping[str, Any]) -> str:
    """Payees, share of wages, and whether it is a firm."""
    firm = later("{n} payees, {share} by batch or as wages, a firm")
    no_firm = later("{n} payees, {share} by batch or as wages, no firm")
    return tr(firm if values["firm"] else no_firm, n=str(values["payees"]), share=f"{values['wages']:.0%}")


@benign_test(
    explains=(Topic.MONEY,),
    reduction=0.8,
    words="a firm that pays wages",
    values=(
        facts.count("payees", "accounts that it paid"),
        facts.number("wages", "payments by batch, or with a word for wages", unit="share"),
        facts.flag("firm", "the subject is a firm"),
    ),
    sentence=sentence,
)
def payroll(of: Evidence) -> Outcome:
    """A firm pays several people, and most of it is wages: by batch, or with a word for it."""
    wages = of.outward & (of.channel.among("batch") | of.wage)
    people = of.payees_count
    share = of.count(wages) / np.maximum(of.count(of.outward), 1)
    is_firm = of.is_kind(*FIRMS)
    passed = is_firm & (people >= MIN_PEOPLE) & (share >= MIN_SHARE)
    return Outcome(passed, {"payees": people, "wages": share, "firm": is_firm})
