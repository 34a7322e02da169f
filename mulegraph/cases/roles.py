"""Who does what in a case, read off the places that accounts have in its chains, else off what is found of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from mulegraph.schema.tables import CASH_IN, CASH_OUT

VICTIM, COLLECTOR, RELAY = "victim", "collector", "relay"
CONSOLIDATOR, CASHER, BENEFICIARY = "consolidator", "cash-out", "beneficiary"


COLLECTS = ("fan-in", "gather-scatter")
"""Names of bursts in whose middle money is collected."""
SIGN_ROLES = {"A3": COLLECTOR, "V1": COLLECTOR, "N2": RELAY, "N3": RELAY, "N6": RELAY, "N7": RELAY}
"""What a sign makes of its subject where no chain tells; of N3 only its bursts that collect differ."""


def roles_by_sign(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Role of the subjects of findings (rows of FINDINGS), the strongest finding's; who was harmed is a victim."""
    found: dict[str, str] = {}
    for row in sorted(rows, key=lambda each: (not each["victim"], -each["score"], each["finding"])):
        role = VICTIM if row["victim"] else SIGN_ROLES.get(row["sign"])
        if role and row["sign"] == "N3" and json.loads(row["facts"]).get("pattern_name") in COLLECTS:
            role = COLLECTOR
        if role and row["subject_kind"] == "account":
            found.setdefault(row["subject_id"], role)
    return found


def roles_of(chains: list[tuple[list[str], list[str]]]) -> dict[str, str]:
    """Role by account from (accounts, transfers) of each chain; cash is nobody.

    Who only pays is a victim, who is paid by victims a collector, who pays cash out is a cash-out, who only
    receives a beneficiary; of the others, who is paid by several is a consolidator, and the rest are relays.
    """
    payers: dict[str, set[str]] = defaultdict(set)
    payees: dict[str, set[str]] = defaultdict(set)
    for accounts, _ in chains:
        for payer, payee in zip(accounts, accounts[1:], strict=False):
            payers[payee].add(payer)
            payees[payer].add(payee)
    names = (set(payers) | set(payees)) - {CASH_IN, CASH_OUT}
    victims = {name for name in names if not payers[name]}
    return {name: _role(name, payers[name], payees[name], victims) for name in sorted(names)}


def _role(name: str, payers: set[str], payees: set[str], victims: set[str]) -> str:
    if name in victims:
        return VICTIM
    if not payees:
        return BENEFICIARY
    if payers & (victims | {CASH_IN}):
        return COLLECTOR
    if CASH_OUT in payees:
        return CASHER
    return CONSOLIDATOR if len(payers) > 1 else RELAY
