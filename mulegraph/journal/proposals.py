"""Acts that need two people: one proposes, another confirms, and only then is it done.

Who somebody is says the operating system: two people who share its account are one here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from mulegraph.errors import UsageError
from mulegraph.journal.journal import Entry, Journal, user

PROPOSED, CONFIRMS = "proposed", "confirmed"
REVEAL_HOURS = 24
"""How long a confirmed reason to reveal holds for who proposed it: a working day, and no standing leave."""


def propose(journal: Journal, about: str, act: str, **facts: Any) -> Entry:
    """Write down what somebody wants to do."""
    return journal.append(PROPOSED, about, act=act, **facts)


def proposal(journal: Journal, number: int) -> Entry:
    """A proposal that another person may confirm. Raises UsageError for anything else."""
    return _open_proposal(journal.entries(), number)


def confirm_proposal(journal: Journal, number: int) -> Entry:
    """Confirm it; nobody can at the same time."""
    about = proposal(journal, number).about
    return journal.append(
        CONFIRMS, about, check=lambda entries: (_open_proposal(entries, number), None)[1], proposal=number
    )


def _open_proposal(entries: Iterable[Entry], number: int) -> Entry:
    found = None
    for entry in entries:
        if entry.number == number and entry.what == PROPOSED:
            found = entry
        if entry.what == CONFIRMS and entry.facts["proposal"] == number:
            raise UsageError("entry {number} is confirmed already", hint="See: mulegraph journal show", number=number)
    if found is None:
        raise UsageError("entry {number} is no proposal", hint="See: mulegraph journal show", number=number)
    if found.who == user():
        raise UsageError("entry {number} was proposed by you", hint="Somebody else has to confirm it.", number=number)
    return found


def check_reveal(journal: Journal, reason: str) -> datetime:
    """When the leave to reveal for this reason ends: 24 hours after a second person has confirmed it.

    Raises UsageError where nobody has, or the hours are over. The first time, it is proposed.
    """
    mine, confirmed = {}, {}
    for entry in journal.entries():
        if entry.what == PROPOSED and entry.facts["act"] == "reveal" and entry.who == user():
            mine[entry.number] = entry.facts["reason"]
        elif entry.what == CONFIRMS and mine.get(entry.facts["proposal"]) == reason:
            confirmed[entry.facts["proposal"]] = datetime.fromisoformat(entry.at)
    ends = max(confirmed.values()) + timedelta(hours=REVEAL_HOURS) if confirmed else None
    if ends is not None and datetime.now(UTC) < ends:
        return ends
    waiting = [number for number, told in mine.items() if told == reason and number not in confirmed]
    number = waiting[-1] if waiting else propose(journal, "", "reveal", reason=reason).number
    raise UsageError(
        "a second person has to confirm this reason to reveal",
        hint="Ask for it: mulegraph journal confirm {number}; he is shown your reason. Then ask again with it.",
        number=number,
    )
