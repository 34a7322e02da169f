"""A bank that writes files and loads them, so that each test shows only what is special in its files."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pv
import pytest

from mulegraph.ingest.load import LoadReport, load
from mulegraph.ingest.mapping import FileMapping, read_mapping
from mulegraph.ingest.rejects import Limit
from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.store import Store

ACCOUNTS = """account_id,bank,kind,currency
ann,own,personal,EUR
bob,own,business,EUR
cho,far,personal,VND
ken,far,personal,JPY
kim,far,personal,KWD
"""
HEAD = "transfer_id,source,target,amount,currency,at,channel,reference"
ANY_NUMBER = Limit(rows=10**9)


@dataclass
class Bank:
    """A folder of files and the workspace that they are loaded into."""

    folder: Path
    workspace: Path
    mapping: FileMapping = field(default_factory=FileMapping)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def accounts(self) -> None:
        self.write("accounts.csv", ACCOUNTS)

    def transfers(self, *rows: str, name: str = "transfers.csv", head: str = HEAD) -> Path:
        return self.write(name, "\n".join([head, *rows]) + "\n")

    def map(self, text: str) -> None:
        path = self.folder.parent / "mapping.toml"
        path.write_text(text, encoding="utf-8")
        self.mapping = read_mapping(path)

    def load(self, **options: Any) -> LoadReport:
        options.setdefault("limit", ANY_NUMBER)
        return load(self.folder, self.workspace, mapping=self.mapping, **options)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.workspace / "ledger")

    @property
    def ledger_exists(self) -> bool:
        """Whether any transfer was taken yet."""
        return bool(Store(self.workspace / "ledger").current().of("transfers"))

    def ids(self) -> list[str]:
        """Ids of the transfers in the ledger."""
        return self.ledger.arrow("transfers", ["transfer_id"]).column(0).to_pylist()

    def values(self, column: str, table: str = "transfers") -> list[Any]:
        return self.ledger.arrow(table, [column]).column(0).to_pylist()

    def rejects(self, report: LoadReport, table: str = "transfers") -> list[tuple[int, str, str, str]]:
        """(line, column, value, rule) of every reject of a load, in order."""
        if report.rejects_folder is None:
            return []
        with (report.rejects_folder / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return [(int(row["line"]), row["column"], row["value"], row["rule"]) for row in rows]


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """A bank with five accounts and no transfers yet."""
    folder = tmp_path / "files"
    folder.mkdir()
    made = Bank(folder, tmp_path / "workspace")
    made.accounts()
    return made


def text_table(path: Path) -> pa.Table:
    """A CSV file as a table of text."""
    names = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    options = pv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True)
    return pv.read_csv(path, convert_options=options)
