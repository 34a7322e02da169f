"""Amounts as files write them → a plain decimal number, as SQL. What is not written as declared is not an amount."""

from __future__ import annotations

import re
from functools import cache

from mulegraph.ingest.mapping import TableMapping
from mulegraph.ingest.sql import text_in_sql
from mulegraph.schema.tables import minor_exponents

SIGNS = {
    "€": ("EUR",),
    "£": ("GBP", "GIP", "FKP", "SHP", "EGP", "LBP"),
    "¥": ("JPY", "CNY"),
    "₫": ("VND",),
    "đ": ("VND",),
    "₹": ("INR",),
    "₺": ("TRY",),
    "₩": ("KRW",),
    "₱": ("PHP",),
    "฿": ("THB",),
    "zł": ("PLN",),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "R$": ("BRL",),
    "US$": ("USD",),
    "A$": ("AUD",),
    "C$": ("CAD",),
    "HK$": ("HKD",),
    "NT$": ("TWD",),
    "S$": ("SGD",),
    "Rs.": ("INR", "PKR", "LKR", "NPR", "MUR"),
    "Rs": ("INR", "PKR", "LKR", "NPR", "MUR"),
    "VNĐ": ("VND",),
    "Kč": ("CZK",),
    "Ft": ("HUF",),
    "RM": ("MYR",),
    "Rp": ("IDR",),
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD"),
}
"""What stands beside an amount, and the currencies that it is written for."""

_BLANKS = "\u00a0\u202f\u2009\u2007\u2008\u200a"
"""Blanks that spreadsheets and French banks group with; read as a plain blank where blanks are declared."""

_DEBIT, _CREDIT = "d|dr|db|s", "c|cr|h"
"""What stands behind an amount for money out (debit, Soll) and for money in (credit, Haben), in any case."""


def _trimmed(text: str) -> str:
    """SQL: without the blanks around a number, which say nothing: columns of fixed width are filled up with them."""
    return f"trim({text}, ' \t{_BLANKS}')"


@cache
def beside_pattern() -> str:
    """Pattern of what may stand beside an amount: a sign above, or a code of ISO 4217. "Dr" and "Mio" are neither."""
    signs = "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))
    return rf"(?:{signs}|(?i:{'|'.join(sorted(minor_exponents()))}))"


def bare(text: str, mapping: TableMapping) -> str:
    """SQL for an amount without the currency beside it, where the mapping says that there is one."""
    return without_beside(text) if mapping.currency_beside else text


def without_beside(text: str) -> str:
    """SQL for an amount without the currency beside it."""
    plain = f"trim(regexp_replace({text}, '[{_BLANKS}]', ' ', 'g'))"
    # Only one of the two is taken off: with a second currency beside it no amount is left. A dash with blanks around it
    # may part the two as well as be a sign.
    lead = rf"^([-−–+(]?)\s*{beside_pattern()}\s*([^A-Za-z\s-]|-\S)"
    tail = rf"((?:^|\S)-|[^\sA-Za-z-])\s*{beside_pattern()}([-−–+)]?)$"
    return f"regexp_replace({plain}, '{lead}|{tail}', '\\1\\2\\3\\4')"


def beside(text: str) -> str:
    """SQL for the code or sign that stands beside an amount, or NULL."""
    plain = f"trim(regexp_replace({text}, '[{_BLANKS}]', ' ', 'g'))"
    lead = rf"regexp_extract({plain}, '^[-−–+(]?\s*({beside_pattern()})', 1)"
    tail = rf"regexp_extract({plain}, '({beside_pattern()})[-−–+)]?$', 1)"
    return f"coalesce(nullif({lead}, ''), nullif({tail}, ''))"


def code_of(text: str, currency: str = "NULL") -> str:
    """SQL for the currency code that the sign or code beside an amount means.

    A sign of several currencies means the row's own `currency` where that is one of them, and nothing otherwise.
    """
    mark = beside(text)
    cases = []
    for sign, codes in SIGNS.items():
        listed = ", ".join(text_in_sql(code) for code in codes)
        alone = text_in_sql(codes[0]) if len(codes) == 1 else "NULL"
        own = f"CASE WHEN upper({currency}) IN ({listed}) THEN upper({currency}) ELSE {alone} END"
        cases.append(f"WHEN {text_in_sql(sign)} THEN {own}")
    return f"CASE {mark} {' '.join(cases)} ELSE upper({mark}) END"


def negative(text: str) -> str:
    """SQL: whether an amount is written as money out: a minus before or after it, brackets around it, Dr behind it.

    Word processors make a dash of a minus, so three marks are one.
    """
    return f"(regexp_matches({_trimmed(text)}, '^[-−–(]|[-−–]$') OR {debited(text)})"


def credited(text: str) -> str:
    """SQL: whether Cr stands behind an amount."""
    return rf"regexp_matches({_trimmed(text)}, '[0-9]\s*(?i:{_CREDIT})[.]?$')"


def debited(text: str) -> str:
    """SQL: whether Dr stands behind an amount."""
    return rf"regexp_matches({_trimmed(text)}, '[0-9]\s*(?i:{_DEBIT})[.]?$')"


def unsigned(text: str) -> str:
    """SQL for an amount without its sign, brackets, Dr or Cr; text that is not written in one of these ways stays."""
    word, shorn = rf"\s*(?i:{_DEBIT}|{_CREDIT})[.]?$", _trimmed(text)
    return (
        f"CASE WHEN regexp_full_match({shorn}, '\\([^()+-]+\\)') THEN trim({shorn}, '()')"
        f" WHEN regexp_matches({shorn}, '^[^-+−–()]*[0-9]{word}') THEN regexp_replace({shorn}, '{word}', '')"
        f" WHEN regexp_full_match({shorn}, '[-+−–]?[^-+−–]+|[^-+−–]+[-+−–]')"
        f" THEN trim(regexp_replace({shorn}, '[-+−–]', '')) ELSE {text} END"
    )


def with_minus(text: str) -> str:
    """SQL for an amount that may be below zero, its sign written as a minus before it."""
    return f"CASE WHEN {negative(text)} THEN concat('-', {unsigned(text)}) ELSE {unsigned(text)} END"


def plain(text: str, mapping: TableMapping) -> str:
    """SQL for the amount with a point as its decimal mark and no grouping, or NULL where it is not so written."""
    decimal = mapping.decimal or "."
    # 1.234,56 was always read where the comma is declared: the point can then only group.
    group = mapping.grouping or ("." if decimal == "," else "")
    read = _trimmed(text)
    if group == " ":
        read = f"regexp_replace({read}, '[{_BLANKS}]', ' ', 'g')"
    elif group == "'":
        # Swiss spreadsheets write a typographic one.
        read = f"regexp_replace({read}, '[’‘ʼ´`]', {text_in_sql(group)}, 'g')"
    grouped = ""
    if group:
        mark = re.escape(group)
        # Groups of three, and India's groups of two before the last three: 12,34,567.
        grouped = rf"|\d{{1,3}}({mark}\d{{3}})+|\d{{1,2}}({mark}\d{{2}})+{mark}\d{{3}}".replace("'", "''")
    shape = rf"[+-]?((\d+{grouped})([{decimal}]\d+)?|[{decimal}]\d+)"
    clean = f"replace({read}, {text_in_sql(group)}, '')" if group else read
    if decimal != ".":
        clean = f"replace({clean}, {text_in_sql(decimal)}, '.')"
    return f"CASE WHEN regexp_full_match({read}, '{shape}') THEN {clean} END"
