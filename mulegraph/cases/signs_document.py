"""`docs/signs.md`, written from the modules: every sign, the benign tests, the phases, and how scores are made."""

from __future__ import annotations

import inspect
import sys

from mulegraph.cases import benign, score
from mulegraph.cases.benign import all_benign_tests, explained_signs
from mulegraph.cases.journey import JOURNEY
from mulegraph.signs.base import Sign, all_signs


def document() -> str:
    """The page as Markdown; a test compares it with `docs/signs.md`."""
    lines = [
        "# Signs",
        "",
        "Written by `python -m mulegraph.cases.signs_document` from the modules in `mulegraph/signs/`.",
        "",
    ]
    lines += ["| code | sign | about | needs | source |", "|---|---|---|---|---|"]
    for sign in all_signs().values():
        needs = ", ".join(sign.needs) or "accounts, transfers"
        lines.append(
            f"| [{sign.code}](#{sign.code.lower()}) | {sign.title} | {sign.subject} | {needs} | {sign.source} |"
        )
    for sign in all_signs().values():
        lines += ["", *_sign(sign)]
    return "\n".join([*lines, "", *_benign(), "", *_journey(), "", *_score(), ""])


def _sign(sign: Sign) -> list[str]:
    """One sign: meaning, thresholds, innocent explanations, and which benign tests can explain it."""
    tests = [test.name for test in all_benign_tests().values() if sign.code in explained_signs(test, all_signs())]
    lines = [
        f"## {sign.code}",
        "",
        f"**{sign.title}.**",
        "",
        sign.meaning,
        "",
        f"Known false alarms: {sign.innocent_when}",
    ]
    lines += ["", f"Benign tests that can explain it: {', '.join(tests) or 'none'}. Phase: {sign.phase}."]
    if sign.thresholds:
        lines += ["", f"| `[signs.{sign.code}]` | default |", "|---|---|"]
        lines += [f"| {name} | {value:g} |" for name, value in sign.thresholds.items()]
    return [line for line in lines if line is not None]


def _benign() -> list[str]:
    lines = ["# Benign tests", "", inspect.getdoc(benign) or "", ""]
    lines += ["| test | innocent when | takes off | explains |", "|---|---|---|---|"]
    for test in all_benign_tests().values():
        signs = " ".join(sorted(explained_signs(test, all_signs())))
        lines.append(f"| {test.name} | {test.innocent_when} | {test.reduction:.0%} | {signs} |")
    return lines


def _journey() -> list[str]:
    lines = ["# Journey", "", "| phase | what happens | bank data | barriers |", "|---|---|---|---|"]
    for step in JOURNEY:
        barriers = "; ".join(f"{who}: {barrier}" for who, barrier in step.barriers.items())
        lines.append(f"| {step.phase} | {step.what} | {'shows it' if step.seen else 'blind'} | {barriers} |")
    return lines


def _score() -> list[str]:
    lines = [
        "# Score",
        "",
        inspect.getdoc(score) or "",
        "",
        "| sign | weight for its subject | for others it names |",
        "|---|---|---|",
    ]
    for sign in all_signs().values():
        own = "0: the subject was harmed" if sign.harms else f"{sign.weight:g}"
        if sign.measured:
            own = f"measured by decoys ({sign.weight:g} beside the next column)"
        if sign.code == score.PEERS:
            own = "measured by ranks among peers"
        lines.append(f"| {sign.code} | {own} | {sign.party_weight:g} |")
    lines += [f"| {score.LISTED}: a place on a suspicion list | {score.LISTED_WEIGHT:g} | 0 |"]
    return lines


if __name__ == "__main__":
    sys.stdout.write(document())
