"""What was asked for last, kept for who asks again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Latest(Generic[Answer]):
    """The latest `size` answers by what was asked; several threads may ask."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: dict[Hashable, Answer] = {}
        self._lock = Lock()

    def ask(
        self, key: Hashable, make: Callable[[], Answer], *, keep: Callable[[Answer], bool] = lambda _: True
    ) -> Answer:
        """The answer to a key, made where it is not there; one that is not to `keep` is given and forgotten."""
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        answer = make()  # outside of the lock: it may take seconds, and ask for something itself
        if keep(answer):
            with self._lock:
                self._kept[key] = answer
                while len(self._kept) > self._size:
                    del self._kept[next(iter(self._kept))]
        return answer
