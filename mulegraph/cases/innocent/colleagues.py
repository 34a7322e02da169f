"""Colleagues: those who are paid have their wages from one firm, so that who deals with several of them meets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mulegraph.cases.benign import Outcome, benign_test
from mulegraph.cases.evidence import FIRMS, Evidence
from mulegraph.schema.language import tr
from mulegraph.signs import facts

MIN_PEOPLE = 3
MIN_SHARE = 0.8
UNSAID = "unknown"


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
    """One of those who pay here, a firm, pays several of the others wages: by batch, or with a word for it.

    Of an account at another bank the kind is not known: there only the batch counts, since anybody may write a word.
    """
    kind, batch = of.accounts.kind, of.channel.among("batch")
    between = (of.source >= 0) & (of.target >= 0)
    is_firm = kind.among(*FIRMS)[of.source] & (batch | of.wage)
    wages = is_firm | (kind.among(UNSAID)[of.source] & batch)
    size = np.int64(of.transfers.accounts + 1)
    payer = of.of[between].astype(np.int64) * size + of.source[between]
    # People and not payments: one worker's wages of three months are no colleagues.
    pairs = np.unique(np.stack([payer, of.target[between].astype(np.int64), wages[between]], axis=1), axis=0)
    by_payer, place = np.unique(pairs[:, 0], return_inverse=True)
    every = np.bincount(place, minlength=len(by_payer))
    paid = np.bincount(place, pairs[:, 2], minlength=len(by_payer))
    finding = by_payer // size
    # The subject's own wages are a payroll, which has a test of its own.
    other = by_payer % size != of.subject[finding]
    counts = np.where(other & (paid >= MIN_SHARE * every), paid, 0)
    people = np.zeros(len(of), np.int64)
    np.maximum.at(people, finding, counts.astype(np.int64))
    alone = np.bincount(finding, minlength=len(of)) == 1
    return Outcome((people >= MIN_PEOPLE) & ~alone, {"people": people})
