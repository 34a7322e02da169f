"""Errors a user can act on, and the exit code each kind ends the program with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

EXIT_DONE = 0
EXIT_FINDINGS = 1
EXIT_BAD_USE = 2
EXIT_BAD_DATA = 3
EXIT_ENGINE = 4

Show = Callable[[Any], str]
"""How a value in a message is shown."""


class MulegraphError(Exception):
    """What went wrong and where, and in a second line the one thing to do about it.

    Values stand in both texts as `{name}` and are given by name, so that what identifies somebody is masked before
    the text is made. A text or path is what somebody typed; a value of the ledger is an `Identified`, which says what
    it is. Texts without values are taken as they are, braces and all.
    """

    exit_code = EXIT_ENGINE

    def __init__(self, problem: str, *, hint: str = "", **values: Any) -> None:
        super().__init__(problem)
        self._problem = problem
        self._hint = hint
        self._values = values

    @property
    def problem(self) -> str:
        """What went wrong, with the values as they are."""
        return self._problem.format_map(self._values) if self._values else self._problem

    @property
    def hint(self) -> str:
        """What to do about it."""
        return self._hint.format_map(self._values) if self._values else self._hint

    def shown_by(self, show: Show) -> Self:
        """The same error with its values as they are shown, in texts that hold no values any more."""
        if not self._values:
            return self
        shown = {name: show(value) for name, value in self._values.items()}
        return type(self)(self._problem.format_map(shown), hint=self._hint.format_map(shown))

    def __str__(self) -> str:
        return f"{self.problem}\n{self.hint}" if self.hint else self.problem


class UsageError(MulegraphError):
    """An option or argument that does not fit; nothing was done."""

    exit_code = EXIT_BAD_USE


class DataError(MulegraphError):
    """A file that cannot be read, or that breaks so many rules that loading it would mislead."""

    exit_code = EXIT_BAD_DATA


class EngineError(MulegraphError):
    """A database, lock or disk that did not do its part; trying again may help."""

    exit_code = EXIT_ENGINE
