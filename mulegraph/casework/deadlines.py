"""Deadlines as data: which rule says until when a request has to be answered, and the day that this is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mulegraph.casework.workdays import reply_by
from mulegraph.schema.choices import RequestKind

FILE = "deadlines.toml"
ASKED = "asked"
"""The rule for banks that no other binds."""


@dataclass(frozen=True)
class Deadline:
    """One rule: what has to be done, of which requests, where and in which currencies, how soon, and its source."""

    says: str
    kinds: tuple[str, ...]
    countries: tuple[str, ...]
    currencies: tuple[str, ...]
    """In which a payment is of the rule's scheme; empty where the rule is about every currency."""
    limit: Annotated[int, Meta(ge=1, le=366)]
    unit: Literal["working_days", "days", "hours"]
    source: str
    looked_at: date

    def binds(self, kind: RequestKind, country: str, currency: str) -> bool:
        """Whether it is the rule for such a request."""
        of_currency = not self.currencies or currency in self.currencies
        return kind in self.kinds and country in self.countries and of_currency

    def due(self, asked: date, country: str, own: Path) -> date:
        """The day by which it is due. Raises UsageError for a country whose working days are unknown."""
        if self.unit == "working_days":
            return reply_by(asked, country, own, days=self.limit)
        return asked + timedelta(days=self.limit if self.unit == "days" else -(-self.limit // 24))


@cache
def all_deadlines() -> dict[str, Deadline]:
    """Every rule by its name, in the order of the file."""
    text = (files("mulegraph.casework") / FILE).read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=dict[str, Deadline])


def deadline_of(kind: RequestKind, country: str, currency: str) -> Deadline:
    """The rule for a request of a kind, about a payment in a currency, to a bank in a country."""
    fitting = (each for each in all_deadlines().values() if each.binds(kind, country.upper(), currency.upper()))
    return next(fitting, all_deadlines()[ASKED])
