"""Words that facts put into reasons, in the languages of the reasons; numbers and names go in as they are.

A reason is a sentence with facts in braces: `{hours}`. `{devices:device|devices}` is the number and its noun, one or
many; `{percent:≤1000}` says "≥ 1000" of a fact that was cut off there. What stands in `[…]` is left out where a fact in
it is not known.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.findings import Finding

PHRASES: dict[str, tuple[str, str]] = {
    "id number absent": ("số định danh không có", "identiteitsnummer ontbreekt"),
    "birth date": ("ngày sinh", "geboortedatum"),
    "name": ("tên", "naam"),
    "address": ("địa chỉ", "adres"),
    "holder": ("chủ tài khoản", "rekeninghouder"),
    "account": ("tài khoản", "rekening"),
    "(one household)": ("(một hộ gia đình)", "(één huishouden)"),
    "then it worked": ("sau đó thành công", "daarna lukte het"),
    "and it never worked": ("và không thành công", "en het lukte nooit"),
    "a device never seen before": ("thiết bị chưa từng thấy", "een nooit eerder gezien apparaat"),
    "new biometrics": ("sinh trắc học mới", "nieuwe biometrie"),
    "a raised limit": ("hạn mức được nâng", "een verhoogde limiet"),
    "a new payee": ("người nhận mới", "een nieuwe begunstigde"),
    "a raised limit and a new payee": (
        "hạn mức được nâng và người nhận mới",
        "een verhoogde limiet en een nieuwe begunstigde",
    ),
    "repeat victim": ("nạn nhân lặp lại", "herhaald slachtoffer"),
    "beneficiary of several victims": ("người thụ hưởng của nhiều nạn nhân", "begunstigde van meerdere slachtoffers"),
    "fan-in": ("nhiều chuyển vào một", "velen betalen één"),
    "fan-out": ("một chuyển ra nhiều", "één betaalt velen"),
    "gather-scatter": ("gom rồi chia", "verzamelen en verdelen"),
    "scatter-gather": ("chia rồi gom", "verdelen en verzamelen"),
    "bipartite": ("cùng người nhận", "gedeelde ontvangers"),
    "all by paths that turn": ("chỉ qua đường đổi hướng", "alleen via wegen die keren"),
    "transfers": ("số giao dịch", "overboekingen"),
    "transfers received": ("số lần nhận", "ontvangen overboekingen"),
    "sum received": ("tổng tiền nhận", "ontvangen bedrag"),
    "payers": ("số người chuyển đến", "betalers"),
    "largest receipt": ("khoản nhận lớn nhất", "grootste ontvangst"),
    "transfers paid": ("số lần chuyển đi", "betaalde overboekingen"),
    "sum paid": ("tổng tiền chuyển đi", "betaald bedrag"),
    "payees": ("số người nhận", "begunstigden"),
    "largest payment": ("khoản chuyển lớn nhất", "grootste betaling"),
    "personal": ("cá nhân", "persoonlijk"),
    "business": ("doanh nghiệp", "zakelijk"),
    "merchant": ("cửa hàng", "winkel"),
    "savings": ("tiết kiệm", "sparen"),
    "internal": ("nội bộ", "intern"),
    "unknown": ("không rõ", "onbekend"),
    "nearest": ("gần nhất cách", "de dichtste op afstand"),
}
"""English phrase → Vietnamese, Dutch."""


class Values(NamedTuple):
    """What a sentence is made of, where there is no whole finding: facts by name, amount and currency."""

    facts: Mapping[str, Any]
    amount: Decimal | None
    currency: str | None


def reason(reasons: Mapping[str, str], finding: Finding | Values, language: str = LANGUAGES[0]) -> str:
    """The sentence of a finding from its values as they are given, masked or not; English where there is no other."""
    words = {
        **{name: worded(shown_fact(value), language) for name, value in finding.facts.items()},
        "amount": None if finding.amount is None else f"{finding.amount:,.2f}",
        "currency": finding.currency or "",
    }
    return said(reasons.get(language, reasons[LANGUAGES[0]]), words)


def shown_fact(value: Any) -> Any:
    """A fact as JSON and sentences have it: amounts with two places, times in ISO 8601."""
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return value.isoformat() if isinstance(value, date) else value


def worded(value: Any, language: str) -> Any:
    """A fact inside a sentence of a language; a phrase that is followed by a number keeps it."""
    if isinstance(value, list):
        return ", ".join(str(worded(each, language)) for each in value)
    if isinstance(value, float):
        return f"{value:g}"
    if language == LANGUAGES[0] or not isinstance(value, str):
        return value
    place = LANGUAGES.index(language) - 1
    if value in PHRASES:
        return PHRASES[value][place]
    first, _, rest = value.partition(" ")
    return f"{PHRASES[first][place]} {rest}" if first in PHRASES else value


def said(reason: str, facts: Mapping[str, Any]) -> str:
    """A reason with its facts, as `worded` gives them, filled in. Raises KeyError for one that there is not."""

    def part(found: re.Match[str]) -> str:
        lacks = any(facts[name] is None for name in named(found[1]))
        return "" if lacks else found[1]

    return " ".join(_Sentence().vformat(re.sub(r"\[([^\[\]]*)\]", part, reason), (), facts).split())


def named(reason: str) -> list[str]:
    """Names of the facts in a reason."""
    return re.findall(r"{(\w+)", reason)


class _Sentence(string.Formatter):
    """Fills in facts; see above for what may follow a name."""

    def format_field(self, value: Any, format_spec: str) -> str:
        told = "–" if value is None else str(value)
        if format_spec.startswith("≤"):
            return f"≥ {told}" if told == format_spec[1:] else told
        if format_spec:
            one, _, many = format_spec.partition("|")
            return f"{told} {one if told == '1' else many}"
        return told
