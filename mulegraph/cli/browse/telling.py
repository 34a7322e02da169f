"""A finding in words: why, its values against the thresholds, and every benign test."""

from __future__ import annotations

from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.views.tables import shown


def told_finding(space: MaskedWorkspace, finding: str) -> str:
    """The text of one finding."""
    found = space.explain(finding)
    surprise = found["surprise"]
    nats = f", surprise {surprise:.1f} nats" if surprise is not None and surprise == surprise else ""
    facts = [f"  {name}: {shown(value)}" for name, value in found["facts"].items() if value is not None]
    limits = [f"  {name}: {shown(value)}" for name, value in found["thresholds"].items()]
    tests = [f"  {each['test']}: {each['result']} ({each['why']})" for each in found["tests"]]
    moved = []
    for row in found["transfers"].to_dict("records"):
        moved.append(
            f"  {shown(row['at'])}  {shown(row['amount'])} {row['currency']}  {shown(row['source']) or 'cash'} → "
            f"{shown(row['target']) or 'cash'}  {row['transfer_id']}"
        )
    parts = {
        "": [f"{finding}  score {found['score']:.2f}{nats}, phase {found['phase']}", found["reason"]],
        "Values": facts or ["  none"],
        "Thresholds": limits or ["  none"],
        "Innocent when": [f"  {found['innocent_when']}"],
        "Benign tests": tests,
        "Evidence": moved or ["  no transfer"],
    }
    return "\n\n".join("\n".join([head, *lines] if head else lines) for head, lines in parts.items())
