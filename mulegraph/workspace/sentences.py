"""Sentences about findings, made of a row's values: as they are in the workspace, or as they are when masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Self, cast

from mulegraph.cases.benign import all_benign_tests, explain
from mulegraph.errors import MulegraphError
from mulegraph.lazy import pandas as pd
from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.disclosure import Says, says_of
from mulegraph.schema.findings import Benign, Finding, Result
from mulegraph.schema.language import check_language
from mulegraph.signs.base import all_signs
from mulegraph.signs.wording import reason
from mulegraph.workspace.run import Run

FINDING = "finding"
"""The column of a sign's facts that says of which finding they are, and is no fact."""


class Explanation(str):
    """Why a benign test fits a finding, or does not; with the values that the sentence is made of."""

    test: str
    result: Result
    values: Mapping[str, Any]

    __slots__ = ("result", "test", "values")

    @classmethod
    def of(cls, test: str, outcome: Benign) -> Self:
        """The sentence of an outcome."""
        made = cls(explain(test, outcome.result, outcome.values))
        made.test = test
        made.result = outcome.result
        made.values = outcome.values
        return made


class Sentences:
    """The sentences of a run's signs in one language; the run is read when the first one is made."""

    def __init__(self, run: Callable[[], Run], language: str = LANGUAGES[0]) -> None:
        check_language(language)
        self._run, self._language = run, language

    def reason(self, row: Mapping[str, Any]) -> str | None:
        """The reason of a finding from its row, as it is or masked; None where it cannot be made of that."""
        known = self._run().signs.get(str(row["sign"]))
        amount = row.get("amount")
        known_amount = None if isinstance(amount, float) and pd.isna(amount) else amount
        values = SimpleNamespace(facts=row.get("facts"), amount=known_amount, currency=row.get("currency"))
        try:
            return None if known is None else reason(known["reasons"], cast("Finding", values), self._language)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None  # masked so far that nothing can be said, or a run of an older sign, which had other facts

    def benign(self, told: Any, mask: Callable[[Any, Says], Any]) -> str | None:
        """Why a benign test fits or not, from masked values; None for a text that is no such sentence."""
        if not isinstance(told, Explanation) or told.test not in all_benign_tests():
            return None
        declared = {field.name: says_of(field) for field in all_benign_tests()[told.test].values}
        values = {name: mask(value, declared[name]) for name, value in told.values.items() if name in declared}
        try:
            return explain(told.test, told.result, values)
        except (KeyError, TypeError, ValueError):
            return None

    def facts(self, sign: str) -> Mapping[str, Says]:
        """What the facts of a sign say, as it declares them; nothing of a sign that is not known."""
        known = all_signs().get(sign)
        try:
            schema = known.facts_schema if known is not None else self._run().facts_schema(sign)
        except (MulegraphError, OSError):
            return {}
        return {field.name: says_of(field) for field in schema.fields if field.name != FINDING}

    def vocabulary(self, name: str) -> frozenset[str]:
        """Words of a vocabulary that the schema leaves to later stages."""
        known = {"benign test": frozenset(all_benign_tests())}
        return known[name]
