"""What a load leaves in the ledger, whatever way the rows came."""

from __future__ import annotations

import datetime as dt
import random
import shutil
from dataclasses import astuple
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mulegraph.ingest.load import TableLoad
from mulegraph.ingest.mapping import FileMapping, TableMapping
from mulegraph.ingest.rules import Rule
from mulegraph.schema.tables import TABLES

from .conftest import HEAD, Bank, text_table


def rows_of(count: int) -> list[str]:
    """Good transfers in random order of time over several days."""
    chance = random.Random(count)  # noqa: S311
    return [
        f"t{number:05},{chance.choice(['ann', ''])},bob,{chance.randint(1, 99_999) / 100:.2f},EUR,"
        f"2026-03-{chance.randint(1, 5):02}T{chance.randint(0, 23):02}:{chance.randint(0, 59):02}Z,instant,"
        f'"ref ""{number}"""'
        for number in range(count)
    ]


def test_rows_come_out_typed_and_in_order_of_time(bank: Bank):
    """Amounts are exact decimals, times UTC, empty values null; one file holds one day."""
    bank.transfers(
        "b,ann,,1.10,eur,2026-03-02T00:30:00+01:00, ATM ,",
        "c,ann,bob,2,EUR,2026-03-02,instant,late",
        "a,,ann,1000000.05,EUR,2026-03-01T23:30:00Z,cash,",
    )

    bank.load()

    table = bank.ledger.arrow("transfers")
    assert table.schema.equals(TABLES["transfers"].arrow_schema)
    rows = [
        [row[name] for name in ("transfer_id", "source", "target", "amount", "at", "channel")]
        for row in table.to_pylist()
    ]
    assert rows == [
        ["a", None, "ann", Decimal("1000000.05"), dt.datetime(2026, 3, 1, 23, 30), "cash"],
        ["b", "ann", None, Decimal("1.1"), dt.datetime(2026, 3, 1, 23, 30), "atm"],
        ["c", "ann", "bob", Decimal(2), dt.datetime(2026, 3, 2), "instant"],
    ]
    assert [file.day for file in bank.ledger.snapshot.of("transfers")] == ["2026-03-01", "2026-03-02"]


def test_the_ledger_as_a_table_has_the_columns_of_the_schema(bank: Bank):
    """The folders' names (day=…) are no column, and tables never loaded are empty ones."""
    bank.transfers(*rows_of(10))
    bank.load()

    for name, table in TABLES.items():
        assert list(bank.ledger.table(name).columns) == table.column_names


def test_csv_and_parquet_give_the_same_ledger(bank: Bank):
    """The hash names the content, not the file format."""
    path = bank.transfers(*rows_of(500))
    from_csv = bank.load().ledger_hash
    pq.write_table(text_table(path), bank.folder / "transfers.parquet")
    pq.write_table(text_table(bank.folder / "accounts.csv"), bank.folder / "accounts.parquet")
    for old in bank.folder.glob("*.csv"):
        old.unlink()
    bank.workspace = bank.workspace / "other"

    assert bank.load().ledger_hash == from_csv


def test_loading_the_same_files_twice_changes_nothing(bank: Bank):
    """Not a byte of the workspace, but for the list that sweeping goes by."""
    bank.transfers(*rows_of(100))
    first = bank.load()
    before = contents(bank.workspace)

    second = bank.load()

    assert (first.changed, second.changed) == (True, False)
    assert second.unchanged_files == ["accounts.csv", "transfers.csv"]
    assert second.ledger_hash == first.ledger_hash
    assert contents(bank.workspace) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "PREVIOUS"
    }


def test_the_same_rows_in_another_file_are_already_there(bank: Bank):
    """Rows count by their key, not by the file they stand in."""
    rows = rows_of(100)
    bank.transfers(*rows)
    first = bank.load()
    bank.transfers(*reversed(rows), "new,ann,bob,1,EUR,2026-03-01,instant,")

    second = bank.load()

    assert astuple(second.tables["transfers"]) == astuple(TableLoad(read=101, taken=1, already_there=100, rejected=0))
    assert second.ledger_hash != first.ledger_hash


def test_the_same_file_under_two_names_is_loaded_once(bank: Bank):
    """A copy in the folder is known by its content."""
    bank.transfers(*rows_of(10))
    shutil.copy(bank.folder / "transfers.csv", bank.folder / "transfers-copy.csv")

    report = bank.load()

    assert report.tables["transfers"].taken == 10
    assert report.rejects == {}
    assert report.unchanged_files == ["transfers.csv"]


def test_a_known_key_with_other_content_is_a_reject(bank: Bank):
    """The ledger's row stays; the reject names the key."""
    bank.transfers("t1,ann,bob,1.00,EUR,2026-03-01,instant,rent")
    before = bank.load().ledger_hash
    bank.transfers("t1,ann,bob,1.00,EUR,2026-03-01,instant,rant", "t1,ann,bob,1,EUR,2026-03-02,instant,rent")

    report = bank.load()

    assert bank.rejects(report) == [
        (2, "transfer_id", "t1", Rule.CONFLICT),
        (3, "transfer_id", "t1", Rule.DUPLICATE),
    ]
    assert report.ledger_hash == before
    assert not report.changed


def test_a_key_of_several_columns_repeats_only_as_a_whole(bank: Bank):
    """Device use is known by account, device, time and action together."""
    bank.transfers(*rows_of(1))
    head = "account_id,device_id,at,action,outcome"
    bank.write(
        "device_use.csv",
        f"{head}\nann,d,2026-03-01,login,ok\nann,d,2026-03-01,transfer,ok\nann,d,2026-03-01,login,wrong_pin\n",
    )

    report = bank.load()

    ((line, _, value, rule),) = bank.rejects(report, "device_use")
    assert (line, rule) == (4, Rule.DUPLICATE)
    assert value.startswith("ann d 2026-03-01")


def test_the_order_in_which_parts_are_loaded_does_not_matter(bank: Bank):
    """All at once, in three parts, and in three parts backwards: the same ledger, byte for byte."""
    rows = rows_of(3000)
    parts = [rows[:1000], rows[1000:1500], rows[1500:]]
    hashes = []
    for place, order in enumerate(([rows], parts, parts[::-1])):
        bank.workspace = bank.workspace.with_name(f"workspace{place}")
        for part in order:
            bank.transfers(*part)
            hashes.append(bank.load().ledger_hash)

    assert hashes[0] == hashes[3] == hashes[6]
    assert len(set(hashes)) == 5


def test_a_part_without_nulls_does_not_change_the_files(bank: Bank):
    """A column that happens to be full in one load is as nullable as ever: for the hash, and for readers."""
    full = ["a,ann,bob,1,EUR,2026-03-01,instant,x", "b,ann,bob,1,EUR,2026-03-02,instant,x"]
    empty = ["c,,bob,1,EUR,2026-03-03,instant,"]
    hashes = []
    for place, parts in enumerate(([full + empty], [full, empty], [empty, full])):
        bank.workspace = bank.workspace.with_name(f"workspace{place}")
        for part in parts:
            bank.transfers(*part)
            bank.load()
        hashes.append(bank.ledger.hash)

    assert len(set(hashes)) == 1
    assert bank.ids() == ["a", "b", "c"]


def test_days_without_new_rows_keep_their_files(bank: Bank):
    """A load writes only the days it has something for."""
    bank.transfers(*rows_of(100))
    bank.load()
    before = {file.day: file.path for file in bank.ledger.snapshot.of("transfers")}
    bank.transfers("new,ann,bob,1,EUR,2026-03-02,instant,")
    bank.load()
    after = {file.day: file.path for file in bank.ledger.snapshot.of("transfers")}

    assert [day for day in after if after[day] != before[day]] == ["2026-03-02"]


def test_a_row_refused_for_an_unknown_account_loads_once_the_account_is_there(bank: Bank):
    """A file with rejects is read again; its good rows are known by then."""
    bank.transfers("t1,ann,bob,1,EUR,2026-03-01,instant,", "t2,ann,zoe,1,EUR,2026-03-01,instant,")
    first = bank.load()
    again = bank.load()
    bank.write("accounts-more.csv", "account_id,bank,kind,currency\nzoe,far,personal,EUR\n")
    last = bank.load()

    assert (first.tables["transfers"].rejected, bank.ledger.rejects) == (1, 0)
    assert (again.ledger_hash, again.tables["transfers"].already_there) == (first.ledger_hash, 1)
    assert (last.tables["transfers"].taken, last.rejects) == (1, {})


def test_the_ledger_remembers_how_many_rows_were_refused(bank: Bank):
    """Each file counts as it was last read, so that a mended one no longer counts."""
    bank.transfers("t1,ann,bob,1,EUR,2026-03-01,instant,", "t2,ann,bob,-1,EUR,2026-03-01,instant,", "t3")
    bank.load()
    bank.load()
    assert bank.ledger.rejects == 2

    bank.transfers("t2,ann,bob,1,EUR,2026-03-01,instant,")
    bank.load()
    assert bank.ledger.rejects == 0


ZONE_CASES = [
    ("2026-03-01 09:30", "Europe/Amsterdam", "2026-03-01 08:30"),
    ("2026-07-01T09:30:15.5", "Europe/Amsterdam", "2026-07-01 07:30:15.5"),
    ("2026-03-01 09:30", "UTC", "2026-03-01 09:30"),
    ("2026-03-01 09:30", "Asia/Ho_Chi_Minh", "2026-03-01 02:30"),
    ("2026-03-01", "Asia/Ho_Chi_Minh", "2026-03-01"),
    ("2026-03-01T09:30Z", "Asia/Ho_Chi_Minh", "2026-03-01 09:30"),
    ("2026-03-01T09:30+0200", "Asia/Ho_Chi_Minh", "2026-03-01 07:30"),
    ("2026-03-01T09:30-05", "UTC", "2026-03-01 14:30"),
    ("2026-03-01T09:30-05", "", "2026-03-01 14:30"),
    ("2026-03-01", "", "2026-03-01"),
]


@pytest.mark.parametrize(("text", "zone", "utc"), ZONE_CASES)
def test_times_become_utc(bank: Bank, text: str, zone: str, utc: str):
    """An offset in the value wins over the stated zone; a bare date stays that date in every zone."""
    bank.mapping = FileMapping(zone=zone)
    bank.transfers(f"t,ann,bob,1,EUR,{text},instant,")

    report = bank.load()

    assert bank.rejects(report) == []
    assert bank.values("at") == [dt.datetime.fromisoformat(utc)]


def test_dates_may_carry_a_time_but_nothing_else(bank: Bank):
    """An export's midnight is cut off a date; rubbish behind it is a reject."""
    bank.transfers(*rows_of(1))
    good = ["2020-02-29", "2020-02-29T00:00:00Z", "2020-02-29 00:00:00"]
    bad = ["2020-02-30", "29-02-2020", "2020-02-29?", "0020-02-29", "2200-01-01"]
    rows = [f"h{n},N,{text}" for n, text in enumerate(good + bad)]
    bank.write("holders.csv", "\n".join(["holder_id,name,date_of_birth", *rows]))

    report = bank.load()

    assert bank.values("date_of_birth", "holders") == [dt.date(2020, 2, 29)] * 3
    assert [reject[2:] for reject in bank.rejects(report, "holders")] == [
        *((text, Rule.BAD_DATE) for text in bad[:3]),
        *((text, Rule.FAR_YEAR) for text in bad[3:]),
    ]


def test_a_table_of_another_dialect_is_the_same_ledger(bank: Bank):
    """Semicolons, decimal commas and their own time format lead to the same hash."""
    bank.transfers(
        "a,ann,bob,1234567.50,EUR,2026-03-01T08:30:00Z,instant,",
        "b,ann,bob,3,EUR,2026-03-02T08:30:00Z,instant,",
    )
    bank.mapping = FileMapping(zone="Europe/Amsterdam")
    ours = bank.load().ledger_hash
    bank.workspace = bank.workspace / "other"
    bank.transfers(
        "a;ann;bob;1.234.567,50;EUR;01/03/2026 09:30:00;instant;",
        "b;ann;bob;3;EUR;02/03/2026 09:30:00;instant;",
        head=HEAD.replace(",", ";"),
    )
    theirs = TableMapping(delimiter=";", decimal=",", time_format=("%d/%m/%Y %H:%M:%S",))
    bank.mapping = FileMapping(zone="Europe/Amsterdam", tables={"transfers": (theirs,)})

    assert bank.load().ledger_hash == ours


def test_a_million_rows_are_sorted_the_same_on_any_number_of_threads(bank: Bank):
    """Large tables are written by several threads; the bytes do not tell."""
    rng = random.Random(1)  # noqa: S311
    ids = [f"a{number:06}" for number in range(400_000)]
    hashes = set()
    for place in range(2):
        rng.shuffle(ids)
        columns = {
            "account_id": ids,
            "bank": ["own"] * len(ids),
            "kind": ["personal"] * len(ids),
            "currency": ["EUR"] * len(ids),
        }
        pq.write_table(pa.table(columns), bank.folder / "accounts.parquet")
        (bank.folder / "accounts.csv").unlink(missing_ok=True)
        bank.transfers("t,a000001,a000002,1,EUR,2026-03-01,instant,")
        bank.workspace = bank.workspace.with_name(f"workspace{place}")
        hashes.add(bank.load().ledger_hash)
        assert bank.ledger.account_ids.to_pylist() == sorted(ids)

    assert len(hashes) == 1
