"""What people did with a case, and what its report can be checked against."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mulegraph.casework.case_file import CaseFile
from mulegraph.schema.acts import PAGE_KEPT
from mulegraph.schema.language import tr, word
from mulegraph.views.document import Block, Notice, Table, Text, cells, heads
from mulegraph.views.local_times import local_text
from mulegraph.views.tables import shown

Content = CaseFile


def journal(content: Content) -> Table:
    """The journal's entries about the case, oldest first."""
    columns = heads("no. #", "at (UTC)", "who", "what", "facts *", "hash")
    rows = []
    for entry in content.journal:
        rows.append(
            cells(
                entry["number"],
                local_text(entry["at"], "seconds"),
                entry["who"],
                entry["what"],
                _facts(entry["facts"]),
                entry["hash"][:12],
            )
        )
    return Table(columns, rows, empty=tr("The journal has no entry about this case."), small=True)


def page_notes(content: Content) -> Table:
    """What somebody wrote and marked on the case's page when it was kept last."""
    kept = [entry["facts"] for entry in content.journal if entry["what"] == PAGE_KEPT]
    about = {row["transfer_id"]: row for row in content.transfers} if kept else {}
    rows = []
    for note in kept[-1]["notes"] if kept else []:
        on = next(name for name in ("transfer", "account", "device", "holder") if note.get(name))
        rows.append(cells(f"{word(on)} {note[on]}", note["text"]))
    for transfer in kept[-1]["marked"] if kept else []:
        row = about.get(transfer)
        rows.append(cells(f"{tr('transfer')} {transfer}", tr("marked") + (f": {_told(row)}" if row else "")))
    return Table(heads("on", "note *"), rows, empty=tr("Nobody has kept a page of this case."))


def _told(row: Mapping[str, Any]) -> str:
    return f"{shown(row['source'])} → {shown(row['target'])}, {shown(row['amount'])} {row['currency']}"


def _facts(facts: Mapping[str, Any]) -> str:
    """What an entry says; long lists of ids are counted."""
    told = []
    for name, value in facts.items():
        if name == "command" or value in (None, "", [], {}):
            continue
        many = isinstance(value, list) and len(value) > 3
        told.append(f"{name.replace('_', ' ')}: {len(value) if many else _flat(value)}")
    return "; ".join(told)


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        sizes = {name: len(each) if isinstance(each, list) else shown(each) for name, each in value.items()}
        return ", ".join(f"{name} {size}" for name, size in sizes.items())
    return shown(value) if not isinstance(value, list) else " ".join(_flat(each) for each in value)


def proof(content: Content) -> list[Block]:
    """Hashes of ledger, code, run and journal, and the settings: who has these can make the same report again."""
    known = content.proof
    rows = [cells(tr("scan"), content.run), cells(tr("ledger of the scan"), known.ledger)]
    if known.ledger_now != known.ledger:
        rows.append(cells(tr("ledger now (transfers and trace)"), known.ledger_now))
    rows += [cells(tr("code"), known.code)]
    rows += [cells(f"{part}.parquet", digest) for part, digest in known.files.items()]
    count = known.journal_entries
    last = tr("journal, entry {n}", n=str(count)) if count else tr("journal")
    rows.append(cells(last, known.journal_last if count else tr("no entry yet")))
    versions = ", ".join(f"{name} {number}" for name, number in known.versions.items())
    settings = []
    for section, values in known.settings.items():
        for name, value in values.items():
            settings.append(f"{section}.{name} = {json.dumps(value, default=str)}")
    blocks: list[Block] = [
        Table(heads("what", "SHA-256, or name *"), rows, small=True),
        Text(f"{', '.join(settings)}.", tr("Settings.")),
        Text(f"{versions}.", tr("Versions.")),
    ]
    wrong = [Notice(tr("The journal does not verify: {why}", why=each)) for each in known.journal_wrong]
    return [*wrong, *blocks]
