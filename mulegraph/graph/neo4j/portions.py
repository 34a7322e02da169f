"""What a shared graph is filled from, in portions that change as one: a ledger's files, by the hash of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mulegraph.graph.base import GraphInput, Known, LedgerTable, ledger_relationships
from mulegraph.ledger.ledger import Ledger

TRANSFERS = "transfers"


@dataclass(frozen=True)
class Portion:
    """A table, or one day's transfers (`day` as 2026-01-31, empty for other tables)."""

    table: str
    day: str
    sha256: str
    read: LedgerTable


def portions_of(ledger: Ledger) -> tuple[Portion, ...]:
    """A ledger's files."""
    found = []
    for name in ledger.names:
        for file in ledger.snapshot.of(name):
            read = partial(pq.read_table, ledger.store.data / file.path, partitioning=None)
            found.append(Portion(name, file.day, file.sha256, read))
    return tuple(found)


def portions_of_tables(source: GraphInput) -> tuple[Portion, ...]:
    """The same for tables that stand in no file: transfers are cut by day, and content is hashed here."""
    found: list[Portion] = []
    for name in source.tables:
        table = _whole(source.tables[name])
        days = _by_day(table) if name == TRANSFERS else {"": table}
        found += [Portion(name, day, _hash(rows), partial(_given, rows)) for day, rows in sorted(days.items())]
    return tuple(found)


def transfers_of(portion: Portion) -> pa.Table:
    """A day's transfers as relationships: `from`, `to` and their properties."""
    *_, transfers = ledger_relationships(GraphInput({TRANSFERS: portion.read}), Known({}))
    return transfers.rows


def combined(portions: Iterable[Portion], *tables: str) -> str:
    """One hash of all portions of these tables, in whatever order they come."""
    lines = sorted(f"{each.table} {each.day} {each.sha256}" for each in portions if each.table in tables)
    return hashlib.sha256("\n".join([*tables, *lines]).encode()).hexdigest()


def _whole(read: LedgerTable) -> pa.Table:
    rows = read()
    return rows if isinstance(rows, pa.Table) else rows.read_all()


def _given(rows: pa.Table) -> pa.Table:
    return rows


def _by_day(transfers: pa.Table) -> Mapping[str, pa.Table]:
    days = pc.strftime(transfers["at"], "%Y-%m-%d")
    return {day: transfers.filter(pc.equal(days, day)) for day in pc.unique(days).to_pylist()}


def _hash(rows: pa.Table) -> str:
    """Of the content: the same rows in the same order give the same, however they are cut into chunks."""
    sink = pa.BufferOutputStream()
    whole = rows.combine_chunks()
    with pa.ipc.new_stream(sink, whole.schema) as stream:
        stream.write_table(whole)
    return hashlib.sha256(sink.getvalue()).hexdigest()
