"""Who does what in a case, read off the places that accounts have in its chains, else off what is found of them.

A role is earned by transfers. What each means is said here, once: `roles_of` for chains, `earned_roles` for findings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.evidence import Evidence
from mulegraph.schema.findings import Role
from mulegraph.schema.tables import CASH_IN, CASH_OUT


def earned_roles(findings: pa.Table, evidence: Evidence) -> pa.Table:
    """The findings, with the role that a sign makes of its subject only where the finding's own transfers show it.

    A relay received and paid on later, within the sign's window, since all its evidence lies there; a cash-out paid
    cash out after it had received; collectors, consolidators and beneficiaries received. Who was harmed is a victim
    whatever the transfers are. Of a pattern of several accounts, such as scatter-gather, the ends do not pass on.
    """
    inward, outward = evidence.inward, evidence.outward
    received = evidence.count(inward) > 0
    passed_on = _later(evidence, inward, outward)
    cash_out = _later(evidence, inward, outward & (evidence.target < 0))
    role = findings["role"].combine_chunks()
    needs = [
        (Role.RELAY, passed_on),
        (Role.CASH_OUT, cash_out),
        (Role.COLLECTOR, received),
        (Role.CONSOLIDATOR, received),
        (Role.BENEFICIARY, received),
    ]
    earned = findings["victim"].to_numpy().astype(bool)
    for name, shown in needs:
        earned |= shown & pc.fill_null(pc.equal(role, str(name)), False).to_numpy(zero_copy_only=False)
    kept = pc.if_else(pa.array(earned), role, None)
    return findings.set_column(findings.schema.get_field_index("role"), findings.schema.field("role"), kept)


def _later(evidence: Evidence, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """By finding: whether one of its transfers `before` comes before one of those `after`, in the order of money."""
    first = np.full(len(evidence), np.iinfo(np.int64).max)
    last = np.full(len(evidence), -1)
    np.minimum.at(first, evidence.of[before], evidence.position[before])
    np.maximum.at(last, evidence.of[after], evidence.position[after])
    return np.asarray(first < last)


def roles_by_sign(findings: pa.Table, case: np.ndarray) -> dict[int, dict[str, str]]:
    """Roles of the subjects of findings, by case and account: the strongest finding's; who was harmed is a victim.

    `case` is the number of each finding's case. A finding's `role` is what its sign makes of its subject.
    """
    chosen = np.flatnonzero(findings["role"].is_valid().to_numpy())
    part = findings.take(pa.array(chosen))
    keys = pa.table({"victim": part["victim"].cast("int8"), "score": part["score"], "finding": part["finding"]})
    order = pc.sort_indices(keys, [("victim", "descending"), ("score", "descending"), ("finding", "ascending")])
    part, of = part.take(order), case[chosen][order.to_numpy()].tolist()
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for number, subject, role in zip(of, part["subject_id"].to_pylist(), part["role"].to_pylist(), strict=True):
        found[number].setdefault(subject, role)
    return found


def roles_of(paths: Iterable[Sequence[str]]) -> dict[str, str]:
    """Role by account from the accounts of each chain, in the order of the money; cash is nobody.

    Who only pays is a victim, who is paid by victims a collector, who pays cash out is a cash-out, who only
    receives a beneficiary; of the others, who is paid by several is a consolidator, and the rest are relays.
    """
    payers: dict[str, set[str]] = defaultdict(set)
    payees: dict[str, set[str]] = defaultdict(set)
    for accounts in paths:
        for payer, payee in zip(accounts, accounts[1:], strict=False):
            payers[payee].add(payer)
            payees[payer].add(payee)
    names = (set(payers) | set(payees)) - {CASH_IN, CASH_OUT}
    victims = {name for name in names if not payers[name]}
    return {name: _role(name, payers[name], payees[name], victims) for name in sorted(names)}


def _role(name: str, payers: set[str], payees: set[str], victims: set[str]) -> Role:
    if name in victims:
        return Role.VICTIM
    if not payees:
        return Role.BENEFICIARY
    if payers & (victims | {CASH_IN}):
        return Role.COLLECTOR
    if CASH_OUT in payees:
        return Role.CASH_OUT
    return Role.CONSOLIDATOR if len(payers) > 1 else Role.RELAY
