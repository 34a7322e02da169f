"""Rows that broke a rule: kept aside with their place, and counted against the limit of a load."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mulegraph.errors import BadData, BadUse
from mulegraph.feed.rules import Rule, what_was_expected
from mulegraph.model import Column, Table

COLUMNS = ("file", "line", "column", "value", "rule", "expected")
VALUE_LIMIT = 200
FREE_ROWS = 100


@dataclass(frozen=True)
class Limit:
    """How many rows of a table may break rules: `rows`, or `percent` of them once there are over 100."""

    rows: int | None = None
    percent: float = 50.0

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read '250' or '5%'. Raises BadUse for anything else."""
        if re.fullmatch(r"\d+", text):
            return cls(rows=int(text))
        if (match := re.fullmatch(r"(\d+(?:\.\d+)?)%", text)) and float(match[1]) <= 100:
            return cls(percent=float(match[1]))
        raise BadUse(
            f"--max-rejects holds '{text}', expected a number of rows or a percentage",
            do="For example: --max-rejects 250, or --max-rejects 5%",
        )

    def allows(self, rejected: int, read: int) -> bool:
        if self.rows is not None:
            return rejected <= self.rows
        return rejected <= FREE_ROWS or rejected * 100 <= read * self.percent

    def __str__(self) -> str:
        return f"{self.rows} rows" if self.rows is not None else f"{self.percent:g} % of the rows"


class Rejects:
    """The rejects of one load, by table; written to a folder of that load."""

    def __init__(self, parent: Path, limit: Limit) -> None:
        self._parent = parent
        self._limit = limit
        self._rows: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        self._rules: dict[str, Counter[str]] = defaultdict(Counter)
        self.folder: Path | None = None

    def add(self, table: Table, file: str, line: int, column: str, value: object, rule: Rule) -> None:
        """Set a row aside; `value` is what stood in `column`, cut to 200 characters."""
        about = table.column(column) if column else Column("")
        text = "" if value is None else str(value)[:VALUE_LIMIT]
        self._rows[table.name].append((file, str(line), column, text, rule, what_was_expected(rule, about)))
        self._rules[table.name][rule] += 1

    def count(self, table: str) -> int:
        return len(self._rows[table])

    def enforce(self, table: str, read: int) -> None:
        """Raise BadData when more rows of a table broke rules than the limit allows."""
        rejected = self.count(table)
        if self._limit.allows(rejected, read):
            return
        file, line, column, value, rule, expected = self._rows[table][0]
        place = f"{file}:{line}: column '{column}' holds '{value}'" if column else f"{file}:{line}"
        raise BadData(
            f"{table}: {rejected:,} of {read:,} rows break a rule, more than --max-rejects ({self._limit});"
            f" the ledger is as it was. The first: {place}: {rule}, expected {expected}",
            do=f"Correct the file (see rejects/ in the workspace, {table}.csv), map its columns with --mapping,"
            " or raise --max-rejects.",
        )

    def write(self) -> dict[str, dict[str, int]]:
        """Write one CSV per table into a new folder; returns counts by table and rule."""
        tables = {name: rows for name, rows in self._rows.items() if rows}
        if tables:
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
            self.folder = self._parent / stamp
            self.folder.mkdir(parents=True)
        for name, rows in tables.items():
            assert self.folder is not None
            with (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(COLUMNS)
                writer.writerows(sorted(rows, key=lambda row: (row[0], int(row[1]))))
        return {name: dict(self._rules[name].most_common()) for name in tables}
