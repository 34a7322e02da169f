"""Shapes of banks' files: layout, encodings, amounts, ids and directions that a mapping can say, or that fail."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mulegraph.errors import DataError, UsageError
from mulegraph.ingest.remarks import About
from mulegraph.ingest.rules import Rule

from .conftest import HEAD, Bank

ROW = "t1,ann,bob,10.00,EUR,2026-03-01T09:00:00Z,instant,rent"


def moved(bank: Bank) -> list[tuple[str, str, str]]:
    """Source, target and amount of every transfer."""
    rows = bank.ledger.arrow("transfers").to_pylist()
    return sorted((row["source"] or "", row["target"] or "", f"{row['amount'].normalize():f}") for row in rows)


def about(report: object) -> set[About]:
    return {remark.about for remark in report.remarks}  # type: ignore[attr-defined]


AMOUNTS = [
    ("", "EUR", "1234.50", "1234.5"),
    ("", "VND", "500.000", None),
    ("", "EUR", "1.500", None),
    ("", "EUR", "12.3400", None),
    ("", "EUR", "1,234.50", None),
    ("", "JPY", "5000.00", "5000"),
    ("", "KWD", "1.234", "1.234"),
    ('grouping = "."', "VND", "500.000", "500000"),
    ('grouping = ","', "EUR", "1,234.50", "1234.5"),
    ('grouping = ","', "EUR", "12,34,567.00", "1234567"),
    ('grouping = ","', "EUR", "1,23.00", None),
    ('decimal = ","', "EUR", "1.234,50", "1234.5"),
    ('decimal = ","\ngrouping = " "', "EUR", "1\u00a0234,50", "1234.5"),
    ('decimal = ","\ngrouping = " "', "EUR", "1 234,50", "1234.5"),
    ('grouping = "\'"', "EUR", "1'234.50", "1234.5"),
    ("minor_units = true", "EUR", "100050", "1000.5"),
    ("minor_units = true", "JPY", "5000", "5000"),
    ("minor_units = true", "KWD", "5", "0.005"),
    ("minor_units = true", "EUR", "1000.50", None),
    ("currency_beside = true", "EUR", "€ 99.90", "99.9"),
    ("currency_beside = true", "EUR", "99.90 EUR", "99.9"),
    ("currency_beside = true", "EUR", "99.90 USD", None),
    ("currency_beside = true", "EUR", "$99.90", None),
    ("currency_beside = true", "VND", "500000đ", "500000"),
]
OWNERS = {"EUR": "ann", "VND": "cho", "JPY": "ken", "KWD": "kim"}


@pytest.mark.parametrize(("mapping", "currency", "text", "amount"), AMOUNTS)
def test_an_amount_is_what_was_declared_or_a_reject(
    bank: Bank, mapping: str, currency: str, text: str, amount: str | None
):
    """No mark is guessed: what may be two sums is none until the mapping says which."""
    bank.map(f"[transfers]\n{mapping}")
    bank.transfers(f'x,{OWNERS[currency]},,"{text}",{currency},2026-03-01,atm,')

    report = bank.load()

    if amount is None:
        assert [rule for *_, rule in bank.rejects(report)] in ([Rule.TOO_PRECISE], [Rule.BAD_AMOUNT])
    else:
        assert bank.values("amount") == [Decimal(amount)]


def test_the_sign_beside_an_amount_gives_the_currency_where_no_column_does(bank: Bank):
    """A sign of several currencies gives none."""
    bank.map("[transfers]\ncurrency_beside = true")
    head = "transfer_id,source,target,amount,at,channel"
    bank.transfers('a,ann,bob,"€ 5.00",2026-03-01,instant', "b,ann,bob,kr 5.00,2026-03-01,instant", head=head)

    report = bank.load()

    assert bank.values("currency") == ["EUR"]
    assert [(line, column) for line, column, *_ in bank.rejects(report)] == [(3, "currency")]


BOOKINGS = [
    ('"sign"', "amount", ["-5.00", "5.00", "5.00-", "(5.00)", "+5.00", "−5.00"], "out in out out in out"),
    (
        '{ column = "way" }',
        "amount,way",
        ["5.00,Af", "5.00,bij", "5.00,S", "5.00,H", "5.00,DR", "5.00,CR"],
        "out in out in out in",
    ),
    ('{ column = "way", out = ["X"], in = ["Y"] }', "amount,way", ["5.00,x", "5.00,Y"], "out in"),
    ('{ debit = "out", credit = "in" }', "out,in", ["5.00,", ",5.00", "5.00,0.00", "-,5.00"], "out in out in"),
    ('{ debit = "out", credit = "in", debits_are_negative = true }', "out,in", ["-5.00,", ",5.00"], "out in"),
    ('{ payer = "from", payee = "to" }', "from,to,amount", ["ann,bob,5.00", "bob,ann,5.00"], "out in"),
]


@pytest.mark.parametrize(("direction", "head", "rows", "ways"), BOOKINGS)
def test_every_way_of_writing_a_direction(bank: Bank, direction: str, head: str, rows: list[str], ways: str):
    """Each row is ann's statement; money out goes from ann to bob, money in from bob to ann."""
    bank.map(
        f"""
        [bookings]
        direction = {direction}
        columns = {{ account_id = "own", counterparty_id = "other", booked_at = "day", booking_id = "id" }}
        constants = {{ currency = "EUR" }}
    """.replace('counterparty_id = "other",', "" if "payer" in direction else 'counterparty_id = "other",')
    )
    lines = [f"b{n},ann,bob,2026-03-{n + 1:02},{row}" for n, row in enumerate(rows)]
    bank.write("bookings.csv", "\n".join([f"id,own,other,day,{head}", *lines]))

    report = bank.load()

    assert bank.rejects(report, "bookings") == []
    by_day = bank.ledger.arrow("transfers").sort_by("at").to_pylist()
    assert " ".join("out" if row["source"] == "ann" else "in" for row in by_day) == ways
    assert {row["amount"] for row in by_day} == {Decimal(5)}


@pytest.mark.parametrize(
    ("direction", "head", "row"),
    [
        ('{ column = "way" }', "amount,way", "5.00,sideways"),
        ('{ debit = "out", credit = "in" }', "out,in", "5.00,6.00"),
        ('{ debit = "out", credit = "in" }', "out,in", ",0.00"),
        ('{ debit = "out", credit = "in" }', "out,in", "-5.00,"),
        ('"sign"', "amount", "-5.00-"),
    ],
)
def test_a_direction_that_is_not_certain_is_a_reject(bank: Bank, direction: str, head: str, row: str):
    """Both ways, neither, an unknown word, a minus too many."""
    bank.map(f"""
        [bookings]
        direction = {direction}
        columns = {{ account_id = "own", counterparty_id = "other", booked_at = "day" }}
        constants = {{ currency = "EUR" }}
    """)
    bank.write("bookings.csv", f"own,other,day,{head}\nann,bob,2026-03-01,{row}\n")

    report = bank.load()

    assert len(bank.rejects(report, "bookings")) == 1


def test_a_direction_belongs_to_bookings(bank: Bank):
    """The error says where it belongs."""
    with pytest.raises(UsageError, match=r"'direction' is a key of \[bookings\]"):
        bank.map('[transfers]\ndirection = "sign"')


def test_lines_above_and_below_the_rows_are_no_rows(bank: Bank):
    """Their text can give columns, and what the file says of itself is compared with what was read."""
    bank.map("""
        [transfers]
        files = ["*.txt"]
        skip_lines = 2
        footer_lines = 1
        file_name = "_(?P<place>[A-Z]+)"
        preamble = { source = "Account: (.+)" }
        totals = { rows = "Rows: ([0-9]+)", sum = "Sum: ([0-9.,]+)" }
        columns = { transfer_id = "id", target = "to" }
        constants = { currency = "EUR", channel = "instant" }
    """)
    rows = ["1,bob,1.50,2026-03-01", "2,bob,x,2026-03-01", "Rows: 3 Sum: 9.99"]
    bank.write("x_HUE.txt", "\n".join(["Report", "Account: ann", "id,to,amount,at", *rows, ""]))

    report = bank.load()

    assert bank.rejects(report) == [(5, "amount", "x", Rule.BAD_AMOUNT)]
    assert (bank.values("source"), bank.values("place")) == (["ann"], ["HUE"])
    told = [remark.text for remark in report.remarks if remark.about is About.TOTALS]
    assert told == ["the file states rows = 3, and 2 were read", "the file states sum = 9.99, and 1.500 were read"]


def test_columns_by_place_and_columns_of_several(bank: Bank):
    """No header, two columns of one name, an id of two values, a time of two."""
    bank.map("""
        zone = "UTC"
        [transfers]
        header = false
        columns.source = 3
        columns.target = 4
        columns.amount = 5
        columns.currency = 6
        columns.at = [7, 8]
        columns.transfer_id = { join = [1, 2], between = "-" }
        constants = { channel = "instant" }
    """)
    bank.write("transfers.csv", "BKA,1,ann,bob,1.00,EUR,2026-03-01,09:30:00\nBKB,1,ann,bob,2.00,EUR,2026-03-01,09:31\n")

    bank.load()

    assert bank.ids() == ["BKA-1", "BKB-1"]
    assert bank.values("at") == [dt.datetime(2026, 3, 1, 9, 30), dt.datetime(2026, 3, 1, 9, 31)]
    assert bank.values("precision") == ["second", "minute"]


def test_a_place_that_the_file_does_not_have_is_an_error(bank: Bank):
    bank.map("[transfers]\nheader = false\ncolumns = { transfer_id = 9 }")
    bank.write("transfers.csv", "a,b\n")

    with pytest.raises(DataError, match="there is no column 9"):
        bank.load()


def test_rows_are_kept_and_left_out_by_value(bank: Bank):
    """And counted."""
    bank.map('[transfers]\nkeep = { State = ["booked", ""] }\ndrop = { Type = ["total"] }')
    rows = [ROW.replace("t1", f"t{n}") + more for n, more in enumerate((",booked,", ",pending,", ",,total", ",,"))]
    bank.transfers(*rows, head=HEAD + ",State,Type")

    report = bank.load()

    assert bank.ids() == ["t0", "t3"]
    assert [remark.rows for remark in report.remarks if remark.about is About.LEFT_OUT] == [2]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-16", ""),
        ("utf-16-le", "utf-16-le"),
        ("windows-1258", "windows-1258"),
        ("utf-8-sig", ""),
        ("utf-8", "windows-1252"),
    ],
)
def test_text_is_read_in_its_encoding(bank: Bank, encoding: str, declared: str):
    """By its byte order mark, or as the mapping says; UTF-8 is seen whatever is said."""
    bank.map(f'[holders]\nencoding = "{declared}"' if declared else "")
    bank.transfers(ROW)
    name = "Trần Đào" if encoding != "windows-1258" else "Tr\u00e2\u0300n Đa\u0300o"
    bank.write("holders.csv", f"holder_id,name\nh1,{name}\n".encode(encoding))

    report = bank.load()

    assert bank.values("name", "holders") == ["Trần Đào"]
    assert (About.ENCODING in about(report)) == (encoding in ("utf-16", "utf-8"))


def test_vietnam_s_old_code_is_read(bank: Bank):
    """TCVN3, which Python does not know: Đ is 0xA7, à 0xB5, ầ 0xC7."""
    bank.map('[holders]\nencoding = "tcvn3"')
    bank.transfers(ROW)
    bank.write("holders.csv", b"holder_id,name\nh1,Tr\xc7n \xa7\xb5o\n")

    bank.load()

    assert bank.values("name", "holders") == ["Trần Đào"]


def test_bytes_that_an_encoding_does_not_have_stop_the_file(bank: Bank):
    bank.map('[holders]\nencoding = "ascii"')
    bank.transfers(ROW)
    bank.write("holders.csv", b"holder_id,name\nh1,caf\xe9\n")

    with pytest.raises(DataError, match=r"holders\.csv: cannot be read"):
        bank.load()


def test_ids_lose_what_protected_them_and_ibans_their_blanks(bank: Bank):
    """Marks of spreadsheets go; blanks only of numbers that are IBANs, since others may have them."""
    accounts = ["account_id,bank,kind,currency", "NL60 TSTA 0000 0000 11,T,personal,EUR", "00 12,T,personal,EUR"]
    bank.write("accounts.csv", "\n".join([*accounts, '"=""007""",T,personal,EUR', "'008,T,personal,EUR"]))
    bank.transfers("t,NL60TSTA0000000011,007,1,EUR,2026-03-01,instant,", "u,00 12,008,1,EUR,2026-03-01,instant,'t Hof")

    report = bank.load()

    assert report.rejects == {}
    assert bank.values("account_id", "accounts") == ["00 12", "007", "008", "NL60TSTA0000000011"]
    assert bank.values("reference") == [None, "'t Hof"]


def test_ids_take_the_form_that_the_mapping_gives_them_in_every_table(bank: Bank):
    """Also where a list names them."""
    bank.map('[ids]\naccount = { blanks = "remove", marks = "remove", case = "upper", zeros = "strip", pad = 6 }')
    bank.write("accounts.csv", "account_id,bank,kind,currency\n00-12 a,T,personal,EUR\n7,T,personal,EUR\n")
    bank.transfers("t,12A,0007,1,EUR,2026-03-01,instant,")
    head = "subject_kind,subject_id,list,source,listed_at,confidence"
    bank.write("listings.csv", f"{head}\naccount,12-A,suspicion,x,2026-03-01,1\ndevice,12-A,suspicion,x,2026-03-01,1\n")

    bank.load()

    assert bank.values("source") == ["00012A"]
    assert sorted(bank.values("subject_id", "listings")) == ["00012A", "12-A"]


def test_unknown_accounts_that_differ_by_spelling_are_proposed(bank: Bank):
    """The message says in which spelling they are known, how many, and what to say in the mapping."""
    bank.transfers("t,ANN,bob,1,EUR,2026-03-01,instant,", "u,ann,BOB,1,EUR,2026-03-01,instant,", ROW)

    report = bank.load()

    (text,) = [remark.text for remark in report.remarks if "become known" in remark.text]
    assert "of 2 rows with an unknown account, 2 become known in capitals" in text
    assert 'case = "upper"' in text


def test_numbers_that_lost_digits_are_refused(bank: Bank):
    """Scientific notation in a CSV file, floating numbers in a Parquet file."""
    accounts = [f"{number},T,personal,EUR" for number in ("9.70436E+15", "ann", "1E5")]
    bank.write("accounts.csv", "\n".join(["account_id,bank,kind,currency", *accounts]))
    bank.transfers("t,ann,1E5,1,EUR,2026-03-01,instant,")
    report = bank.load()
    assert bank.rejects(report, "accounts") == [(2, "account_id", "9.70436E+15", Rule.SCIENTIFIC)]

    (bank.folder / "transfers.csv").unlink()
    table = {"transfer_id": ["t"], "source": [9704360000000017.0], "target": ["ann"], "amount": [1.5]}
    more = {"currency": ["EUR"], "at": ["2026-03-01"], "channel": ["instant"]}
    pq.write_table(pa.table(table | more), bank.folder / "transfers.parquet")
    with pytest.raises(DataError, match="column 'source' holds ids as floating numbers"):
        bank.load()


def test_wrong_check_digits_are_told(bank: Bank):
    """Of countries that have IBANs only, and without the number."""
    numbers = ("NL61TSTA0000000011", "NL60TSTA0000000011", "XX12ABCDEFGHIJKLMN")
    rows = [f"{number},T,personal,EUR" for number in numbers]
    bank.write("accounts.csv", "\n".join(["account_id,bank,kind,currency", *rows]))
    bank.transfers("t,NL60TSTA0000000011,NL61TSTA0000000011,1,EUR,2026-03-01,instant,")

    report = bank.load()

    (remark,) = [remark for remark in report.remarks if remark.about is About.CHECK_DIGITS]
    assert remark.rows == 1
    assert "NL61" not in str(remark)


def test_rows_without_ids_get_the_same_ones_from_every_export(bank: Bank):
    """Equal payments of a file are so many payments; in an overlapping export they are known."""
    bank.map("[transfers]\nfiles = ['t*.csv']\nmake_ids = true")
    head, row = "source,target,amount,currency,at,channel", "ann,bob,1.49,EUR,2026-03-01,instant"
    bank.transfers(row, row, name="t1.csv", head=head)
    bank.transfers(row.replace("03-01", "03-02"), row, row, name="t2.csv", head=head)

    report = bank.load()

    tally = report.tables["transfers"]
    assert (tally.taken, tally.already_there, tally.rejected) == (3, 2, 0)
    assert len(set(bank.ids())) == 3


def test_no_customer_stands_in_a_message(bank: Bank):
    """Neither the first row of a file without a header nor a value of a column that was shifted."""
    bank.write("transfers.csv", "T1,NL60TSTA0000000011,Person Nine\n")
    with pytest.raises(DataError, match="the first line has 3 values") as caught:
        bank.load()
    assert "Nine" not in str(caught.value)
    assert "NL60" not in str(caught.value)

    shifted = ["t,ann,bob,Person Nine,EUR,2026-03-01,instant,", "u,ann,bob,1,NL60TSTA0000000011,2026-03-01,instant,"]
    bank.transfers(*shifted)
    with pytest.raises(DataError, match="2 of 2 rows") as caught:
        bank.load(limit=None)
    assert "Nine" not in str(caught.value)
    assert "NL60" not in str(caught.value)


def test_reports_that_count_nowhere_are_named(bank: Bank):
    """A payment that is not there, and one that the victim did not make."""
    bank.transfers(ROW)
    head = "report_id,transfer_id,victim_account,reported_at"
    rows = ["R1,t1,ann,2026-03-02", "R2,t9,ann,2026-03-02", "R3,t1,bob,2026-03-02"]
    bank.write("reports.csv", "\n".join([head, *rows]))

    report = bank.load()

    told = [remark.text for remark in report.remarks if remark.about is About.REPORTS]
    assert [text.rpartition(": ")[2] for text in told] == ["R2 (t9)", "R3 (t1)"]


def test_what_is_empty_or_impossible_is_told(bank: Bank):
    """A file without rows, a column without values, dates that no payment has."""
    bank.transfers("t,ann,bob,1,EUR,1970-01-01,instant,", "u,ann,bob,1,EUR,2199-01-01,instant,")
    bank.write("devices.csv", "device_id,kind\n")

    report = bank.load()

    assert {About.EMPTY_FILE, About.EMPTY_COLUMN, About.DATES} <= about(report)
    assert report.sums["transfers"][0]["sum"] == Decimal(2)
