"""Rows a second of each format beside what a machine can do at most with the same bytes, in one run.

    python -m benchmarks.reading [--rows 200000] [--round-trips 2000] [--memory] [--ledger FOLDER]

Each format is read in a process of its own, whose peak of memory stands in the table. The limit of XML is expat
without a handler, of CSV and Parquet DuckDB's own scan. `--memory` loads camt.053 files of two sizes and prints what
each took at most; `--ledger` loads a folder of plain tables. `--round-trips` writes random ledgers as two banks'
camt.053, MT940 and CSV and reads them back (the property of tests/ingest/test_round_trip.py, with more examples).
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import xml.parsers.expat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

from mulegraph.ingest.load import load
from mulegraph.ingest.mapping import TableMapping
from mulegraph.ingest.readers import StatementFile, reader_of
from mulegraph.ingest.sources import SourceFile
from mulegraph.schema.tables import TABLES
from tests.ingest.readers.writers import Payment, camt053, camt_document, iban, mt940

ENTRIES_A_STATEMENT = 1000
START = datetime(2026, 2, 3, tzinfo=UTC)


def payments(account: str, count: int) -> list[Payment]:
    """Payments of one account with a thousand others, some in and some out."""
    others = [iban("NL", "TSTB", number) for number in range(1000)]
    made = []
    for number in range(count):
        other = others[number % 1000]
        ends = (account, other) if number % 2 else (other, account)
        made.append(Payment(*ends, number * 37 % 100_000 + 1, START + timedelta(seconds=number), f"E-{number}"))
    return made


def write_camt(path: Path, rows: int) -> None:
    """Statements of a thousand entries each, as many as are needed."""
    parts = rows // ENTRIES_A_STATEMENT
    accounts = [iban("NL", "TSTA", number) for number in range(parts)]
    head, tail = camt_document(["\0"]).split("\0")
    with path.open("w", encoding="utf-8") as out:
        out.write(head)
        for account in accounts:
            out.write(camt053(account, payments(account, ENTRIES_A_STATEMENT)) + "\n")
        out.write(tail)


def write_mt940(path: Path, rows: int) -> None:
    """The same as MT940."""
    with path.open("w", encoding="utf-8") as out:
        for number in range(rows // ENTRIES_A_STATEMENT):
            account = iban("NL", "TSTA", number)
            out.write(mt940(account, payments(account, ENTRIES_A_STATEMENT), number + 1))


def write_bai2(path: Path, rows: int) -> None:
    """One account's transactions."""
    lines = ["01,1,2,260203,0600,1,80,1,2/", "02,1,122099999,1,260203,0000,USD,2/", "03,00998,USD,/"]
    lines += [f"16,{195 if number % 2 else 495},{number + 1},Z,R{number},C{number},WIRE/" for number in range(rows)]
    path.write_text("\n".join([*lines, "49,0,4/", "98,0,1,6/", "99,0,1,8/", ""]))


def write_ofx(path: Path, rows: int) -> None:
    """One account's transactions, leaves without ends."""
    head = "OFXHEADER:100\n\n<OFX><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>1<ACCTID>2</BANKACCTFROM><BANKTRANLIST>\n"
    body = "".join(
        f"<STMTTRN><TRNTYPE>XFER<DTPOSTED>20260203<TRNAMT>{number + 1}.00<FITID>{number}<NAME>x</STMTTRN>\n"
        for number in range(rows)
    )
    path.write_text(f"{head}{body}</BANKTRANLIST></STMTRS></OFX>\n")


def write_csv(path: Path, rows: int) -> None:
    """Transfers as a table."""
    account = iban("NL", "TSTA", 1)
    table = pa.table(
        {
            "transfer_id": [f"T{number}" for number in range(rows)],
            "source": [account] * rows,
            "target": [iban("NL", "TSTB", 1)] * rows,
            "amount": [f"{number % 9999}.50" for number in range(rows)],
            "currency": ["EUR"] * rows,
            "at": ["2026-02-03T09:00:00Z"] * rows,
            "channel": ["other"] * rows,
        }
    )
    pv.write_csv(table, path)
    pq.write_table(table, path.with_suffix(".parquet"))


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock and of the processor (threads help the first only), and the most memory, in MB."""

    clock: float
    processor: float
    peak: float


def spent(work: Callable[[], object]) -> Spent:
    """The better of two runs, and the peak of this process."""
    clock = processor = float("inf")
    for _ in range(2):
        began, used = time.perf_counter(), time.process_time()
        work()
        clock = min(clock, time.perf_counter() - began)
        processor = min(processor, time.process_time() - used)
    return Spent(clock, processor, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def in_its_own_process(path: Path) -> Spent:
    """Read a file to its end, with nothing read before it."""
    command = [sys.executable, "-m", "benchmarks.reading", "--read", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Spent(*map(float, said.split()))


def read_one(path: Path) -> None:
    """Read a file with the reader that knows it, and print what it took."""
    is_table = path.name.startswith("transfers.")

    def work() -> int:
        return drain(SourceFile(TABLES["transfers"], path, TableMapping()) if is_table else statement(path))

    took = spent(work)
    print(took.clock, took.processor, took.peak)


def drain(source: StatementFile | SourceFile) -> int:
    """Read a file to its end."""
    return sum(batch.num_rows for batch in source.batches(lambda _: None))


def statement(path: Path) -> StatementFile:
    """A bank's file with the reader that knows it."""
    reader = reader_of(path)
    assert reader is not None, path  # noqa: S101 (a benchmark of nothing)
    return StatementFile(path, reader)


def parse_only(path: Path) -> None:
    """expat over the file, with no handler."""
    with path.open("rb") as stream:
        xml.parsers.expat.ParserCreate().ParseFile(stream)


def table_of_speeds(folder: Path, rows: int) -> None:
    """Print a line for each format."""
    makers = {"camt.xml": write_camt, "mt940.sta": write_mt940, "bai2.bai": write_bai2, "ofx.ofx": write_ofx}
    print(f"{rows:,} rows each, {os.cpu_count()} cores")
    head = f"{'format':17} {'MB':>6} {'rows/s':>10} {'rows/cpu s':>10}"
    print(f"{head} {'limit rows/cpu s':>16} {'ratio':>6} {'peak MB':>8}")
    for name, write in makers.items():
        path = folder / name
        write(path, rows)
        limit = spent(lambda path=path: parse_only(path)) if name == "camt.xml" else None
        _line(path, rows, in_its_own_process(path), limit)
    path = folder / "transfers.csv"
    write_csv(path, rows)
    for form, scan in ((".csv", "read_csv"), (".parquet", "read_parquet")):
        file = path.with_suffix(form)
        sql = f"SELECT max(amount), max(channel), max(target) FROM {scan}('{file}')"
        _line(file, rows, in_its_own_process(file), spent(lambda sql=sql: duckdb.execute(sql).fetchall()))


def _line(path: Path, rows: int, took: Spent, limit: Spent | None) -> None:
    beside = f"{rows / limit.processor:16,.0f} {limit.processor / took.processor:6.0%}" if limit else " " * 23
    speeds = f"{rows / took.clock:10,.0f} {rows / took.processor:10,.0f}"
    print(f"{path.name:17} {path.stat().st_size / 1e6:6.1f} {speeds} {beside} {took.peak:8,.0f}", flush=True)


def memory(folder: Path, rows: int) -> None:
    """Load a camt.053 file and one four times as large, each in a process of its own; print its peak."""
    for size in (rows, 4 * rows):
        files = folder / f"files-{size}"
        files.mkdir()
        write_camt(files / "statement.xml", size)
        command = [sys.executable, "-m", "benchmarks.reading", "--load", str(files), str(folder / f"workspace-{size}")]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        print(
            f"camt.053 of {size:,} entries, {(files / 'statement.xml').stat().st_size / 1e6:,.0f} MB: {said}",
            flush=True,
        )


def load_one(files: Path, workspace: Path) -> None:
    """Load, and print the peak of this process."""
    began, used = time.perf_counter(), time.process_time()
    report = load(files, workspace)
    clock, processor = time.perf_counter() - began, time.process_time() - used
    rows = sum(each.read for each in report.tables.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{rows:,} rows loaded in {clock:.0f} s, {rows / clock:,.0f} a second and {rows / processor:,.0f} a processor"
        f" second, at most {peak:,.0f} MB"
    )


def round_trips(count: int) -> None:
    """The property of the tests with as many examples."""
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    from tests.ingest.test_round_trip import ACCOUNTS, ledgers, round_trip

    forms = st.lists(st.sampled_from(["camt.053", "MT940", "CSV"]), min_size=4, max_size=4)

    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(ledgers(), forms)
    def same(made: list[Payment], chosen: list[str]) -> None:
        round_trip(made, dict(zip(ACCOUNTS, chosen, strict=True)))

    same()
    print(f"{count:,} ledgers came back as they were")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--round-trips", type=int, default=0)
    parser.add_argument("--ledger", type=Path, help="a folder of tables, as benchmarks.speed writes them")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--load", type=Path, nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.load:
        load_one(*asked.load)
        return
    if asked.read:
        read_one(asked.read)
        return
    with tempfile.TemporaryDirectory() as scratch:
        table_of_speeds(Path(scratch), asked.rows)
        if asked.memory:
            memory(Path(scratch), asked.rows)
        if asked.ledger:
            load_one(asked.ledger, Path(scratch) / "workspace")
    if asked.round_trips:
        round_trips(asked.round_trips)


if __name__ == "__main__":
    main()
