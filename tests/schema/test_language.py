"""Pages, reports and reasons in other languages: every text is there, with the same facts, and nothing else."""

from __future__ import annotations

import pytest

from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.language import catalogue, named, speaking, tr, word
from tests.schema.texts import all_texts


@pytest.fixture(scope="module")
def texts() -> set[str]:
    return all_texts()


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_text_is_in_every_language_with_the_same_facts(texts, language):
    """A text that is not would stand in English in the middle of a Vietnamese page; one more is said by nobody."""
    known = catalogue(language)
    assert texts - known.keys() == set()
    assert known.keys() - texts == set()
    other_facts = [each for each in known if set(named(each)) != set(named(known[each]))]
    assert other_facts == []
    assert [each for each in known if not known[each].strip()] == []


def test_a_number_agrees_with_its_noun_in_the_language_that_is_spoken():
    """One and many have words of their own; thousands are set apart as everywhere."""
    with speaking("nl"):
        assert tr("{n:transfer|transfers}", n=1) == "1 overboeking"
        assert tr("{n:transfer|transfers}", n=1200) == "1,200 overboekingen"
    assert tr("{n:transfer|transfers}", n=1200) == "1,200 transfers"


def test_a_name_that_is_no_word_of_ours_stays_as_it_is():
    """Banks, accounts and own signs are data, and data has no language."""
    with speaking("vi"):
        assert word("NORDBANK") == "NORDBANK"
        assert word("relay") == "trung chuyển"
