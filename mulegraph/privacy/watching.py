"""What a watch asks of a masked workspace: looks at its ledger, and a note in the journal of what was told."""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import cached_property
from typing import Any, Self

from mulegraph.privacy.through import Door
from mulegraph.workspace.look import Looks
from mulegraph.workspace.run import Run
from mulegraph.workspace.workspace import Workspace


class Watching:
    """What a masked workspace does for a watch."""

    _door: Door
    _plain: Workspace

    def _asked_about(self, run: Run) -> Self:
        raise NotImplementedError

    def forget_ledger(self) -> None:
        """Read the ledger anew: it was written to."""
        self._plain.forget_ledger()
        self._door.forget_ledger()

    @cached_property
    def _looks(self) -> Looks:
        return Looks(self._plain.folder)

    def look(self, *, progress: Callable[[str], None] | None = None) -> Self:
        """The workspace as the watch sees it now: signs that can be told at once, over the ledger as it is."""
        self.forget_ledger()
        with self._door.errors():
            return self._asked_about(self._looks.whole(progress=progress))

    def forget_looks(self) -> None:
        """Let go of what the last look has left: the next one looks at the whole ledger."""
        self._looks.forget()

    def quick_look(self, told: Container[str], *, progress: Callable[[str], None] | None = None) -> Self | None:
        """What is new since the look before; None where that cannot be told without looking at the whole ledger.

        `told` are the ids of the findings that are known, of which it is silent.
        """
        self.forget_ledger()
        with self._door.errors():
            run = self._looks.quick(told, progress=progress)
        return None if run is None else self._asked_about(run)

    def record_watched(self, batch: int, **facts: Any) -> None:
        """Keep in the journal what a batch of the watch told, once."""
        # All of it is compared: numbers begin anew where the state and the file of lines are both gone.
        entry = {"batch": batch, **facts}
        kept = (each.facts for each in self._plain.journal.entries() if each.what == "watched")
        if not any(each == {"command": each.get("command"), **entry} for each in kept):
            self._plain.journal.append("watched", **entry)
