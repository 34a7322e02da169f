"""Benign tests: the innocent explanations of a finding, each passed or failed and why, and what a passed one takes off.

A test is passed when the innocent explanation fits. It lowers the score by the share that stands in its file, and never
removes a finding. A test only explains the signs it is made for: that a shop is a shop does not clear its holder's
papers. Tests are files in `cases/innocent/`, found by being there.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases import innocent
from mulegraph.cases.evidence import Evidence
from mulegraph.errors import UsageError
from mulegraph.schema.columns import TEXT, Field, Schema
from mulegraph.schema.findings import Benign, Result
from mulegraph.signs.base import FINDING, Sign, Topic, all_signs

RESULT = pa.int8()
NOT_EXPLAINED = "does not explain this sign"
PASSED, FAILED = "passed", "failed"
RESULTS = {Result.PASSED: PASSED, Result.FAILED: FAILED, Result.NOT_APPLICABLE: FAILED}
"""Results as listings have them, where a test that does not apply counts as failed."""


@dataclass(frozen=True)
class Outcome:
    """A benign test on every finding: whether its explanation fits, and the values of its sentence, by name."""

    passed: np.ndarray
    values: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class BenignTest:
    """One innocent explanation: the topics of the signs that it can explain, and the share that it takes off a score.

    Its first line says when it fits. `values` are what `sentence` needs, and `sentence` makes one of them.
    """

    name: str
    explains: tuple[Topic, ...]
    reduction: float
    words: str
    values: tuple[Field, ...]
    sentence: Callable[[Mapping[str, Any]], str]
    run: Callable[[Evidence], Outcome]
    says_innocent: bool = True
    """Whether a passed one speaks for the holder; that nobody can tell yet speaks for nobody."""

    @property
    def innocent_when(self) -> str:
        """When its explanation fits."""
        return (inspect.getdoc(self.run) or "").split("\n")[0].rstrip(".")


def benign_test(
    *,
    explains: tuple[Topic, ...],
    reduction: float,
    words: str,
    values: tuple[Field, ...],
    sentence: Callable[[Mapping[str, Any]], str],
    says_innocent: bool = True,
) -> Callable[[Callable[[Evidence], Outcome]], BenignTest]:
    """Make a function a benign test, under its own name; see `BenignTest` for what is declared."""

    def made(run: Callable[[Evidence], Outcome]) -> BenignTest:
        return BenignTest(run.__name__, explains, reduction, words, values, sentence, run, says_innocent)

    return made


@cache
def all_benign_tests() -> dict[str, BenignTest]:
    """Every benign test in the folder, by name."""
    found: dict[str, BenignTest] = {}
    for module in pkgutil.iter_modules(innocent.__path__, innocent.__name__ + "."):
        for each in vars(importlib.import_module(module.name)).values():
            if isinstance(each, BenignTest):
                found[each.name] = each
    return dict(sorted(found.items()))


def explained_signs(test: BenignTest, signs: Mapping[str, Sign]) -> frozenset[str]:
    """Codes of the signs that a test can explain: those of its topics, and those that name it."""

    def explains(sign: Sign) -> bool:
        return sign.topic in test.explains or test.name in sign.explained_by

    return frozenset(code for code, sign in signs.items() if explains(sign))


def check_explanations(signs: Mapping[str, Sign]) -> None:
    """Raise UsageError when a sign names a benign test that there is not."""
    known = all_benign_tests()
    for code, sign in signs.items():
        if unknown := set(sign.explained_by) - set(known):
            raise UsageError(
                f"sign {code}: benign test '{min(unknown)}' is unknown", hint=f"Expected some of {', '.join(known)}."
            )


def outcomes_schema() -> Schema:
    """Outcomes of the benign tests: a result of each test, and after it the values of its sentence."""
    fields = [Field(FINDING, TEXT, "the finding", names_nobody=True)]
    for test in all_benign_tests().values():
        fields.append(Field(test.name, RESULT, f"{test.words}: 0 does not explain the sign, 1 failed, 2 passed"))
        for each in test.values:
            fields.append(replace(each, name=value_column(test.name, each.name)))
    return Schema("benign", tuple(fields), "What the benign tests say of each finding, and what their sentences need.")


def value_column(test: str, value: str) -> str:
    """The column of a test's value."""
    return f"{test}__{value}"


def apply_benign_tests(
    findings: pa.Table, evidence: Evidence, signs: Mapping[str, Sign] | None = None
) -> tuple[pa.Table, pa.Table]:
    """The findings with `score` and `worth` lowered, and the outcomes; order stays. `signs` default to all."""
    known, schema = signs or all_signs(), outcomes_schema()
    if not len(findings):
        return findings, schema.empty()
    left = np.ones(len(evidence))
    columns: dict[str, Any] = {FINDING: findings[FINDING]}
    for test in all_benign_tests().values():
        outcome = test.run(evidence)
        about = evidence.sign.among(*explained_signs(test, known))
        passed = outcome.passed & about
        left[passed] *= 1 - test.reduction
        result = np.where(passed, Result.PASSED, Result.FAILED)
        columns[test.name] = pa.array(np.where(about, result, Result.NOT_APPLICABLE).astype(np.int8))
        for each in test.values:
            values = _where(about, outcome.values[each.name])
            columns[value_column(test.name, each.name)] = values.cast(each.type)
    lowered = findings
    for name in ("score", "worth"):
        values = pc.round(pc.multiply(findings[name], pa.array(left)), 6)
        lowered = lowered.set_column(lowered.schema.get_field_index(name), name, values)
    return lowered.cast(findings.schema), schema.table(columns)


def _where(chosen: np.ndarray, values: Any) -> pa.Array:
    """The values where they are chosen; none elsewhere."""
    every = pa.array(values)
    return pc.if_else(pa.array(chosen), every, pa.scalar(None, every.type))


def outcomes(row: Mapping[str, Any]) -> dict[str, Benign]:
    """The benign tests of one finding from a row of the outcomes; tests that are no longer there are left out."""
    found = {}
    for test in all_benign_tests().values():
        if test.name in row:
            values = {each.name: row[value_column(test.name, each.name)] for each in test.values}
            found[test.name] = Benign(Result(row[test.name]), values)
    return found


def explain(test: str, result: Result, values: Mapping[str, Any]) -> str:
    """Why a test has this result, from its values."""
    if result is Result.NOT_APPLICABLE:
        return NOT_EXPLAINED
    return all_benign_tests()[test].sentence(values)
