"""What a watch tells, as people read it: one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def sentence(line: Mapping[str, Any], min_score: float) -> str:
    """One line of text; nothing for a finding so weak that it makes no case."""
    at = str(line["at"])[11:16]
    match line["kind"]:
        case "finding":
            if line["score"] < min_score:
                return ""
            return f"{at} {line['sign']} {line['subject_id']}: {line['reason']} (score {line['score']:.2f})"
        case "chain":
            steps = len(line["transfers"])
            path = " → ".join(line["accounts"])
            return f"{at} chain {line['chain']}: {steps} transfers, {line['amount_in']} {line['currency']}, {path}"
        case "money":
            why = f"chain {line['chain']}" if line["why"] == "chain" else "what victims reported"
            return f"{at} money now: {line['amount']} {line['currency']} on {line['account']}, of {why}"
        case "withdrawn":
            return f"{at} {line['sign']} withdrawn: {line['finding']}; what came since explains it"
        case "refused":
            return f"{at} refused {line['file']}: {line['why']}"
        case "started":
            return f"{at} {line['findings']} findings and {line['chains']} chains are there already: mulegraph signs"
        case _:
            bad = f"; {line['rejected']} of its rows were rejected, see rejects/" if line["rejected"] else ""
            return f"{at} loaded {line['file']}{bad}"
