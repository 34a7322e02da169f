"""What a sign is, and how the folder's signs are found.

A sign is a function `find(ledger, …, *, thresholds)` under `@sign`. Its positional parameters name what it reads
(attributes of `SignInputs`); its keyword parameters are thresholds: `min_…`, `max_…`, or a window with its unit.
It gives one row a subject: `subject_id`, `first_at`, `last_at`, `amount`, `currency`, `evidence` (transfer ids),
`score` (0–1) or `surprise` (nats); where it names others `accounts`, where several subjects make one story `pattern`,
where it differs from the sign's own `phase`; every further column is a fact, which it declares (`signs/facts.py`).
Facts that begin with `expected` say what chance would give, and so depend on the whole ledger; the others depend on
the subject's own rows. A set-based sign gives an Ibis expression of such rows, so that each engine runs it; others give
a data frame or an Arrow table. `signs/found.py` makes findings of the rows.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property
from typing import Any, Required, TypeAlias, TypedDict, Unpack

import numpy as np
import pyarrow as pa

from mulegraph import signs
from mulegraph.errors import UsageError
from mulegraph.lazy import ibis
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.columns import TEXT, Field, Schema
from mulegraph.schema.findings import FINDINGS, Phase, Role
from mulegraph.signs.inputs import SignInputs

__all__ = ["FINDINGS", "Phase", "Role", "Rows", "Sign", "Topic", "all_signs", "grown", "score_of", "sign", "strength"]

FINDING = "finding"
HOURS = "hours"
"""Need of a sign that means nothing on a clock of whole days."""
NATS_TO_SCORE = 10.0


class Topic(StrEnum):
    """What a sign rests on, which says the benign tests what they can explain."""

    MONEY = "money"
    DEVICES = "devices"
    OTHER = "other"


Rows: TypeAlias = "ibis.Table | pd.DataFrame | pa.Table"


@dataclass(frozen=True)
class Sign:
    """One sign: its words are the first line and the 'Innocent when' of its function's docstring.

    `reasons` is a sentence in each language, with facts in braces. `weight` is how much a finding of full score says
    of its subject, `party_weight` of the others that it names; of a sign that is `measured` against decoys of the
    ledger at hand (it gives `worth`), the weights only say how much less it means for the others. `harms`: the subject
    is the one who was harmed, and it says nothing against him. `topic` is what it rests on; the benign tests of that
    topic can explain it, and those that `explained_by` names. `role` is what it makes of its subject where no chain
    tells; `role_by` is a fact, and the role for some of its words. `speaks_for_holder` is what it says for the holder
    in the sheet of facts for and against him. `counts_from_threshold`: its surprise counts from the chains' threshold,
    which the run finds. `renamed` gives the new name of a threshold by its old one, for settings files that still hold
    it.
    """

    code: str
    name: str
    source: str
    phase: Phase
    reasons: Mapping[str, str]
    find: Callable[..., Rows]
    facts: tuple[Field, ...] = ()
    subject: str = "account"
    needs: tuple[str, ...] = ()
    weight: float = 0.0
    party_weight: float = 0.0
    measured: bool = False
    harms: bool = False
    topic: Topic = Topic.OTHER
    explained_by: tuple[str, ...] = ()
    role: Role | None = None
    role_by: tuple[str, Mapping[str, Role]] | None = None
    speaks_for_holder: str = ""
    counts_from_threshold: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def facts_schema(self) -> Schema:
        """The sign's facts, in alphabetical order, after the finding's id."""
        return facts_schema(self.code, self.facts)

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


class Declared(TypedDict, total=False):
    """What `@sign` takes: fields of `Sign`."""

    code: Required[str]
    source: Required[str]
    phase: Required[Phase]
    reason: Required[Mapping[str, str]]
    facts: tuple[Field, ...]
    subject: str
    needs: tuple[str, ...]
    weight: float
    party_weight: float
    measured: bool
    harms: bool
    topic: Topic
    explained_by: tuple[str, ...]
    role: Role | None
    role_by: tuple[str, Mapping[str, Role]] | None
    speaks_for_holder: str
    counts_from_threshold: bool
    renamed: Mapping[str, str]


def sign(**declared: Unpack[Declared]) -> Callable[[Callable[..., Rows]], Sign]:
    """Make a function a sign; see `Sign` for what it declares."""

    def made(find: Callable[..., Rows]) -> Sign:
        more: dict[str, Any] = {name: value for name, value in declared.items() if name != "reason"}
        return Sign(name=find.__name__, find=find, reasons=declared["reason"], **more)

    return made


def facts_schema(code: str, facts: Iterable[Field]) -> Schema:
    """The schema of a sign's facts; the finding's id is its first column."""
    key = Field(FINDING, TEXT, "the finding", names_nobody=True)
    ordered = sorted(facts, key=lambda each: each.name)
    return Schema(f"facts/{code}", (key, *ordered), f"What {code} says of each of its findings.")


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
            if name in known[code].renamed:
                raise UsageError(
                    f"settings: signs.{code}.{name} has a new name",
                    hint=_new_name(known[code].renamed[name], name, value),
                )
            if name not in defaults:
                expected = ", ".join(defaults) or "none: it has no thresholds"
                raise UsageError(f"settings: signs.{code}.{name} is unknown", hint=f"Expected one of {expected}.")
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or (isinstance(defaults[name], int) and not isinstance(value, int)):
                kind = "a whole number" if isinstance(defaults[name], int) else "a number"
                raise UsageError(f"settings: signs.{code}.{name} is {value!r}", hint=f"Expected {kind}.")


def _new_name(new: str, old: str, value: Any) -> str:
    """What to write instead; a `more_than` became a `min_`, which is one more."""
    if "more_than" in old and new.startswith("min_") and isinstance(value, int):
        return f"Write {new} = {value + 1}: it counts from this number up, where {old} counted above it."
    return f"Write {new} = {value}."


def score_of(nats: Any) -> Any:
    """Surprise as a score from 0 to 1: half at 7 nats, nine tenths at 23."""
    return 1 - np.exp(-np.asarray(nats, float) / NATS_TO_SCORE)


WEAK_FROM, WEAK_SCORE = 0.5, 0.25
"""Patterns of which up to half are coincidence are kept as weak findings; this is the most that one scores."""


def strength(nats: np.ndarray, false_share: np.ndarray, accepted: float) -> np.ndarray:
    """Score of patterns from their surprise (places looked at taken off) and the share of coincidences from there up.

    Beyond the accepted share a finding is weak: it makes no case, and only adds a little to what else is known.
    """
    sure = np.asarray(score_of(np.maximum(nats, 0.0))) * (1 - false_share)
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


def pattern_ids(prefixes: Iterable[str], transfer_ids: pa.ListArray) -> pa.Array:
    """The same for a column of lists, of which the order does not count."""
    flat, start = transfer_ids.values.to_pylist(), transfer_ids.offsets.to_pylist()
    spans = zip(prefixes, start[:-1], start[1:], strict=True)
    return pa.array([pattern_id(prefix, sorted(flat[low:high])) for prefix, low, high in spans], pa.string())
