"""Batches in which every value is written as nearly all are, seen in whole columns at once.

A rule in SQL looks at each value by itself, ten times and more a row. That no text of a batch is too long, or that all
its times look alike, is seen in the bytes of a column at a hundredth of the price; rules that cannot be broken then are
not asked (`Check.fits`). A batch with one value otherwise is only slower: its rows are looked at one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mulegraph.ingest.columns import ID_MASKS, FileColumns
from mulegraph.ingest.lines import holds_byte
from mulegraph.ingest.mapping import TableMapping
from mulegraph.schema.tables import AMOUNT_MINOR_LIMIT, AMOUNT_PLACES, Column, Kind, Table

USUAL_TIME = "dddd-dd-ddTdd:dd:ddZ"
USUAL_DATE = "dddd-dd-dd"
"""`d` is a digit; every other letter stands for itself."""

USUAL_DECIMALS = 2
AMOUNT_LETTERS = len(str(AMOUNT_MINOR_LIMIT // 10**AMOUNT_PLACES)) - 1
"""No number of so many letters is too large, whatever the currency."""

ZERO, NINE, POINT, SLASH, BLANK = b"09./ "


@dataclass(frozen=True)
class UsualForm:
    """The usual form of a file's columns: pairs of the raw column and the table's."""

    columns: tuple[tuple[str, Column], ...]
    ids: frozenset[str]

    @classmethod
    def of(cls, table: Table, columns: FileColumns, mapping: TableMapping) -> UsualForm | None:
        """None where the mapping says that values are written otherwise, or makes them of others."""
        told = (mapping.decimal, mapping.grouping, mapping.minor_units, mapping.currency_beside, mapping.direction)
        if any(told) or mapping.time_format or mapping.date_format or mapping.steps is not None:
            return None
        given = [column for column in table.columns if column.name in columns.texts]
        if any(columns.texts[column.name] not in columns.used for column in given):
            return None
        ids = {column.name for column in given if column.masked in ID_MASKS or column.name in table.key}
        return cls(tuple((columns.texts[column.name], column) for column in given), frozenset(ids))

    def fits(self, batch: pa.RecordBatch) -> bool:
        """Whether all rows of a batch are written so."""
        if batch.column("unreadable").null_count < batch.num_rows:
            return False
        return all(self._fits(batch.column(raw), column) for raw, column in self.columns)

    def _fits(self, values: pa.Array, column: Column) -> bool:
        if not len(values) or values.null_count == len(values):
            return not column.required
        texts = _Texts(values)
        if column.required and (values.null_count or texts.lengths.min() == 0 or texts.begin_with(BLANK)):
            return False
        if texts.lengths.max() > column.limit:
            return False
        match column.kind:
            case Kind.TIME:
                return texts.all_like(USUAL_TIME)
            case Kind.DATE:
                return texts.all_like(USUAL_DATE)
            case Kind.AMOUNT:
                return texts.all_amounts()
        return column.name not in self.ids or not holds_byte(values, b"+")


class _Texts:
    """The bytes of a text column, and where each value begins and ends; nulls are left out."""

    def __init__(self, values: pa.Array) -> None:
        if values.null_count:
            values = values.drop_null()
        _, places, data = values.buffers()
        self.ends = np.frombuffer(places, np.int32)[values.offset : values.offset + len(values) + 1]
        self.lengths = np.diff(self.ends)
        # A column of empty texts only has no bytes at all.
        self.data = np.frombuffer(data, np.uint8) if data.size else np.empty(0, np.uint8)

    def begin_with(self, letter: int) -> bool:
        """Whether some value begins with a letter; no value is empty."""
        return bool((self.data[self.ends[:-1]] == letter).any())

    def all_like(self, pattern: str) -> bool:
        """Whether every value is written like the pattern."""
        width = len(pattern)
        if self.lengths.min() != width or self.lengths.max() != width:
            return False
        block = self.data[self.ends[0] : self.ends[-1]].reshape(-1, width)
        low = np.array([ZERO if letter == "d" else ord(letter) for letter in pattern])
        high = np.array([NINE if letter == "d" else ord(letter) for letter in pattern])
        return bool((block.min(axis=0) >= low).all() and (block.max(axis=0) <= high).all())

    def all_amounts(self) -> bool:
        """Whether every value is digits with at most two decimals after a point."""
        if self.lengths.min() == 0 or self.lengths.max() > AMOUNT_LETTERS:
            return False
        data = self.data[self.ends[0] : self.ends[-1]]
        if data.min() < POINT or data.max() > NINE or (data == SLASH).any():
            return False
        starts, ends = self.ends[:-1], self.ends[1:]
        if (self.data[starts] == POINT).any():
            return False
        pointed = 0
        for decimals in range(1, USUAL_DECIMALS + 1):
            long_enough = ends[self.lengths > decimals + 1]
            pointed += int((self.data[long_enough - decimals - 1] == POINT).sum())
        # All points are where decimals begin, and each value has one at most: else one of them is uncounted.
        both = ends[self.lengths > USUAL_DECIMALS + 1]
        twice = (self.data[both - 2] == POINT) & (self.data[both - 3] == POINT)
        return not twice.any() and pointed == int((data == POINT).sum())
