"""What marks the direction of a file's amounts, where their sign is to say it."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import DataError
from mulegraph.ingest.remarks import About, Remark

_CREDIT = r"(?i)[0-9]\s*(c|cr|h)[.]?\s*$"
_DEBIT = r"(?i)^\s*[-−–(]|[-−–]\s*$|[0-9]\s*(d|dr|db|s)[.]?\s*$"
_BARE = r"^[^-−–+(]*[1-9][^-−–+)a-zA-Z]*([A-Z]{3})?\s*$"
"""An amount above zero with nothing that says which way it went: no sign, no bracket, no word."""


@dataclass
class SignMarks:
    """How many amounts of a file have Cr behind them, how many a sign of money out, and how many neither."""

    credits: int = 0
    debits: int = 0
    bare: int = 0

    def see(self, values: pa.Array) -> None:
        """Count some more amounts."""
        self.credits += _count(values, _CREDIT)
        self.debits += _count(values, _DEBIT)
        self.bare += _count(values, _BARE)

    def check(self, name: str) -> None:
        """Raise DataError for a file in which Cr stands behind some amounts and nothing beside others.

        Cards leave out the Dr; and where some others have a minus, it is still not said which way the bare ones went.
        """
        if self.credits and self.bare:
            raise DataError(
                f"{name}: {self.credits:,} amounts have Cr behind them and {self.bare:,} nothing: it is not said which"
                " way those went",
                hint='Say direction = "minus_is_in" in the mapping if they are money out, as on statements of cards.',
            )

    def remarks(self, table: str, name: str) -> list[Remark]:
        """What is to be told of a file in which no amount says that money went out."""
        if self.debits or self.credits or not self.bare:
            return []
        text = (
            f"no amount has a minus, brackets or Dr: all {self.bare:,} are taken as money in; if some went out, say"
            ' in the mapping how it is told: direction = "minus_is_in" for a card, or the column that says it'
        )
        return [Remark(About.SIGNS, table, text, self.bare, name)]


def _count(values: pa.Array, pattern: str) -> int:
    return int(pc.sum(pc.match_substring_regex(values, pattern)).as_py() or 0)
