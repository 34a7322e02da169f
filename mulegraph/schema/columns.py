"""What a table that crosses a folder holds: each column once, with its type, unit, meaning and whom it identifies.

A `Schema` is declared beside the record of one of its rows, a frozen dataclass whose fields are `column(…)`:

    @dataclass(frozen=True)
    class ChainRow:
        chain: str = column(TEXT, "the chain's id", names_nobody=True)
        surprise: float = column(REAL, "how unlikely it is by chance", unit="nats")
        accounts: list[str] = column(TEXTS, "in the order of the money", identifies=Mask.ACCOUNT)

    CHAINS = Schema.of("chains", ChainRow, "Chains of pass-through, the most surprising first.")

`CHAINS.arrow` is what is stored, `CHAINS.check(table)` refuses another, `records(ChainRow, table)` gives typed rows,
and `CHAINS.markdown()` is its documentation. What identifies somebody is masked by what `identifies` says, wherever the
table goes. A column of text must say whom it identifies, or from which list its words are, or that it names nobody.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.schema.tables import ARROW_TYPE, Kind, Mask

TEXT = pa.string()
TEXTS = pa.list_(TEXT)
FLAG = pa.bool_()
COUNT = pa.int64()
REAL = pa.float64()
TIME = ARROW_TYPE[Kind.TIME]
DAY = ARROW_TYPE[Kind.DATE]
AMOUNT = ARROW_TYPE[Kind.AMOUNT]

Record = TypeVar("Record")


@dataclass(frozen=True)
class Field:
    """One column. `doc` is a line without a full stop, `unit` is such as `nats`, `hours` or `UTC`.

    `header` stands above it where people read it; the name with spaces where it is empty.

    `identifies` says what its values are of a person; `identified_by` names the column that says so row by row, as
    `subject_kind` does for `subject_id`. `choices` are all the words that it may hold. `names_nobody` is said of text
    that is neither: ids of transfers, codes, currencies.
    """

    name: str
    type: pa.DataType
    doc: str
    unit: str = ""
    identifies: Mask | None = None
    identified_by: str = ""
    choices: tuple[str, ...] = ()
    names_nobody: bool = False
    header: str = ""

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise TypeError(f"column '{self.name}': a name is letters, digits and underscores")
        said = bool(self.identifies) + bool(self.identified_by) + bool(self.choices) + self.names_nobody
        if said > 1:
            raise TypeError(f"column '{self.name}': says more than one of whom it identifies, choices, names nobody")
        if _is_text(self.type) and not said:
            raise TypeError(
                f"column '{self.name}': text must say whom it identifies, its choices, or that it names nobody"
            )

    @property
    def title(self) -> str:
        """What stands above the column."""
        return self.header or self.name.replace("_", " ")

    @property
    def arrow(self) -> pa.Field:
        """As it is stored; what it says of a person goes with it."""
        said = {name: value for name, value in _metadata(self).items() if value}
        return pa.field(self.name, self.type, metadata=said or None)

    @classmethod
    def of_arrow(cls, stored: pa.Field) -> Field:
        """The column as a file tells it; text that the file says nothing of is hidden."""
        said = {key.decode(): value.decode() for key, value in (stored.metadata or {}).items()}
        known = {name: said.get(name, "") for name in ("doc", "unit", "header", "identified_by")}
        words = tuple(said.get("choices", "").split("\n")) if said.get("choices") else ()
        mask = Mask(said["identifies"]) if said.get("identifies") else None
        nobody = said.get("names_nobody") == "yes"
        if _is_text(stored.type) and not (mask or words or nobody or known["identified_by"]):
            mask = Mask.HIDDEN
        return cls(stored.name, stored.type, identifies=mask, choices=words, names_nobody=nobody, **known)


def _metadata(of: Field) -> dict[str, str]:
    return {
        "doc": of.doc,
        "unit": of.unit,
        "header": of.header,
        "identifies": str(of.identifies or ""),
        "identified_by": of.identified_by,
        "choices": "\n".join(of.choices),
        "names_nobody": "yes" if of.names_nobody else "",
    }


def _is_text(kind: pa.DataType) -> bool:
    """Text, or lists or parts of it."""
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    if pa.types.is_list(kind):
        return _is_text(kind.value_type)
    if pa.types.is_map(kind):
        return _is_text(kind.key_type) or _is_text(kind.item_type)
    if pa.types.is_struct(kind):
        return any(_is_text(kind.field(place).type) for place in range(kind.num_fields))
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))


def column(kind: pa.DataType, doc: str, **more: Any) -> Any:
    """A field of a record that is a column: `more` is what `Field` takes beside name, type and doc."""
    return field(metadata={"column": (kind, doc, more)})


@dataclass(frozen=True)
class Schema:
    """A table's columns in their order."""

    name: str
    fields: tuple[Field, ...]
    doc: str = ""

    @classmethod
    def of(cls, name: str, record: type, doc: str) -> Schema:
        """The schema of a record's `column(…)` fields; others of its fields are no columns."""
        told = []
        for each in dataclasses.fields(record):
            if "column" in each.metadata:
                told.append((each.name, each.metadata["column"]))
        made = tuple(Field(column_name, kind, text, **more) for column_name, (kind, text, more) in told)
        return cls(name, made, doc)

    @classmethod
    def of_arrow(cls, name: str, stored: pa.Schema, doc: str = "") -> Schema:
        """The schema that a file tells of itself."""
        return cls(name, tuple(Field.of_arrow(each) for each in stored), doc)

    @cached_property
    def arrow(self) -> pa.Schema:
        """The columns as they are stored."""
        return pa.schema([each.arrow for each in self.fields])

    @property
    def names(self) -> list[str]:
        """The columns' names in their order."""
        return [each.name for each in self.fields]

    def __getitem__(self, name: str) -> Field:
        """The column of that name. Raises KeyError when there is none."""
        for each in self.fields:
            if each.name == name:
                return each
        raise KeyError(name)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @property
    def headers(self) -> dict[str, str]:
        """What stands above each column, by name."""
        return {each.name: each.title for each in self.fields}

    def empty(self) -> pa.Table:
        """A table without rows."""
        return self.arrow.empty_table()

    def table(self, columns: Mapping[str, Any]) -> pa.Table:
        """A table of these columns, checked. A column that is not given is empty; one that is unknown is an error."""
        if unknown := set(columns) - set(self.names):
            raise TypeError(f"{self.name} has no column '{min(unknown)}'; it has {', '.join(self.names)}")
        size = max((len(each) for each in columns.values()), default=0)
        arrays = []
        for each in self.fields:
            arrays.append(_as_array(columns[each.name], each) if each.name in columns else pa.nulls(size, each.type))
        made = pa.table(arrays, schema=self.arrow)
        self.check(made)
        return made

    def check(self, table: pa.Table) -> None:
        """Raise TypeError where a table has other columns, other types, or a word that is not among the choices."""
        if table.schema.names != self.names:
            raise TypeError(f"{self.name} holds columns {table.schema.names}, expected {self.names}")
        for each in self.fields:
            kind = table.schema.field(each.name).type
            if kind != each.type:
                raise TypeError(f"{self.name}.{each.name} is {kind}, expected {each.type}")
            if each.choices and (unknown := _unknown(table[each.name], each.choices)):
                raise TypeError(
                    f"{self.name}.{each.name} holds a word that is none of {', '.join(each.choices)}: {unknown}"
                )

    def markdown(self) -> list[str]:
        """The columns as a Markdown table, in lines."""
        lines = [
            f"## {self.name}",
            "",
            self.doc,
            "",
            "| column | holds | unit | masked as | meaning |",
            "|---|---|---|---|---|",
        ]
        return [*lines, *(_line(each) for each in self.fields)]


def records(kind: type[Record], table: pa.Table) -> list[Record]:
    """The rows of a table as records of this kind, for the rows that somebody looks at; its columns must be there."""
    names = [each.name for each in dataclasses.fields(kind) if "column" in each.metadata]  # type: ignore[arg-type]
    return [kind(**row) for row in table.select(names).to_pylist()]


def _as_array(values: Any, of: Field) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values if values.type == of.type else values.cast(of.type)
    return pa.array(values, of.type)


def _unknown(values: pa.ChunkedArray, choices: Iterable[str]) -> str:
    """A word that is not among the choices; an empty text when there is none."""
    words = pc.list_flatten(values) if pa.types.is_list(values.type) else values
    distinct = pc.unique(words).drop_null()
    others = distinct.filter(pc.invert(pc.is_in(distinct, value_set=pa.array(choices, distinct.type))))
    return str(others[0]) if len(others) else ""


def _line(of: Field) -> str:
    holds = f"one of {', '.join(of.choices)}" if of.choices else KIND_NAMES.get(of.type, str(of.type))
    masked = of.identifies or (f"what {of.identified_by} says" if of.identified_by else "")
    return f"| {of.name} | {holds} | {of.unit} | {masked} | {of.doc} |"


KIND_NAMES = {
    TEXT: "text",
    FLAG: "yes or no",
    COUNT: "a whole number",
    REAL: "a number",
    TIME: "a time",
    DAY: "a date",
    AMOUNT: "an amount",
    TEXTS: "texts",
}
"""How a type is called in the documentation."""
