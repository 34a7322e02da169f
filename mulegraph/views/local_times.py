"""Times of reports in the zone of the settings, which is named beside them as "UTC" is in the texts of the code.

A ledger keeps UTC, and so do JSON, CSV and the terminal. A report is made inside `in_zone`, where `shown` gives local
times, and heads and texts name the zone. Of a ledger that knows days only, a day stays that day: it is nobody's
midnight.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from mulegraph.schema.language import filled, word

_ZONE: ContextVar[str] = ContextVar("zone", default="UTC")


@contextmanager
def in_zone(name: str, *, coarse: bool) -> Iterator[None]:
    """Times that are shown inside are local; of a `coarse` ledger they stay as they are."""
    token = _ZONE.set("UTC" if coarse else name)
    try:
        yield
    finally:
        _ZONE.reset(token)


def zone() -> str:
    """The zone of the times that are shown now."""
    return _ZONE.get()


def local(at: datetime) -> datetime:
    """A UTC time, with or without its zone, as a local one without."""
    if zone() == "UTC":
        return at
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware.astimezone(ZoneInfo(zone())).replace(tzinfo=None)


def local_text(at: str, to: str = "minutes") -> str:
    """A time as files keep it, ISO 8601 in UTC: `2026-01-05 10:30`, or `to` seconds."""
    return local(datetime.fromisoformat(at)).replace(tzinfo=None).isoformat(" ", to)


def named(text: str) -> str:
    """A text of the code that says UTC, in the language that is spoken, with the zone's name."""
    return word(text).replace("UTC", zone())


def timed(text: str, /, **facts: Any) -> str:
    """As `tr`, of a text that says UTC, whose facts are times that `shown` gave."""
    told = {name: f"{value:,}" if isinstance(value, int) else value for name, value in facts.items()}
    return filled(named(text), told)
