"""Rows that broke a rule: kept aside with their place, and counted against the limit of a load."""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mulegraph.errors import DataError, UsageError
from mulegraph.ingest.expected import what_was_expected
from mulegraph.ingest.remarks import Remark
from mulegraph.ingest.rules import Rule
from mulegraph.schema.tables import Column, Kind, Table

COLUMNS = ("file", "line", "column", "value", "rule", "expected")
STAMP = "%Y%m%dT%H%M%S.%fZ"
"""How the folder of a load is named, in UTC."""
VALUE_LIMIT = 200
FREE_ROWS = 10
"""Rows of a small file say little as a share: two of five are two. From 11 on they count."""
HARMLESS = re.compile(r"[^a-zA-Z]{0,10}|[0-9.,+-]{0,10}[a-zA-Z]{1,2}")
"""Values that a message may show: short, and no word in them. Where columns are shifted, any may hold a name."""


@dataclass(frozen=True)
class Limit:
    """How many rows of a table may break rules: `rows`, or `percent` of them.

    The first `free` do not count against the percentage, unless no row at all is good.
    """

    rows: int | None = None
    percent: float = 5.0
    free: int = FREE_ROWS

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read '250', '5%' or '0.05'. Raises UsageError for anything else."""
        if re.fullmatch(r"\d+", text):
            return cls(rows=int(text))
        if (match := re.fullmatch(r"(\d+(?:\.\d+)?)%", text)) and float(match[1]) <= 100:
            return cls(percent=float(match[1]), free=0)
        if re.fullmatch(r"0?\.\d+", text):
            return cls(percent=float(text) * 100, free=0)
        raise UsageError(
            f"--max-rejects holds '{text}', expected a number of rows or a share of them",
            hint="For example: --max-rejects 250, or --max-rejects 5%, or --max-rejects 0.05",
        )

    def allows(self, rejected: int, read: int) -> bool:
        """Whether a load may go on with so many rejects among the rows read."""
        if self.rows is not None:
            return rejected <= self.rows
        # A table of which nothing is left is no load, whatever the share.
        some_left = rejected < read or not rejected or self.percent >= 100
        return some_left and (rejected * 100 <= read * self.percent or rejected <= self.free)

    def __str__(self) -> str:
        return f"{self.rows} rows" if self.rows is not None else f"{self.percent:g} % of the rows"


@dataclass(frozen=True)
class Place:
    """Where a row stands that broke a rule; `column` is '' where it is about the whole row."""

    file: str
    line: int
    column: str = ""


Reject = tuple[str, int, str, str, Rule, str]


def _order(reject: Reject) -> tuple[str, int]:
    return reject[0], reject[1]


class Rejects:
    """The rejects of one load, by table; written to a folder of that load."""

    def __init__(self, parent: Path, limit: Limit) -> None:
        self._parent = parent
        self._limit = limit
        self._rows: dict[str, list[Reject]] = defaultdict(list)
        self._rules: dict[str, Counter[str]] = defaultdict(Counter)
        self._stamp = datetime.now(UTC).strftime(STAMP)
        self.folder: Path | None = None

    def add(self, table: Table, place: Place, value: object, rule: Rule, more: str = "") -> None:
        """Set a row aside; `value` (cut to 200 characters) stood in its column, `more` follows what is expected."""
        about = table.column(place.column) if place.column else Column("")
        text = "" if value is None else str(value)[:VALUE_LIMIT]
        self._rows[table.name].append(
            (place.file, place.line, place.column, text, rule, what_was_expected(rule, about) + more)
        )
        self._rules[table.name][rule] += 1

    def count(self, table: str) -> int:
        """Rows of a table set aside so far."""
        return len(self._rows[table])

    def by_rule(self, table: str) -> Counter[tuple[str, str]]:
        """Rows of a table set aside, by rule and column."""
        return Counter((row[4], row[2]) for row in self._rows[table])

    def values(self, table: str, rule: Rule) -> list[str]:
        """What stood in the columns that rows of a table were set aside for, by one rule."""
        return [row[3] for row in self._rows[table] if row[4] is rule]

    def of_file(self, table: Table, file: str) -> int:
        """Rows of one file set aside so far."""
        return sum(row[0] == file for row in self._rows[table.name])

    def enforce(self, table: Table, read: int, alike: Sequence[Remark] = ()) -> None:
        """Raise DataError when more rows of a table broke rules than the limit allows; `alike` is what they share."""
        rejected = self.count(table.name)
        if self._limit.allows(rejected, read):
            return
        file, line, column, value, rule, expected = min(self._rows[table.name], key=_order)
        # Free text may name a person; what stands in rejects/ does not leave the workspace.
        told = column and table.column(column).kind is not Kind.TEXT and HARMLESS.fullmatch(value)
        place = f"{file}:{line}: " + (f"column '{column}' holds '{value}': " if told else "")
        blamed = f"column '{column}': " if column and not told else ""
        raise DataError(
            f"{table.name}: {rejected:,} of {read:,} rows break a rule, more than --max-rejects"
            f" ({self._limit}); the ledger is as it was."
            f" The first: {place}{blamed}{rule}, expected {expected}" + "".join(f"\n{each.text}" for each in alike),
            hint=f"Correct the file (all of them: {self._parent / self._stamp / table.name}.csv), map its"
            " columns with --mapping, or raise --max-rejects.",
        )

    def write(self) -> dict[str, dict[str, int]]:
        """Write a CSV per table into a new folder, whole or not at all; returns counts by rule."""
        for left in self._parent.glob(".*.tmp"):
            shutil.rmtree(left)
        tables = {name: rows for name, rows in self._rows.items() if rows}
        if not tables:
            return {}
        beside = self._parent / f".{self._stamp}.tmp"
        beside.mkdir(parents=True)
        for name, rows in tables.items():
            with (beside / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(COLUMNS)
                rows.sort(key=_order)
                writer.writerows(rows)
        self.folder = beside.rename(self._parent / self._stamp)
        return {name: dict(self._rules[name].most_common()) for name in tables}


def kept_rejects(folder: Path, until: datetime) -> list[dict[str, str | int]]:
    """What loads until then set aside in `rejects/`, counted: load, table, file, column, rule, rows; most first."""
    counts: Counter[tuple[str, ...]] = Counter()
    for path in sorted(folder.glob("[0-9]*/*.csv")):
        stamp = datetime.strptime(path.parent.name, STAMP).replace(tzinfo=UTC)
        if stamp > until:
            continue
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                counts[path.parent.name, path.stem, row["file"], row["column"], row["rule"]] += 1
    names = ("load", "table", "file", "column", "rule")
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [{**dict(zip(names, key, strict=True)), "rows": count} for key, count in ordered]
