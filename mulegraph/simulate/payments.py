"""Simulated payments, gathered as NumPy columns and put into time order once at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mulegraph.schema.tables import CHANNELS

CASH = -1
NOTES = (
    "",
    "salary",
    "rent",
    "invoice",
    "groceries",
    "utilities",
    "mortgage",
    "membership",
    "savings",
    "takings",
)
EVERYDAY = 0
PLANTED = 1
LOOK_ALIKE = 2
PLANTED_SIGN = 3
LABELS = ("everyday", "planted", "look_alike", "planted_sign")
ROLES = (
    "",
    "victim_payment",
    "pass_on",
    "cash_out",
    "payroll",
    "treasurer",
    "sweep",
    "student_house",
    "till_sweep",
    "mortgage",
    "sign",
)

COLUMNS = {
    "source": np.int32,
    "target": np.int32,
    "cents": np.int64,
    "second": np.int64,
    "channel": np.int8,
    "note": np.int8,
    "label": np.int8,
    "group": np.int32,
    "role": np.int8,
}


@dataclass(frozen=True)
class Label:
    """What a payment really is: its kind, the number of the plant it belongs to (−1: none), and its part in it."""

    kind: int = EVERYDAY
    group: int = -1
    role: str = ""


NOTHING_SPECIAL = Label()


@dataclass
class Payments:
    """Columns of equal length: account numbers (−1: cash), cents, seconds since the start, codes and labels."""

    parts: dict[str, list[np.ndarray]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def add(
        self,
        source: np.ndarray | int,
        target: np.ndarray | int,
        cents: np.ndarray | int,
        second: np.ndarray | int,
        channel: str,
        *,
        note: str = "",
        label: Label = NOTHING_SPECIAL,
    ) -> None:
        """Append payments; scalars are repeated to the length of the arrays."""
        codes = (CHANNELS.index(channel), NOTES.index(note), label.kind, label.group, ROLES.index(label.role))
        columns = np.broadcast_arrays(*(np.atleast_1d(each) for each in (source, target, cents, second, *codes)))
        for (name, kind), column in zip(COLUMNS.items(), columns, strict=True):
            self.parts[name].append(column.astype(kind))

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts["source"])

    def in_time_order(self, rng: np.random.Generator, tick: int) -> dict[str, np.ndarray]:
        """All columns by time in ticks of so many seconds, in random order inside one: no id betrays a plant."""
        columns = {name: np.concatenate(parts) for name, parts in self.parts.items()}
        columns["second"] = columns["second"] // tick * tick
        order = np.lexsort((rng.random(len(columns["second"])), columns["second"]))
        return {name: column[order] for name, column in columns.items()}


def rounded(cents: np.ndarray, step: int) -> np.ndarray:
    """Cents to the nearest multiple of `step`, at least one step."""
    return np.asarray(np.maximum(np.rint(cents / step), 1) * step, dtype=np.int64)
