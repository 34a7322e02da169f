"""Foreign names, separators, formats and spellings; and a public data set's shape loaded whole."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import pytest

from mulegraph.errors import DataError, UsageError
from mulegraph.ingest.mapping import FileMapping, read_mapping
from mulegraph.ingest.rules import Rule

from .conftest import HEAD, Bank

ROOT = Path(__file__).parents[2]
AMLSIM = ROOT / "sample_data" / "mappings" / "amlsim.toml"

AMLSIM_ACCOUNTS = """\
acct_id,dsply_nm,type,acct_stat,acct_rptng_crncy,prior_sar_count,branch_id,open_dt,close_dt,\
initial_deposit,tx_behavior_id,bank_id,first_name,last_name,street_addr,city,state,country,zip,gender,birth_date,ssn,lon,lat
0,C_0,SAV,A,USD,False,1,2017-01-01T00:00:00Z,4754-11-29T00:00:00Z,84442.19,1,bank_a,Ann,Lee,\
"1 Elm St, Apt 2",Troy,NY,US,12180,Female,1980-02-03,001-22-3333,-73.6,42.7
1,C_1,I,A,USD,True,1,2017-01-01T00:00:00Z,4754-11-29T00:00:00Z,75795.44,1,bank_b,Bo,Day,\
2 Oak Ave,Utica,NY,US,13501,Male,1975-12-31,002-33-4444,-75.2,43.1
"""
AMLSIM_TRANSACTIONS = """\
tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp,is_sar,alert_id
1,0,1,TRANSFER,858.77,2017-01-01T00:00:00Z,False,-1
2,1,0,WIRE,386.86,2017-01-02T00:00:00Z,True,10
3,1,7,TRANSFER,1.00,2017-01-03T00:00:00Z,False,-1
"""


def test_a_public_data_set_loads_through_the_worked_example(bank: Bank):
    """AMLSim's folder, with its answers and cash left out, becomes accounts, holders and transfers."""
    bank.write("accounts.csv", AMLSIM_ACCOUNTS)
    bank.write("transactions.csv", AMLSIM_TRANSACTIONS)
    for name in ("cash_tx.csv", "alert_transactions.csv", "sar_accounts.csv", "tx_log.csv"):
        bank.write(name, "x,y\n1,2\n")
    bank.mapping = read_mapping(AMLSIM)

    report = bank.load()

    assert {name: tally.taken for name, tally in report.tables.items()} == {
        "accounts": 2,
        "holders": 2,
        "transfers": 2,
    }
    assert bank.rejects(report) == [(4, "target", "7", Rule.UNKNOWN_ACCOUNT)]
    assert bank.values("channel") == ["online", "wire"]
    assert bank.values("amount") == [Decimal("858.77"), Decimal("386.86")]
    assert bank.values("opened_on", "accounts") == [dt.date(2017, 1, 1)] * 2
    assert bank.values("holder_id", "accounts") == ["0", "1"]
    assert bank.values("address", "holders") == ["1 Elm St, Apt 2", "2 Oak Ave"]
    assert report.ignored_columns["transactions.csv"] == ("is_sar", "alert_id")
    assert "close_dt" in report.ignored_columns["accounts.csv"]
    assert "ssn" not in report.ignored_columns["accounts.csv"]
    assert report.unknown_files == ["alert_transactions.csv", "cash_tx.csv", "sar_accounts.csv", "tx_log.csv"]


def test_every_key_works_at_once(bank: Bank):
    """Semicolons, decimal commas, own names, formats, constants and spellings; lines stay right."""
    bank.map("""
        zone = "Asia/Ho_Chi_Minh"
        [transfers]
        files = ["tx_*.txt.csv"]
        delimiter = ";"
        decimal = ","
        time_format = "%d/%m/%Y %H:%M"
        columns.transfer_id = "Txn ID"
        columns.source = "From"
        columns.target = "To"
        columns.amount = "Sum"
        columns.at = "Booked"
        columns.channel = "Way"
        constants = { currency = "EUR", place = "Hanoi" }
        values.channel = { "Sofort" = "instant" }
        values.target = { "-" = "" }
        [holders]
        date_format = "%d.%m.%y"
    """)
    rows = [
        "Txn ID;From;To;Sum;Booked;Way;Rest",
        '1;ann;-;1.234.567,05;01/03/2026 06:30;SOFORT;"a',
        'b"',
        "2;ann;bob;1.23;01/03/2026 06:30;sofort;",
        "3;ann;bob;1,5;2026-03-01 06:30;sofort;",
        "4;ann;bob;1.50,5;01/03/2026 06:30;sofort;",
        "5;ann;bob;0,5;01/03/2026 06:30;Schnell;",
    ]
    bank.write("tx_1.txt.csv", "\n".join(rows))
    bank.write("holders.csv", "holder_id,name,date_of_birth\nh,N,29.02.96\n")

    report = bank.load()

    assert bank.rejects(report) == [
        (4, "amount", "1.23", Rule.BAD_AMOUNT),
        (5, "at", "2026-03-01 06:30", Rule.BAD_TIME),
        (6, "amount", "1.50,5", Rule.BAD_AMOUNT),
        (7, "channel", "Schnell", Rule.NOT_IN_LIST),
    ]
    (row,) = bank.ledger.arrow("transfers").to_pylist()
    assert row["amount"] == Decimal("1234567.05")
    assert row["at"] == dt.datetime(2026, 2, 28, 23, 30)
    assert (row["target"], row["place"], row["channel"]) == (None, "Hanoi", "instant")
    assert bank.values("date_of_birth", "holders") == [dt.date(1996, 2, 29)]


@pytest.mark.parametrize(
    ("time_format", "zone", "text", "utc"),
    [
        ("%Y%m%d", "", "20260301", "2026-03-01"),
        ("%Y%m%d", "Asia/Ho_Chi_Minh", "20260301", "2026-03-01"),
        ("%d.%m.%Y %H:%M:%S %z", "", "01.03.2026 09:30:00 +0200", "2026-03-01 07:30"),
        ("%d.%m.%Y %H:%M:%S %z", "Asia/Ho_Chi_Minh", "01.03.2026 09:30:00 +0200", "2026-03-01 07:30"),
        ("%m/%d/%Y %I:%M %p", "America/New_York", "03/01/2026 09:30 PM", "2026-03-02 02:30"),
    ],
)
def test_times_in_their_own_format_become_utc(bank: Bank, time_format: str, zone: str, text: str, utc: str):
    """Dates stay dates, offsets in the text win over the zone."""
    bank.map(f'zone = "{zone}"\n[transfers]\ntime_format = "{time_format}"')
    bank.transfers(f"t,ann,bob,1,EUR,{text},instant,")

    report = bank.load()

    assert bank.rejects(report) == []
    assert bank.values("at") == [dt.datetime.fromisoformat(utc)]


def test_their_own_format_without_a_zone_is_no_time_in_utc(bank: Bank):
    """A clock time whose zone nobody states is a reject, not a guess."""
    bank.map('[transfers]\ntime_format = "%d/%m/%Y %H:%M"')
    bank.transfers("t,ann,bob,1,EUR,01/03/2026 09:30,instant,", "u,ann,bob,1,EUR,soon,instant,")

    report = bank.load()

    assert [reject[3] for reject in bank.rejects(report)] == [Rule.NO_ZONE, Rule.BAD_TIME]


def test_a_mapped_column_that_the_file_lacks_is_named(bank: Bank):
    """Also an optional one: a slip of the pen must not load a table without its devices."""
    bank.map('[transfers]\ncolumns = { device_id = "Device" }')
    bank.transfers("t,ann,bob,1,EUR,2026-03-01,instant,")

    with pytest.raises(DataError, match=r"transfers\.csv:1: column 'Device' is missing .* transfer_id, source"):
        bank.load()


def test_another_mapping_reads_the_same_file_again(bank: Bank):
    """The mark of a loaded file holds how it was read; its rows are known by their keys."""
    bank.transfers("t,ann,bob,1,EUR,2026-03-01,instant,")
    bank.load()
    bank.map('[transfers]\nconstants = { place = "Hue" }')

    report = bank.load()

    assert report.unchanged_files == ["accounts.csv"]
    assert bank.rejects(report) == [(2, "transfer_id", "t", Rule.CONFLICT)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("zone = ", "not valid TOML"),
        ('zone = "Mars/Olympus"', "'Mars/Olympus' is not a time zone"),
        ("zone = 7", "'7' is not a time zone"),
        ('zone = "x\'y"', "is not a time zone"),
        ("[transactions]", "'transactions' is not a table"),
        ("transfers = 1", "'transfers' is not a table"),
        ('[transfers]\nseparator = ";"', r"\[transfers\] 'separator' is an unknown key"),
        ('[transfers]\ndelimiter = ";;"', r"delimiter = ';;'"),
        ('[transfers]\ndelimiter = ""', r"delimiter = ''"),
        ("[transfers]\ndelimiter = '\"'", "delimiter"),
        ('[transfers]\ndelimiter = "→"', "delimiter"),
        ('[transfers]\ndecimal = "\'"', "decimal"),
        ('[transfers]\nfiles = "tx.csv"', "files = 'tx.csv'"),
        ("[transfers]\nfiles = [1]", "files"),
        ("[transfers]\nfiles = []", "files"),
        ('[transfers]\ntime_format = "%Q"', "time_format = '%Q'"),
        ('[transfers]\ntime_format = "dd/mm/yyyy"', "time_format"),
        ("[transfers]\ndate_format = 1", "date_format"),
        (
            '[transfers]\ncolumns = { sender = "From" }',
            "names column 'sender', which transfers does not have",
        ),
        ("[transfers]\ncolumns = { source = 1.5 }", "columns"),
        ("[transfers]\nconstants = { amount = 1 }", "constants"),
        ('[transfers]\nconstants = { channel = "pigeon" }', "gives channel the value 'pigeon'"),
        ('[transfers]\nvalues.channel = { A = "pigeon" }', "gives channel the value 'pigeon'"),
        ('[transfers]\nvalues.channel = "batch"', "values"),
        ('[transfers]\nvalues.kind = { A = "b" }', "names column 'kind'"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_bad_use(bank: Bank, text: str, problem: str):
    """The error names the file, the key and what fits there."""
    with pytest.raises(UsageError, match=problem) as caught:
        bank.map(text)

    assert "mapping.toml" in caught.value.problem
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_a_mapping_file_that_cannot_be_read_is_bad_use(tmp_path: Path):
    """Not there, a folder, and not UTF-8."""
    (tmp_path / "latin.toml").write_bytes(b'zone = "\xe9"')
    for path in (tmp_path / "none.toml", tmp_path, tmp_path / "latin.toml"):
        with pytest.raises(UsageError, match=re.escape(path.name)):
            read_mapping(path)


def test_the_option_wins_over_the_zone_in_the_file(tmp_path: Path):
    """--zone is said last; a wrong one names the option."""
    path = tmp_path / "m.toml"
    path.write_text('zone = "UTC"', encoding="utf-8")

    assert read_mapping(path, zone="Europe/Paris").zone == "Europe/Paris"
    assert read_mapping(path).zone == "UTC"
    assert read_mapping(None) == FileMapping()
    with pytest.raises(UsageError, match="--zone: 'Here' is not a time zone"):
        read_mapping(None, zone="Here")


def test_the_page_on_mappings_explains_every_key_and_its_example_is_valid(tmp_path: Path):
    """docs/mapping.md: a row for each key, and TOML that read_mapping takes."""
    page = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "example.toml"
    path.write_text(example, encoding="utf-8")

    (mapping,) = read_mapping(path).of("transfers")

    rows = set(re.findall(r"^\| `(\w+)", page, re.MULTILINE))
    assert rows == {"zone", "zones", "ids", *mapping.__struct_fields__}
    assert mapping.constants == {"currency": "EUR"}


def test_constants_alone_make_no_rows(bank: Bank):
    """A blank line stays blank, whatever the constants are."""
    bank.map('[transfers]\nconstants = { place = "Hue" }')
    bank.write("transfers.csv", f"{HEAD}\n\n\nt,ann,bob,1,EUR,2026-03-01,instant,\n\n")

    assert bank.load().tables["transfers"].read == 1
