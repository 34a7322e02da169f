"""The journey of a helpdesk fraud in six phases: what bank data shows of each, and the barrier each party could raise.

Source: the sector's plan against helpdesk fraud (six phases); the names are working names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mulegraph.schema.language import word
from mulegraph.signs.base import Phase


@dataclass(frozen=True)
class Step:
    """One phase: what happens, whether bank data can show it, and barriers by who could raise them."""

    phase: Phase
    what: str
    seen: bool
    barriers: dict[str, str]


JOURNEY: tuple[Step, ...] = (
    Step(
        Phase.PREPARE,
        "mules are recruited, accounts bought or opened with false papers",
        True,
        {
            "bank": "check papers against the register when an account is opened",
            "platform": "remove offers of accounts",
            "police": "share lists of accounts for sale",
        },
    ),
    Step(
        Phase.REACH,
        "the victim is called or written to, by somebody who seems to be the bank",
        False,
        {"telecom": "stop calls and texts under a false number", "bank": "warn in the app while a call is on"},
    ),
    Step(
        Phase.TAKE_CONTROL,
        "the victim is talked into access: a new device, remote control, codes",
        True,
        {"bank": "a delay after a new device or a raised limit", "device maker": "warn of remote control"},
    ),
    Step(
        Phase.TAKE,
        "the money leaves the victim",
        True,
        {"bank": "check the payee's name; hold a first large payment", "victim's circle": "a second pair of eyes"},
    ),
    Step(
        Phase.DISPERSE,
        "the money is passed on, split and merged through mules",
        True,
        {"bank": "hold incoming money that fits the pattern", "other banks": "answer support requests within the hour"},
    ),
    Step(
        Phase.CASH_OUT,
        "the money leaves the banks: cash, goods, crypto, abroad",
        True,
        {"bank": "lower limits for withdrawals", "exchange": "hold first payments", "merchant": "look at round sums"},
    ),
)


def journey(phases: Iterable[str]) -> list[dict[str, object]]:
    """Every phase with whether it was seen here: `found`, `not found`, or `blind` where bank data cannot show it."""
    seen = set(phases)
    made: list[dict[str, object]] = []
    for step in JOURNEY:
        made.append(
            {
                "phase": str(step.phase),
                "seen": "found" if step.phase in seen else "not found" if step.seen else "blind",
                "what": word(step.what),
                "barriers": "; ".join(f"{word(who)}: {word(barrier)}" for who, barrier in step.barriers.items()),
            }
        )
    return made
