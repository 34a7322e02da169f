"""Every rule a row can break, and the line that the reject names."""

from __future__ import annotations

import csv

import pytest

from mulegraph.errors import DataError, UsageError
from mulegraph.ingest.rejects import Limit
from mulegraph.ingest.rules import Rule

from .conftest import HEAD, Bank

GOOD = "t1,ann,bob,10.00,EUR,2026-03-01T09:00:00Z,instant,rent"


@pytest.mark.parametrize(
    ("row", "column", "value", "rule"),
    [
        (",ann,bob,1,EUR,2026-03-01,instant,", "transfer_id", "", Rule.MISSING),
        ("   ,ann,bob,1,EUR,2026-03-01,instant,", "transfer_id", "   ", Rule.MISSING),
        ("x,ann,bob,,EUR,2026-03-01,instant,", "amount", "", Rule.MISSING),
        ("x,ann,bob,1,EUR,,instant,", "at", "", Rule.MISSING),
        ("x,zoe,bob,1,EUR,2026-03-01,instant,", "source", "zoe", Rule.UNKNOWN_ACCOUNT),
        ("x,ann,zoe,1,EUR,2026-03-01,instant,", "target", "zoe", Rule.UNKNOWN_ACCOUNT),
        ("x,ann ,bob,1,EUR,2026-03-01,instant,", "source", "ann ", Rule.UNKNOWN_ACCOUNT),
        ("x,,,1,EUR,2026-03-01,instant,", "source", "", Rule.NO_PARTY),
        ("t1,ann,bob,1,EUR,2026-03-01,instant,", "transfer_id", "t1", Rule.DUPLICATE),
        ("x,ann,bob,1,EUR,2026-02-30,instant,", "at", "2026-02-30", Rule.BAD_TIME),
        ("x,ann,bob,1,EUR,yesterday,instant,", "at", "yesterday", Rule.BAD_TIME),
        ("x,ann,bob,1,EUR,epoch,instant,", "at", "epoch", Rule.BAD_TIME),
        ("x,ann,bob,1,EUR,1969-12-31,instant,", "at", "1969-12-31", Rule.FAR_YEAR),
        ("x,ann,bob,1,EUR,2026-03-01x,instant,", "at", "2026-03-01x", Rule.BAD_TIME),
        ("x,ann,bob,1,EUR,2026-03-01 09:30,instant,", "at", "2026-03-01 09:30", Rule.NO_ZONE),
        ("x,ann,bob,0,EUR,2026-03-01,instant,", "amount", "0", Rule.NOT_POSITIVE),
        ("x,ann,bob,0.00,EUR,2026-03-01,instant,", "amount", "0.00", Rule.NOT_POSITIVE),
        ("x,ann,bob,-5,EUR,2026-03-01,instant,", "amount", "-5", Rule.NOT_POSITIVE),
        ("x,ann,bob,NaN,EUR,2026-03-01,instant,", "amount", "NaN", Rule.BAD_AMOUNT),
        ("x,ann,bob,inf,EUR,2026-03-01,instant,", "amount", "inf", Rule.BAD_AMOUNT),
        ("x,ann,bob,1e5,EUR,2026-03-01,instant,", "amount", "1e5", Rule.BAD_AMOUNT),
        ("x,ann,bob,9.5k,EUR,2026-03-01,instant,", "amount", "9.5k", Rule.BAD_AMOUNT),
        ('x,ann,bob,"1,5",EUR,2026-03-01,instant,', "amount", "1,5", Rule.BAD_AMOUNT),
        ("x,ann,bob,三,EUR,2026-03-01,instant,", "amount", "三", Rule.BAD_AMOUNT),
        ("x,ann,bob,1.234,EUR,2026-03-01,instant,", "amount", "1.234", Rule.TOO_PRECISE),
        ("x,ann,bob,0.0001,EUR,2026-03-01,instant,", "amount", "0.0001", Rule.TOO_PRECISE),
        ("x,cho,,1.5,VND,2026-03-01,instant,", "amount", "1.5", Rule.TOO_PRECISE),
        ("x,ken,,0.1,JPY,2026-03-01,instant,", "amount", "0.1", Rule.TOO_PRECISE),
        ("x,kim,,1.2345,KWD,2026-03-01,instant,", "amount", "1.2345", Rule.TOO_PRECISE),
        ("x,ann,bob,10000000000000,EUR,2026-03-01,instant,", "amount", "10000000000000", Rule.TOO_LARGE),
        (f"x,ann,bob,{'9' * 60},EUR,2026-03-01,instant,", "amount", "9" * 60, Rule.TOO_LARGE),
        ("x,ann,bob,1,XXX,2026-03-01,instant,", "currency", "XXX", Rule.UNKNOWN_CURRENCY),
        ("x,ann,bob,1.25,ZZZ,2026-03-01,instant,", "currency", "ZZZ", Rule.UNKNOWN_CURRENCY),
        ("x,ann,bob,1,USD,2026-03-01,instant,", "currency", "USD", Rule.WRONG_CURRENCY),
        ("x,ann,cho,1,EUR,2026-03-01,instant,", "currency", "EUR", Rule.WRONG_CURRENCY),
        ("x,ann,bob,1,EUR,2026-03-01,Teleport,", "channel", "Teleport", Rule.NOT_IN_LIST),
        (f"{'x' * 257},ann,bob,1,EUR,2026-03-01,instant,", "transfer_id", "x" * 200, Rule.TOO_LONG),
        (f"x,ann,bob,1,EUR,2026-03-01,instant,{'é' * 4001}", "reference", "é" * 200, Rule.TOO_LONG),
        (
            "x,ann,bob,1,EUR,2026-03-01,instant,,",
            "",
            "x,ann,bob,1,EUR,2026-03-01,instant,,",
            Rule.TOO_MANY_COLUMNS,
        ),
        ("x,ann,bob", "", "x,ann,bob", Rule.TOO_FEW_COLUMNS),
    ],
)
def test_a_bad_row_is_set_aside_with_its_line_column_value_and_rule(
    bank: Bank, row: str, column: str, value: str, rule: Rule
):
    """One bad row among good ones: it is the only reject, and the good ones are in the ledger."""
    bank.transfers(GOOD, row, GOOD.replace("t1", "t2"))

    report = bank.load()

    assert bank.rejects(report) == [(3, column, value, rule)]
    assert bank.ids() == ["t1", "t2"]
    tally = report.tables["transfers"]
    assert (tally.read, tally.taken, tally.rejected) == (3, 2, 1)


@pytest.mark.parametrize(
    "row",
    [
        "x,ann,ann,1,EUR,2026-03-01,instant,",  # to oneself
        "x,,ann,1,EUR,2026-03-01,cash,",  # paid in
        "x,ann,,1,EUR,2026-03-01,atm,",  # taken out
        "x,cho,,1500,VND,2026-03-01,atm,",
        "x,cho,,1500.00,VND,2026-03-01,atm,",
        "x,kim,,1.234,KWD,2026-03-01,atm,",
        "x,ann,bob,1,eur,2026-03-01, Instant ,",
        "x,ann,bob,+1.50,EUR,2026-03-01,instant,",
        "x,ann,bob,9999999999999.99,EUR,2026-03-01,instant,",
        "x,ann,bob,1,EUR,2026-03-01T09:30+01:00,instant,",
        "x,ann,bob,1,EUR,2026-03-01 09:30:00.123456-0530,instant,",
        f"x,ann,bob,1,EUR,2026-03-01,instant,{'é' * 4000}",
        f"{'x' * 256},ann,bob,1,EUR,2026-03-01,instant,",
    ],
)
def test_a_row_at_the_edge_of_a_rule_is_taken(bank: Bank, row: str):
    """Self transfers, cash, zero and three decimals by currency, spellings in any case, the longest text."""
    bank.transfers(row)

    report = bank.load()

    assert bank.rejects(report) == []
    assert report.tables["transfers"].taken == 1


LINE_7 = [
    (
        "quoted line breaks",
        HEAD + '\n1,ann,bob,1,EUR,2026-03-01,instant,"a\nb\n"\n2,ann,bob,1,EUR,2026-03-01,atm,"x\ny"\n{}\n',
    ),
    ("blank lines", HEAD + "\n\n1,ann,bob,1,EUR,2026-03-01,instant,\n\n\n\n{}\n"),
    ("rows left out", HEAD + '\n1\n2,3\n"4\n",5\n6\n{}\n'),
    ("byte order mark", "\ufeff" + HEAD + "\n\n\n\n\n\n{}\n"),
    ("no end of line", HEAD + "\n\n\n\n\n\n{}"),
    ("CRLF", (HEAD + '\n1,ann,bob,1,EUR,2026-03-01,instant,"a\nb"\n\n\n\n{}\n').replace("\n", "\r\n")),
    ("a header over two lines", HEAD.replace("reference", 'reference,"my\nown"') + "\n\n\n\n\n{},\n"),
    ("a break in an ignored column", HEAD + ',own\n1,ann,bob,1,EUR,2026-03-01,atm,,"a\nb\nc\nd\n"\n{},\n'),
]


@pytest.mark.parametrize("text", [text for _, text in LINE_7], ids=[name for name, _ in LINE_7])
def test_the_line_is_the_one_an_editor_shows(bank: Bank, text: str):
    """Whatever stands above the bad row, its line number is right."""
    bank.write("transfers.csv", text.format("bad,ann,bob,-1,EUR,2026-03-01,instant,"))

    report = bank.load()

    assert (7, "amount", "-1", Rule.NOT_POSITIVE) in bank.rejects(report)


def test_lines_are_right_far_into_a_file_of_many_blocks(bank: Bank):
    """Row numbers survive block borders, misshapen rows and line breaks in every part of a 20 MB file."""
    rows, expected, line = [HEAD], [], 2
    filler = "f" * 900
    for number in range(20_000):
        if number % 997 == 0:
            rows.append('"a\nb",c')
            expected.append(line)
            line += 2
        bad, broken = number % 501 == 0, number % 333 == 0
        text = f'"{filler}\n"' if broken else filler
        rows.append(f"{number},ann,bob,{'-1' if bad else '1'},EUR,2026-03-01,instant,{text}")
        expected += [line] if bad else []
        line += 2 if broken else 1
    bank.transfers(*rows[1:])

    report = bank.load()

    assert [reject[0] for reject in bank.rejects(report)] == expected


def test_text_that_is_not_utf8_is_named_with_its_column(bank: Bank):
    """Latin-1 in one row stops that row only; the value shows a replacement character."""
    row = b"x,ann,bob,1,EUR,2026-03-01,instant,caf\xe9"
    bank.write("transfers.csv", b"\n".join([HEAD.encode(), GOOD.encode(), row, b""]))

    report = bank.load()

    assert bank.rejects(report) == [(3, "reference", "caf\ufffd", Rule.UNDECODABLE)]


def test_a_nul_byte_stops_its_row(bank: Bank):
    """NUL bytes are not text: databases further on cut strings there."""
    bank.transfers(GOOD, "x\0y,ann,bob,1,EUR,2026-03-01,instant,")

    report = bank.load()

    assert bank.rejects(report) == [(3, "transfer_id", "x\ufffdy", Rule.UNDECODABLE)]


def test_rejects_say_what_was_expected(bank: Bank):
    """The last column of a reject is the way out."""
    bank.transfers("x,ann,bob,1,EUR,2026-03-01,teleport,")

    report = bank.load()

    assert report.rejects_folder is not None
    with (report.rejects_folder / "transfers.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["file"] == "transfers.csv"
    assert row["expected"].startswith("one of instant, batch, atm")


def test_rows_of_other_tables_keep_their_own_rules(bank: Bank):
    """Dates, fractions, choices and incomes are checked as well, each in its own rejects file."""
    bank.transfers(GOOD)
    head = "subject_kind,subject_id,list,source,listed_at,confidence"
    bank.write(
        "listings.csv",
        f"{head}\naccount,ann,suspicion,police,2026-03-01,1.01\naccount,ann,gossip,x,2026-03-01,1\n",
    )
    bank.write(
        "holders.csv",
        "holder_id,name,date_of_birth,monthly_income\nh1,A,1990-13-01,\nh2,B,1990-01-01,-1\nh3,C,1990-01-01,0\n",
    )
    events = "event_id,card_id,account_id,kind,amount,at,outcome"
    bank.write(
        "card_events.csv",
        f"{events}\ne1,c,cho,purchase,1.5,2026-03-01,approved\ne2,c,zoe,purchase,1.25,2026-03-01,approved\n",
    )

    report = bank.load()

    assert bank.rejects(report, "listings") == [
        (2, "confidence", "1.01", Rule.BAD_FRACTION),
        (3, "list", "gossip", Rule.NOT_IN_LIST),
    ]
    assert bank.rejects(report, "holders") == [
        (2, "date_of_birth", "1990-13-01", Rule.BAD_DATE),
        (3, "monthly_income", "-1", Rule.NOT_POSITIVE),
    ]
    assert bank.rejects(report, "card_events") == [
        (2, "amount", "1.5", Rule.TOO_PRECISE),
        (3, "account_id", "zoe", Rule.UNKNOWN_ACCOUNT),
    ]
    assert bank.values("holder_id", "holders") == ["h3"]


def test_too_many_rejects_stop_the_load_and_leave_the_ledger_as_it_was(bank: Bank):
    """The error names the first bad row, the option and the rejects file, which is there."""
    bank.transfers(GOOD)
    before = bank.load().ledger_hash
    bank.transfers(*[f"x{n},ann,bob,-1,EUR,2026-03-01,instant,Jane Doe" for n in range(6)], GOOD)

    with pytest.raises(
        DataError, match=r"6 of 7 rows .*--max-rejects \(5 rows\).*transfers.csv:2: column 'amount' holds '-1'"
    ) as caught:
        bank.load(limit=Limit(rows=5))

    assert caught.value.exit_code == 3
    assert "Jane" not in str(caught.value)
    (path,) = [
        part for part in str(caught.value).split() if part.strip("),").endswith(".csv") and "rejects/" in part
    ] or [""]
    assert path
    assert bank.ledger.hash == before
    assert bank.load(limit=Limit(rows=6)).tables["transfers"].rejected == 6


def test_values_that_may_identify_somebody_stay_out_of_the_error(bank: Bank):
    """Account numbers and names are shown in rejects/ only."""
    bank.transfers("x,NL00SECRET,bob,1,EUR,2026-03-01,instant,")

    with pytest.raises(DataError, match="column 'source': unknown account") as caught:
        bank.load(limit=Limit(rows=0))

    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "rejected", "read", "goes_on"),
    [
        ("0", 0, 10, True),
        ("0", 1, 10, False),
        ("250", 250, 250, True),
        ("5%", 5, 100, True),
        ("5%", 6, 100, False),
        ("0%", 1, 1000, False),
        ("0.05", 5, 100, True),
        ("0.05", 6, 100, False),
        ("100%", 10, 10, True),
    ],
)
def test_a_limit_is_a_number_of_rows_or_a_percentage(text: str, rejected: int, read: int, goes_on: bool):
    """What the user asked for is kept to the row."""
    assert Limit.parse(text).allows(rejected, read) is goes_on


def test_without_a_limit_a_load_stops_when_most_rows_are_rubbish():
    """A twentieth of the rows may break rules; ten of a small file are free unless nothing is good."""
    assert Limit().allows(10, 11)
    assert not Limit().allows(11, 12)
    assert not Limit().allows(1, 1)
    assert Limit().allows(50, 1000)
    assert not Limit().allows(51, 1000)


@pytest.mark.parametrize("text", ["", "x", "-1", "101%", "5 %", "1.5", "nan%"])
def test_a_limit_that_is_neither_is_bad_use(text: str):
    """The error names the option and gives examples."""
    with pytest.raises(UsageError, match="--max-rejects"):
        Limit.parse(text)


def test_a_misshapen_row_that_is_not_utf8_is_one_reject_and_the_rest_loads(bank: Bank):
    """A broken export: one row with a column too many and a byte of Latin-1, beside good names in UTF-8."""
    good = [GOOD.replace("rent", "Miete Müller"), GOOD.replace("t1", "t2").replace("rent", "ключ")]
    bad = b"x,an\xff,bob,1,EUR,2026-03-01,instant,,extra\n"
    latin = b"y,ann,bob,1,EUR,2026-03-01,instant,M\xfcller\n"
    bank.write("transfers.csv", f"{HEAD}\n{good[0]}\n".encode() + bad + latin + f"{good[1]}\n".encode())

    report = bank.load()

    assert bank.ledger.arrow("transfers", ["reference"]).column(0).to_pylist() == ["Miete Müller", "ключ"]
    first, second = bank.rejects(report)
    assert (first[0], first[3]) == (3, Rule.TOO_MANY_COLUMNS)
    assert "an\ufffd" in first[2]
    assert second == (4, "reference", "M\ufffdller", Rule.UNDECODABLE)
