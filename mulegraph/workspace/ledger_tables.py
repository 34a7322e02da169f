"""The ledger as it was loaded: rows of a table, loads, and taking a load back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from mulegraph.errors import UsageError
from mulegraph.ingest.forget import Forgotten, forget
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.store import Store
from mulegraph.schema.disclosure import OURS, Each, Says, declared, ledger_record, record_of
from mulegraph.schema.versions import ALL_TABLES
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.listing import frame_of
from mulegraph.workspace.questions import Word, question

FORGOT = "load forgotten"


@declared
@dataclass(frozen=True)
class Load:
    """One load that changed the ledger: when, from which files, new rows by table, and rows that were known."""

    load: Annotated[str, OURS]
    at: Annotated[str, OURS]
    files: Annotated[list[str], OURS]
    rows: Annotated[dict[str, int], OURS]
    known: int


def _columns_of(asked: Mapping[str, Any]) -> Says:
    return ledger_record(_known_table(asked["table"]))


def _known_table(table: str) -> str:
    if table not in ALL_TABLES:
        raise UsageError(
            "table '{table}' is unknown", hint="Expected one of " + ", ".join(ALL_TABLES) + ".", table=table
        )
    return table


@question(_columns_of)
def ledger_rows(
    space: WorkspaceBase, table: Word, *, at: datetime | None = None, top: int | None = None
) -> pd.DataFrame:
    """Rows of a table as they were loaded; `at`: as they were said to be at that time (UTC)."""
    ledger = space.ledger
    rows = ledger.arrow(_known_table(table)) if at is None else ledger.as_of(table, at)
    return frame_of(rows if top is None else rows.slice(0, top))


@question(Each(record_of(Load)))
def loads(space: WorkspaceBase) -> list[Load]:
    """Loads that changed the ledger, the latest first."""
    records = Store(space.folder / "ledger").current().loads
    made = []
    for name, each in reversed(records.items()):
        made.append(Load(name, each.at[:16], list(each.files), each.rows, each.known))
    return made


@question(record_of(Forgotten))
def forget_load(space: WorkspaceBase, load: Word) -> Forgotten:
    """Take a load back; the journal keeps that it was there. Raises UsageError for one that the ledger has not."""
    gone = forget(space.folder, load)
    space.forget_ledger()
    space.journal.append(FORGOT, load=load, rows=gone.rows)
    return gone
