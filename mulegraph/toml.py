"""A TOML file as a typed record: every key known, every value of its type and within its limits, or an error in words.

Records are frozen dataclasses whose fields say their limits with `msgspec.Meta`. msgspec checks types and limits;
what is here finds unknown and renamed keys, and says what was expected without the names of Python's types.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from mulegraph.errors import UsageError

T = TypeVar("T")
Renamed = Mapping[str, str]
"""Old name of a setting → its name now, both with their section: `cases.least_score` → `cases.min_score`."""


def read_toml(path: Path, kind: type[T], *, renamed: Renamed | None = None, hint: str = "Fix the file.") -> T:
    """A file as a record. Raises UsageError, with `hint` where it is no TOML, else with what was expected."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError("{path}: cannot be read ({why})", hint=hint, path=path, why=error) from error
    return checked(raw, kind, str(path), renamed=renamed or {})


def checked(raw: dict[str, Any], kind: type[T], source: str, *, renamed: Renamed) -> T:
    """What a file holds as a record. Raises UsageError with the file, the key, its value and what was expected."""
    _check_keys(raw, kind, source, (), renamed)
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        found = re.search(r"at `\$\.?(.*)`$", str(error))
        keys = re.findall(r"\w+", re.sub(r"\[.*", "", found[1])) if found else []
        value, declared = _at(raw, kind, keys)
        if get_origin(declared) is dict and isinstance(value, dict):  # msgspec does not say which of its keys it was
            declared = get_args(declared)[1]
            key = next(key for key, each in value.items() if not _fits(each, declared))
            keys, value = [*keys, key], value[key]
        raise UsageError(f"{source}: {'.'.join(keys)} is {value!r}", hint=f"Expected {expected(declared)}.") from error


def expected(declared: Any) -> str:
    """What a field takes, in words: its type and limits."""
    limits = None
    if get_origin(declared) is Annotated:
        declared, limits, *_ = get_args(declared)
    if is_dataclass(declared) or get_origin(declared) is dict:
        return "a table, such as [section]"
    if get_origin(declared) is tuple:
        return 'a list of texts such as ["NORD"]'
    if get_origin(declared) is Literal:
        return f"one of {', '.join(map(repr, get_args(declared)))}"
    if declared is bool:
        return "true or false"
    if declared is str:
        return (
            "a text in quotes" if limits is None or limits.pattern is None else f"a text of the form {limits.pattern}"
        )
    number = "a whole number" if declared is int else "a number"
    return number if limits is None else f"{number} from {limits.ge:g} to {limits.le:g}"


def _fits(value: Any, declared: Any) -> bool:
    try:
        msgspec.convert(value, declared)
    except msgspec.ValidationError:
        return False
    return True


@cache
def _fields(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _check_keys(raw: dict[str, Any], kind: Any, source: str, above: tuple[str, ...], renamed: Renamed) -> None:
    known = _fields(kind)
    for key, value in raw.items():
        name = ".".join([*above, key])
        if name in renamed:
            raise UsageError(f"{source}: {name} is now called {renamed[name]}", hint="Rename it in the file.")
        if key not in known:
            what = f"key {name}" if above else f"section [{name}]"
            raise UsageError(f"{source}: {what} is unknown", hint=f"Expected one of {', '.join(known)}.")
        if is_dataclass(known[key]) and isinstance(value, dict):
            _check_keys(value, known[key], source, (*above, key), renamed)


def _at(raw: Any, kind: Any, keys: list[str]) -> tuple[Any, Any]:
    """The value at these keys, and what is declared there."""
    for key in keys:
        raw = raw[key] if isinstance(raw, dict) else raw
        kind = _fields(kind)[key] if hasattr(kind, "__dataclass_fields__") else (get_args(kind) or (Any,))[-1]
    return raw, kind
