"""Cases of a scan in the shape that people gave them: what they merged stays one case, what they split stays two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.build import entered, score_of
from mulegraph.cases.identity import closest_of, seeds_of
from mulegraph.journal.state import CaseState
from mulegraph.schema.findings import CASES, Role
from mulegraph.signs.base import Sign


@dataclass(frozen=True)
class KeptShape:
    """What people decided about where cases begin.

    `begins` are payments by case that somebody opened, added to, split or merged another into; `merged` are cases that
    became part of another; `left_out` are payments by case that became another case.
    """

    begins: dict[str, frozenset[str]]
    merged: frozenset[str]
    into: frozenset[str]
    """Cases that others became part of."""
    left_out: dict[str, frozenset[str]]
    opened: dict[str, list[str]]
    """Payments by case that somebody opened it with, or added."""

    @classmethod
    def of(cls, states: Mapping[str, CaseState], earlier: Iterable[pa.Table]) -> KeptShape:
        """From the journal's states, and the cases of the runs before, the latest first."""
        merged = frozenset(case for case, state in states.items() if state.merged_into)
        into = frozenset(state.merged_into for state in states.values() if state.merged_into) - merged
        changed = into | {case for case, state in states.items() if state.opened_with or state.left_out}
        touched = {case: state for case, state in states.items() if case in changed - merged}
        found: dict[str, frozenset[str]] = {}
        for table in earlier if touched else ():
            for case, seeds in seeds_of(table).items():
                if case in touched:
                    found.setdefault(case, seeds)
        begins = {}
        for case, state in touched.items():
            begins[case] = (found.get(case, frozenset()) | set(state.opened_with)) - set(state.left_out)
        left_out = {case: frozenset(state.left_out) for case, state in touched.items() if state.left_out}
        opened = {case: state.opened_with for case, state in touched.items() if state.opened_with}
        return cls({case: each for case, each in begins.items() if each}, merged, into, left_out, opened)

    def payments_of(self, case: str, seeds: Iterable[str]) -> list[str]:
        """A case's payments without those that became another case."""
        return sorted(set(seeds) - self.left_out.get(case, frozenset()))

    def is_cut(self, case: str, seeds: Iterable[str]) -> bool:
        """Whether a case as signs find it begins with payments that people made another case of."""
        return not self.left_out.get(case, frozenset()).isdisjoint(seeds)

    def without_left_out(self, cases: pa.Table) -> pa.Table:
        """Cases as signs found them, without the payments that became other cases."""
        rows = [{**row, "seeds": self.payments_of(row["case"], row["seeds"])} for row in cases.to_pylist()]
        return pa.Table.from_pylist(rows, cases.schema)

    def joined(self, cases: pa.Table, *, findings: pa.Table, chains: pa.Table, signs: Mapping[str, Sign]) -> pa.Table:
        """The cases, those that are parts of a merged one as one row, under the name of the first of them."""
        of = closest_of(cases, self.begins) if self.into else {}
        parts = {root: [case for case, best in of.items() if best == root] for root in sorted(self.into)}
        for mine in parts.values():
            if len(mine) > 1:
                chosen = pc.is_in(cases["case"], value_set=pa.array(mine, pa.string()))
                one = _one(cases.filter(chosen).to_pylist(), findings, chains, signs)
                cases = pa.concat_tables([cases.filter(pc.invert(chosen)), one])
        return cases


def _one(rows: list[dict[str, Any]], findings: pa.Table, chains: pa.Table, signs: Mapping[str, Sign]) -> pa.Table:
    """One row of several cases' accounts, findings and payments; what two of them have counts once."""
    roles: dict[str, str] = {}
    for row in rows:
        for account, role in zip(row["accounts"], row["roles"], strict=True):
            if roles.get(account, str(Role.NAMED)) == str(Role.NAMED):
                roles[account] = role
    names = ("findings", "chains", "seeds")
    whole = {name: list(dict.fromkeys(each for row in rows for each in row[name])) for name in names}
    mine = findings.filter(pc.is_in(findings["finding"], value_set=pa.array(whole["findings"], pa.string())))
    score, made_of = score_of(mine, signs)
    used = chains.filter(pc.is_in(chains["chain"], value_set=pa.array(whole["chains"], pa.string())))
    amounts = entered(used.select(["transfers", "amount_in", "currency"]).to_pylist())
    return CASES.table(
        {
            "case": [rows[0]["case"]],
            "score": [score],
            "made_of": [made_of],
            "accounts": [sorted(roles)],
            "roles": [[roles[name] for name in sorted(roles)]],
            "findings": [sorted(whole["findings"])],
            "chains": [whole["chains"]],
            "first_at": [min(row["first_at"] for row in rows)],
            "last_at": [max(row["last_at"] for row in rows)],
            "amount": [next(iter(amounts.values()), None)],
            "currency": [next(iter(amounts), None)],
            "amounts": [list(amounts.items())],
            "seeds": [sorted(whole["seeds"])],
        }
    )
