"""Working days of a bank's country: public holidays, and a file of one's own."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

from mulegraph.errors import UsageError
from mulegraph.lazy import holidays

FILE = "holidays.csv"
"""In the workspace, with a column `date`: further days on which nobody answers, such as those of a bank's own."""
REPLY_DAYS = 3


def reply_by(asked: date, country: str, own: Path, *, days: int = REPLY_DAYS) -> date:
    """The day that is so many working days after the asking. Raises UsageError for a country that is unknown."""
    free = _own_days(own)
    try:
        public = holidays.country_holidays(country.upper(), years=(asked.year, asked.year + 1))
    except NotImplementedError:
        raise UsageError(
            "country '{country}' is unknown",
            hint="Give the bank's country as two letters, such as DE or VN.",
            country=country,
        ) from None
    day = asked
    while days:
        day += timedelta(days=1)
        days -= day not in free and public.is_working_day(day)
    return day


def _own_days(path: Path) -> set[date]:
    if not path.is_file():
        return set()
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    found = set()
    for number, row in enumerate(rows, 2):
        try:
            found.add(date.fromisoformat(row["date"]))
        except (KeyError, TypeError, ValueError):
            what = "column 'date' holds '{held}'" if "date" in row else "column 'date' is missing"
            raise UsageError(
                "{path}:{number}: " + what,
                hint="Expected a day such as 2026-12-24 in column date.",
                path=path,
                number=number,
                held=row.get("date", ""),
            ) from None
    return found
