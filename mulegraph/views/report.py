"""A run as one HTML file: what was found, how sure it is, and links to the pictures beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mulegraph.views.page import page
from mulegraph.views.tables import shown


def report_page(
    run: str,
    *,
    facts: Mapping[str, str],
    signs: Sequence[Mapping[str, Any]],
    cases: Sequence[Mapping[str, Any]],
    chains: Sequence[Mapping[str, Any]],
    pages: Mapping[str, str],
) -> str:
    """The report of a run. `pages` gives the file that draws a case, by case id."""
    return page(
        "report.html",
        run=run,
        facts=facts,
        signs=signs,
        cases=[_case(case, pages) for case in cases],
        chains=[_chain(chain) for chain in chains],
    )


def _case(case: Mapping[str, Any], pages: Mapping[str, str]) -> dict[str, Any]:
    amount = f"{shown(case['amount'])} {case['currency']}" if case["amount"] is not None else ""
    return {
        "case": case["case"],
        "page": pages.get(case["case"]),
        "score": shown(case["score"]),
        "accounts": len(case["accounts"]),
        "amount": amount,
        "first_at": shown(case["first_at"]),
        "last_at": shown(case["last_at"]),
        "made_of": ", ".join(f"{sign} {score:.2f}" for sign, score in case["made_of"].items()),
    }


def _chain(chain: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "surprise": f"{chain['surprise']:.1f}",
        "false": f"{chain['expected_false_share']:.1%}",
        "amount_in": f"{shown(chain['amount_in'])} {chain['currency']}",
        "amount_out": shown(chain["amount_out"]),
        "first_at": shown(chain["first_at"]),
        "last_at": shown(chain["last_at"]),
        "accounts": " → ".join(chain["accounts"]),
    }
