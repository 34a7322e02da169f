"""How a question goes through the door: tokens become ids on the way in, and the answer is masked on the way out.

Questions ask each other behind the door, unmasked, so nothing has to be remembered between them and threads share
nothing that changes.
"""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import PurePath
from typing import Any, Concatenate, ParamSpec, TypeVar

from mulegraph.errors import MulegraphError
from mulegraph.journal.proposals import check_reveal
from mulegraph.privacy.masking import Masking
from mulegraph.privacy.tokens import HIDDEN, Masker
from mulegraph.schema.disclosure import Foreign, Identified, Says
from mulegraph.schema.language import spoken
from mulegraph.workspace.questions import declaration
from mulegraph.workspace.run import Run
from mulegraph.workspace.sentences import Sentences
from mulegraph.workspace.workspace import Workspace

P = ParamSpec("P")
R = TypeVar("R")


class Door:
    """Masks what one workspace answers, unless there is a reason to reveal it, which the journal keeps first."""

    def __init__(self, plain: Workspace, reveal: str | None) -> None:
        self.plain, self.reveal = plain, reveal
        self._once = threading.Lock()
        self._masker: Masker | None = None
        self._leave_ends: datetime | None = None

    @property
    def masker(self) -> Masker:
        """Makes tokens. A reason to reveal is in the journal before the first value is shown."""
        self.check_reveal()
        with self._once:
            if self._masker is None:
                made = Masker.of(self.plain.ledger)
                if self.reveal is not None:
                    self.plain.journal.append("revealed", reason=self.reveal)
                self._masker = made
            return self._masker

    def check_reveal(self) -> None:
        """Raise UsageError where a second person has to confirm the reason to reveal, and has not: nothing is done.

        A confirmed reason is asked for again when its hours are over, also in a process that still runs.
        """
        if self.reveal is None or self._has_leave():
            return
        if "reveal" in self.plain.settings.casework.two_people:
            self._leave_ends = check_reveal(self.plain.journal, self.reveal)
        else:
            self._leave_ends = datetime.max.replace(tzinfo=UTC)

    @property
    def is_revealed(self) -> bool:
        """Whether everything may be shown now: a reason is given, and confirmed where that needs a second person."""
        if self.reveal is None or self._has_leave():
            return self.reveal is not None
        try:
            return "reveal" not in self.plain.settings.casework.two_people
        except MulegraphError:
            return False

    def _has_leave(self) -> bool:
        return self._leave_ends is not None and datetime.now(UTC) < self._leave_ends

    def forget_ledger(self) -> None:
        """The ledger was written to: its values are others now. A reason that is written down stays good."""
        if self._masker is not None:
            self._masker = Masker.of(self.plain.ledger, self._masker)

    def masking(self, language: str | None = None, run: Callable[[], Run] | None = None) -> Masking:
        """What masks an answer whose sentences are in a language (the spoken), of findings of a run (the latest)."""
        return Masking(self.masker, Sentences(run or (lambda: self.plain.run), language or spoken()))

    def shown(self, answer: R, says: Says, language: str | None = None, run: Callable[[], Run] | None = None) -> R:
        """An answer as it may leave; its findings are of a run."""
        if self.reveal is not None:
            self.masker  # noqa: B018 (writes the reason down)
            return answer
        masked: R = self.masking(language, run).shown(answer, says)
        return masked

    def value(self, value: Any) -> str:
        """A value inside a message."""
        if not isinstance(value, (str, PurePath, Identified, Foreign)):
            return str(value)
        try:
            ledger = self.plain.ledger
        except MulegraphError:
            ledger = None
        if ledger is None:
            return str(value)  # nothing is loaded yet, and so there is nobody to name
        masking = self.masking()
        if self.reveal is not None:
            return str(value)
        if isinstance(value, Foreign):
            return HIDDEN
        if isinstance(value, Identified):
            return masking.named(value.mask, value.value)
        if isinstance(value, PurePath):
            return str(type(value)(*map(masking.typed, value.parts)))
        whole = masking.typed(value)
        # Of several values in one argument each is looked at.
        return whole if whole != value else "".join(map(masking.typed, re.split(r"([\s,=]+)", value)))

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Errors of what is asked are told with their values masked."""
        try:
            yield
        except MulegraphError as error:
            raise error.shown_by(self.value) from None


def through(asked: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """A question of the plain workspace as it is asked from outside."""
    declared, signature = declaration(asked), inspect.signature(asked)

    @wraps(asked)
    def masked(self: Any, /, *arguments: P.args, **named: P.kwargs) -> R:
        door: Door = self._door
        bound = signature.bind(self._plain, *arguments, **named)
        with door.errors():
            door.check_reveal()
            for name, masks in declared.takes.items():
                if name in bound.arguments:
                    bound.arguments[name] = door.masking().real(bound.arguments[name], masks)
            answer = asked(*bound.args, **bound.kwargs)
            says = declared.gives if isinstance(declared.gives, Says) else declared.gives(bound.arguments)
            language = bound.arguments.get("language")
            return door.shown(answer, says, language, lambda: self._plain.run)

    return masked


def shown_property(of: Any) -> Any:
    """A property of a plain object as it is read from outside."""
    return property(through(of.fget), doc=of.__doc__)
