"""A look at a file for `mulegraph map`: encoding, delimiter, header, rows, and what stands above and below them."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from dataclasses import dataclass, field

from mulegraph.errors import DataError
from mulegraph.ingest.column_words import known_names, plain
from mulegraph.ingest.digits import western_digits
from mulegraph.ingest.encodings import Decoder, guessed_encoding, marked_encoding
from mulegraph.ingest.guesses import is_date, is_value
from mulegraph.ingest.ibans import has_check_digits

LOOKED_AT = 1 << 20
MAX_LINES = 500
DELIMITERS = (",", ";", "\t", "|")

_IBAN = re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b")
_LABEL = "account|a/c|konto|compte|conta|cuenta|rekening|so tai khoan|stk|card"
_LABELLED = re.compile(
    rf"((?:{_LABEL})(?:\s*(?:number|no|num|nr|n)\b[.°]*|nummer)?)[^0-9\n]{{0,24}}([0-9][0-9 ./-]{{4,}}[0-9])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Found:
    """An account's number found beside the rows: the mapping's line that finds it, and where it stood."""

    number: str
    line: str


@dataclass
class Layout:
    """How a file is cut into values: what stands above, the header, the rows, what stands below."""

    encoding: str
    delimiter: str
    skip: int
    header: list[str]
    rows: list[list[str]]
    footer: int
    unsure: list[str]
    own: Found | None = None
    others: list[int] = field(default_factory=list)
    """Columns of which each may be the other party's account."""
    doubtful: dict[str, str] = field(default_factory=dict)
    """Our columns for which several of theirs may stand, with the question that decides."""
    above: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    """The lines above the header and below the rows, as they stand in the file."""

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

    def cell(self, row: list[str], number: int) -> str:
        """One value, '' where the row is too short."""
        return row[number].strip() if number < len(row) else ""

    @property
    def width(self) -> int:
        """How many values the rows have."""
        return max((len(row) for row in self.rows), default=0)


def look(name: str, start: bytes, *, whole: bool) -> Layout:
    """The layout of the file called `name` that begins so; `whole`: nothing follows. DataError where it is no text."""
    if b"\0" in start and not marked_encoding(start) and not guessed_encoding(start).startswith("utf-16"):
        raise DataError(f"{name}: is no text", hint="Parquet and Arrow need no mapping where columns have our names.")
    encoding, unsure = _encoding(start)
    # A letter may be cut in two at the end of what is looked at.
    text = Decoder(encoding).decode(start) if encoding else start.decode("utf-8", "replace")
    all_lines = text.removeprefix("\ufeff").splitlines()
    lines = all_lines[:MAX_LINES]
    if not any(line.strip() for line in lines):
        raise DataError(f"{name}: is empty", hint="Give a file with rows.")
    first = 1 if re.fullmatch(r"sep=.\s*", lines[0], re.IGNORECASE) else 0
    delimiter = lines[0][4] if first else _delimiter(lines)
    # With their ends: a line break inside a quoted value is part of it.
    reader = csv.reader((f"{line}\n" for line in lines[first:]), delimiter=delimiter)
    rows, begins = [], []
    line = first
    for row in reader:
        rows.append([cell if cell.isascii() else western_digits(cell) for cell in row])
        begins.append(line)
        line = first + reader.line_num
    begins.append(line)
    head = _header_row(rows)
    header = [cell.strip() for cell in rows[head]] if head is not None else []
    body, first_row, last = _body(rows, 0 if head is None else head + 1)
    top = first_row if head is None else head
    # A name without values, as where lines end in a delimiter, is no column.
    while header and not header[-1]:
        header.pop()
    below = [row for row in rows[last + 1 :] if _filled(row)]
    footer = len(lines) - begins[last + 1] if below and whole and len(lines) == len(all_lines) else 0
    if footer:
        unsure.append(f"footer_lines: the last {footer} lines look like no rows and would be left out: look at them")
    skip = begins[top] if top < len(begins) else 0
    own = _own_account(name, lines[:skip])
    under = lines[len(lines) - footer :] if footer else []
    return Layout(encoding, delimiter, skip, header, body, footer, unsure, own, above=lines[:skip], below=under)


def _filled(row: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _encoding(start: bytes) -> tuple[str, list[str]]:
    if marked := marked_encoding(start):
        return ("" if marked == "utf-8" else marked), []
    guess = guessed_encoding(start)
    if not guess:
        return "", []
    return guess, [f"encoding: not UTF-8; {guess} is a guess. Look at names with accents in the rows shown."]


def _delimiter(lines: list[str]) -> str:
    """The mark that cuts the most lines into the same number of values, more than one."""
    best, score = ",", 0
    for mark in DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark) if row)
        width, count = max(widths.items(), key=lambda each: (each[1] * each[0] if each[0] > 1 else 0, each[0]))
        if width > 1 and count * width > score:
            best, score = mark, count * width
    return best


def _header_row(rows: list[list[str]]) -> int | None:
    """The row of names: the one with the most names that banks give; else one without values before rows with them."""
    early = rows[:100]
    scores = [known_names(row) if not any(map(is_value, map(str.strip, row))) else 0 for row in early]
    best = max(range(len(early)), key=lambda place: (scores[place], -place))
    if scores[best] >= 2:
        return best
    top = _first_row(rows)
    cells = [cell.strip() for cell in rows[top]]
    if 2 * _filled(rows[top]) >= len(cells) and not any(is_value(cell) or is_date(cell) for cell in cells if cell):
        return top
    return None


def _first_row(rows: list[list[str]]) -> int:
    """The first row of the most usual width."""
    filled = [row for row in rows if _filled(row)]
    widths = Counter(len(row) for row in filled)
    width = max(widths, key=lambda each: (widths[each] * (each > 1), each))
    return next(place for place, row in enumerate(rows) if len(row) == width and _filled(row))


def _body(rows: list[list[str]], first: int) -> tuple[list[list[str]], int, int]:
    """The rows below the header, and the places of the first and the last one: below it stand sums and remarks.

    Rows have a date in the column where most have one; where none has, they have the most usual width.
    """
    below = rows[first:]
    dates: Counter[int] = Counter()
    for row in below:
        dates.update(place for place, cell in enumerate(row) if is_date(cell.strip()))
    filled = [row for row in below if _filled(row)]
    widths = Counter(len(row) for row in filled)
    width = max(widths, key=lambda each: (widths[each], each), default=0)
    column = min(dates, key=lambda place: (-dates[place], place)) if dates else None

    def is_row(row: list[str]) -> bool:
        if column is not None and 2 * dates[column] > len(filled) - 3:
            return column < len(row) and is_date(row[column].strip()) and _filled(row) > 1
        return len(row) == width and _filled(row) > 0

    places = [place for place, row in enumerate(below) if is_row(row)]
    if not places:
        return [], first, len(rows) - 1
    usual = Counter(len(below[place]) for place in places).most_common(1)[0][0]
    of_width = [place for place in places if len(below[place]) == usual]
    # One last line with a date and another width is the closing balance's; several are rows with a value too few or
    # too many, and must not be left out as if they were none.
    after = [place for place in places if place > of_width[-1]]
    last = after[-1] if len(after) > 1 else of_width[-1]
    return [below[place] for place in of_width], first + of_width[0], first + last


def _own_account(name: str, above: list[str]) -> Found | None:
    """The account whose statement it is, where the lines above the header or the file's name tell it."""
    text = "\n".join(above)
    pattern = "([A-Z]{2}[0-9]{2}[A-Z0-9]{11,30})"
    ibans = {each for each in _IBAN.findall(text) if has_check_digits(each)}
    if len(ibans) == 1:
        return Found(ibans.pop(), f"preamble = {{ account_id = {json.dumps(pattern)} }}")
    for each in _IBAN.findall(name.replace("_", " ")):
        if has_check_digits(each):
            return Found(each, f"file_name = {json.dumps('(?P<account_id>[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30})')}")
    for line in above:
        bare = plain(line)
        match = _LABELLED.search(bare)
        # The label as the file writes it, where accents do not move its letters.
        if match and len(bare) == len(line.strip()):
            label = re.escape(line.strip()[match.start(1) : match.end(1)])
            found = f"{label}[^0-9\\n]*([0-9][0-9 ./-]*[0-9])"
            return Found(match[2], f"preamble = {{ account_id = {json.dumps(found, ensure_ascii=False)} }}")
    return None
