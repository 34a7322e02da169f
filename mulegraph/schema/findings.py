"""Findings, scores and cases: their columns, and a record of each for those that somebody looks at.

A scan keeps findings as columns: `FINDINGS`, beside it for each sign its facts (a schema that the sign declares), and
the outcomes of the benign tests. Sentences are not kept. They are made from values when a finding is shown, so that
masked values give masked sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

import pyarrow as pa

from mulegraph.schema.columns import AMOUNT, COUNT, FLAG, REAL, TEXT, TEXTS, TIME, Schema, column
from mulegraph.schema.tables import Mask


class Phase(StrEnum):
    """Where in the fraud's journey a finding stands (helpdesk-fraud plan, six phases)."""

    PREPARE = "prepare"
    REACH = "reach"
    TAKE_CONTROL = "take_control"
    TAKE = "take"
    DISPERSE = "disperse"
    CASH_OUT = "cash_out"


class Role(StrEnum):
    """What an account does in a case."""

    VICTIM = "victim"
    COLLECTOR = "collector"
    RELAY = "relay"
    CONSOLIDATOR = "consolidator"
    CASH_OUT = "cash-out"
    BENEFICIARY = "beneficiary"
    NAMED = "named"


class Result(IntEnum):
    """What a benign test says of a finding: it does not explain its sign, its explanation does not fit, or it fits."""

    NOT_APPLICABLE = 0
    FAILED = 1
    PASSED = 2


SUBJECT_MASKS = {
    "account": Mask.ACCOUNT,
    "device": Mask.DEVICE,
    "merchant": Mask.MERCHANT,
    "cluster": Mask.DEVICE,
}
"""What a finding is about, and so how its subject is masked; a cluster is named by one of its devices."""
SUBJECTS = tuple(SUBJECT_MASKS)


@dataclass(frozen=True)
class Benign:
    """A benign test's outcome on one finding, and the values that its sentence needs."""

    result: Result
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One finding: sign and subject are its identity; `facts` and `benign` come from their own tables."""

    finding: str = column(TEXT, "its id: the sign and a hash of its subject, the same every night", names_nobody=True)
    sign: str = column(TEXT, "the sign's code", names_nobody=True)
    subject_kind: str = column(TEXT, "what it is about", choices=SUBJECTS)
    subject_id: str = column(TEXT, "whom it is about", identified_by="subject_kind", header="about")
    score: float = column(REAL, "how strong it is, from 0 to 1, after the benign tests")
    surprise: float | None = column(REAL, "how unlikely it is by chance", unit="nats", header="nats")
    worth: float | None = column(
        REAL, "what it says of its subject, as decoys of this ledger have it; empty: score times weight", unit="nats"
    )
    first_at: datetime | None = column(TIME, "when it begins", unit="UTC")
    last_at: datetime | None = column(TIME, "when it ends", unit="UTC")
    amount: Decimal | None = column(AMOUNT, "the money in it")
    currency: str | None = column(TEXT, "the amount's currency, an ISO 4217 code", names_nobody=True)
    phase: str = column(TEXT, "where in the fraud's journey it stands", choices=tuple(Phase))
    pattern: str | None = column(
        TEXT, "findings of one pattern tell one story about several subjects", names_nobody=True
    )
    victim: bool = column(FLAG, "the subject is who was harmed")
    role: str | None = column(TEXT, "what the sign makes of its subject where no chain tells", choices=tuple(Role))
    accounts: list[str] = column(TEXTS, "every account that it names", identifies=Mask.ACCOUNT)
    evidence: list[str] = column(TEXTS, "ids of the transfers that it rests on", names_nobody=True)
    facts: Mapping[str, Any] = field(default_factory=dict)
    benign: Mapping[str, Benign] = field(default_factory=dict)


FINDINGS = Schema.of("findings", Finding, "What the signs found: one row a finding, by sign, best first.")


@dataclass(frozen=True)
class Score:
    """How sure it is that an account is a mule's."""

    account: str = column(TEXT, "the account", identifies=Mask.ACCOUNT)
    score: float = column(REAL, "a probability, from 0 to 1")
    parts: Mapping[str, float] = column(
        pa.map_(TEXT, REAL), "what adds up to the score: a base, and a part for each sign", names_nobody=True
    )


SCORES = Schema.of("scores", Score, "Every account that a finding names or a list holds, best first.")


@dataclass(frozen=True)
class Alert:
    """An account that somebody was told of on some night."""

    account: str = column(TEXT, "the account", identifies=Mask.ACCOUNT)
    night: int = column(COUNT, "on which night; the first scan of a workspace is night 1")
    until: datetime = column(TIME, "the ledger's last transfer on that night", unit="UTC")
    share: float = column(REAL, "the accepted share of false alerts on that night")
    score: float = column(REAL, "its score on that night")


ALERTS = Schema.of("alerts", Alert, "Every account that was alerted so far, by night, best first.")


@dataclass(frozen=True)
class CaseRow:
    """One case: findings that belong together."""

    case: str = column(TEXT, "its id, which it keeps over nights", names_nobody=True)
    score: float = column(REAL, "how sure the signs are, from 0 to 1")
    made_of: Mapping[str, float] = column(
        pa.map_(TEXT, REAL), "what adds up to the score: a base, and a part for each sign", names_nobody=True
    )
    accounts: list[str] = column(TEXTS, "its accounts", identifies=Mask.ACCOUNT)
    roles: list[str] = column(TEXTS, "what each account does in it, in the order of accounts", choices=tuple(Role))
    findings: list[str] = column(TEXTS, "ids of its findings", names_nobody=True)
    chains: list[str] = column(TEXTS, "ids of its chains", names_nobody=True)
    first_at: datetime | None = column(TIME, "when its first finding begins", unit="UTC")
    last_at: datetime | None = column(TIME, "when its last finding ends", unit="UTC")
    amount: Decimal | None = column(AMOUNT, "the money that entered its chains, in the currency of most of them")
    currency: str | None = column(TEXT, "the amount's currency, an ISO 4217 code", names_nobody=True)
    amounts: Mapping[str, Decimal] = column(
        pa.map_(TEXT, AMOUNT), "the money that entered its chains, by currency", names_nobody=True
    )
    seeds: list[str] = column(
        TEXTS, "the payments that it began with: reported ones, and the first of each chain", names_nobody=True
    )


CASES = Schema.of("cases", CaseRow, "Cases, best first.")
