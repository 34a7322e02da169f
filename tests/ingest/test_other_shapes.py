"""Shapes of banks' files that could be read as something else: each is read right, asked about, or refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from mulegraph.errors import DataError, MulegraphError, UsageError
from mulegraph.ingest.encodings import guessed_encoding
from mulegraph.ingest.mapping import mapping_of
from mulegraph.ingest.propose import propose
from tests.ingest.conftest import HEAD, Bank

OWN, OTHER = "NL02ABNA0123456789", "NL83TSTB0000000033"
LINES = (
    '[bookings]\nfiles = ["b.csv"]\ncolumns = { account_id = "own", counterparty_id = "other", booked_at = "day" }\n'
)


def moved(bank: Bank) -> list[tuple[str, str, str, str]]:
    """Source, target, amount and currency of every transfer."""
    rows = bank.ledger.arrow("transfers", ["source", "target", "amount", "currency"]).to_pylist()
    return sorted((r["source"], r["target"], f"{r['amount'].normalize():f}", r["currency"]) for r in rows)


def statement(bank: Bank, mapping: str, *amounts: str, balances: tuple[str, ...] = ()) -> None:
    """Lines of one account's statement, with a balance after each where they are given."""
    bank.map(f'{LINES}constants = {{ currency = "INR" }}\n{mapping}')
    told = balances or ("",) * len(amounts)
    rows = [f'{OWN},{OTHER},"{amount}",2026-02-03,"{after}"' for amount, after in zip(amounts, told, strict=True)]
    bank.write("b.csv", "\n".join(["own,other,amount,day,balance_after", *rows]) + "\n")


OUT, IN = (OWN, OTHER), (OTHER, OWN)
WAYS = {
    "dr and cr behind": ("sign", ("1,00,000.00 Dr", "12,34,567.50 Cr"), [(*OUT, "100000"), (*IN, "1234567.5")]),
    "d and c behind": ("sign", ("5.00D", "6.00C"), [(*OUT, "5"), (*IN, "6")]),
    "currency and a minus": ("sign", ("-₹5.00", "₹6.00"), [(*OUT, "5"), (*IN, "6")]),
    "code and a trailing minus": ("sign", ("5.00 INR-", "INR 6.00"), [(*OUT, "5"), (*IN, "6")]),
    "a card: bare is spent": ("minus_is_in", ("5.00", "-6.00"), [(*OUT, "5"), (*IN, "6")]),
    "a card: cr is paid in": ("minus_is_in", ("5.00", "6.00 CR"), [(*OUT, "5"), (*IN, "6")]),
    "a minus before brackets": ("sign", ("-(₹5.00)", "(-6.00)", "₹(7.00)"), [(*OUT, "5"), (*OUT, "6"), (*OUT, "7")]),
    "the code in brackets": (
        "sign",
        ("(INR) -5.00", "6.00 (INR)", "5.50-INR"),
        [(*OUT, "5"), (*OUT, "5.5"), (*IN, "6")],
    ),
    "the word before": ("sign", ("DR 5.00", "CR INR 6.00", "7.00 (Dr)"), [(*OUT, "5"), (*OUT, "7"), (*IN, "6")]),
    "the word behind the code": (
        "sign",
        ("5.00 INR DR", "6.00 CR INR", "7 Soll"),
        [(*OUT, "5"), (*OUT, "7"), (*IN, "6")],
    ),
    "dashes, and marks not seen": (
        "sign",
        ("－5.00", "\u200f6.00\u2011", "\u200e7.00"),
        [(*OUT, "5"), (*OUT, "6"), (*IN, "7")],
    ),
    "blanks around": ("sign", ("  -5.00 ", " 6.00  "), [(*OUT, "5"), (*IN, "6")]),
}


@pytest.mark.parametrize("way", WAYS)
def test_signs_and_words_of_direction_are_read(bank: Bank, way: str):
    """Whichever of them a bank writes."""
    direction, amounts, expected = WAYS[way]
    statement(bank, f'direction = "{direction}"\ngrouping = ","\ncurrency_beside = true\n', *amounts)

    bank.load()

    assert moved(bank) == sorted((*each, "INR") for each in expected)


REFUSED = {
    "another currency's sign": ("$5.00",),
    "a word that is no currency": ("5 Mio",),
    "cr behind some and nothing behind others": ("5.00", "6.00 Cr"),
    "cr behind some codes and nothing behind others": ("5.00 INR", "6.00 INR CR"),
    "two currencies": ("$5.00 INR",),
    "a dash that may part or be a minus": ("5.00 - INR",),
    "a minus and a word": ("-5.00 Dr",),
    "two signs": ("-5.00-",),
}


@pytest.mark.parametrize("what", REFUSED)
def test_amounts_that_may_mean_something_else_are_refused(bank: Bank, what: str):
    """Nothing is loaded, and nothing is guessed."""
    statement(bank, 'direction = "sign"\ncurrency_beside = true\n', *REFUSED[what])

    with pytest.raises(MulegraphError):
        bank.load(limit=None)


def test_balances_that_follow_only_the_other_way_round_stop_the_load(bank: Bank):
    """Also where the file has its newest line first; equal amounts are no proof of either."""
    statement(bank, 'direction = "sign"\n', "9.00", "5.00", "-6.00", balances=("91", "86", "92"))
    with pytest.raises(DataError, match="the other way round"):
        bank.load()

    statement(bank, 'direction = "sign"\n', "-5.00", "-5.00", "-5.00", balances=("80", "85", "90"))
    bank.load()
    assert moved(bank) == [(*OUT, "5", "INR")] * 3


def test_lines_whose_balance_does_not_follow_are_counted(bank: Bank):
    """A line is missing between the second and the third."""
    statement(bank, 'direction = "sign"\n', "-5.00", "-6.00", "9.00", balances=("95", "89", "198"))

    assert "1 lines have a balance that does not follow" in "".join(map(str, bank.load().remarks))


ROW = {
    "transfer_id": ["t"],
    "source": ["ann"],
    "target": ["bob"],
    "amount": [Decimal("1234.56")],
    "currency": ["EUR"],
    "channel": ["other"],
    "at": [datetime(2026, 2, 3)],
}


def parquet(path: Path) -> None:
    """The row as pandas writes a day."""
    pq.write_table(pa.table(ROW), path)


def packed_text(path: Path) -> None:
    """The row as CSV, packed, whatever the name says."""
    text = "transfer_id,source,target,amount,currency,channel,at\nt,ann,bob,1234.56,EUR,other,2026-02-03\n"
    with pa.CompressedOutputStream(str(path), "gzip") as out:
        out.write(text.encode())


def sheet_of(cells: str) -> bytes:
    """A workbook with one sheet of these rows in XML."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{types}"><Default Extension="rels" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        )
        target = f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
        book.writestr("_rels/.rels", f'<Relationships xmlns="{package}">{target}</Relationships>')
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>'
            "</workbook>",
        )
        target = f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}">{target}</Relationships>')
        book.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main}">{cells}</worksheet>')
    return out.getvalue()


def sheet(*rows: tuple[object, ...], more: str = "", hidden: int = 0) -> bytes:
    """Rows of values; `("f", …)` is a formula without its result, `("e", …)` an error."""

    def cell(place: str, value: object) -> str:
        match value:
            case None:
                return ""
            case ("f", formula):
                return f'<c r="{place}"><f>{formula}</f></c>'
            case ("e", error):
                return f'<c r="{place}" t="e"><v>{error}</v></c>'
            case str():
                return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
        return f'<c r="{place}"><v>{value}</v></c>'

    written = ""
    for number, row in enumerate(rows, 1):
        cells = "".join(cell(f"{chr(65 + column)}{number}", value) for column, value in enumerate(row))
        mark = ' hidden="1"' if number == hidden else ""
        written += f'<row r="{number}"{mark}>{cells}</row>'
    return sheet_of(f"<sheetData>{written}</sheetData>{more}")


HEADER = ("transfer_id", "source", "target", "amount", "currency", "channel", "at")
VALUES = ("t", "ann", "bob", 1234.56, "EUR", "other", "2026-02-03")
BY_PLACE = ", ".join(f"{name} = {place}" for place, name in enumerate(HEADER, 1))
WRITTEN: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "days of pandas": ("transfers.parquet", parquet, 'zone = "Asia/Ho_Chi_Minh"\n'),
    "Parquet named CSV": ("transfers.csv", parquet, ""),
    "packed CSV named CSV": ("transfers.csv", packed_text, ""),
    "a number where texts have commas": ("transfers.parquet", parquet, '[transfers]\ndecimal = ","\n'),
    "Feather": ("transfers.feather", lambda path: feather.write_feather(pa.table(ROW), path), ""),
    "a workbook with a title": (
        "transfers.xlsx",
        lambda path: path.write_bytes(sheet(("Report",), (), HEADER, VALUES)),
        "[transfers]\nskip_lines = 2\n",
    ),
    "a workbook without header": (
        "transfers.xlsx",
        lambda path: path.write_bytes(sheet(VALUES)),
        f"[transfers]\nheader = false\ncolumns = {{ {BY_PLACE} }}\n",
    ),
    "a workbook with a sum below": (
        "transfers.xlsx",
        lambda path: path.write_bytes(sheet(HEADER, VALUES, ("Total", None, None, 1234.56))),
        '[transfers]\nfooter_lines = 1\ndecimal = ","\n',
    ),
    "a workbook with empty rows above": (
        "transfers.xls",
        lambda path: path.write_bytes(sheet((), (), HEADER, VALUES)),
        "",
    ),
}


@pytest.mark.parametrize("what", WRITTEN)
def test_a_table_is_read_by_what_it_is(bank: Bank, what: str):
    """Its name and its program do not matter: one payment of 1,234.56 on a day."""
    name, write, mapping = WRITTEN[what]
    bank.accounts()
    bank.map(mapping)
    write(bank.folder / name)

    assert bank.load(limit=None).rejects == {}
    assert moved(bank) == [("ann", "bob", "1234.56", "EUR")]
    assert bank.values("precision") == ["day"]
    assert bank.values("at") == [datetime(2026, 2, 3)]


CELLS = {
    "a formula without its result": (VALUES[0], ("f", "A1"), *VALUES[2:]),
    "an error": (VALUES[0], ("e", "#N/A"), *VALUES[2:]),
}


@pytest.mark.parametrize("what", CELLS)
def test_cells_without_a_value_are_refused(bank: Bank, what: str):
    """An empty account would be cash."""
    bank.accounts()
    bank.write("transfers.xlsx", sheet(HEADER, CELLS[what]))

    with pytest.raises(DataError, match=r"cell B2 holds"):
        bank.load()


def test_merged_cells_count_for_all_their_rows_and_hidden_rows_are_told(bank: Bank):
    """The file fills the first of them only."""
    bank.accounts()
    merged = '<mergeCells count="1"><mergeCell ref="B2:B3"/></mergeCells>'
    bank.write("transfers.xlsx", sheet(HEADER, VALUES, ("u", None, *VALUES[2:]), more=merged, hidden=3))

    remarks = "".join(map(str, bank.load().remarks))

    assert moved(bank) == [("ann", "bob", "1234.56", "EUR")] * 2
    assert "1 rows are hidden" in remarks


def test_ids_as_floating_numbers_are_refused_in_arrow_too(bank: Bank):
    """As in Parquet: 9704360000000017 and …16 are one."""
    rows = {"account_id": [9704360000000017.0], "bank": ["own"], "kind": ["personal"], "currency": ["EUR"]}
    feather.write_feather(pa.table(rows), bank.folder / "accounts.feather")
    bank.transfers()

    with pytest.raises(DataError, match="floating"):
        bank.load()


def test_an_archive_inside_an_archive_is_named(bank: Bank):
    """What it holds is not read, and that is said."""
    bank.accounts()
    bank.transfers("t,ann,bob,1,EUR,2026-02-03,other,")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("transfers-2.csv", "x")
    with zipfile.ZipFile(bank.folder / "more.zip", "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())

    assert bank.load().unknown_files == ["inner.zip"]


PAGES = {
    "windows-1252": "Begünstigter;Umsätze März;Café",
    "windows-1258": "Số tiền;Diễn giải;Nguyễn Văn An",
    "tcvn3": "Sè tiÒn;Ngµy giao dÞch",
    "utf-16-le": "transfer_id,source,target",
}


@pytest.mark.parametrize("page", PAGES)
def test_an_encoding_without_a_mark_is_guessed(page: str):
    """For `map`, and for the message of a load that cannot decode a file."""
    text = PAGES[page]
    if page == "windows-1258":
        marks = {"ố": "ô\u0301", "ề": "ê\u0300", "ễ": "ê\u0303", "ả": "a\u0309"}
        text = "".join(marks.get(sign, sign) for sign in text)

    assert guessed_encoding(text.encode("latin-1" if page == "tcvn3" else page)) == page


def test_load_says_which_encoding_a_file_seems_to_have(bank: Bank):
    """In the header, and in the rows."""
    bank.accounts()
    bank.write("transfers.csv", "transfer_id,source,Begünstigter\n".encode("latin-1"))
    with pytest.raises(DataError) as caught:
        bank.load()
    assert 'encoding = "windows-1252"' in (caught.value.hint or "")

    bank.transfers("t,ann,bob,1,EUR,2026-02-03,other,x")
    path = bank.folder / "transfers.csv"
    path.write_bytes(path.read_bytes() + "u,ann,bob,1,EUR,2026-02-03,other,Müller für Käse\n".encode("latin-1"))
    assert 'encoding = "windows-1252"' in "".join(map(str, bank.load().remarks))


MAPPED = {
    "the other party's IBAN": (
        "Buchungstag;Empfänger;IBAN;Betrag (EUR)\n03.02.2026;A;NL83TSTB0000000033;-5,00\n"
        "14.02.2026;B;DE81999000220000000202;6,00\n",
        ('columns.counterparty_id = "IBAN"', 'constants.account_id = "?"', 'constants.currency = "EUR"'),
    ),
    "days that may be months": (
        "Date,Amount,Account,Counterparty\n03/02/2026,-5.00,1,2\n04/02/2026,6.00,1,3\n",
        ('time_format = "?"',),
    ),
    "columns without names, the balance before the amount": (
        "123456789\tEUR\t20260203\t1000,00\t919,50\t20260203\t-80,50\thuur\n"
        "123456789\tEUR\t20260204\t919,50\t2169,50\t20260204\t1250,00\tloon\n",
        ("columns.amount = 7", "columns.balance_after = 5", 'direction = "sign"'),
    ),
    "an account above the rows, a sum below": (
        "Account Number: 0011001234567\n\nDate,Details of payment,Debit,Credit\n13/02/2026,x,5.00,\n"
        "14/02/2026,y,,7.00\nTotal,,5.00,7.00\n",
        ("preamble = { account_id =", "footer_lines = 1", "skip_lines = 2"),
    ),
    "an American export: a post date, debits of which one has brackets, and balances that say it went out": (
        'Account Number,Post Date,Description,Debit,Credit,Balance\n12,03/14/2026,x,"$1,234.56",,"$3,765.44"\n'
        '12,03/15/2026,y,,"$2,000.00","$5,765.44"\n12,03/16/2026,z,($45.10),,"$5,720.34"\n',
        ('booked_at = "Post Date"', "debits_are_negative = true }\n", 'currency = "?"', "USD, CAD", "%m/%d/%Y"),
    ),
    "brackets around some debits, and nothing that says which way they went": (
        "Account Number,Posting Date,Debit,Credit\n12,03/14/2026,$5.00,\n12,03/15/2026,$(4.00),\n12,03/16/2026,,$1\n",
        ("UNSURE direction: only some debits carry a minus",),
    ),
    "no sign, and nothing else that tells": (
        "Date,Amount,Account,Counterparty\n13/02/2026,5.00,1,2\n",
        ('direction = "?"',),
    ),
}


@pytest.mark.parametrize("what", MAPPED)
def test_map_finds_what_the_file_says_and_asks_the_rest(what: str, tmp_path: Path):
    """A wrong guess would be loaded in silence."""
    text, expected = MAPPED[what]
    path = tmp_path / "export.csv"
    path.write_text(text, encoding="utf-8")

    proposal = propose(path).text

    assert [each for each in expected if each not in proposal] == [], proposal


def test_a_mapping_with_an_open_question_is_refused():
    """Else "?" would be an account."""
    with pytest.raises(UsageError, match=r"constants\.currency is still '\?'"):
        mapping_of({"bookings": {"constants": {"currency": "?"}}}, "m.toml")


def test_rows_that_repeat_the_header_are_left_out_and_told(bank: Bank):
    """A file that was put together of several; a payment of the same words would not be."""
    bank.accounts()
    bank.transfers(*[row for part in "tuvwxyz" for row in (HEAD, f"{part},ann,bob,1,EUR,2026-02-03,other,")])

    report = bank.load(limit=None)

    assert report.rejects == {}
    assert len(bank.ids()) == 7
    assert "7 rows repeat the header" in "".join(map(str, report.remarks))


def test_a_stated_sum_over_several_currencies_is_not_compared(bank: Bank):
    """Euro and dong are not added up to see whether they fit."""
    bank.write("accounts.csv", "account_id,bank,kind,currency\na,own,personal,EUR\nb,own,personal,VND\n")
    bank.map("[transfers]\nfooter_lines = 1\ntotals = { sum = 'Total: (\\S+)' }\n")
    bank.transfers("t,a,,1,EUR,2026-02-03,atm,", "u,b,,9,VND,2026-02-03,atm,", "Total: 10")

    assert "sum = 10, which is not compared" in "".join(map(str, bank.load().remarks))
