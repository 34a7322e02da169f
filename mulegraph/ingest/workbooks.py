"""Workbooks (XLSX, XLSM, XLSB, XLS, ODS) as the CSV that they would be saved as: one way of reading serves both.

Cells keep their rows: a line of the text is a row of the sheet. Read with the library python-calamine; what it does not
tell (cells with an error, formulas that were never worked out, hidden rows) is looked up in the file's XML.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from lxml import etree
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from mulegraph.errors import DataError

LARGEST_EXACT = 10**15
"""A workbook keeps numbers as floats of 15 digits; what is longer has lost its end."""

_ERROR = re.compile(rb'<c r="([A-Z]+\d+)"[^>]*\st="e"')
_FORMULA = re.compile(rb'<c r="([A-Z]+\d+)"[^>]*>\s*<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v>\s*</v>|<v\s*/>)?\s*</c>')
_HIDDEN = re.compile(rb'<row [^>]*hidden="(?:1|true)"')
_CHUNK = 4 << 20
_LONGEST_CELL = 1 << 16


@dataclass(frozen=True)
class SheetText:
    """A sheet as CSV in UTF-8, its empty rows at the top, and what is to be told of it."""

    data: bytes
    blank_above: int
    remarks: tuple[str, ...]


def sheet_text(path: Path, sheet: str, decimal: str) -> SheetText:
    """The sheet of that name (''`: the only one that is visible and filled), numbers with that decimal mark.

    Raises DataError for a workbook that is damaged or empty, for several sheets of which none is named, and for cells
    whose value the file does not hold.
    """
    try:
        with path.open("rb") as stream:
            book = CalamineWorkbook.from_filelike(stream)
        chosen, others = _chosen(book, path, sheet)
        told = _look_inside(path, chosen.name)
        data, blank = _written(chosen, path, decimal or ".")
    except (CalamineError, OSError, ValueError, zipfile.BadZipFile, etree.LxmlError) as error:
        raise DataError(
            f"{path.name}: cannot be read as a workbook ({str(error)[:120]})",
            hint="Open it and save it again as .xlsx without a password, or export CSV.",
        ) from None
    if others:
        told.append(f"sheet '{chosen.name}' is read; hidden sheets are not: {', '.join(others[:5])}")
    return SheetText(data, blank, tuple(told))


def _chosen(book: CalamineWorkbook, path: Path, wanted: str) -> tuple[CalamineSheet, list[str]]:
    """The sheet that is meant, and the names of hidden ones beside it."""
    if wanted:
        if wanted not in book.sheet_names:
            raise DataError(
                f"{path.name}: there is no sheet '{wanted}'", hint=f"It has: {', '.join(book.sheet_names[:10])}."
            )
        return book.get_sheet_by_name(wanted), []
    filled = [each.name for each in book.sheets_metadata if book.get_sheet_by_name(each.name).height]
    visible = {each.name for each in book.sheets_metadata if each.visible == SheetVisibleEnum.Visible}
    seen = [name for name in filled if name in visible] or filled
    if not seen:
        raise DataError(f"{path.name}: no sheet holds a cell", hint="Ask for the file again, or leave it out.")
    if len(seen) > 1:
        names = ", ".join(map(repr, seen[:5]))
        raise DataError(
            f"{path.name}: {len(seen)} sheets hold cells ({names}), and it is not said which is meant",
            hint='Say it in the mapping: sheet = "…".',
        )
    return book.get_sheet_by_name(seen[0]), [name for name in filled if name not in seen]


def _written(sheet: CalamineSheet, path: Path, decimal: str) -> tuple[bytes, int]:
    down = _merged(sheet)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    blank, begun = 0, False
    above: list[str] = []
    left = sheet.start[1] if sheet.start else 0
    for number, row in enumerate(sheet.iter_rows()):
        cells = [_text(cell, path, number + 1, decimal) for cell in row]
        for place in down.get(number, ()):
            if 0 <= place - left < len(cells):
                cells[place - left] = cells[place - left] or above[place - left]
        begun = begun or any(cells)
        blank += not begun
        writer.writerow(cells if any(cells) else [""] * max(len(cells), 2))
        above = cells
    return out.getvalue().encode(), blank


def _merged(sheet: CalamineSheet) -> dict[int, list[int]]:
    """Columns by row that show what stands above them: cells merged downwards, of which the file fills the first."""
    found: dict[int, list[int]] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        for row in range(top + 1, bottom + 1):
            found.setdefault(row, []).extend(range(left, right + 1) if top == bottom else [left])
    return found


def _text(cell: object, path: Path, line: int, decimal: str) -> str:
    """A cell as the text that CSV would hold; floats that are whole numbers lose their point."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case int():
            return _whole(cell, path, line)
        case float():
            if cell.is_integer():
                return _whole(int(cell), path, line)
            return format(Decimal(repr(cell)), "f").replace(".", decimal)
        case datetime():
            midnight = cell.time() == time()
            return cell.date().isoformat() if midnight else cell.isoformat(timespec="seconds")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
    # A line break inside a cell would move the lines that follow away from the sheet's rows.
    return " ".join(str(cell).splitlines())


def _whole(number: int, path: Path, line: int) -> str:
    if abs(number) >= LARGEST_EXACT:
        raise DataError(
            f"{path.name}:{line}: a cell holds a number of more than 15 digits, whose last ones the workbook has lost",
            hint="Make the column text before the numbers are written into it, and export again.",
        )
    return str(number)


def _look_inside(path: Path, sheet: str) -> list[str]:
    """Refuse cells without a value that would be read as empty, and tell hidden rows. XLSX and XLSM only."""
    if not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as book:
        part = _part_of(book, sheet)
        if part is None:
            return []
        hidden, rest = 0, b""
        with book.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                text = rest + chunk
                for pattern, what in ((_ERROR, "holds an error"), (_FORMULA, "holds a formula without its result")):
                    if found := pattern.search(text):
                        raise DataError(
                            f"{path.name}: cell {found[1].decode()} {what}, and would be read as empty",
                            hint="Open the workbook, mend the cell, and save it again.",
                        )
                hidden += len(_HIDDEN.findall(chunk))
                rest = text[-_LONGEST_CELL:]
    return [f"{hidden:,} rows are hidden, and read like the others"] if hidden else []


def _part_of(book: zipfile.ZipFile, sheet: str) -> str | None:
    """The file inside a workbook that holds a sheet; None for another kind of workbook."""
    names = set(book.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    sheets = etree.fromstring(book.read("xl/workbook.xml"), parser).iter("{*}sheet")
    ids = [value for each in sheets if each.get("name") == sheet for key, value in each.items() if key.endswith("}id")]
    rels = etree.fromstring(book.read("xl/_rels/workbook.xml.rels"), parser)
    targets = [each.get("Target") or "" for each in rels if each.get("Id") in ids]
    part = targets[0].removeprefix("/") if targets else ""
    part = part if part.startswith("xl/") else f"xl/{part}"
    return part if part in names and part.endswith(".xml") else None
