"""What somebody did on a case's page, as it is kept: places, folds, filters, notes, colours, marks.

The file holds ids as the ledger has them, whichever way the page was shown; `renamed` turns them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mulegraph.errors import DataError, UsageError
from mulegraph.files import write_atomically
from mulegraph.journal.journal import Entry
from mulegraph.lazy import networkx as nx
from mulegraph.schema.acts import ENTRY, PAGE_KEPT
from mulegraph.schema.nodes import CASH_NODES, subject_of
from mulegraph.workspace.questions import Word, question
from mulegraph.workspace.workspace import Workspace

FORMAT = "mulegraph page 1"
AGAIN = "Keep the page again: the case is another one now."
MAX_BYTES = 5_000_000
"""Of a file; a page with a note on each of 1,500 nodes is far below."""


class KeptPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page's state. Times are microseconds since 1970; nodes are named as in the page, transfers by their id.

    `notes` are by node or transfer, `moved` are places by layout and node, `by` are filters.
    """

    format: str
    subject: str
    layout: str = "flow"
    least: float = 0
    labels: bool = True
    off: list[str] = []
    by: dict[str, str | float] = {}
    since: float | None = None
    until: float | None = None
    hidden: list[str] = []
    open: list[str] = []
    moved: dict[str, dict[str, tuple[float, float]]] = {}
    notes: dict[str, str] = {}
    colours: dict[str, str] = {}
    marked: list[str] = []


def read_page(text: str) -> KeptPage:
    """A file as the page's *keep* writes it. Raises DataError for anything else."""
    hint = "Give the file that the page's button 'keep' has saved."
    try:
        page = msgspec.json.decode(text.encode(), type=KeptPage) if len(text) <= MAX_BYTES else None
    except msgspec.DecodeError as error:
        raise DataError("this is no state of a page: {why}", hint=hint, why=str(error)) from error
    if page is None or page.format != FORMAT:
        raise DataError("this is no state of a page of this version", hint=hint)
    return page


def read_file(path: Path) -> str:
    """The text of a page's file. Raises UsageError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "{path}: cannot be read as text", hint="Give the file that 'keep' has saved.", path=path
        ) from error


def renamed(page: KeptPage, names: Mapping[str, str], *, lost: list[str]) -> KeptPage:
    """The same page with nodes called otherwise; those that have no other name are added to `lost`."""

    def to(name: str) -> str:
        cash, _, account = name.partition(" of ")
        if account and cash in CASH_NODES:
            return f"{cash} of {to(account)}"
        if name not in names:
            lost.append(name)
        return names.get(name, name)

    transfers = set(page.notes) - set(names)
    return msgspec.structs.replace(
        page,
        hidden=[to(each) for each in page.hidden],
        open=[to(each) for each in page.open],
        moved={layout: {to(name): at for name, at in places.items()} for layout, places in page.moved.items()},
        notes={_of_note(name, transfers, to): text for name, text in page.notes.items()},
        colours={to(name): colour for name, colour in page.colours.items()},
    )


def _of_note(name: str, transfers: set[str], to: Callable[[str], str]) -> str:
    """A note's node, renamed; what is no node is a transfer, unless it is cash beside an account."""
    cash = name.partition(" of ")[0] in CASH_NODES
    return name if name in transfers and not cash else to(name)


def written(page: KeptPage, notes: Mapping[str, str]) -> str:
    """The page as a file, with these notes."""
    made = msgspec.structs.replace(page, notes=dict(notes))
    return msgspec.json.format(msgspec.json.encode(made), indent=1).decode() + "\n"


def as_dict(page: KeptPage, notes: Mapping[str, str]) -> dict[str, Any]:
    """The page as its scripts open it, with these notes."""
    return {**msgspec.structs.asdict(page), "notes": dict(notes)}


def path_of(folder: Path, case: str, digest: str) -> Path:
    """Where a workspace keeps the page of a case whose file has this hash."""
    return folder / "pages" / f"{case}-{digest}.json"


@question(ENTRY)
def keep_page(space: Workspace, case: Word, page: Word) -> Entry:
    """Keep a page of a case, named by ids; its hash, notes and marks are in the journal. An older one is replaced.

    The file is there before the journal names it, under a name of its own: whoever is killed between leaves the older.
    Raises UsageError for the page of another case, or for a note or mark on what is not in the case.
    """
    made = read_page(page)
    if made.subject != case:
        raise UsageError(
            "the page is of {subject}, not of {case}", hint="Name its case.", subject=made.subject, case=case
        )
    network = space.case(case).network()
    transfers = {key for *_, key, data in network.edges(keys=True, data=True) if data["kind"] == "transfer"}
    told = [_note(network, transfers, name, text) for name, text in made.notes.items()]
    for each in made.marked:
        if each not in transfers:
            raise UsageError("transfer {transfer} is not in {case}", hint=AGAIN, transfer=each, case=case)
    text = written(made, made.notes)
    digest = _digest(text)
    path = path_of(space.folder, case, digest)
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, text)
    older = {entry.facts["file"] for entry in _kept(space, case)} - {digest}
    entry = space.journal.append(PAGE_KEPT, case, file=digest, notes=told, marked=made.marked)
    for each in sorted(older):
        path_of(space.folder, case, each).unlink(missing_ok=True)
    return entry


def _kept(space: Workspace, case: str) -> list[Entry]:
    return [entry for entry in space.journal.entries() if entry.what == PAGE_KEPT and entry.about == case]


def _note(network: nx.MultiDiGraph[Any], transfers: set[str], name: str, text: str) -> dict[str, str]:
    """A note for the journal: its text, and what it is on by its kind."""
    if name in transfers:
        return {"transfer": name, "text": text}
    node = name.partition(" of ")[2] if name.partition(" of ")[0] in CASH_NODES else name
    if node not in network:
        raise UsageError("a note is on {node}, which is not in the case", hint=AGAIN, node=node)
    kind = network.nodes[node]["kind"]
    return {kind: subject_of(kind, node), "text": text}


def kept_page(space: Workspace, case: str) -> KeptPage | None:
    """The page of a case as it was kept last, named by ids; None where none was, or, with a note, where it is gone.

    Raises DataError where the file is not what was kept.
    """
    acts = _kept(space, case)
    if not acts:
        return None
    digest = acts[-1].facts["file"]
    path = path_of(space.folder, case, digest)
    if not path.exists():
        space.notify(f"{path} is missing: the page of {case} opens without what was kept; its notes are in the journal")
        return None
    found = path.read_bytes()
    if hashlib.sha256(found).hexdigest() != digest:
        raise DataError(
            "{path} is not the page that was kept",
            hint="Restore it, or take it away: the page then opens without it.",
            path=path,
        )
    return read_page(found.decode())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
