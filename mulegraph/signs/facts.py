"""What a sign may say of a finding beside its columns: each fact is declared by name, kind and a line of meaning.

A fact that identifies somebody says whom (`ids`); a word comes from a list; any other text is `hidden`, and shown to
nobody who has not given a reason. There is no kind for text that is simply shown.
"""

from __future__ import annotations

from mulegraph.schema.columns import AMOUNT, COUNT, FLAG, REAL, TEXT, TEXTS, TIME, Field
from mulegraph.schema.tables import Mask


def count(name: str, doc: str, unit: str = "") -> Field:
    """A whole number: of things, or of whole hours, minutes, days or percent, as `unit` says."""
    return Field(name, COUNT, doc, unit=unit)


def number(name: str, doc: str, unit: str = "") -> Field:
    """A number with up to two places: times the usual, hours, deviations, a share or percent, as `unit` says."""
    return Field(name, REAL, doc, unit=unit)


def nats(name: str, doc: str) -> Field:
    """How unlikely something is by chance."""
    return Field(name, REAL, doc, unit="nats")


def flag(name: str, doc: str) -> Field:
    """Yes or no."""
    return Field(name, FLAG, doc)


def amount(name: str, doc: str) -> Field:
    """Money, in the finding's currency."""
    return Field(name, AMOUNT, doc)


def time(name: str, doc: str) -> Field:
    """A moment in UTC."""
    return Field(name, TIME, doc, unit="UTC")


def word(name: str, doc: str, choices: tuple[str, ...]) -> Field:
    """One of a fixed list of words, which `signs/wording.py` translates."""
    return Field(name, TEXT, doc, choices=choices)


def words(name: str, doc: str, choices: tuple[str, ...]) -> Field:
    """Some of a fixed list of words."""
    return Field(name, TEXTS, doc, choices=choices)


def one_id(name: str, doc: str, of: Mask) -> Field:
    """An account, holder, device, card or merchant."""
    return Field(name, TEXT, doc, identifies=of)


def ids(name: str, doc: str, of: Mask) -> Field:
    """Accounts, holders, devices, cards or merchants."""
    return Field(name, TEXTS, doc, identifies=of)


def card_events(doc: str = "ids of the card events that it rests on") -> Field:
    """The fact `events`: ids of card events, which `explain` looks up."""
    return Field("events", TEXTS, doc, names_nobody=True)


def hidden(name: str, doc: str) -> Field:
    """Any other text: a name, an address, what somebody wrote."""
    return Field(name, TEXT, doc, identifies=Mask.HIDDEN)
