"""Digits of other scripts as the ten that amounts and times are read in, and marks of Arabic script."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from mulegraph.schema.tables import Kind, Table

_SCRIPTS = (0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50, 0x0ED0, 0x1040, 0x17E0, 0xFF10)
"""Zeros of Arabic, Persian, Devanagari, Bengali, Thai, Lao, Burmese, Khmer and full-width digits; nine follow each."""
_DECIMAL, _GROUPING = "\u066b", "\u066c"
"""The Arabic decimal and thousands separators, which mean nothing else."""
_UNSEEN = "\u200e\u200f\u061c"
"""Marks of the writing's direction, which stand around numbers in right-to-left text."""

BESIDE_AMOUNTS = ("currency", "original_currency", "direction")
"""What the column of an amount may say, too."""


def _table(decimal: str) -> dict[int, str]:
    digits = {zero + value: str(value) for zero in _SCRIPTS for value in range(10)}
    return digits | {ord(_DECIMAL): decimal, ord(_GROUPING): ""} | dict.fromkeys(map(ord, _UNSEEN), "")


_TABLES = {mark: _table(mark) for mark in (".", ",")}


def western_digits(text: str, decimal: str = ".") -> str:
    """A text with the digits 0 to 9; `decimal` stands for the Arabic decimal mark, and its grouping mark is left out.

    A text that holds no digit of another script stays as it is, so that nothing else of it changes.
    """
    made = text.translate(_TABLES[decimal])
    return made if any(sign.isdigit() and not sign.isascii() for sign in text) else text


def with_western_digits(column: pa.Array, decimal: str) -> pa.Array:
    """The same for a column of texts; one that is ASCII throughout is seen in its bytes."""
    data = column.buffers()[2]
    if data is None or bytes(data).isascii():
        return column
    made = [None if text is None else western_digits(text, decimal) for text in column.to_pylist()]
    return pa.array(made, pa.string())


def columns_of_numbers(table: Table, raw: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Of the raw columns that each column is made of, those that numbers and times are made of, and no other text is.

    A currency may stand beside its amount, and a direction be its sign.
    """
    return _made_into(table, raw, (Kind.AMOUNT, Kind.TIME, Kind.DATE), {"direction"})


def columns_of_amounts(table: Table, raw: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """The same for amounts; a column of its own for the direction holds words that a mapping names as they are."""
    return _made_into(table, raw, (Kind.AMOUNT,), set())


def _made_into(
    table: Table, raw: Mapping[str, tuple[str, ...]], kinds: tuple[Kind, ...], more: set[str]
) -> frozenset[str]:
    names = {column.name for column in table.columns if column.kind in kinds} | more
    texts = {each for name, its in raw.items() if name not in {*names, *BESIDE_AMOUNTS} for each in its}
    return frozenset(each for name, its in raw.items() if name in names for each in its) - texts
