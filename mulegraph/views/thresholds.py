"""What a finding measured, beside the thresholds that are about it: for pages, reports and their PDF alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.language import spoken, tr, word
from mulegraph.signs.base import all_signs
from mulegraph.signs.wording import worded
from mulegraph.views.tables import shown


def measured(story: Mapping[str, Any], least_nats: float | None) -> tuple[list[tuple[str, str, str]], str]:
    """(what, value, threshold) of a finding: facts beside the thresholds that are about them; and the others."""
    limits = {name: f"{value:g}" for name, value in story["thresholds"].items()}
    about = {_stem(name): name for name in limits if _stem(name)}
    rows = []
    if story["surprise"] is not None and story["surprise"] == story["surprise"]:
        known = least_nats if _counts_from_threshold(story["sign"]) else None
        chain = "" if known is None else tr("chains count from {nats}", nats=f"{known:.1f}")
        own = limits.pop("min_nats", None)
        rows.append(
            (tr("surprise in nats"), f"{story['surprise']:.1f}", f"{_words('min_nats')} {own}" if own else chain)
        )
    for name, value in story["facts"].items():
        if value is None or value == "" or value == []:
            continue
        limit = about.get(_stem(name))
        beside = f"{_words(limit)} {limits.pop(limit)}" if limit in limits else ""
        rows.append((_words(name), _value(value), beside))
    return rows, ", ".join(f"{_words(name)} {value}" for name, value in limits.items())


def _value(value: Any) -> str:
    """A fact's value; its words in the language that reasons have."""
    return shown(worded(value, spoken()) if isinstance(value, (str, list)) and spoken() != LANGUAGES[0] else value)


def _counts_from_threshold(code: str) -> bool:
    sign = all_signs().get(code)
    return sign is not None and sign.counts_from_threshold


def _stem(name: str) -> str:
    """`min_senders` is about `senders`."""
    return "_".join(word for word in name.split("_") if word not in ("min", "max", "within"))


def _words(name: str | None) -> str:
    return word((name or "").replace("_", " "))
