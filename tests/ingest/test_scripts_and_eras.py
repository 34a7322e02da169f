"""Files of other scripts, calendars and languages are read as they mean, and what may mean two things is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from mulegraph.errors import DataError
from mulegraph.ingest.digits import western_digits
from mulegraph.ingest.propose import propose

from .files import ANN, BEN, CEM, DOT, NOON, Files
from .readers.writers import Payment, mt940

HEAD = "Account,Date,Amount,Currency,Counterparty IBAN"


def proposed(files: Files, text: str, zone: str = "") -> str:
    """The mapping that `map` proposes for a file of the folder."""
    files.write("b.csv", text)
    return zone + propose(files.folder / "b.csv").text


def lines(*rows: str, head: str = HEAD) -> str:
    return "\n".join([head, *rows, ""])


SCRIPTS = {
    "Arabic": ("٢٠٢٦-٠٢-٠٣", "-١٬٢٣٤٫٥٠"),
    "Persian": ("۲۰۲۶-۰۲-۰۳", "\u200e-۱٬۲۳۴٫۵۰"),
    "Thai": ("๒๐๒๖-๐๒-๐๓", "-๑๒๓๔.๕๐"),
    "Thai, Buddhist era": ("๐๓/๐๒/๒๕๖๙", "-๑๒๓๔.๕๐"),
    "Buddhist era": ("03/02/2569", "-1234.50"),
    "Buddhist era, ISO": ("2569-02-03", "-1234.50"),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_digits_of_other_scripts_and_buddhist_years_are_read(tmp_path: Path, script: str):
    """Proposed by `map`, and loaded: the day and the sum are those that the file means."""
    files = Files(tmp_path)
    day, amount = SCRIPTS[script]
    # A second day that can be no month: 14 February.
    second = day.replace("03", "14").replace("٠٣", "١٤").replace("۰۳", "۱۴").replace("๐๓", "๑๔")
    files.load(proposed(files, lines(f"{ANN},{day},{amount},EUR,{CEM}", f"{ANN},{second},2.00,EUR,{DOT}")))

    moved = [(row[1], str(row[2]), f"{row[3]:%Y-%m-%d}") for row in files.moved()]
    assert (CEM, "1234.500", "2026-02-03") in moved
    assert (ANN, "2.000", "2026-02-14") in moved


def test_the_leap_day_of_the_buddhist_era_is_a_day(tmp_path: Path):
    """2567 is 2024, whose 29 February there is; 2567 as a year of ours has none."""
    files = Files(tmp_path)
    mapping = '[bookings]\nfiles = ["b.csv"]\ntime_format = "buddhist %d/%m/%Y"\n'
    files.write("b.csv", f"account_id,booked_at,amount,currency,direction\n{ANN},29/02/2567,5.00,EUR,in\n")
    files.load(mapping)

    assert f"{files.moved()[0][3]:%Y-%m-%d}" == "2024-02-29"


def test_only_texts_with_digits_of_other_scripts_change():
    """Direction marks and Arabic words elsewhere stay."""
    assert western_digits("١٢٫٥", ",") == "12,5"
    assert western_digits("رسوم\u200f") == "رسوم\u200f"


@pytest.mark.parametrize(
    ("code", "line"), [("KWD", 'columns.amount = "Amount"'), ("EUR", 'grouping = "."'), ("", 'decimal = "?"')]
)
def test_a_mark_before_three_digits_is_read_by_the_currency(tmp_path: Path, code: str, line: str):
    """20.125 KWD is twenty dinars; where currencies of two and of three decimals are so written, it is asked."""
    files = Files(tmp_path)
    rows = [f"{ANN},2026-02-14,{sum_},{code or other},{CEM}" for sum_, other in (("-5.250", "KWD"), ("20.125", "EUR"))]
    text = proposed(files, lines(*rows))

    assert line in text
    assert ('grouping = "."' in text) == (code == "EUR")


def test_rows_with_a_value_too_few_or_too_many_at_the_end_are_no_footer(tmp_path: Path):
    """They are rejects that are told, not lines left out."""
    files = Files(tmp_path)
    good = f"{ANN},2026-02-03,-1.50,EUR,{CEM}"
    text = proposed(files, lines(good, good.replace("1.50", "2.50").removesuffix(f",{CEM}"), f"{good},more"))

    assert "footer_lines" not in text


@pytest.mark.parametrize(
    ("ends", "line"),
    [
        ([(ANN, CEM), (ANN, DOT)], 'columns.account_id = "Konto"'),
        ([(CEM, ANN), (DOT, ANN)], 'columns.account_id = "IBAN"'),
        ([(ANN, CEM), (ANN, CEM)], 'columns.account_id = "?"'),
        ([(ANN, CEM), (BEN, DOT)], 'columns.account_id = "?"'),
    ],
)
def test_of_two_columns_of_accounts_the_own_one_is_the_same_in_every_row(
    tmp_path: Path, ends: list[tuple[str, str]], line: str
):
    """Where both are, or neither is, it is asked: the wrong one turns all money round."""
    rows = [f"{first};{day}.02.2026;-1,50;EUR;{second}" for day, (first, second) in zip((3, 14), ends, strict=True)]
    rows = [row.replace(";3.", ";03.") for row in rows]

    assert line in proposed(Files(tmp_path), lines(*rows, head="Konto;Datum;Betrag;Währung;IBAN"))


def test_of_two_columns_of_one_name_none_is_chosen(tmp_path: Path):
    """They hold other sums; which is meant, a person says."""
    head = "Account,Date,Amount,Amount,Currency,Counterparty IBAN"
    rows = [f"{ANN},2026-02-0{day},-1.50,-9.50,EUR,{CEM}" for day in (3, 4)]

    assert 'columns.amount = "?"' in proposed(Files(tmp_path), lines(*rows, head=head))


@pytest.mark.parametrize("words", ["Cargo Abono", "Obciążenie Uznanie", "Borç Alacak", "Dare Avere", "Débito Crédito"])
def test_words_for_the_two_ways_are_known_in_a_column_of_any_name(tmp_path: Path, words: str):
    """Spanish, Polish, Turkish, Italian, Portuguese."""
    files = Files(tmp_path)
    out, into = words.split()
    rows = [f"{ANN};03.02.2026;1,50;EUR;{out};{CEM}", f"{ANN};14.02.2026;2,50;EUR;{into};{DOT}"]
    files.load(proposed(files, lines(*rows, head="Account;Date;Amount;Currency;Tipo;Counterparty IBAN")))

    assert [row[:2] for row in files.moved()] == sorted([(ANN, CEM), (DOT, ANN)])


def test_morning_and_afternoon_as_spanish_writes_them(tmp_path: Path):
    """`1:15:09 p. m.` is 13:15:09."""
    files = Files(tmp_path)
    rows = [f"{ANN},14/2/2026 1:15:09 p. m.,-1.50,EUR,{CEM}", f"{ANN},15/2/2026 9:15:00 a.m.,-2.50,EUR,{DOT}"]
    files.load(proposed(files, lines(*rows)).replace('zone = "?"', 'zone = "UTC"'))

    assert sorted(f"{row[3]:%d %H:%M}" for row in files.moved()) == ["14 13:15", "15 09:15"]


def test_a_file_in_utf_16_is_looked_at(tmp_path: Path):
    """With its mark, and Excel's line that names the separator."""
    path = tmp_path / "b.csv"
    rows = [f"{ANN};14.02.2026;-1,50;EUR;{CEM}", f"{ANN};15.02.2026;-2,50;EUR;{DOT}"]
    path.write_bytes(("sep=;\r\n" + lines(*rows, head=HEAD.replace(",", ";"))).encode("utf-16"))

    assert 'columns.amount = "Amount"' in propose(path).text


def test_a_missing_page_of_a_statement_stops_the_load(tmp_path: Path):
    """Page 3 does not begin with what page 1 ends with, though each page adds up."""
    files = Files(tmp_path)
    first = mt940(ANN, [Payment(ANN, CEM, 700, NOON)])
    files.write("a.sta", _page(first, 1) + _page(first, 3))

    with pytest.raises(DataError, match=r"page 3 begins with .*, and page 1 before it ends with"):
        files.load()


def _page(statement: str, number: int) -> str:
    return statement.replace(":28C:1/1", f":28C:1/{number}")
