"""Sentences about findings, made of a row's values: as they are in the workspace, or as they are when masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from mulegraph.cases.benign import TESTS
from mulegraph.errors import MulegraphError, UsageError
from mulegraph.schema.disclosure import DEVICE, TEXT, Amount, Code, Each, Number, Says
from mulegraph.signs.base import Sign, all_signs
from mulegraph.signs.own import signs_of
from mulegraph.signs.wording import LANGUAGES, PHRASES

PHRASE = Code(re.compile(rf"({'|'.join(map(re.escape, PHRASES))})?( \d+)?"))
"""A phrase of mulegraph's own, as signs put it into their facts."""


OWN_FACTS: Mapping[str, Says] = {
    "device_ids": Each(DEVICE),
    "events": Each(TEXT),
    "differs": Each(PHRASE),
    "out": Amount(),
    **dict.fromkeys(("household", "then", "trigger", "path", "pattern_name", "role", "listed"), PHRASE),
}
"""Facts of mulegraph's signs that are no numbers."""


class Sentences:
    """The sentences of a workspace's signs in one language.

    Raises UsageError for a language that there are no reasons in.
    """

    def __init__(self, folder: Path, language: str = LANGUAGES[0]) -> None:
        if language not in LANGUAGES:
            raise UsageError(
                "--lang is '{language}'", hint=f"Expected one of {', '.join(LANGUAGES)}.", language=language
            )
        self._folder, self._language = folder, language

    @cached_property
    def _signs(self) -> Mapping[str, Sign]:
        """Every sign that is known; of a workspace's own only those whose file is there and in order."""
        try:
            return signs_of(self._folder)
        except MulegraphError:
            return all_signs()

    def sentence(self, name: str, row: Mapping[str, Any], value: Any) -> Any:
        """A sentence of a finding from its row, as it is or masked; None where its sign is not known any more."""
        if name == "benign":
            return value  # of counts, shares and kinds of accounts only
        sign = self._signs.get(str(row["sign"]))
        if sign is None:
            return None
        try:
            return sign.reason(row, self._language)
        except (KeyError, TypeError, ValueError):
            return None  # a run of an older sign, which had other facts

    def facts(self, sign: str) -> Mapping[str, Says]:
        """What the facts of a sign say. A workspace's own sign declares them; what it does not is never shown."""
        known = self._signs.get(sign)
        if known is None:
            return {}
        said: Mapping[str, Says] = getattr(known, "facts", {})
        return said or (_OwnFacts() if sign in all_signs() else {})

    def vocabulary(self, name: str) -> frozenset[str]:
        """Words of a vocabulary that the schema leaves to later stages."""
        known = {"benign test": frozenset(test.name for test in TESTS)}
        return known[name]


class _OwnFacts(Mapping[str, Says]):
    """Facts of mulegraph's own signs: numbers, where `OWN_FACTS` does not say otherwise."""

    def __getitem__(self, name: str) -> Says:
        return OWN_FACTS.get(name, Number())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.isidentifier()

    def __iter__(self) -> Any:
        return iter(OWN_FACTS)

    def __len__(self) -> int:
        return len(OWN_FACTS)
