"""Colleagues: those who are paid have their wages from one firm, so that who deals with several of them meets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mulegraph.cases.benign import Outcome, benign_test
from mulegraph.cases.evidence import PERSONS, Evidence
from mulegraph.schema.language import tr
from mulegraph.signs import facts

MIN_PEOPLE = 3
MIN_SHARE = 0.8
SAVINGS = ("savings",)


def sentence(values: Mapping[str, Any]) -> str:
    """How many are paid wages by one account."""
    return tr("{n} of those who are paid have wages from one account", n=str(values["people"]))


@benign_test(
    explains=(),
    reduction=0.9,
    words="colleagues",
    values=(facts.count("people", "accounts that one payer pays wages, of the payer who pays most"),),
    sentence=sentence,
)
def colleagues(of: Evidence) -> Outcome:
    """One of those who pay here pays several of the others wages: by batch, or with a word for it."""
    wages = of.channel.among("batch") | of.wage
    kind = of.accounts.kind
    employs = (of.source >= 0) & ~kind.among(*PERSONS, *SAVINGS)[of.source]
    size = np.int64(of.transfers.accounts + 1)
    key = of.of.astype(np.int64) * size + np.maximum(of.source, 0)
    by_payer, place = np.unique(key, return_inverse=True)
    all_of = np.bincount(place, minlength=len(by_payer))
    paid = np.bincount(place, employs & wages, minlength=len(by_payer))
    finding = by_payer // size
    # The subject's own wages are a payroll, which has a test of its own.
    other = by_payer % size != of.subject[finding]
    counts = np.where(other & (paid >= MIN_SHARE * all_of), paid, 0)
    people = np.zeros(len(of), np.int64)
    np.maximum.at(people, finding, counts.astype(np.int64))
    alone = np.bincount(finding, minlength=len(of)) == 1
    return Outcome((people >= MIN_PEOPLE) & ~alone, {"people": people})
