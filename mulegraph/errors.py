"""Errors a user can act on, and the exit code each kind ends the program with (design §9)."""

from __future__ import annotations

EXIT_DONE = 0
EXIT_FINDINGS = 1
EXIT_BAD_USE = 2
EXIT_BAD_DATA = 3
EXIT_ENGINE = 4


class MulegraphError(Exception):
    """What went wrong and where, and in a second line the one thing to do about it."""

    exit_code = EXIT_ENGINE

    def __init__(self, problem: str, *, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint

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
