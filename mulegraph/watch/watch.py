"""One batch of a watch: load the files that have come, look at the ledger, and tell what is new."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mulegraph.errors import DataError, EngineError, MulegraphError, UsageError
from mulegraph.ingest.archives import is_archive
from mulegraph.ingest.load import load
from mulegraph.ingest.mapping import FileMapping
from mulegraph.ingest.readers import formats
from mulegraph.ingest.rejects import Limit
from mulegraph.ledger.store import Store
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.settings import WatchSettings, read_settings
from mulegraph.views.tables import plain
from mulegraph.watch.inbox import Inbox, members
from mulegraph.watch.pace import Pace
from mulegraph.watch.told import CHAIN, FINDING, LOADED, MONEY, REFUSED, STARTED, WITHDRAWN, Line, Tellings

QUICK = "quick"
"""What lines of a quick look are marked with: a whole one may withdraw them."""


@dataclass(frozen=True)
class Reading:
    """How files are read: the mapping of foreign names, and how many rows may be bad."""

    mapping: FileMapping
    limit: Limit | None = None


@dataclass(frozen=True)
class Looked:
    """What is new, what is known by now, kind by key, and whether only a quick look says so."""

    lines: list[Line]
    known: dict[str, str]
    quick: bool


class Watch:
    """A workspace, the folder in which its files arrive, and what was told of them so far."""

    def __init__(self, space: MaskedWorkspace, inbox: Inbox, tellings: Tellings, reading: Reading) -> None:
        self._space = space
        self._inbox = inbox
        self._tellings = tellings
        self._reading = reading
        self._pace = Pace()

    def batch(self, progress: Callable[[str], None] | None = None) -> list[Line]:
        """Load what has come and tell what is new, which are the lines that were added; [] where nothing has come.

        A file that cannot be loaded is told and put aside, and the others are loaded. Killed at any point, the next
        batch does the rest. Raises EngineError where lock or disk do not do their part: nothing is lost, try again.
        """
        try:
            return self._batch(progress)
        except EngineError:
            # What a quick look has seen, and nobody was told, it is silent of from then on: the next one is whole.
            self._space.forget_looks()
            raise

    def _batch(self, progress: Callable[[str], None] | None) -> list[Line]:
        added = self._start(progress) if self._tellings.is_first else []
        names = self._inbox.take()
        refused = self._load(names) if names else {}
        ledger, told = self._ledger, self._tellings.told
        has_changed = ledger != told.ledger
        if not names and not has_changed:
            return added
        self._pace.file_came()
        added += self._tellings.add(list(self._file_lines(names, refused)))
        looked = Looked([], dict(told.known), told.quick)
        if has_changed:
            looked = self._quick(dict(told.known), progress) or self._whole(dict(told.known), progress)
            added += self._tellings.add(looked.lines)
        self._journal(ledger)
        for name in names:
            if name in refused:
                self._inbox.refuse(name, refused[name])
            else:
                self._inbox.done(name)
        self._tellings.end_batch(ledger, looked.known, quick=looked.quick)
        return added

    def catch_up(self, progress: Callable[[str], None] | None = None, *, rest: bool = False) -> list[Line]:
        """After quick looks, tell what the whole ledger says: when its time has come, or the watch comes to `rest`.

        Also once when it begins, so that there is something to go on from before the first file comes. A batch of its
        own, without files; [] where there is nothing to make good, or it is not time yet.
        """
        told, settings, size = self._tellings.told, self._settings, self._transfers
        if told.quick:
            is_due = rest or self._pace.is_due(settings, size)
        else:
            is_due = not (rest or self._pace.has_looked) and 0 < size >= settings.quick_from
        if not is_due:
            return []
        ledger = self._ledger
        looked = self._whole(dict(told.known), progress)
        added = self._tellings.add(looked.lines)
        self._journal(ledger)
        self._tellings.end_batch(ledger, looked.known)
        return added

    def _quick(self, known: dict[str, str], progress: Callable[[str], None] | None) -> Looked | None:
        """What a quick look says that is not known; None where the whole ledger must be looked at."""
        if self._pace.has_grown(self._settings, self._transfers):
            return None
        seen = self._space.quick_look(known, progress=progress)
        if seen is None:
            return None
        now, money = _known_now(seen)
        return Looked([{**line, "look": QUICK} for line in _new(seen, money, known)], known | now, quick=True)

    def _whole(self, known: dict[str, str], progress: Callable[[str], None] | None) -> Looked:
        """What a look at the whole ledger says that is not known, and what it does not bear out."""
        with self._pace.whole(self._transfers):
            seen = self._space.look(progress=progress)
        now, money = _known_now(seen)
        return Looked([*_new(seen, money, known), *_withdrawn(known, now)], now, quick=False)

    def _start(self, progress: Callable[[str], None] | None) -> list[Line]:
        """What the ledger says before the first file comes is no news: how much there is is told, and kept."""
        ledger = self._ledger
        with self._pace.whole(self._transfers):
            now = _known_now(self._space.look(progress=progress))[0] if ledger else {}
        added = self._tellings.add([_started(now)])
        self._tellings.end_batch(ledger, now)
        return added

    @property
    def _ledger(self) -> str:
        """The hash of the ledger as it is; nothing where no file was loaded yet."""
        snapshot = Store(self._space.folder / "ledger").current()
        return snapshot.hash if snapshot.of("transfers") else ""

    @property
    def _settings(self) -> WatchSettings:
        return read_settings(self._space.folder).watch

    @property
    def _transfers(self) -> int:
        """How many transfers the ledger holds."""
        return sum(file.rows for file in Store(self._space.folder / "ledger").current().of("transfers"))

    def _load(self, names: list[str]) -> dict[str, str]:
        """Load the taken files, all in one where that goes; why each one that does not load is refused."""
        # Settings that do not fit, or a ledger that may not be written, are no fault of the files: this ends the watch.
        read_settings(self._space.folder)
        with Store(self._space.folder / "ledger").writing():
            pass
        why = self._inbox.unreadable(names)
        while left := [name for name in names if name not in why]:
            try:
                return why | self._loaded(left)
            except (DataError, UsageError) as error:
                named = [name for name in left if error.problem.startswith(f"{name}:")]
                if not named:
                    each = self._load_each(left, error, refused=list(why))
                    named = [name for name in left if isinstance(error, DataError) and name in error.problem]
                    # A new workspace loads none alone: there the one is left out of which the error speaks.
                    if len(each) < len(left) or len(named) != 1:
                        return why | each
                why[named[0]] = _told(error)
        return why

    def _load_each(self, names: list[str], error: MulegraphError, refused: list[str]) -> dict[str, str]:
        """Load what can be where `error`, of all files, does not begin with whose fault it is; why others are refused.

        `refused` are those of the batch that are refused already, and may be what is missing now.
        """
        # Those that the error speaks of are tried first.
        for name in sorted(names, key=lambda each: each not in error.problem) if len(names) > 1 else []:
            with suppress(DataError, UsageError):
                return self._loaded([each for each in names if each != name]) | {name: _told(error)}
        # Two or more are at fault. One by one, again and again while one loads: rows may need those of another file.
        left, why = list(names), dict[str, str]()
        while left:
            failed = []
            for name in left:
                why.pop(name, None)
                try:
                    why |= self._loaded([name])
                except (DataError, UsageError) as alone:
                    failed.append(name)
                    # What is missing beside a file that is tried alone is not why it was refused.
                    lacks = isinstance(alone, UsageError) and name not in alone.problem
                    why[name] = _told(error if lacks else alone)
                    if lacks and refused:
                        why[name] += f" It came with {', '.join(refused)}, refused as well: bring them together."
            if len(failed) == len(left):
                break
            left = failed
        return why

    def _loaded(self, names: list[str]) -> dict[str, str]:
        """Load these of the taken files; why those are refused that the load passed over, since nobody can read them.

        Errors are raised as they may be shown, with the inbox for the folder of links that is read.
        """
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            for name in names:
                (folder / name).symlink_to((self._inbox.taken / name).absolute())
            try:
                report = load(folder, self._space.folder, mapping=self._reading.mapping, limit=self._reading.limit)
            except (DataError, UsageError) as error:
                shown = self._space.show_error(error)
                here = [text.replace(scratch, str(self._inbox.folder)) for text in (shown.problem, shown.hint)]
                raise type(error)(here[0], hint=here[1]) from error
            return _unread(folder, names, report.unknown_files)

    def _file_lines(self, names: list[str], refused: dict[str, str]) -> Iterator[Line]:
        """What became of each file; of a loaded one also how many of its rows broke a rule, which are in rejects/."""
        bad = Store(self._space.folder / "ledger").current().refused
        for name in names:
            content = self._inbox.content(name)
            kind = REFUSED if name in refused else LOADED
            line = {"key": f"{kind} {name} {content[:16]}", "kind": kind, "at": _now(), "file": name}
            rejected = sum(rows for file, rows in bad.items() if file.partition("/")[2] == name)
            yield line | ({"why": refused[name]} if name in refused else {"rejected": rejected})

    def _journal(self, ledger: str) -> None:
        """What this batch told, in the journal."""
        lines = self._tellings.written
        by_kind = defaultdict[str, list[Line]](list)
        for line in lines:
            by_kind[line["kind"]].append(line)
        findings = defaultdict[str, list[str]](list)
        for line in by_kind[FINDING]:
            findings[line["sign"]].append(line["finding"])
        if not findings and not by_kind[CHAIN] and not by_kind[WITHDRAWN] and not by_kind[REFUSED]:
            return
        self._space.record_watched(
            self._tellings.batch,
            ledger=ledger,
            findings=dict(findings),
            chains=[line["chain"] for line in by_kind[CHAIN]],
            withdrawn=[line["finding"] for line in by_kind[WITHDRAWN]],
            refused=len(by_kind[REFUSED]),
        )


def _told(error: MulegraphError) -> str:
    """An error, as it may be shown, in one line."""
    return f"{error.problem}. {error.hint}" if error.hint else error.problem


def _unread(folder: Path, names: list[str], unknown: list[str]) -> dict[str, str]:
    """Why files are refused whose names, or names of what they hold, a load did not know how to read."""
    readable = f"What is read: {formats()}."
    why = {name: f"{name}: cannot be read. {readable}" for name in names if name in unknown}
    for name in names if set(unknown) - why.keys() else []:
        held = members(folder / name) if is_archive(folder / name) else []
        if left := sorted(set(held).intersection(unknown)):
            rest = " The rest of it is loaded." if len(held) > len(left) else ""
            why[name] = f"{name}: {', '.join(left)} in it cannot be read.{rest} {readable}"
    return why


def _known_now(seen: MaskedWorkspace) -> tuple[dict[str, str], list[Line]]:
    """Everything that there is to tell of the ledger as it is, kind by key, and the lines on where money is."""
    known = dict.fromkeys(seen.finding_ids(), FINDING) | dict.fromkeys(seen.chain_ids(), CHAIN)
    money, equal = [], Counter[str]()
    for row in _rows(seen.money_now()):
        # The account stays out of the key: a hash of its number could be found by trying.
        key = f"{MONEY} {row['chain'] or row['why']} {row['amount']} {row['currency']}"
        equal[key] += 1
        money.append({"key": f"{key} {equal[key]}", "kind": MONEY, "at": _now(), **row})
    return known | {line["key"]: MONEY for line in money}, money


def _new(seen: MaskedWorkspace, money: list[Line], known: dict[str, str]) -> list[Line]:
    """Lines on what is not known yet, strongest first. Only these are masked and put in words: a ledger has many."""
    at, lines = _now(), list[Line]()
    findings = [each for each in seen.finding_ids() if each not in known]
    chains = [each for each in seen.chain_ids() if each not in known]
    if findings:
        for row in _rows(seen.findings(ids=findings)):
            lines.append({"key": row["finding"], "kind": FINDING, "at": at, **row})
    if chains:
        lines += [{"key": row["chain"], "kind": CHAIN, "at": at, **row} for row in _rows(seen.chains(ids=chains))]
    return lines + [line for line in money if line["key"] not in known]


def _rows(frame: Any) -> list[Line]:
    return list(plain(frame.to_dict("records")))


def _started(known: dict[str, str]) -> Line:
    """How much there is before the first file comes."""
    counts = Counter(known.values())
    return {"key": STARTED, "kind": STARTED, "at": _now(), "findings": counts[FINDING], "chains": counts[CHAIN]}


def _withdrawn(known: dict[str, str], now: dict[str, str]) -> list[Line]:
    """Findings that were told and that the ledger no longer bears out: more is known of the accounts by now."""
    gone = sorted(key for key, kind in known.items() if kind == FINDING and key not in now)
    made = []
    for each in gone:
        made.append(
            {
                "key": f"{WITHDRAWN} {each}",
                "kind": WITHDRAWN,
                "at": _now(),
                "finding": each,
                "sign": each.partition("-")[0],
            }
        )
    return made


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
