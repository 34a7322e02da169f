"""Roles that a sign gives: kept where the finding's own transfers show them, and nowhere else."""

from __future__ import annotations

import pyarrow as pa

from mulegraph.cases.evidence import read_evidence
from mulegraph.cases.roles import earned_roles
from mulegraph.schema.findings import FINDINGS, Role
from mulegraph.settings import Settings
from mulegraph.signs.inputs import SignInputs
from tests.cases.test_build import finding

DRAWN = """
    victim  mule    900 9:00
    mule    keeper  500 9:10
    mule    cash    390 9:20
    early   mule    100 9:30
"""


def test_a_relay_received_and_paid_on_later(ledger_of):
    """Who only pays, only receives, or paid before it received is no relay; who was harmed is a victim in any case."""
    ledger = ledger_of(DRAWN)
    asked = [
        ("mule", Role.RELAY, ["t001", "t002"], "relay"),
        ("victim", Role.RELAY, ["t001", "t002"], None),
        ("keeper", Role.RELAY, ["t001", "t002"], None),
        ("mule", Role.RELAY, ["t002", "t004"], None),
        ("mule", Role.CASH_OUT, ["t001", "t003"], "cash-out"),
        ("keeper", Role.CASH_OUT, ["t002"], None),
        ("early", Role.COLLECTOR, ["t004"], None),
        ("keeper", Role.BENEFICIARY, ["t002"], "beneficiary"),
        ("victim", Role.VICTIM, [], "victim"),
    ]
    rows = []
    for subject, role, evidence, _ in asked:
        row = finding("N3", "account", subject, subject, role=role)
        rows.append({**row, "evidence": evidence, "victim": role is Role.VICTIM})
    findings = pa.Table.from_pylist(rows, FINDINGS.arrow)

    kept = earned_roles(findings, read_evidence(findings, ledger, SignInputs(ledger, Settings()).sides))

    assert kept["role"].to_pylist() == [expected for *_, expected in asked]
    assert kept.drop_columns(["role"]) == findings.drop_columns(["role"])
