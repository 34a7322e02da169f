"""The bank's clock: how far it is ahead of UTC, and when it is moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np


@dataclass(frozen=True)
class Clock:
    """When a clock is moved, and how far it is ahead of UTC before and after; in microseconds.

    There is one more of `shifts` than of `turns`. Plain arithmetic: kernels and every engine run it alike.
    """

    turns: np.ndarray
    shifts: np.ndarray

    @classmethod
    def of(cls, zone: str, since: datetime, until: datetime) -> Clock:
        """The clock of a zone between two times in UTC."""
        info = ZoneInfo(zone)
        turns = offset_changes(info, since, until)
        shifts = [_offset(info, at) * 1_000_000 for at in (since, *turns)]
        times = [int(turn.replace(tzinfo=UTC).timestamp()) * 1_000_000 for turn in turns]
        return cls(np.array(times, np.int64), np.array(shifts, np.int64))

    def local(self, at: np.ndarray) -> np.ndarray:
        """Microseconds since 1970 as the clock shows them, of times in UTC."""
        return np.asarray(at + self.shifts[np.searchsorted(self.turns, at, side="right")])


def _offset(info: ZoneInfo, at: datetime) -> int:
    """Seconds that a zone is ahead of UTC at a time in UTC."""
    offset = at.replace(tzinfo=UTC).astimezone(info).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def offset_changes(info: ZoneInfo, since: datetime, until: datetime) -> list[datetime]:
    """Times (UTC, to the minute) between two at which a zone's clock is moved."""
    turns, day = [], since
    while day < until:
        low, high = day, day + timedelta(days=1)
        if _offset(info, low) != _offset(info, high):
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(info, middle) == _offset(info, low) else (low, middle)
            turns.append(high.replace(second=0, microsecond=0))
        day += timedelta(days=1)
    return turns
