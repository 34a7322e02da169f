"""What a sign is, how the folder's signs are found, and how what they find becomes findings.

A sign is a function `find(ledger, …, *, thresholds)` under `@sign`. Its positional parameters name what it reads
(attributes of `SignInputs`); its keyword parameters are thresholds with the unit in their names. It gives one row a
subject: `subject_id`, `first_at`, `last_at`, `amount`, `currency`, `evidence` (transfer ids), `score` (0–1) or
`surprise` (nats); where it names others `accounts`, where several subjects make one story `pattern`, where it
differs from the sign's own `phase`; every further column is a fact. Facts that begin with `expected` say what chance
would give, and so depend on the whole ledger; the others depend on the subject's own rows. A set-based sign gives an
Ibis expression of such rows, so that each engine runs it.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import math
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from mulegraph import signs
from mulegraph.errors import UsageError
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.tables import ARROW_TYPE, Kind
from mulegraph.signs.inputs import SignInputs
from mulegraph.signs.wording import said, worded

if TYPE_CHECKING:
    import ibis

SUBJECTS = ("account", "device", "merchant", "cluster")
HOURS = "hours"
"""Need of a sign that means nothing on a clock of whole days."""
NATS_TO_SCORE = 10.0
TIME = ARROW_TYPE[Kind.TIME]


class Phase(StrEnum):
    """Where in the fraud's journey a finding stands (helpdesk-fraud plan, six phases)."""

    PREPARE = "prepare"
    REACH = "reach"
    TAKE_CONTROL = "take_control"
    TAKE = "take"
    DISPERSE = "disperse"
    CASH_OUT = "cash_out"


FINDINGS = pa.schema(
    [
        ("finding", pa.string()),
        ("sign", pa.string()),
        ("subject_kind", pa.string()),
        ("subject_id", pa.string()),
        ("score", pa.float64()),
        ("surprise", pa.float64()),
        ("first_at", TIME),
        ("last_at", TIME),
        ("amount", ARROW_TYPE[Kind.AMOUNT]),
        ("currency", pa.string()),
        ("phase", pa.string()),
        ("pattern", pa.string()),
        ("victim", pa.bool_()),
        ("reason", pa.string()),
        ("facts", pa.string()),
        ("benign", pa.string()),
        ("accounts", pa.list_(pa.string())),
        ("evidence", pa.list_(pa.string())),
    ]
)
"""One row a finding. (finding, sign, subject_kind, subject_id) is its identity, the rest display.

`facts` and `benign` are JSON; `benign` is filled by `triage.benign`, which lowers `score`. Findings of one `pattern`
(a chain, a cycle, a burst) tell one story about several subjects. `victim` says that the subject is who was harmed.
"""

Rows: TypeAlias = "ibis.Table | pd.DataFrame"


@dataclass(frozen=True)
class Sign:
    """One sign: its words are the first line and the 'Innocent when' of its function's docstring."""

    code: str
    name: str
    source: str
    subject: str
    phase: Phase
    needs: tuple[str, ...]
    weight: float
    party_weight: float
    harms: bool
    reasons: Mapping[str, str]
    find: Callable[..., Rows]
    explained_by: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What the sign is, in a sentence."""
        return (inspect.getdoc(self.find) or "").split("\n")[0].rstrip(".")

    @property
    def meaning(self) -> str:
        """How it is found: the docstring between its first line and 'Innocent when'."""
        text = (inspect.getdoc(self.find) or "").partition("Innocent when:")[0]
        return "\n".join(text.split("\n")[1:]).strip()

    @property
    def innocent_when(self) -> str:
        """When it means nothing."""
        text = inspect.getdoc(self.find) or ""
        return " ".join(text.partition("Innocent when:")[2].split())

    @property
    def thresholds(self) -> dict[str, Any]:
        """Keyword parameters and their defaults."""
        parameters = inspect.signature(self.find).parameters.values()
        return {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}

    @property
    def reads(self) -> list[str]:
        """Names of its positional parameters: parts of the inputs."""
        parameters = inspect.signature(self.find).parameters.values()
        return [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY]

    def missing(self, ledger: Ledger) -> list[str]:
        """What it needs and the ledger lacks, so that it is not testable: tables, columns (`table.column`), hours."""
        found = []
        for need in self.needs:
            table, _, column = need.partition(".")
            if need == HOURS:
                lacks = not ledger.has_hours
            else:
                lacks = not ledger.rows(table) or bool(column and ledger.lacks(table, column))
            if lacks:
                found.append(need)
        return found

    def rows(self, inputs: SignInputs, changed: Mapping[str, Any]) -> Rows:
        """What the sign gives, as it gives it; `changed` replaces thresholds."""
        return self.find(*(getattr(inputs, name) for name in self.reads), **{**self.thresholds, **changed})

    def run(self, inputs: SignInputs, changed: Mapping[str, Any]) -> pa.Table:
        """Findings of this sign, best first."""
        rows = self.rows(inputs, changed)
        return _as_findings(self, rows if isinstance(rows, pd.DataFrame) else _frame(rows))

    def reason(self, finding: Mapping[str, Any], language: str = "en") -> str:
        """The reason of a finding in one of `words.LANGUAGES`; `facts` as a dictionary."""
        amount = finding["amount"]
        words = {
            **{name: worded(value, language) for name, value in finding["facts"].items()},
            "amount": f"{amount:,.2f}" if amount is not None and pd.notna(amount) else None,
            "currency": finding["currency"] or "",
        }
        return said(self.reasons.get(language, self.reasons["en"]), words)


def sign(
    *,
    code: str,
    source: str,
    phase: Phase,
    reason: Mapping[str, str],
    weight: float = 0.0,
    party_weight: float = 0.0,
    harms: bool = False,
    subject: str = "account",
    needs: tuple[str, ...] = (),
    explained_by: tuple[str, ...] = (),
) -> Callable[[Callable[..., Rows]], Sign]:
    """Make a function a sign. `reason` is a sentence in each language, with facts in braces.

    `weight` is how much a finding of full score says of its subject, in nats of evidence, `party_weight` of the others
    that it names; `harms`: the subject is the one who was harmed, and it says nothing against him. `explained_by` names
    the benign tests that can explain a workspace's own sign; of the others the tests know themselves.
    """

    def made(find: Callable[..., Rows]) -> Sign:
        named = code, find.__name__, source, subject, phase, needs
        return Sign(*named, weight, party_weight, harms, reason, find, explained_by)

    return made


@cache
def all_signs() -> dict[str, Sign]:
    """Every sign in the folder, by code."""
    found: dict[str, Sign] = {}
    for module in pkgutil.iter_modules(signs.__path__, signs.__name__ + "."):
        for each in vars(importlib.import_module(module.name)).values():
            if isinstance(each, Sign):
                found[each.code] = each
    return dict(sorted(found.items()))


def check_thresholds(changed: dict[str, dict[str, Any]], known: Mapping[str, Sign]) -> None:
    """Raise UsageError when settings name a sign or a threshold that does not exist, or hold another type of value."""
    for code, values in changed.items():
        if code not in known:
            raise UsageError(f"settings: sign '{code}' is unknown", hint="Expected one of " + ", ".join(known) + ".")
        defaults = known[code].thresholds
        for name, value in values.items():
            if name not in defaults:
                expected = ", ".join(defaults) or "none: it has no thresholds"
                raise UsageError(f"settings: signs.{code}.{name} is unknown", hint=f"Expected one of {expected}.")
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or (isinstance(defaults[name], int) and not isinstance(value, int)):
                kind = "a whole number" if isinstance(defaults[name], int) else "a number"
                raise UsageError(f"settings: signs.{code}.{name} is {value!r}", hint=f"Expected {kind}.")


def score_of(nats: Any) -> Any:
    """Surprise as a score from 0 to 1: half at 7 nats, nine tenths at 23."""
    return 1 - np.exp(-np.asarray(nats, float) / NATS_TO_SCORE)


WEAK_FROM, WEAK_SCORE = 0.5, 0.25
"""Patterns of which up to half are coincidence are kept as weak findings; this is the most that one scores."""


def strength(nats: np.ndarray, false_share: np.ndarray, accepted: float) -> np.ndarray:
    """Score of patterns from their surprise and the share of coincidences among those at least so surprising.

    Beyond the accepted share a finding is weak: it makes no case, and only adds a little to what else is known.
    """
    sure = np.asarray(score_of(nats)) * (1 - false_share)
    return np.where(false_share <= accepted, np.maximum(sure, WEAK_SCORE), np.minimum(sure, WEAK_SCORE))


def grown(doubt: float, count: Any) -> Any:
    """Score of so many pieces of evidence, each leaving this share of doubt: 1 − doubt^count, also for Ibis columns."""
    return 1 - (count * math.log(doubt)).exp()


def identity(code: str, subject_kind: str, subject_id: str) -> str:
    """A finding's id: the same sign about the same subject has the same one every night."""
    return f"{code}-{hashlib.blake2b(f'{subject_kind} {subject_id}'.encode(), digest_size=6).hexdigest()}"


def pattern_id(prefix: str, transfer_ids: Iterable[str]) -> str:
    """A pattern is named by its transfers, so that it has the same name every night."""
    return f"{prefix}-{hashlib.blake2b(' '.join(transfer_ids).encode(), digest_size=6).hexdigest()}"


_SCALARS = ("score", "surprise", "first_at", "last_at", "amount", "currency", "phase", "pattern", "victim")
_GIVEN = ("subject_id", *_SCALARS, "accounts", "evidence")


def _frame(rows: ibis.Table) -> pd.DataFrame:
    """What an engine gives, in an order that does not depend on it."""
    frame = rows.to_pandas()
    for name, kind in rows.schema().items():
        if kind.is_array():
            frame[name] = [[] if each is None else sorted(each) for each in frame[name]]
    return frame


def _as_findings(of: Sign, frame: pd.DataFrame) -> pa.Table:
    facts = [name for name in frame.columns if name not in _GIVEN]
    rows = [_finding(of, row, facts) for row in frame.to_dict("records")]
    rows.sort(key=lambda row: (-row["score"], -(row["surprise"] or 0.0), row["finding"]))
    return pa.Table.from_pylist(rows, FINDINGS)


def _finding(of: Sign, row: dict[Any, Any], facts: Iterable[str]) -> dict[str, Any]:
    known = {name: _plain(row[name]) for name in facts}
    given = {name: row[name] for name in _SCALARS if name in row and pd.notna(row[name])}
    surprise = float(given["surprise"]) if "surprise" in given else None
    subject = row["subject_id"]
    accounts = row.get("accounts")
    found = {
        "finding": identity(of.code, of.subject, subject),
        "sign": of.code,
        "subject_kind": of.subject,
        "subject_id": subject,
        "score": round(float(given["score"] if "score" in given else score_of(surprise)), 6),
        # Engines add up in different orders.
        "surprise": None if surprise is None else round(surprise, 6),
        "first_at": given.get("first_at"),
        "last_at": given.get("last_at"),
        "amount": Decimal(given["amount"]) if "amount" in given else None,
        "currency": given.get("currency"),
        "phase": str(given.get("phase", of.phase)),
        "pattern": given.get("pattern"),
        "victim": bool(given.get("victim", of.harms)),
        "facts": json.dumps(known, sort_keys=True, ensure_ascii=False),
        "benign": "{}",
        "accounts": [subject] if accounts is None else list(accounts),
        "evidence": list(row["evidence"]) if "evidence" in row else [],
    }
    found["reason"] = of.reason({**found, "facts": known})
    return found


def _plain(value: Any) -> Any:
    """A fact as JSON can hold it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 2)
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    if isinstance(value, (np.ndarray, list, tuple)):
        return [_plain(each) for each in value]
    if value is None or value is pd.NaT:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
