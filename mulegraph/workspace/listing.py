"""What every listing shares: Arrow → data frame, moments as users write them, and the cut to top, since and until."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from mulegraph.errors import UsageError
from mulegraph.lazy import pandas as pd
from mulegraph.workspace.questions import Moment


def cut(frame: pd.DataFrame, top: int | None, since: Moment, until: Moment) -> pd.DataFrame:
    """Keep what overlaps since ≤ … < until, then the first `top` rows."""
    start, end = between(since, until)
    if start is not None:
        frame = frame[frame["last_at"] >= start]
    if end is not None:
        frame = frame[frame["first_at"] < end]
    return frame.head(top).reset_index(drop=True) if top is not None else frame.reset_index(drop=True)


def between(since: Moment, until: Moment) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Both as `stamp` gives them. Raises UsageError when nothing can lie between them."""
    start, end = stamp(since), stamp(until)
    if start is not None and end is not None and start >= end:
        raise UsageError(
            "nothing lies between {since} and {until}",
            hint="Give a --since that is before --until.",
            since=since,
            until=until,
        )
    return start, end


def frame_of(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a data frame whose lists are lists."""
    frame = table.to_pandas()
    for name in table.schema.names:
        if pa.types.is_list(table.schema.field(name).type):
            frame[name] = [list(each) for each in frame[name]]
    return frame


def stamp(moment: Moment) -> pd.Timestamp | None:
    """A moment in UTC without a zone; text is ISO 8601, and without a zone it is UTC."""
    if moment is None:
        return None
    try:
        parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError:
        raise UsageError(
            "'{moment}' is not a time",
            hint="Expected a date or time such as 2026-01-31 or 2026-01-31T09:30Z.",
            moment=moment,
        ) from None
    return pd.Timestamp(parsed.astimezone(UTC).replace(tzinfo=None) if parsed.tzinfo else parsed)


def near(wanted: str, known: pa.ChunkedArray | list[Any], command: str) -> str:
    """What to do about an id that is not known: the closest ones, and the command that lists them."""
    listed = known if isinstance(known, list) else known.to_pylist()
    close = difflib.get_close_matches(wanted, listed[:5000], 3)
    return (f"Did you mean {' or '.join(close)}? " if close else "") + f"See: {command}"
