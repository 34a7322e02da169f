"""What the tests of signs share: a inputs from a drawn ledger, a sign's findings, a quiet background."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mulegraph.cases.benign import all_benign_tests, apply_benign_tests
from mulegraph.cases.evidence import read_evidence
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.columns import records
from mulegraph.schema.findings import Finding, Result
from mulegraph.settings import Settings
from mulegraph.signs.base import all_signs
from mulegraph.signs.found import Found, run_sign
from mulegraph.signs.inputs import SignInputs
from mulegraph.signs.wording import reason


def weighed(code: str, ledger: Ledger, **changed: Any) -> list[dict[str, Any]]:
    """The same after the benign tests."""
    inputs = SignInputs(ledger, Settings())
    found = run_sign(all_signs()[code], inputs, changed)
    evidence = read_evidence(found.findings, ledger, inputs.sides)
    findings, outcomes = apply_benign_tests(found.findings, evidence)
    rows = as_rows(code, Found(findings, found.facts))
    for row, said in zip(rows, outcomes.to_pylist(), strict=True):
        row["passed"] = [name for name in all_benign_tests() if said[name] == Result.PASSED]
        row["benign"] = {name: Result(said[name]) for name in all_benign_tests()}
    return rows


def as_rows(code: str, found: Found) -> list[dict[str, Any]]:
    """Findings as dictionaries, with `facts` and the English `reason`."""
    rows = []
    facts = found.facts.to_pylist()
    for row, finding, known in zip(found.findings.to_pylist(), records(Finding, found.findings), facts, strict=True):
        assert known.pop("finding") == row["finding"]
        whole = replace(finding, facts=known)
        rows.append({**row, "facts": known, "reason": reason(all_signs()[code].reasons, whole)})
    return rows


def findings_of(code: str, ledger: Ledger, settings: Settings | None = None, **changed: Any) -> list[dict[str, Any]]:
    """Findings of one sign over a ledger, best first."""
    return as_rows(code, run_sign(all_signs()[code], SignInputs(ledger, settings or Settings()), changed))


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
