"""The journal: what people did, as JSON lines that are only ever added to.

Each line holds the hash of the line before, so that no line can be edited, moved or taken out unseen; a line is on
disk before its writer is told so. A second small file names the last line, so that lines cut off at the end are
missed, too. Who can write to both files can forge both: keep the last hash, which `mulegraph journal verify` prints,
where they cannot.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mulegraph.errors import DataError, EngineError, UsageError
from mulegraph.files import write_atomically
from mulegraph.lazy import filelock

FILE = "journal.jsonl"
HEAD_FILE = "journal.head"
TORN_FILE = "journal.torn"
LOCK_SECONDS = 10
START = "0" * 64
"""What the first line holds as the hash of the line before."""
Notify = Callable[[str], None]
Check = Callable[[Iterable["Entry"]], None]


@dataclass(frozen=True)
class Entry:
    """One thing that somebody did: `what` (a verb), `about` (an id, or nothing), and what else there is to say."""

    number: int
    at: str
    who: str
    what: str
    about: str
    facts: dict[str, Any]
    before: str
    hash: str

    @classmethod
    def parse(cls, line: bytes) -> Entry:
        """Raises ValueError for a line that is no entry, or whose hash is not its content's."""
        raw = json.loads(line)
        if not isinstance(raw, dict):
            raise ValueError("not an object")
        entry = cls(**raw)
        if entry.hash != entry.digest:
            raise ValueError("its hash does not match its content")
        return entry

    @property
    def content(self) -> dict[str, Any]:
        """Everything but the hash."""
        return {name: value for name, value in self.__dict__.items() if name != "hash"}

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(_json(self.content).encode()).hexdigest()

    @property
    def line(self) -> bytes:
        """As it stands in the file."""
        return _json({**self.content, "hash": self.hash}).encode() + b"\n"


@dataclass(frozen=True)
class Verdict:
    """What verifying found: number of entries, hash of the last, and what is wrong (nothing: all is well)."""

    entries: int
    last: str
    wrong: list[str] = field(default_factory=list)


class Journal:
    """The journal of one workspace. `notify` hears of a torn line that was mended."""

    def __init__(self, workspace: Path, *, notify: Notify | None = None) -> None:
        self.folder, self.path = workspace, workspace / FILE
        self._notify = notify or (lambda _: None)

    def append(self, what: str, about: str = "", *, check: Check | None = None, **facts: Any) -> Entry:
        """Add an entry; it is on disk when this returns. Facts must be what JSON holds.

        `check` is shown all entries before, while nobody else can write, and raises what keeps this one out. Raises
        UsageError where the workspace may not be written, EngineError when another writer does not end.
        """
        with self._locked():
            last = self._mended()
            if check is not None:
                check(self.entries())
            number, before = (last.number + 1, last.hash) if last else (1, START)
            now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            entry = Entry(number, now, user(), what, about, {"command": command(), **facts}, before, "")
            entry = Entry(**entry.content, hash=entry.digest)
            with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as stream:
                stream.write(entry.line)
                stream.flush()
                os.fsync(stream.fileno())
            # The head is written atomically, and its folder synced with it: a new journal's name is then on disk too.
            self._write_head(entry)
        return entry

    def entries(self) -> Iterator[Entry]:
        """All entries, oldest first; a torn last line is not one. Raises DataError at a line that was edited."""
        before = START
        for number, line in enumerate(self._lines(), 1):
            try:
                entry = Entry.parse(line)
            except (ValueError, TypeError) as error:
                raise self._broken(number, str(error)) from None
            if entry.before != before or entry.number != number:
                raise self._broken(number, "it does not follow the line before")
            before = entry.hash
            yield entry

    def verify(self) -> Verdict:
        """Look for any edit: lines changed, moved, taken out or cut off, and a torn last line."""
        wrong = []
        count = 0
        last = START
        hashes = set()
        try:
            for entry in self.entries():
                count, last = entry.number, entry.hash
                hashes.add((entry.number, entry.hash))
        except DataError as error:
            wrong.append(error.problem)
        head = self._head()
        if head is not None and head not in hashes and not wrong:
            wrong.append(
                f"{self.path}: its last known entry, number {head[0]}, is missing: lines were cut off or replaced"
            )
        if head is None and count:
            wrong.append(f"{self.folder / HEAD_FILE}: is missing, so lines cut off at the end would not be seen")
        if self._torn():
            wrong.append(f"{self.path}: the last line is torn; the next entry mends it")
        return Verdict(count, last, wrong)

    def _broken(self, number: int, why: str) -> DataError:
        return DataError(
            f"{self.path}:{number}: {why}", hint="Restore the journal from its backup; see: mulegraph journal verify"
        )

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise UsageError(
                f"{self.path}: cannot be read ({error.strerror})", hint="Ask its owner for access."
            ) from error

    def _lines(self) -> Iterator[bytes]:
        """Whole lines; what stands behind the last line's end was never acknowledged."""
        yield from self._read().split(b"\n")[:-1]

    def _torn(self) -> bytes:
        return self._read().rpartition(b"\n")[2]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = filelock.FileLock(self.folder / "journal.lock", timeout=LOCK_SECONDS)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise EngineError(f"{self.path}: another command is writing to it", hint="Try again.") from error
        except OSError as error:
            raise UsageError(
                f"{self.folder}: the journal cannot be written ({error.strerror})", hint="Choose another --workspace."
            ) from error
        try:
            yield
        except OSError as error:
            raise EngineError(
                f"{self.path}: cannot be written ({error.strerror or error})", hint="Check free disk space."
            ) from error
        finally:
            lock.release()

    def _mended(self) -> Entry | None:
        """The last entry. A torn last line is completed when only its end is missing, and set aside otherwise."""
        if not self.path.exists():
            return None
        with self.path.open("r+b") as stream:
            tail = _last_lines(stream)
            torn = tail.pop()
            last = self._parsed(tail[-1]) if tail else None
            if torn:
                last = self._mend(stream, torn, last)
        return last

    def _mend(self, stream: Any, torn: bytes, last: Entry | None) -> Entry | None:
        """A killed writer left half a line: it had told nobody that it was done."""
        whole = None
        try:
            whole = Entry.parse(torn)
        except (ValueError, TypeError):
            with (self.folder / TORN_FILE).open("ab") as aside:
                aside.write(torn + b"\n")
            stream.truncate(stream.seek(0, os.SEEK_END) - len(torn))
            self._notify(f"{self.path}: the last line was torn by a writer that was killed; set aside in {TORN_FILE}")
        else:
            stream.seek(0, os.SEEK_END)
            stream.write(b"\n")
            self._notify(f"{self.path}: the last line lacked its end, and has it again")
        stream.flush()
        os.fsync(stream.fileno())
        return whole or last

    def _parsed(self, line: bytes) -> Entry:
        try:
            return Entry.parse(line)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{self.path}: its last line was edited ({error})", hint="See: mulegraph journal verify"
            ) from None

    def _write_head(self, entry: Entry) -> None:
        write_atomically(self.folder / HEAD_FILE, f"{entry.number} {entry.hash}\n")

    def _head(self) -> tuple[int, str] | None:
        try:
            number, _, digest = (self.folder / HEAD_FILE).read_text(encoding="ascii").strip().partition(" ")
            return int(number), digest
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            return 0, ""


def _last_lines(stream: Any) -> list[bytes]:
    """The file's end, split at line ends: the last whole line (if any) and what stands behind it (mostly nothing)."""
    end = stream.seek(0, os.SEEK_END)
    size = 4_096
    while True:
        start = max(end - size, 0)
        stream.seek(start)
        parts = stream.read(end - start).split(b"\n")
        if start == 0:
            return list(parts[-2:])
        if len(parts) > 2:
            return list(parts[-2:])
        size *= 4


def user() -> str:
    """The name that the operating system knows this process's user by."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def command() -> str:
    """What is running, as it was typed."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv else ""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
