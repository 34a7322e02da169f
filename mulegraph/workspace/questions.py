"""What a question of a workspace takes and gives, declared at its definition and checked when it is loaded.

Every parameter that takes a text says whether that may be a token, and of what; the answer says what its fields
hold. Whoever stands before the workspace masks by these declarations, and needs no list of names.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Annotated, Any, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

from mulegraph.schema.disclosure import Says, Undeclared
from mulegraph.schema.tables import Mask

P = ParamSpec("P")
R = TypeVar("R")
Gives = Says | Callable[[Mapping[str, Any]], Says]
"""What an answer says; where that depends on what is asked, worked out from the arguments."""


@dataclass(frozen=True)
class Takes:
    """What a parameter takes: tokens of these kinds; none: a word, an id of mulegraph's, or a free text."""

    masks: tuple[Mask, ...] = ()


AccountId = Annotated[str, Takes((Mask.ACCOUNT,))]
SubjectId = Annotated[str, Takes((Mask.ACCOUNT, Mask.HOLDER, Mask.DEVICE, Mask.MERCHANT))]
Word = Annotated[str, Takes()]
"""A case, a sign, a language, a bank, a note: never a token."""
Moment = Annotated[datetime | str | None, Takes()]


@dataclass(frozen=True)
class Question:
    """A question's declaration: what it gives, and which of its parameters take tokens of what."""

    gives: Gives
    takes: Mapping[str, tuple[Mask, ...]]


def question(gives: Gives) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare what a question gives; what it takes stands in its annotations. Raises Undeclared where they do not."""

    def made(asked: Callable[P, R]) -> Callable[P, R]:
        asked.__question__ = Question(gives, _taken(asked))  # type: ignore[attr-defined]
        return asked

    return made


def declaration(asked: Callable[..., Any]) -> Question:
    """The declaration of a question. Raises Undeclared for a function that is none."""
    found = getattr(asked, "__question__", None)
    if not isinstance(found, Question):
        raise Undeclared(f"{asked.__qualname__} declares no answer")
    return found


def _taken(asked: Callable[..., Any]) -> dict[str, tuple[Mask, ...]]:
    # What is given is declared apart, and its type need not exist while the program runs.
    given = {name: hint for name, hint in asked.__annotations__.items() if name != "return"}
    hints = get_type_hints(SimpleNamespace(__annotations__=given), asked.__globals__, include_extras=True)
    taken = {}
    for name in list(inspect.signature(asked).parameters):
        if name == "self" or name not in hints:
            continue
        declared = _declared(hints[name])
        if declared is None and _holds_text(hints[name]):
            raise Undeclared(f"{asked.__qualname__}: parameter '{name}' does not say whether it takes a token")
        if declared is not None and declared.masks:
            taken[name] = declared.masks
    return taken


def _declared(hint: Any) -> Takes | None:
    if get_origin(hint) is Annotated:
        return next((each for each in get_args(hint)[1:] if isinstance(each, Takes)), None)
    parts = [found for each in get_args(hint) if (found := _declared(each)) is not None]
    # A mapping's names are words, and its values may still be tokens.
    return Takes(tuple(dict.fromkeys(mask for part in parts for mask in part.masks))) if parts else None


def _holds_text(hint: Any) -> bool:
    return hint is str or (get_origin(hint) is not Callable and any(map(_holds_text, get_args(hint))))
