"""The bank's clock: how far it is ahead of UTC, and when it is moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa


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


@dataclass(frozen=True)
class Clocks:
    """A clock for each account: `of_account` is its place in `clocks`."""

    of_account: np.ndarray
    clocks: tuple[Clock, ...]

    @classmethod
    def of(cls, accounts: pa.Table, zones: Mapping[str, str], since: datetime, until: datetime) -> Clocks | None:
        """An account's own zone, else its bank's in `zones`, else the one under ''. None where that counts for all."""
        own, bank = (accounts.column(name).to_pylist() for name in ("zone", "bank"))
        if len(zones) == 1 and not any(own):
            return None
        named = [mine or zones.get(its) or zones[""] for mine, its in zip(own, bank, strict=True)]
        names = sorted(set(named))
        places = {name: place for place, name in enumerate(names)}
        clocks = tuple(Clock.of(name, since, until) for name in names)
        return cls(np.array([places[name] for name in named], np.int32), clocks)

    def local(self, at: np.ndarray, account: np.ndarray) -> np.ndarray:
        """Microseconds since 1970 as each account's clock shows them, of times in UTC."""
        local, zone = np.empty_like(at), self.of_account[account]
        for place, clock in enumerate(self.clocks):
            chosen = zone == place
            local[chosen] = clock.local(at[chosen])
        return local


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
