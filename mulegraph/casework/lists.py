"""Lists of a workspace: taken in from other banks, given to them, entries taken out; each act is in the journal."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mulegraph.casework.list_files import FIELDS, KEY_OF, TOKEN, Row, is_expired, read, token_of, written
from mulegraph.errors import UsageError
from mulegraph.ledger.identifying import LedgerValues
from mulegraph.ledger.listings import take_out
from mulegraph.schema.choices import LISTS, SUBJECT_KINDS
from mulegraph.schema.disclosure import NUMBER, OURS, SUBJECT_MASKS, Each, declared, record_of
from mulegraph.schema.results import LISTINGS
from mulegraph.workspace.listing import between
from mulegraph.workspace.questions import Moment, SubjectId, Word, question
from mulegraph.workspace.workspace import Workspace

MASKS = {kind: SUBJECT_MASKS[kind] for kind in SUBJECT_KINDS}


@declared
@dataclass(frozen=True)
class Taken:
    """What an import did, in entries: `unmatched` tokens are of nobody here, `conflicts` were said otherwise before."""

    read: int
    taken: int
    known: int
    expired: int
    unmatched: int
    conflicts: int
    rejected: int


@question(record_of(Taken))
def import_list(space: Workspace, path: Path, key: bytes | None) -> Taken:
    """Take a list into the ledger. An entry that is known with other content stays as it is: the journal says so.

    Raises UsageError for tokens without a key, DataError for a file that is no list.
    """
    rows = read(path)
    now = datetime.now(UTC)
    fresh = [row for row in rows if not _is_past(row, now)]
    matched = _matched(space, fresh, key)
    known = {tuple(row[name] for name in KEY_OF): row for row in space.ledger.arrow("listings").to_pylist()}
    new = []
    same = 0
    conflicts = []
    for row in matched:
        entry = known.get(tuple(row[name] for name in KEY_OF))
        if entry is None:
            new.append(row)
        elif _says_the_same(entry, row):
            same += 1
        else:
            conflicts.append(row)
    for row in conflicts:
        about = {name: row[name] for name in KEY_OF}
        space.journal.append("list conflict", **about, file=path.name, said={name: row.get(name) for name in FIELDS})
    rejected = _load(space, new)
    done = Taken(
        read=len(rows),
        taken=len(new) - rejected,
        known=same,
        expired=len(rows) - len(fresh),
        unmatched=len(fresh) - len(matched),
        conflicts=len(conflicts),
        rejected=rejected,
    )
    space.journal.append("list imported", file=path.name, **vars(done))
    space.forget_ledger()
    return done


@question(OURS)
def export_list(
    space: Workspace,
    *,
    which: Word | None,
    kind: Word | None,
    key: bytes | None,
    as_json: bool,
    every: bool = False,
) -> str:
    """The lists as a file to give away, expired entries left out unless `every`. With a key, tokens instead of ids."""
    if which is not None and which not in LISTS:
        raise UsageError("--list is '{which}'", hint=f"Expected one of {', '.join(LISTS)}.", which=which)
    now = datetime.now(UTC)
    rows = []
    for row in space.ledger.arrow("listings").to_pylist():
        if which in (None, row["list"]) and kind in (None, row["subject_kind"]) and (every or not is_expired(row, now)):
            rows.append(row)
    rows.sort(key=lambda row: tuple(row[name] for name in KEY_OF))
    space.journal.append("list exported", entries=len(rows), pseudonymous=key is not None, list=which)
    return written(rows, as_json=as_json, key=key)


@question(NUMBER)
def remove_entry(
    space: Workspace, kind: Word, subject: SubjectId, which: Word, source: Word | None, reason: Word
) -> int:
    """Take a subject off a list; from one source, or from all. Raises UsageError when it is not on it."""
    rows = space.ledger.arrow("listings").to_pylist()
    keys = set()
    for row in rows:
        is_on_it = (row["subject_kind"], row["subject_id"], row["list"]) == (kind, subject, which)
        if is_on_it and source in (None, row["source"]):
            keys.add(tuple(row[name] for name in KEY_OF))
    if not keys:
        raise UsageError(
            "{kind} '{subject}' is not on list {which}",
            hint="See: mulegraph lists show",
            kind=kind,
            subject=subject,
            which=which,
        )
    space.journal.append("list entry removed", subject, subject_kind=kind, list=which, source=source, reason=reason)
    done = take_out(space.folder, keys)
    space.forget_ledger()
    return done


@question(Each(LISTINGS))
def list_entries(space: Workspace, *, every: bool, since: Moment = None, until: Moment = None) -> list[dict[str, Any]]:
    """Entries as a listing; expired ones only when asked for, and those that stood between `since` and `until`."""
    now = datetime.now(UTC)
    start, end = between(since, until)
    rows = []
    for row in space.ledger.arrow("listings").to_pylist():
        began = end is None or row["listed_at"] < end
        lasted = start is None or row["expires_at"] is None or row["expires_at"] >= start
        if began and lasted and (every or not is_expired(row, now)):
            rows.append(row)
    return [{**row, "expired": is_expired(row, now)} for row in rows]


def _matched(space: Workspace, rows: list[Row], key: bytes | None) -> list[Row]:
    """Rows with ids: tokens are looked up among everybody here; those of nobody are left out."""
    if not any(row.get(TOKEN) for row in rows):
        return rows
    if key is None:
        raise UsageError("the list holds tokens", hint="Give the key that you share with its sender: --key-file.")
    values = LedgerValues(space.ledger)
    wanted = {(row["subject_kind"], row[TOKEN]) for row in rows if row.get(TOKEN)}
    found = {}
    for kind in {kind for kind, _ in wanted} & set(MASKS):
        for subject in values(MASKS[kind]).to_pylist():
            token = token_of(key, kind, subject)
            if (kind, token) in wanted:
                found[kind, token] = subject
    matched = []
    for row in rows:
        subject = found.get((row["subject_kind"], row[TOKEN])) if row.get(TOKEN) else row["subject_id"]
        if subject is not None:
            matched.append({**row, "subject_id": subject})
    return matched


def _is_past(row: Row, now: datetime) -> bool:
    end = row.get("expires_at")
    try:
        return bool(end) and is_expired({"expires_at": datetime.fromisoformat(str(end))}, now)
    except ValueError:
        return False  # the loader says what is wrong with it


def _says_the_same(entry: Row, row: Row) -> bool:
    """Whether expiry and confidence are as they were."""
    end = row.get("expires_at")
    said = datetime.fromisoformat(str(end)).replace(tzinfo=None) if end else None
    return entry["expires_at"] == said and float(entry["confidence"]) == float(row["confidence"])


def _load(space: Workspace, rows: list[Row]) -> int:
    """Put rows into the ledger by the loader, which checks them; gives how many it refused."""
    from mulegraph.ingest.load import load  # the readers of bank files, which no listing needs

    if not rows:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        with (Path(folder) / "listings.csv").open("w", encoding="utf-8", newline="") as stream:
            # The time makes the file another one, so that an entry that was taken out can come in again.
            writer = csv.DictWriter(stream, (*FIELDS, "imported_at"), extrasaction="ignore")
            writer.writeheader()
            writer.writerows({**row, "imported_at": datetime.now(UTC).isoformat()} for row in rows)
        report = load(Path(folder), space.folder)
    return sum(Counter(report.rejects.get("listings", {})).values())
