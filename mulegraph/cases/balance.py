"""What came into an account, what went out, and what remains of it, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)


@dataclass(frozen=True)
class Step:
    """An account after all its transfers of one moment: sums since the first of them, and what remains."""

    at: datetime
    came: Decimal
    went: Decimal

    @property
    def left(self) -> Decimal:
        """In less out; under zero where the account paid from what it had before."""
        return self.came - self.went


def balance(account: str, transfers: Iterable[Mapping[str, Any]]) -> list[Step]:
    """One step a moment, in order of time; `transfers` need source, target, amount and at, all of one currency.

    Money that an account pays itself comes and goes.
    """
    came, went = ZERO, ZERO
    steps: dict[datetime, Step] = {}
    for row in sorted(transfers, key=lambda each: each["at"]):
        if account not in (row["source"], row["target"]):
            continue
        came += row["amount"] if row["target"] == account else ZERO
        went += row["amount"] if row["source"] == account else ZERO
        steps[row["at"]] = Step(row["at"], came, went)
    return list(steps.values())
