"""When a watch that has looked quickly looks at the whole ledger again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mulegraph.settings import WatchSettings


class Pace:
    """How long ago files came and the whole ledger was looked at, how long that took, and of how many transfers.

    `clock` gives seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._came = self._ended = clock()
        self._took = 0.0
        self._transfers = 0
        self.has_looked = False

    def file_came(self) -> None:
        """A file has come now."""
        self._came = self._clock()

    @contextmanager
    def whole(self, transfers: int) -> Iterator[None]:
        """The block looks at the whole ledger, which has so many transfers."""
        begun = self._clock()
        yield
        self._ended = self._clock()
        self._took, self._transfers = self._ended - begun, transfers
        self.has_looked = True

    def has_grown(self, settings: WatchSettings, transfers: int) -> bool:
        """Whether the ledger, which has so many transfers, was much smaller when it was looked at whole."""
        return 100 * (transfers - self._transfers) > settings.grown_percent * self._transfers

    def is_due(self, settings: WatchSettings, transfers: int) -> bool:
        """Whether the ledger, which has so many transfers, is to be looked at whole now."""
        now = self._clock()
        is_idle = now - self._came >= settings.idle_seconds
        has_time = (now - self._ended) * settings.whole_percent >= 100 * self._took
        return is_idle or has_time or self.has_grown(settings, transfers)
