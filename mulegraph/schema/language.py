"""Words of pages, reports and reasons: English stands in the code, and a catalogue for each other language beside it.

A catalogue is a file in `schema/languages/`: English text = its translation, with the same names in braces; `[facts]`
are words inside reasons, `[pages]` all others. What is made inside `with speaking(language)` is in that language;
JSON, CSV and what a terminal shows are never made inside one.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any

from mulegraph.errors import UsageError
from mulegraph.schema.choices import LANGUAGES

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MIN_LETTERS = 12
"""Letters of its own from which a text with facts is known again."""
_FACT = re.compile(r"{(\w+)(?::([^}]*))?}")
_SPOKEN: ContextVar[str] = ContextVar("language", default=LANGUAGES[0])


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """What is written inside is in this language."""
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def spoken() -> str:
    """The language of what is written now."""
    return _SPOKEN.get()


@cache
def catalogue(language: str, part: str = "pages") -> Mapping[str, str]:
    """English → this language; nothing for English."""
    return _file(language)[part] if language != LANGUAGES[0] else {}


@cache
def _file(language: str) -> dict[str, dict[str, str]]:
    path = files("mulegraph.schema") / "languages" / f"{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def tr(text: str, /, **facts: Any) -> str:
    """A text of the code in the language that is spoken, its facts filled in; whole numbers in thousands.

    `{n:account|accounts}` is the number and its noun, one or many. A test holds every text to be in every catalogue.
    """
    told = {name: f"{value:,}" if isinstance(value, int) else value for name, value in facts.items()}
    return _Sentence().vformat(word(text), (), told) if told else word(text)


def word(text: str) -> str:
    """A word of a fixed vocabulary (a role, a state) in the language that is spoken; any other text as it is."""
    return catalogue(spoken()).get(text, text)


def retold(text: str) -> str:
    """An English text that was made before its page, in the language that is spoken: sentence by sentence.

    A trace or a run keeps sentences and not the facts that they were made of, so they are read back by the catalogue's
    texts. What none of them fits stays as it is: a sentence of English is better than one that is lost.
    """
    if spoken() == LANGUAGES[0] or not text:
        return text
    if (told := _told(text, spoken())) is not None:
        return told
    first, gap, rest = text.partition(". ")
    return f"{_translated(first + '.', spoken()) or first + '.'} {retold(rest)}" if gap else text


def _told(text: str, language: str) -> str | None:
    """All sentences of a text; None where one is not known. A name may hold what looks like a sentence's end."""
    for end in [*(found.start() for found in re.finditer(r"(?<=[.]) ", text)), len(text)]:
        told = _translated(text[:end], language)
        rest = text[end + 1 :]
        more = _told(rest, language) if told is not None and rest else ""
        if told is not None and more is not None:
            return f"{told} {more}" if rest else told
    return None


def _translated(text: str, language: str) -> str | None:
    known = catalogue(language)
    if text in known:
        return known[text]
    for english, fits in _patterns(language):
        if found := fits.fullmatch(text):
            facts = {name: _translated(value, language) or value for name, value in found.groupdict().items()}
            return filled(known[english], facts)
    return None


@cache
def _patterns(language: str) -> list[tuple[str, re.Pattern[str]]]:
    """Catalogue texts with facts as patterns, the most literal first; those with hardly a word of their own fit all."""
    letters = {text: len(re.findall("[a-z]", _FACT.sub("", text))) for text in catalogue(language)}
    texts = [text for text, own in letters.items() if _FACT.search(text) and own >= MIN_LETTERS]
    return [(text, re.compile(_pattern(text))) for text in sorted(texts, key=lambda text: (-letters[text], text))]


def _pattern(text: str) -> str:
    """A text as a pattern: `{x}` is anything, the same where it stands twice; `{n:one|many}` a number and noun."""
    made, at, seen = "", 0, set[str]()
    for found in _FACT.finditer(text):
        name, nouns = found.group(1), found.group(2)
        fact = f"(?P={name})" if name in seen else rf"(?P<{name}>[\d,]+)" if nouns else f"(?P<{name}>.+?)"
        noun = f" (?:{'|'.join(map(re.escape, nouns.split('|')))})" if nouns else ""
        made += re.escape(text[at : found.start()]) + fact + noun
        at = found.end()
        seen.add(name)
    return made + re.escape(text[at:])


def later(text: str) -> str:
    """A text that is translated where it is shown: it only marks it for the test of the catalogues."""
    return text


def month(number: int) -> str:
    """The short name of a month, from 1 on."""
    return word(MONTHS[number - 1])


def filled(text: str, facts: Mapping[str, Any]) -> str:
    """A text with its facts as they are given. Raises KeyError for one that there is not."""
    return _Sentence().vformat(text, (), facts)


def named(text: str) -> list[str]:
    """Names of the facts in a text."""
    return re.findall(r"{(\w+)", text)


class _Sentence(string.Formatter):
    """Fills in facts: `{x:one|many}` and `{percent:≤1000}`, as `signs/wording.py` has them."""

    def format_field(self, value: Any, format_spec: str) -> str:
        told = "–" if value is None else str(value)
        if format_spec.startswith("≤"):
            return f"≥ {told}" if told == format_spec[1:] else told
        if format_spec:
            one, _, many = format_spec.partition("|")
            return f"{told} {one if told == '1' else many}"
        return told


def check_language(language: str) -> None:
    """Raise UsageError for a language that there are no reasons in."""
    if language not in LANGUAGES:
        raise UsageError("--lang is '{language}'", hint=f"Expected one of {', '.join(LANGUAGES)}.", language=language)
