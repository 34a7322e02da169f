"""What a watch has told: lines of JSON in a file, and beside it what they were about, so that nothing comes twice."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from mulegraph.errors import EngineError
from mulegraph.files import write_atomically

STATE, LINES = "told.json", "told.jsonl"
FINDING = "finding"
CHAIN = "chain"
MONEY = "money"
"""Kinds of lines that say what is so now."""
LOADED = "loaded"
REFUSED = "refused"
WITHDRAWN = "withdrawn"
STARTED = "started"
"""Kinds of lines that say what has happened."""
Line = dict[str, Any]


@dataclass
class Told:
    """The last batch that was told whole, the ledger that it told of, and what is known by now: kind by key.

    `quick`: its look was a quick one, and the whole ledger is still to be looked at.
    """

    batch: int = 0
    ledger: str | None = None
    quick: bool = False
    known: dict[str, str] = field(default_factory=dict)


class Tellings:
    """The file of lines, and the state in the workspace's `watch/`.

    A batch's lines are on disk before its state is. After a kill in between the batch is told again from the ledger,
    but for the lines that are in the file: so none is lost and none repeated.
    """

    def __init__(self, folder: Path, output: Path | None) -> None:
        self._state, self.output = folder / STATE, output or folder / LINES
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.output.parent.mkdir(parents=True, exist_ok=True)
            self.told = self._read()
            lines = self._lines()
        except OSError as error:
            raise self._failed(error) from error
        if self.told.ledger is None:
            self.told.batch = _last_batch(lines)
        self.is_first = self.told.ledger is None
        self.batch = self.told.batch + 1
        self._written = {str(line.get("key")): line for line in lines if line.get("batch") == self.batch}
        for key, line in self._written.items():
            self._apply(key, str(line["kind"]))

    def add(self, lines: list[Line]) -> list[Line]:
        """Append the lines of this batch that the file does not hold yet; they are on disk when this returns."""
        fresh = [line for line in lines if line["key"] not in self._written]
        if not fresh:
            return []
        text = "".join(json.dumps({"batch": self.batch, **line}, ensure_ascii=False) + "\n" for line in fresh)
        try:
            with self.output.open("ab") as stream:
                stream.write(text.encode())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise self._failed(error) from error
        for line in fresh:
            self._written[line["key"]] = line
            self._apply(line["key"], line["kind"])
        return fresh

    @property
    def written(self) -> list[Line]:
        """All lines of this batch so far."""
        return list(self._written.values())

    def end_batch(self, ledger: str, known: dict[str, str], *, quick: bool = False) -> None:
        """The batch is told whole; `known` is what there is by now, kind by key."""
        self.told = Told(self.batch, ledger, quick, dict(known))
        try:
            # The standard library takes ten times as long for the hundreds of thousands that a large ledger has.
            write_atomically(self._state, msgspec.json.encode(self.told))
        except OSError as error:
            raise self._failed(error) from error
        self.batch, self.is_first = self.batch + 1, False
        self._written = {}

    def _apply(self, key: str, kind: str) -> None:
        """What a line changes of what is known: it is told, or withdrawn."""
        if kind == WITHDRAWN:
            self.told.known.pop(key.partition(" ")[2], None)
        elif kind in (FINDING, CHAIN, MONEY):
            self.told.known[key] = kind

    def _read(self) -> Told:
        try:
            return Told(**json.loads(self._state.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Told()
        except (ValueError, TypeError) as error:
            raise EngineError(
                f"{self._state}: cannot be read ({error})", hint="Delete it: what is known by then is not told again."
            ) from error

    def _lines(self) -> list[Line]:
        """The whole lines of the file; a last one that a kill cut off is taken away, since it was told to nobody."""
        if not self.output.exists():
            return []
        content = self.output.read_bytes()
        whole, _, torn = content.rpartition(b"\n")
        if torn:
            os.truncate(self.output, len(content) - len(torn))
        lines = []
        for line in whole.split(b"\n"):
            try:
                found = json.loads(line)
            except ValueError:  # a line of somebody else's
                continue
            if isinstance(found, dict) and "batch" in found and "kind" in found:
                lines.append(found)
        return lines

    def _failed(self, error: OSError) -> EngineError:
        return EngineError(
            f"{error.filename or self.output}: {error.strerror or error}", hint="Check whether the disk is full."
        )


def _last_batch(lines: list[Line]) -> int:
    """The last batch that lines were told of, for a state that somebody deleted: its numbers are not given twice.

    A batch of nothing but `started` is the one that a kill cut off before its state was there: it goes on.
    """
    last = max((int(line["batch"]) for line in lines), default=0)
    kinds = {line["kind"] for line in lines if line["batch"] == last}
    return last - 1 if kinds == {STARTED} else last
