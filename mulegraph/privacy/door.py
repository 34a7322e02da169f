"""What leaves a workspace is masked, and what comes in may be a token: one decorator on every question."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from functools import cached_property, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import networkx as nx

from mulegraph.errors import MulegraphError, UsageError
from mulegraph.journal.journal import Journal
from mulegraph.ledger.ledger import Ledger
from mulegraph.privacy.tokens import Masker
from mulegraph.schema.tables import Mask

P = ParamSpec("P")
R = TypeVar("R")
NAMED = {"account": Mask.ACCOUNT, "holder": Mask.HOLDER, "device": Mask.DEVICE}
"""Parameters that may be a token, by name; those of queries may be any of these."""


class Outward:
    """A workspace as its users see it: everything that it gives is masked, unless it was opened with a reason.

    Inside one question others may be asked, and they give each other real ids; only what the outermost one gives
    is masked.
    """

    def __init__(
        self, folder: Path | str, *, told: Callable[[str], None] | None = None, reveal: str | None = None
    ) -> None:
        if reveal is not None and not reveal.strip():
            raise UsageError("--reveal needs a reason", hint='Say why, such as --reveal "report R0000012, call back".')
        self.folder = Path(folder)
        self.told = told or (lambda _: None)
        self.reveal = reveal
        self._asked = 0

    @property
    def ledger(self) -> Ledger:
        """The ledger whose values are masked."""
        raise NotImplementedError

    @cached_property
    def journal(self) -> Journal:
        """What people did here, unmasked."""
        return Journal(self.folder, told=self.told)

    @cached_property
    def masker(self) -> Masker:
        """Masks what this workspace gives. A reason to reveal is in the journal before anything is shown."""
        masker = Masker.of(self.ledger, revealed=self.reveal is not None)
        if self.reveal is not None:
            self.journal.append("revealed", reason=self.reveal)
        return masker

    def masked(self, value: R) -> R:
        """The same value with tokens in the place of what identifies a person; as it is inside another question."""
        return value if self._asked else self._masked(value)

    def masked_text(self, text: str) -> str:
        """A message, masked as far as there is a ledger to know values from."""
        try:
            return text if self._asked else str(self.masker.masked(text))
        except MulegraphError:
            return text

    @contextmanager
    def inside(self) -> Iterator[None]:
        """While a question is being answered."""
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1

    def _masked(self, value: Any, field: str = "") -> Any:
        mask = self.masker.masked
        if is_dataclass(value) and not isinstance(value, type):
            parts = {each.name: getattr(value, each.name) for each in fields(value)}
            return replace(value, **{name: self._masked(part, name) for name, part in parts.items()})
        if isinstance(value, list) and value and is_dataclass(value[0]):
            return [self._masked(each) for each in value]
        if isinstance(value, nx.MultiDiGraph) and not self.masker.revealed:
            names = dict(zip(value, mask(list(value)), strict=True))
            graph = nx.relabel_nodes(value, names)
            graph.graph = mask(value.graph)
            known = mask([data for _, data in graph.nodes(data=True)])
            for node, data in zip(graph, known, strict=True):
                graph.nodes[node].update(data)
            return graph
        return mask(value, field)

    def real(self, name: str, value: Any) -> Any:
        """An argument with tokens turned into ids."""
        if name in NAMED and isinstance(value, str):
            return self.masker.real(value, NAMED[name]) if "~" in value else value
        if name == "parameters" and isinstance(value, dict):
            return {
                key: self.masker.real(each, *NAMED.values()) if "~" in each else each for key, each in value.items()
            }
        return value

    def journal_entries(self, *, about: str | None = None, top: int | None = None) -> list[dict[str, Any]]:
        """What people did here, the latest first; `about` a case, or an account by its token or number."""
        wanted = self.masker.real(about, Mask.ACCOUNT) if about is not None else None
        entries = [entry for entry in self.journal.entries() if wanted in (None, entry.about)]
        return self.masked([vars(entry) for entry in reversed(entries)][:top])


def outward(question: Callable[P, R]) -> Callable[P, R]:
    """A method of an `Outward`: takes tokens for ids, and gives its answer, and its errors, masked."""
    signature = inspect.signature(question)

    @wraps(question)
    def asked(*arguments: P.args, **named: P.kwargs) -> R:
        space = arguments[0] if isinstance(arguments[0], Outward) else arguments[0].workspace  # type: ignore[attr-defined]
        bound = signature.bind(*arguments, **named)
        bound.arguments = {name: space.real(name, value) for name, value in bound.arguments.items()}
        try:
            with space.inside():
                found = question(*bound.args, **bound.kwargs)
        except MulegraphError as error:
            raise type(error)(space.masked_text(error.problem), hint=space.masked_text(error.hint)) from error
        return space.masked(found)

    return asked
