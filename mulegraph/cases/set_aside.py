"""Findings that an innocent explanation leaves next to nothing of: kept apart and counted by reason, and not listed.

They are in no case, and a score of a thirtieth is no news: couples with one phone, payrolls that look like bursts. Of
10M transfers they are two fifths of all findings. What they say against an account, and for it, still counts in its
score, and whoever asks for an account or a finding sees them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.benign import all_benign_tests
from mulegraph.schema.findings import Result

BELOW = 0.05
"""A finding that an explanation fits is set aside where this score or less is left; cases begin at six times that."""


@dataclass(frozen=True)
class SetAside:
    """Which findings are set aside, a flag a row, and how many by sign and by the explanation that takes off most."""

    chosen: np.ndarray
    counts: dict[str, dict[str, int]]


def set_aside(findings: pa.Table, benign: pa.Table, cases: pa.Table | None = None) -> SetAside:
    """Choose by what is left of each score; `benign` are the outcomes in the same order. What a case holds stays."""
    size = len(findings)
    if not size:
        return SetAside(np.zeros(0, np.bool_), {})
    # That nobody can tell yet explains nothing.
    explaining = (test for test in all_benign_tests().values() if test.says_innocent)
    tests = sorted(explaining, key=lambda test: (-test.reduction, test.name))
    reason = np.full(size, len(tests))
    for place in reversed(range(len(tests))):
        reason[benign[tests[place].name].to_numpy() == Result.PASSED] = place
    score = findings["score"].to_numpy()
    chosen = (score < BELOW) & (reason < len(tests))
    if cases is not None:
        held = pc.unique(pc.list_flatten(cases["findings"]))
        chosen &= ~pc.is_in(findings["finding"], value_set=held).to_numpy()
    counts: dict[str, dict[str, int]] = {}
    signs = findings["sign"].to_numpy(zero_copy_only=False)[chosen]
    for sign in np.unique(signs).tolist():
        places, many = np.unique(reason[chosen][signs == sign], return_counts=True)
        counts[sign] = {tests[place].name: int(count) for place, count in zip(places, many, strict=True)}
    return SetAside(chosen, counts)
