"""Tables as customers download them: what could be missed in silence is proposed, asked about, told or refused."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from mulegraph.errors import DataError, UsageError
from mulegraph.ingest.likely import kind_of
from mulegraph.ingest.mapping import mapping_of
from mulegraph.ingest.propose import propose
from mulegraph.ingest.remarks import About
from mulegraph.ingest.rules import Rule
from tests.ingest.conftest import Bank

OWN, A, B = "NL02ABNA0123456789", "NL83TSTB0000000033", "DE89370400440532013000"
HEAD = 'constants = { account_id = "own", currency = "EUR" }\ncolumns = { booked_at = "Date", remittance = "Text" }\n'


def proposal(folder: Path, text: str) -> tuple[dict, list[str]]:
    """The first table that `map` proposes for a file of this text, and what it is unsure of."""
    path = folder / "export.csv"
    path.write_text(text, encoding="utf-8")
    found = propose(path)
    raw = tomllib.loads(found.text)
    return raw[found.table], found.unsure


def bookings(bank: Bank, mapping: str, *lines: str) -> None:
    """A file of bookings with its mapping."""
    bank.map(f'[bookings]\nfiles = ["b.csv"]\n{HEAD}{mapping}')
    bank.write("b.csv", "\n".join(lines) + "\n")


def amounts(bank: Bank) -> list[Decimal]:
    """Of all transfers."""
    return sorted(row["amount"] for row in bank.ledger.arrow("transfers", ["amount"]).to_pylist())


SLASHES = f"/TRTP/SEPA/IBAN/{A}/BIC/X/NAME/J. de Vries/REMI/x"
OTHER_PARTIES = {
    "Germany": (
        f"Buchungstag;IBAN / Kontonummer;Betrag\n01.02.2026;{A};-5,00\n02.02.2026;{B};6,00\n",
        "IBAN / Kontonummer",
    ),
    "a partner": (
        f"Booking Date,Partner Iban,Amount (EUR)\n2026-02-01,{A},-5.00\n2026-02-02,,6.00\n",
        "Partner Iban",
    ),
    "no known name": (f"Date,Wer,Amount\n2026-02-01,{A},-5.00\n2026-02-02,{B},6.00\n2026-02-03,,6.00\n", "Wer"),
    "a number of an account": (
        "Date,Nr konta,Konto X,Amount\n2026-02-01,1,90817263,-5.00\n2026-02-02,2,5544332,6\n",
        "Konto X",
    ),
    "between slashes": (
        f"Date,Description,Amount\n2026-02-01,{SLASHES},-5.00\n2026-02-02,card,6.00\n",
        {"column": "Description", "pattern": "/IBAN/([A-Z]{2}[0-9]{2}[A-Z0-9]{11,30})"},
    ),
    "behind a name": (
        "Ngày giao dịch/Transaction date,Đối tác/Remitter,Số tiền/Amount\n13/03/2026,AN - 0071001234567,-5\n"
        "13/03/2026,,6\n",
        {"column": "Đối tác/Remitter", "pattern": " - ([0-9]{6,19})$"},
    ),
}


@pytest.mark.parametrize("what", OTHER_PARTIES)
def test_map_finds_the_other_party_s_account(what: str, tmp_path: Path):
    """Left out, every payment would go to one account that stands for all who are not named."""
    text, expected = OTHER_PARTIES[what]

    assert proposal(tmp_path, text)[0]["columns"]["counterparty_id"] == expected


def test_map_asks_which_of_two_columns_of_accounts_is_the_other_party_s(tmp_path: Path):
    """`load` refuses the mapping until it is answered."""
    table, _ = proposal(tmp_path, f"Date,X,Y,Amount\n2026-02-01,{A},{B},-5.00\n2026-02-02,{B},{A},6.00\n")

    assert table["columns"]["counterparty_id"] == "?"
    with pytest.raises(UsageError, match="counterparty_id is still"):
        mapping_of({"bookings": table}, "m.toml")


def test_map_takes_names_of_columns_in_two_languages(tmp_path: Path):
    """With a slash, a blank or a line break between them; the currency and both balances stand beside the rows."""
    text = (
        "Số tài khoản/Account No: 19012345678901,,,,,\nLoại tiền/Currency: VND,,,,,\n"
        'Số dư đầu kỳ/Opening balance,,,,,"1,000"\n'
        'Ngày TNX Date,Số CT Doc No,"Nợ TKTT\nDebit",Có TKTT/Credit,Diễn giải/Details,Số dư Balance\n'
        '13/03/2026,1,"100",,a,"900"\n14/03/2026,2,,"1,300",b,"2,200"\n'
        'Số dư cuối kỳ/Closing balance,,,,,"2,200"\n'
    )

    table, _ = proposal(tmp_path, text)

    assert table["direction"] == {"debit": "Nợ TKTT\nDebit", "credit": "Có TKTT/Credit"}
    assert set(table["columns"]) == {"booked_at", "booking_id", "remittance", "balance_after"}
    assert table["constants"]["currency"] == "VND"
    assert set(table["totals"]) == {"opening", "closing"}


def test_map_takes_a_column_of_fees_where_balances_say_that_they_left(tmp_path: Path):
    """Beside the amount they are money that left; inside it they are not to be taken twice."""
    beside = "Date,Type,Amount,Fee,Balance\n2026-02-01,ATM,-50.00,1.00,49.00\n2026-02-02,POS,-9.00,0.00,40.00\n"
    beside += "2026-02-03,Wire,-9.00,1.00,30.00\n"
    inside = beside.replace("49.00", "50.00").replace("40.00", "41.00").replace("30.00", "32.00")

    table, _ = proposal(tmp_path, beside)
    assert table["columns"]["fee"] == "Fee"
    assert table["values"]["kind"] == {"ATM": "cash", "POS": "card", "Wire": "transfer"}
    assert "fee" not in proposal(tmp_path, inside)[0]["columns"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Geldautomat Kartenzahlung", "cash"),
        ("SEPA-Lastschrift von", "direct_debit"),
        ("CARD_PAYMENT", "card"),
        ("Phí SMS", "fee"),
        ("Zinsen", "interest"),
        ("Überweisung", "transfer"),
        ("Prélèvement", "direct_debit"),
        ("Anything", ""),
        ("gm", "cash"),
        ("cb", ""),
    ],
)
def test_words_for_kinds_of_lines(word: str, kind: str):
    """In several languages, whatever the case and accents."""
    assert kind_of(word) == kind


def test_map_reads_currencies_in_words_and_asks_what_means_several(tmp_path: Path):
    """A dirham is the Emirates' or Morocco's."""
    text = "From,To,Amount,Currency,Date\na,b,5.00,UK pounds,2026-02-01\nb,a,6.00,Dirham,2026-02-02\n"

    assert proposal(tmp_path, text)[0]["values"]["currency"] == {"UK pounds": "GBP", "Dirham": "?"}


def test_a_part_of_a_column_is_taken_by_its_pattern(bank: Bank):
    """Rows that it does not fit are empty; a pattern has one group."""
    part = "{ column = \"Text\", pattern = 'IBAN/([A-Z0-9]+)' }"
    columns = f'columns = {{ booked_at = "Date", counterparty_id = {part} }}'
    constants = 'constants = { account_id = "own", currency = "EUR" }'
    bank.map(f'[bookings]\nfiles = ["b.csv"]\ndirection = "sign"\n{constants}\n{columns}')
    bank.write("b.csv", f"Date,Text,amount\n2026-02-01,/IBAN/{A}/X,-5.00\n2026-02-02,card,6.00\n")

    bank.load()

    ends = {row["source"]: row["target"] for row in bank.ledger.arrow("transfers").to_pylist()}
    assert ends["own"] == A
    assert len(ends) == 2
    with pytest.raises(UsageError, match="columns"):
        bank.map('[bookings]\ncolumns = { counterparty_id = { column = "Text", pattern = "IBAN" } }')


def test_fees_beside_amounts_are_transfers_of_their_own(bank: Bank):
    """They leave the account with the payment, and the balance after it counts them."""
    rows = ("2026-02-01,a,-50.00,1.00,49.00", "2026-02-02,b,-9.00,0.00,40.00", "2026-02-03,c,-9.00,,31.00")
    bookings(bank, 'direction = "sign"', "Date,Text,amount,fee,balance_after", *rows)

    report = bank.load()

    assert amounts(bank) == [Decimal(1), Decimal(9), Decimal(9), Decimal(50)]
    assert [each.rows for each in report.remarks if each.about is About.FEES] == [1]
    assert [each for each in report.remarks if each.about is About.BALANCES] == []


def test_fees_of_both_signs_are_refused(bank: Bank):
    """Which of them the bank gave back is not said."""
    bookings(bank, 'direction = "sign"', "Date,Text,amount,fee", "2026-02-01,a,-50.00,1.00", "2026-02-02,b,9.00,-1.00")

    with pytest.raises(DataError, match="1 fees have no minus and 1 have one"):
        bank.load()


@pytest.mark.parametrize(
    "texts", [("10.00", "20.00 Cr"), ("10.00", "20.00 Cr", "-3.00"), ("10.00", "20.00 Cr", "3.00 Dr")]
)
def test_bare_amounts_beside_cr_are_refused(bank: Bank, texts: tuple[str, ...]):
    """Whatever else has a sign, which way the bare ones went is not said."""
    bookings(
        bank, 'direction = "sign"', "Date,Text,amount", *(f"2026-02-0{n},a,{text}" for n, text in enumerate(texts, 1))
    )

    with pytest.raises(DataError, match="1 amounts have Cr behind them and 1 nothing"):
        bank.load()


def test_a_file_without_any_minus_is_told(bank: Bank):
    """A card's statement would be read as income."""
    bookings(
        bank,
        'direction = "sign"\ncurrency_beside = true',
        "Date,Text,amount",
        "2026-02-01,a,5.00 €",
        "2026-02-02,b,6.00",
    )

    remarks = [each for each in bank.load().remarks if each.about is About.SIGNS]

    assert [each.rows for each in remarks] == [2]


def test_a_dash_is_a_minus_and_blanks_are_nothing(bank: Bank):
    """As word processors and fixed-width exports write them."""
    bookings(
        bank,
        'direction = "sign"\ndecimal = ","',
        "Date,Text,amount,balance_after,counterparty_id",
        '2026-02-01,a,"–7,00"," ", ',
    )

    report = bank.load()

    assert bank.rejects(report, "bookings") == []
    assert [row["source"] for row in bank.ledger.arrow("transfers", ["source"]).to_pylist()] == ["own"]


TWO = 'direction = { debit = "Debit", credit = "Credit" }'


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("3.00,1.00", Rule.BOTH_WAYS),
        ("-4.00,", Rule.NEGATIVE_DEBIT),
        (",", Rule.NEITHER_WAY),
        (",-2.00", Rule.NOT_POSITIVE),
    ],
)
def test_a_row_of_two_columns_says_what_is_wrong_with_it(bank: Bank, row: str, rule: Rule):
    """Each has its own rule, and so its own advice."""
    bookings(bank, TWO, "Date,Text,Debit,Credit", "2026-02-01,a,1.00,", f"2026-02-02,b,{row}")

    assert [reject[3] for reject in bank.rejects(bank.load(), "bookings")] == [rule]


@pytest.mark.parametrize("balances", [("90.00", "75.00", "75.00"), ("", "", "")])
def test_a_dated_row_of_totals_is_refused(bank: Bank, balances: tuple[str, ...]):
    """It would be a payment of all the others once more."""
    rows = zip(("a,10.00,", "b,15.00,", "Total,25.00,"), balances, strict=True)
    bookings(bank, TWO, "Date,Text,Debit,Credit,balance_after", *(f"2026-02-01,{row},{after}" for row, after in rows))

    with pytest.raises(DataError, match=r"b\.csv:4: is no payment: it is called a total"):
        bank.load()


def test_a_total_may_be_called_so_in_any_column(bank: Bank):
    """Also where the account's number should stand."""
    bank.map('[bookings]\nfiles = ["b.csv"]\ndirection = "sign"\nconstants = { currency = "EUR" }\n')
    rows = (f"{OWN},{A},2026-02-03,-5.00", f"{OWN},{B},2026-02-04,-6.00", "Total,,2026-02-04,-11.00")
    bank.write("b.csv", "\n".join(["account_id,counterparty_id,booked_at,amount", *rows]) + "\n")

    with pytest.raises(DataError, match=r"b\.csv:4: is no payment: it is called a total"):
        bank.load()


def test_a_row_that_only_equals_the_sum_is_told_unless_its_balance_follows(bank: Bank):
    """Who spends all that came in pays a sum, too."""
    lines = ("2026-02-01,a,10.00,,{}", "2026-02-02,b,15.00,,{}", "2026-02-03,c,25.00,,{}")
    bookings(bank, TWO, "Date,Text,Debit,Credit,balance_after", *(each.format("") for each in lines))
    assert [each.rows for each in bank.load().remarks if each.about is About.SUMS] == [1]

    after = [each.format(balance) for each, balance in zip(lines, ("90", "75", "50"), strict=True)]
    bookings(bank, TWO, "Date,Text,Debit,Credit,balance_after", *after)
    assert [each for each in bank.load().remarks if each.about is About.SUMS] == []


BALANCES = (
    f"{TWO}\nskip_lines = 1\nfooter_lines = 1\n"
    "totals = { opening = '^Opening,([0-9.]+)', closing = '^Closing,([0-9.]+)' }"
)


def test_a_table_s_opening_and_closing_balance_are_checked(bank: Bank):
    """A line that is missing is seen by them only."""
    whole = ("Opening,100.00", "Date,Text,Debit,Credit", "2026-02-01,a,10.00,", "2026-02-02,b,,5.00", "Closing,95.00")
    bookings(bank, BALANCES, *whole)
    bank.load()

    bookings(bank, BALANCES, *whole[:3], *whole[4:])
    with pytest.raises(DataError, match=r"do not make the closing balance 95\.00 EUR: \+5\.00 is missing"):
        bank.load()


def test_lines_that_are_not_booked_and_have_no_day_are_left_out_and_told(bank: Bank):
    """They are no rejects; a booked line without a day is one."""
    rows = ("2026-02-01,a,-1.00,booked", ",b,-2.00,pending", ",c,-3.00,rejected", ",d,-4.00,booked")
    bookings(bank, 'direction = "sign"', "Date,Text,amount,status", *rows)

    report = bank.load()

    assert amounts(bank) == [Decimal(1)]
    assert [reject[3] for reject in bank.rejects(report, "bookings")] == [Rule.MISSING]
    assert [each.rows for each in report.remarks if each.about is About.NOT_BOOKED] == [2]


def test_a_header_further_down_is_named(bank: Bank):
    """A row of groups above it is no header."""
    bookings(bank, TWO, "Booking,,Amounts,", "Date,Text,Debit,Credit", "2026-02-01,a,1.00,")

    with pytest.raises(DataError) as raised:
        bank.load()

    assert "Line 2 holds it: say skip_lines = 1" in str(raised.value.hint)
