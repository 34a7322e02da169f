"""`mulegraph map`: looks at a file and proposes a mapping, with comments on what it is unsure of.

Nothing here is loaded: a person reads the proposal, corrects it, and gives it to `load`.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import charset_normalizer

from mulegraph.errors import DataError
from mulegraph.ingest.column_words import ACCOUNT_WORDS, BOOKING_WORDS, TRANSFER_WORDS, named, plain
from mulegraph.ingest.columns import IN_WORDS, OUT_WORDS
from mulegraph.ingest.encodings import Decoder, marked_encoding
from mulegraph.ingest.ibans import has_check_digits
from mulegraph.schema.tables import minor_exponents

LOOKED_AT = 1 << 20
MAX_LINES = 500
DELIMITERS = (",", ";", "\t", "|")

DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d",
        "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y")  # fmt: skip
CLOCKS = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H.%M", " %I:%M:%S %p", " %I:%M %p")
ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d{1,2}:\d\d(:\d\d([.]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?")
NUMBER = re.compile(r"[-+−(]?\s*[\d., '\u00a0\u202f]*\d[\d., '\u00a0\u202f]*\s*[-+)]?")


@dataclass
class Proposal:
    """The text of a mapping file, and what is to be looked at before it is used."""

    text: str
    table: str
    unsure: list[str] = field(default_factory=list)


@dataclass
class _Layout:
    """How a file is cut into values: what stands above, the header, the rows, what stands below."""

    encoding: str
    delimiter: str
    skip: int
    header: list[str]
    rows: list[list[str]]
    footer: int
    unsure: list[str]

    @property
    def has_header(self) -> bool:
        """Whether the columns have names."""
        return bool(self.header)

    def place(self, number: int) -> str:
        """A column as the mapping names it: by its name, or by its place."""
        twice = not self.header or self.header.count(self.header[number]) > 1
        return str(number + 1) if twice else json.dumps(self.header[number], ensure_ascii=False)

    def values(self, number: int) -> list[str]:
        """What stands in a column, without the empty ones."""
        return [row[number].strip() for row in self.rows if number < len(row) and row[number].strip()]


def propose(path: Path) -> Proposal:
    """A mapping for a text file. Raises DataError for one that holds no table."""
    layout = _layout(path)
    found, table = _table(layout)
    return _Writer(path, layout, found, table).proposal()


def _layout(path: Path) -> _Layout:
    try:
        with path.open("rb") as stream:
            start = stream.read(LOOKED_AT)
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read ({error.strerror})", hint="Check the file.") from error
    if b"\0" in start and not marked_encoding(start):
        raise DataError(
            f"{path.name}: is no text", hint="Workbooks and Parquet need no mapping where columns have our names."
        )
    encoding, unsure = _encoding(start)
    text = Decoder(encoding or "utf-8").decode(start) if encoding else start.decode("utf-8", "replace")
    lines = text.removeprefix("\ufeff").splitlines()[:MAX_LINES]
    if not lines:
        raise DataError(f"{path.name}: is empty", hint="Give a file with rows.")
    skip = 1 if re.fullmatch(r"sep=.\s*", lines[0], re.IGNORECASE) else 0
    delimiter = lines[0][4] if skip else _delimiter(lines)
    rows = list(csv.reader(lines[skip:], delimiter=delimiter))
    filled = [row for row in rows if _filled(row)]
    widths = Counter(len(row) for row in filled)
    width = max(widths, key=lambda each: (widths[each] * (each > 1), each))
    # Lines above and below the table may be filled up with empty values, as spreadsheets save them.
    whole_rows = [number for number, row in enumerate(rows) if len(row) == width and 2 * _filled(row) > width]
    first, last = (whole_rows[0], whole_rows[-1]) if whole_rows else (0, len(rows) - 1)
    whole = len(start) < LOOKED_AT and len(lines) < MAX_LINES
    footer = sum(_filled(row) > 0 for row in rows[last + 1 :]) if whole else 0
    body = [row for row in rows[first : last + 1] if len(row) == width]
    header = [cell.strip() for cell in body[0]] if _is_header(body) else []
    above = first + (skip if first else 0)
    return _Layout(encoding, delimiter, above, header, body[1:] if header else body, footer, unsure)


def _filled(row: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _encoding(start: bytes) -> tuple[str, list[str]]:
    if marked := marked_encoding(start):
        return ("" if marked == "utf-8" else marked), []
    try:
        # A letter may be cut in two at the end of what is looked at.
        start[:-4].decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "", []
    best = charset_normalizer.from_bytes(start).best()
    guess = "windows-1252" if best is None else str(best.encoding).replace("cp", "windows-")
    sure = 0.0 if best is None else 1 - best.chaos
    return guess, [
        f"encoding: not UTF-8; {guess} is a guess ({sure:.0%}). Look at names with accents below."
        " Vietnamese files may be windows-1258 or tcvn3."
    ]


def _delimiter(lines: list[str]) -> str:
    """The mark that cuts the most lines into the same number of values, more than one."""
    best, score = ",", 0
    for mark in DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark) if row)
        width, count = max(widths.items(), key=lambda each: (each[1] if each[0] > 1 else 0, each[0]))
        if width > 1 and count * width > score:
            best, score = mark, count * width
    return best


def _is_header(body: list[list[str]]) -> bool:
    """Whether the first row holds names: no cell of it is a number, a date or an account, and most are filled."""
    cells = [cell.strip() for cell in body[0]]
    if sum(map(bool, cells)) * 2 < len(cells):
        return False
    return not any(
        NUMBER.fullmatch(cell) or ISO.fullmatch(cell) or has_check_digits(cell.replace(" ", ""))
        for cell in cells
        if cell
    )


def _table(layout: _Layout) -> tuple[dict[str, int], str]:
    """Which table the columns fit best, and where its columns stand."""
    if not layout.has_header:
        return _by_values(layout), "bookings"
    transfers = named(layout.header, TRANSFER_WORDS)
    if {"source", "target"} <= set(transfers):
        return transfers, "transfers"
    bookings = named(layout.header, BOOKING_WORDS)
    money = {"amount", "debit", "credit"} & set(bookings)
    if money and "booked_at" in bookings:
        return bookings, "bookings"
    accounts = named(layout.header, ACCOUNT_WORDS)
    if "account_id" in accounts and not money:
        return accounts, "accounts"
    return _by_values(layout) | bookings, "bookings"


def _by_values(layout: _Layout) -> dict[str, int]:
    """Columns known by what stands in them, where there are no names to go by."""
    found: dict[str, int] = {}
    for number in range(len(layout.rows[0]) if layout.rows else 0):
        values = layout.values(number)
        if not values:
            continue
        if all(has_check_digits(each.replace(" ", "")) for each in values):
            found.setdefault("counterparty_id" if "account_id" in found else "account_id", number)
        elif all(each.upper() in minor_exponents() for each in values):
            found.setdefault("currency", number)
        elif time_formats(values):
            found.setdefault("booked_at", number)
        elif all(NUMBER.fullmatch(each) for each in values) and any("," in each or "." in each for each in values):
            found.setdefault("amount", number)
    return found


def time_formats(values: list[str]) -> list[str]:
    """Every pattern that all of the values fit; `iso` alone where they are so written."""
    if values and all(ISO.fullmatch(each) for each in values):
        return ["iso"]
    if values and all(re.fullmatch(r"1\d{12}", each) for each in values):
        return ["epoch_ms"]
    found = []
    for day in DAYS:
        for clock in CLOCKS:
            if values and all(_fits(each, day + clock) for each in values):
                found.append(day + clock)
    return found


def _fits(text: str, pattern: str) -> bool:
    try:
        at = datetime.strptime(text, pattern)
    except ValueError:
        return False
    return 1990 <= at.year <= 2100


def marks(values: list[str]) -> tuple[str, str, str]:
    """Decimal mark, grouping mark and a doubt ('': none) of amounts."""
    bare = [re.sub(r"[^\d.,' \u00a0\u202f]", "", each).strip() for each in values]
    both = [each for each in bare if "," in each and "." in each]
    if both:
        decimal = max(both[0], key=lambda sign: both[0].rfind(sign) if sign in ".," else -1)
        return decimal, "," if decimal == "." else ".", ""
    for mark, other in ((",", "."), (".", ",")):
        having = [each for each in bare if mark in each]
        if not having:
            continue
        if any(each.count(mark) > 1 for each in having):
            return other, mark, ""
        tails = {len(each.rpartition(mark)[2]) for each in having}
        if tails == {3}:
            return other, mark, f"'{mark}' stands before three digits everywhere: it is taken to group thousands"
        grouped = next((sign for sign in "' \u00a0\u202f" if any(sign in each for each in having)), "")
        return mark, " " if grouped in ("\u00a0", "\u202f") else grouped, ""
    return ".", "", ""


class _Writer:
    """Writes the proposal, line by line."""

    def __init__(self, path: Path, layout: _Layout, found: dict[str, int], table: str) -> None:
        self.path, self.layout, self.found, self.table = path, layout, dict(found), table
        self.unsure = list(layout.unsure)
        self.lines: list[str] = []

    def proposal(self) -> Proposal:
        """The whole text."""
        self._layout_lines()
        self._direction_lines()
        at = "at" if self.table == "transfers" else "booked_at"
        self._amount_lines()
        clock = self._time_lines(at) if self.table != "accounts" else False
        self._column_lines(at)
        self._constant_lines()
        top = ["# Proposed by mulegraph map; lines marked UNSURE are to be looked at."]
        top += [f"# UNSURE {each}" for each in self.unsure]
        if clock:
            top += ['zone = "UTC"  # UNSURE: of the bank, such as "Europe/Amsterdam": its times name none']
            self.unsure.append("zone: the file's times name none, and UTC is a placeholder")
        body = "\n".join([*top, "", f"[{self.table}]", *self.lines, ""])
        return Proposal(body, self.table, self.unsure)

    def _say(self, key: str, value: str, doubt: str = "") -> None:
        self.lines.append(f"{key} = {value}" + (f"  # UNSURE: {doubt}" if doubt else ""))
        if doubt:
            self.unsure.append(f"{key}: {doubt}")

    def _layout_lines(self) -> None:
        layout = self.layout
        self._say("files", json.dumps([self.path.name], ensure_ascii=False))
        if layout.encoding and layout.encoding not in ("utf-16", "utf-32"):
            self._say("encoding", json.dumps(layout.encoding))
        if layout.delimiter != ",":
            self._say("delimiter", json.dumps(layout.delimiter))
        if layout.skip:
            self._say("skip_lines", str(layout.skip))
        if not layout.has_header:
            self._say("header", "false", "columns are known by what stands in them")
        if layout.footer:
            self._say("footer_lines", str(layout.footer))

    def _direction_lines(self) -> None:
        if self.table != "bookings":
            return
        place, found = self.layout.place, self.found
        values = self.layout.values(found["amount"]) if "amount" in found else []
        # Where amounts carry a sign, a word beside them says the same once more.
        signed = any(re.search(r"^[-−(]|[-−]$", each) for each in values)
        if {"debit", "credit"} <= set(found):
            found.pop("amount", None)
            negative = any(each.startswith("-") for each in self.layout.values(found["debit"]))
            more = ", debits_are_negative = true" if negative else ""
            self._say("direction", f"{{ debit = {place(found['debit'])}, credit = {place(found['credit'])}{more} }}")
        elif not signed and (words := self._words()) is not None:
            out, into = words
            known = f"out = {json.dumps(out, ensure_ascii=False)}, in = {json.dumps(into, ensure_ascii=False)}"
            self._say("direction", f"{{ column = {place(found['direction'])}, {known} }}")
        else:
            self._say("direction", '"sign"', "" if signed else "no amount is negative: how is money out told?")
        for each in ("debit", "credit", "direction"):
            found.pop(each, None)

    def _words(self) -> tuple[list[str], list[str]] | None:
        """Words for money out and in, where a column holds known ones only."""
        if "direction" not in self.found:
            return None
        seen = sorted(set(self.layout.values(self.found["direction"])))
        out = [each for each in seen if plain(each) in {plain(word) for word in OUT_WORDS}]
        into = [each for each in seen if plain(each) in {plain(word) for word in IN_WORDS}]
        if len(out) + len(into) < len(seen) or not seen:
            return None
        return out or list(OUT_WORDS[:1]), into or list(IN_WORDS[:1])

    def _amount_lines(self) -> None:
        texts = [value for name in ("amount",) if name in self.found for value in self.layout.values(self.found[name])]
        if self.table == "bookings" and not texts:
            header = named(self.layout.header, BOOKING_WORDS)
            texts = [
                value for name in ("debit", "credit") if name in header for value in self.layout.values(header[name])
            ]
        decimal, grouping, doubt = marks(texts)
        if decimal != ".":
            self._say("decimal", json.dumps(decimal))
        # A comma as the decimal mark says already that points group.
        if doubt or (grouping and (decimal, grouping) != (",", ".")):
            self._say("grouping", json.dumps(grouping), doubt)
        if any(re.search(r"[^\d\s.,'()+−-]", each) for each in texts):
            self._say("currency_beside", "true")

    def _time_lines(self, at: str) -> bool:
        """The format of the time; gives whether times of the day without a zone are among them."""
        if at not in self.found:
            self.unsure.append(f"columns.{at}: no column of dates was found")
            return False
        values = self.layout.values(self.found[at])
        joined = "time" in self.found
        if joined:
            values = [
                f"{day} {time}" for day, time in zip(values, self.layout.values(self.found["time"]), strict=False)
            ]
        fitting = time_formats(values)
        if not fitting:
            self._say("time_format", '"?"', "no known format fits all dates")
            return False
        if fitting[0] not in ("iso",):
            others = [each for each in fitting[1:] if not each.endswith(("%y",)) or fitting[0].endswith("%y")]
            self._say("time_format", json.dumps(fitting[0]), f"{others[0]} fits as well" if others else "")
        if "value_date" in self.found:
            dates = time_formats(self.layout.values(self.found["value_date"]))
            if dates and dates[0] != "iso":
                self._say("date_format", json.dumps(dates[0]), f"{dates[1]} fits as well" if len(dates) > 1 else "")
        naive = "%H" in fitting[0] or "%I" in fitting[0]
        return naive or (
            fitting[0] == "iso"
            and any(re.search(r":\d\d([.]\d+)?$", each) for each in values if len(each) > 10 and "+" not in each)
        )

    def _column_lines(self, at: str) -> None:
        time = self.found.pop("time", None)
        for ours, number in self.found.items():
            place = self.layout.place(number)
            if ours == at and time is not None:
                place = f"[{place}, {self.layout.place(time)}]"
            self._say(f"columns.{ours}", place)
        used = {*self.found.values(), *([] if time is None else [time])}
        header = named(self.layout.header, BOOKING_WORDS) if self.layout.has_header else {}
        used |= {header[each] for each in ("debit", "credit", "direction") if each in header}
        left = [name for number, name in enumerate(self.layout.header) if number not in used]
        if left:
            self.lines.append("# Not used: " + ", ".join(left))

    def _constant_lines(self) -> None:
        wanted = {
            "bookings": {"account_id": "the account whose statement it is", "currency": "of the account"},
            "transfers": {"currency": "of all rows", "channel": "such as online; or values.channel for each word"},
            "accounts": {"bank": "that keeps them", "kind": "personal, business, …", "currency": "of all accounts"},
        }[self.table]
        for name, what in wanted.items():
            if name not in self.found:
                value = {"currency": self._currency(), "channel": "other", "kind": "unknown"}.get(name, "?")
                self._say(f"constants.{name}", json.dumps(value), what)
        if "channel" in self.found:
            seen = Counter(self.layout.values(self.found["channel"]))
            texts = ", ".join(f'{json.dumps(word, ensure_ascii=False)} = "other"' for word in list(seen)[:20])
            self._say("values.channel", f"{{ {texts} }}", "say which channel each word is")
        if self.table == "transfers" and "transfer_id" not in self.found:
            self._say("make_ids", "true", "the file has no id of a payment")

    def _currency(self) -> str:
        """A currency that the column's name tells, such as Bedrag (EUR)."""
        for name in self.layout.header:
            for word in re.findall(r"\b[A-Z]{3}\b", name):
                if word in minor_exponents():
                    return str(word)
        return "?"
