"""A typed message held to the rules of its generated classes: what must be there, lengths, patterns, digits.

It stands in for a schema where none can be had; it cannot see what the classes left out, such as a rule over two
elements, but for one: of a choice exactly one is given.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from mulegraph.errors import UsageError


def check_message(document: object, name: str) -> None:
    """Raise UsageError where an element breaks its own rule: the message is not written then."""
    fault = next(faults(document), None)
    if fault is not None:
        raise UsageError(
            "{name} cannot carry {fault}",
            hint="Mend the id, BIC or amount where it comes from, or write the request as MT: --message mt.",
            name=name,
            fault=fault,
        )


def faults(node: Any) -> Iterator[str]:
    """What breaks its rule in a message, each with its element's name; nothing where all is well."""
    fields = dataclasses.fields(node)
    given = [each for each in fields if getattr(node, each.name) not in (None, [])]
    if type(node).__name__.endswith("Choice") and len(given) != 1:
        yield f"{type(node).__name__} with none of its choices, or with two"
    for field in fields:
        value, rules = getattr(node, field.name), field.metadata
        name = str(rules.get("name", field.name))
        values = value if isinstance(value, list) else [] if value is None else [value]
        if not rules.get("min_occurs", 0) <= len(values) <= rules.get("max_occurs", len(values)):
            yield f"{len(values)} of {name}"
        if rules.get("required") and value is None:
            yield f"a message without {name}"
        for each in values:
            if dataclasses.is_dataclass(each):
                yield from faults(each)
            elif not _fits(each, rules):
                yield f"{name} '{each}'"


def _fits(value: object, rules: Mapping[str, Any]) -> bool:
    if isinstance(value, str):
        is_long = len(value) > rules.get("max_length", len(value))
        pattern = rules.get("pattern")
        return not is_long and len(value) >= rules.get("min_length", 0) and (not pattern or _is(pattern, value))
    if isinstance(value, Decimal):
        _, digits, exponent = value.as_tuple()
        places = max(0, -int(exponent))
        is_within = len(digits) <= rules.get("total_digits", len(digits)) and places <= rules.get(
            "fraction_digits", places
        )
        return is_within and value >= rules.get("min_inclusive", value)
    return True


def _is(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None
