"""Ledgers drawn as text, so that a reader of a test sees the case."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from mulegraph.ingest.load import load
from mulegraph.ledger.ledger import Ledger

MONDAY = datetime(2026, 1, 5)
CASH = "cash"


def transfers_of(drawing: str) -> list[dict[str, str]]:
    """Rows of transfers.csv from lines of `source target amount time`, and a channel that is `instant` if unsaid.

    `cash` is nobody; a time is `9:00`, or `2+9:00` for two days after the first.
    """
    rows = []
    for number, line in enumerate(filter(None, map(str.strip, drawing.splitlines()))):
        source, target, amount, time, *channel = line.split()
        day, _, clock = time.rpartition("+")
        hours, minutes = clock.split(":")
        at = MONDAY + timedelta(days=int(day or 0), hours=int(hours), minutes=int(minutes))
        rows.append(
            {
                "transfer_id": f"t{number + 1:03d}",
                "source": "" if source == CASH else source,
                "target": "" if target == CASH else target,
                "amount": amount,
                "currency": "EUR",
                "at": at.isoformat() + "Z",
                "channel": channel[0] if channel else "instant",
            }
        )
    return rows


def accounts_of(transfers: list[dict[str, str]], **changed: dict[str, str]) -> list[dict[str, str]]:
    """Rows of accounts.csv for everybody in the drawing; `changed` replaces columns by account."""
    names = sorted({row[end] for row in transfers for end in ("source", "target")} - {""})
    plain = {"bank": "NORD", "kind": "personal", "currency": "EUR", "holder_id": ""}
    return [{"account_id": name, **plain, "holder_id": f"h_{name}", **changed.get(name, {})} for name in names]


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    """Rows as a CSV file with a head line."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def draw(folder: Path, drawing: str, **tables: list[dict[str, str]]) -> Ledger:
    """Load a drawing, and more tables by name, into a workspace in `folder`; gives its ledger."""
    files = folder / "files"
    files.mkdir()
    transfers = transfers_of(drawing)
    rows = {"accounts": accounts_of(transfers), "transfers": transfers, **tables}
    for name, content in rows.items():
        write_csv(files / f"{name}.csv", content)
    report = load(files, folder / "workspace")
    assert not report.rejects, report.rejects
    return Ledger(folder / "workspace" / "ledger")


def names(chunks: pa.ChunkedArray) -> list[str]:
    """An Arrow column as a list."""
    return list(chunks.to_pylist())
