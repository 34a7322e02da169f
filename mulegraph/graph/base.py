"""The graph's shape, what fills it, and what its questions give back; every graph engine shares this file.

Labels and their properties come from `schema.tables.TABLES`; findings and cases add two labels. Amounts are exact
decimals in the transfer's currency, times are UTC in microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import DataError
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.tables import ARROW_TYPE, CASH_IN, CASH_OUT, TABLES, Kind

CASH_KIND = "cash"
"""Kind of the two Account nodes that stand for cash. They are two, so that no directed path runs through cash."""

SLICE_ROWS = 5_000_000
"""Relationships handed to an engine in one go, or up to half as many more. Each copy into a filled table costs more
than the one before, so they are few; this many take about 3 GiB."""

COUNT_ROWS = 1_000_000  # transfers counted in one go; bounds the memory of counting them by account
TEXT, TIME = ARROW_TYPE[Kind.TEXT], ARROW_TYPE[Kind.TIME]
AMOUNT = ARROW_TYPE[Kind.AMOUNT]
TEXTS = pa.list_(TEXT)

LedgerTable = Callable[[], "pa.Table | pa.RecordBatchReader"]


@dataclass(frozen=True)
class GraphInput:
    """What a graph is filled from: ledger tables by model name, read lazily (absent: not in the ledger)."""

    tables: Mapping[str, LedgerTable]
    findings: pa.Table | None = None
    cases: pa.Table | None = None

    @classmethod
    def of(cls, ledger: Ledger, findings: pa.Table | None = None, cases: pa.Table | None = None) -> GraphInput:
        """The tables of a ledger; transfers stream, the others are read whole."""
        tables: dict[str, LedgerTable] = {name: partial(ledger.arrow, name) for name in ledger.names}
        tables["transfers"] = lambda: ledger.dataset("transfers").scanner().to_reader()
        return cls(tables, findings, cases)


@dataclass(frozen=True)
class NodeLabel:
    """A label; the first property identifies the node."""

    name: str
    properties: pa.Schema

    @property
    def key(self) -> str:
        """The property that identifies a node."""
        return str(self.properties.names[0])


@dataclass(frozen=True)
class RelationshipType:
    """A relationship between the pairs of labels (from, to) that it may join."""

    name: str
    pairs: tuple[tuple[str, str], ...]
    properties: pa.Schema


@dataclass(frozen=True)
class Nodes:
    """Nodes of one label; columns as in the label's `properties`."""

    label: str
    rows: pa.Table


@dataclass(frozen=True)
class Relationships:
    """Relationships of one type and pair; columns `from` and `to` (keys), then the type's `properties`."""

    type: str
    source: str
    target: str
    rows: pa.Table


@dataclass(frozen=True)
class Answer:
    """What a question gives: at most as many rows as it was capped at; `capped` when there were more."""

    columns: list[str]
    rows: list[dict[str, Any]]
    capped: bool = False


@dataclass(frozen=True)
class GraphStatus:
    """What a graph holds: numbers by label and by relationship, size in bytes, and its writer's stamp."""

    exists: bool
    nodes: dict[str, int] = field(default_factory=dict)
    relationships: dict[str, int] = field(default_factory=dict)
    size_bytes: int = 0
    stamp: str = ""


class Graph(Protocol):
    """What a question needs of an engine."""

    def query(
        self,
        statement: str,
        parameters: Mapping[str, Any],
        *,
        row_cap: int,
        timeout_seconds: float,
        name: str = "",
    ) -> Answer:
        """Ask, read-only; at most `row_cap` rows come back, and none after the time-out."""
        ...


TRANSFERS = "transfers"
"""Property of Account: how many transfers it is an end of. Questions leave hubs out by it, and need not count."""

_ACCOUNT = pa.schema(
    [*(each for each in TABLES["accounts"].arrow_schema if each.name != "holder_id"), pa.field(TRANSFERS, pa.int64())]
)
_LISTING = pa.schema([pa.field("listing_id", TEXT), *TABLES["listings"].arrow_schema])
_FINDING = pa.schema(
    [
        ("finding_id", TEXT),
        ("sign", TEXT),
        ("subject_kind", TEXT),
        ("subject_id", TEXT),
        ("score", pa.float64()),
        ("surprise", pa.float64()),
        ("first_at", TIME),
        ("last_at", TIME),
        ("amount", AMOUNT),
        ("currency", TEXT),
        ("phase", TEXT),
        ("pattern", TEXT),
        ("reason", TEXT),
        ("accounts", TEXTS),
        ("evidence", TEXTS),
        ("disposition", TEXT),
    ]
)
_CASE = pa.schema(
    [
        ("case_id", TEXT),
        ("score", pa.float64()),
        ("accounts", TEXTS),
        ("roles", TEXTS),
        ("findings", TEXTS),
        ("first_at", TIME),
        ("last_at", TIME),
        ("amount", AMOUNT),
        ("status", TEXT),
        ("assignee", TEXT),
        ("disposition", TEXT),
    ]
)
_TRANSFER = pa.schema(
    [TABLES["transfers"].arrow_schema.field(name) for name in ("transfer_id", "amount", "currency", "at", "channel")]
)
_USED = pa.schema([("uses", pa.int64()), ("first_at", TIME), ("last_at", TIME)])

_LABELS = (
    NodeLabel("Account", _ACCOUNT),
    NodeLabel("Holder", TABLES["holders"].arrow_schema),
    NodeLabel("Device", TABLES["devices"].arrow_schema),
    NodeLabel("Listing", _LISTING),
    NodeLabel("Finding", _FINDING),
    NodeLabel("Case", _CASE),
)
_TYPES = (
    RelationshipType("OWNS", (("Holder", "Account"),), pa.schema([])),
    RelationshipType("USED", (("Account", "Device"),), _USED),
    RelationshipType("TRANSFER", (("Account", "Account"),), _TRANSFER),
    RelationshipType("LISTED", (("Listing", "Account"), ("Listing", "Holder"), ("Listing", "Device")), pa.schema([])),
    RelationshipType(
        "ABOUT",
        (("Finding", "Account"), ("Finding", "Holder"), ("Finding", "Device")),
        pa.schema([("role", TEXT)]),
    ),
    RelationshipType("PART_OF", (("Finding", "Case"), ("Account", "Case")), pa.schema([])),
)
NODES: dict[str, NodeLabel] = {label.name: label for label in _LABELS}
RELATIONSHIPS: dict[str, RelationshipType] = {kind.name: kind for kind in _TYPES}
FINDING_LABELS = ("Finding", "Case")
FINDING_RELATIONSHIPS = ("ABOUT", "PART_OF")
"""What a scan replaces; everything else changes only with the ledger."""

SUBJECT = "subject"
PARTY = "party"
"""Roles of ABOUT: what the finding is about, and the other accounts that it names."""


@dataclass(frozen=True)
class Known:
    """Keys of the nodes that relationships may end in, by label; ends outside it are left out."""

    ids: dict[str, pa.Array]

    def keep(self, rows: pa.Table, column: str, label: str) -> pa.Table:
        """The rows whose `column` is the key of a node of this label."""
        ids = self.ids.get(label, pa.array([], TEXT))
        return rows.filter(pc.is_in(rows[column], value_set=ids))


def ledger_nodes(source: GraphInput) -> Iterator[Nodes]:
    """Accounts (with the two of cash), holders, devices and listings.

    A holder or device that only another table names becomes a node with nothing but its key.
    Raises DataError when an account carries one of the keys kept for cash.
    """
    accounts = _read(source, "accounts")
    yield Nodes("Account", _with_transfers(source, _with_cash(accounts.drop_columns("holder_id"))))
    named = accounts["holder_id"]
    yield Nodes("Holder", _with_named(_read(source, "holders"), named))
    used = pa.chunked_array([batch["device_id"] for batch in _uses(source)], TEXT)
    yield Nodes("Device", _with_named(_read(source, "devices"), used))
    yield Nodes("Listing", _listings(source))


def ledger_relationships(source: GraphInput, known: Known, *, slice_rows: int = SLICE_ROWS) -> Iterator[Relationships]:
    """Ownership, device use, listings, then transfers in slices of about `slice_rows`."""
    owned = _read(source, "accounts").filter(pc.field("holder_id").is_valid())
    yield Relationships("OWNS", "Holder", "Account", _ends(owned["holder_id"], owned["account_id"]))
    yield Relationships("USED", "Account", "Device", _device_use(source))
    listings = _listings(source)
    for _, label in RELATIONSHIPS["LISTED"].pairs:
        rows = known.keep(listings.filter(pc.field("subject_kind") == label.lower()), "subject_id", label)
        yield Relationships("LISTED", "Listing", label, _ends(rows["listing_id"], rows["subject_id"]))
    for rows in _sliced(_batches(source, "transfers"), slice_rows):
        yield Relationships("TRANSFER", "Account", "Account", _transfers(rows))


def finding_nodes(findings: pa.Table | None, cases: pa.Table | None) -> Iterator[Nodes]:
    """Findings and cases; in both, the input's first column becomes the key (`finding_id`, `case_id`)."""
    yield Nodes("Finding", _keyed(findings, "finding", NODES["Finding"]))
    yield Nodes("Case", _keyed(cases, "case", NODES["Case"]))


def finding_relationships(findings: pa.Table | None, cases: pa.Table | None, known: Known) -> Iterator[Relationships]:
    """What each finding is about, and which findings and accounts make up each case."""
    finding_rows = _keyed(findings, "finding", NODES["Finding"])
    for _, label in RELATIONSHIPS["ABOUT"].pairs:
        rows = known.keep(_about(finding_rows, label), "to", label)
        yield Relationships("ABOUT", "Finding", label, rows)
    case_rows = _keyed(cases, "case", NODES["Case"])
    inside = Known({**known.ids, "Finding": finding_rows["finding_id"].combine_chunks()})
    for label, column in (("Finding", "findings"), ("Account", "accounts")):
        members = _unnested(case_rows, "case_id", column).select(["to", "from"]).rename_columns(["from", "to"])
        yield Relationships("PART_OF", label, "Case", inside.keep(members, "from", label))


def _read(source: GraphInput, table: str) -> pa.Table:
    """A ledger table whole, in the model's columns; empty when the ledger lacks it."""
    schema = TABLES[table].arrow_schema
    batches = list(_batches(source, table))
    return pa.Table.from_batches(batches, schema) if batches else schema.empty_table()


def _batches(source: GraphInput, table: str) -> Iterator[pa.RecordBatch]:
    if table not in source.tables:
        return
    schema = TABLES[table].arrow_schema
    rows = source.tables[table]()
    for batch in rows.to_batches() if isinstance(rows, pa.Table) else rows:
        yield batch.select(schema.names).cast(schema)


def _uses(source: GraphInput) -> Iterator[pa.RecordBatch]:
    """Device use, one row a pair and batch: `account_id, device_id, uses, first_at, last_at`."""
    for batch in _batches(source, "device_use"):
        pairs = pa.table([batch["account_id"], batch["device_id"], batch["at"]], ["account_id", "device_id", "at"])
        grouped = pairs.group_by(["account_id", "device_id"]).aggregate([("at", "count"), ("at", "min"), ("at", "max")])
        columns = [grouped[name] for name in ("account_id", "device_id", "at_count", "at_min", "at_max")]
        yield from pa.table(columns, ["account_id", "device_id", *_USED.names]).to_batches()


def _device_use(source: GraphInput) -> pa.Table:
    schema = pa.schema([("account_id", TEXT), ("device_id", TEXT), *_USED])
    parts = pa.Table.from_batches(list(_uses(source)), schema)
    pairs = parts.group_by(["account_id", "device_id"]).aggregate(
        [("uses", "sum"), ("first_at", "min"), ("last_at", "max")]
    )
    columns = [pairs[name] for name in ("account_id", "device_id", "uses_sum", "first_at_min", "last_at_max")]
    rows = pa.table(columns, ["from", "to", *_USED.names])
    return rows.sort_by([("from", "ascending"), ("to", "ascending")])


def _with_cash(accounts: pa.Table) -> pa.Table:
    taken = accounts.filter(pc.field("account_id").isin([CASH_IN, CASH_OUT]))
    if len(taken):
        raise DataError(
            f"accounts: {CASH_IN} and {CASH_OUT} are reserved for cash, and an account has one of these numbers",
            hint="Rename that account in the files, and load them again.",
        )
    cash = [{"account_id": name, "kind": CASH_KIND} for name in (CASH_IN, CASH_OUT)]
    return pa.concat_tables([accounts, pa.Table.from_pylist(cash, accounts.schema)])


def _with_transfers(source: GraphInput, accounts: pa.Table) -> pa.Table:
    """`accounts` with the number of transfers that each is an end of; one to itself counts once."""
    parts = [pa.table({"id": pa.array([], TEXT), "n": pa.array([], pa.int64())})]
    for rows in map(_transfers, _sliced(_batches(source, "transfers"), COUNT_ROWS)):
        to_others = rows.filter(pc.field("from") != pc.field("to"))
        ends = pa.table([pa.chunked_array([*rows["from"].chunks, *to_others["to"].chunks], TEXT)], ["id"])
        parts.append(ends.group_by("id").aggregate([([], "count_all")]).rename_columns(["id", "n"]))
    counts = pa.concat_tables(parts).group_by("id").aggregate([("n", "sum")])
    places = pc.index_in(accounts["account_id"], value_set=counts["id"].combine_chunks())
    return accounts.append_column(_ACCOUNT.field(TRANSFERS), pc.fill_null(counts["n_sum"].take(places), 0))


def _with_named(rows: pa.Table, named: pa.ChunkedArray) -> pa.Table:
    """`rows` and one bare row for each key in `named` that they lack."""
    key = rows.column_names[0]
    keys = pc.unique(named.drop_null())
    keys = keys.filter(pc.invert(pc.is_in(keys, value_set=rows[key].combine_chunks())))
    bare = [keys, *(pa.nulls(len(keys), each.type) for each in list(rows.schema)[1:])]
    return pa.concat_tables([rows, pa.Table.from_arrays(bare, schema=rows.schema)])


def _listings(source: GraphInput) -> pa.Table:
    """Listings with a key made of their four: kind, list and source cannot hold the ':' that parts them."""
    rows = _read(source, "listings")
    who = pc.replace_substring(pc.replace_substring(rows["source"], "%", "%25"), ":", "%3A")
    key = pc.binary_join_element_wise(rows["subject_kind"], rows["list"], who, rows["subject_id"], ":")
    return pa.Table.from_arrays([key, *rows.columns], schema=_LISTING)


def _ends(source: pa.ChunkedArray, target: pa.ChunkedArray) -> pa.Table:
    return pa.table([source, target], ["from", "to"])


def _transfers(rows: pa.Table) -> pa.Table:
    source, target = pc.fill_null(rows["source"], CASH_IN), pc.fill_null(rows["target"], CASH_OUT)
    return pa.table([source, target, *(rows[name] for name in _TRANSFER.names)], ["from", "to", *_TRANSFER.names])


def _sliced(batches: Iterator[pa.RecordBatch], slice_rows: int) -> Iterator[pa.Table]:
    """The batches as tables of `slice_rows` rows; the last one has from half as many to half as many more."""
    held, rows = list[pa.RecordBatch](), 0
    for batch in batches:
        held.append(batch)
        rows += len(batch)
        while 2 * rows >= 3 * slice_rows:  # so that no copy is made for a few rows: each pays for what is there
            whole = pa.Table.from_batches(held)
            yield whole.slice(0, slice_rows)
            held, rows = whole.slice(slice_rows).to_batches(), rows - slice_rows
    if rows:
        yield pa.Table.from_batches(held)


def _keyed(rows: pa.Table | None, key: str, label: NodeLabel) -> pa.Table:
    """The input's columns in the label's order and types, `key` under the label's own name for it."""
    if rows is None:
        return label.properties.empty_table()
    schema = label.properties
    columns = [rows[key]]
    for each in list(schema)[1:]:
        # What people decided comes with the rows of a workspace; rows from elsewhere lack it.
        columns.append(rows[each.name] if each.name in rows.schema.names else pa.nulls(len(rows), each.type))
    return pa.table(columns, schema.names).cast(schema)


def _unnested(rows: pa.Table, key: str, column: str) -> pa.Table:
    """One row `from, to` for each key and distinct member of its list."""
    lists = rows[column].combine_chunks()
    owners = rows[key].combine_chunks().take(pc.list_parent_indices(lists))
    pairs = pa.table([owners, pc.list_flatten(lists)], ["from", "to"])
    return pairs.group_by(["from", "to"], use_threads=False).aggregate([])


def _about(findings: pa.Table, label: str) -> pa.Table:
    """`from, to, role` of the findings whose subject is of this label; for accounts, also those they name."""
    own = findings.filter(pc.field("subject_kind") == label.lower())
    subjects = _ends(own["finding_id"], own["subject_id"]).append_column("role", pa.array([SUBJECT] * len(own), TEXT))
    if label != "Account":
        return subjects
    named = _unnested(findings, "finding_id", "accounts")
    others = named.join(subjects, ["from", "to"], join_type="left anti")
    others = others.append_column("role", pa.array([PARTY] * len(others), TEXT))
    return pa.concat_tables([subjects, others]).sort_by([("from", "ascending"), ("to", "ascending")])
