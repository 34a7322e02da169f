"""Whether two names, or two addresses, are one written in two ways; measured on tests/signs/names (docs/measured.md).

Letters are written as passports write them (`anyascii`), and words are put beside each other, whatever their order.
One letter may differ, as clerks mistype; an initial stands for its word, and particles may be joined or left out. What
letters cannot tell is a sister called by one letter otherwise.
"""

from __future__ import annotations

import re

from anyascii import anyascii
from rapidfuzz.distance import Levenshtein

PARTICLES = frozenset(
    "van von der den de des du het ten ter la le thi vd di da do dos das del della dell el al bin binti".split()
)
"""Words that one clerk writes and another leaves out; Vietnamese Văn and Thị lose their accents first."""

TITLES = frozenset("dr prof mr mrs ms mw dhr ir drs ing shri smt jr sr freiherr graf sir herr frau ong ba".split())

_FOLDS = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"), ("ij", "y"), ("dj", "d"))
"""What letters become where a keyboard does not have them (ä, ø, ü, å, ĳ, đ), and back."""

_STREETS = {
    "q": "quan",
    "p": "phuong",
    "d": "duong",
    "hcm": "hochiminh",
    "tphcm": "hochiminh",
    "str": "street",
    "st": "street",
    "strasse": "street",
    "straat": "street",
    "saint": "street",
    "sankt": "street",
    "rd": "road",
    "ave": "avenue",
    "av": "avenue",
    "avenida": "avenue",
    "bd": "boulevard",
    "blvd": "boulevard",
    "r": "rua",
    "c": "calle",
    "ln": "lane",
    "sq": "square",
    "apt": "flat",
    "sgravenhage": "haag",
    "shertogenbosch": "bosch",
}
_NO_WORDS = PARTICLES | frozenset("tp so plot no nr thanh pho duong".split())
_ANOTHER = 70
"""At most so alike are names of which a word is another one."""


def plain_words(text: str) -> str:
    """Letters and digits without case and accents, without particles; 'Nguyễn Thị Đào' becomes 'nguyen dao'."""
    words = _words(text)
    return " ".join([word for word in words if word not in PARTICLES] or words)


def names_alike(one: str, other: str) -> int:
    """How alike two names are, in percent; 100 where they differ only in how names are written."""
    ours, theirs = _without_joined(_words(one), _words(other))
    left, right = (_bare(words, PARTICLES | TITLES) for words in (ours, theirs))
    return _alike(*_without_initials(left, right))


def addresses_alike(one: str, other: str) -> int:
    """How alike two addresses are, in percent; another number of a house, district or postcode is another address."""
    left, right = (_bare(_address(text), _NO_WORDS) for text in (one, other))
    numbers = [sorted(word for word in words if word.isdigit()) for words in (left, right)]
    alike = _alike(left, right)
    # One may leave out a postcode or a floor; numbers of which neither has the other's are two places.
    extra = [[word for word in mine if word not in its] for mine, its in (numbers, numbers[::-1])]
    return min(alike, _ANOTHER) if all(extra) else alike


def _words(text: str) -> list[str]:
    plain = re.sub(r"['’`ʹʼ]", "", anyascii(text)).casefold()
    return "".join(each if each.isalnum() else " " for each in plain).split()


def _bare(words: list[str], empty: frozenset[str]) -> list[str]:
    kept = [word for word in words if word not in empty] or words
    for theirs, ours in _FOLDS:
        kept = [word.replace(theirs, ours) if len(word) > 2 else word for word in kept]
    return kept


def _address(text: str) -> list[str]:
    plain = re.sub(r"\bt(hanh )?p(ho)?\.? *ho chi minh\b|\btp\.? *hcm\b", " hcm ", " ".join(_words(text)))
    apart = re.sub(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])", " ", plain)
    words: list[str] = []
    for word in apart.split():
        stem = re.fullmatch(r"(\w{3,})(strasse|straat|str|gracht|gr)", word)
        words += [stem[1] + stem[2][:2]] if stem else [_STREETS.get(word, word)]
    return words


def _without_joined(left: list[str], right: list[str]) -> tuple[list[str], list[str]]:
    """Without words that stand on the other side in several parts: Vandenbroek and van den Broek."""
    for one, other in ((left, right), (right, left)):
        for word in [each for each in one if len(each) > 3 and each not in other]:
            runs = ((at, end) for at in range(len(other)) for end in range(at + 2, len(other) + 1))
            found = next((run for run in runs if "".join(other[run[0] : run[1]]) == word), None)
            if found is not None:
                one.remove(word)
                del other[found[0] : found[1]]
                one.append(word)
                other.append(word)
    return left, right


def _without_initials(left: list[str], right: list[str]) -> tuple[list[str], list[str]]:
    """Without words that stand on the other side as their first letter: J.C., or JC written together."""
    for one, other in ((left, right), (right, left)):
        for word in [each for each in one if each not in other]:
            longer = [each for each in other if each not in one and len(each) > len(word) and each[0] == word[0]]
            firsts = "".join(each[0] for each in other if each not in one and len(each) > 1)
            if len(word) == 1 and longer:
                one.remove(word)
                other.remove(longer[0])
            elif 2 <= len(word) <= 3 and word == firsts[: len(word)] and len(firsts) >= len(word):
                one.remove(word)
                for each in [each for each in other if each not in one and len(each) > 1][: len(word)]:
                    other.remove(each)
    return left, right


def _alike(left: list[str], right: list[str]) -> int:
    """In percent of the letters; words are put together by how few letters differ."""
    rest, spare = sorted(left), sorted(right)
    for word in [*rest]:
        if word in spare:
            rest.remove(word)
            spare.remove(word)
    letters = sum(map(len, left)) + sum(map(len, right))
    pairs = sorted((Levenshtein.distance(one, other), one, other) for one in set(rest) for other in set(spare))
    different, is_another = 0, False
    for distance, one, other in pairs:
        if one in rest and other in spare:
            rest.remove(one)
            spare.remove(other)
            different += 2 * distance
            is_another |= (distance > 1 and 4 * distance > max(len(one), len(other))) or len(one) == len(other) == 1
    # An initial alone says nothing where its word is left out.
    different += sum(len(word) for word in (*rest, *spare) if len(word) > 1)
    alike = round(100 * (1 - different / letters)) if letters else 100
    return max(min(alike, _ANOTHER) if is_another else alike, 0)
