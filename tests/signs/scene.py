"""What the tests of signs share: a scene from a drawn ledger, a sign's findings, a quiet background."""

from __future__ import annotations

from typing import Any

from mulegraph.feed.ledger import Ledger
from mulegraph.settings import Settings
from mulegraph.signs.base import all_signs
from mulegraph.signs.scene import Scene


def findings_of(code: str, ledger: Ledger, settings: Settings | None = None, **changed: Any) -> list[dict[str, Any]]:
    """Findings of one sign over a ledger, best first."""
    return list(all_signs()[code].run(Scene(ledger, settings or Settings()), changed).to_pylist())


def listing(account: str, on: str = "suspicion") -> dict[str, str]:
    """A row of listings.csv."""
    return {
        "subject_kind": "account",
        "subject_id": account,
        "list": on,
        "source": "police",
        "listed_at": "2026-01-01T00:00:00Z",
        "confidence": "0.8",
    }


def use(account: str, device: str, day: int = 5) -> dict[str, str]:
    """A row of device_use.csv."""
    return {
        "account_id": account,
        "device_id": device,
        "at": f"2026-01-{day:02d}T08:00:00Z",
        "action": "login",
        "outcome": "ok",
    }


def background(days: int = 20) -> str:
    """Payments between others at all hours, so that there are days to shuffle and hours to shuffle in."""
    return "\n".join(f"w{day}_{hour} z{day}_{hour} 50 {day}+{hour}:15" for day in range(days) for hour in range(7, 22))
