"""The first rows of a file as a mapping would load them, in shapes that identify nobody."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from mulegraph.ingest.kinds import Kind, kind_of
from mulegraph.ingest.mapping import READ_TABLES, FileMapping
from mulegraph.ingest.rejects import Limit, Rejects
from mulegraph.ingest.sources import SourceFile
from mulegraph.ingest.staging import Staging
from mulegraph.ledger.engine import open_engine
from mulegraph.schema.tables import Column

ROWS_READ = 2_000


@dataclass(frozen=True)
class Preview:
    """What became of the first rows of a file: rows as dictionaries of text, and rejects by rule."""

    rows: list[dict[str, str]]
    read: int
    rejects: dict[str, int]
    remarks: list[str]


def preview(path: Path, mapping: FileMapping, table: str, *, rows: int) -> Preview:
    """Load the first lines of a file into nothing. Raises DataError as `load` would.

    References between tables are not checked: the file stands alone.
    """
    part = mapping.of(table)[0]
    with tempfile.TemporaryDirectory(prefix="mulegraph-map-") as folder:
        sample = Path(folder) / path.name
        whole = _first_lines(path, sample)
        if not whole and part.footer_lines:
            part = msgspec.structs.replace(part, footer_lines=0)
        source = SourceFile(READ_TABLES[table], sample, part, mapping.ids)
        rejects = Rejects(Path(folder) / "rejects", Limit(percent=100.0))
        with closing(open_engine(Path(folder))) as db:
            staging = Staging(db, READ_TABLES[table], [source], rejects, alone=True)
            staging.ingest([], mapping.zone, lambda *_: None)
            columns = [column for column in READ_TABLES[table].columns if column.name in source.columns().texts]
            listed = ", ".join(f'"{column.name}"' for column in columns)
            found = db.execute(f"SELECT {listed} FROM staged ORDER BY line LIMIT {rows}").fetchall()
        shown = [{each.name: _shown(each, value) for each, value in zip(columns, row, strict=True)} for row in found]
        counts = {}
        for (rule, column), n in rejects.by_rule(table).items():
            counts[f"{rule}{f' in {column}' if column else ''}"] = n
        return Preview(shown, staging.read, counts, [remark.text for remark in staging.remarks])


def _first_lines(path: Path, sample: Path) -> bool:
    """Copy the beginning of a file; gives whether that is all of it. Zipped and UTF-16 files are copied whole."""
    with path.open("rb") as stream:
        start = stream.read(4)
        if start[:2] in (b"\xff\xfe", b"\xfe\xff") or kind_of(path) is not Kind.TEXT:
            shutil.copy(path, sample)
            return True
        stream.seek(0)
        sample.write_bytes(b"".join(islice(stream, ROWS_READ)))
        return not stream.read(1)


def _shown(column: Column, value: object) -> str:
    """A value; what may identify somebody as its shape: NL12 BANK 0001 is AA99 AAAA 9999."""
    if value is None:
        return ""
    text = str(value)
    if column.masked is None:
        return text
    return "".join(map(_shape, text))


def _shape(sign: str) -> str:
    if sign.isdigit():
        return "9"
    if sign.isupper():
        return "A"
    return "a" if sign.isalpha() else sign
