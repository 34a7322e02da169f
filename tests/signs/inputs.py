"""What the tests of signs share: a inputs from a drawn ledger, a sign's findings, a quiet background."""

from __future__ import annotations

import json
from typing import Any

from mulegraph.cases.benign import PASSED, apply_benign_tests, read_evidence
from mulegraph.ledger.ledger import Ledger
from mulegraph.settings import Settings
from mulegraph.signs.base import all_signs
from mulegraph.signs.inputs import SignInputs


def weighed(code: str, ledger: Ledger, **changed: Any) -> list[dict[str, Any]]:
    """The same after the benign tests."""
    inputs = SignInputs(ledger, Settings())
    found = all_signs()[code].run(inputs, changed)
    rows = list(apply_benign_tests(found, read_evidence(found, ledger, inputs.sides)).to_pylist())
    for row in rows:
        row["passed"] = [name for name, (result, _) in json.loads(row["benign"]).items() if result == PASSED]
    return rows


def findings_of(code: str, ledger: Ledger, settings: Settings | None = None, **changed: Any) -> list[dict[str, Any]]:
    """Findings of one sign over a ledger, best first."""
    return list(all_signs()[code].run(SignInputs(ledger, settings or Settings()), changed).to_pylist())


def listing(subject: str, on: str = "suspicion", kind: str = "account", **changed: str) -> dict[str, str]:
    """A row of listings.csv."""
    return {
        "subject_kind": kind,
        "subject_id": subject,
        "list": on,
        "source": "police",
        "listed_at": "2026-01-01T00:00:00Z",
        "confidence": "0.8",
        **changed,
    }


EXPIRED = {"expires_at": "2026-01-02T00:00:00Z"}
"""Of a listing that had ended before the first transfer of a drawing."""


def moment(day: int, clock: str) -> str:
    """A time so many days after the first Monday of a drawing."""
    return f"2026-01-{5 + day:02d}T{int(clock.split(':')[0]):02d}:{clock.split(':')[1]}:00Z"


def card(account: str, day: int, clock: str, amount: str = "20", **changed: str) -> dict[str, str]:
    """A row of card_events.csv; its id says when it is."""
    return {
        "event_id": f"{account}-{day}-{clock}",
        "card_id": f"card_{account}",
        "account_id": account,
        "kind": "purchase",
        "amount": amount,
        "at": moment(day, clock),
        "outcome": "approved",
        **changed,
    }


def use(account: str, device: str, day: int = 5, clock: str = "08:00", **changed: str) -> dict[str, str]:
    """A row of device_use.csv."""
    return {
        "account_id": account,
        "device_id": device,
        "at": f"2026-01-{day:02d}T{clock}:00Z",
        "action": "login",
        "outcome": "ok",
        **changed,
    }


def background(days: int = 20) -> str:
    """Payments between others at all hours, so that there are days to shuffle and hours to shuffle in."""
    return "\n".join(f"w{day}_{hour} z{day}_{hour} 50 {day}+{hour}:15" for day in range(days) for hour in range(7, 22))
