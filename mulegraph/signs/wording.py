"""Words that facts put into reasons, in the languages of the reasons; numbers and names go in as they are.

A reason is a sentence with facts in braces: `{hours}`. `{devices:device|devices}` is the number and its noun, one or
many; `{percent:≤1000}` says "≥ 1000" of a fact that was cut off there. What stands in `[…]` is left out where a fact in
it is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from mulegraph.schema.amounts import exact
from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.findings import Finding
from mulegraph.schema.language import catalogue, filled, named


class Values(NamedTuple):
    """What a sentence is made of, where there is no whole finding: facts by name, amount and currency."""

    facts: Mapping[str, Any]
    amount: Decimal | None
    currency: str | None


def reason(reasons: Mapping[str, str], finding: Finding | Values, language: str = LANGUAGES[0]) -> str:
    """The sentence of a finding from its values as they are given, masked or not; English where there is no other."""
    words = {
        **{name: worded(shown_fact(value), language) for name, value in finding.facts.items()},
        "amount": None if finding.amount is None else exact(finding.amount),
        "currency": finding.currency or "",
    }
    return said(reasons.get(language, reasons[LANGUAGES[0]]), words)


def shown_fact(value: Any) -> Any:
    """A fact as JSON and sentences have it: amounts exact to the ledger's places, times in ISO 8601."""
    if isinstance(value, Decimal):
        return exact(value)
    return value.isoformat() if isinstance(value, date) else value


def worded(value: Any, language: str) -> Any:
    """A fact inside a sentence of a language; a phrase that is followed by a number keeps it."""
    if isinstance(value, list):
        return ", ".join(str(worded(each, language)) for each in value)
    if isinstance(value, float):
        return f"{value:g}"
    known = catalogue(language, "facts")
    if not isinstance(value, str):
        return value
    if value in known:
        return known[value]
    first, _, rest = value.partition(" ")
    return f"{known[first]} {rest}" if first in known else value


def said(reason: str, facts: Mapping[str, Any]) -> str:
    """A reason with its facts, as `worded` gives them, filled in. Raises KeyError for one that there is not."""

    def part(found: re.Match[str]) -> str:
        lacks = any(facts[name] is None for name in named(found[1]))
        return "" if lacks else found[1]

    return " ".join(filled(re.sub(r"\[([^\[\]]*)\]", part, reason), facts).split())
