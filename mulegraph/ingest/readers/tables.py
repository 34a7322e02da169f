"""Files that hold a table with typed cells: workbooks (XLSX, XLS, ODS) and Arrow files. A module without `matches`:

what such a file means, a table's name or the mapping says, as with CSV and Parquet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
from python_calamine import CalamineError, CalamineWorkbook

from mulegraph.errors import DataError

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
ARROW = (".arrow", ".feather", ".ipc", ".arrows")
SUFFIXES = (*WORKBOOKS, *ARROW)

BATCH_ROWS = 65_536

LARGEST_EXACT = 10**15
"""A workbook keeps numbers as floats of 15 digits; what is longer has lost its end."""


@dataclass(frozen=True)
class TypedTable:
    """A file's columns, and its rows as batches of one array a column in that order."""

    names: list[str]
    batches: Iterator[list[pa.Array]]
    first_line: int = 2


def open_table(path: Path) -> TypedTable:
    """Open a workbook or an Arrow file. Raises DataError for what is damaged, empty, or has several filled sheets."""
    if path.name.lower().endswith(ARROW):
        return _arrow(path)
    try:
        return _workbook(path)
    except (CalamineError, OSError, ValueError) as error:
        raise DataError(
            f"{path.name}: cannot be read as a workbook ({str(error)[:120]})",
            hint="Open it and save it again as .xlsx without a password, or export CSV.",
        ) from None


def _arrow(path: Path) -> TypedTable:
    with pa.memory_map(str(path)) as source:
        head = source.read(8)
    if head[:4] == b"FEA1":
        table = feather.read_table(path)
        return TypedTable(table.column_names, ([*batch.columns] for batch in table.to_batches(BATCH_ROWS)))
    source = pa.memory_map(str(path))
    if head[:6] == b"ARROW1":
        file = ipc.open_file(source)
        parts = (file.get_batch(number) for number in range(file.num_record_batches))
        return TypedTable(file.schema.names, ([*batch.columns] for batch in parts))
    stream = ipc.open_stream(source)
    return TypedTable(stream.schema.names, ([*batch.columns] for batch in stream))


def _workbook(path: Path) -> TypedTable:
    book = CalamineWorkbook.from_path(str(path))
    sheets = [book.get_sheet_by_index(place) for place in range(len(book.sheet_names))]
    filled = [sheet for sheet in sheets if sheet.height]
    if not filled:
        raise DataError(f"{path.name}: no sheet holds a cell", hint="Ask for the file again, or leave it out.")
    if len(filled) > 1:
        names = ", ".join(repr(sheet.name) for sheet in filled[:5])
        raise DataError(
            f"{path.name}: {len(filled)} sheets hold cells ({names}), and it is not said which is meant",
            hint="Save the sheet that is meant as a workbook of its own.",
        )
    (sheet,) = filled
    rows = sheet.iter_rows()
    top = sheet.start[0] if sheet.start else 0
    header = [_text(cell, path, top + 1) or "" for cell in next(rows)]
    return TypedTable(header, _parts(rows, len(header), path, top + 2), top + 2)


def _parts(rows: Iterable[Sequence[object]], width: int, path: Path, line: int) -> Iterator[list[pa.Array]]:
    cells = iter(rows)
    while part := list(islice(cells, BATCH_ROWS)):
        texts = [[_text(cell, path, line + place) for cell in row] for place, row in enumerate(part)]
        line += len(part)
        yield [pa.array([row[column] for row in texts], pa.string()) for column in range(width)]


def _text(cell: object, path: Path, line: int) -> str | None:
    """A cell as the text that CSV would hold; floats that are whole numbers lose their point."""
    match cell:
        case None | "":
            return None
        case bool():
            return "true" if cell else "false"
        case int():
            return _whole(cell, path, line)
        case float():
            return _whole(int(cell), path, line) if cell.is_integer() else format(Decimal(repr(cell)), "f")
        case datetime():
            midnight = cell.time() == time()
            return cell.date().isoformat() if midnight else cell.isoformat(timespec="seconds")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
    return str(cell)


def _whole(number: int, path: Path, line: int) -> str:
    if abs(number) >= LARGEST_EXACT:
        raise DataError(
            f"{path.name}:{line}: a cell holds a number of more than 15 digits, whose last ones the workbook has lost",
            hint="Make the column text before the numbers are written into it, and export again.",
        )
    return str(number)
