"""Which files of a folder feed which table."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from mulegraph.errors import UsageError
from mulegraph.ingest.mapping import READ_TABLES, FileMapping, TableMapping
from mulegraph.ingest.sources import SourceFile
from mulegraph.schema.tables import TABLES, Table

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
ARROW = (".arrow", ".feather", ".ipc", ".arrows")
SUFFIXES = (".csv", ".csv.gz", ".parquet", *WORKBOOKS, *ARROW)


def find_sources(folder: Path, mapping: FileMapping) -> tuple[list[SourceFile], list[str]]:
    """The files of FOLDER by table, in loading order, and the names of those that fit no table."""
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise UsageError(f"{folder}: {problem}", hint="Give the folder that holds accounts.csv and transfers.csv.")
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        data = [path for path in paths if path.is_file() and path.name.lower().endswith(SUFFIXES)]
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read ({error.strerror})", hint="Check its permissions.") from error
    named = [path for path in paths if path.is_file()]
    sources = []
    for table in READ_TABLES.values():
        for part in mapping.of(table.name):
            for path in named if part.files else data:
                if _feeds(path.name, table, part):
                    sources.append(SourceFile(table, path, part, mapping.ids))
    used = {source.path for source in sources}
    similar = [path for path in paths if any(_feeds(path.name, table, TableMapping()) for table in TABLES.values())]
    return sources, [path.name for path in paths if path not in used and path in {*data, *similar}]


def _feeds(name: str, table: Table, mapping: TableMapping) -> bool:
    if mapping.files:
        return any(fnmatch(name, pattern) for pattern in mapping.files)
    stem = name.split(".", 1)[0].lower()
    return stem == table.name or stem.startswith((f"{table.name}-", f"{table.name}_20"))
