"""Whatever a file holds as text, so that one set of rules serves CSV and Parquet."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.ingest.ibans import has_check_digits
from mulegraph.ingest.lines import holds_byte

REPLACEMENT = "\ufffd"


def decoded(column: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    """Bytes as text, and which rows are not UTF-8 or hold a NUL (None: no row)."""
    bad: np.ndarray | None = None
    try:
        text = column.cast(pa.string())
    except pa.ArrowInvalid:
        values = column.to_pylist()
        bad = np.array([value is not None and not _is_utf8(value) for value in values])
        text = pa.array([None if value is None else value.decode("utf-8", "replace") for value in values])
        text = text.cast(pa.string())
    if holds_byte(text, b"\0"):
        with_nul = pc.fill_null(pc.match_substring(text, "\0"), False).to_numpy(zero_copy_only=False)
        bad = with_nul if bad is None else bad | with_nul
        text = pc.replace_substring(text, "\0", REPLACEMENT)
    return text, bad


def as_written(column: pa.Array, encoding: str) -> pa.Array:
    """The bytes that the file holds, of values that were read in another encoding."""
    if not re.search(rb"[\x80-\xff]", column.buffers()[2] or b""):
        return column
    values = column.to_pylist()
    return pa.array(
        [None if value is None else value.decode("utf-8").encode(encoding) for value in values], pa.binary()
    )


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def as_text(values: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    """A typed Parquet column as the text that a CSV file would hold, and which rows cannot be read."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        moved = values.cast(pa.timestamp("us", "UTC"), safe=False)
        return pc.strftime(moved, format="%Y-%m-%dT%H:%M:%SZ", locale="C"), None
    if pa.types.is_floating(values.type):
        return without_zeros(_without_exponent(values.cast(pa.string()))), None
    if pa.types.is_decimal(values.type):
        return without_zeros(values.cast(pa.string())), None
    if _is_bytes(values.type):
        text, bad = decoded(values.cast(pa.binary()))
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text), bad
    return values.cast(pa.string()), None


def is_number(kind: pa.DataType) -> bool:
    """Whether values of a type are numbers, and no text that a mark may stand in."""
    return bool(pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_integer(kind))


def without_zeros(texts: pa.Array) -> pa.Array:
    """Numbers of a typed column without zeros at their end: 5.000 is five there, and no group of three digits."""
    return pc.replace_substring_regex(pc.replace_substring_regex(texts, r"[.]0+$", ""), r"([.]\d*[1-9])0+$", r"\1")


def _is_bytes(kind: pa.DataType) -> bool:
    checks = (
        "is_string",
        "is_large_string",
        "is_string_view",
        "is_binary",
        "is_large_binary",
        "is_binary_view",
    )
    return any(getattr(pa.types, check)(kind) for check in checks)


def _without_exponent(texts: pa.Array) -> pa.Array:
    """Floating numbers written out: 1.5e+11 becomes 150000000000."""
    if not pc.any(pc.match_substring(texts, "e")).as_py():
        return texts
    plain = [format(Decimal(text), "f") if text and "e" in text else text for text in texts.to_pylist()]
    return pa.array(plain, pa.string())


def unguarded(column: pa.Array, *, is_id: bool) -> pa.Array:
    """Values without the marks that keep a spreadsheet from changing them: ="00123" and, of ids, '00123."""
    if holds_byte(column, b'="'):
        column = pc.replace_substring_regex(column, r'^="([^"]*)"$', r"\1")
    if is_id and holds_byte(column, b"'"):
        column = pc.replace_substring_regex(column, r"^'(.+)$", r"\1")
    return column


def with_electronic_ibans(column: pa.Array) -> pa.Array:
    """Account numbers, IBANs that are printed in groups without their blanks (ISO 13616: the electronic form).

    Nothing else is touched: blanks may be part of a number that is no IBAN.
    """
    if not holds_byte(column, b" "):
        return column
    encoded = column.dictionary_encode()
    values = pa.array([_electronic(each) for each in encoded.dictionary.to_pylist()], pa.string())
    return values.take(encoded.indices)


@lru_cache(1 << 20)
def _electronic(text: str) -> str:
    compact = text.replace(" ", "")
    return compact.upper() if " " in text and has_check_digits(compact) else text
