"""What the fields of a result say of a person; each is declared once, and whatever leaves is masked by it.

A field either identifies somebody (and is shown as a token, or not at all), or it is open: a number, a time, a word
of a fixed vocabulary, an id that mulegraph makes. An open field holds what it declares and nothing else: a name in a
field of words is hidden, whatever the field is called. A field that declares nothing cannot be part of a result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import SimpleNamespace
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pyarrow as pa

from mulegraph.schema.columns import Field, Schema
from mulegraph.schema.findings import SUBJECT_MASKS as FINDING_SUBJECTS
from mulegraph.schema.tables import Kind, Mask, minor_exponents
from mulegraph.schema.versions import ALL_TABLES


class Undeclared(TypeError):
    """A field of a result that says nothing of what it holds: a fault of the code, found when it is loaded or run."""


class Says:
    """What a field says of a person."""


@dataclass(frozen=True)
class Identifies(Says):
    """Values of this kind: shown as tokens; of kind HIDDEN not at all."""

    mask: Mask


@dataclass(frozen=True)
class IdentifiedBy(Says):
    """An id of what another field of the same row says: account, holder, device, cluster or merchant."""

    field: str


@dataclass(frozen=True)
class Number(Says):
    """A count, a share, a sum: numbers, no text."""


@dataclass(frozen=True)
class Amount(Says):
    """A sum of money: a number, or its text with decimals as JSON holds it."""


@dataclass(frozen=True)
class Moment(Says):
    """A time with a clock, or its ISO text."""


@dataclass(frozen=True)
class Day(Says):
    """A day that is no birthday, or its ISO text."""


@dataclass(frozen=True)
class Flag(Says):
    """Yes or no."""


@dataclass(frozen=True)
class Text(Says):
    """An open text: a column that the ledger's schema declares open, such as a bank's or a place's name."""


@dataclass(frozen=True)
class Ours(Says):
    """What mulegraph writes from its own settings, rules, counts and hashes; no value of the ledger is in it."""


@dataclass(frozen=True)
class Words(Says):
    """A word of a fixed vocabulary; `choices` may be worked out later."""

    choices: tuple[str, ...] | Callable[[], frozenset[str]]

    @property
    def known(self) -> frozenset[str]:
        """The vocabulary."""
        return frozenset(self.choices() if callable(self.choices) else self.choices)


@dataclass(frozen=True)
class Vocabulary(Says):
    """A word of a vocabulary that a later stage knows, by its name: benign tests, parts of a score."""

    name: str


@dataclass(frozen=True)
class Code(Says):
    """An id that mulegraph makes, by its form. Anything else gets a token of its own, so that rows stay apart."""

    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Sentence(Says):
    """A sentence that is made of the row's other values, after they are masked; `name` says by which rule."""

    name: str


@dataclass(frozen=True)
class Facts(Says):
    """Facts of a finding by name; each says what the sign (in field `sign`) declares, and nothing else is shown."""

    sign: str = "sign"


@dataclass(frozen=True)
class Each(Says):
    """A list."""

    of: Says


@dataclass(frozen=True)
class ByKey(Says):
    """A mapping."""

    key: Says
    of: Says


@dataclass(frozen=True)
class Chosen(Says):
    """What a field says depends on a word in another field; for other words it is hidden."""

    field: str
    by: Mapping[str, Says] = dataclass_field(hash=False)


@dataclass(frozen=True)
class Record(Says):
    """A row: of a table, as a mapping, or as a dataclass.

    `lenient`: what is not declared is hidden, and no error; for what is read from a file that others may have written.
    """

    name: str
    fields: Mapping[str, Says] = dataclass_field(hash=False)
    lenient: bool = False

    def __post_init__(self) -> None:
        for name, says in self.fields.items():
            if not isinstance(says, Says):
                raise Undeclared(f"{self.name}.{name} does not say what it holds")

    def of(self, name: str) -> Says:
        """What a field says. Raises Undeclared for one that is not declared."""
        if name not in self.fields and self.lenient:
            return HIDDEN
        try:
            return self.fields[name]
        except KeyError:
            raise Undeclared(f"{self.name} has no field '{name}' declared") from None

    def only(self, *names: str) -> Record:
        """Some of its fields."""
        return Record(self.name, {name: self.of(name) for name in names})

    def without(self, kind: type[Says]) -> Record:
        """The same with fields of this kind hidden; whoever asks makes them anew."""
        return Record(
            self.name, {name: HIDDEN if isinstance(each, kind) else each for name, each in self.fields.items()}
        )

    def plus(self, name: str, /, **more: Says) -> Record:
        """The same with more fields, under another name."""
        return Record(name, {**self.fields, **more})


@dataclass(frozen=True)
class Network(Says):
    """A NetworkX graph: what its nodes' ids say by their attribute `kind`, and what every attribute says."""

    node_ids: Mapping[str, Says] = dataclass_field(hash=False)
    nodes: Record
    edges: Record
    graph: Record


@dataclass(frozen=True)
class Prefixed(Says):
    """An id behind a word, such as `device D1`."""

    prefix: str
    of: Says


NUMBER = Number()
AMOUNT = Amount()
MOMENT = Moment()
DAY = Day()
FLAG = Flag()
TEXT = Text()
OURS = Ours()
ACCOUNT, HOLDER, DEVICE, NAME = (Identifies(mask) for mask in (Mask.ACCOUNT, Mask.HOLDER, Mask.DEVICE, Mask.NAME))
HIDDEN = Identifies(Mask.HIDDEN)
"""Free text that people wrote, and dates of birth."""
CURRENCY = Words(lambda: frozenset(minor_exponents()))
SUBJECT_MASKS = {**FINDING_SUBJECTS, "holder": Mask.HOLDER}
"""What the id of a subject of a finding or a list is, by the subject's kind."""
SUBJECT_KIND = Words(tuple(SUBJECT_MASKS))

_BY_KIND: Mapping[Kind, Says] = {
    Kind.TEXT: TEXT,
    Kind.TIME: MOMENT,
    Kind.DATE: DAY,
    Kind.AMOUNT: AMOUNT,
    Kind.FRACTION: NUMBER,
    Kind.CURRENCY: CURRENCY,
    Kind.ZONE: TEXT,
}
_BY_ARROW: tuple[tuple[Callable[[pa.DataType], bool], Says], ...] = (
    (pa.types.is_boolean, FLAG),
    (pa.types.is_integer, NUMBER),
    (pa.types.is_floating, NUMBER),
    (pa.types.is_decimal, AMOUNT),
    (pa.types.is_timestamp, MOMENT),
    (pa.types.is_date, DAY),
)
_BY_TYPE: Mapping[type, Says] = {
    int: NUMBER,
    float: NUMBER,
    bool: FLAG,
    Decimal: AMOUNT,
    datetime: MOMENT,
    date: DAY,
}


@cache
def ledger_record(table: str) -> Record:
    """What the columns of a ledger table say, as `ALL_TABLES` declares them."""
    said: dict[str, Says] = {}
    for column in ALL_TABLES[table].columns:
        if column.name == "subject_id":
            said[column.name] = IdentifiedBy("subject_kind")
        elif column.masked is not None:
            said[column.name] = Identifies(column.masked)
        else:
            said[column.name] = Words(column.choices) if column.kind is Kind.CHOICE else _BY_KIND[column.kind]
    return Record(table, said)


def says_of(field: Field) -> Says:
    """What a declared column says; each item of a list says the same. Text that says nothing is hidden."""
    kind = field.type.value_type if pa.types.is_list(field.type) else field.type
    if field.identified_by:
        said: Says = IdentifiedBy(field.identified_by)
    elif field.identifies is not None:
        said = Identifies(field.identifies)
    elif field.choices:
        said = Words(field.choices)
    elif field.names_nobody:
        said = TEXT
    else:
        said = next((says for is_of, says in _BY_ARROW if is_of(kind)), HIDDEN)
    return Each(said) if pa.types.is_list(field.type) else said


def schema_record(schema: Schema, **closer: Says) -> Record:
    """What the columns of a schema say; `closer` says of some more than the schema does, such as the form of an id."""
    return Record(schema.name, {each.name: closer.get(each.name) or says_of(each) for each in schema.fields})


_FRAMES = SimpleNamespace(DataFrame=object, Timestamp=datetime)
"""Stands for pandas where annotations are read: what a frame says is declared beside it, and pandas takes 0.25 s."""


@cache
def record_of(made: type) -> Record:
    """What the fields of a dataclass say, by their annotations.

    Numbers and flags say so by their type; everything else is `Annotated` with what it says, or is such a dataclass.
    Raises Undeclared for a field that is neither.
    """
    hints = get_type_hints(made, localns={"pd": _FRAMES}, include_extras=True)
    return Record(made.__name__, {each.name: _said(made, each.name, hints[each.name]) for each in fields(made)})


def _said(made: type, name: str, hint: Any) -> Says:
    if get_origin(hint) is Annotated:
        for extra in get_args(hint)[1:]:
            if isinstance(extra, Says):
                return extra
    if hint in _BY_TYPE:
        return _BY_TYPE[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        return record_of(hint)
    parts = [each for each in get_args(hint) if each is not type(None) and each is not Ellipsis]
    if get_origin(hint) in (list, tuple) and len(parts) == 1:
        return Each(_said(made, name, parts[0]))
    if len(parts) == 1:
        return _said(made, name, parts[0])
    raise Undeclared(f"{made.__name__}.{name} does not say what it holds")


def declared(made: type) -> type:
    """Mark a dataclass as a result: every field says what it holds, which is checked when the class is made."""
    record_of(made)
    return made


@dataclass(frozen=True)
class Identified:
    """A value of the ledger inside a message: what it is, and how it is written where it may be seen."""

    value: str
    mask: Mask

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Foreign:
    """What an engine or somebody's own code says: it may quote any row, so it is seen only where everything is."""

    text: str

    def __str__(self) -> str:
        return self.text
