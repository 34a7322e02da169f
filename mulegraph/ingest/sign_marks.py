"""What marks the direction of a file's amounts, where their sign is to say it."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import DataError

_CREDIT = r"(?i)\d\s*(c|cr|h)[.]?\s*$"
_DEBIT = r"(?i)^\s*[-−(]|[-−]\s*$|\d\s*(d|dr|db|s)[.]?\s*$"


@dataclass
class SignMarks:
    """How many amounts of a file have Cr behind them, how many a sign of money out, and how many there are."""

    credits: int = 0
    debits: int = 0
    rows: int = 0

    def see(self, values: pa.Array) -> None:
        """Count some more amounts."""
        self.credits += pc.sum(pc.match_substring_regex(values, _CREDIT)).as_py() or 0
        self.debits += pc.sum(pc.match_substring_regex(values, _DEBIT)).as_py() or 0
        self.rows += len(values) - values.null_count

    def check(self, name: str) -> None:
        """Raise DataError for a file in which only money of one way is marked, by Cr: cards leave out the Dr."""
        if self.credits and not self.debits and self.credits < self.rows:
            raise DataError(
                f"{name}: {self.credits:,} amounts have Cr behind them and the others nothing: it is not said which way"
                " those went",
                hint='Say direction = "minus_is_in" in the mapping if they are money out, as on statements of cards.',
            )
