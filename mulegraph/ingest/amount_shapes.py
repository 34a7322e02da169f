"""The many shapes in which an amount, its sign and its currency are written → the few that the SQL of `amounts` reads.

Each shape here means one thing, whoever wrote it: -($45.10), (USD) 45.10, CR 45.10, 45.10 USD CR, $45.10 CAD, a dash
that a word processor made of the minus. What may mean two things stays as it is, and so is no amount.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.ingest.amounts import SIGNS, beside_pattern

_UNSEEN = "\u200b\u200e\u200f\u061c\u202a-\u202e\u2060\u2066-\u2069\ufeff"
"""What says which way a text runs, and blanks of no width: exports in Arabic and Hebrew put them around numbers."""

_DASHES = "−–—‐‑‒﹣－"
"""What word processors, web pages and full-width fonts make of a minus."""

_OUT, _IN = "debit|soll|dr|db|d|s", "credit|haben|cr|c|h"
_WORD = f"(?:{_OUT}|{_IN})[.]?"
_WORD_BEFORE = "(?i:(?:debit|soll|dr|credit|haben|cr)[.]?)"
"""Before a number a letter may shorten a currency: D is the dalasi, Db the dobra."""
_PLAIN = r"^\s*[-+]?[0-9][0-9., ]*-?\s*$"


def usual_shape(column: pa.Array, as_written: Sequence[str] = ()) -> pa.Array:
    """A column of amounts with each in a usual shape; the same column where all of them have one.

    Words by which a mapping leaves rows out, or keeps them, stay `as_written`.
    """
    odd = pc.invert(pc.fill_null(pc.match_substring_regex(column, _PLAIN), True))
    if as_written:
        named = pc.is_in(pc.utf8_trim_whitespace(column), value_set=pa.array(as_written, pa.string()))
        odd = pc.and_(odd, pc.invert(named))
    if not pc.any(odd).as_py():
        return column
    values = column
    for needed, steps in _steps():
        # Each value by itself: what it means does not depend on the others of its batch.
        mine = pc.and_(odd, pc.fill_null(pc.match_substring_regex(values, needed), False))
        if pc.any(mine).as_py():
            changed = values
            for pattern, made in steps:
                changed = pc.replace_substring_regex(changed, pattern, made)
            values = pc.if_else(mine, changed, values)
    return values


def in_usual_shape(text: str) -> str:
    """The same for one text."""
    return str(usual_shape(pa.array([text], pa.string()))[0].as_py())


Steps = list[tuple[str, str]]


@cache
def _steps() -> list[tuple[str, Steps]]:
    """What some value must hold, and then patterns with what takes their place, one after the other."""
    mark = beside_pattern()
    word = f"(?i:{_WORD})"
    unseen = [(f"[{_UNSEEN}]", ""), (f"[{_DASHES}]", "-")]
    brackets = [
        # Brackets that hold no number say nothing of the sign: (USD), (Cr), (-).
        (rf"\(\s*({mark}|{word}|[-+])\s*\)", r" \1 "),
        (r"^\s+|\s+$", ""),
        # A minus before or inside brackets says once more what they say.
        (r"^([^0-9()+-]*)-([^0-9()+-]*)(\([^()+-]+\))([^0-9()+-]*)$", r"\1\2\3\4"),
        (r"^([^0-9()+-]*)\(([^0-9()+-]*)-([^()+-]+)\)([^0-9()+-]*)$", r"\1(\2\3)\4"),
        (r"^([^0-9()+-]*)\(([^()+-]+)-([^0-9()+-]*)\)([^0-9()+-]*)$", r"\1(\2\3)\4"),
    ]
    # The currency first, the number, the word last.
    words = [
        (rf"^({_WORD_BEFORE})(?:\s*([0-9].*)|\s+({mark}\s*[0-9].*))$", r"\2\3 \1"),
        (rf"^([0-9].*)\s*({mark})\s+({word})$", r"\2 \1 \3"),
        (rf"^([0-9].*[0-9]\s*{word})\s+({mark})$", r"\2 \1"),
        (r"([0-9]\s*)(?i:debit|soll)$", r"\1 Dr"),
        (r"([0-9]\s*)(?i:credit|haben)$", r"\1 Cr"),
    ]
    # A sign beside the code of one of its currencies says less than the code: $45.10 CAD.
    both: Steps = []
    for sign, codes in SIGNS.items():
        named = f"(?i:{'|'.join(codes)})"
        both.append((rf"^([-+(]*)\s*{re.escape(sign)}\s*([0-9][^A-Za-z]*{named}[-+)]*)$", r"\1\2"))
    signs = "|".join(map(re.escape, SIGNS))
    return [
        (r"[^\x00-\x7f]", unseen),
        (r"\(", brackets),
        (rf"(?i)^{_WORD}\s*[^\s]|[0-9]\D*\b{_WORD}(?:\s|$)|{_WORD}\s+\S+$", words),
        (rf"^[-+(]*\s*(?:{signs})\s*[0-9][^A-Za-z]*[A-Za-z]{{3}}", both),
    ]
