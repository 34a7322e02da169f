"""The ledger as its readers see it: Ibis tables on DuckDB, and transfers in time order as Arrow columns."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mulegraph.errors import UsageError
from mulegraph.lazy import dataset as ds
from mulegraph.lazy import duckdb, ibis
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.clock import Clock, Clocks
from mulegraph.ledger.engine import in_sql, literal
from mulegraph.ledger.numbers import places_in_order, rows_of_file, rows_of_ids
from mulegraph.ledger.spark import read_with_spark, spark_engine
from mulegraph.ledger.store import Snapshot, Store
from mulegraph.schema.choices import DUCKDB, Engine, EngineChoice
from mulegraph.schema.tables import AMOUNT_PLACES, ARROW_TYPE, TABLES, Kind, minor_exponents
from mulegraph.schema.versions import ALL_TABLES, FORMER, VERSIONED, named_by_period

if TYPE_CHECKING:
    from ibis.expr import types as ir

SPILL = "runs/.spill"
MICROSECONDS_A_DAY = 86_400_000_000
LATEST_DAYS = 2
"""A minute's chains began today or yesterday: looking them up in these files alone takes a tenth of a month's."""
MAX_SETTLING_STEPS = 3
"""Virtual numbers of virtual numbers are followed so many times over, eight deep; nobody has seen three."""


class Ledger:
    """One snapshot of a workspace's ledger, read-only; its Ibis tables live on DuckDB, or on Spark.

    `transfers` stand in order of (at, transfer_id), one file a day, so that row numbers are stable names for
    them as long as the snapshot is; every row number in mulegraph is one of these.
    """

    def __init__(self, folder: Path, choice: EngineChoice = DUCKDB) -> None:
        self.folder, self.choice = folder, choice
        self.store = Store(folder)
        self._tables: dict[str, ir.Table] = {}
        self.snapshot: Snapshot = self.store.of_this_version()
        if not self.snapshot.of("transfers"):
            raise UsageError(f"{folder.parent}: nothing is loaded here yet", hint="Run: mulegraph load FOLDER")

    def in_another_thread(self) -> Ledger:
        """The same snapshot for a second thread: a connection is one thread's, memory or session are both's."""
        twin = Ledger(self.folder, self.choice)
        twin.snapshot = self.snapshot
        if not self.on_spark:
            twin.engine = _without_bar(ibis.duckdb.from_connection(self.engine.con.cursor()))
        return twin

    @property
    def on_spark(self) -> bool:
        """Whether its tables live on Spark."""
        return self.choice.kind is Engine.SPARK

    @property
    def hash(self) -> str:
        """Names the content; findings carry it."""
        return self.snapshot.hash

    @property
    def names(self) -> list[str]:
        """Tables that hold something, in loading order."""
        return [name for name in TABLES if self.rows(name)]

    @property
    def rejects(self) -> int:
        """Rows that the loads so far refused."""
        return self.snapshot.rejected

    def rows(self, table: str) -> int:
        """Number of rows of a table; 0 when it was never loaded."""
        return sum(file.rows for file in self.snapshot.of(table))

    def paths(self, table: str) -> list[Path]:
        """The Parquet files of a table; those of transfers in order of their day."""
        return [self.store.data / file.path for file in self.snapshot.of(table)]

    @cached_property
    def engine(self) -> ibis.BaseBackend:
        """The connection that every Ibis expression of this ledger runs on."""
        # Engines merge nested selects themselves; doing it here is an eighth of a scan of the sample.
        ibis.options.sql.fuse_selects = False
        if self.on_spark:
            return spark_engine(self.choice, self.rows("transfers"))
        engine = ibis.duckdb.connect()
        engine.raw_sql(f"SET memory_limit = '{self.choice.memory}'")
        # What does not fit goes beside the runs; DuckDB's own choice is the folder that one happens to stand in.
        # DuckDB makes the last folder only: a watch of a workspace that was never scanned ended where it had to spill.
        with suppress(OSError):
            (self.folder.parent / SPILL).parent.mkdir(exist_ok=True)
        engine.raw_sql(f"SET temp_directory = '{in_sql(self.folder.parent / SPILL)}'")
        return _without_bar(engine)

    def table(self, name: str) -> ir.Table:
        """A ledger table as an Ibis expression; empty, with the right columns, when it was never loaded."""
        if name not in self._tables:
            paths = [literal(path) for path in self.paths(name)]
            if paths and self.on_spark:
                self._tables[name] = read_with_spark(self.engine, self.paths(name), ALL_TABLES[name])
            elif paths:
                # Without the switch, the folder names (day=…) would become a column.
                self._tables[name] = self.engine.read_parquet(paths, table_name=name, hive_partitioning=False)
            else:
                self._tables[name] = ibis.memtable(ALL_TABLES[name].arrow_schema.empty_table())
        return self._tables[name]

    def kept(self, name: str, made: Callable[[], ir.Table]) -> ir.Table:
        """The rows of an expression, worked out once under a name and kept by the engine for whoever asks again."""
        if name not in self._tables:
            if self.on_spark:
                frame = self.engine._session.sql(str(ibis.to_sql(made(), dialect="pyspark"))).cache()
                frame.createOrReplaceTempView(f"mulegraph_{name}")
                self._tables[name] = self.engine.table(f"mulegraph_{name}")
            else:
                self._tables[name] = self.engine.create_table(name, made(), temp=True)
        return self._tables[name]

    @property
    def transfers(self) -> ir.Table:
        """All transfers, in no certain order."""
        return self.table("transfers")

    @cached_property
    def until(self) -> datetime:
        """Time of the latest transfer: what the ledger knows, it knew then."""
        return pc.max(pq.read_table(self.paths("transfers")[-1], columns=["at"], partitioning=None).column(0)).as_py()

    @cached_property
    def since(self) -> datetime:
        """Time of the earliest transfer."""
        return pc.min(pq.read_table(self.paths("transfers")[0], columns=["at"], partitioning=None).column(0)).as_py()

    @cached_property
    def has_hours(self) -> bool:
        """Whether times of the day are known: some transfer is not at midnight."""
        return any(_has_hours(path) for path in self.paths("transfers"))

    def lacks(self, table: str, column: str) -> bool:
        """Whether a column is empty in every row."""
        for path in self.paths(table):
            read = pq.read_table(path, columns=[column], partitioning=None).column(0)
            if read.null_count < len(read):
                return False
        return True

    def listed(self, kind: str, *, on: str) -> ir.Table:
        """Subjects of one kind on a list: (subject_id, listed_at, expires_at, confidence).

        Entries that had expired by the ledger's last transfer do not count.
        """
        listings = self.table("listings")
        valid = listings.expires_at.isnull() | (listings.expires_at > ibis.literal(self.until))
        chosen = listings.filter((listings.subject_kind == kind) & (listings.list == on) & valid)
        return chosen.group_by("subject_id").agg(
            listed_at=chosen.listed_at.min(),
            expires_at=chosen.expires_at.max(),
            confidence=chosen.confidence.max(),
        )

    def arrow(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """A whole table in memory; transfers in time order."""
        paths = self.paths(name)
        if not paths:
            return ALL_TABLES[name].arrow_schema.empty_table().select(columns or ALL_TABLES[name].column_names)
        return pa.concat_tables([pq.read_table(path, columns=columns, partitioning=None) for path in paths])

    def as_of(self, name: str, at: datetime) -> pa.Table:
        """A table's rows as they were said to be at a time (UTC); all that stood side by side then.

        Rows of payments and events are those of before that time.
        """
        rows = self.arrow(name)
        if name in VERSIONED:
            versions = self.arrow(VERSIONED[name])
            stamp = pa.scalar(at, pa.timestamp("us"))
            begun = pc.fill_null(pc.less_equal(versions["valid_from"], stamp), True)
            lasting = pc.fill_null(pc.greater(versions["valid_to"], stamp), True)
            key = TABLES[name].key[0]
            plain = rows.filter(pc.invert(pc.is_in(rows[key], value_set=versions[key].combine_chunks())))
            then = versions.filter(pc.and_(begun, lasting)).select(rows.column_names)
            return pa.concat_tables([plain, then]).sort_by(key)
        if "at" in rows.column_names:
            return rows.filter(pc.less(rows["at"], pa.scalar(at, pa.timestamp("us"))))
        return rows

    def accounts_side_by_side(self) -> list[dict[str, Any]]:
        """Rows in force of accounts of several holders, currencies or periods; accounts of one row are not among them.

        Of a number that was used again, each row names the account of its period.
        """
        versions = self.arrow(VERSIONED["accounts"])
        rows: list[dict[str, Any]] = versions.filter(pc.is_null(versions["valid_to"])).to_pylist()
        ids = self.account_ids
        return named_by_period(rows, ids.filter(pc.match_substring_regex(ids, FORMER)).to_pylist())

    @property
    def zone(self) -> str:
        """The time zone that the bank's days and nights are in; UTC where no load said one."""
        return self.snapshot.zone or "UTC"

    @cached_property
    def clock(self) -> Clock:
        """The bank's clock over the ledger's days."""
        return Clock.of(self.zone, self.since, self.until)

    @cached_property
    def clocks(self) -> Clocks | None:
        """The clock of each account in `account_ids`; None where all have the ledger's."""
        accounts = self.arrow("accounts", ["account_id", "bank", "zone"]).sort_by("account_id")
        return Clocks.of(accounts, {**self.snapshot.zones, "": self.zone}, self.since, self.until)

    def local_microseconds(self, at: np.ndarray, account: np.ndarray | None = None) -> np.ndarray:
        """Microseconds since 1970 on the clock of each time's account, of times in UTC within the ledger's days.

        `account` holds places in `account_ids`; without it the ledger's zone counts for all.
        """
        clocks = None if account is None else self.clocks
        return self.clock.local(at) if clocks is None or account is None else clocks.local(at, account)

    def codes(self, column: str) -> tuple[np.ndarray, list[str]]:
        """A column of all transfers as numbers of its distinct values, and these; a missing one has the next number."""
        paths = self.paths("transfers")
        parts = [pq.read_table(path, columns=[column], read_dictionary=[column], partitioning=None) for path in paths]
        chunks = pa.concat_tables(parts).column(0).unify_dictionaries().chunks
        if not chunks:
            return np.empty(0, np.int32), []
        values = chunks[0].dictionary.to_pylist()
        return np.concatenate([chunk.indices.fill_null(len(values)).to_numpy() for chunk in chunks]), values

    @cached_property
    def account_ids(self) -> pa.Array:
        """Every account id, sorted; an account's place in it is its number in the kernels."""
        return self.arrow("accounts", ["account_id"]).column(0).combine_chunks()

    def account_numbers(self, ids: list[str]) -> np.ndarray:
        """Numbers of the given accounts; −1 where an id is not in the ledger."""
        return self.account_numbers_of(pa.array(ids, pa.string()))

    def account_numbers_of(self, ids: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """The same for ids in Arrow; −1 also for none."""
        return places_in_order(ids, self.account_ids)

    def settling_numbers_of(self, ids: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Numbers of the accounts that money for the given ids ends on: the one behind, of virtual numbers."""
        return self.settled(self.account_numbers_of(ids))

    def settled(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers of the accounts that money for these ends on; −1 stays so."""
        behind = self._settles_on
        return numbers if behind is None else np.where(numbers < 0, numbers, behind[numbers])

    @cached_property
    def _settles_on(self) -> np.ndarray | None:
        """By account number, the number of the account behind it; None where every account is its own."""
        rows = self.arrow("accounts", ["settles_on"]).column(0)
        if rows.null_count == len(rows):
            return None
        numbers = np.arange(len(rows), dtype=np.int64)
        behind = self.account_numbers_of(rows.combine_chunks())
        given = behind >= 0
        numbers[given] = behind[given]
        # A number may stand for one that stands for another; a circle ends after as many steps as there are.
        for _ in range(MAX_SETTLING_STEPS):
            numbers = numbers[numbers]
        return numbers

    @cached_property
    def _starts(self) -> np.ndarray:
        rows = [file.rows for file in self.snapshot.of("transfers")]
        return np.concatenate([[0], np.cumsum(rows)])

    def rows_of(self, numbers: np.ndarray, columns: list[str] | None = None) -> pa.Table:
        """The transfers with these row numbers, in the order given."""
        wanted, back = np.unique(np.asarray(numbers, dtype=np.int64), return_inverse=True)
        parts: list[pa.Table] = []
        for place, path in enumerate(self.paths("transfers")):
            low, high = np.searchsorted(wanted, self._starts[place : place + 2])
            if low < high:
                parts.append(rows_of_file(path, wanted[low:high] - self._starts[place], columns))
        schema = TABLES["transfers"].arrow_schema
        empty = pa.schema([schema.field(name) for name in columns or schema.names]).empty_table()
        return (
            pa.concat_tables([empty, *(part.cast(empty.schema) for part in parts)])
            .combine_chunks()
            .take(pa.array(back))
        )

    def transfer_rows(self, numbers: np.ndarray, columns: list[str] | None = None) -> pd.DataFrame:
        """The same as a data frame, `row` added as the first column."""
        frame: pd.DataFrame = self.rows_of(numbers, columns).to_pandas()
        frame.insert(0, "row", np.asarray(numbers, dtype=np.int64))
        return frame

    def row_of(self, transfer_ids: list[str]) -> dict[str, int]:
        """Row numbers of transfers by id; ids that the ledger does not hold are left out."""
        numbers = self.row_numbers(pa.array(transfer_ids, pa.string()))
        return {each: int(row) for each, row in zip(transfer_ids, numbers, strict=True) if row >= 0}

    def row_numbers(self, transfer_ids: pa.Array) -> np.ndarray:
        """Row numbers of distinct transfer ids; −1 where the ledger does not hold one."""
        found = np.full(len(transfer_ids), -1, np.int64)
        paths = [str(path) for path in self.paths("transfers")]
        # Most of what is asked for is of the latest days: the others are read for what is not in these.
        for some in (paths[-LATEST_DAYS:], paths[:-LATEST_DAYS]):
            missing = np.flatnonzero(found < 0)
            if not some or not len(missing):
                continue
            rows = rows_of_ids(self._joins.cursor(), some, transfer_ids.take(pa.array(missing)))
            if not len(rows):
                continue
            files = rows["filename"].combine_chunks().dictionary_encode()
            start = np.array([self._starts[paths.index(path)] for path in files.dictionary.to_pylist()])
            found[missing[rows["number"].to_numpy()]] = start[files.indices.to_numpy()] + rows["row"].to_numpy()
        return found

    @cached_property
    def _joins(self) -> duckdb.DuckDBPyConnection:
        """Kept, since a new connection costs more than the join: 25 of 44 ms on the sample."""
        return duckdb.connect()

    def between(self, since: pd.Timestamp | None, until: pd.Timestamp | None) -> ir.Table:
        """Transfers with since ≤ at < until (UTC, either may be None)."""
        chosen = self.transfers
        if since is not None:
            chosen = chosen.filter(chosen["at"] >= ibis.timestamp(str(since)))
        if until is not None:
            chosen = chosen.filter(chosen["at"] < ibis.timestamp(str(until)))
        return chosen

    def dataset(self, name: str) -> ds.Dataset:
        """A table as a stream of record batches, for what must not hold it whole (the graph)."""
        paths = [str(path) for path in self.paths(name)]
        return ds.dataset(paths, format="parquet", schema=TABLES[name].arrow_schema)


def _without_bar(engine: ibis.BaseBackend) -> ibis.BaseBackend:
    """Without DuckDB's bar, which goes to standard output, where nothing but the answer belongs."""
    # A notebook without widgets has no bar, and refuses to be told so.
    with suppress(duckdb.InvalidInputException):
        engine.raw_sql("SET enable_progress_bar = false")
    return engine


def _has_hours(path: Path) -> bool:
    at = pq.read_table(path, columns=["at"], partitioning=None).column(0).cast("int64").to_numpy()
    return bool((at % MICROSECONDS_A_DAY).any())


def minor_units(amounts: pa.ChunkedArray, currencies: pa.ChunkedArray) -> np.ndarray:
    """Exact amounts as int64 counts of each row's smallest coin: 12.34 EUR → 1234, 500 VND → 500."""
    values = [_unscaled(chunk) for chunk in amounts.chunks]
    thousandths: np.ndarray = np.concatenate(values) if values else np.empty(0, np.int64)
    places = {code: 10 ** (AMOUNT_PLACES - exponent) for code, exponent in minor_exponents().items()}
    distinct = pc.unique(currencies).to_pylist()
    if len(distinct) == 1:
        return np.asarray(thousandths // places[distinct[0]])
    codes = pc.index_in(currencies, value_set=pa.array(distinct, pa.string())).to_numpy()
    return np.asarray(thousandths // np.array([places[code] for code in distinct], dtype=np.int64)[codes])


def in_currency(minor: int, code: str) -> Decimal:
    """An amount in minor units as the ledger writes it: 1234 EUR → 12.340."""
    return Decimal(minor * 10 ** (AMOUNT_PLACES - minor_exponents()[code])).scaleb(-AMOUNT_PLACES)


def amounts(minor: np.ndarray, currencies: pa.Array) -> pa.Array:
    """The same for columns: int64 counts of the smallest coin as the ledger's decimals. Inverse of `minor_units`."""
    codes = currencies.dictionary_encode()
    exponents = minor_exponents()
    factors = np.array([10 ** (AMOUNT_PLACES - exponents[code]) for code in codes.dictionary.to_pylist()], np.int64)
    return decimals(np.asarray(minor, np.int64) * factors[codes.indices.to_numpy()])


def decimals(thousandths: np.ndarray) -> pa.Array:
    """Amounts as the ledger writes them, of int64 thousandths of a currency's unit: 12340 → 12.340."""
    # A decimal128 is 16 bytes, low word first; the high one only carries the sign.
    words = np.stack([thousandths, thousandths >> 63], axis=1)
    return pa.Array.from_buffers(ARROW_TYPE[Kind.AMOUNT], len(words), [None, pa.py_buffer(np.ascontiguousarray(words))])


def _unscaled(decimals: pa.Array) -> np.ndarray:
    """The 18 digits of each decimal128(18, n) as int64: its low 8 bytes, since the value fits in them."""
    words = np.frombuffer(decimals.buffers()[1], dtype=np.int64)
    return words[2 * decimals.offset : 2 * (decimals.offset + len(decimals)) : 2]
