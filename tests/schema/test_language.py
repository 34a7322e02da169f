"""Pages, reports and reasons in other languages: every text is there, with the same facts, and nothing else."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable

import pytest

from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.language import MONTHS, catalogue, named, retold, speaking, tr, word
from mulegraph.signs.base import all_signs
from mulegraph.views.run_report import FEED_NOTES
from mulegraph.workspace.trace_payments import BACK, DATED, FORWARD, INNOCENT
from tests.schema.texts import all_texts, trees


@pytest.fixture(scope="module")
def texts() -> set[str]:
    return all_texts()


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_text_is_in_every_language_with_the_same_facts(texts, language):
    """A text that is not would stand in English in the middle of a Vietnamese page; one more is said by nobody."""
    known = catalogue(language)
    assert texts - known.keys() == set()
    assert known.keys() - texts == set()
    assert [each for each in known if not known[each].strip()] == []


def _bare(text: str) -> str:
    return re.sub("{[^}]*}", "", text)


FACTS: dict[str, Callable[[str], Counter[str]]] = {
    "facts": lambda text: Counter(named(text)),
    "numbers": lambda text: Counter(re.findall(r"\d[\d.,]*", _bare(text))),
    "commands": lambda text: Counter(re.findall(r"--[a-z]\S+|\bmulegraph\b|\w+\.(?:csv|toml|json)", text)),
    "items": lambda text: Counter(items=text.count(",")) if re.fullmatch(r"\w+(, \w+){2,}", text) else Counter(),
}


@pytest.mark.parametrize("language", LANGUAGES[1:])
@pytest.mark.parametrize("what", FACTS)
def test_a_sentence_says_as_much_in_every_language(what, language):
    """As often each fact, each number, each command and file, and each item of a list of words: none is lost."""
    pages, of = catalogue(language), FACTS[what]
    said = {english: other for english, other in pages.items() if english not in MONTHS and of(english)}
    signs = {sign.reasons["en"]: sign.reasons[language] for sign in all_signs().values() if language in sign.reasons}
    both = said | (signs if what == "facts" else {})

    lost = [f"{english} → {other}" for english, other in both.items() if of(english) != _as_listed(of, what, other)]

    assert both and lost == []


def _as_listed(of: Callable[[str], Counter[str]], what: str, text: str) -> Counter[str]:
    """An item of a list may be several words elsewhere."""
    return Counter(items=text.count(",")) if what == "items" else of(text)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_facts_of_a_page_have_names_that_differ_in_every_language(language):
    """Facts are named by what is said of them: two of one name would be one, and the other would be lost."""
    found = []
    for path, tree in trees():
        for node in ast.walk(tree):
            calls = [key for key in node.keys if isinstance(key, ast.Call)] if isinstance(node, ast.Dict) else []
            names = [ast.literal_eval(key.args[0]) for key in calls if getattr(key.func, "id", "") == "tr"]
            if names:
                found.append((path.name, [catalogue(language)[name] for name in names]))
    assert len(found) > 5
    assert [each for each in found if len(set(each[1])) < len(each[1])] == []


FEED = [
    "bank NORD: no payment on 2026-03-05 until 17:00 UTC, where 1,240 are usual",
    "transfers: no row on 2026-03-05 until 17:00 UTC, where 1,240 are usual",
    "transfers: 12 rows on 2026-03-05 until 17:00 UTC, where 1,240 are usual",
    "transfers.device_id: empty in every row of 2026-03-05 until 17:00 UTC; 98% had one before",
    "amounts in EUR: spread otherwise on 2026-03-05 until 17:00 UTC (stability index 0.31)",
]
ASSUMED = [
    *FORWARD,
    *BACK,
    DATED,
    "What came before 2026-01-02 10:00 UTC does not count.",
    "The ledger holds the payments of accounts at Bank St. Gallen, NORD. Of accounts at OST it holds single payments"
    " only.",
    "Nothing says whose payments the ledger holds, so it is taken to hold all of NORD. Money at a bank of which it"
    " holds only some may have gone on: set [banks] own in mulegraph.toml.",
    "Money is followed to the end.",
    "Money is followed until 30 days after the last payment traced, and no transfer that carries under 0.50."
    f" {INNOCENT}",
    "What was exchanged goes on in EUR, USD; sums of two currencies are never added up.",
    "NOT SURE: 1 account of this trace paid in another currency, from money that the ledger does not show coming in."
    " What is said to be still there may have been exchanged without a payment that says so.",
]


@pytest.mark.parametrize("language", LANGUAGES[1:])
@pytest.mark.parametrize("text", [*FEED, *ASSUMED])
def test_a_sentence_that_was_made_before_its_page_is_told_in_the_language_of_the_page(text, language):
    """Runs and traces keep English sentences: no word of them stays English, and no number, day or name is lost."""
    with speaking(language):
        told = retold(text)
        assert retold(told) == told
    facts = re.compile(r"\d[\d.,:-]*\d|\d|\b(?:NORD|OST|EUR|USD)\b|\w+\.\w+(?=:)|Bank St. Gallen")
    assert sorted(facts.findall(told)) == sorted(facts.findall(text))
    english = r"\b(the|are|usual|days?|until|accounts?|money|payments?|followed|follows|rows?|carries|before)\b"
    assert not re.search(english, told, re.I)
    assert retold(text) == text


def test_a_sentence_that_nothing_is_known_of_stays_as_it_is():
    """What another version wrote is shown, and the known sentence after it is translated."""
    with speaking("nl"):
        assert retold("A new rule holds. Money is followed to the end.").startswith("A new rule holds. Geld")
        assert retold("NORD") == "NORD"
        assert retold("") == ""


def test_every_sentence_of_a_feed_is_known_again():
    """A text of the catalogue with hardly a word of its own would fit anything, and is not looked for."""
    with speaking("vi"):
        assert all(retold(each) != each for each in FEED)
    assert len(FEED) == len(FEED_NOTES)


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
