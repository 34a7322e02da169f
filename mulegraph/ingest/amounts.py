"""Amounts as files write them → a plain decimal number, as SQL. What is not written as declared is not an amount."""

from __future__ import annotations

import re

from mulegraph.ingest.mapping import TableMapping
from mulegraph.ingest.sql import text_in_sql

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
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD"),
}
"""What stands beside an amount, and the currencies that it is written for."""

_BLANKS = "\u00a0\u202f\u2009"
"""Blanks that spreadsheets and French banks group with; read as a plain blank where blanks are declared."""

_BESIDE = r"\p{Sc}A-Za-złđ"


def bare(text: str, mapping: TableMapping) -> str:
    """SQL for an amount without the currency beside it."""
    if not mapping.currency_beside:
        return text
    plain = f"regexp_replace({text}, '[{_BLANKS}]', ' ', 'g')"
    lead = rf"^([-+(]?)\s*[{_BESIDE}]{{1,4}}\s*"
    return f"regexp_replace(regexp_replace(trim({plain}), '{lead}', '\\1'), '\\s*[{_BESIDE}]{{1,4}}([-+)]?)$', '\\1')"


def beside(text: str) -> str:
    """SQL for the code or sign that stands beside an amount, or NULL."""
    return f"nullif(regexp_extract({text}, '[{_BESIDE}]{{1,4}}'), '')"


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
    """SQL: whether an amount is written as money out: a minus before or after it, or brackets around it."""
    return f"regexp_matches(trim({text}), '^[-−(]|[-−]$')"


def unsigned(text: str) -> str:
    """SQL for an amount without its sign or brackets; text that is not written in one of these ways stays."""
    return (
        f"CASE WHEN regexp_full_match(trim({text}), '\\([^()+-]+\\)') THEN trim(trim({text}), '()')"
        f" WHEN regexp_full_match(trim({text}), '[-+−]?[^-+−]+|[^-+−]+[-+−]')"
        f" THEN trim(regexp_replace(trim({text}), '[-+−]', '')) ELSE {text} END"
    )


def plain(text: str, mapping: TableMapping) -> str:
    """SQL for the amount with a point as its decimal mark and no grouping, or NULL where it is not so written."""
    decimal = mapping.decimal or "."
    # 1.234,56 was always read where the comma is declared: the point can then only group.
    group = mapping.grouping or ("." if decimal == "," else "")
    read = text
    if group == " ":
        read = f"regexp_replace({text}, '[{_BLANKS}]', ' ', 'g')"
    grouped = ""
    if group:
        mark = re.escape(group)
        # Groups of three, and India's groups of two before the last three: 12,34,567.
        grouped = rf"|\d{{1,3}}({mark}\d{{3}})+|\d{{1,2}}({mark}\d{{2}})+{mark}\d{{3}}".replace("'", "''")
    shape = rf"[+-]?(\d+{grouped})([{decimal}]\d+)?"
    clean = f"replace({read}, {text_in_sql(group)}, '')" if group else read
    if decimal != ".":
        clean = f"replace({clean}, {text_in_sql(decimal)}, '.')"
    return f"CASE WHEN regexp_full_match({read}, '{shape}') THEN {clean} END"
