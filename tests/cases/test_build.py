"""Cases: what belongs together, how strong it is, and who does what."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mulegraph.cases.build import build_cases, case_graph
from mulegraph.cases.roles import roles_by_sign, roles_of
from mulegraph.flow.naming import CHAINS
from mulegraph.schema.findings import FINDINGS, Role
from mulegraph.settings import CaseSettings
from mulegraph.signs.base import all_signs

NINE, TEN = datetime(2026, 1, 5, 9), datetime(2026, 1, 5, 10)


def chain(name: str, *accounts: str) -> dict[str, Any]:
    return {
        "chain": name,
        "surprise": 20.0,
        "expected_false_share": 0.01,
        "network": None,
        "transfers": [f"{name}-{number}" for number in range(len(accounts) - 1)],
        "accounts": list(accounts),
        "amount_in": Decimal("100.000"),
        "amount_out": Decimal("90.000"),
        "currency_out": "EUR",
        "currency": "EUR",
        "first_at": NINE,
        "last_at": TEN,
    }


def finding(
    sign: str,
    kind: str,
    subject: str,
    *accounts: str,
    score: float = 0.8,
    pattern: str | None = None,
    role: str | None = None,
) -> dict[str, Any]:
    return {
        "pattern": pattern,
        "finding": f"{sign}-{subject}",
        "sign": sign,
        "subject_kind": kind,
        "subject_id": subject,
        "victim": False,
        "score": score,
        "first_at": NINE,
        "last_at": TEN,
        "role": role,
        "accounts": list(accounts),
        "evidence": [],
    }


def cases_of(
    chains: list[dict[str, Any]],
    *others: dict[str, Any],
    busy: tuple[str, ...] = (),
    holders: dict[str, str] | None = None,
    settings: CaseSettings | None = None,
) -> list[dict[str, Any]]:
    found = [finding("N1", "account", each["accounts"][1], *each["accounts"], pattern=each["chain"]) for each in chains]
    found += others
    table = build_cases(
        pa.Table.from_pylist(found, FINDINGS.arrow),
        pa.Table.from_pylist(chains, CHAINS),
        account_nats=lambda ids: np.array([0.1 if name in busy else 6.0 for name in ids.to_pylist()]),
        holders=holders or {},
        settings=settings or CaseSettings(),
    )
    return list(table.to_pylist())


def members(cases: list[dict[str, Any]]) -> list[list[str]]:
    return sorted(case["accounts"] for case in cases)


def test_chains_that_share_a_mule_are_one_case():
    """Both findings and all accounts are in it; cash is nobody."""
    (case,) = cases_of([chain("one", "v", "m", "x", "CASH-OUT"), chain("two", "w", "m", "y", "z")])

    assert case["accounts"] == ["m", "v", "w", "x", "y", "z"]
    assert sorted(case["chains"]) == ["one", "two"]
    assert case["amount"] == Decimal("200.000")
    assert (case["first_at"], case["last_at"]) == (NINE, TEN)


def test_two_stories_are_two_cases():
    """Cash does not join them."""
    found = cases_of([chain("one", "a", "b", "c", "CASH-OUT"), chain("two", "k", "l", "m", "CASH-OUT")])
    assert members(found) == [["a", "b", "c"], ["k", "l", "m"]]


def test_a_busy_exchange_joins_nobody():
    """Both cases name it, and stay two."""
    found = cases_of([chain("one", "a", "b", "c", "x"), chain("two", "k", "l", "m", "x")], busy=("x",))
    assert members(found) == [["a", "b", "c", "x"], ["k", "l", "m", "x"]]


def test_a_device_or_a_holder_joins():
    """Two chains that no money joins are one case when one phone, or one person, runs both."""
    chains = [chain("one", "a", "b", "c", "d"), chain("two", "k", "l", "m", "n")]

    assert len(cases_of(chains)) == 2
    assert len(cases_of(chains, finding("A7", "device", "phone", "b", "l"))) == 1
    assert len(cases_of(chains, holders={"c": "herder", "m": "herder"})) == 1


def test_weak_findings_make_no_case():
    """A household's computer alone is not worth anybody's morning."""
    assert cases_of([], finding("A7", "device", "pc", "a", "b", score=0.1)) == []


def test_a_big_part_is_split_where_it_is_thin_and_always_alike():
    """Two dense groups with one thread between them are two cases, run after run."""
    chains = []
    for group in ("abcdefgh", "mnopqrst"):
        chains += [chain(f"{one}{two}", one, two) for one, two in combinations(group, 2)]
    chains.append(chain("thread", "h", "m"))

    first = cases_of(chains, settings=CaseSettings(split_above=12))

    # The thread's own finding goes to one of them, which so names an account of the other.
    assert len(first) == 2
    assert all(any(set(group) <= set(case["accounts"]) for case in first) for group in ("abcdefgh", "mnopqrst"))
    assert first == cases_of(list(chains), settings=CaseSettings(split_above=12))
    assert len(cases_of(chains, settings=CaseSettings())) == 1


def test_the_score_is_made_of_what_it_says():
    """Of findings without transfers each sign's best counts, by its weight; the parts add up."""
    (case,) = cases_of(
        [chain("one", "a", "b", "c", "d")],
        finding("A3", "account", "b", "b", score=0.5),
        finding("A3", "account", "c", "c", score=0.4),
    )

    parts, weight = dict(case["made_of"]), {code: sign.weight for code, sign in all_signs().items()}
    assert sum(parts.values()) == pytest.approx(case["score"])
    assert set(parts) == {"base", "A3", "N1"}
    assert parts["A3"] / parts["N1"] == pytest.approx(0.5 * weight["A3"] / (0.8 * weight["N1"]), rel=1e-3)


def test_roles_are_read_off_the_chains():
    """Victim → collector → two relays → consolidator → cash, and a friend who kept his share."""
    chains = [
        ["v", "c", "r1", "k", "o", "CASH-OUT"],
        ["v", "c", "r2", "k", "friend"],
        ["CASH-IN", "till", "k"],
    ]

    assert roles_of(chains) == {
        "c": "collector",
        "friend": "beneficiary",
        "k": "consolidator",
        "o": "cash-out",
        "r1": "relay",
        "r2": "relay",
        "till": "collector",
        "v": "victim",
    }


def test_where_no_chain_tells_the_signs_do():
    """Who was harmed is a victim, whatever else; who collects, collects; a chain knows better."""
    rows = [
        finding("N3", "account", "hub", "hub", "a", role=Role.COLLECTOR),
        finding("N2", "account", "round", "round", role=Role.RELAY),
        {**finding("T1", "account", "old", "old", score=0.4, role=Role.VICTIM), "victim": True},
        finding("A3", "account", "old", "old", score=0.9, role=Role.COLLECTOR),
        finding("A7", "device", "phone", "hub"),
    ]
    table = pa.Table.from_pylist(rows, FINDINGS.arrow)
    assert roles_by_sign(table, np.zeros(5, int)) == {0: {"hub": "collector", "round": "relay", "old": "victim"}}
    (case,) = cases_of([chain("one", "v", "m", "x", "CASH-OUT")], finding("N2", "account", "m", "m"))
    assert dict(zip(case["accounts"], case["roles"], strict=True))["m"] == "collector"


def test_a_case_becomes_a_graph():
    """Accounts with roles, transfers by id, cash as a node of its own, devices that join."""
    (case,) = cases_of([chain("one", "v", "m", "x", "CASH-OUT")])
    rows = [("t1", "v", "m"), ("t2", "m", "x"), ("t3", "x", None)]
    transfers = pd.DataFrame(rows, columns=["transfer_id", "source", "target"])
    transfers = transfers.assign(amount=Decimal("5"), currency="EUR", at=NINE, channel="instant")

    graph = case_graph(case, transfers, pd.DataFrame({"account_id": ["m", "x"], "device_id": ["p", "p"]}))

    assert graph.nodes["v"]["role"] == "victim"
    assert graph.nodes["CASH-OUT"]["kind"] == "cash"
    assert graph.has_edge("x", "CASH-OUT", key="t3")
    assert sorted(graph.predecessors("device p")) == ["m", "x"]
