"""Reasons as sentences: one or many, what is not known left out, what was cut off said so."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from mulegraph.schema.findings import Finding
from mulegraph.schema.language import named
from mulegraph.signs.base import all_signs
from mulegraph.signs.wording import reason, said, worded


@pytest.mark.parametrize(
    ("reason", "facts", "told"),
    [
        ("{n:device|devices} here", {"n": 1}, "1 device here"),
        ("{n:device|devices} here", {"n": 0}, "0 devices here"),
        ("{n:card payment|card payments}", {"n": 12}, "12 card payments"),
        ("{n:hour|hours}", {"n": worded(1.0, "en")}, "1 hour"),
        ("a[; {b} of it][, {c}% of that]", {"b": None, "c": 5}, "a, 5% of that"),
        ("a[; {b} and {c}]", {"b": 1, "c": None}, "a"),
        ("{p:≤1000}%", {"p": worded(1000.0, "en")}, "≥ 1000%"),
        ("{p:≤1000}%", {"p": worded(87.0, "en")}, "87%"),
    ],
)
def test_a_reason_reads_as_a_sentence(reason, facts, told):
    """Numbers agree with their nouns, and no dash stands for what nobody knows."""
    assert said(reason, facts) == told


def test_every_fact_is_named_also_where_something_follows_it():
    """House rules compare the facts of languages."""
    assert named("{a:one|many} of {b}[; {c:≤9}]") == ["a", "b", "c"]


def finding(facts: dict) -> Finding:
    """A finding of which only the facts are known."""
    names = [each.name for each in fields(Finding) if each.name not in ("facts", "benign")]
    return Finding(**dict.fromkeys(names), facts=facts)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_no_reason_counts_one_as_many(language):
    """A number before a noun in the plural names both forms."""
    nouns = r"accounts|devices|holders|hours|minutes|days|rekeningen|apparaten|minuten|dagen|adressen"
    for sign in all_signs().values():
        for plural in re.findall(rf"{{\w+}} (?:{nouns})\b", sign.reasons[language]):
            raise AssertionError(f"{sign.code}: {plural}")


def test_a_profile_without_income_says_nothing_of_income():
    """A6 and A1 leave out what was not known, in every language."""
    facts = dict.fromkeys(named(all_signs()["A6"].reasons["en"])) | {"tests_count": 2, "partners": 12}
    for language, word in (("en", "income"), ("nl", "inkomen"), ("vi", "thu nhập")):
        told = reason(all_signs()["A6"].reasons, finding(facts), language)
        assert "–" not in told and "None" not in told and word not in told
        assert "12" in told
    facts = {"differs": ["id number absent"], "name_percent": None, "address_percent": None}
    told = reason(all_signs()["A1"].reasons, finding(facts))
    assert told == "the holder differs from the population register in: id number absent"
