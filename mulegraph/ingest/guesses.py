"""What values of a file may mean: patterns of dates, decimal marks, whether balances follow from amounts."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache

from mulegraph.ingest.amount_shapes import in_usual_shape
from mulegraph.ingest.amounts import SIGNS, beside_pattern
from mulegraph.ingest.ibans import has_check_digits
from mulegraph.ingest.times import BUDDHIST, BUDDHIST_YEAR, packed
from mulegraph.schema.tables import minor_exponents

DAYS = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y.%m.%d.",
    "%Y. %m. %d.",
    "%Y%m%d",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %b %y",
    "%d %B %Y",
    "%b %d, %Y",
    "%d/%b/%Y",
    "%y%m%d",
)
CLOCKS = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H.%M", " %I:%M:%S %p", " %I:%M %p")
ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d{1,2}:\d\d(:\d\d([.]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?")
NUMBER = re.compile(
    r"[-+−–(]?\s*[\d., '’\u00a0\u202f\u2009]*\d[\d., '’\u00a0\u202f\u2009]*\s*([-+−–)]|[dc]r?[.]?)?", re.IGNORECASE
)
_SIGNED = re.compile(r"^\s*[-−–(]|[-−–]\s*$|\d\s*(d|dr|db|s)[.]?\s*$", re.IGNORECASE)
_CREDITED = re.compile(r"\d\s*(c|cr|h)[.]?\s*$", re.IGNORECASE)
_BLANKS = " \u00a0\u202f\u2009"


def is_signed(text: str) -> bool:
    """Whether an amount carries the sign of money out: a minus, brackets or Dr, also behind or before a currency."""
    return bool(_SIGNED.search(_beside().sub("", in_usual_shape(text))))


def is_credited(text: str) -> bool:
    """Whether Cr stands beside an amount."""
    return bool(_CREDITED.search(in_usual_shape(text)))


@cache
def _beside() -> re.Pattern[str]:
    beside = beside_pattern()
    return re.compile(rf"^\s*{beside}\s*(?![A-Za-z])|(?<![A-Za-z])\s*{beside}\s*$")


def is_value(cell: str) -> bool:
    """Whether a cell is a number, a date or an account's number: none of them names a column."""
    return bool(NUMBER.fullmatch(cell) or ISO.fullmatch(cell) or has_check_digits(cell.replace(" ", "")))


def is_date(cell: str) -> bool:
    """Whether a cell is written as some date, with or without a time."""
    cell = _our_year(cell)
    return bool(ISO.fullmatch(cell)) or any(_fits(cell, day + clock) for day in DAYS for clock in CLOCKS)


def time_formats(values: list[str]) -> list[str]:
    """Every pattern that all of the values fit; `iso` alone where they are so written."""
    if values and all(re.search(BUDDHIST_YEAR, each) for each in values):
        # No date of today is in the years 2400 to 2699; in the Buddhist era they are 1857 to 2156.
        return [BUDDHIST + each for each in _patterns([_our_year(each) for each in values])]
    if values and all(ISO.fullmatch(each) for each in values):
        return ["iso"]
    if values and all(re.fullmatch(r"1\d{12}", each) for each in values):
        return ["epoch_ms"]
    return _patterns(values)


def are_serials(values: list[str]) -> bool:
    """Whether all values may be days as Excel counts them, from 1982 to 2064; amounts may look so, too."""
    return bool(values) and all(re.fullmatch(r"[3-5]\d{4}([.,]\d+)?", each) for each in values)


def _patterns(values: list[str]) -> list[str]:
    ways = [day + clock for day in DAYS for clock in CLOCKS]
    return [way for way in ways if values and all(_fits(each, way) for each in values)]


def _our_year(text: str) -> str:
    return re.sub(BUDDHIST_YEAR, lambda year: str(int(year[0]) - 543), text, count=1)


def _at(text: str, pattern: str) -> datetime:
    """The time that a text is in a pattern. Raises ValueError where it is none."""
    if pattern.startswith(BUDDHIST):
        text, pattern = _our_year(text), pattern.removeprefix(BUDDHIST)
    if "%p" in pattern:
        text = re.sub(r"(?i)\s*([ap])[.]?\s?m[.]?$", r" \1M", text)
    return datetime.strptime(text, pattern)


def differ(values: list[str], patterns: list[str]) -> list[str]:
    """Of patterns that all values fit, those that mean other days than the first does."""
    if len(patterns) < 2:
        return []
    first = [_at(each, patterns[0]) for each in values]
    return [each for each in patterns[1:] if [_at(value, each) for value in values] != first]


def _fits(text: str, pattern: str) -> bool:
    if not all(re.search(each, text) for each in packed(pattern)):
        return False
    try:
        at = _at(text, pattern)
    except ValueError:
        return False
    return 1990 <= at.year <= 2100


def marks(values: list[str]) -> tuple[str, str, str]:
    """Decimal mark, grouping mark and a doubt ('': none) of amounts."""
    bare = [re.sub(r"[^\d.,'’ \u00a0\u202f\u2009]", "", each).strip(" .’'" + _BLANKS) for each in values]
    both = [each for each in bare if "," in each and "." in each]
    if both:
        decimal = max(both[0], key=lambda sign: both[0].rfind(sign) if sign in ".," else -1)
        return decimal, "," if decimal == "." else ".", ""
    grouped = next((sign for sign in "'’" + _BLANKS if any(sign in each for each in bare)), "")
    group = " " if grouped in tuple(_BLANKS) else "'" if grouped else ""
    for mark, other in ((",", "."), (".", ",")):
        having = [each for each in bare if mark in each]
        if not having:
            continue
        if any(each.count(mark) > 1 for each in having):
            return other, mark, ""
        tails = {len(each.rpartition(mark)[2]) for each in having}
        if tails == {3} and not group:
            return other, mark, f"'{mark}' stands before three digits everywhere: it is taken to group thousands"
        return mark, group, ""
    return ".", group, ""


def grouping_beside(values: list[str], decimal: str) -> str:
    """The grouping mark of other numbers of the file, where their decimal mark is the same and beyond doubt."""
    theirs, grouping, doubt = marks(values)
    return grouping if theirs == decimal and not doubt else ""


def number(text: str, decimal: str) -> Decimal | None:
    """The number that a text is, with its sign: a minus, brackets or Dr; None where it is none."""
    digits = re.sub(rf"[^\d{decimal}]", "", text).replace(decimal, ".")
    try:
        found = Decimal(digits)
    except InvalidOperation:
        return None
    return -found if is_signed(text) else found


def follow(amounts: list[Decimal], balances: list[Decimal]) -> bool:
    """Whether each balance follows from the one before, oldest or newest first, on nearly all lines."""
    steps = len(balances) - 1
    return steps > 0 and steps_that_follow(amounts, balances) * 10 >= steps * 8


def steps_that_follow(amounts: list[Decimal], balances: list[Decimal]) -> int:
    """How many balances follow from the one before, oldest or newest first, whichever is more."""
    steps = list(zip(balances, balances[1:], amounts, amounts[1:], strict=False))
    up = sum(before + amount == after for before, after, _, amount in steps)
    down = sum(after + amount == before for before, after, amount, _ in steps)
    return max(up, down)


def is_currency(text: str) -> bool:
    """Whether a text is a code of ISO 4217."""
    return text.upper() in minor_exponents()


def has_beside(text: str) -> bool:
    """Whether something but a sign, brackets, Dr or Cr stands beside an amount."""
    bare = re.sub(r"(?i)\d\s*[dc]r?[.]?$", "", in_usual_shape(text))
    return bool(re.search(r"[^\d\s.,'’‘ʼ´`()+−–-]", bare))


def currencies_beside(texts: list[str]) -> tuple[str, ...]:
    """The currencies that a sign beside some amount may mean, where these are several: $, kr, £."""
    signs = {re.sub(r"[\d\s.,'’()+−–-]", "", in_usual_shape(each)) for each in texts}
    return next((SIGNS[sign] for sign in sorted(signs & SIGNS.keys()) if len(SIGNS[sign]) > 1), ())


def currency_of(names: list[str]) -> str:
    """A currency that a column's name tells, such as Bedrag (EUR) or Valor (R$); '' where none does."""
    for name in names:
        for word in re.findall(r"\b[A-Z]{3}\b", name):
            if is_currency(word):
                return str(word)
        for sign, codes in SIGNS.items():
            if len(codes) == 1 and re.search(rf"(?<![A-Za-z]){re.escape(sign)}(?![A-Za-z])", name):
                return codes[0]
        if re.search(r"\beuros?\b", name, re.IGNORECASE):
            return "EUR"
    return ""
