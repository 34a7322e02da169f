"""A ledger as its bank had it night after night: only the rows up to a day, loaded and scanned anew.

Every table that has a time of its own is cut at it: transfers, card events, use of devices, listings, reports.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from mulegraph.ingest.load import load
from mulegraph.workspace.scan import scan

TIMES = ("at", "listed_at", "reported_at")
"""Columns that say when a row was known."""


def nights(files: Path, count: int) -> list[pd.Timestamp]:
    """So many evenly spread ends of days, the last of them after the ledger's last transfer."""
    at = times(pd.read_csv(_transfers(files), usecols=["at"])["at"])
    first, last = at.min().floor("D"), at.max().floor("D") + pd.Timedelta(days=1)
    return [first + ((last - first) * (each + 1) / count).ceil("D") for each in range(count)]


def scores_by_night(files: Path, ends: list[pd.Timestamp]) -> pd.DataFrame:
    """Scores by account, a column a night; 0 where an account has none yet."""
    return pd.DataFrame(dict(_scanned(files, ends))).fillna(0.0)


def _scanned(files: Path, ends: list[pd.Timestamp]) -> Iterator[tuple[pd.Timestamp, pd.Series]]:
    tables = {path.name.partition(".")[0]: pd.read_csv(path, dtype=str) for path in sorted(files.glob("*.csv*"))}
    for end in ends:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "files"
            folder.mkdir()
            for name, table in tables.items():
                _until(table, end).to_csv(folder / f"{name}.csv", index=False)
            load(folder, Path(scratch) / "workspace")
            scores = scan(Path(scratch) / "workspace", graph=False).run.table("scores").to_pandas()
        yield end, scores.set_index("account")["score"]


def _until(table: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """The rows that were known before this moment."""
    for name in TIMES:
        if name in table:
            return table[times(table[name]) < end]
    return table


def times(column: pd.Series) -> pd.Series:
    """Moments in UTC, without a zone."""
    return pd.to_datetime(column, utc=True, format="ISO8601").dt.tz_localize(None)


def _transfers(files: Path) -> Path:
    (path,) = files.glob("transfers.csv*")
    return path
