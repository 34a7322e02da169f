"""One batch of a watch: load the files that have come, look at the ledger, and tell what is new."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mulegraph.errors import DataError, MulegraphError, UsageError
from mulegraph.ingest.load import LoadReport, load
from mulegraph.ingest.mapping import FileMapping
from mulegraph.ingest.rejects import Limit
from mulegraph.ledger.store import Store
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.settings import read_settings
from mulegraph.views.tables import plain
from mulegraph.watch.inbox import Inbox
from mulegraph.watch.told import CHAIN, FINDING, LOADED, MONEY, REFUSED, STARTED, WITHDRAWN, Line, Tellings


@dataclass(frozen=True)
class Reading:
    """How files are read: the mapping of foreign names, and how many rows may be bad."""

    mapping: FileMapping
    limit: Limit | None = None


class Watch:
    """A workspace, the folder in which its files arrive, and what was told of them so far."""

    def __init__(self, space: MaskedWorkspace, inbox: Inbox, tellings: Tellings, reading: Reading) -> None:
        self._space, self._inbox, self._tellings, self._reading = space, inbox, tellings, reading

    def batch(self, progress: Callable[[str], None] | None = None) -> list[Line]:
        """Load what has come and tell what is new, which are the lines that were added; [] where nothing has come.

        A file that cannot be loaded is told and put aside, and the others are loaded. Killed at any point, the next
        batch does the rest. Raises EngineError where lock or disk do not do their part: nothing is lost, try again.
        """
        added = self._start(progress) if self._tellings.is_first else []
        names = self._inbox.take()
        refused = self._load(names) if names else {}
        ledger, known = self._ledger, dict(self._tellings.told.known)
        looked = ledger != self._tellings.told.ledger
        if not names and not looked:
            return added
        added += self._tellings.add(list(self._file_lines(names, refused)))
        if looked:
            seen = self._space.look(progress=progress)
            now, money = _known_now(seen)
            fresh = _new(seen, money, known)
            added += self._tellings.add([*fresh, *_withdrawn(known, now)])
            known = now
        self._journal(ledger)
        for name in names:
            if name in refused:
                self._inbox.refuse(name, refused[name])
            else:
                self._inbox.done(name)
        self._tellings.end_batch(ledger, known)
        return added

    def _start(self, progress: Callable[[str], None] | None) -> list[Line]:
        """What the ledger says before the first file comes is no news: how much there is is told, and kept."""
        ledger = self._ledger
        now = _known_now(self._space.look(progress=progress))[0] if ledger else {}
        added = self._tellings.add([_started(now)])
        self._tellings.end_batch(ledger, now)
        return added

    @property
    def _ledger(self) -> str:
        """The hash of the ledger as it is; nothing where no file was loaded yet."""
        snapshot = Store(self._space.folder / "ledger").current()
        return snapshot.hash if snapshot.of("transfers") else ""

    def _load(self, names: list[str]) -> dict[str, str]:
        """Load the taken files, all in one where that goes; why each one that does not load is refused."""
        # Settings that do not fit, or a ledger that may not be written, are no fault of the files: this ends the watch.
        read_settings(self._space.folder)
        with Store(self._space.folder / "ledger").writing():
            pass
        try:
            self._loaded(self._inbox.taken)
        except (DataError, UsageError) as error:
            if len(names) == 1:
                return {names[0]: self._told(error)}
            return self._load_each(names)
        return {}

    def _load_each(self, names: list[str]) -> dict[str, str]:
        """Load files one by one, again and again while one of them loads: rows may need those of another file."""
        left, why = list(names), dict[str, str]()
        while left:
            failed = []
            for name in left:
                with tempfile.TemporaryDirectory() as folder:
                    (Path(folder) / name).symlink_to((self._inbox.taken / name).absolute())
                    try:
                        self._loaded(Path(folder))
                    except (DataError, UsageError) as error:
                        failed.append(name)
                        why[name] = self._told(error)
            if len(failed) == len(left):
                break
            left = failed
        return {name: why[name] for name in left}

    def _loaded(self, folder: Path) -> LoadReport:
        return load(folder, self._space.folder, mapping=self._reading.mapping, limit=self._reading.limit)

    def _told(self, error: MulegraphError) -> str:
        """An error in one line, with its values as they may be shown."""
        shown = self._space.show_error(error)
        return f"{shown.problem}. {shown.hint}" if shown.hint else shown.problem

    def _file_lines(self, names: list[str], refused: dict[str, str]) -> Iterator[Line]:
        """What became of each file; of a loaded one also how many of its rows broke a rule, which are in rejects/."""
        bad = Store(self._space.folder / "ledger").current().refused
        for name in names:
            with (self._inbox.taken / name).open("rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()
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
        lines += [
            {"key": row["finding"], "kind": FINDING, "at": at, **row} for row in _rows(seen.findings(ids=findings))
        ]
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
    return [
        {"key": f"{WITHDRAWN} {each}", "kind": WITHDRAWN, "at": _now(), "finding": each, "sign": each.partition("-")[0]}
        for each in gone
    ]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
