"""Masks a result by what each of its fields says: a pure function of value, declaration and the workspace's key."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol, TypeGuard, TypeVar

import numpy as np

from mulegraph.lazy import networkx as nx
from mulegraph.lazy import pandas as pd
from mulegraph.privacy.tokens import HIDDEN, LETTER, TOKEN, Masker
from mulegraph.schema.disclosure import (
    SUBJECT_MASKS,
    Amount,
    ByKey,
    Chosen,
    Code,
    Day,
    Each,
    Facts,
    Flag,
    IdentifiedBy,
    Identifies,
    Moment,
    Network,
    Number,
    Ours,
    Prefixed,
    Record,
    Says,
    Sentence,
    Text,
    Undeclared,
    Vocabulary,
    Words,
)
from mulegraph.schema.nodes import CASH_NODES
from mulegraph.schema.tables import Mask

MONEY = re.compile(r"-?[\d,]*\d\.\d{1,3}")
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})?")
NUMBERS, TEXTS = {int, float, Decimal, type(None)}, {str, type(None)}
"""Types of columns that hold nothing but numbers, or nothing but texts."""
Row = Mapping[str, Any]
R = TypeVar("R")


class Wording(Protocol):
    """What sentences, facts and vocabularies of later stages are made of."""

    def reason(self, row: Row) -> str | None:
        """The reason of a finding from its masked row; None where it cannot be made."""

    def benign(self, told: Any, mask: Callable[[Any, Says], Any]) -> str | None:
        """Why a benign test fits or not, from its values as `mask` shows them; None where it cannot be made."""

    def facts(self, sign: str) -> Mapping[str, Says]:
        """What the facts of a sign say."""

    def vocabulary(self, name: str) -> frozenset[str]:
        """Words of a vocabulary."""


class Masking:
    """Masks values of one workspace. Holds nothing that changes with what is asked."""

    def __init__(self, masker: Masker, wording: Wording) -> None:
        self._masker, self._wording = masker, wording

    def shown(self, value: Any, says: Says, row: Row | None = None) -> Any:
        """The value as it may leave. `row` are the other fields of its row, as they are in the workspace.

        Raises Undeclared for a field that says nothing.
        """
        if value is None or (isinstance(value, (float, datetime)) and value != value):
            return value
        match says:
            case Record():
                return self._record(value, says)
            case Network():
                return self._network(value, says)
            case Each(of):
                return self._each(value, of, row)
            case ByKey(key, of):
                if not isinstance(value, Mapping):
                    return HIDDEN
                return {self.shown(name, key, row): self.shown(each, of, row) for name, each in value.items()}
            case Identifies(mask):
                return self._token(mask, value)
            case IdentifiedBy(field):
                return self._token(SUBJECT_MASKS.get(_word(row, field), Mask.HIDDEN), value)
            case Chosen(field, by):
                chosen = by.get(_word(row, field))
                return HIDDEN if chosen is None else self.shown(value, chosen, row)
            case Facts(sign):
                return self._facts(value, _word(row, sign))
            case Prefixed(prefix, of):
                return prefix + self.shown(str(value).removeprefix(prefix), of, row)
            case Code(pattern):
                return value if pattern.fullmatch(str(value)) else self._masker.opaque(str(value))
            case Sentence():
                return HIDDEN  # made by `_record` when the rest of the row is masked
        return value if self._is_open(value, says) else HIDDEN

    def _is_open(self, value: Any, says: Says) -> bool:
        """Whether an open field holds what it declares."""
        match says:
            case Text():
                return isinstance(value, str)
            case Ours():
                return True
            case Number():
                return isinstance(value, (int, float, Decimal, np.number))
            case Flag():
                return isinstance(value, (bool, np.bool_))
            case Amount():
                text = isinstance(value, str) and MONEY.fullmatch(value) is not None
                return text or isinstance(value, (int, float, Decimal, np.number))
            case Moment():
                return isinstance(value, datetime) or _reads(value, ISO_MOMENT)
            case Day():
                return isinstance(value, date) or _reads(value, ISO_DAY)
            case Words():
                return str(value) in says.known
            case Vocabulary(name):
                return str(value) in self._wording.vocabulary(name)
        raise Undeclared(f"nothing says how to show a {type(says).__name__}")

    def _token(self, mask: Mask, value: Any) -> Any:
        if mask is Mask.HIDDEN or not isinstance(value, (str, int)):
            return HIDDEN
        if mask is Mask.ACCOUNT and value in CASH_NODES:
            return value
        return self._masker.token(mask, str(value))

    def _each(self, value: Any, of: Says, row: Row | None) -> Any:
        if _is_frame(value):
            return self._record(value, of) if isinstance(of, Record) else HIDDEN
        if not isinstance(value, (list, tuple, np.ndarray)):
            return HIDDEN
        made = [self.shown(each, of, row) for each in value]
        return tuple(made) if isinstance(value, tuple) else made

    def _record(self, value: Any, says: Record) -> Any:
        if _is_frame(value):
            return self._frame(value, says)
        if is_dataclass(value) and not isinstance(value, type):
            row = {each.name: getattr(value, each.name) for each in fields(value)}
            return replace(value, **self._row(row, says))
        if isinstance(value, Mapping):
            return self._row(value, says)
        return HIDDEN

    def _row(self, row: Row, says: Record) -> dict[str, Any]:
        made = {str(name): self.shown(each, says.of(str(name)), row) for name, each in row.items()}
        for name, each in row.items():
            said = says.of(str(name))
            if _has_sentence(said):
                made[str(name)] = self._sentence(each, said, made)
        if says.lenient:
            return {name if name in says.fields else self._masker.opaque(name): each for name, each in made.items()}
        return made

    def _sentence(self, value: Any, says: Says, masked: Row) -> Any:
        """Sentences of a field, made anew from masked values."""
        if value is None:
            return None
        if isinstance(says, ByKey):
            if not isinstance(value, Mapping):
                return HIDDEN
            return {self.shown(each, says.key): self._sentence(why, says.of, masked) for each, why in value.items()}
        name = says.name if isinstance(says, Sentence) else ""
        told = self._wording.reason(masked) if name == "reason" else self._wording.benign(value, self.shown)
        return HIDDEN if told is None else told

    def _frame(self, frame: pd.DataFrame, says: Record) -> pd.DataFrame:
        columns = [str(name) for name in frame.columns]
        said = {name: says.of(name) for name in columns}
        made = {name: self._column(frame, name, said[name]) for name in columns}
        masked = pd.DataFrame(made, index=frame.index, columns=columns)
        sentences = [name for name in columns if _has_sentence(said[name])]
        if sentences and len(frame):
            rows = masked.to_dict("records")
            for name in sentences:
                values = [self._sentence(each, said[name], row) for each, row in zip(frame[name], rows, strict=True)]
                masked[name] = pd.Series(values, index=frame.index, dtype=object)
        return masked

    def _column(self, frame: pd.DataFrame, name: str, says: Says) -> pd.Series:
        column = frame[name]
        if isinstance(says, (Number, Amount, Flag)) and pd.api.types.is_numeric_dtype(column.dtype):
            return column
        if isinstance(says, Moment) and pd.api.types.is_datetime64_any_dtype(column.dtype):
            return column
        held = set(map(type, column))
        # A trace has a dozen columns of exact decimals: to look at each of them would cost more than the trace.
        if (isinstance(says, (Number, Amount)) and held <= NUMBERS) or (isinstance(says, Text) and held <= TEXTS):
            return column
        if isinstance(says, Identifies) and says.mask is not Mask.HIDDEN and held <= TEXTS:
            self._masker.make_tokens(says.mask, column.dropna().unique().tolist())
        needs = says.field if isinstance(says, (IdentifiedBy, Chosen)) else says.sign if isinstance(says, Facts) else ""
        others = frame[needs] if needs else [None] * len(frame)
        values = [self.shown(each, says, {needs: other}) for each, other in zip(column, others, strict=True)]
        return pd.Series(values, index=frame.index, dtype=object if len(values) else column.dtype)

    def _facts(self, facts: Any, sign: str) -> Any:
        """Declared facts as they say; all others hidden, by whatever name."""
        if not isinstance(facts, Mapping):
            return HIDDEN
        declared = self._wording.facts(sign)
        made = {}
        for name, each in facts.items():
            made[name if name in declared else self._masker.opaque(str(name))] = (
                self.shown(each, declared[name], facts) if name in declared else None if each is None else HIDDEN
            )
        return made

    def _network(self, graph: nx.MultiDiGraph[Any], says: Network) -> nx.MultiDiGraph[Any]:
        names = {node: self._node(node, data.get("kind", ""), says) for node, data in graph.nodes(data=True)}
        made: nx.MultiDiGraph[Any] = nx.MultiDiGraph(**self._row(graph.graph, says.graph))
        for node, data in graph.nodes(data=True):
            made.add_node(names[node], **self._row(data, says.nodes))
        for source, target, key, data in graph.edges(keys=True, data=True):
            # Ties to devices and holders are keyed by their node, money by its transfer.
            made.add_edge(names[source], names[target], key=names.get(key, key), **self._row(data, says.edges))
        return made

    def _node(self, node: Any, kind: str, says: Network) -> Any:
        if kind not in says.node_ids:
            return self._masker.opaque(str(node))
        return self.shown(node, says.node_ids[kind])

    def real(self, value: Any, masks: tuple[Mask, ...]) -> Any:
        """An argument with tokens turned into ids; of lists and mappings each. Raises UsageError for strange tokens."""
        if isinstance(value, str):
            return self._masker.real(value, *masks) if TOKEN.fullmatch(value) else value
        if isinstance(value, Mapping):
            return {name: self.real(each, masks) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.real(each, masks) for each in value)
        return value

    def unmasked(self, value: R) -> R:
        """A record that was masked, with ids in the place of tokens. Raises UsageError for strange tokens."""
        made = {each.name: self._real(getattr(value, each.name)) for each in fields(value)}  # type: ignore[arg-type]
        return replace(value, **made)  # type: ignore[type-var]

    def _real(self, value: Any) -> Any:
        if _is_frame(value):
            texts = [name for name in value.columns if value[name].dtype == object]
            return value.assign(**{name: value[name].map(self._real) for name in texts})
        return self.real(value, tuple(LETTER))

    def typed(self, text: str) -> str:
        """What somebody typed, as an error shows it again."""
        return self._masker.typed(text)

    def named(self, mask: Mask, value: str) -> str:
        """A value of a kind, as an error shows it."""
        return str(self._token(mask, value))


def _is_frame(value: Any) -> TypeGuard[pd.DataFrame]:
    """Whether it is a data frame; where nobody has loaded pandas there is none, and asking must not load it."""
    return "pandas" in sys.modules and isinstance(value, pd.DataFrame)


def _word(row: Row | None, field: str) -> str:
    """The word in another field of a row; an empty one where there is none."""
    found = (row or {}).get(field)
    return found if isinstance(found, str) else ""


def _has_sentence(says: Says) -> bool:
    return isinstance(says, Sentence) or (isinstance(says, ByKey) and isinstance(says.of, Sentence))


def _reads(value: Any, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
