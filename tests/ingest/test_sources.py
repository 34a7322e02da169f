"""Files as they come: empty, headless, zipped, misnamed, half a file, Parquet of many types."""

from __future__ import annotations

import datetime as dt
import gzip
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mulegraph.errors import DataError, UsageError
from mulegraph.ingest.rules import Rule

from .conftest import ACCOUNTS, HEAD, Bank, text_table

ROW = "t1,ann,bob,10.00,EUR,2026-03-01T09:00:00Z,instant,rent"


def test_a_header_alone_is_a_table_without_rows(bank: Bank):
    """With and without an end of line; nothing is read, nothing is wrong."""
    for header in (HEAD, HEAD + "\n", HEAD + "\r\n\r\n"):
        bank.write("transfers.csv", header)

        report = bank.load()

        assert report.tables["transfers"].read == 0
        assert report.rejects == {}


def test_accounts_without_rows_make_every_transfer_a_reject(bank: Bank):
    """No account is known then, and no engine trips over it."""
    bank.write("accounts.csv", ACCOUNTS.splitlines()[0])
    bank.transfers(ROW)

    report = bank.load()

    assert bank.rejects(report) == [(2, "source", "ann", Rule.UNKNOWN_ACCOUNT)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", r"transfers\.csv:1: is empty"),
        (b"\xef\xbb\xbf", r"transfers\.csv:1: is empty"),
        (b"\n\nx", r"transfers\.csv:1: the first line is empty"),
        (b"transfer_id,amount\n", r"transfers\.csv:1: column 'currency' is missing .*transfer_id, amount"),
        (b"transfer_id,amount,amount,currency,at,channel", r"column 'amount' stands twice"),
        (b"\xff\xfe\x00", r"transfers\.csv: cannot be read"),
        (HEAD.replace("at", "\xe4t").encode("latin-1"), r"transfers\.csv:1: the header is not UTF-8"),
        (f'{HEAD}\n{ROW}\nt2,ann,"bob,1\n{ROW}\n'.encode(), r"transfers\.csv:3: a quote is opened"),
        (f'{HEAD}\n{ROW}\n{ROW[:-4]}"re\nnt\n{ROW}\n'.encode(), r"transfers\.csv:3: a quote is opened"),
        (f'{HEAD}\n{ROW}\n{ROW[:-4]}"'.encode() + b"x\n" * 9_000_000, r"cannot be read after line"),
    ],
)
def test_a_file_that_is_no_table_is_refused_whole(bank: Bank, content: bytes, problem: str):
    """The error names the file and the line, and the ledger stays as it was."""
    bank.transfers(ROW)
    before = bank.load().ledger_hash
    bank.write("transfers.csv", content)

    with pytest.raises(DataError, match=problem) as caught:
        bank.load()

    assert caught.value.hint
    assert bank.ledger.hash == before


def test_quotes_that_close_are_text(bank: Bank):
    """Line breaks in the very last value, doubled quotes and inches are no open quote."""
    last = ROW.replace("t1", "t3").replace("rent", '"two\nlines ""quoted"""')
    bank.transfers(ROW, ROW.replace("t1", "t2").replace("rent", '5" pipe'), last)

    report = bank.load()

    assert report.rejects == {}
    assert sorted(bank.values("reference")) == ['5" pipe', "rent", 'two\nlines "quoted"']


def test_unknown_columns_are_left_out_and_told(bank: Bank):
    """A column of theirs is no error; the report names it."""
    bank.transfers(ROW + ",7", head=HEAD + ",risk score")

    report = bank.load()

    assert report.ignored_columns == {"transfers.csv": ("risk score",)}
    assert report.tables["transfers"].taken == 1


def test_unknown_files_are_left_out_and_told(bank: Bank):
    """Also those that only look like a table: a letter, an archive of another kind, a folder."""
    bank.transfers(ROW)
    for name in ("customers.csv", "transfers.docx", "accounts.csv.rar", "notes.txt", ".transfers.csv.swp"):
        bank.write(name, "x")
    (bank.folder / "transfers.parquet").mkdir()

    report = bank.load()

    assert report.unknown_files == [
        "accounts.csv.rar",
        "customers.csv",
        "notes.txt",
        "transfers.docx",
        "transfers.parquet",
    ]


def test_a_table_may_come_in_parts_zipped_or_in_capitals(bank: Bank):
    """transfers-*.csv, transfers_2026….csv.gz and TRANSFERS.CSV all feed transfers."""
    (bank.folder / "transfers-a.csv").write_text(f"{HEAD}\n{ROW}\n", encoding="utf-8")
    (bank.folder / "transfers-Z.CSV.GZ").write_bytes(gzip.compress(f"{HEAD}\n{ROW.replace('t1', 't4')}".encode()))
    zipped = f"{HEAD}\n{ROW.replace('t1', 't2')}\nbad\n".encode()
    (bank.folder / "transfers_2026-03.csv.gz").write_bytes(gzip.compress(zipped))
    bank.transfers(ROW.replace("t1", "t3"), name="TRANSFERS.CSV")

    report = bank.load()

    assert sorted(bank.ids()) == ["t1", "t2", "t3", "t4"]
    assert bank.rejects(report) == [(3, "", "bad", Rule.TOO_FEW_COLUMNS)]


@pytest.mark.parametrize("content", [b"not gzip", gzip.compress((HEAD + "\n" + ROW).encode())[:-12], b"\x1f\x8b"])
def test_a_broken_zip_is_named(bank: Bank, content: bytes):
    """Not gzip at all, and gzip that ends early."""
    bank.write("transfers.csv.gz", content)

    with pytest.raises(DataError, match=r"transfers\.csv\.gz"):
        bank.load()


def test_a_broken_parquet_file_is_named(bank: Bank):
    """Text with a Parquet name, an empty file, and a file cut short."""
    pq.write_table(pa.table({"transfer_id": ["a"] * 1000}), bank.folder / "x.bin")
    for content in (b"hello", b"", (bank.folder / "x.bin").read_bytes()[:-30]):
        bank.write("transfers.parquet", content)

        with pytest.raises(DataError, match=r"transfers\.parquet: cannot be read"):
            bank.load()


def test_a_nested_parquet_column_is_named(bank: Bank):
    """A list where text belongs is refused with the file's name."""
    table = text_table(bank.transfers(ROW)).set_column(7, "reference", pa.array([["a", "b"]]))
    pq.write_table(table, bank.folder / "transfers.parquet")
    (bank.folder / "transfers.csv").unlink()

    with pytest.raises(DataError, match=r"transfers\.parquet: cannot be read"):
        bank.load()


def test_parquet_rows_are_checked_like_csv_rows(bank: Bank):
    """Row numbers, counted from 1, take the place of lines."""
    rows = [ROW, ROW.replace("10.00", "-1"), ROW.replace("t1", "t2"), ",ann,bob,1,EUR,2026-03-01,instant,"]
    table = text_table(bank.transfers(*rows))
    (bank.folder / "transfers.csv").unlink()
    pq.write_table(table, bank.folder / "transfers.parquet")

    report = bank.load()

    assert bank.rejects(report) == [
        (2, "amount", "-1", Rule.NOT_POSITIVE),
        (4, "transfer_id", "", Rule.MISSING),
    ]


@pytest.mark.parametrize(
    "amounts",
    [
        pa.array([Decimal("123456789012.5"), Decimal("3.00")], pa.decimal128(20, 4)),
        pa.array([123456789012.5, 3.0], pa.float64()),
        pa.array(["123456789012.50", "3"], pa.large_string()),
        pa.array([b"123456789012.50", b"3"], pa.binary()),
        pa.array(["123456789012.50", "3"]).dictionary_encode(),
    ],
    ids=["decimal", "float", "large text", "bytes", "dictionary"],
)
@pytest.mark.parametrize(
    "times",
    [
        pa.array([dt.datetime(2026, 3, 1, 9)] * 2, pa.timestamp("ns", "Europe/Amsterdam")),
        pa.array([dt.datetime(2026, 3, 1, 9)] * 2, pa.timestamp("ms", "UTC")),
        pa.array(["2026-03-01T10:00:00+01:00"] * 2),
    ],
    ids=["ns", "ms", "text"],
)
def test_parquet_types_all_lead_to_the_same_ledger(bank: Bank, amounts: pa.Array, times: pa.Array):
    """Typed or text, an amount and a time are the same in the ledger."""
    table = pa.table(
        {
            "transfer_id": ["a", "b"],
            "source": ["ann", ""],
            "target": pa.array(["bob", "bob"], pa.string_view()),
            "amount": amounts,
            "currency": ["EUR", "EUR"],
            "at": times,
            "channel": ["instant", "cash"],
        }
    )
    pq.write_table(table, bank.folder / "transfers.parquet")

    report = bank.load()

    assert bank.rejects(report) == []
    assert bank.values("amount") == [Decimal("123456789012.5"), Decimal(3)]
    assert bank.values("at") == [dt.datetime(2026, 3, 1, 9)] * 2
    assert bank.values("source") == ["ann", None]


def test_parquet_amounts_that_are_not_numbers_are_rejects(bank: Bank):
    """NaN, infinity, a rounding error and 1e300 do not get in by being typed."""
    table = text_table(bank.transfers(*[ROW.replace("t1", f"t{n}") for n in range(5)]))
    odd = pa.array([float("nan"), float("inf"), 0.1 + 0.2, 1e300, 1e5])
    pq.write_table(table.set_column(3, "amount", odd), bank.folder / "transfers.parquet")
    (bank.folder / "transfers.csv").unlink()

    report = bank.load()

    rules = [rule for _, _, _, rule in bank.rejects(report)]
    assert rules == [Rule.BAD_AMOUNT, Rule.BAD_AMOUNT, Rule.TOO_PRECISE, Rule.TOO_LONG]
    assert bank.values("amount") == [Decimal(100_000)]


def test_progress_is_told_the_bytes_of_the_file(bank: Bank):
    """What it hears adds up to the size of each file, zipped or not."""
    rows = "".join(f"t{n},ann,bob,1,EUR,2026-03-01,instant,{n * 7919}\n" for n in range(300_000))
    bank.write("transfers.csv.gz", gzip.compress(f"{HEAD}\n{rows}".encode(), 1))
    heard: dict[str, int] = {}

    def progress(name: str, read: int, size: int) -> None:
        assert read >= 0
        heard[name] = heard.get(name, 0) + read
        assert heard[name] <= size

    bank.load(progress=progress)

    sizes = {path.name: path.stat().st_size for path in bank.folder.iterdir()}
    assert heard == sizes


@pytest.mark.parametrize("name", ["nowhere", "file.csv"])
def test_a_folder_that_is_none_is_bad_use(bank: Bank, name: str):
    """A missing folder, and a file where a folder belongs."""
    bank.write("file.csv", "x")
    bank.folder = bank.folder / name

    with pytest.raises(UsageError, match=name) as caught:
        bank.load()

    assert caught.value.exit_code == 2


def test_a_folder_without_the_required_tables_is_bad_use(bank: Bank):
    """First nothing at all, then accounts without transfers."""
    with pytest.raises(UsageError, match=r"transfers\.csv .* is missing"):
        bank.load()
    (bank.folder / "accounts.csv").unlink()
    with pytest.raises(UsageError, match="holds no file to load"):
        bank.load()


def test_a_folder_with_the_signs_of_a_pattern_in_its_name_loads(bank: Bank, tmp_path: Path):
    """Brackets, stars, quotes and blanks in paths are only names."""
    bank.workspace = tmp_path / "it's a [test]* ?"
    bank.transfers(ROW)
    bank.load()
    bank.transfers(ROW.replace("t1", "t2"))

    assert bank.load().tables["transfers"].taken == 1
    assert bank.ledger.transfers.count().execute() == 2
