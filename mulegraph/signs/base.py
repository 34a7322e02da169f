"""What a sign is, how the folder's signs are found, and how what they find becomes findings.

A sign is a function `find(ledger, …, *, thresholds)` under `@sign`. Its positional parameters name what it reads
(attributes of `Scene`); its keyword parameters are thresholds with the unit in their names. It gives one row a
subject: `subject_id`, `first_at`, `last_at`, `amount`, `currency`, `evidence` (transfer ids), `score` (0–1) or
`surprise` (nats), where it names others also `accounts`; every further column is a fact. A set-based sign gives
an Ibis expression of such rows, so that each engine runs it.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, TypeAlias

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from mulegraph import signs
from mulegraph.errors import BadUse
from mulegraph.feed.ledger import Ledger
from mulegraph.flow.layering import Flow, find_flow
from mulegraph.flow.matching import Transfers, read_transfers
from mulegraph.flow.naming import NamedChains, name_chains
from mulegraph.graph.clusters import DeviceClusters, device_clusters
from mulegraph.graph.hops import Neighbours
from mulegraph.model import ARROW_TYPE, Kind
from mulegraph.settings import Settings

SUBJECTS = ("account", "holder", "device", "merchant", "chain", "cluster")
NATS_TO_SCORE = 10.0
TIME = ARROW_TYPE[Kind.TIME]

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
        ("reason", pa.string()),
        ("facts", pa.string()),
        ("accounts", pa.list_(pa.string())),
        ("evidence", pa.list_(pa.string())),
    ]
)
"""One row a finding; `facts` is JSON. (finding, sign, subject_kind, subject_id) is its identity, the rest display."""

Rows: TypeAlias = "ibis.Table | pd.DataFrame"


class Scene:
    """What signs may read, each made once and only when one asks for it."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self.ledger, self.settings = ledger, settings

    @cached_property
    def transfers(self) -> Transfers:
        """All transfers, in the order in which money can have moved."""
        return read_transfers(self.ledger)

    @cached_property
    def flow(self) -> Flow:
        """Flow links, chains and chance."""
        return find_flow(self.transfers, self.settings.flow)

    @cached_property
    def chains(self) -> NamedChains:
        """All chains in the ledger's own words."""
        return name_chains(self.ledger, self.flow)

    @cached_property
    def clusters(self) -> DeviceClusters:
        """Shared devices, and the clusters that they make."""
        return device_clusters(self.ledger, self.settings.devices)

    @cached_property
    def neighbours(self) -> Neighbours:
        """Who deals with whom."""
        return Neighbours(self.flow.transfers, self.settings.hops)


@dataclass(frozen=True)
class Sign:
    """One sign: its words are the first line and the 'Innocent when' of its function's docstring."""

    code: str
    name: str
    source: str
    subject: str
    needs: tuple[str, ...]
    reason: str
    find: Callable[..., Rows]

    @property
    def title(self) -> str:
        """What the sign is, in a sentence."""
        return (inspect.getdoc(self.find) or "").split("\n")[0].rstrip(".")

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

    def missing(self, ledger: Ledger) -> list[str]:
        """Tables that the sign needs and the ledger lacks; the sign is then not testable."""
        return [table for table in self.needs if not ledger.rows(table)]

    def run(self, scene: Scene, changed: dict[str, Any]) -> pa.Table:
        """Findings of this sign, best first; `changed` replaces thresholds."""
        parameters = inspect.signature(self.find).parameters.values()
        reads = [getattr(scene, each.name) for each in parameters if each.kind is not each.KEYWORD_ONLY]
        rows = self.find(*reads, **{**self.thresholds, **changed})
        frame = rows if isinstance(rows, pd.DataFrame) else rows.to_pandas()
        return _as_findings(self, frame)


def sign(
    *, code: str, source: str, reason: str, subject: str = "account", needs: tuple[str, ...] = ()
) -> Callable[[Callable[..., Rows]], Sign]:
    """Make a function a sign. `reason` is a sentence with facts in braces, printed with every finding."""

    def made(find: Callable[..., Rows]) -> Sign:
        return Sign(code, find.__name__, source, subject, needs, reason, find)

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


def check_thresholds(changed: dict[str, dict[str, Any]]) -> None:
    """Raise BadUse when settings name a sign or a threshold that does not exist, or hold another type of value."""
    known = all_signs()
    for code, values in changed.items():
        if code not in known:
            raise BadUse(f"settings: sign '{code}' is unknown", do="Expected one of " + ", ".join(known) + ".")
        defaults = known[code].thresholds
        for name, value in values.items():
            if name not in defaults:
                expected = ", ".join(defaults) or "none: it has no thresholds"
                raise BadUse(f"settings: signs.{code}.{name} is unknown", do=f"Expected one of {expected}.")
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or (isinstance(defaults[name], int) and not isinstance(value, int)):
                kind = "a whole number" if isinstance(defaults[name], int) else "a number"
                raise BadUse(f"settings: signs.{code}.{name} is {value!r}", do=f"Expected {kind}.")


def score_of(nats: Any) -> Any:
    """Surprise as a score from 0 to 1: half at 7 nats, nine tenths at 23."""
    return 1 - np.exp(-np.asarray(nats, float) / NATS_TO_SCORE)


def identity(code: str, subject_kind: str, subject_id: str) -> str:
    """A finding's id: the same sign about the same subject has the same one every night."""
    return f"{code}-{hashlib.blake2b(f'{subject_kind} {subject_id}'.encode(), digest_size=6).hexdigest()}"


_SCALARS = ("score", "surprise", "first_at", "last_at", "amount", "currency")
_GIVEN = ("subject_id", *_SCALARS, "accounts", "evidence")


def _as_findings(of: Sign, frame: pd.DataFrame) -> pa.Table:
    facts = [name for name in frame.columns if name not in _GIVEN]
    rows = [_finding(of, row, facts) for row in frame.to_dict("records")]
    rows.sort(key=lambda row: (-row["score"], -(row["surprise"] or 0.0), row["finding"]))
    return pa.Table.from_pylist(rows, FINDINGS)


def _finding(of: Sign, row: dict[Any, Any], facts: Iterable[str]) -> dict[str, Any]:
    known = {name: _plain(row[name]) for name in facts}
    given = {name: row[name] for name in _SCALARS if name in row and pd.notna(row[name])}
    amount = Decimal(given["amount"]) if "amount" in given else None
    surprise = float(given["surprise"]) if "surprise" in given else None
    currency = given.get("currency")
    subject = row["subject_id"]
    words = {**known, "amount": f"{amount:,.2f}" if amount is not None else "no", "currency": currency or ""}
    return {
        "finding": identity(of.code, of.subject, subject),
        "sign": of.code,
        "subject_kind": of.subject,
        "subject_id": subject,
        "score": round(float(given["score"] if "score" in given else score_of(surprise)), 6),
        "surprise": surprise,
        "first_at": given.get("first_at"),
        "last_at": given.get("last_at"),
        "amount": amount,
        "currency": currency,
        "reason": of.reason.format_map(words),
        "facts": json.dumps(known, sort_keys=True, ensure_ascii=False),
        "accounts": list(row["accounts"]) if "accounts" in row else [subject],
        "evidence": list(row["evidence"]),
    }


def _plain(value: Any) -> Any:
    """A fact as JSON can hold it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (np.ndarray, list, tuple)):
        return [_plain(each) for each in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
